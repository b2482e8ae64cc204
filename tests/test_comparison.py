"""`compare`: the arithmetic on made-up figures, the checks of results and arguments, and the order of the runs."""

from __future__ import annotations

import functools
import json
import math
import operator
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import FrozenInstanceError, replace
from typing import Any

import loky
import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import kitchen_helpers as kh
from kitchen_helpers import comparison as module
from kitchen_helpers.comparison import take_turns
from kitchen_helpers.intervals import STUDENT, interval, ranks_cut
from kitchen_helpers.progress import Progress
from kitchen_helpers.runs import Job, Outcome, Run, Unavailable
from tests.samples import comparison_of, run_of, unhurried

RATIOS = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=40)


# ---- Intervals ----


@unhurried
@given(RATIOS)
def test_the_median_lies_in_its_interval(ratios: list[float]) -> None:
    speedup = interval(ratios)
    assert speedup.low <= speedup.median <= speedup.high
    assert speedup.median == pytest.approx(float(np.median(ratios)))


@unhurried
@given(RATIOS)
def test_turned_round_the_verdict_turns_round(ratios: list[float]) -> None:
    turned = {"faster": "slower", "slower": "faster", "no clear difference": "no clear difference"}
    assert interval([1 / ratio for ratio in ratios]).verdict == turned[interval(ratios).verdict]


def test_students_quantiles_are_right() -> None:
    for degrees, quantile in STUDENT.items():
        assert quantile == pytest.approx(scipy.stats.t.ppf(0.975, degrees), abs=1e-4)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_few_repeats_use_student_on_logarithms(count: int) -> None:
    ratios = [1.9, 2.0, 2.2, 2.1, 2.05][:count]
    logs = np.log(ratios)
    low, high = scipy.stats.t.interval(0.95, count - 1, logs.mean(), scipy.stats.sem(logs))
    speedup = interval(ratios)
    assert (speedup.low, speedup.high) == pytest.approx((math.exp(low), math.exp(high)), rel=1e-4)


def test_many_repeats_use_the_narrowest_ranks_that_reach_95_percent() -> None:
    for count in range(6, 200):
        cut = ranks_cut(count)
        assert 2 * scipy.stats.binom.cdf(cut, count, 0.5) <= 0.05
        assert 2 * scipy.stats.binom.cdf(cut + 1, count, 0.5) > 0.05
        ordered = [1 + n / 1000 for n in range(count)]
        assert (interval(ordered).low, interval(ordered).high) == (ordered[cut], ordered[-1 - cut])


@pytest.mark.parametrize("count", [3, 5, 6, 9, 15])
def test_the_interval_holds_the_true_median_95_times_in_100(count: int) -> None:
    numbers = np.random.default_rng(5)
    hits = 0
    for _ in range(2000):
        found = interval([float(ratio) for ratio in np.exp(numbers.normal(math.log(2), 0.3, count))])
        hits += found.low <= 2 <= found.high
    assert hits / 2000 > 0.935  # 95 % but for what 2,000 trials leave to chance (three standard errors)


def test_one_repeat_says_nothing() -> None:
    comparison = comparison_of({"sequential": [1.0], "threads": [0.1]})
    assert comparison.speedup("threads").median == pytest.approx(10)
    assert comparison.verdict("threads") == "no clear difference"
    assert "repeat" in comparison.warnings[0]


def test_ratios_are_paired_by_repeat() -> None:
    # The machine gets slower all the time, for all: the ratio stays, and so does the interval.
    drifting = [1.0, 2.0, 4.0, 8.0, 16.0]
    comparison = comparison_of({"sequential": drifting, "threads": [s / 2 for s in drifting]})
    speedup = comparison.speedup("threads")
    assert (speedup.low, speedup.median, speedup.high) == pytest.approx((2, 2, 2))
    assert comparison.verdict("threads") == "faster"


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [
        ([0.5] * 5, "faster"),
        ([2.0] * 5, "slower"),
        ([0.8, 1.2, 1.0, 0.9, 1.1], "no clear difference"),
        # Beside "1.00 – 1.00" and "0.99 – 1.00", whatever the digits that are not printed say:
        ([0.996] * 5, "no clear difference"),
        ([1.0065, 1.0055, 1.006, 1.0055, 1.0064], "slower"),
        ([1.0045, 1.006, 1.0055, 1.005, 1.0055], "no clear difference"),
        ([0.985] * 5, "faster"),
    ],
)
def test_verdicts(seconds: list[float], verdict: str) -> None:
    assert comparison_of({"sequential": [1.0] * 5, "threads": seconds}).verdict("threads") == verdict


@unhurried
@given(st.lists(st.floats(0.98, 1.02), min_size=2, max_size=8))
def test_the_verdict_agrees_with_the_interval_as_it_is_printed(ratios: list[float]) -> None:
    comparison = comparison_of({"sequential": [1.0] * len(ratios), "threads": [1 / ratio for ratio in ratios]})
    low, high = map(float, re.search(r"([\d.]+) – ([\d.]+)", str(comparison)).groups())
    if low <= 1 <= high:
        assert comparison.verdict("threads") == "no clear difference"
    elif low > 1.01 or high < 0.99:
        assert comparison.verdict("threads") == ("faster" if low > 1 else "slower")


def test_a_clock_that_did_not_tick() -> None:
    assert comparison_of({"sequential": [0.0, 0.0], "threads": [0.0, 0.0]}).speedup("threads").median == 1


def test_the_ideal_follows_work_and_span() -> None:
    seconds = {"sequential": [0.8] * 3, "threads": [0.2] * 3, "async": [0.2] * 3, "processes": [0.2] * 3}
    waiting = comparison_of(seconds, workers=4, items=8, share=0.0)
    assert [waiting.ideal(name) for name in seconds] == pytest.approx([1, 4, 8, 4])
    computing = comparison_of(seconds, workers=8, items=8, share=1.0)  # on 4 CPUs
    assert [computing.ideal(name) for name in seconds] == pytest.approx([1, 4, 1, 4])
    assert (waiting.computing_share, computing.computing_share) == pytest.approx((0, 1))


def test_a_busy_machine_does_not_turn_computing_into_waiting() -> None:
    """Ten seconds on the clock, two on a CPU; in eight there was none, or in none of them, or in six."""
    calm = comparison_of({"sequential": [10.0] * 3, "threads": [5.0] * 3}, share=0.2)
    assert (calm.starved_share, calm.computing_share) == pytest.approx((0, 0.2))
    for starved, share in ((8.0, 1.0), (6.0, 0.5)):
        runs = tuple(replace(run, starved_seconds=starved) for run in calm.runs("sequential"))
        busy = replace(calm, _runs={**calm._runs, "sequential": runs})
        assert (busy.starved_share, busy.computing_share) == pytest.approx((starved / 10, share))
        assert "This machine was busy" in busy.warnings[0]
    assert busy.ideal("threads") == pytest.approx(4)


# ---- The comparison as an object ----


def test_figures_can_be_read_in_words_tables_and_json() -> None:
    comparison = comparison_of(
        {"sequential": [1.0] * 5, "threads": [0.5] * 5, "processes": [0.5, 0.1, 2.0, 0.5, 0.9]},
        startup={"processes": 0.2},
        left_out={"async": "it needs <async_task>"},
        task="<lambda>",
    )
    text, html = str(comparison), comparison._repr_html_()
    assert repr(comparison) == text
    assert "threads ×4" in text
    assert "2.00" in text
    assert "faster" in text
    assert "200 ms" in text
    assert "async left out: it needs <async_task>" in text
    assert "Unstable figures (processes)" in text
    assert "&lt;lambda&gt;" in html
    assert "<async_task>" not in html
    data = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert [run["seconds"] for run in data["engines"]["processes"]["runs"]] == [0.5, 0.1, 2.0, 0.5, 0.9]
    assert len(data["engines"]["threads"]["warmups"]) == 1
    assert data["engines"]["threads"]["runs"][0]["spans"][3]["item"] == 3
    assert data["machine"]["cpus_usable"] == 4
    assert data["left_out"] == {"async": "it needs <async_task>"}
    json.dumps(comparison_of({"sequential": [1.0], "threads": [1.0]}).to_dict(), allow_nan=False)


def test_results_are_frozen() -> None:
    comparison = comparison_of({"sequential": [1.0, 1.0]})
    for thing, name in (
        (comparison, "engines"),
        (comparison.runs("sequential")[0], "seconds"),
        (comparison.runs("sequential")[0].spans[0], "start"),
        (comparison.speedup("sequential"), "median"),
        (comparison.machine, "python"),
    ):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, name, 0)


def test_asking_for_an_engine_that_did_not_run() -> None:
    comparison = comparison_of({"sequential": [1.0, 1.0]}, left_out={"async": "it needs async_task="})
    for ask in (comparison.runs, comparison.warmups, comparison.speedup, comparison.verdict, comparison.workers):
        with pytest.raises(ValueError, match="left out: it needs async_task="):
            ask("async")
        with pytest.raises(ValueError, match="no engine 'oven' in this comparison of sequential"):
            ask("oven")


# ---- compare ----


def test_a_comparison_of_all_engines() -> None:
    async def double(item: int) -> int:
        return 2 * item

    comparison = kh.compare(lambda item: 2 * item, [1, 2, 3], double, repeats=3, warmup=2, workers=2)
    assert comparison.engines == ("sequential", "threads", "async", "processes")
    assert comparison.results == [2, 4, 6]
    assert comparison.left_out == {}
    for engine in comparison.engines:
        assert len(comparison.runs(engine)) == 3
        assert len(comparison.warmups(engine)) == 2
        assert comparison.verdict(engine) in ("faster", "slower", "no clear difference")
    assert comparison.workers("threads") == comparison.workers("processes") == 2
    assert comparison.startup_seconds("processes") > 0


def test_sequential_is_always_there_and_first() -> None:
    assert kh.compare(abs, [1], engines=("threads", "threads"), repeats=1).engines == ("sequential", "threads")
    assert kh.compare(abs, [1], engines="threads", repeats=1).engines == ("sequential", "threads")
    assert kh.compare(abs, [1], engines=[], repeats=1).engines == ("sequential",)


def test_no_items() -> None:
    comparison = kh.compare(abs, [], repeats=2)
    assert comparison.results == []
    assert "no items" in comparison.warnings[0]
    assert all(run.spans == () for run in comparison.runs("processes"))


def test_with_one_usable_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loky, "cpu_count", lambda: 1)
    comparison = kh.compare(abs, range(8), repeats=1)
    assert comparison.workers("processes") == 1
    assert comparison.workers("threads") == 4  # waiting needs no CPU
    assert comparison.machine.cpus_usable == 1
    assert comparison.results == list(range(8))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"workers": 0}, ValueError, "workers must be a whole number of at least 1, or left out.*, not 0"),
        ({"workers": -1}, ValueError, "workers .* not -1"),
        ({"workers": 2.5}, TypeError, r"workers .* not 2\.5"),
        ({"workers": True}, ValueError, "workers .* not True"),
        ({"repeats": 0}, ValueError, "repeats .* at least 1, not 0"),
        ({"warmup": -1}, ValueError, "warmup .* at least 0, not -1"),
        ({"engines": ["oven"]}, ValueError, "unknown engine 'oven': there are sequential, threads, async, processes"),
        ({"engines": [["threads"]]}, ValueError, "unknown engine"),
        ({"task": 3}, TypeError, "task must be a function of one item, not 3"),
        ({"items": 3}, TypeError, "items must be .*, not 3"),
        ({"async_task": 3}, TypeError, "async_task must be a coroutine function .*, not 3"),
        ({"async_task": abs}, TypeError, "async_task must be a coroutine function .*abs.* returned 1"),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        kh.compare(**{"task": abs, "items": [1], "repeats": 1, "warmup": 0} | arguments)
    assert not isinstance(caught.value, kh.TaskFailed)


async def coroutine_function(item: Any) -> Any:
    return item


class AsyncCallable:
    async def __call__(self, item: Any) -> Any:
        return item


@pytest.mark.parametrize(
    "task",
    [
        coroutine_function,
        functools.partial(coroutine_function),
        AsyncCallable(),
        lambda item: coroutine_function(item),
    ],
)
def test_a_coroutine_function_is_no_task_but_an_async_task(task: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="async_task="):
        kh.compare(task, [1])
    assert kh.compare(abs, [1], task, engines=["async"], repeats=1).results == [1]


def test_any_awaitable_will_do() -> None:
    class Later:
        def __await__(self) -> Iterator[Any]:
            yield
            return 7

    assert kh.compare(lambda item: 7, [1, 2], lambda item: Later(), engines=["async"], repeats=1).results == [7, 7]


# ---- Results ----


def test_results_that_differ_are_named() -> None:
    def task(item: int) -> str:
        return f"{item} main" if threading.current_thread() is threading.main_thread() or item != 1 else "1 other"

    with pytest.raises(kh.ResultsDiffer, match=r"'threads', item 1 \(1\): got '1 other', .* was '1 main'") as caught:
        kh.compare(lambda item: "0" if item == 0 else task(item), [0, 1], engines=["threads"])
    error = caught.value
    assert (error.engine, error.index, error.item, error.expected, error.got) == ("threads", 1, 1, "1 main", "1 other")


def test_a_task_that_changes_its_mind_differs_from_itself() -> None:
    count = iter(range(100))
    with pytest.raises(kh.ResultsDiffer, match="'sequential', item 0"):
        kh.compare(lambda item: next(count), [0], engines=[])


def test_equal_decides() -> None:
    count = iter(range(100))
    assert kh.compare(lambda item: next(count), [0], engines=[], equal=lambda a, b: True).results == [0]
    with pytest.raises(kh.ResultsDiffer):
        kh.compare(abs, [1], equal=lambda a, b: False)
    arrays = kh.compare(np.arange, [3], repeats=1, equal=np.array_equal)
    assert arrays.results[0].tolist() == [0, 1, 2]


def test_hints_on_what_cannot_be_compared() -> None:
    with pytest.raises(TypeError, match="equal=numpy.array_equal"):
        kh.compare(np.arange, [3])
    with pytest.raises(kh.ResultsDiffer, match="object has no __eq__"):
        kh.compare(lambda item: object(), [1])
    count = iter(range(100))
    with pytest.raises(kh.ResultsDiffer, match="equal=math.isclose"):
        kh.compare(lambda item: next(count) / 7, [1], engines=[])


def test_nan_equals_nan_and_types_from_a_process_are_the_same() -> None:
    assert math.isnan(kh.compare(float, ["nan"], repeats=1).results[0])
    local = type("Local", (), {"__eq__": lambda self, other: type(self) is type(other)})
    kh.compare(lambda item: local(), [1], repeats=1)


# ---- Turns ----


def fake_engines(log: list[str]) -> dict[str, tuple[Any, Job]]:
    def engine(name: str) -> Any:
        @contextmanager
        def enter(job: Job) -> Iterator[Callable[[], Outcome]]:
            if name == "C":
                raise Unavailable("out of order")
            log.append(f"open {name}")

            def run() -> Outcome:
                log.append(name)
                return Outcome([1], Run(1.0, 0.0, ()))

            try:
                yield run
            finally:
                log.append(f"close {name}")

        return enter

    return {name: (engine(name), Job(abs, [1], engine=name)) for name in "ABC"}


def test_engines_take_turns_start_late_and_close() -> None:
    log: list[str] = []
    runs, left_out = take_turns(fake_engines(log), 3, lambda name, results: None)
    assert log == ["open A", "A", "open B", "B", "A", "B", "A", "B", "close B", "close A"]
    assert {name: len(own) for name, own in runs.items()} == {"A": 3, "B": 3}
    assert left_out == {"C": "out of order"}


def test_the_length_of_an_item_is_measured_where_none_is_in_the_way_of_another() -> None:
    seconds = {"sequential": run_of(0.8), "threads": run_of(0.8, workers=4), "async": run_of(0.8, at_once=True)}

    def engine(run: Run) -> Any:
        return lambda job: nullcontext(lambda: Outcome([], run))

    jobs = {name: (engine(run), Job(abs, [], engine=name)) for name, run in seconds.items()}
    take_turns(jobs, 2, lambda name, results: None)
    assert [job.item_seconds for _, job in jobs.values()] == pytest.approx([0.1] * 3)


def test_engines_close_after_an_error() -> None:
    log: list[str] = []

    def check(name: str, results: list[Any]) -> None:
        if name == "B":
            raise ValueError

    with pytest.raises(ValueError):
        take_turns(fake_engines(log), 3, check)
    assert log == ["open A", "A", "open B", "B", "close B", "close A"]


@pytest.mark.parametrize(
    ("rounds", "lengths", "elapsed", "shown"),
    [
        (6, [0.1, 0.1], 0.2, False),
        (6, [0.3, 0.3], 0.6, True),
        (6, [3.0], 3.0, True),  # in the middle of the first round only what has passed is known
        (6, [1.0], 1.0, False),
        (1, [3.0, 3.0], 6.0, False),  # it is over
        (2, [5.0, 5.0, 0.0], 10.0, True),
    ],
)
def test_a_progress_bar_only_where_it_helps(rounds: int, lengths: list[float], elapsed: float, shown: bool) -> None:
    progress = Progress(["A", "B"], rounds)
    progress.begun = math.inf  # shows nothing by itself
    for name, seconds in zip("ABABAB", lengths, strict=False):
        progress.step(name, seconds)
    assert progress.bar is None
    assert progress.worth_it(elapsed) is shown


@pytest.mark.parametrize("terminal", [True, False])
def test_the_bar_itself(terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with Progress(["A", "B"], 3) as progress:
        progress.begun -= 60
        progress.step("A", 60)
        progress.step("B", 60)
        progress.step("A", 60)
    assert ("A: " in capsys.readouterr().err) is terminal


def test_quick_comparisons_show_no_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(Progress, "worth_it", lambda self, elapsed: False)
    kh.compare(abs, [1], engines=["threads"], repeats=1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12.345, "12.35 s"), (0.98, "980 ms"), (0.0123, "12.3 ms"), (0.000042, "42 µs"), (0, "0 µs")],
)
def test_durations(seconds: float, text: str) -> None:
    assert module.duration(seconds) == text


def test_workers_may_be_any_whole_number() -> None:
    assert kh.compare(operator.neg, [1, 2], workers=np.int64(2), engines=["threads"], repeats=1).workers("threads") == 2

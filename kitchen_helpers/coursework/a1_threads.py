"""The check of a1.q1: one task over many items, in threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from .a1_results import LIMIT, MEETING, Burnt, each_once, pair, raised, same
from .questions import RuleBroken, Verdict
from .realtime import Called, Gauge, call, no_new_threads, threads, tried


def check_threaded(run: Any) -> Verdict:
    """a1.q1: `run_threaded(task, items, workers)`."""

    def threaded(task: Callable[[Any], Any], items: Any, workers: int, what: str, gauge: Gauge | None = None) -> Called:
        before = threads()
        called = call(what, lambda: run(task, items, workers))
        if gauge is not None and gauge.inside:
            raise RuleBroken(f"a task was still running after {what}", "Who waits for the others to end?")
        no_new_threads(before, what)
        return called

    def plain() -> None:
        for items in ([], [7], [3, 1, 2], ["a", "a"], [[1], [1], {}]):
            what = f"run_threaded(task, {items}, 2)"
            same(threaded(pair, items, 2, what).value(), list(map(pair, items)), what)
        what = "the result for items from a generator"
        same(threaded(pair, (n for n in range(5)), 3, what).value(), list(map(pair, range(5))), what)
        what = "the result for items that are None, 0 and \"\""
        same(threaded(_itself, [None, 0, "", None], 2, what).value(), [None, 0, "", None], what)

    def in_order() -> None:
        turns = [threading.Event() for _ in range(3)]

        def last_first(item: int) -> int:  # each waits for the next one to be done
            if item + 1 < len(turns):
                turns[item + 1].wait(MEETING)
            turns[item].set()
            return item

        what = "the result when the last item is done first"
        same(threaded(last_first, range(3), 3, what).value(), [0, 1, 2], what)

    def overlapping() -> None:
        meeting = threading.Barrier(3)

        def meet(item: int) -> int:
            meeting.wait(MEETING)
            return item

        called = threaded(meet, range(3), 3, "a call with 3 workers whose tasks wait for each other")
        if meeting.broken:
            rule = "with 3 workers, 3 tasks that wait must be under way at once, and they were not"
            raise RuleBroken(rule, "At which line does the program wait before it starts the next one?")
        same(called.value(), [0, 1, 2], "the result of 3 tasks that meet")

    def at_most() -> None:
        for workers, items in ((1, 4), (3, 12), (8, 2)):
            gauge = Gauge()

            def busy(item: int, gauge: Gauge = gauge) -> int:
                with gauge:
                    time.sleep(0.005)
                return item

            what = f"the result of {items} items with {workers} workers"
            same(threaded(busy, range(items), workers, what).value(), range(items), what)
            if gauge.most > workers:
                raise RuleBroken(f"with workers={workers}, {gauge.most} tasks were running at once", LIMIT)
            each_once(gauge, items)

    def failing() -> None:
        gauge = Gauge()
        begun = threading.Event()

        def burns(item: int) -> int:
            with gauge:
                if item == 1:
                    begun.wait(MEETING)
                    raise Burnt("the second dish")
                begun.set()
                time.sleep(0.1)
            return item

        called = _without_noise(lambda: threaded(burns, range(4), 2, "a call whose second task raises", gauge))
        raised(called, Burnt, "a call whose second task raises")
        called = _without_noise(lambda: threaded(_burnt, range(3), 3, "a call whose tasks all raise"))
        raised(called, Burnt, "a call whose tasks all raise")
        called = _without_noise(lambda: threaded(_burnt, [1], 1, "a call with one worker whose task raises"))
        raised(called, Burnt, "a call with one worker whose task raises")

    def failing_iterable() -> None:
        def torn() -> Iterator[int]:
            yield 1
            raise Burnt("the list of orders")

        what = "a call whose items raise while they are read"
        raised(_without_noise(lambda: threaded(_itself, torn(), 2, what)), Burnt, what)

    return tried(
        [plain, overlapping, in_order, at_most, failing, failing_iterable],
        "Results in order, waiting overlaps, never more than the workers at once, exceptions come out, no thread is left",
        "Follow one item from the call to its place in the result: who has it at each moment, and who waits for whom?",
    )


def _itself(item: Any) -> Any:
    return item


def _burnt(item: Any) -> Any:
    raise Burnt(str(item))


def _without_noise(function: Callable[[], Called]) -> Called:
    """Threads that die of the planted exception are not to fill the student's page with tracebacks."""
    hook = threading.excepthook
    threading.excepthook = lambda _: None
    try:
        return function()
    finally:
        threading.excepthook = hook

"""The checks of assignment 1: one task over many items in threads, as coroutines and in processes, and Amdahl's law."""

from __future__ import annotations

import asyncio
import functools
import math
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .loops import KnowingLoop, unfinished
from .questions import Question, Verdict
from .realtime import (
    Broken,
    Called,
    Gauge,
    call,
    exactly,
    no_new_processes,
    no_new_threads,
    processes,
    threads,
    tidied,
    tried,
)

_TIDYING = 0.02
"""Seconds that a task takes to tidy up when it is cancelled."""
_MEETING = 1.5
"""Seconds that each waits for the others, where all are to be there at once."""
_ORDER = "Results have the places of their items, whoever is done first: where is each one put?"
_LIMIT = "Who decides when the next item may begin, and when is a place free again?"
_ERROR = "What becomes of an exception in a worker, if nobody looks for it there?"


class Burnt(Exception):
    """What the tasks of the checks raise."""


def _same(got: Any, expected: Sequence[Any], what: str) -> None:
    if type(got) not in (list, tuple):
        raise Broken(f"{what} must be a list, and it is {type(got).__name__}")
    if not exactly(list(got), list(expected)):
        if len(got) != len(expected):
            raise Broken(f"{what} must hold {len(expected)} results, and there are {len(got)}", _ORDER)
        raise Broken(f"{what} must be {list(expected)}, in the order of the items, and it is {list(got)}", _ORDER)


def _raised(called: Called, kind: type[BaseException], what: str) -> None:
    if called.error is None:
        raise Broken(f"{what} must raise the task's exception, and it returned {called.result!r}", _ERROR)
    if isinstance(called.error, BaseExceptionGroup) and not issubclass(kind, BaseExceptionGroup):
        raise Broken(f"{what} must raise the task's own exception, and it raised a group ({called.error})", _ERROR)
    if not issubclass(type(called.error), kind):
        wrong = f"{type(called.error).__name__}: {called.error}"
        raise Broken(f"{what} must raise the task's own {kind.__name__}, and it raised {wrong}", _ERROR)


# -- a1.q1: run_threaded ----------------------------------------------------------------------------------------------


def check_threaded(run: Any) -> Verdict:
    """a1.q1: `run_threaded(task, items, workers)`."""

    def threaded(task: Callable[[Any], Any], items: Any, workers: int, what: str, gauge: Gauge | None = None) -> Called:
        before = threads()
        called = call(what, lambda: run(task, items, workers))
        if gauge is not None and gauge.inside:
            raise Broken(f"a task was still running after {what}", "Who waits for the others to end?")
        no_new_threads(before, what)
        return called

    def plain() -> None:
        for items in ([], [7], [3, 1, 2], ["a", "a"], [[1], [1], {}]):
            what = f"run_threaded(task, {items}, 2)"
            _same(threaded(_pair, items, 2, what).value(), list(map(_pair, items)), what)
        what = "the result for items from a generator"
        _same(threaded(_pair, (n for n in range(5)), 3, what).value(), list(map(_pair, range(5))), what)
        what = "the result for items that are None, 0 and \"\""
        _same(threaded(_itself, [None, 0, "", None], 2, what).value(), [None, 0, "", None], what)

    def in_order() -> None:
        turns = [threading.Event() for _ in range(3)]

        def last_first(item: int) -> int:  # each waits for the next one to be done
            if item + 1 < len(turns):
                turns[item + 1].wait(_MEETING)
            turns[item].set()
            return item

        what = "the result when the last item is done first"
        _same(threaded(last_first, range(3), 3, what).value(), [0, 1, 2], what)

    def overlapping() -> None:
        meeting = threading.Barrier(3)

        def meet(item: int) -> int:
            meeting.wait(_MEETING)
            return item

        called = threaded(meet, range(3), 3, "a call with 3 workers whose tasks wait for each other")
        if meeting.broken:
            rule = "with 3 workers, 3 tasks that wait must be under way at once, and they were not"
            raise Broken(rule, "At which line does the program wait before it starts the next one?")
        _same(called.value(), [0, 1, 2], "the result of 3 tasks that meet")

    def at_most() -> None:
        for workers, items in ((1, 4), (3, 12), (8, 2)):
            gauge = Gauge()

            def busy(item: int, gauge: Gauge = gauge) -> int:
                with gauge:
                    time.sleep(0.005)
                return item

            what = f"the result of {items} items with {workers} workers"
            _same(threaded(busy, range(items), workers, what).value(), range(items), what)
            if gauge.most > workers:
                raise Broken(f"with workers={workers}, {gauge.most} tasks were running at once", _LIMIT)
            if gauge.entered != items:
                raise Broken(f"of {items} items, tasks were run {gauge.entered} times: each item is done once")

    def failing() -> None:
        gauge = Gauge()
        begun = threading.Event()

        def burns(item: int) -> int:
            with gauge:
                if item == 1:
                    begun.wait(_MEETING)
                    raise Burnt("the second dish")
                begun.set()
                time.sleep(0.1)
            return item

        called = _without_noise(lambda: threaded(burns, range(4), 2, "a call whose second task raises", gauge))
        _raised(called, Burnt, "a call whose second task raises")
        called = _without_noise(lambda: threaded(_burnt, range(3), 3, "a call whose tasks all raise"))
        _raised(called, Burnt, "a call whose tasks all raise")
        called = _without_noise(lambda: threaded(_burnt, [1], 1, "a call with one worker whose task raises"))
        _raised(called, Burnt, "a call with one worker whose task raises")

    def failing_iterable() -> None:
        def torn() -> Iterator[int]:
            yield 1
            raise Burnt("the list of orders")

        what = "a call whose items raise while they are read"
        _raised(_without_noise(lambda: threaded(_itself, torn(), 2, what)), Burnt, what)

    return tried(
        [plain, overlapping, in_order, at_most, failing, failing_iterable],
        "Results in order, waiting overlaps, never more than the workers at once, exceptions come out, no thread is left",
        "Follow one item from the call to its place in the result: who has it at each moment, and who waits for whom?",
    )


def _pair(item: Any) -> tuple[str, Any]:
    return "dish", item


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


# -- a1.q2: run_async -------------------------------------------------------------------------------------------------


def check_async(run: Any) -> Verdict:
    """a1.q2: `run_async(async_task, items, limit)`."""

    def awaited(task: Callable[[Any], Any], items: Any, limit: int, what: str, after: Callable[[], None] | None = None) -> Called:
        async def outside() -> Called:
            mine = asyncio.current_task()
            answer = run(task, items, limit)
            if not hasattr(answer, "__await__"):
                raise Broken("run_async must be a coroutine function: async def run_async(async_task, items, limit)")
            try:
                called = Called(await answer)
            except (Exception, asyncio.CancelledError) as error:
                called = Called(error=error)
            if left := unfinished(asyncio.get_running_loop(), [mine]):
                raise Broken(f"{left} of its tasks are not done after {what}", "Who awaits a task that was cancelled?")
            if after is not None:
                after()
            return called

        def alone() -> Called:
            with asyncio.Runner(loop_factory=KnowingLoop) as runner:
                return runner.run(outside())

        found: Called = call(what, alone).value()
        return found

    def plain() -> None:
        for items in ([], [7], [3, 1, 2], ["a", "a"], [[1], [1], {}]):
            what = f"await run_async(async_task, {items}, 2)"
            _same(awaited(_async_pair, items, 2, what).value(), list(map(_pair, items)), what)
        what = "the result for items from a generator"
        _same(awaited(_async_pair, (n for n in range(5)), 3, what).value(), list(map(_pair, range(5))), what)

    def in_order() -> None:
        async def last_first(item: int) -> int:
            for _ in range(10 - item):
                await asyncio.sleep(0)
            return item

        what = "the result when the last item is done first"
        _same(awaited(last_first, range(5), 5, what).value(), range(5), what)

    def overlapping() -> None:
        meeting = asyncio.Barrier(3)

        async def meet(item: int) -> int:
            await asyncio.wait_for(meeting.wait(), _MEETING)
            return item

        called = awaited(meet, range(3), 3, "a call with limit 3 whose tasks wait for each other")
        if isinstance(called.error, TimeoutError | asyncio.BrokenBarrierError):
            rule = "with limit=3, 3 tasks that wait must be in flight at once, and they were not"
            raise Broken(rule, "Does an await finish before the next line begins?")
        _same(called.value(), [0, 1, 2], "the result of 3 tasks that meet")

    def at_most() -> None:
        for limit, items in ((1, 4), (3, 12), (8, 2)):
            gauge = Gauge()

            async def busy(item: int, gauge: Gauge = gauge) -> int:
                with gauge:
                    for _ in range(1 + item % 3):
                        await asyncio.sleep(0)
                return item

            what = f"the result of {items} items with limit {limit}"
            _same(awaited(busy, range(items), limit, what).value(), range(items), what)
            if gauge.most > limit:
                raise Broken(f"with limit={limit}, {gauge.most} tasks were in flight at once", _LIMIT)
            if gauge.entered != items:
                raise Broken(f"of {items} items, tasks were run {gauge.entered} times: each item is done once")

    def failing() -> None:
        cancelled: list[int] = []
        tidied: list[int] = []
        hastened: list[int] = []
        begun: list[int] = []
        three = asyncio.Event()

        async def burns(item: int) -> int:
            begun.append(item)
            if len(begun) == 3:
                three.set()
            if item == 1:
                await three.wait()
                raise Burnt("the second dish")
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                cancelled.append(item)
                moment = time.monotonic()
                await asyncio.sleep(_TIDYING)
                if time.monotonic() - moment < 0.9 * _TIDYING:
                    hastened.append(item)
                tidied.append(item)
                raise
            return item

        what = "a call with limit 3 whose second task raises"

        def after() -> None:
            if sorted(cancelled) != sorted(set(begun) - {1}):
                raise Broken("the tasks that are in flight must be cancelled on an error, and they were not", _ERROR)
            if hastened:
                raise Broken("a task that was cancelled had not tidied up before its time was over", "Its time is its own.")
            if sorted(tidied) != sorted(cancelled):
                raise Broken("a task that was cancelled was not awaited: it was still tidying up when the call had raised")

        _raised(awaited(burns, range(10), 3, what, after), Burnt, what)
        if len(begun) > 4:
            raise Broken(f"{len(begun) - 3} more items were begun after the error", "Who still hands out items then?")
        what = "a call whose tasks all raise"
        _raised(awaited(_async_burnt, range(5), 2, what), Burnt, what)

    return tried(
        [plain, overlapping, in_order, at_most, failing],
        "Results in order, never more than the limit in flight, an error cancels the rest and comes out, nothing is left",
        "At which await does the event loop get its turn, and which tasks can it then go on with?",
    )


async def _async_pair(item: Any) -> tuple[str, Any]:
    await asyncio.sleep(0)
    return "dish", item


async def _async_burnt(item: Any) -> Any:
    await asyncio.sleep(0)
    raise Burnt(str(item))


# -- a1.q3: run_processes ---------------------------------------------------------------------------------------------

_TASK = 0.05
_COMING = 4.0
"""Seconds within which a second process has to come."""
_ENOUGH = "enough"
"""A note that nobody has to wait any longer."""
_STARTING = 8.0
"""Seconds for a call that starts processes, on a machine that is busy."""


def place(order: tuple[str, float, Any]) -> Any:
    """Does an item, and notes where and when; it waits for a second process to come, at most until some time of the day."""
    folder, patience, item = order
    begun = time.monotonic()
    Path(folder, str(os.getpid())).touch()
    while len({note.split()[0] for note in os.listdir(folder)}) < 2 and time.time() < patience:  # (_ENOUGH is a second one, too)
        time.sleep(0.005)
    time.sleep(_TASK)
    Path(folder, f"{os.getpid()} {begun} {time.monotonic()}").touch()
    return item


def _enough_after(note: Path, seconds: float) -> None:
    if seconds > _COMING:
        note.touch()


def burns_at_two(item: int) -> int:
    time.sleep(_TASK)
    if item == 2:
        raise Burnt("the third dish")
    return item


def check_processes(run: Any) -> Verdict:
    """a1.q3: `run_processes(task, items, workers)`."""

    def elsewhere(
        task: Callable[[Any], Any],
        items: Any,
        workers: int,
        what: str,
        longest: float = _STARTING,
        looks: Callable[[float], object] = lambda seconds: None,
    ) -> Called:
        before = processes()
        called = call(what, lambda: run(task, items, workers), longest, looks)
        no_new_processes(before, what)
        return called

    def under(method: str, items: list[Any], workers: int) -> None:
        multiprocessing.set_start_method(method, force=True)
        what = f"the result of {len(items)} items with {workers} workers under the start method {method}"
        with TemporaryDirectory(prefix="a1-") as folder:
            patience = time.time() + 10 * _STARTING
            looks = functools.partial(_enough_after, Path(folder, _ENOUGH))
            answers = elsewhere(place, ((folder, patience, item) for item in items), workers, what, looks=looks).value()
            # (what the tasks have noted, and not what the answer says of them)
            notes = [note.split() for note in os.listdir(folder) if " " in note]
        _same(answers, items, what)
        if len(notes) != len(items):
            raise Broken(f"of {len(items)} items, tasks were run {len(notes)} times: each item is done once")
        pids = {int(pid) for pid, *_ in notes}
        if os.getpid() in pids:
            raise Broken("the work is done in the calling process", "A thread is no process: which pool has its own Python?")
        if len(pids) < min(2, workers, len(items)):
            raise Broken(f"with workers={workers} only one process did all the work", "Are all started before the first is awaited?")
        starts = sorted((float(begun), 1) for _, begun, _ in notes)
        ends = sorted((float(ended), -1) for *_, ended in notes)
        inside = most = 0
        for _, change in sorted(starts + ends, key=lambda moment: (moment[0], moment[1])):
            inside += change
            most = max(most, inside)
        if most > workers or len(pids) > workers and most >= workers + 1:
            raise Broken(f"with workers={workers}, {most} processes were working at once", _LIMIT)

    def spawned() -> None:
        under("spawn", [[1], "a", "a", None, 0, ""], 2)

    def nothing() -> None:
        _same(elsewhere(place, [], 2, "a call without items", 3.0).value(), [], "the result of no items")

    def others() -> None:
        for method in multiprocessing.get_all_start_methods():
            if method != "spawn":
                under(method, [1, 2, 3], 2)

    def failing() -> None:
        multiprocessing.set_start_method("spawn", force=True)
        what = "a call whose third task raises"
        _raised(elsewhere(burns_at_two, range(4), 2, what), Burnt, what)

    with tidied():
        return tried(
            [spawned, nothing, failing, others],
            "Results in order, done in other processes under every start method, exceptions come out, no process is left",
            "What does a fresh Python have to import or receive before it can do the task, and who tells it that all is done?",
        )


# -- a1.q4: amdahl, needed_workers ------------------------------------------------------------------------------------


def check_amdahl(amdahl: Any, needed_workers: Any) -> Verdict:
    """a1.q4: `amdahl(serial_fraction, workers)`, `needed_workers(serial_fraction, speedup)`."""

    def right() -> None:
        for serial, workers in ((0, 8), (1, 8), (0.5, 1), (0.1, 4), (0.25, 1000), (0.05, 16), (1e-9, 10**9)):
            expected = 1 / (serial + (1 - serial) / workers)
            got = amdahl(serial, workers)
            if type(got) not in (int, float) or not math.isclose(got, expected, rel_tol=1e-9):
                raise Broken(
                    f"amdahl({serial}, {workers}) must be {expected:.6g}, and it is {got!r}",
                    "Which part of the time stays the same, and which is divided by the workers?",
                )

    def needed() -> None:
        for serial, speedup in ((0, 8), (0.1, 4), (0.1, 9.5), (0.5, 1.9), (0.25, 2), (0.2, 3), (0, 2.5), (0.3, 1), (1, 1), (0.01, 50)):
            expected = _needed(serial, speedup)
            got = needed_workers(serial, speedup)
            if not exactly(got, expected):
                raise Broken(
                    f"needed_workers({serial}, {speedup}) must be {expected}, and it is {got!r}",
                    "Is it the smallest whole number that reaches the speedup? Try one less, and the number itself.",
                )

    def unreachable() -> None:
        for serial, speedup in ((0.1, 10), (0.1, 11), (0.5, 2), (1, 1.5), (0.25, 100), (0.2, 5)):
            got = needed_workers(serial, speedup)
            if got is not None:
                rule = f"a speedup of {speedup} with a serial fraction of {serial} is out of reach: it must be None, and it is {got!r}"
                raise Broken(rule, "What is the speedup with as many workers as there are atoms?")

    def nonsense() -> None:
        nan, inf = math.nan, math.inf
        for serial, workers in ((-0.1, 2), (1.1, 2), (nan, 2), (0.5, 0), (0.5, -1), (0.5, 2.5), (0.5, nan), (inf, 2)):
            _rejects("amdahl", amdahl, serial, workers)
        for serial, speedup in ((-0.1, 2), (1.1, 2), (nan, 2), (0.5, 0.5), (0.5, 0), (0.5, -3), (0.5, inf), (0.5, nan)):
            _rejects("needed_workers", needed_workers, serial, speedup)

    return tried(
        [right, needed, unreachable, nonsense],
        "Both are right, know what is out of reach, and refuse nonsense",
        "Which values make no sense, and what does each comparison say when one side is not a number?",
    )


def _needed(serial: float, speedup: float) -> int | None:
    """The smallest whole number that reaches the speedup, up to rounding."""
    if speedup == 1:
        return 1
    parallel = 1 / speedup - serial
    if parallel <= 1e-12:
        return None
    exact = (1 - serial) / parallel
    return round(exact) if math.isclose(exact, round(exact), rel_tol=1e-9) else math.ceil(exact)


def _rejects(name: str, function: Callable[[Any, Any], Any], first: float, second: float) -> None:
    with suppress(ValueError):
        got = function(first, second)
        raise Broken(f"{name}({first}, {second}) must raise ValueError, and it returned {got!r}")


QUESTIONS = (
    Question("a1.q1", ("run_threaded",), 2.0, check_threaded, alone=True),
    Question("a1.q2", ("run_async",), 2.0, check_async, alone=True),
    Question("a1.q3", ("run_processes",), 2.0, check_processes, alone=True, seconds=60.0, needs_module=True),
    Question("a1.q4", ("amdahl", "needed_workers"), 2.0, check_amdahl, alone=True),
)

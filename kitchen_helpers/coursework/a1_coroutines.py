"""The check of a1.q2: one coroutine function over many items."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from .a1_results import ERROR, LIMIT, MEETING, Burnt, each_once, pair, raised, same
from .loops import KnowingLoop, unfinished
from .questions import RuleBroken, Verdict
from .realtime import Called, Gauge, call, tried

_TIDYING = 0.02
"""Seconds that a task takes to tidy up when it is cancelled."""


def check_async(run: Any) -> Verdict:
    """a1.q2: `run_async(async_task, items, limit)`."""

    def awaited(task: Callable[[Any], Any], items: Any, limit: int, what: str, after: Callable[[], None] | None = None) -> Called:
        async def outside() -> Called:
            mine = asyncio.current_task()
            answer = run(task, items, limit)
            if not hasattr(answer, "__await__"):
                raise RuleBroken("run_async must be a coroutine function: async def run_async(async_task, items, limit)")
            try:
                called = Called(await answer)
            except (Exception, asyncio.CancelledError) as error:
                called = Called(error=error)
            if left := unfinished(asyncio.get_running_loop(), [mine]):
                raise RuleBroken(f"{left} of its tasks are not done after {what}", "Who awaits a task that was cancelled?")
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
            same(awaited(_async_pair, items, 2, what).value(), list(map(pair, items)), what)
        what = "the result for items from a generator"
        same(awaited(_async_pair, (n for n in range(5)), 3, what).value(), list(map(pair, range(5))), what)

    def in_order() -> None:
        async def last_first(item: int) -> int:
            for _ in range(10 - item):
                await asyncio.sleep(0)
            return item

        what = "the result when the last item is done first"
        same(awaited(last_first, range(5), 5, what).value(), range(5), what)

    def overlapping() -> None:
        meeting = asyncio.Barrier(3)

        async def meet(item: int) -> int:
            await asyncio.wait_for(meeting.wait(), MEETING)
            return item

        called = awaited(meet, range(3), 3, "a call with limit 3 whose tasks wait for each other")
        if isinstance(called.error, TimeoutError | asyncio.BrokenBarrierError):
            rule = "with limit=3, 3 tasks that wait must be in flight at once, and they were not"
            raise RuleBroken(rule, "Does an await finish before the next line begins?")
        same(called.value(), [0, 1, 2], "the result of 3 tasks that meet")

    def at_most() -> None:
        for limit, items in ((1, 4), (3, 12), (8, 2)):
            gauge = Gauge()

            async def busy(item: int, gauge: Gauge = gauge) -> int:
                with gauge:
                    for _ in range(1 + item % 3):
                        await asyncio.sleep(0)
                return item

            what = f"the result of {items} items with limit {limit}"
            same(awaited(busy, range(items), limit, what).value(), range(items), what)
            if gauge.most > limit:
                raise RuleBroken(f"with limit={limit}, {gauge.most} tasks were in flight at once", LIMIT)
            each_once(gauge, items)

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
                raise RuleBroken("the tasks that are in flight must be cancelled on an error, and they were not", ERROR)
            if hastened:
                raise RuleBroken("a task that was cancelled had not tidied up before its time was over", "Its time is its own.")
            if sorted(tidied) != sorted(cancelled):
                raise RuleBroken("a task that was cancelled was not awaited: it was still tidying up when the call had raised")

        raised(awaited(burns, range(10), 3, what, after), Burnt, what)
        if len(begun) > 4:
            raise RuleBroken(f"{len(begun) - 3} more items were begun after the error", "Who still hands out items then?")
        what = "a call whose tasks all raise"
        raised(awaited(_async_burnt, range(5), 2, what), Burnt, what)

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

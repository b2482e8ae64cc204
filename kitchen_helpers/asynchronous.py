"""The inside of the `async` engine: all items at once on the running loop, each with its own CPU time."""

from __future__ import annotations

import asyncio
import inspect
import types
from collections.abc import Awaitable, Generator
from time import perf_counter, thread_time
from types import CoroutineType
from typing import Any

from .runs import Job, short
from .working import Failure, Row


async def serve_all(job: Job) -> tuple[list[Any], list[Row]]:
    """Results and rows of `job.async_task` over all items. Raises Failure for the first item that fails.

    As `asyncio.gather` would, but a lane goes on with the next item when it has done one, and more lanes open only
    once one waits: an item that never waits costs no task of its own. Twice as many open each time.
    """
    loop = asyncio.get_running_loop()
    finished: asyncio.Future[None] = loop.create_future()
    items, task = job.items, job.async_task
    assert task is not None
    results: list[Any] = [None] * len(items)
    rows: list[Row] = []
    todo = iter(range(len(items)))
    lanes: set[asyncio.Task[None]] = set()
    opening = False

    def open_lanes() -> None:
        nonlocal opening
        opening = False
        left = len(items) - len(rows) - len(lanes)
        for _ in range(min(left, max(1, len(lanes)))):
            lane = loop.create_task(work())
            lanes.add(lane)
            lane.add_done_callback(lanes.discard)

    async def work() -> None:
        nonlocal opening
        index = -1
        used, start = thread_time(), perf_counter()
        try:
            for index in todo:
                if not opening and len(rows) + len(lanes) < len(items):
                    opening = True
                    loop.call_soon(open_lanes)
                coroutine = task(items[index])
                if type(coroutine) is not CoroutineType:
                    coroutine = _coroutine(task, coroutine)
                # The first step by hand: where it is also the last, that is all there is to do.
                try:
                    waits_for = coroutine.send(None)
                except StopIteration as last:
                    results[index] = last.value
                    cpu, used = -used, thread_time()
                    cpu += used
                else:
                    results[index], cpu = await _rest(coroutine, waits_for, thread_time() - used)
                    used = thread_time()
                end = perf_counter()
                rows.append((index, start, end, cpu))
                start = end
        except BaseException as error:
            if not finished.done():
                finished.set_exception(error if isinstance(error, _NotAsync) else Failure(index, error))
            return
        if len(rows) == len(items) and not finished.done():
            finished.set_result(None)

    open_lanes()
    try:
        if items:
            await finished
    finally:
        if not finished.done():
            finished.cancel()
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
    return results, rows


class _NotAsync(TypeError):
    """The task given as async_task does not return an awaitable."""


def _coroutine(task: Any, answer: Any) -> Any:
    if not inspect.isawaitable(answer):
        raise _NotAsync(
            f"async_task must be a coroutine function (async def …): {short(task)} returned {short(answer)}, "
            "which cannot be awaited"
        )
    return _awaiting(answer)


async def _awaiting(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


@types.coroutine
def _rest(coroutine: Any, waits_for: Any, cpu: float) -> Generator[Any, Any, tuple[Any, float]]:
    """Await the rest of a coroutine: its result, and the CPU seconds of its own steps, without those of others between."""
    while True:
        try:
            step, value = coroutine.send, (yield waits_for)
        except BaseException as error:  # cancelled, or the loop throws in what it waited for
            step, value = coroutine.throw, error
        begun = thread_time()
        try:
            waits_for = step(value)
        except StopIteration as last:
            return last.value, cpu + thread_time() - begun
        cpu += thread_time() - begun

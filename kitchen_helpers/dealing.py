"""Deal items out, in batches, to the workers of a pool that lives elsewhere: in other processes, interpreters or machines.

Any pool shaped like `concurrent.futures.Executor` will do: an engine opens one, and `Dealer` does the job with it. Task,
items and results travel by value, packed by cloudpickle, so that functions and lambdas from notebook cells do as well.
"""

from __future__ import annotations

import hashlib
import os
import platform
import threading
import traceback
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from math import ceil
from queue import Empty, SimpleQueue
from time import perf_counter, sleep
from typing import Any

import cloudpickle  # type: ignore[import-untyped]

from .runs import Job, Outcome, Run, WorkerDied, short
from .working import Failure, Row, as_spans, naming, starved, work_through

__all__ = ["Dealer", "Reading", "batches", "clock_offset", "packed_task"]

# A batch is worth sending from about 2 ms on (sending one costs a fraction of that), and over after about 50 ms.
SHORTEST_BATCH, LONGEST_BATCH = 0.002, 0.05

# (sent here, begun there, ended there, received here): the first and the last by our clock, the others by the worker's.
Reading = tuple[float, float, float, float]
# The readings of each worker, by what it says it is.
Clocks = dict[str, list[Reading]]
# (sent, the future, received) of what has come back.
Replies = SimpleQueue[tuple[float, "Future[Any]", float]]


def packed_task(job: Job) -> bytes:
    """The task, ready to be sent."""
    try:
        return bytes(cloudpickle.dumps(job.task))
    except Exception as error:
        raise TypeError(
            f"engine {job.engine!r} cannot send the task {short(job.task)} to another process: {error}. "
            "Make what cannot be sent inside the task, or leave this engine out (engines=…)"
        ) from error


class Dealer:
    """Does a job again and again with the workers of one pool.

    Args:
        submit: as of a `concurrent.futures.Executor`.
        workers: how many the pool has.
        task: as packed by `packed_task`; None where the workers were started with `remember`, so that it travels once.
        died: the exceptions by which the pool says that it has lost a worker.
    """

    def __init__(
        self,
        job: Job,
        submit: Callable[..., Future[Any]],
        workers: int,
        task: bytes | None,
        died: tuple[type[BaseException], ...] = (),
    ) -> None:
        self.job, self.submit, self.workers, self.task, self.died = job, submit, workers, task, died
        self.clocks: Clocks = {}

    def run(self, startup: float) -> Outcome:
        """All items once; `startup` is what starting the pool took, in seconds."""
        self.greet()
        started = perf_counter()
        with naming(self.job):
            results, rows, hungry = self._deal_out()
        seconds = perf_counter() - started
        spans = as_spans(len(self.job.items), self._on_our_clock(rows))
        return Outcome(results, Run(seconds, startup, spans, self.workers, started, hungry))

    def greet(self) -> None:
        """Wait until every worker has answered once, and note the clocks: fresh readings, as clocks may drift."""
        self.clocks.clear()
        deadline = perf_counter() + 60.0
        try:
            while len(self.clocks) < self.workers and perf_counter() < deadline:
                replies: Replies = SimpleQueue()
                for _ in range(self.workers):
                    self._send(replies, hello)
                for _ in range(self.workers):
                    sent, reply, received = _next(replies)
                    who, begin, end = reply.result()
                    self.clocks.setdefault(who, []).append((sent, begin, end, received))
        except self.died as error:
            raise WorkerDied(
                f"engine {self.job.engine!r}: a worker process died while idle: {error}", self.job.engine
            ) from error

    def _send(self, replies: Replies, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        sent = perf_counter()
        future = self.submit(function, *arguments)
        future.add_done_callback(lambda done: replies.put((sent, done, perf_counter())))
        return future

    def _deal_out(self) -> tuple[list[Any], dict[str, list[Row]], float]:
        """Send the items in batches, a few ahead of the workers; results in order, the rows of each worker, and how long
        they had no CPU."""
        job, hungry = self.job, 0.0
        results: list[Any] = [None] * len(job.items)
        rows: dict[str, list[Row]] = {}
        replies: Replies = SimpleQueue()
        under_way: dict[Future[Any], range] = {}
        todo = batches(len(job.items), self.workers, job.item_seconds)

        def send() -> None:
            batch = next(todo, None)
            if batch is not None:
                parcel = _packed([job.items[i] for i in batch], batch)
                under_way[self._send(replies, work, self.task, batch.start, parcel)] = batch

        try:
            for _ in range(2 * self.workers + 1):
                send()
            while under_way:
                sent, reply, received = _next(replies)
                who, begin, end, parcel = reply.result()
                batch = under_way.pop(reply)
                send()
                self.clocks.setdefault(who, []).append((sent, begin, end, received))
                results[batch.start : batch.stop], times, without = _unpacked(parcel, batch)
                hungry += without
                own = rows.setdefault(who, [])
                own.extend(zip(batch, times[0::3], times[1::3], times[2::3], strict=True))
        except self.died as error:
            raise _lost(job, under_way, error) from error
        return results, rows, hungry

    def _on_our_clock(self, rows: dict[str, list[Row]]) -> Iterator[tuple[int, list[Row]]]:
        for worker, (who, own) in enumerate(rows.items()):
            ahead = clock_offset(self.clocks[who])
            yield worker, [(index, start - ahead, end - ahead, cpu) for index, start, end, cpu in own]


def _next(replies: Replies) -> tuple[float, Future[Any], float]:
    while True:  # in slices: on Windows a wait without end is deaf to the stop button
        with suppress(Empty):
            return replies.get(timeout=0.1)


def batches(items: int, workers: int, item_seconds: float | None) -> Iterator[range]:
    """Cut `items` indices into ranges: large ones first, ever smaller ones, so that the workers end together.

    Guided self-scheduling (Polychronopoulos and Kuck 1987), with half of each worker's share of what is left, kept
    between a shortest and a longest batch by the measured length of an item.
    """
    at_least, at_most = 1, max(1, items // (4 * workers))
    if item_seconds is not None:
        at_least = max(1, min(at_most, ceil(SHORTEST_BATCH / max(item_seconds, 1e-9))))
        at_most = max(1, int(LONGEST_BATCH / max(item_seconds, 1e-9)))
    begin = 0
    while begin < items:
        size = max(at_least, min(at_most, ceil((items - begin) / (2 * workers))))
        end = min(items, begin + size)
        yield range(begin, end)
        begin = end


def clock_offset(readings: list[Reading]) -> float:
    """Seconds that a worker's clock is ahead of ours.

    What was begun there was sent here before, and what was received here had ended there before: each reading bounds
    the offset from both sides. Clocks that may be the same (they are, on Linux, macOS and Windows) are taken as such;
    otherwise it is the middle of the bounds (Cristian 1989).
    """
    low = max(end - received for _, _, end, received in readings)
    high = min(begin - sent for sent, begin, _, _ in readings)
    return 0.0 if low <= 0.0 <= high else (low + high) / 2


def _packed(things: list[Any], batch: range) -> bytes:
    try:
        return bytes(cloudpickle.dumps(things))
    except Exception as error:
        for index, thing in zip(batch, things, strict=True):
            try:
                cloudpickle.dumps(thing)
            except Exception as cause:
                raise Failure(index, cause, "cannot be sent to another process:") from error
        raise


def _unpacked(parcel: bytes, batch: range) -> tuple[list[Any], array[float], float]:
    try:
        answer = cloudpickle.loads(parcel)
    except Exception as error:
        raise Failure(batch.start, error, f"or one up to {batch[-1]}: its result cannot be read back:") from error
    if isinstance(answer, _Trouble):
        answer.error.add_note(f"In the worker process:\n{answer.text}")
        raise Failure(answer.index, answer.error, answer.happened)
    results, times, hungry = answer
    return results, times, hungry


def _lost(job: Job, under_way: dict[Future[Any], range], error: BaseException) -> WorkerDied:
    handed_out = tuple(sorted(i for batch in under_way.values() for i in batch))
    some = ", ".join(map(str, handed_out[:8])) + (" …" if len(handed_out) > 8 else "")
    return WorkerDied(
        f"engine {job.engine!r}: a worker process died (killed, crashed or out of memory) with items {some} handed out",
        job.engine,
        handed_out,
    )


# ---- In the worker ----

_remembered: list[bytes] = []
# What was unpacked last, by its digest: most workers do many batches of one task.
_tasks: dict[bytes, Any] = {}


def remember(task: bytes) -> None:
    """How a worker of this job only begins: it gets the task once for all."""
    _remembered[:] = [task]


class _Trouble:
    """What a worker sends instead of results."""

    def __init__(self, index: int, error: BaseException, happened: str, text: str) -> None:
        self.index, self.error, self.happened, self.text = index, error, happened, text


def hello() -> tuple[str, float, float]:
    begin = perf_counter()
    sleep(0.002)  # long enough for the other workers to take their own greeting
    return who(), begin, perf_counter()


def who() -> str:
    """This worker, among all of all machines: a thread, as several interpreters may share a process."""
    return f"{platform.node()} {os.getpid()} {threading.get_ident()}"


def work(task: bytes | None, first: int, parcel: bytes) -> tuple[str, float, float, bytes]:
    """Do one batch; who did it, this worker's clock before and after, and the packed results and times, or the trouble."""
    begin = perf_counter()
    answer = _answer(_remembered[0] if task is None else task, first, parcel)
    return who(), begin, perf_counter(), answer


def _unpacked_task(task: bytes) -> Any:
    digest = hashlib.sha256(task).digest()
    if digest not in _tasks:
        _tasks.clear()
        _tasks[digest] = cloudpickle.loads(task)
    return _tasks[digest]


def _answer(packed: bytes, first: int, parcel: bytes) -> bytes:
    try:
        task = _unpacked_task(packed)
    except Exception as error:
        return _trouble(first, error, "was not begun, as the task cannot be read in the worker process:")
    try:
        items = cloudpickle.loads(parcel)
    except Exception as error:
        return _trouble(first, error, "cannot be read in the worker process:")
    results: list[Any] = [None] * len(items)
    rows: list[Row] = []
    hungry = starved()
    try:
        work_through(task, range(len(items)), items, results, rows)
    except Failure as failure:
        return _trouble(first + failure.index, failure.error, "raised")
    hungry = starved() - hungry
    times = array("d", [time for row in rows for time in row[1:]])
    try:
        return bytes(cloudpickle.dumps((results, times, hungry)))
    except Exception as error:
        for index, result in enumerate(results):
            try:
                cloudpickle.dumps(result)
            except Exception as cause:
                happened = f"gave {short(result)}, which cannot be sent back from another process:"
                return _trouble(first + index, cause, happened)
        return _trouble(first, error, "gave a result that cannot be sent back from another process:")


def _trouble(index: int, error: BaseException, happened: str) -> bytes:
    text = "".join(traceback.format_exception(error))
    try:
        parcel = bytes(cloudpickle.dumps(_Trouble(index, error, happened, text)))
        cloudpickle.loads(parcel)  # many exceptions can be sent but not be put together again
        return parcel
    except Exception:
        stand_in = RuntimeError(f"{type(error).__name__}: {error} (the exception itself cannot be sent)")
        return bytes(cloudpickle.dumps(_Trouble(index, stand_in, happened, text)))

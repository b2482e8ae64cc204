"""The `processes` engine: worker processes that also take functions and lambdas from notebook cells.

The pool is loky's, of this comparison only: it starts for the comparison (so that its start-up is measured each time),
stays warm between the repeats, is nobody else's, and has ended when `compare` returns.
"""

from __future__ import annotations

import os
import signal
import traceback
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from math import ceil
from queue import Empty, SimpleQueue
from time import perf_counter, sleep
from typing import Any

import cloudpickle  # type: ignore[import-untyped]

from .runs import Job, Outcome, Run, Unavailable, WorkerDied, short
from .working import Failure, Row, as_spans, naming, work_through

# A batch is worth sending from about 2 ms on (sending one costs a fraction of that), and over after about 50 ms.
SHORTEST_BATCH, LONGEST_BATCH = 0.002, 0.05
# Set in a worker process: there, nobody is to start workers of their own.
WORKER = "KITCHEN_WORKER"
# Workers whose parent has vanished without a word leave after this many idle seconds.
ORPHANED = 300.0


@contextmanager
def processes(job: Job) -> Iterator[Callable[[], Outcome]]:
    """Worker processes, one per usable CPU by default; short items travel in batches."""
    workers = min(job.workers or job.cpus, max(1, len(job.items)))
    try:
        task = cloudpickle.dumps(job.task)
    except Exception as error:
        raise TypeError(
            f"engine {job.engine!r} cannot send the task {short(job.task)} to another process: {error}. "
            "Make what cannot be sent inside the task, or leave this engine out (engines=…)"
        ) from error
    clocks: Clocks = {}
    begun = perf_counter()
    pool = _open_pool(workers, task)
    healthy = False
    try:
        try:
            _greet(job, pool, workers, clocks)
        except (NotImplementedError, OSError, AssertionError) as error:  # no semaphores; a daemon has no children
            raise Unavailable(f"worker processes cannot be started here: {error}") from error
        startup = perf_counter() - begun

        def run() -> Outcome:
            _greet(job, pool, workers, clocks)
            started = perf_counter()
            with naming(job):
                results, rows = _deal_out(job, pool, workers, clocks)
            seconds = perf_counter() - started
            spans = as_spans(len(job.items), _on_our_clock(rows, clocks))
            return Outcome(results, Run(seconds, startup, spans, workers, started))

        yield run
        healthy = True
    finally:
        # After any error the workers may be deep in an item: nothing is to go on running behind the reader's back.
        pool.shutdown(wait=True, kill_workers=not healthy)


# (sent here, begun there, ended there, received here): the first and the last by our clock, the others by the worker's.
Reading = tuple[float, float, float, float]
# The readings of each worker, by its pid.
Clocks = dict[int, list[Reading]]
# (sent, the future, received) of what has come back.
Replies = SimpleQueue[tuple[float, "Future[Any]", float]]


def _open_pool(workers: int, task: bytes) -> Any:
    try:
        from loky import ProcessPoolExecutor

        return ProcessPoolExecutor(workers, timeout=ORPHANED, initializer=_prepare, initargs=(task,))
    except (ImportError, NotImplementedError, OSError, RuntimeError) as error:
        raise Unavailable(f"worker processes cannot be started here: {error}") from error


def _greet(job: Job, pool: Any, workers: int, clocks: Clocks) -> None:
    """Wait until every worker has answered once, and note the clocks: fresh readings, as clocks may drift."""
    clocks.clear()
    deadline = perf_counter() + 60.0
    try:
        while len(clocks) < workers and perf_counter() < deadline:
            replies: Replies = SimpleQueue()
            for _ in range(workers):
                _submit(pool, replies, _hello)
            for _ in range(workers):
                sent, reply, received = _next(replies)
                pid, begin, end = reply.result()
                clocks.setdefault(pid, []).append((sent, begin, end, received))
    except BrokenProcessPool as error:
        raise WorkerDied(f"engine {job.engine!r}: a worker process died while idle: {error}", job.engine) from error


def _submit(pool: Any, replies: Replies, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    sent = perf_counter()
    future: Future[Any] = pool.submit(function, *arguments)
    future.add_done_callback(lambda done: replies.put((sent, done, perf_counter())))
    return future


def _next(replies: Replies) -> tuple[float, Future[Any], float]:
    while True:  # in slices: on Windows a wait without end is deaf to the stop button
        with suppress(Empty):
            return replies.get(timeout=0.1)


def _deal_out(job: Job, pool: Any, workers: int, clocks: Clocks) -> tuple[list[Any], dict[int, list[Row]]]:
    """Send the items in batches, a few ahead of the workers; results in order, and the rows of each worker by pid."""
    results: list[Any] = [None] * len(job.items)
    rows: dict[int, list[Row]] = {}
    replies: Replies = SimpleQueue()
    under_way: dict[Future[Any], range] = {}
    todo = batches(len(job.items), workers, job.item_seconds)

    def send() -> None:
        batch = next(todo, None)
        if batch is not None:
            parcel = _packed([job.items[i] for i in batch], batch)
            under_way[_submit(pool, replies, _work, batch.start, parcel)] = batch

    try:
        for _ in range(2 * workers + 1):
            send()
        while under_way:
            sent, reply, received = _next(replies)
            pid, begin, end, parcel = reply.result()
            batch = under_way.pop(reply)
            send()
            clocks.setdefault(pid, []).append((sent, begin, end, received))
            results[batch.start : batch.stop], times = _unpacked(parcel, batch)
            own = rows.setdefault(pid, [])
            own.extend(zip(batch, times[0::3], times[1::3], times[2::3], strict=True))
    except BrokenProcessPool as error:
        raise _died(job, under_way, error) from error
    return results, rows


def _on_our_clock(rows: dict[int, list[Row]], clocks: Clocks) -> Iterator[tuple[int, list[Row]]]:
    for worker, (pid, own) in enumerate(rows.items()):
        ahead = clock_offset(clocks[pid])
        yield worker, [(index, start - ahead, end - ahead, cpu) for index, start, end, cpu in own]


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


def _unpacked(parcel: bytes, batch: range) -> tuple[list[Any], array[float]]:
    try:
        answer = cloudpickle.loads(parcel)
    except Exception as error:
        raise Failure(batch.start, error, f"or one up to {batch[-1]}: its result cannot be read back:") from error
    if isinstance(answer, _Trouble):
        answer.error.add_note(f"In the worker process:\n{answer.text}")
        raise Failure(answer.index, answer.error, answer.happened)
    results, times = answer
    return results, times


def _died(job: Job, under_way: dict[Future[Any], range], error: BaseException) -> WorkerDied:
    handed_out = tuple(sorted(i for batch in under_way.values() for i in batch))
    some = ", ".join(map(str, handed_out[:8])) + (" …" if len(handed_out) > 8 else "")
    return WorkerDied(
        f"engine {job.engine!r}: a worker process died (killed, crashed or out of memory) with items {some} handed out",
        job.engine,
        handed_out,
    )


# ---- In the worker process ----

_task: Any = None


class _Trouble:
    """What a worker sends instead of results."""

    def __init__(self, index: int, error: BaseException, happened: str, text: str) -> None:
        self.index, self.error, self.happened, self.text = index, error, happened, text


def _prepare(task: bytes) -> None:
    global _task
    _task = task
    # The stop button reaches the whole group of processes; the parent ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ[WORKER] = "1"


def _hello() -> tuple[int, float, float]:
    begin = perf_counter()
    sleep(0.002)  # long enough for the other workers to take their own greeting
    return os.getpid(), begin, perf_counter()


def _work(first: int, parcel: bytes) -> tuple[int, float, float, bytes]:
    """Do one batch; pid, this process's clock before and after, and the packed results and times, or the trouble."""
    begin = perf_counter()
    answer = _answer(first, parcel)
    return os.getpid(), begin, perf_counter(), answer


def _answer(first: int, parcel: bytes) -> bytes:
    global _task
    try:
        if isinstance(_task, bytes):
            _task = cloudpickle.loads(_task)
    except Exception as error:
        return _trouble(first, error, "was not begun, as the task cannot be read in the worker process:")
    try:
        items = cloudpickle.loads(parcel)
    except Exception as error:
        return _trouble(first, error, "cannot be read in the worker process:")
    results: list[Any] = [None] * len(items)
    rows: list[Row] = []
    try:
        work_through(_task, range(len(items)), items, results, rows)
    except Failure as failure:
        return _trouble(first + failure.index, failure.error, "raised")
    times = array("d", [time for row in rows for time in row[1:]])
    try:
        return bytes(cloudpickle.dumps((results, times)))
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

"""The engines: one way each to do a task over items, all of the same shape.

An engine is a function that takes a Job and is a context manager: entering starts its workers, what it yields does the
whole job once per call and returns an Outcome, leaving ends the workers. A new engine is one more such function, and
one more line in `ENGINES`. It raises Unavailable on entering when it cannot run here.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import Any, TypeVar

from .asynchronous import serve_all
from .cluster import dask
from .interpreters import interpreters
from .processes import processes
from .runs import Engine, Job, Outcome, Run, Span, TaskFailed, Unavailable, WorkerDied
from .working import Row, Stopped, as_spans, naming, starved, work_through

__all__ = ["ENGINES", "Run", "Span", "TaskFailed", "Unavailable", "WorkerDied"]


@contextmanager
def sequential(job: Job) -> Iterator[Callable[[], Outcome]]:
    """One worker, one item after the other, in the thread of the caller."""

    def run() -> Outcome:
        results: list[Any] = [None] * len(job.items)
        rows: list[Row] = []
        hungry, started = starved(), perf_counter()
        with naming(job):
            work_through(job.task, range(len(job.items)), job.items, results, rows)
        seconds, hungry = perf_counter() - started, starved() - hungry
        return Outcome(results, Run(seconds, 0.0, as_spans(len(job.items), [(0, rows)]), 1, started, hungry))

    yield run


@contextmanager
def threads(job: Job) -> Iterator[Callable[[], Outcome]]:
    """Threads that take the next item when they have done one. At least four by default: waiting needs no CPU."""
    workers = min(job.workers or max(4, job.cpus), max(1, len(job.items)))

    def run() -> Outcome:
        results: list[Any] = [None] * len(job.items)
        rows: list[list[Row]] = [[] for _ in range(workers)]
        hungry: list[float] = []
        todo = deque(range(len(job.items)))
        ready: SimpleQueue[None] = SimpleQueue()
        done: SimpleQueue[BaseException | None] = SimpleQueue()
        go = threading.Event()

        def work(own: list[Row]) -> None:
            ended: BaseException | None = None
            try:
                ready.put(None)
                go.wait()
                before = starved()
                work_through(job.task, taking(todo), job.items, results, own)
                hungry.append(starved() - before)
            except BaseException as error:
                ended = error
            done.put(ended)

        crew = [threading.Thread(target=work, args=(own,), name=f"worker-{n}", daemon=True) for n, own in enumerate(rows)]
        begun = perf_counter()
        try:
            for thread in crew:
                thread.start()
            for _ in crew:
                wait_for(ready)
            startup, started = perf_counter() - begun, perf_counter()
            go.set()
            for _ in crew:
                if (ended := wait_for(done)) is not None:
                    raise ended
            seconds = perf_counter() - started
        except BaseException as error:
            todo.clear()
            go.set()
            stop(crew, error)
            raise
        for thread in crew:
            thread.join()
        spans = as_spans(len(job.items), enumerate(rows))
        return Outcome(results, Run(seconds, startup, spans, workers, started, sum(hungry)))

    def named_run() -> Outcome:
        with naming(job):
            return run()

    yield named_run


@contextmanager
def coroutines(job: Job) -> Iterator[Callable[[], Outcome]]:
    """One event loop, in a thread of its own so that it also works inside a notebook's running loop.

    All items are under way at once: a limit, where one is needed, belongs into the task (`asyncio.Semaphore`).
    """
    if job.async_task is None:
        raise Unavailable("it needs async_task=, the task as a coroutine function")
    begun = perf_counter()
    loops: SimpleQueue[asyncio.AbstractEventLoop] = SimpleQueue()
    closing = asyncio.Event()

    def live() -> None:
        # Runner ends what the reader's coroutines have left behind, as asyncio.run would.
        with suppress(Stopped), asyncio.Runner() as runner:
            loops.put(runner.get_loop())
            runner.run(closing.wait())

    def run() -> Outcome:
        done: SimpleQueue[None] = SimpleQueue()
        started = perf_counter()
        order = asyncio.run_coroutine_threadsafe(serve_all(job), loop)
        order.add_done_callback(lambda _: done.put(None))
        try:
            wait_for(done)
        except BaseException:
            order.cancel()
            raise
        with naming(job):
            results, rows = order.result()
        seconds = perf_counter() - started
        return Outcome(results, Run(seconds, startup, as_spans(len(job.items), [(0, rows)]), 1, started))

    thread = threading.Thread(target=live, name="worker-async", daemon=True)
    error: BaseException | None = None
    try:
        thread.start()
        loop = wait_for(loops)
        startup = perf_counter() - begun
        yield run
        loop.call_soon_threadsafe(closing.set)
    except BaseException as raised:
        error = raised
        with suppress(NameError, RuntimeError):  # not begun yet, or closed already
            loop.call_soon_threadsafe(closing.set)
        raise
    finally:
        stop([thread], error, politely=0.3)


ENGINES: dict[str, Engine] = {
    "sequential": sequential,
    "threads": threads,
    "async": coroutines,
    "processes": processes,
    "interpreters": interpreters,
    "dask": dask,
}
# Those that need nothing but this package, on any Python: they run when none are named.
USUAL = ("sequential", "threads", "async", "processes")


def taking(todo: deque[int]) -> Iterator[int]:
    """What is left to do, shared by several threads: `popleft` is one step, with and without the GIL."""
    while todo:
        try:
            index = todo.popleft()
        except IndexError:  # another thread took the last one
            return
        yield index


_T = TypeVar("_T")


def wait_for(queue: SimpleQueue[_T]) -> _T:
    """The next thing from a queue, in slices: on Windows a wait without end is deaf to the stop button."""
    while True:
        with suppress(Empty):
            return queue.get(timeout=0.1)


def stop(crew: list[threading.Thread], error: BaseException | None, politely: float = 0.02) -> None:
    """End threads within half a second, as far as Python can: computing ends now, a wait after it is over.

    No item is begun any more. A thread that waits in C code (sleep, a socket, a lock) cannot be ended; it ends itself
    as soon as that wait is over, and `error` gets a note of it.
    """
    deadline = perf_counter() + 0.5
    begun = [thread for thread in crew if thread.ident is not None]
    # Threads that have nothing left to do need a moment only; throwing into them would be noise.
    join_all(begun, perf_counter() + politely)
    for thread in begun:
        if thread.is_alive() and thread.ident is not None:
            throw(thread.ident, Stopped)
    join_all(begun, deadline)
    left = sum(thread.is_alive() for thread in begun)
    if left and error is not None:
        error.add_note(f"{left} thread(s) could not be stopped while they wait; each ends when its wait is over.")


def join_all(crew: list[threading.Thread], deadline: float) -> None:
    for thread in crew:
        thread.join(max(0.0, deadline - perf_counter()))


def throw(ident: int, kind: type[BaseException]) -> None:
    """Raise `kind` in another thread at its next step of Python code. CPython only; elsewhere nothing happens."""
    with suppress(ImportError, AttributeError):
        from ctypes import c_ulong, py_object, pythonapi

        pythonapi.PyThreadState_SetAsyncExc(c_ulong(ident), py_object(kind))

"""Model of `concurrent.futures.ThreadPoolExecutor` and of the futures that it makes."""

from __future__ import annotations

import concurrent.futures as real
import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.thread import BrokenThreadPool
from typing import Any

from ..threads import READ, WRITE, VirtualThread, current
from .base import Model

_births = itertools.count()
_BROKEN = "A thread initializer failed, the thread pool is not usable anymore"


class Future(Model):
    """`concurrent.futures.Future`."""

    what = "future"

    def __init__(self) -> None:
        super().__init__()
        self.born = next(_births)
        self.state = "pending"  # then running, and finished; or cancelled, and notified when a worker comes to it
        self.value: Any = None
        self.error: BaseException | None = None
        self.callbacks: list[Callable[[Any], Any]] = []

    def over(self) -> bool:
        return self.state in ("finished", "cancelled", "notified")

    def told(self) -> bool:
        """Do `wait` and `as_completed` know that it is over? Of one that was cancelled they are told by a worker only."""
        return self.state in ("finished", "notified")

    def move(self, state: str) -> VirtualThread:
        thread, _ = self.step(state, ((self.key, WRITE),))
        return thread

    def settle(self, thread: VirtualThread, state: str) -> None:
        self.state = state
        thread.writes += 1
        self.changed(thread)
        self.log(thread, state)
        for callback in self.callbacks:
            self._call(thread, callback)

    def _call(self, thread: VirtualThread, callback: Callable[[Any], Any]) -> None:
        try:
            thread.run.session.call(callback, self)
        except Exception:
            return

    def wait(self, timeout: float | None) -> VirtualThread:
        ready = self.over if timeout is None else None
        thread, _ = self.step("result", ((self.key, READ),), ready)
        self.log(thread, "result", self.state)
        if not self.over():
            raise real.TimeoutError
        if self.state != "finished":
            raise real.CancelledError
        return thread

    def result(self, timeout: float | None = None) -> Any:
        self.wait(timeout)
        if self.error is not None:
            raise self.error
        return self.value

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self.wait(timeout)
        return self.error

    def look(self) -> str:
        self.step("look", ((self.key, READ),))
        return self.state

    def done(self) -> bool:
        self.look()
        return self.over()

    def running(self) -> bool:
        return self.look() == "running"

    def cancelled(self) -> bool:
        return self.look() in ("cancelled", "notified")

    def cancel(self) -> bool:
        thread = self.move("cancel")
        if self.state in ("running", "finished"):
            return False
        if self.state == "pending":
            self.settle(thread, "cancelled")
        return True

    def set_result(self, result: Any) -> None:
        thread = self.move("finish")
        if self.over():
            raise real.InvalidStateError(f"{self.state.upper()}: a future is set once")
        self.value = result
        self.settle(thread, "finished")

    def set_exception(self, exception: BaseException | None) -> None:
        thread = self.move("finish")
        if self.over():
            raise real.InvalidStateError(f"{self.state.upper()}: a future is set once")
        self.error = exception
        self.settle(thread, "finished")

    def set_running_or_notify_cancel(self) -> bool:
        thread = self.move("run")
        if self.state == "cancelled":
            self.state = "notified"
        elif self.state == "pending":
            self.state = "running"
        else:
            raise RuntimeError("Future in unexpected state")
        thread.writes += 1
        self.changed(thread)
        return self.state == "running"

    def add_done_callback(self, callback: Callable[[Any], Any]) -> None:
        thread, _ = self.step("callback", ((self.key, WRITE),))
        thread.run.session.ensure(callback)
        if self.over():
            self._call(thread, callback)
        else:
            self.callbacks.append(callback)


class Executor(Model):
    """`ThreadPoolExecutor`: threads are added up to `max_workers` while none is idle, and take the oldest task."""

    what = "executor"

    def __init__(
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        initializer: Callable[..., Any] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        super().__init__()
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        self.limit = max_workers or 5
        self.prefix = thread_name_prefix or "ThreadPoolExecutor-0"
        self.initializer, self.initargs = initializer, initargs
        self.tasks: deque[tuple[Future, Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = deque()
        self.workers: list[VirtualThread] = []
        self.busy = 0
        self.closed = False
        self.broken = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        thread, _ = self.step("submit", ((self.key, WRITE),))
        if self.broken:
            raise BrokenThreadPool(_BROKEN)
        if self.closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        thread.run.session.ensure(fn)
        future = Future()
        thread.run.session.made(thread, future)
        self.tasks.append((future, fn, args, kwargs))
        thread.writes += 1
        self.changed(thread)
        self.log(thread, "submit", getattr(fn, "__name__", "task"))
        if len(self.workers) < self.limit and len(self.workers) - self.busy < len(self.tasks):
            path = (*thread.path, thread.children)
            thread.children += 1
            name = f"{self.prefix}_{len(self.workers)}"
            # Idle workers are no threads that wait for ever: Python ends them when it ends.
            worker = thread.run.add(path, name, self.work, thread, True)
            worker.real = threading.Thread(name=name)  # what `current_thread` tells in it
            self.workers.append(worker)
        return future

    def give_up(self) -> None:
        """A worker could not begin: no task is done any more."""
        thread, _ = self.step("break", ((self.key, WRITE),))
        self.broken = True
        thread.writes += 1
        self.changed(thread)
        while self.tasks:
            self.tasks.popleft()[0].set_exception(BrokenThreadPool(_BROKEN))

    def work(self) -> None:
        thread = self.acting()
        if self.initializer is not None:
            thread.daemon = False
            try:
                thread.run.session.call(self.initializer, *self.initargs)
            except (KeyboardInterrupt, GeneratorExit):
                raise
            except (Exception, SystemExit):
                self.give_up()
                return
            thread.daemon = True
        while True:
            thread, _ = self.step("take", ((self.key, WRITE),), lambda: bool(self.tasks) or self.closed)
            if not self.tasks:
                return
            future, fn, args, kwargs = self.tasks.popleft()
            self.busy += 1
            thread.daemon = False
            thread.writes += 1
            self.changed(thread)
            self.log(thread, "take", getattr(fn, "__name__", "task"))
            if future.set_running_or_notify_cancel():
                try:
                    future.value = thread.run.session.call(fn, *args, **kwargs)
                except (KeyboardInterrupt, GeneratorExit):
                    raise
                except (Exception, SystemExit) as error:
                    future.error = error
                thread = future.move("finish")
                future.settle(thread, "finished")
            self.step("idle", ((self.key, WRITE),))
            self.busy -= 1
            thread.daemon = True

    def map(
        self, fn: Callable[..., Any], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[Any]:
        each = self.acting().run.session.each
        futures = [self.submit(fn, *args) for args in zip(*(each(values) for values in iterables), strict=False)]

        def results() -> Iterator[Any]:
            try:
                for future in futures:
                    yield future.result(timeout)
            finally:
                for future in futures:
                    if future.state == "pending":
                        future.cancel()

        return results()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        thread, _ = self.step("shutdown", ((self.key, WRITE),))
        self.closed = True
        thread.writes += 1
        self.changed(thread)
        self.log(thread, "shutdown")
        if cancel_futures:
            while self.tasks:
                self.tasks.popleft()[0].cancel()
        if wait:
            for worker in self.workers:
                if not worker.done:
                    thread.run.wait(thread, thread.call_site, "end", worker)
                thread.run.joined(thread, worker)

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()


def _in_order(fs: Iterable[Future]) -> list[Future]:
    """The futures in the order in which they were made, the same in every run."""
    thread = current()
    return sorted(set(fs) if thread is None else thread.run.session.all_of(fs), key=lambda future: future.born)


def wait(fs: Iterable[Future], timeout: float | None = None, return_when: str = real.ALL_COMPLETED) -> Any:
    futures = _in_order(fs)

    def ready() -> bool:
        over = [f for f in futures if f.told()]
        if return_when == real.FIRST_COMPLETED and over:
            return True
        if return_when == real.FIRST_EXCEPTION and any(f.error is not None for f in over):
            return True
        return len(over) == len(futures)

    if futures:
        accesses = tuple((f.key, READ) for f in futures)
        futures[0].step("result", accesses, ready if timeout is None else None)
    done = {f for f in futures if f.told()}
    return real.wait.__globals__["DoneAndNotDoneFutures"](done, set(futures) - done)


def as_completed(fs: Iterable[Future], timeout: float | None = None) -> Iterator[Future]:
    """In the order of completion; which of several that are over comes first is not promised, and tried."""
    pending = _in_order(fs)
    while pending:

        def choices() -> int:
            return max(1, sum(f.told() for f in pending))

        ready = (lambda: any(f.told() for f in pending)) if timeout is None else None
        accesses = tuple((f.key, READ) for f in pending)
        _, which = pending[0].step("result", accesses, ready, choices)
        over = [f for f in pending if f.told()]
        if not over:
            raise real.TimeoutError(f"{len(pending)} (of {len(pending)}) futures unfinished")
        future = over[min(which, len(over) - 1)]
        pending.remove(future)
        yield future

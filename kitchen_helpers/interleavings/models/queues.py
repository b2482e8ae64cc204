"""Models of the queues of the module `queue`."""

from __future__ import annotations

import heapq
import queue
from collections import deque
from collections.abc import Callable
from typing import Any

from ..threads import ADD, READ, WRITE, VirtualThread
from .base import Model


class Queue(Model):
    """`queue.Queue`: any waiting thread may be next."""

    what = "queue"
    undisturbed: Callable[[], bool] | None = None
    """Says whether nobody is in the middle of a method; None if nobody ever is."""

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__()
        self.maxsize = maxsize
        self.items: Any = deque()
        self.unfinished = 0
        self.is_shutdown = False
        self.exposed = False
        """The program got hold of what holds the items, past all steps."""
        if hasattr(queue.Queue, "shutdown"):
            self.shutdown = self._shutdown

    def step(self, *args: Any, **kwargs: Any) -> tuple[VirtualThread, int]:
        thread, alternative = super().step(*args, **kwargs)
        if self.exposed and not thread.run.solo:
            session = thread.run.session
            session.forbid(thread, thread.call_site, "what holds the items of a queue is used past the queue")
        return thread, alternative

    def room(self) -> bool:
        return self.maxsize <= 0 or len(self.items) < self.maxsize or self.is_shutdown

    def filled(self) -> bool:
        return len(self.items) > 0 or self.is_shutdown

    def enter(self, item: Any) -> None:
        self.items.append(item)

    def leave(self) -> Any:
        return self.items.popleft()

    def turn(
        self, doing: str, accesses: Any, ready: Callable[[], bool], block: bool, timeout: float | None
    ) -> VirtualThread:
        if block and timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        waits = block and timeout is None
        thread, _ = self.step(doing if waits else "try", accesses, ready if waits else self.undisturbed)
        return thread

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        thread = self.turn("put", ((self.key, WRITE), (self.tasks, ADD)), self.room, block, timeout)
        if self.is_shutdown:
            raise queue.ShutDown  # type: ignore[attr-defined,unused-ignore]
        if not self.room():
            self.saw(thread)
            self.log(thread, "try", "full")
            raise queue.Full
        self.enter(item)
        self.unfinished += 1
        self.moved(thread, "put", item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        thread = self.turn("get", ((self.key, WRITE),), self.filled, block, timeout)
        if not self.items:
            if self.is_shutdown:
                raise queue.ShutDown  # type: ignore[attr-defined,unused-ignore]
            self.saw(thread)
            self.log(thread, "try", "empty")
            raise queue.Empty
        item = self.leave()
        self.moved(thread, "get", item)
        return item

    def moved(self, thread: VirtualThread, doing: str, item: Any) -> None:
        thread.writes += 1
        self.changed(thread)
        self.log(thread, doing, item)

    def put_nowait(self, item: Any) -> None:
        self.put(item, block=False)

    def get_nowait(self) -> Any:
        return self.get(block=False)

    def look(self) -> int:
        thread, _ = self.step("look", ((self.key, READ),), self.undisturbed)
        self.log(thread, "look", len(self.items))
        return len(self.items)

    def qsize(self) -> int:
        return self.look()

    def empty(self) -> bool:
        return not self.look()

    def full(self) -> bool:
        return 0 < self.maxsize <= self.look()

    @property
    def queue(self) -> Any:
        self.exposed = True
        self.look()
        return self.items

    @property
    def tasks(self) -> tuple[int, str]:
        return self.key, "tasks"

    @property
    def unfinished_tasks(self) -> int:
        self.step("look", ((self.tasks, READ),))
        return self.unfinished

    def task_done(self) -> None:
        thread, _ = self.step("task_done", ((self.tasks, WRITE),), self.undisturbed)
        if self.unfinished <= 0:
            raise ValueError("task_done() called too many times")
        self.unfinished -= 1
        thread.writes += 1
        self.changed(thread, self.tasks)
        self.log(thread, "task_done", self.unfinished)

    def join(self) -> None:
        thread, _ = self.step("join", ((self.tasks, READ),), lambda: self.unfinished == 0)
        self.log(thread, "join")

    def _shutdown(self, immediate: bool = False) -> None:
        thread, _ = self.step("shutdown", ((self.key, WRITE), (self.tasks, WRITE)), self.undisturbed)
        self.is_shutdown = True
        if immediate:
            while self.items:
                self.leave()
                if self.unfinished > 0:
                    self.unfinished -= 1
        self.moved(thread, "shutdown", None)
        self.changed(thread, self.tasks)


class LifoQueue(Queue):
    """`queue.LifoQueue`."""

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self.items = []

    def leave(self) -> Any:
        return self.items.pop()


class PriorityQueue(LifoQueue):
    """`queue.PriorityQueue`: while it compares items, which may take steps, nobody else gets in."""

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self.busy = False

    def undisturbed(self) -> bool:
        return not self.busy

    def room(self) -> bool:
        return not self.busy and super().room()

    def filled(self) -> bool:
        return not self.busy and super().filled()

    def enter(self, item: Any) -> None:
        self.compare(heapq.heappush, self.items, item)

    def leave(self) -> Any:
        return self.compare(heapq.heappop, self.items)

    def compare(self, move: Callable[..., Any], *args: Any) -> Any:
        thread = self.acting()
        before, self.busy = thread.steps, True
        try:
            return move(*args)
        finally:
            if thread.steps != before:  # what it did is seen by others before they get in
                self.step("acted", ((self.key, WRITE),))
            self.busy = False


class SimpleQueue(Model):
    """`queue.SimpleQueue`: no bound, no tasks."""

    what = "queue"

    def __init__(self) -> None:
        super().__init__()
        self.inner = Queue()
        self.put = lambda item, block=True, timeout=None: self.inner.put(item)
        self.put_nowait = lambda item: self.inner.put(item)
        self.get = self.inner.get
        self.get_nowait = self.inner.get_nowait
        self.qsize = self.inner.qsize
        self.empty = self.inner.empty

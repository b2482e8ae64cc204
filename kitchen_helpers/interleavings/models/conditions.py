"""Models of Condition and Barrier: threads that wait for what another one does."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..threads import ADD, READ, WRITE, Access, VirtualThread
from .base import Model
from .locks import Lock, RLock


class Waiter:
    """A thread that waits for a notification."""

    __slots__ = ("notified", "thread", "timed")

    def __init__(self, thread: VirtualThread, timed: bool):
        self.thread = thread
        self.timed = timed
        self.notified = False


class Condition(Model):
    """`threading.Condition`: `notify` wakes the longest waiting; when strict, any of them, and some wake for no reason."""

    what = "condition"

    def __init__(self, lock: Lock | None = None) -> None:
        super().__init__()
        self.lock = RLock() if lock is None else lock
        self.waiters: list[Waiter] = []
        self.acquire = self.lock.acquire
        self.release = self.lock.release

    def __enter__(self) -> bool:
        return self.lock.acquire()

    def __exit__(self, *exception: object) -> None:
        self.lock.release()

    def owned(self) -> bool:
        """Is the lock held? A plain Lock does not know by whom: then it depends on the moment at which it is asked."""
        if not isinstance(self.lock, RLock) and self.lock.owner is not self.acting():
            return self.lock.locked()
        return self.lock.owned()

    def wait(self, timeout: float | None = None) -> bool:
        if not self.owned():
            raise RuntimeError("cannot wait on un-acquired lock")
        thread = self.acting()
        run, lock = thread.run, self.lock
        waiter = Waiter(thread, timeout is not None)
        self.waiters.append(waiter)
        if run.sharing.lock_releases:
            self.step("release", ((lock.key, WRITE),))
        count = lock.give_all(thread)
        self.changed(thread, (self.key, "waiting"))
        self.log(thread, "wait")

        def awake() -> bool:
            return waiter.notified and lock.free()

        def can_go_on() -> bool:
            return awake() if waiter.notified else waiter.timed or run.spurious > 0

        def only_by_chance() -> bool:
            return not waiter.notified and not waiter.timed

        def uses() -> tuple[Access, ...]:
            if waiter.notified:
                return ((lock.key, WRITE),)
            if waiter.timed:
                return (lock.key, WRITE), (self.key, WRITE)
            # Two wake-ups for no reason commute as long as there are two left.
            return (lock.key, WRITE), (self.key, WRITE), ("spurious", ADD if run.spurious > 1 else WRITE)

        if run.strict:
            self.recheck(thread)
            # A wake-up for no reason, or a time-out that comes together with the notification.
            doubtful = (lambda: 2 if waiter.notified else 1) if waiter.timed else None
            _, late = self.step("wake", uses(), can_go_on, doubtful, only_by_chance, uses)
        else:
            _, late = self.step("wake", uses(), can_go_on if waiter.timed else awake, uses=uses)
        notified = waiter.notified
        if not notified:
            self.waiters.remove(waiter)
            if not waiter.timed:
                run.spurious -= 1
                depth = run.strategy.depth - 1
                thread.doubt = (self, self.caller(), thread.writes, depth)
            self.saw(thread, (self.key, "notified"), retries=waiter.timed)
            self.log(thread, "expire" if waiter.timed else "spurious")
            self.step("acquire", ((lock.key, WRITE),), lock.free)
        lock.take_again(thread, count)
        self.log(thread, "wake")
        return (notified and not late) or not waiter.timed

    def caller(self) -> Any:
        """Where the reader's code waits, and its local variables."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and "interleavings" in frame.f_code.co_filename:
            frame = frame.f_back
        return None if frame is None else (frame, frame.f_lasti, dict(frame.f_locals))

    def recheck(self, thread: VirtualThread) -> None:
        """After a wake-up for no reason it waits again, and nothing has changed: as if it had not woken up.

        What follows is then covered by the schedules without this wake-up.
        """
        doubt, thread.doubt = thread.doubt, None
        if doubt is not None and doubt[0] is self and doubt[2] == thread.writes and _unchanged(doubt[1], self.caller()):
            thread.run.strategy.repeated(thread.run, doubt[3])
            thread.run.stop(thread, "cut")

    def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
        session = self.acting().run.session
        result = session.answer(predicate)
        while not result:
            if not self.wait(timeout) and timeout is not None:
                return session.answer(predicate)
            result = session.answer(predicate)
        return result

    def notify(self, n: int = 1) -> None:
        if not self.owned():
            raise RuntimeError("cannot notify on un-acquired lock")
        thread = self.acting()
        run = thread.run
        chosen = self.waiters[:n]
        if run.strict and 0 < n < len(self.waiters):
            sets = list(itertools.combinations(self.waiters, n))
            _, alternative = self.step("notify", ((self.key, WRITE),), None, lambda: len(sets))
            chosen = [w for w in sets[alternative] if w in self.waiters]
        elif self.waiters and (run.strict or any(w.timed for w in self.waiters)):
            self.step("notify", ((self.key, WRITE),))
            chosen = self.waiters[:n]
        for waiter in chosen:
            # Its pending step is another one from now on: what it could have been has to be looked at first.
            run.strategy.foresee(run, waiter.thread)
            waiter.notified = True
            self.waiters.remove(waiter)
            run.strategy.learn(waiter.thread, thread.clock)
            thread.writes += 1
        if chosen:
            self.changed(thread, (self.key, "notified"))
        self.log(thread, "notify", [w.thread for w in chosen])

    def notify_all(self) -> None:
        self.notify(len(self.waiters) or 1)

    notifyAll = notify_all


def _unchanged(before: Any, after: Any) -> bool:
    if before is None or after is None or before[:2] != after[:2] or before[2].keys() != after[2].keys():
        return False
    return all(value is after[2][name] for name, value in before[2].items())


class Barrier(Model):
    """`threading.Barrier`, with the states of CPython's."""

    what = "barrier"

    def __init__(self, parties: int, action: Callable[[], Any] | None = None, timeout: float | None = None) -> None:
        super().__init__()
        if parties < 1:
            raise ValueError("parties must be >= 1")
        self._parties = parties
        self._action = action
        self._timeout = timeout
        self.count = 0
        self.state = "filling"  # then draining; or resetting, broken
        self.busy = False
        """The action runs, and the barrier's own lock is held."""

    def open(self) -> bool:
        return not self.busy and self.state not in ("draining", "resetting")

    def idle(self) -> bool:
        return not self.busy

    def wait(self, timeout: float | None = None) -> int:
        timed = (self._timeout if timeout is None else timeout) is not None
        thread, _ = self.step("arrive", ((self.key, WRITE),), self.open)
        self.check()
        index = self.count
        self.count += 1
        thread.writes += 1
        self.changed(thread)
        self.log(thread, "arrive", self.count)
        try:
            if index + 1 == self._parties:
                self.release(thread)
            else:
                ready = self.idle if timed else (lambda: not self.busy and self.state != "filling")
                thread, _ = self.step("pass", ((self.key, WRITE if timed else ADD),), ready)
                if self.state == "filling":
                    self.state = "broken"
                self.check()
            self.log(thread, "pass")
            return index
        finally:
            self.count -= 1
            if self.count == 0 and self.state in ("draining", "resetting"):
                self.state = "filling"
            self.changed(thread)

    def release(self, thread: VirtualThread) -> None:
        before, state = thread.steps, "broken"
        try:
            if self._action is not None:
                self.busy = True
                thread.run.session.call(self._action)
            state = "draining"
        finally:
            if thread.steps != before:  # what the action did is seen by others before the barrier opens
                self.step("acted", ((self.key, WRITE),))
            self.busy = False
            self.state = state

    def check(self) -> None:
        if self.state in ("broken", "resetting"):
            raise threading.BrokenBarrierError

    def abort(self) -> None:
        thread, _ = self.step("abort", ((self.key, WRITE),), self.idle)
        self.state = "broken"
        thread.writes += 1
        self.changed(thread)
        self.log(thread, "abort")

    def reset(self) -> None:
        thread, _ = self.step("reset", ((self.key, WRITE),), self.idle)
        if self.count:
            self.state = "resetting" if self.state in ("filling", "broken") else self.state
        else:
            self.state = "filling"
        thread.writes += 1
        self.changed(thread)
        self.log(thread, "reset")

    @property
    def parties(self) -> int:
        return self._parties

    @property
    def n_waiting(self) -> int:
        self.step("look", ((self.key, READ),))
        return self.count if self.state == "filling" else 0

    @property
    def broken(self) -> bool:
        self.step("look", ((self.key, READ),))
        return self.state == "broken"

"""Models of Lock, RLock, Semaphore, BoundedSemaphore and Event."""

from __future__ import annotations

from ..threads import ADD, READ, WRITE, VirtualThread
from .base import Model, patience


class Lock(Model):
    """`threading.Lock`: whoever waits may be next; anybody may release it."""

    what = "lock"

    def __init__(self) -> None:
        super().__init__()
        self.owner: VirtualThread | None = None
        self.taken = False

    def free(self) -> bool:
        return not self.taken

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if patience(blocking, timeout):
            thread, _ = self.step("acquire", ((self.key, WRITE),), self.free)
        else:
            self.observed()
            thread, _ = self.step("try", ((self.key, WRITE),))
            if self.taken:
                self.saw(thread)
                self.log(thread, "try", False)
                return False
        self.take(thread)
        self.log(thread, "acquire")
        return True

    __enter__ = acquire

    def observed(self) -> None:
        """Somebody can tell that the lock is held: from now on its release is a step."""
        sharing = self.acting().run.sharing
        if not sharing.lock_releases:
            sharing.lock_releases = sharing.learned = True

    def take(self, thread: VirtualThread) -> None:
        self.taken = True
        self.owner = thread
        thread.held.append(self)
        run = thread.run
        run.strategy.learn(thread, self.clock)
        run.changed(thread, self.key)

    def release(self) -> None:
        thread = self.acting()
        if not self.taken or self.owner is not thread:
            self.observed()
        if thread.run.sharing.lock_releases:
            self.step("release", ((self.key, WRITE),))
        if not self.taken:
            raise RuntimeError("release unlocked lock")
        self.give(thread)
        self.log(thread, "release")

    def give(self, thread: VirtualThread) -> None:
        self.taken = False
        thread.gave.append(self)
        if self.owner is not None and self in self.owner.held:
            self.owner.held.remove(self)
        self.owner = None
        self.clock = thread.clock[:]
        thread.run.changed(thread, self.key)

    def __exit__(self, *exception: object) -> None:
        self.release()

    def locked(self) -> bool:
        self.observed()
        thread, _ = self.step("look", ((self.key, READ),))
        self.log(thread, "look", self.taken)
        return self.taken

    acquire_lock, release_lock, locked_lock = acquire, release, locked

    # What a Condition does with its lock.

    def owned(self) -> bool:
        return self.taken

    def give_all(self, thread: VirtualThread) -> int:
        self.give(thread)
        return 1

    def take_again(self, thread: VirtualThread, count: int) -> None:
        self.take(thread)


class RLock(Lock):
    """`threading.RLock`: its owner may acquire it again."""

    what = "lock"

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        thread = self.acting()
        if self.owner is thread:
            patience(blocking, timeout)
            self.count += 1
            self.log(thread, "acquire")
            return True
        if not super().acquire(blocking, timeout):
            return False
        self.count = 1
        return True

    __enter__ = acquire

    def release(self) -> None:
        thread = self.acting()
        if self.owner is not thread:
            raise RuntimeError("cannot release un-acquired lock")
        if self.count > 1:
            self.count -= 1
            self.log(thread, "release")
            return
        if thread.run.sharing.lock_releases:
            self.step("release", ((self.key, WRITE),))
        self.count = 0
        self.give(thread)
        self.log(thread, "release")

    def owned(self) -> bool:
        return self.owner is self.acting()

    def _is_owned(self) -> bool:
        return self.owned()

    def give_all(self, thread: VirtualThread) -> int:
        count, self.count = self.count, 0
        self.give(thread)
        return count

    def take_again(self, thread: VirtualThread, count: int) -> None:
        self.take(thread)
        self.count = count


class Semaphore(Model):
    """`threading.Semaphore`: a counter; any waiting thread may get the permit."""

    what = "semaphore"

    def __init__(self, value: int = 1) -> None:
        super().__init__()
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        self.value = value

    def available(self) -> bool:
        return self.value > 0

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        if not blocking and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        if blocking and timeout is None:
            thread, _ = self.step("acquire", ((self.key, WRITE),), self.available)
        else:
            thread, _ = self.step("try", ((self.key, WRITE),))
            if self.value <= 0:
                self.saw(thread)
                self.log(thread, "try", False)
                return False
        self.value -= 1
        thread.writes += 1
        self.changed(thread)
        self.log(thread, "acquire", self.value)
        return True

    __enter__ = acquire

    def release(self, n: int = 1) -> None:
        if n < 1:
            raise ValueError("n must be one or more")
        thread, _ = self.step("release", ((self.key, ADD),))
        self.value += n
        thread.writes += 1
        self.changed(thread)
        self.log(thread, "release", self.value)

    def __exit__(self, *exception: object) -> None:
        self.release()

    @property
    def _value(self) -> int:
        self.step("look", ((self.key, READ),))
        return self.value


class BoundedSemaphore(Semaphore):
    """`threading.BoundedSemaphore`: releasing more than was acquired is an error."""

    def __init__(self, value: int = 1) -> None:
        super().__init__(value)
        self.bound = value

    def release(self, n: int = 1) -> None:
        if n < 1:
            raise ValueError("n must be one or more")
        thread, _ = self.step("release", ((self.key, WRITE),))
        if self.value + n > self.bound:
            raise ValueError("Semaphore released too many times")
        self.value += n
        thread.writes += 1
        self.changed(thread)
        self.log(thread, "release", self.value)


class Event(Model):
    """`threading.Event`."""

    what = "event"

    def __init__(self) -> None:
        super().__init__()
        self.flag = False

    def is_set(self) -> bool:
        thread, _ = self.step("look", ((self.key, READ),))
        self.log(thread, "look", self.flag)
        return self.flag

    isSet = is_set

    def set(self) -> None:
        self.change(True, ADD)

    def clear(self) -> None:
        self.change(False, WRITE)

    def change(self, flag: bool, mode: int) -> None:
        thread, _ = self.step("set" if flag else "clear", ((self.key, mode),))
        if self.flag is not flag:
            thread.writes += 1
            self.flag = flag
            self.changed(thread)
        self.log(thread, "set" if flag else "clear", flag)

    def wait(self, timeout: float | None = None) -> bool:
        ready = (lambda: self.flag) if timeout is None else None
        thread, _ = self.step("await" if timeout is None else "try", ((self.key, READ),), ready)
        self.log(thread, "await", self.flag)
        return self.flag

"""What the checks that run an answer for real share: a time limit for each call, and what must be gone when it returns.

That things happen at the same time is proven by letting each wait for the others, and by counting, never by a clock. A
clock only ends what does not end by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from .questions import Verdict

LONGEST = 3.0
"""Seconds after which a call is taken for one that never returns; what a check asks for takes some hundredths."""
GRACE = 1.0
"""Seconds in which a thread or a process that has done its last step may go."""


class Broken(Exception):
    """A rule of the question is broken; the text says which one, `hint` helps."""

    def __init__(self, rule: str, hint: str = "") -> None:
        super().__init__(rule)
        self.hint = hint


def tried(scenarios: Sequence[Callable[[], None]], praise: str, hint: str) -> Verdict:
    """Each scenario in turn, until one raises `Broken` or whatever the answer raises; `hint` is for want of a closer one."""
    for scenario in scenarios:
        try:
            scenario()
        except Broken as broken:
            return Verdict("wrong", f"{broken}.", broken.hint or hint)
        except Exception as error:
            return Verdict("wrong", f"It raises {type(error).__name__}: {_text(error)}.", hint)
    return Verdict("right", f"{praise}.")


def _text(error: BaseException) -> str:
    with suppress(BaseException):
        return str(error)[:300]
    return "an exception that cannot be printed"


def named(error: BaseException) -> str:
    """Its class and what it says, whatever it does when it is asked."""
    with suppress(BaseException):
        return f"{type(error).__name__}: {str(error)[:200]}".rstrip(": .")
    return type(error).__name__


class Called:
    """How a call ended: its result, or the exception that it raised."""

    def __init__(self, result: Any = None, error: BaseException | None = None) -> None:
        self.result, self.error = result, error

    def value(self) -> Any:
        """The result; what was raised is raised again."""
        if self.error is not None:
            raise self.error
        return self.result


def call(what: str, function: Callable[[], Any], longest: float = LONGEST) -> Called:
    """Call it in a thread that can be left; Broken if it does not come back.

    The thread is none of the answer's: `threads` does not count it.
    """
    ended: list[Called] = []

    def body() -> None:
        try:
            ended.append(Called(function()))
        except BaseException as error:  # noqa: BLE001 - also SystemExit: it is the answer's
            ended.append(Called(error=error))

    caller = threading.Thread(target=body, daemon=True)
    _ours[id(caller)] = caller
    caller.start()
    caller.join(longest)
    if not ended:
        raise Broken(f"{what} has not returned after {longest:g} seconds", "Who waits for whom, and who wakes them?")
    return ended[0]


# By what they are, not by what they say of themselves: an answer may make threads of a class of its own.
_ours: dict[int, threading.Thread] = {}


def threads() -> set[int]:
    """The threads that are alive, without those that wait for an answer, each by its id."""
    return {id(thread) for thread in threading.enumerate()} - set(_ours)


def no_new_threads(before: set[int], what: str) -> None:
    """Broken if threads are left that were not there before."""
    if left := _gone(lambda: threads() - before):
        raise Broken(f"{len(left)} thread{'s are' * (len(left) > 1) or ' is'} still alive after {what}")


def processes() -> set[int]:
    """The pids of all processes that this one has started, and those have started; helpers of multiprocessing left out."""
    found = {child.pid for child in multiprocessing.active_children() if child.pid is not None}
    with suppress(OSError):
        parents: dict[int, list[int]] = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with suppress(OSError, ValueError, IndexError):
                    state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
                    command = (folder / "cmdline").read_bytes()
                    if state != "Z" and b"resource_tracker" not in command and b"forkserver" not in command:
                        parents.setdefault(int(parent), []).append(int(folder.name))
        pending = [os.getpid(), *found]
        while pending:
            children = parents.get(pending.pop(), [])
            found.update(children)
            pending += children
    return found


def no_new_processes(before: set[int], what: str) -> None:
    """Broken if processes are left that were not there before."""
    if left := _gone(lambda: processes() - before):
        raise Broken(f"{len(left)} process{'es are' * (len(left) > 1) or ' is'} still alive after {what}")


def _gone(left: Callable[[], set[Any]]) -> set[Any]:
    deadline = time.monotonic() + GRACE
    while (still := left()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return still


def exactly(got: Any, expected: Any) -> bool:
    """Is it this very value, without asking `got` what it thinks it equals? `expected` is plain data."""
    if type(got) is not type(expected):
        return False
    if isinstance(expected, list | tuple):
        return len(got) == len(expected) and all(map(exactly, got, expected))
    return bool(got == expected)


class Gauge:
    """Counts who is inside, and the most that ever were."""

    def __init__(self) -> None:
        self.inside = self.most = self.entered = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Gauge:
        with self._lock:
            self.entered += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.inside -= 1

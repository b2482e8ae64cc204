"""What the checks that run an answer for real share: a time limit for each call, and what must be gone when it returns.

That things happen at the same time is proven by letting each wait for the others, and by counting, never by a clock. A
clock only ends what does not end by itself, and it is one that a busy machine does not hurry.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .family import family
from .questions import RuleBroken, Verdict, unanswered
from .unhurried import Unhurried

LONGEST = 3.0
"""Seconds after which a call is taken for one that never returns; what a check asks for takes some hundredths."""
GRACE = 1.0
"""Seconds in which a thread or a process that has done its last step may go."""
LOOK = 0.02
"""Seconds between two looks at what an answer does."""


def tried(scenarios: Sequence[Callable[[], None]], praise: str, hint: str) -> Verdict:
    """Each scenario in turn, until one raises `RuleBroken` or whatever the answer raises; `hint` is for want of a closer one."""
    for scenario in scenarios:
        try:
            scenario()
        except RuleBroken as broken:
            return unanswered(broken.__cause__) or Verdict("wrong", f"{broken}.", broken.hint or hint)
        except Exception as error:
            return unanswered(error) or Verdict("wrong", f"It raises {type(error).__name__}: {_text(error)}.", hint)
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


class Begun:
    """A call in a thread that can be left. The thread is none of the answer's: `threads` does not count it."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.ended: Called | None = None
        self._function = function
        self._caller = threading.Thread(target=self._body, daemon=True)
        self._caller.start()

    def wait(self, seconds: float) -> bool:
        """Has it ended, now or within so many seconds?"""
        self._caller.join(seconds)
        return self.ended is not None

    def _body(self) -> None:
        me = threading.get_ident()
        _ours.add(me)
        try:
            self.ended = Called(self._function())
        except BaseException as error:  # noqa: BLE001 - also SystemExit: it is the answer's
            self.ended = Called(error=error)
        finally:
            _ours.discard(me)


def call(
    what: str, function: Callable[[], Any], longest: float = LONGEST, looks: Callable[[float], object] = lambda seconds: None
) -> Called:
    """Call it in a thread that can be left; RuleBroken if it does not come back. `looks` is told the time again and again."""
    clock, begun = Unhurried(), Begun(function)
    while not begun.wait(LOOK):
        looks(seconds := clock.look())
        if seconds > longest:
            raise RuleBroken(
                f"{what} has not returned after {longest:g} seconds", "Who waits for whom, and who wakes them?"
            )
    assert begun.ended is not None
    return begun.ended


def let_go(error: BaseException | None) -> None:
    """What the functions kept that an exception came through is given up, as it will be when the exception has been handled."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
    gc.collect()


# By where they run, not by what they say of themselves: an answer may make threads of a class of its own, or begin ours anew.
_ours: set[int] = set()
_seen: dict[int, threading.Thread] = {}
"""Every thread that was ever counted: so none has the id of one that is gone."""


def threads() -> set[int]:
    """The threads that are alive, without those that wait for an answer, each by its id.

    A thread of the answer's own class can keep itself out of `threading`'s list; Python knows that it runs.
    """
    parts: Any = threading
    ours, active, starting = set(_ours), dict(parts._active), list(parts._limbo.values())
    listed = {id(thread): thread for thread in [*starting, *(active[ident] for ident in active.keys() - ours)]}
    _seen.update(listed)
    unlisted = sys._current_frames().keys() - active.keys() - ours
    return set(listed) | {-ident for ident in unlisted}


def no_new_threads(before: set[int], what: str) -> None:
    """RuleBroken if threads are left that were not there before."""
    if left := _gone(lambda: threads() - before):
        raise RuleBroken(f"{len(left)} thread{'s are' * (len(left) > 1) or ' is'} still alive after {what}")


def processes() -> set[int]:
    """The pids of all processes below this one that are alive; helpers of multiprocessing left out."""
    found = {child.pid for child in multiprocessing.active_children() if child.pid is not None}
    found |= {pid for pid, _ in family(os.getpid()) if not _is_over(pid) and not _is_tracker(pid)}
    return found - {os.getpid(), _fork_server()}


def _is_over(pid: int) -> bool:
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True


def _is_tracker(pid: int) -> bool:
    with suppress(OSError, ValueError):
        line = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return b"resource_tracker import main" in line[line.index(b"-c") + 1]
    return False


def _fork_server() -> int | None:
    """Its children look like itself; only multiprocessing knows which one it is."""
    server = getattr(sys.modules.get("multiprocessing.forkserver"), "_forkserver", None)
    return getattr(server, "_forkserver_pid", None)


def no_new_processes(before: set[int], what: str) -> None:
    """RuleBroken if processes are left that were not there before."""
    if left := _gone(lambda: processes() - before):
        raise RuleBroken(f"{len(left)} process{'es are' * (len(left) > 1) or ' is'} still alive after {what}")


def _gone(left: Callable[[], set[Any]]) -> set[Any]:
    clock = Unhurried()
    pause = threading.Event()
    while (still := left()) and clock.look() < GRACE:
        pause.wait(LOOK / 2)
    return still


@contextmanager
def tidied() -> Iterator[None]:
    """Afterwards all processes are gone that were not there before, and so are the system's names for their locks."""
    before, tracked = processes(), _tracker() is not None
    try:
        yield
    finally:
        gc.collect()
        kill = getattr(signal, "SIGKILL", signal.SIGTERM)
        for pid in (processes() | {_fork_server()}) - before - {None}:
            with suppress(OSError):
                os.kill(pid, kill)  # type: ignore[arg-type]
        if not tracked and (tracker := _tracker()) is not None:
            with suppress(OSError, RuntimeError):
                tracker._stop()  # it removes what those who were killed could not


def _tracker() -> Any:
    """What multiprocessing knows of its process that keeps the names of locks; None if there is no such process."""
    tracker = getattr(sys.modules.get("multiprocessing.resource_tracker"), "_resource_tracker", None)
    return tracker if getattr(tracker, "_fd", None) is not None else None


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

"""An exploration works in a thread of its own, so that the stop button and the budget work whatever the program does."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable

from .findings import Findings
from .patience import wait
from .pool import start
from .session import Session
from .threads import Kill, current, now

_FRAMES = 5
"""So many frames a call of the program takes at most while it is explored: the hooks take some, too."""
_busy = threading.Lock()
_PATIENCE = 10.0
"""Seconds to wait for the end of an earlier exploration."""


def in_own_thread(
    session: Session, work: Callable[[], None], found: Findings, told: Callable[[], str] | None = None
) -> None:
    """Do the work in a thread of its own, so that the stop button and the budget work whatever the program does."""
    if current() is not None:
        raise RuntimeError("a program that is explored cannot explore another one")
    error: list[BaseException] = []
    over = threading.Event()  # (an interrupted Thread.join takes the thread for ended)

    def body() -> None:
        now.abandoned.discard(threading.get_ident())  # that of a thread that has ended since
        session.pool.pin()
        state = random.getstate()
        try:
            session.prepare()
            work()
        except Kill:
            pass  # it was given up
        except BaseException as reason:  # noqa: BLE001 - raised again in the caller's thread
            error.append(reason)
        finally:
            random.setstate(state)
            session.close()
            now.abandoned.discard(threading.get_ident())
            over.set()

    _await_turn()
    # (`with`, as an interrupt between a call of acquire and a `try` would leave it locked for good)
    with _busy:
        depth = sys.getrecursionlimit()
        try:
            sys.setrecursionlimit(depth * _FRAMES)
            driver = start(body)
            if not wait(over, session.deadline + 0.25, told):
                found.reason = _give_up(session, over)
        except BaseException:
            session.hurry()
            if not over.wait(0.7):
                _give_up(session, over)
            raise
        finally:
            sys.setrecursionlimit(depth)  # here, as the driver may never come back
    if over.is_set():
        driver.join()
        if error:
            raise error[0]


def _await_turn() -> None:
    """One at a time; an earlier one whose budget was spent may still be ending its threads."""
    until = time.perf_counter() + _PATIENCE
    while _busy.locked():
        if time.perf_counter() > until:
            raise RuntimeError("another exploration is still running: one at a time")
        time.sleep(0.01)


def _give_up(session: Session, over: threading.Event) -> str:
    """The program is in a call that no hook can end: leave it alone, and put its code back; returns the reason."""
    session.hurry()
    thread = now.thread
    session.abandon()
    over.wait(0.15)
    where = f" (line {thread.call_site.line}: {thread.call_site.source})" if thread and thread.call_site else ""
    return f"the time was spent in a call that does not return{where}; its thread ends when it does"

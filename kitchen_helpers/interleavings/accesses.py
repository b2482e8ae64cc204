"""What makes an access a step: all hooks end here.

Every hook does what the code that it stands for does. If the value is state that threads share, the thread parks first:
that is the step, and whatever the hook then does happens in one piece.
"""

from __future__ import annotations

import sys
import weakref
from typing import Any

from .hashes import own_hash_returns
from .kinds import OPAQUE, SCALARS, kind_of, reachable
from .sites import Site
from .threads import READ, WRITE, Access, VirtualThread, current


def use(thread: VirtualThread, site: Site, doing: str, target: Any, accesses: tuple[Access, ...], keep: Any) -> None:
    """An access of `thread` is about to happen: a step, if the locations are shared."""
    run = thread.run
    if run.solo:
        for _, mode in accesses:
            if mode != READ:
                thread.writes += 1
        return
    note = run.sharing.note
    for key, mode in accesses:
        if mode != READ:
            thread.writes += 1
        note(thread, key, mode, site, keep)
    if site.visible:
        step(thread, site, doing, target, accesses)


def step(thread: VirtualThread, site: Site, doing: str, target: Any, accesses: tuple[Access, ...]) -> None:
    """The step before an access to what threads share."""
    run = thread.run
    run.step(thread, site, doing, target, accesses)
    thread.steps += 1
    for key, mode in accesses:
        if mode == READ:
            thread.looked.append((key, run.versions.get(key, 0)))
        else:
            run.changed(thread, key)


def record(thread: VirtualThread, site: Site, doing: str, target: Any, name: str, value: Any) -> None:
    """Tell the log of a run that is to be shown what a step did."""
    if site.visible:
        seen = value if type(value) in SCALARS else id(value)
        thread.trail = hash((thread.trail, site.number, doing, seen if type(value) is not slice else 0))
    log = thread.run.log
    if log is not None and site.visible and not thread.run.solo:
        log.append(thread, site, doing, target, name, value)


class Inside:
    """A C call that may call Python back: it is not over, and what it uses is used again at each of its steps."""

    __slots__ = ("call", "thread")

    def __init__(self, thread: VirtualThread, site: Site, target: Any, accesses: tuple[Access, ...]):
        self.thread = thread
        self.call = (site, target, accesses)

    def __enter__(self) -> None:
        self.thread.c_calls.append(self.call)

    def __exit__(self, *exception: object) -> None:
        self.thread.c_calls.pop()


def called_back(value: Any = None) -> Any:
    """The reader's code returns to C code that called it: there, others may see what the C call has done so far."""
    thread = current()
    if thread is None:
        return value
    code = sys._getframe(1).f_code
    if code.co_name == "__hash__":
        own_hash_returns(thread, code)
    if thread.c_calls and not thread.run.solo:
        site, target, _ = thread.c_calls[-1]
        if site.visible:
            thread.run.step(thread, site, "read", target, ())
            thread.steps += 1
            record(thread, site, "read", target, "", target)
    return value


def opaque(thread: VirtualThread, site: Site, *values: Any) -> None:
    """Code that cannot be seen gets hold of these values: a conflict with another thread cannot be judged."""
    run = thread.run
    session = run.session
    thread.writes += 1
    accesses = []
    for item in reachable(values):
        if type(item) in weakref.ProxyTypes:
            run.sharing.refuse(site, "nobody sees what a weak proxy stands for")
        if session.is_harmless(item):
            continue
        if kind_of(type(item)) == OPAQUE and session.is_old(item):
            session.forbid(thread, site, f"{type(item).__name__} keeps its state from one run to the next")
        if not run.solo:
            what = site.text or "code that cannot be seen"
            keys = [id(item)] if kind_of(type(item)) == OPAQUE else [id(item), (id(item), "*")]
            for key in keys:
                run.sharing.opaque(thread, key, site, item, what)
                accesses.append((key, WRITE))
    if accesses and site.visible:
        run.step(thread, site, "call", values[0], tuple(accesses))
        thread.steps += 1
        if run.log is not None:
            run.log.append(thread, site, "call", values[0], site.text, None)

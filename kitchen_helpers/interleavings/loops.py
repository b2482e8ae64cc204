"""Loops that may never end: spinning, livelock, and budgets.

A round of a loop that changed nothing is repeated only after another thread has changed something that it looked at:
otherwise it would do the same again. So an unfair schedule, in which a thread spins while the others are kept from
running, is never run, and a fair one in which everybody spins is found: nobody is left who could change anything.
Rounds that do change something are compared as whole states of the program.
"""

from __future__ import annotations

import sys
import time
from types import FrameType
from typing import Any

from .kinds import SCALARS
from .scheduler import Run
from .sites import Site
from .snapshots import state_of
from .threads import VirtualThread, current

QUIET_ROUNDS = 200_000
"""Rounds of a loop without a visible step after which a run is given up."""

OTHERS_TURN = 1_000
"""After so many of them the other threads are let go first."""


class _Loop:
    """One activation of a `while` loop."""

    __slots__ = ("count", "frame", "gave", "held", "locals", "looked", "rounds", "route", "steps", "writes")

    def __init__(self, thread: VirtualThread, frame: FrameType):
        self.frame = frame
        self.route = hash((thread.route, thread.steps - thread.head))
        """How the thread got here, since it was at the head of the loop around this one."""
        self.count = 0
        self.rounds = 0
        self.mark(thread, frame)

    def mark(self, thread: VirtualThread, frame: FrameType) -> None:
        self.steps = thread.steps
        self.writes = thread.writes
        self.looked = len(thread.looked)
        self.gave = len(thread.gave)
        self.held = list(thread.held)
        self.locals = dict(frame.f_locals)


def enter_loop(site: Site) -> None:
    thread = current()
    if thread is not None:
        frame = sys._getframe(1)
        thread.loops[id(frame), site] = _Loop(thread, frame)


def loop(site: Site) -> bool:
    """At the head of a `while` loop, before its condition."""
    thread = current()
    if thread is None:
        return True
    frame = sys._getframe(1)
    record = thread.loops.get((id(frame), site))
    if record is None or record.frame is not frame:
        record = thread.loops[id(frame), site] = _Loop(thread, frame)
    record.count += 1
    run = thread.run
    thread.route, thread.head = record.route, thread.steps
    if record.count == 1:
        thread.trail = 0
        if run.sharing.retries and not run.solo:
            run.states.setdefault(state_of(run, thread, frame, site), run.strategy.depth)
        return True
    thread.site = site
    turn(thread)
    if thread.steps == record.steps:
        _without_step(thread, frame, site, record)
        return True
    still = thread.writes == record.writes and record.held == thread.held and _same(record.locals, frame.f_locals)
    if still and thread.doubt is None:  # else it went round only because it woke up for no reason
        _spin(thread, site, record)
    record.rounds += 1
    if record.rounds > 2 or run.sharing.retries:
        _compare(run, thread, frame, site)
    thread.trail = 0
    record.mark(thread, frame)
    return True


def _without_step(thread: VirtualThread, frame: FrameType, site: Site, record: _Loop) -> None:
    """A round without a visible step: private work, or a look at what is not known to be shared yet."""
    run = thread.run
    if record.count & (record.count - 1) == 0:  # at every power of two
        if thread.writes == record.writes and _same(record.locals, frame.f_locals):
            if run.solo:
                run.stop(thread, "livelock", ({thread.number}, False, run.strategy.depth))
            # Only others can end this. If they do, the location is seen to be shared, and the search starts again.
            run.wait(thread, site, "change", {})
        record.mark(thread, frame)
    if not run.solo and record.count % OTHERS_TURN == 0:
        if run.sharing.learned:
            run.stop(thread, "cut")
        depth = run.strategy.depth
        run.step(thread, site, "yield", None, (), lambda: run.strategy.depth > depth or not _others_can(run, thread))


def _others_can(run: Run, thread: VirtualThread) -> bool:
    return any(t is not thread and t.doing != "yield" and t.enabled() for t in run.threads)


def _same(before: dict[str, Any], after: Any) -> bool:
    """Are the local variables what they were? Identity for objects: what they hold is written through hooks."""
    after = dict(after)
    if before.keys() != after.keys():
        return False
    for name, a in before.items():
        b = after[name]
        if a is not b and not (type(a) in SCALARS and type(a) is type(b) and a == b):
            return False
    return True


def _spin(thread: VirtualThread, site: Site, record: _Loop) -> None:
    """The round changed nothing: wait until something that it looked at is changed."""
    run = thread.run
    known: dict[Any, int] = {}
    for key, version in thread.looked[record.looked :]:
        if run.versions.get(key, 0) != version:
            return
        known[key] = version
    passed = {lock for lock in thread.gave[record.gave :] if lock in thread.held}
    if passed:
        thread.patience = (known, passed)
    else:
        run.wait(thread, site, "change", known)


def turn(thread: VirtualThread) -> None:
    """A round of a loop or a call: keeps endless ones without a step in their budget."""
    if thread.steps != thread.turned_at:
        thread.turned_at = thread.steps
        thread.turns = 0
    thread.turns += 1
    if thread.turns & 1023 == 0:
        run = thread.run
        if time.perf_counter() > run.deadline:
            run.stop(thread, "time")
        if thread.turns > QUIET_ROUNDS:
            run.stop(thread, "endless", thread.site)


# -- whole states -----------------------------------------------------------------------------------------------------


def _compare(run: Run, thread: VirtualThread, frame: FrameType, site: Site) -> None:
    """Has the program been in this very state before, in this run?"""
    strategy: Any = run.strategy
    state = state_of(run, thread, frame, site)
    depth = strategy.depth
    before = run.states.setdefault(state, depth)
    if before >= depth:
        return
    nodes = strategy.nodes[before:depth]
    ran = {node.chosen[0] for node in nodes}
    # Whoever could go on somewhere in the circle has to: a lock that is given back in every round is had in the end.
    able = {number for node in nodes for number in node.enabled if number >= 0 and number not in node.rescues}
    fair = able <= ran
    alone = all(other.done or other.daemon for other in run.threads)
    if fair and not alone:
        run.stop(thread, "livelock", (ran, True, before))
    strategy.repeated(run, before)
    run.stop(thread, "idle" if fair else "cut")

"""The checks of assignment 6: a pipeline of three stages in processes, and what becomes of it when a stage fails.

What happened is read from the record that the check's own stages write (`a6_stages`); nothing that the answer's processes
send is unpickled here, but the exception that the answer raises.
"""

from __future__ import annotations

import functools
import itertools
import multiprocessing
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

from .a6_stages import AHEAD, ROOM, Burnt, Forged, Note, Plan, Room, cooked, of, sink, source, transform
from .questions import Question, RuleBroken, Verdict
from .realtime import LOOK, Begun, Called, let_go, no_new_processes, processes, tidied, tried
from .side_by_side import side_by_side
from .unhurried import Unhurried

_SILENT = 2.4
"""Seconds without a step of any stage after which a call is taken for one that never returns."""
_STARTING = 3.6
"""The same before the first step, where each process begins with a Python of its own."""
_LONGEST = 8.0
_PATIENCE = {"meet": 1.2, "held": 0.4, "fails": 1.0}
"""Seconds without a step of any stage after which nobody waits any longer: for a second worker, for more from the source, for
the sink."""
_CALL = 0.2
"""Seconds that a call of the slow sink takes."""
_SOON = 2.0
_LATE = 0.2
"""Seconds that a look may come too late."""
_END = "How does a stage learn that nothing more will come, and could an item look the same?"
_BOUND = "Who makes the source wait when the sink is slow? Look at each queue, and at what reads ahead."
_ERROR = "Who in the calling process would notice, and how does it learn what was raised?"
_HANGS = "Who waits for whom, and who wakes them? What if the one that is waited for is gone?"


@dataclass(frozen=True)
class _Ran:
    """One call of the answer: what it was, how it ended, and what its stages have noted by then."""

    what: str
    plan: Plan
    called: Called
    notes: list[Note]

    def at(self, stage: str, what: str) -> list[Note]:
        return of(self.notes, stage, what)

    def failed(self) -> bool:
        return any(note.what == "fails" for note in self.notes)


class _Trial:
    """Runs an answer as often as a check wants to."""

    def __init__(self, run: Any, room: Room) -> None:
        self._run, self._room, self._number = run, room, 0

    def under(self, method: str, items: Sequence[Any], workers: int, what: str, **plan: Any) -> _Ran:
        """One call under a start method; RuleBroken if it does not return, or leaves a process. Raises what no stage has raised."""
        multiprocessing.set_start_method(method, force=True)
        self._number += 1
        made = Plan(self._number, os.getpid(), tuple(items), **plan)
        self._room.begin(made)
        before = processes()
        try:
            called = self._await(made, method, Begun(lambda: self._run(source, transform, sink, workers)), what)
            let_go(called.error)
            ran = _Ran(what, made, called, self._room.notes(made))
            if called.error is not None and not ran.failed():
                raise called.error
            no_new_processes(before, what)
        except Forged:
            raise RuleBroken(f"in {what} something else than the stages wrote down what the stages do") from None
        return ran

    def whole(self, method: str, items: Sequence[Any], workers: int, what: str, **plan: Any) -> _Ran:
        """The same where nothing fails, and nothing may be missing."""
        ran = self.under(method, items, workers, what, **plan)
        _apart(ran)
        _once(ran, whole=True)
        return ran

    def _await(self, plan: Plan, method: str, begun: Begun, what: str) -> Called:
        clock, size, last, failed = Unhurried(), 0, 0.0, None
        patience = next((seconds for name, seconds in _PATIENCE.items() if getattr(plan, name)), _SILENT)
        while not begun.wait(LOOK):
            now = clock.look()
            if (grown := self._room.size()) != size:
                size, last = grown, now
                if plan.fails and failed is None and self._room.seen(plan, plan.fails, "fails"):
                    failed = now
            if failed is not None and now - failed > _SOON + _LATE:
                raise RuleBroken(f"{what} must tell the caller within {_SOON:g} s, and has not returned by then", _ERROR)
            if size and now - last > patience:
                self._room.enough()
            if now - last > (_SILENT if size or method == "fork" else _STARTING) or now > _LONGEST:
                raise RuleBroken(f"{what} has not returned after {now:.1f} seconds", _HANGS)
        assert begun.ended is not None
        return begun.ended


@contextmanager
def _trial(run: Any) -> Iterator[_Trial]:
    with tidied(), TemporaryDirectory(prefix="a6-", ignore_cleanup_errors=True) as folder:
        key = secrets.token_hex()
        os.environ[ROOM] = f"{folder}:{key}"
        try:
            yield _Trial(run, Room(folder, key))
        finally:
            del os.environ[ROOM]


def _once(ran: _Ran, *, whole: bool) -> None:
    """No stage gets anything twice, or anything made up; with `whole`, all of them get everything."""
    results = list(map(cooked, ran.plan.items))
    for stage, what, due in (
        ("source", "gives", ran.plan.items),
        ("transform", "begins", ran.plan.items),
        ("sink", "begins", results),
    ):
        wanted, got = Counter(map(repr, due)), Counter(repr(note.value) for note in ran.at(stage, what))
        if whole and (lost := wanted - got):
            raise RuleBroken(f"in {ran.what} the {stage} {_DUE[stage][0]}, and {', '.join(lost)} was lost", _END)
        if more := got - wanted:
            rule = f"in {ran.what} the {stage} {_DUE[stage][1]}, and it also got {', '.join(more)}"
            raise RuleBroken(rule, "Who else might hand on the same item, or something that is no item?")


_DUE = {
    "source": ("must be gone through to its end", "must be gone through once"),
    "transform": ("must get every item", "must get each item once"),
    "sink": ("must get every result", "must get each result once"),
}


def _apart(ran: _Ran) -> None:
    """Each stage in processes of its own, at least as long as it lasts; one of them for the source and one for the sink."""
    at = {stage: {note.pid for note in ran.notes if note.stage == stage} for stage in ("source", "transform", "sink")}
    for stage, pids in at.items():
        if ran.plan.caller in pids:
            raise RuleBroken(
                f"in {ran.what} the {stage} was run in the calling process", "Which process executes each line?"
            )
    for stage in ("source", "sink"):
        if len(at[stage]) > 1:
            raise RuleBroken(
                f"in {ran.what} the {stage} was run by {len(at[stage])} processes, not by one", "Who calls it?"
            )
    for one, other in itertools.combinations(at, 2):
        if any(_mixed(ran, pid, one, other) for pid in at[one] & at[other]):
            raise RuleBroken(f"in {ran.what} two stages were run in the same process", "Which process executes each line?")


def _mixed(ran: _Ran, pid: int, one: str, other: str) -> bool:
    """Had neither stage ended in that process when the other one began? (A pool's process may have another stage later on.)"""
    stages = [note.stage for note in ran.notes if note.pid == pid and note.stage in (one, other)]
    return len(list(itertools.groupby(stages))) > 2


def _most(ran: _Ran, comes: tuple[str, str], goes: tuple[str, str]) -> int:
    """How many of what comes were there at most that had not gone yet."""
    inside = most = 0
    for note in ran.notes:
        inside += (note.stage, note.what) == comes
        inside -= (note.stage, note.what) == goes
        most = max(most, inside)
    return most


def _no_more_than(workers: int, ran: _Ran) -> None:
    if (most := _most(ran, ("transform", "begins"), ("transform", "ends"))) > workers:
        raise RuleBroken(f"in {ran.what} {most} transforms were running at once", "What decides how many there are?")


_Scenario = Callable[[_Trial], None]


def _part(run: Any, scenarios: Sequence[_Scenario], praise: str, hint: str) -> Callable[[], Verdict]:
    """Scenarios that are tried one after the other, in a trial of their own."""

    def judge() -> Verdict:
        with _trial(run) as trial:
            return tried([functools.partial(scenario, trial) for scenario in scenarios], praise, hint)

    return judge


def check_pipeline(run: Any) -> Verdict:
    """a6.q1: `run_pipeline(source, transform, sink, workers)`."""

    def meeting(trial: _Trial) -> None:
        what = "a pipeline with 2 workers under the start method spawn"
        ran = trial.whole("spawn", range(6), 2, what, meet=True)
        if len({note.pid for note in ran.at("transform", "begins")}) < 2:
            rule = f"in {what} only one process did the transforming: two must be at work at once"
            raise RuleBroken(rule, "How many processes take items from the same place?")
        _no_more_than(2, ran)

    def held_back(trial: _Trial) -> None:
        ran = trial.whole(_quickest(), range(250), 2, "a pipeline with a slow sink", held=True)
        if _most(ran, ("source", "gives"), ("sink", "begins")) >= AHEAD:
            rule = f"the source ran {AHEAD} items ahead of the sink: the queues have no bound, or a wide one"
            raise RuleBroken(rule, _BOUND)

    def empty_things(trial: _Trial) -> None:
        trial.whole(
            _quickest(), [None, 0, "", 7, None, "", 0, 8], 2, 'a pipeline whose items are None, 0 and ""', slow=0.02
        )
        trial.whole(_quickest(), [], 2, "a pipeline without items")

    def alone(trial: _Trial) -> None:
        method = next(method for method in ("forkserver", "spawn") if method in multiprocessing.get_all_start_methods())
        _no_more_than(1, trial.whole(method, range(5), 1, f"a pipeline with 1 worker under the start method {method}"))

    praise = "Three stages in processes, every result once in one sink, the source is held back, no process is left"
    hint = "Which process does what, and how does each learn that it is done?"
    parts: list[list[_Scenario]] = [[meeting], [empty_things, held_back], [alone]]
    return side_by_side(*(_part(run, scenarios, praise, hint) for scenarios in parts))


def _quickest() -> str:
    return "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"


def check_failing(run: Any) -> Verdict:
    """a6.q2: the same when a stage raises or its process is killed."""

    def under(trial: _Trial, method: str, stage: str, killed: bool, after: int = 1, slow: float = _CALL) -> None:
        what = f"a pipeline whose {stage} {'is killed' if killed else 'raises'}{' after a while' * (after > 1)}"
        ran = trial.under(method, range(40), 2, what, slow=slow, fails=stage, killed=killed, after=after)
        _apart(ran)
        error = ran.called.error
        if error is None:
            raise RuleBroken(f"{what} must raise, and it returned", _ERROR)
        if not killed and type(error) is not Burnt:
            name = type(error).__name__
            other = "another one of that name" if name == "Burnt" else name
            raise RuleBroken(f"{what} must raise the stage's own Burnt, and it raised {other}", _ERROR)
        _once(ran, whole=False)
        if stage != "sink" and len(ran.at("sink", "begins")) != len(ran.at("sink", "ends")):
            rule = f"in {what} a call of the sink was not finished: it was cut, or nobody waited for it"
            raise RuleBroken(rule, "Who may be ended at once, and who is asked to stop?")

    def each(killed: bool) -> Callable[[_Trial], None]:
        def scenario(trial: _Trial) -> None:
            for stage in ("transform", "sink", "source"):
                # Once so slow that nobody who does not wait for it comes too late to be seen, on a busy machine either.
                longer = stage == "transform" and not killed
                under(trial, _quickest(), stage, killed, slow=2 * _CALL if longer else _CALL)

        return scenario

    def working(trial: _Trial) -> None:
        trial.whole(_quickest(), range(6), 2, "a pipeline in which nothing fails")

    # Nobody is killed under spawn: there, a ProcessPoolExecutor may overlook the end of the process that it started last.
    def later(trial: _Trial) -> None:
        under(trial, "spawn", "transform", False, after=9)

    praise = "An error and a killed process reach the caller soon, the sink's call is finished, no process is left"
    parts: list[list[_Scenario]] = [[working, each(killed=False)], [each(killed=True)], [later]]
    return side_by_side(*(_part(run, scenarios, praise, _ERROR) for scenarios in parts))


QUESTIONS = (
    Question("a6.q1", ("run_pipeline",), 3.0, check_pipeline, alone=True, seconds=60.0, needs_module=True),
    Question("a6.q2", ("run_pipeline",), 3.0, check_failing, alone=True, seconds=60.0, needs_module=True),
)

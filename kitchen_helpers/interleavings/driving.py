"""Let somebody else decide who goes next: one step at a time, forwards and back.

Nothing is kept open between two steps: each time the program runs again from its start, takes the steps chosen so far
and is looked at where it stands then. That takes about a millisecond.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .explorer import check_program, explore
from .failures import awaited, holders
from .findings import Findings, outcome_of
from .locations import Lesson
from .naming import Names
from .own_thread import in_own_thread
from .scheduler import Run
from .schedules import Choice, encode
from .search import Fixed, Node, steps_of
from .session import Session
from .simplest import learn
from .story import _SENTENCES, Log, _steps, is_spinning, name_all, tell
from .threads import VirtualThread, now
from .verdict import Counterexample, Exploration, Failure, Step

_TRIES = 20
_FINER = "More turned out to be shared than was known, so the steps are finer now"


@dataclass(frozen=True)
class Move:
    """What a thread would do next, or why it cannot."""

    thread: str
    action: str
    """In words, to be read after the thread's name: "reads plates", "acquires lock"; of one that is done "is done"."""
    line: int
    source: str
    blocked: str = ""
    """What it waits for: "waits for lock, which Ana holds"; "" if it can go on."""
    done: bool = False
    alternatives: int = 1
    """In how many ways it can go on: a timed wait can also be over."""
    number: int = 0
    """Which thread it is, in schedules."""
    file: str = ""

    @property
    def possible(self) -> bool:
        return not self.blocked and not self.done


@dataclass(frozen=True)
class Position:
    """Where a program stands after some steps."""

    program: str
    schedule: str
    """The steps so far, as `replay` takes them."""
    steps: tuple[Step, ...]
    moves: tuple[Move, ...]
    """One for each thread that has begun; () when the run is over."""
    holds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Which locks each thread holds now."""
    over: bool = False
    """The run has come to its end: `failure` says how, or None if nothing failed."""
    failure: Failure | None = None
    counterexample: Counterexample | None = None
    reason: str = ""
    """Why the run can be neither driven further nor judged; "" for most."""
    note: str = ""


class Drive:
    """A program, and who has gone so far.

    Parameters
    ----------
    program : as for `explore`.
    seconds : what one step, and what `shortest`, may take.
    """

    def __init__(self, program: Callable[[], Any], seconds: float = 10):
        check_program(program, None, seconds)
        self.program = program
        self.seconds = seconds
        self.choices: list[Choice] = []
        self._lesson: Lesson | None = None
        self.position = self._look()

    def go(self, thread: str, alternative: int = 0) -> Position:
        """Let this thread take its next step. Raises ValueError, with the reason, if it cannot."""
        move = next((m for m in self.position.moves if m.thread == thread), None)
        if move is None:
            there = ", ".join(m.thread for m in self.position.moves) or "nobody: the run is over"
            raise ValueError(f"there is no thread {thread!r} to go on; there is {there}")
        if not move.possible:
            raise ValueError(f"{thread} {move.blocked or move.action}")
        if not 0 <= alternative < move.alternatives:
            raise ValueError(f"{thread} can go on in {move.alternatives} ways, from 0")
        return self._to([*self.choices, (move.number, alternative)])

    def take_back(self) -> Position:
        """As before the last step."""
        return self._to(self.choices[:-1])

    def restart(self) -> Position:
        return self._to([])

    def shortest(self) -> Exploration:
        """What `explore` finds: its simplest failing schedule, or that there is none."""
        return explore(self.program, seconds=self.seconds)

    def _to(self, choices: list[Choice]) -> Position:
        before = self.choices
        self.choices = choices
        try:
            self.position = self._look()
        except BaseException:
            self.choices = before
            raise
        return self.position

    def _look(self) -> Position:
        """Run as far as was chosen."""
        session = Session(self.program, False, time.perf_counter() + self.seconds)
        found = Findings()
        seen: list[Position] = []
        in_own_thread(session, lambda: seen.append(self._stand(session, found)), found)
        if seen:
            return seen[0]
        return Position(self._name, "", (), (), over=True, reason=found.reason or "the time is spent")

    @property
    def _name(self) -> str:
        return getattr(self.program, "__name__", "program")

    def _stand(self, session: Session, found: Findings) -> Position:
        if self._lesson is None:
            # As for `replay`, so that its schedules are those of this drive.
            learn(session, found)
            session.deadline = time.perf_counter() + self.seconds
        else:
            session.sharing.take(self._lesson)
        note = ""
        for _ in range(_TRIES):
            session.sharing.learned = False
            log = Log(self.program)
            search = _Driven(self.choices, log)
            run = session.once(search, log)
            learned = session.sharing.learned
            self._lesson = session.sharing.lesson()
            if run.ending == "mismatch":
                self.choices = []
                note = f"{_FINER}: from the start again."
            elif not learned:
                break
            else:
                note = note or f"{_FINER}."
        return self._position(session, found, run, search, log, note)

    def _position(self, session: Session, found: Findings, run: Run, search: _Driven, log: Log, note: str) -> Position:
        schedule = encode(steps_of(search.nodes))
        if search.stand is not None:
            steps, moves, holds = search.stand
            return Position(self._name, schedule, steps, moves, holds, note=note)
        found.reason = ""
        outcome, failure = outcome_of(session, run, found)
        if not outcome:
            reason = found.reason or "the run cannot go on"
            told = tuple(_steps(run, log, search))
            return Position(self._name, schedule, told, (), over=True, reason=reason, note=note)
        failure, counterexample = tell(run, search, log)
        steps = counterexample.steps if counterexample is not None else tuple(_steps(run, log, search))
        return Position(self._name, schedule, steps, (), {}, True, failure, counterexample, note=note)


class _Driven(Fixed):
    """The steps that were chosen; then the run is looked at, and ends."""

    def __init__(self, choices: list[Choice], log: Log):
        super().__init__(choices)
        self.log = log
        self.stand: tuple[tuple[Step, ...], tuple[Move, ...], dict[str, tuple[str, ...]]] | None = None

    def fill(self, run: Run, node: Node, enabled: dict[int, VirtualThread]) -> bool:
        if len(self.nodes) < len(self.choices):
            return super().fill(run, node, enabled)
        now.thread = None  # what follows looks at models, and is no step of the program
        names = self.log.names
        frames = sys._current_frames()
        for thread in run.threads:
            if thread.ident in frames and not thread.done:
                names.look_at(frames[thread.ident])
        del frames
        name_all(run, self.log)
        steps = tuple(_steps(run, self.log, self))
        acting = {step.thread for step in steps}
        moves = [
            _move(thread, names, node.enabled.get(thread.number, 0))
            for thread in run.threads
            if thread is not run.main or thread.number in enabled or thread.name in acting
        ]
        holds = {
            thread.name: tuple(dict.fromkeys(names.of(lock, "lock") for lock in thread.held)) for thread in run.threads
        }
        self.stand = steps, tuple(moves), {name: held for name, held in holds.items() if held}
        run.ending = "paused"
        return False


def _move(thread: VirtualThread, names: Names, alternatives: int) -> Move:
    site = thread.site
    line, source, file = (site.line, site.source, site.file) if site is not None else (0, "", "")
    if thread.done:
        return Move(thread.name, "is done", line, source, done=True, number=thread.number, file=file)
    blocked = ""
    if not alternatives:
        if is_spinning(thread):
            blocked = "goes round its loop, which only another thread's change can end"
        else:
            who = [t.name for t in holders(thread)] if thread.waiting is None else []
            blocked = f"waits for {awaited(thread, names)}" + (f", which {' and '.join(who)} holds" if who else "")
    would = _would(thread, names)
    return Move(thread.name, would, line, source, blocked, alternatives=alternatives, number=thread.number, file=file)


_WOULD = {"read": "reads {what}", "write": "writes {what}", "delete": "deletes {what}", "notify": "notifies {what}",
          "try": "tries {what}", "await": "waits for {what}", "result": "looks at the result"}  # fmt: skip


def _would(thread: VirtualThread, names: Names) -> str:
    """What a thread is about to do: its value is not known yet."""
    text = (thread.site.text if thread.site is not None else "").removeprefix("self.")
    sentence = _WOULD.get(thread.doing) or _SENTENCES.get(thread.doing, thread.doing + " {what}")
    for unknown in (" → {value}", " {value}"):
        sentence = sentence.replace(unknown, "")
    data = thread.doing in ("read", "write", "delete")
    what = text if data else names.of(thread.target) or getattr(thread.target, "what", "") or text
    return sentence.format(what=what, name=text).strip()

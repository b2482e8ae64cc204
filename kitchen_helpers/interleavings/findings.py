"""What the runs of an exploration have shown, and how each of them ended."""

from __future__ import annotations

from collections import Counter
from typing import Any

from . import loops
from .failures import failure_of
from .scheduler import Run
from .search import Search
from .session import Session
from .verdict import Counterexample, Failure, Schedule


class Findings:
    """What the runs so far have shown."""

    def __init__(self) -> None:
        self.schedules = 0
        self.outcomes: Counter[str] = Counter()
        self.final_states: Counter[Any] = Counter()
        self.failure: Failure | None = None
        self.choices: list[tuple[int, int]] = []
        self.preemptions = 0
        self.complete = False
        self.reason = ""
        self.notes: list[str] = []
        self.story: tuple[Failure | None, Counterexample | None] = (None, None)
        self.replayed: Schedule | None = None

    def so_far(self) -> str:
        if self.failure is not None:
            return "explore: it fails; looking for the simplest schedule that does"
        return f"explore: {self.schedules:,} schedules run, none failed"


def outcome_of(session: Session, run: Run, found: Findings) -> tuple[str, Failure | None]:
    """How a run ended: "" if it does not count."""
    if run.ending == "cut":
        return "", None
    if run.ending == "time":
        found.reason = "the time is spent"
        return "", None
    if run.ending == "refused":
        found.reason = next(iter(session.sharing.unjudged), "")
        return "", None
    if run.ending in ("endless", "long", "diverged"):
        site = run.detail
        where = f" (line {site.line}: {site.source})" if site is not None and site.line else ""
        found.reason = {
            "endless": f"a loop went round {loops.QUIET_ROUNDS} times without a visible step{where}",
            "long": "a run did not end within 100000 steps",
            "diverged": f"the program did not do the same under the same schedule: what does it depend on?{where}",
        }[run.ending]
        return "", None
    failure = failure_of(run)
    return ("ok", None) if failure is None else (failure.kind, failure)


def preemptions_of(search: Search) -> int:
    last = search.nodes[-1] if search.nodes else None
    return last.preemptions + last.preempts() if last is not None else 0

"""The simplest failing schedule: fewest preemptions, then fewest steps."""

from __future__ import annotations

from .failures import failure_of
from .findings import Findings, outcome_of, preemptions_of
from .search import Bounded, Reduced, Search, steps_of
from .session import Session

_SHRINKING_RUNS = 3_000


def learn(session: Session, found: Findings) -> None:
    """Which steps are visible, as `explore` has learned it when it gives a schedule."""
    first_failure(session, found)
    simplest(session, found)


def simplest(session: Session, found: Findings) -> None:
    """Find the simplest failing schedule: fewest preemptions, then fewest steps.

    Always from the start and in the same way, so that `replay` sees the same steps and its schedules fit.
    """
    while True:
        session.sharing.learned = False
        if found.failure is None or not _shrink(session, found):
            return
        first_failure(session, found)


def first_failure(session: Session, found: Findings) -> None:
    """The first failing schedule of the reduced search, with the sites that are visible by then."""
    search: Search = Reduced()
    while True:
        run = session.once(search)
        if run.ending in ("time", "refused"):
            return
        if session.sharing.learned:
            search = Reduced()
            continue
        _, failure = outcome_of(session, run, Findings())
        if failure is not None:
            found.failure = failure
            found.choices = steps_of(search.nodes)
            found.preemptions = preemptions_of(search)
            return
        if not search.advance():
            return


def _shrink(session: Session, found: Findings) -> bool:
    """Search with 0, 1, 2, … preemptions. True if a new shared location was found on the way: then all begins again."""
    runs = 0
    for bound in range(found.preemptions + 1):
        search = Bounded(bound)
        better = False
        if bound == found.preemptions:
            search.longest = len(found.choices) - 1
        while True:
            run = session.once(search)
            runs += 1
            if run.ending == "time" or runs > _SHRINKING_RUNS:
                found.notes.append("there may be a simpler failing schedule: the budget was spent while looking for it")
                return False
            if session.sharing.learned:
                return True
            if run.ending not in ("cut", "long", "diverged", "refused", "endless"):
                failure = failure_of(run)
                if failure is not None:
                    found.failure, found.choices = failure, steps_of(search.nodes)
                    found.preemptions = preemptions_of(search)
                    search.longest = len(found.choices) - 1
                    better = True
            if not search.advance():
                break
        if better:
            break
    return False

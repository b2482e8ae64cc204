"""Explores the scenarios of a question one after the other, and gives the verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar

from ..interleavings import Exploration, explore
from .budget import Budget
from .failing import in_words, undecided
from .lanes import for_students
from .questions import RuleBroken, Verdict, unanswered
from .restless import HINT, asks_again
from .scenarios import Scenario, Undecided

patience: ContextVar[float] = ContextVar("patience", default=4.4)
"""Seconds of CPU for all scenarios of a question together: few for a student who waits, more for the grader."""
longest: ContextVar[float] = ContextVar("longest", default=15.0)
"""Seconds by the clock after which there is a verdict, however busy the machine is."""


def explored(scenarios: Sequence[Scenario], praise: str, idle: Sequence[Callable[[], object]] = ()) -> Verdict:
    """The verdict over all scenarios: the first failure found; or what could not be finished; or right.

    `idle`: programs in which all wait for what never comes; where they do not sleep meanwhile, a right answer is told so.
    """
    budget = Budget(patience.get(), longest.get())
    unfinished: Verdict | None = None
    schedules = 0
    for scenario in scenarios:
        verdict, tried = _one(scenario, budget)
        schedules += tried
        if verdict is not None and verdict.status != "unfinished":
            return verdict
        unfinished = unfinished or verdict
    if unfinished is not None:
        return unfinished
    found = f"{praise}, under every interleaving of {len(scenarios)} scenarios ({schedules} schedules tried)"
    restless = next(filter(None, map(asks_again, idle)), "")
    return Verdict("right", f"{found}; but {restless}." if restless else f"{found}.", HINT if restless else "")


def _one(scenario: Scenario, budget: Budget) -> tuple[Verdict | None, int]:
    """None if the scenario went well, and the number of schedules it took."""
    told: Verdict | None = _unfinished(scenario, "no time was left to try this")
    while seconds := budget.left():
        before = budget.used()
        try:
            exploration = explore(scenario.program, strict=scenario.strict, seconds=seconds)
        except Exception as error:  # an exception that cannot be printed, for one
            return _unfinished(scenario, f"it could not be explored ({type(error).__name__})"), 0
        told = _told(scenario, exploration)
        if told is None and exploration.verdict == "unfinished":
            told = _unfinished(scenario, exploration.reason)
        if told is None or told.status != "unfinished":
            return told, exploration.schedules
        # Again, if others had the CPU meanwhile, so that more of ours is left than it had.
        if exploration.seconds < seconds or not budget.has(budget.used() - before):
            break
    return told, 0


def _unfinished(scenario: Scenario, reason: str) -> Verdict:
    why, hint = undecided(reason)
    return Verdict("unfinished", f"{scenario.what}: {why}.", hint)


def _told(scenario: Scenario, exploration: Exploration) -> Verdict | None:
    failure = exploration.failure
    error = failure.exception if failure is not None else None
    if scenario.judge is not None and (failure is None or isinstance(error, RuleBroken)):
        try:
            error = scenario.judge(exploration)
        except Undecided:
            return _unfinished(scenario, "the time is spent")
        if error is None:
            return None
    elif failure is None:
        return None
    nothing = unanswered(error)
    if nothing is not None:
        return nothing
    shown = for_students(exploration, scenario.here)
    words, hint = in_words(shown.failure, error, scenario)
    return Verdict("wrong", f"{scenario.what}: {words}.", hint, shown)

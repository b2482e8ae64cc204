"""What the explorer-based checks share: small programs round an answer, explored one after the other, and judged in words.

A check is a list of scenarios, the cheapest first. Each is an ordinary program that makes threads round the student's
objects and raises `Broken`, in the question's words, where a rule is broken. How a scenario observes matters:

- What is noted down is touched by several threads only where a rule is broken, or where the answer itself puts the
  touches in order: then watching adds no schedules of its own.
- A call that must not come back is made in a daemon thread, which raises when it does: a daemon that waits at the end
  is no failure.
- That two must be able to be somewhere at once is shown by letting each wait there for the other one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from threading import Event, Thread
from typing import Any

from ..interleavings import Exploration, explore
from .budget import Budget
from .questions import Verdict, unanswered

patience: ContextVar[float] = ContextVar("patience", default=4.4)
"""Seconds of CPU for all scenarios of a question together: few for a student who waits, more for the grader."""
longest: ContextVar[float] = ContextVar("longest", default=15.0)
"""Seconds by the clock after which there is a verdict, however busy the machine is."""


class Broken(Exception):
    """A rule of the question is broken; the text says which one."""


@dataclass(frozen=True)
class Scenario:
    """A program round the answer, and what to say when it goes wrong."""

    what: str
    """Who does what; begins the message."""
    program: Callable[[], object]
    hint: str = ""
    stuck: str = ""
    """Which rule is broken when somebody waits for ever."""
    strict: bool = True
    """False only for what would be too large otherwise, and repeats with more threads what was explored strictly before."""
    judge: Callable[[Exploration], str | None] | None = None
    """Where one schedule alone does not tell: which rule the exploration shows to be broken, "" if none, None if unknown."""


def explored(scenarios: Sequence[Scenario], praise: str) -> Verdict:
    """The verdict over all scenarios: the first failure found; or what could not be finished; or right."""
    budget = Budget(patience.get(), longest.get())
    unfinished: Verdict | None = None
    schedules = 0
    for scenario in scenarios:
        verdict, tried = _one(scenario, budget)
        schedules += tried
        if verdict is not None and verdict.status != "unfinished":
            return verdict
        unfinished = unfinished or verdict
    return unfinished or Verdict(
        "right", f"{praise}, under every interleaving of {len(scenarios)} scenarios ({schedules} schedules tried)."
    )


def _one(scenario: Scenario, budget: Budget) -> tuple[Verdict | None, int]:
    """None if the scenario went well, and the number of schedules it took."""
    told: Verdict | None = Verdict("unfinished", f"{scenario.what}: no time was left to try this.")
    while seconds := budget.left():
        before = budget.used()
        try:
            exploration = explore(scenario.program, strict=scenario.strict, seconds=seconds)
        except Exception as error:  # an exception that cannot be printed, for one
            return Verdict("unfinished", f"{scenario.what}: it could not be explored ({type(error).__name__})."), 0
        told = _told(scenario, exploration)
        if told is None and exploration.verdict == "unfinished":
            told = Verdict("unfinished", f"{scenario.what}: {exploration.reason}.", exploration=exploration)
        if told is None or told.status != "unfinished":
            return told, exploration.schedules
        # Again, if others had the CPU meanwhile, so that more of ours is left than it had.
        if exploration.seconds < seconds or not budget.has(budget.used() - before):
            break
    return told, 0


def _told(scenario: Scenario, exploration: Exploration) -> Verdict | None:
    failure = exploration.failure
    if scenario.judge is not None and (failure is None or isinstance(failure.exception, Broken)):
        rule = scenario.judge(exploration)
        if rule is None:
            return Verdict("unfinished", f"{scenario.what}: the time is spent.", "", exploration)
        return Verdict("wrong", f"{scenario.what}: {rule}.", scenario.hint, exploration) if rule else None
    if failure is None:
        return None
    nothing = unanswered(failure.exception)
    if nothing is not None:
        return nothing
    words = failure.message
    if isinstance(failure.exception, Broken):
        words = str(failure.exception)
    elif failure.kind != "exception" and scenario.stuck:
        words = f"{scenario.stuck}; {words}"
    return Verdict("wrong", f"{scenario.what}: {words}.", scenario.hint, exploration)


def together(here: Callable[[], object] | None = None, /, **jobs: Callable[[], object]) -> list[Any]:
    """Run each job in a thread of that name, and meanwhile `here` in the thread that calls; returns what the jobs returned.

    What is done `here` needs no thread of its own, which makes the exploration quicker.
    """
    results: list[list[object]] = [[] for _ in jobs]
    threads = [
        Thread(target=_keep, args=(job, result), name=name)
        for (name, job), result in zip(jobs.items(), results, strict=True)
    ]
    for thread in threads:
        thread.start()
    if here is not None:
        here()
    for thread in threads:
        thread.join()
    for thread, result in zip(threads, results, strict=True):
        if not result:
            raise Broken(f"the thread of {thread.name} was ended in the middle")
    return [result[0] for result in results]


def meet(mine: Event, other: Event) -> None:
    """Say that one is there, and stay until the other one is."""
    mine.set()
    other.wait()


def _keep(job: Callable[[], object], result: list[object]) -> None:
    result.append(job())


def is_number(value: Any, number: float) -> bool:
    """Is it this number, without asking the value what it thinks it equals?"""
    return type(value) in (int, float, Decimal, Fraction) and value == number

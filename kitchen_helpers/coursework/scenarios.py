"""What a check of an explored question is made of: small programs round an answer, which tell when a rule is broken.

A check is a list of scenarios, the cheapest first. Each is an ordinary program that makes threads round the student's
objects and raises `RuleBroken`, in the question's words, where a rule is broken. How a scenario observes matters:

- What is noted down is touched by several threads only where a rule is broken, or where the answer itself puts the
  touches in order: then watching adds no schedules of its own.
- A call that must not come back is made in a daemon thread, which raises when it does: a daemon that waits at the end
  is no failure.
- That two must be able to be somewhere at once is shown by letting each wait there for the other one.
- All that is done with an answer is done by cooks with names, whom a student finds in the message and in the lanes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from threading import Event, Thread
from typing import Any

from ..interleavings import Exploration
from .questions import RuleBroken

CHECK = "the check"
"""What the thread is called that runs a program and does nothing of what cooks do."""
SHARED = "What belongs to each one of them, and what to the class?"
"""A hint, where two objects of the answer's class are not apart."""
PASSED_ON = "What becomes of an exception on its way out of the with?"


class Undecided(Exception):
    """There was not time enough to tell whether a rule is broken."""


@dataclass(frozen=True)
class Scenario:
    """A program round the answer, and what to say when it goes wrong."""

    what: str
    """Who does what; begins the message."""
    program: Callable[[], object]
    hint: str = ""
    """For a broken rule."""
    stuck: str = ""
    """Which rule is broken when somebody waits for ever."""
    waiting: str = ""
    """The hint for that, where the scenario knows more than who waits for what."""
    strict: bool = True
    """False where one cook is alone: to be woken for no reason is then no help, and whoever waits does so for ever. And for what
    would be too large otherwise, and repeats with more threads what was explored strictly before."""
    here: str = CHECK
    """The name of whoever does what is done by the thread that runs the program, and starts the others."""
    judge: Callable[[Exploration], RuleBroken | None] | None = None
    """Where one schedule alone does not tell: which rule the exploration shows to be broken, None if none; may raise Undecided."""


def alone(what: str, program: Callable[[], object], hint: str, stuck: str, waiting: str = "") -> Scenario:
    """What one cook does, whom nobody helps."""
    return Scenario(what, program, hint, stuck, waiting, strict=False, here="Ana")


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
            raise RuleBroken(f"the thread of {thread.name} was ended in the middle")
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

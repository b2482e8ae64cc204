"""Notices who waits by asking again and again: that is no mistake in any schedule, and all the same a rule of some questions."""

from __future__ import annotations

from collections.abc import Callable

from ..interleavings import Exploration, Step, explore

_LONGEST = 1.0
"""Seconds; it takes hundredths, as each schedule shows it."""
HINT = (
    "Who waits, sleeps: where could yours be woken, instead of looking? The check takes nothing off for that; your teacher may."
)


def asks_again(program: Callable[[], object]) -> str:
    """In words, who goes round in circles where all wait for what never comes; "" if they sleep, or that is not sure."""
    try:
        exploration = explore(program, seconds=_LONGEST)
    except Exception:  # an exception that cannot be printed, for one
        return ""
    if exploration.failure is None or exploration.failure.kind != "livelock" or not _is_restless(exploration):
        return ""
    steps = exploration.counterexample or ()
    line = next((step.line for step in reversed(steps) if step.line), exploration.failure.line)
    return "whoever waits asks again and again" + (f" (line {line})" if line else "")


def _is_restless(exploration: Exploration) -> bool:
    """A wait with a timeout goes round, too, but it can be woken."""
    return exploration.counterexample is not None and not any(map(_may_be_woken, exploration.counterexample))


def _may_be_woken(step: Step) -> bool:
    # What is tried at once and what is tried for a while are steps of one kind.
    at_once = any(word in step.source for word in ("blocking=False", "(False)", "nowait"))
    return step.kind in ("wait", "wake", "expire") or (step.kind == "try" and not at_once)

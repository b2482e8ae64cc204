"""What is said about an explored answer that is not right: what went wrong, and a hint that goes with it."""

from __future__ import annotations

import re

from ..interleavings import Failure
from .lanes import is_ours
from .questions import RuleBroken
from .scenarios import CHECK, Scenario

_ALONE = "Follow the calls up to line {line}: what does it expect, and what does it find?"
_RAISED = (
    "What must be so when a thread comes to line {line}? Is that sure, whoever came since it looked, and whyever it was woken?"
)
_UNLOCKED = "Whoever waits at a condition or notifies must hold its lock: which lock has each of your conditions?"
_RELEASED = "Who gives this back, and has it been taken before?"
_ITSELF = "It waits for what it holds itself. Which of your lines took it, and where is it given back?"
_CIRCLE = "Who holds what, and waits for what? Draw it as arrows, and ask what would make a circle impossible."
_HELD = "What does the one who waits hold meanwhile, and who needs that?"
_KEPT = "Where is it given back? Is that line reached on every way out, also when something is raised?"
_WOKEN = "Who waits for what, and who is woken by which of your lines?"
_IN_STEP = "Nobody sleeps, and yet nobody gets through: what does each of them see every time? What would let one go first?"
_ASKS = "What does it ask for again and again, and who would have to change that? Is that one kept from it?"

_UNDECIDED = "That is not held against your answer: what the check cannot decide, your teacher does."
_OTHERWISE = (
    (
        r"a class derived from (\w+)",
        r"For a verdict at once, hold a \1 in an attribute of a class of your own, and derive from nothing.",
    ),
    (
        "which dataclass made",
        "For a verdict at once, write that method yourself, or sort by a key=…: what dataclass makes has no source.",
    ),
    ("logging", "For a verdict at once, leave the logging out, or log plain texts and numbers only, no objects."),
    (
        "^_lock of a condition",
        "For a verdict at once, keep the lock in an attribute of your own, and give it to each condition: Condition(self.lock).",
    ),
    (
        "time is spent|no time was left|budget",
        "It has more schedules than there is time for. Waits with a timeout, asking again and again, pools of threads, and looks at "
        "what others change make many; with fewer of them there is a verdict.",
    ),
    ("", "For a verdict, do without what it names, if there is a simpler way."),
)
_PLACE = re.compile(r" \(line (\d+): (.*)\)$")


def in_words(failure: Failure | None, error: BaseException | None, scenario: Scenario) -> tuple[str, str]:
    """What went wrong, and a hint."""
    if isinstance(error, RuleBroken):
        return str(error), error.hint or scenario.hint
    assert failure is not None
    if error is not None:
        return _raised(failure, error, scenario)
    words = f"{scenario.stuck}; {failure.message}" if scenario.stuck else failure.message
    if failure.kind == "livelock" and "waits again" not in failure.message:
        return words, _ASKS if "nobody" in failure.message else _IN_STEP
    return words, scenario.waiting or _who_waits(failure)


def _raised(failure: Failure, error: BaseException, scenario: Scenario) -> tuple[str, str]:
    what = failure.message.removesuffix(" in the program").removesuffix(f" in {failure.thread}")
    who = "your code" if failure.thread == CHECK else failure.thread
    if failure.line is None:
        return f"{who} raises {what}", scenario.hint
    words = f"{who} raises {what} (line {failure.line})"
    if isinstance(error, RuntimeError) and "un-acquired" in what:
        return words, _UNLOCKED if "notify" in what or "wait" in what else _RELEASED
    return words, (_RAISED if scenario.strict else _ALONE).format(line=failure.line)


def _who_waits(failure: Failure) -> str:
    if failure.cycle:
        return _CIRCLE if len(failure.cycle) > 1 else _ITSELF
    holders = {name for wait in failure.waits for name in wait.held_by}
    if holders:
        return _HELD if holders <= {wait.thread for wait in failure.waits} else _KEPT
    return _WOKEN


def undecided(reason: str) -> tuple[str, str]:
    """Why an answer could not be explored, with lines of the answer only, and what to do about that."""
    place = _PLACE.search(reason)
    if place is not None and is_ours(int(place[1]), place[2]):
        reason = reason[: place.start()]
    for pattern, advice in _OTHERWISE:
        found = re.search(pattern, reason)
        if found is not None:
            return reason, f"{_UNDECIDED} {found.expand(advice)}"
    return reason, _UNDECIDED

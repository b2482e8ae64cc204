"""An exploration as a student is shown it: lines with numbers are lines of the answer, and nothing else is."""

from __future__ import annotations

import linecache
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..interleavings import Exploration, Failure, Step, Wait

_OURS = str(Path(__file__).parents[1]) + os.sep
_CHECKS = sorted(str(path) for path in Path(__file__).parent.glob("*.py"))
_LIBRARY = os.path.dirname(os.__file__) + os.sep
_MARK = "check: "
_NOTE = f"what begins with “{_MARK.strip()}” is done by the program that tries your answer, and stands in no line of it"
_NAMES = {"action", "blocked", "cycle", "held_by", "message", "note", "thread", "waits", "waits_for"}


def for_students(exploration: Exploration, here: str) -> Exploration:
    """Steps of the check are marked, and have no line; `here` names the thread that runs it, whose wait for the others is left out:
    to a reader it is done then.

    How to repeat the schedule is not said: students have no name for the program that tries their answer.
    """
    if exploration.failure is None:
        return exploration
    found = exploration.counterexample
    failure = _renamed(_told(exploration.failure, found.steps if found is not None else ()), here)
    if found is None:
        return replace(exploration, failure=failure)
    steps = tuple(_renamed(_marked(step), here) for step in found)
    if any(wait.thread == "main" and _for_others(wait) for wait in exploration.failure.waits):
        steps = _done(steps, here)
    threads = tuple(here if name == "main" else name for name in found.threads)
    if any(wait.thread == here for wait in failure.waits) and here not in threads:
        threads = (here, *threads)  # who waits before any step that is shown has a lane, and its line is shown
    found = replace(found, steps=steps, failure=failure, threads=threads, program="")
    notes = (_NOTE,) if any(step.action.startswith(_MARK) for step in steps) else ()
    return replace(exploration, failure=failure, counterexample=found, notes=(*exploration.notes, *notes))


def is_ours(line: int, source: str) -> bool:
    """Is this a line of the check? It is told by its text."""
    return bool(source) and any(linecache.getline(file, line).strip() == source for file in _CHECKS)


def own_line(error: BaseException) -> int | None:
    """The last line of the answer that an exception came through; None if it came through none."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith((_OURS, _LIBRARY)):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _marked(step: Step) -> Step:
    if not step.file.startswith(_OURS):
        return step
    return replace(step, action=_MARK + step.action, line=0, source="", file="")


def _told(failure: Failure, steps: tuple[Step, ...]) -> Failure:
    """With lines of the answer only."""
    waits = [
        wait if not wait.file.startswith(_OURS) else replace(wait, waits_for=f"{wait.waits_for} of the check", line=0, source="")
        for wait in failure.waits
        if not _for_others(wait)
    ]
    error = failure.exception
    message = _asleep(failure.message, steps) if failure.kind == "livelock" else failure.message
    return replace(failure, message=message, line=failure.line if error is None else own_line(error), waits=tuple(waits))


def _for_others(wait: Wait) -> bool:
    """Is it the check that waits for the end of a thread?"""
    return wait.file.startswith(_OURS) and wait.waits_for.startswith("the end of ")


def _done(steps: tuple[Step, ...], name: str) -> tuple[Step, ...]:
    """A thread whose wait is left out is not blocked after its last step."""
    last = max((i for i, step in enumerate(steps) if step.thread == name), default=len(steps))
    told = [replace(step, blocked=tuple(other for other in step.blocked if other != name)) for step in steps[last + 1 :]]
    if told and told[0].switch == "blocked":
        told[0] = replace(told[0], switch="ended")
    return (*steps[: last + 1], *told)


def _asleep(message: str, steps: tuple[Step, ...]) -> str:
    """Who waits at a condition and is woken for no reason goes round in circles, but is not what a reader calls so."""
    last = {step.thread: step.kind for step in steps}
    names = [name for name, kind in last.items() if kind == "wait" and message.startswith(f"{name} goes round")]
    return f"{names[0]} waits, and waits again whenever it is woken" if names else message


def _renamed(part: Any, here: str) -> Any:
    """With another name for the thread that runs the program."""
    if isinstance(part, Failure) and part.exception is not None:  # what it says is not ours
        return replace(part, thread=_renamed(part.thread, here), waits=_renamed(part.waits, here))
    if isinstance(part, str):
        return re.sub(r"\bmain\b", here, part)
    if isinstance(part, tuple):
        return tuple(_renamed(one, here) for one in part)
    if not isinstance(part, Failure | Step | Wait):
        return part
    return replace(part, **{name: _renamed(getattr(part, name), here) for name in _NAMES & vars(part).keys()})

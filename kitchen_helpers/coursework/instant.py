"""`kh.check`: a student's verdict at once, by the same checks as the grader's."""

from __future__ import annotations

import ctypes
import inspect
import linecache
import os
import threading
import time
import types
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from .box import INSIDE
from .boxes import run_box
from .loading import read
from .offered import MODULES
from .policy import Refused, loose_names
from .questions import QUESTIONS, Question, Verdict

LONGEST = 25.0
"""Seconds after which there is a verdict on an explored answer: it takes less than five, but on a busy machine (`budget`)."""
PATIENCE = LONGEST + 3.0
"""Seconds after which an answer is left to itself."""
_LEAVING = 1.0


def check(question: str, *answer: Any) -> Verdict:
    """What the grader would say about an answer: `kh.check("a3.q2", Pass, Closed)`.

    Returns
    -------
    Verdict : `.passed`, `.status`, `.message`, `.hint`, and the `.exploration` where there is one; it prints itself, with
        the lanes of a failing schedule and the line numbers of the answer's own cell.

    Raises
    ------
    ValueError : there is no such question.
    """
    if os.environ.get(INSIDE):
        return Verdict("unfinished", "an answer that is being checked cannot check itself")
    if question not in QUESTIONS:
        known = ", ".join(QUESTIONS)
        raise ValueError(f"there is no question {question!r}; there are {known}")
    asked = QUESTIONS[question]
    return _misunderstood(asked, answer) or _foul(asked, answer) or (_apart if asked.alone else _here)(asked, answer)


def _misunderstood(question: Question, answer: Sequence[Any]) -> Verdict | None:
    """The verdict on what is no answer to this question."""
    call = f'kh.check("{question.id}", {", ".join(question.names)})'
    if len(answer) != len(question.names):
        return Verdict("missing", f"{question.id} takes {len(question.names)}, not {len(answer)}: {call}")
    for name, part in zip(question.names, answer, strict=True):
        if part is None or part is Ellipsis:
            return Verdict("missing", f"{name} is not there yet")
        if not callable(part):
            return Verdict("missing", f"{name} is to be a function or a class, and is {type(part).__name__} here: {call}")
        other = getattr(part, "__name__", name)
        if other != name and other in question.names:
            return Verdict("missing", f"{other} stands where {name} belongs: {call}")
    return None


def _foul(question: Question, answer: Sequence[Any]) -> Verdict | None:
    """The verdict on a cell that the grader would not run, or not find complete."""
    file, source = _cell(answer)
    if file and not source:  # IPython keeps none of a cell that begins with %%time
        why = "the source of the answer cannot be had"
        return Verdict("unfinished", why, "Run its cell once more without %%time or any other %%command.")
    if not (source and _is_cell(file)):
        return None
    # (a class without functions, such as an exception, does not say where it stands)
    if any(_file(part) not in ("", file) for part in answer):
        names = " and ".join(question.names)
        return Verdict("missing", f"{names} stand in different cells; only the answer cell is graded: put them there together")
    try:
        read(source, question)
    except Refused as reason:
        return Verdict("refused", f"the grader would not run this: {reason}")
    except SyntaxError:  # (IPython's own commands)
        return None
    loose = [name for name in loose_names(source) if name not in MODULES and name not in ("kh", "get_ipython", "display")]
    if loose:
        return Verdict(
            "missing",
            f"the answer cell uses {', '.join(loose)}, which it does not define; only the answer cell is graded",
            "Move what it needs, imports too, into the answer cell.",
        )
    return None


def _cell(answer: Sequence[Any]) -> tuple[str, str]:
    """File or cell of an answer, and its source; "" if it cannot be had."""
    file = _file(answer[0])
    linecache.checkcache(file)
    return file, "".join(linecache.getlines(file)) if file else ""


def _file(part: Any) -> str:
    part = inspect.unwrap(part)
    if isinstance(part, type):
        parts = [v for v in vars(part).values() if isinstance(v, types.FunctionType) and v.__module__ == part.__module__]
        part = next((f for f in parts if not f.__code__.co_filename.startswith("<string")), None)
    code = getattr(part, "__code__", None)
    return code.co_filename if isinstance(code, types.CodeType) else ""


def _is_cell(file: str) -> bool:
    return "ipykernel_" in file or file.startswith("<ipython-input-")


def _apart(question: Question, answer: Sequence[Any]) -> Verdict:
    """For answers that run for real: in a process of its own, so that nothing they do reaches the notebook."""
    file, source = _cell(answer)
    if not source:
        return Verdict("unfinished", "the source of the answer cannot be had: write it in a cell of a notebook")
    found = run_box(question, source, file, sandboxed=False, guarded=_is_cell(file))
    return Verdict(found.status, found.message, found.hint, share=found.share)


def _here(question: Question, answer: Sequence[Any]) -> Verdict:
    """For answers that are explored: in this process, in a thread that can be left."""
    done = threading.Event()
    found: list[Verdict] = []

    def body() -> None:
        from . import exploring  # not at the top: the explorer need not be loaded for answers that run for real

        exploring.longest.set(LONGEST)
        try:
            found.append(question.check(*answer))
        except BaseException as error:  # noqa: BLE001 - also SystemExit: the notebook lives on
            found.append(Verdict("wrong", f"the check ended with {type(error).__name__}: {error}"))
        finally:
            done.set()

    worker = threading.Thread(target=body, name=f"check of {question.id}", daemon=True)
    worker.start()
    try:
        if not _wait(done, PATIENCE):
            return Verdict("time limit", f"not done within {PATIENCE:g} seconds", "Is there a loop, or a wait, that never ends?")
    finally:
        if not done.is_set():
            _leave(worker, done)
    return found[0]


def _wait(event: threading.Event, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not event.wait(0.1):  # in slices: on Windows a long wait is deaf to the stop button
        if time.monotonic() > deadline:
            return False
    return True


def _leave(worker: threading.Thread, done: threading.Event) -> None:
    """Ends a thread that goes round and round; one that waits for ever costs nothing, and stays."""
    for _ in range(5):
        if worker.ident is not None and not done.is_set():
            with suppress(Exception):
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident), ctypes.py_object(SystemExit))
        if _wait(done, _LEAVING / 5):
            return

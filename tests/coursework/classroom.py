"""Made-up submissions: notebooks as students hand them in, by the answers that stand in them."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil

ASSIGNMENT = "a2_till"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def right(question: str) -> str:
    """A right answer to a question, from those with which its check is tested."""
    return next(iter(answers_to(question).RIGHT.values()))


def wrong(question: str) -> str:
    return next(iter(answers_to(question).WRONG.values()))[0]


def answers_to(question: str) -> Any:
    """The module with the answers to a question."""
    return importlib.import_module(f".answers.{question.replace('.', '_')}", __package__)


def answer_cell(grade_id: str, source: str) -> dict[str, Any]:
    marks = {"grade_id": grade_id, "solution": True, "grade": False, "locked": False, "schema_version": 3, "task": False}
    return {
        "cell_type": "code",
        "id": grade_id,
        "metadata": {"nbgrader": marks},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def notebook(answers: dict[str, str], kernel: dict[str, str] = KERNEL) -> dict[str, Any]:
    """A notebook with these answers, by question: {"a2.q1": source}."""
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "id": "story", "metadata": {}, "source": "# The till"}]
    for question, source in answers.items():
        cells.append(answer_cell(question.replace(".", "-"), source))
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def hand_in(submitted: Path, student: str, answers: dict[str, str] | bytes, assignment: str = ASSIGNMENT) -> Path:
    folder = submitted / student / assignment
    folder.mkdir(parents=True)
    path = folder / f"{assignment}.ipynb"
    path.write_bytes(answers if isinstance(answers, bytes) else json.dumps(notebook(answers), ensure_ascii=False).encode())
    return path


def made_up_class(submitted: Path) -> dict[str, float]:
    """Sixty submissions of every kind; returns the points that each of them is worth."""
    from .tricks import TRICKS

    q1, q2 = right("a2.q1"), right("a2.q2")
    worth: dict[str, float] = {}

    def add(student: str, points: float, answers: dict[str, str] | bytes) -> None:
        hand_in(submitted, student, answers)
        worth[student] = points

    for number in range(14):
        add(f"right-{number:02}", 2.0, {"a2.q1": q1})
    for number in range(2):
        add(f"all-right-{number}", 8.0, {name: right(name) for name in ("a2.q1", "a2.q2", "a2.q3")})
    for number in range(10):
        add(f"wrong-{number:02}", 0.0, {"a2.q1": wrong("a2.q1")})
    for number in range(6):
        add(f"partly-right-{number}", 2.0, {"a2.q1": q1, "a2.q2": wrong("a2.q2")})
    # Whoever cheats in one question keeps the points of another.
    for number, name in enumerate(HOSTILE):
        add(f"hostile-{number:02}", 3.0, {"a2.q1": TRICKS[name][0], "a2.q2": q2})
    malformed: list[dict[str, str] | bytes] = [b"", b"{", b"[]", b'{"cells": 7}', b"\xff\xfe\x00", b"PK\x03\x04", {}, {"a2.q9": q1}]
    malformed += [json.dumps(notebook({"a2.q1": q1}, {"name": "ir", "language": "R"})).encode()]
    for number, content in enumerate(malformed):
        add(f"malformed-{number}", 0.0, content)
    add("=HYPERLINK(1)", 2.0, {"a2.q1": q1.replace("\n", "\r\n")})
    add("<script>alert(1)</script>"[:20].replace("/", "_"), 0.0, {"a2.q1": "raise ValueError('<script>alert(1)</script>')"})
    add("é ü\n👩‍🍳", 0.0, {"a2.q1": "raise ValueError('👩‍🍳')"})
    (submitted / "link").symlink_to(submitted / "right-00")
    (submitted / "a file").write_text("x")
    (submitted / "empty").mkdir()
    worth |= {"link": 0.0, "a file": 0.0, "empty": 0.0}
    assert len(worth) == 60
    return worth


def still_there(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended, though they had time to."""

    def alive(process: psutil.Process) -> bool:
        try:
            return process.status() != psutil.STATUS_ZOMBIE  # (ended, and waiting for its parent to look)
        except psutil.NoSuchProcess:
            return False

    deadline = time.monotonic() + 10
    while (left := [process for process in processes if alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


HOSTILE = (
    "a balance that equals everything",
    "os._exit",
    "killing itself",
    "stopping itself",
    "killing everybody",
    "a flood of threads",
    "one large block of memory",
    "a thread that outlives",
    "a daemon process that outlives",
    "a verdict on every pipe",
    "another Thread.start under a name",
    "the owner of a lock",
    "open",
)
"""Those whose tricks cost little time."""

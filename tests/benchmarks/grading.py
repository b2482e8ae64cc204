"""What grading costs: the same 20 right submissions through our grader and through `nbgrader autograde`: `make bench`.

Both run on one processor, one submission after the other, so that the time that passes is the time that they take. In
nbgrader's case the notebooks' own cells call the same checks. With no bubblewrap or nbgrader, a line says so.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from coursework.classroom import ASSIGNMENT, KERNEL, answer_cell, right

from kitchen_helpers.coursework import QUESTIONS
from kitchen_helpers.coursework.__main__ import main as grade
from kitchen_helpers.coursework.sandbox import NoSandbox, probe

STUDENTS = 20
ASKED = list(QUESTIONS.of(ASSIGNMENT.partition("_")[0]).values())


def notebook() -> dict[str, Any]:
    """A whole notebook: answers, and locked cells that check them as nbgrader wants it."""

    def code(name: str, source: str, **marks: object) -> dict[str, Any]:
        return answer_cell(name, source) | {"metadata": {"nbgrader": {"schema_version": 3, "task": False, **marks}} if marks else {}}

    cells = [code("first", "import kitchen_helpers as kh")]
    for question in ASKED:
        check = f'verdict = kh.check("{question.id}", {", ".join(question.names)})\nassert verdict.passed, verdict.message'
        graded = {"grade": True, "grade_id": f"{question.cell}-check", "locked": True, "solution": False}
        cells += [
            answer_cell(question.cell, right(question.id)),
            code(f"{question.cell}-check", check, points=question.points, **graded),
        ]
    return {"cells": cells, "metadata": {"kernelspec": KERNEL}, "nbformat": 4, "nbformat_minor": 5}


def ours(course: Path) -> float:
    probe()
    begun = perf_counter()
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        grade(["grade", str(course / "submitted"), "--out", str(course / "graded"), "--jobs", "1"])
    seconds = perf_counter() - begun
    grades = json.loads((course / "graded" / "grades.json").read_text())
    check(sum(found["points"] for work in grades.values() for found in work[ASSIGNMENT].values()))
    return seconds


def nbgraders(course: Path) -> float:
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])

    def run(*arguments: str) -> float:
        begun = perf_counter()
        command = [sys.executable, "-m", "nbgrader", *arguments, f"--course-dir={course}"]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PATH": path}, cwd=course)
        return perf_counter() - begun

    run("generate_assignment", ASSIGNMENT)
    seconds = run("autograde", ASSIGNMENT)
    os.environ["PATH"] = path
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        check(sum(submission.score for submission in book.assignment_submissions(ASSIGNMENT)))
    return seconds


def check(points: float) -> None:
    assert points == STUDENTS * sum(question.points for question in ASKED), f"right answers got {points} points"


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rows: list[tuple[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        work = json.dumps(notebook())
        for place in ("source", *(f"submitted/student-{number:02}" for number in range(STUDENTS))):
            (course / place / ASSIGNMENT).mkdir(parents=True)
            (course / place / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").write_text(work)
        for name, measure in (("ours, in its sandbox", ours), ("nbgrader autograde", nbgraders)):
            try:
                rows.append((name, measure(course)))
            except (NoSandbox, ImportError, subprocess.CalledProcessError) as reason:
                print(f"{name}: left out ({reason})")
    print(f"\nGrading {STUDENTS} right submissions of {len(ASKED)} questions, on one processor")
    print(f"{'':22} {'seconds each':>12} {'ratio':>6}")
    for name, seconds in rows:
        print(f"{name:22} {seconds / STUDENTS:12.2f} {seconds / rows[0][1]:6.1f}")


if __name__ == "__main__":
    main()

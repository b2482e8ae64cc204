"""A class of sixty is graded, once without and once with an end in the middle: the same grades, and nothing else changed."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from kitchen_helpers.coursework.__main__ import main
from kitchen_helpers.coursework.grade import STATE

from .classroom import ASSIGNMENT, made_up_class, still_there

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="bubblewrap, SIGKILL and symbolic links are for the others"),
    pytest.mark.usefixtures("sandbox"),
]
Grades = dict[str, dict[str, dict[str, dict[str, object]]]]


def command(submitted: Path, out: Path) -> list[str]:
    return ["grade", str(submitted), "--out", str(out), "--seconds", "8", "--jobs", "2"]


def written(out: Path) -> dict[str, bytes]:
    """What the teacher gets, by file."""
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file() and STATE not in p.parts}


def everything(folder: Path, without: Path) -> dict[str, object]:
    return {
        str(path): (path.lstat().st_mtime_ns, path.lstat().st_size)
        for path in folder.rglob("*")
        if without not in (path, *path.parents) and path != without.parent
    }


@pytest.mark.usefixtures("nothing_left")
def test_a_class_is_graded_alike_whether_interrupted_or_not(tmp_path: Path) -> None:
    submitted, first, second = tmp_path / "submitted", tmp_path / "first", tmp_path / "second"
    worth = made_up_class(submitted)

    before = everything(tmp_path, first)
    assert main(command(submitted, first)) == 0
    assert everything(tmp_path, first) == before, "something was written outside the output folder"
    grades: Grades = json.loads((first / "grades.json").read_text())
    points = {
        student: sum(found["points"] for questions in work.values() for found in questions.values())  # type: ignore[misc]
        for student, work in grades.items()
    }
    assert points == worth
    with open(first / "grades.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(float(row["points"]) for row in rows) == sum(worth.values())
    assert all(row["message"] and row["status"] for row in rows)
    assert not any(value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())
    pages = {name: content.decode() for name, content in written(first).items() if name.startswith("feedback")}
    assert len(pages) == len(worth)
    assert not any("<script" in page for page in pages.values())
    assert sum("<svg" in page for page in pages.values()) >= 10, "wrong answers have their lanes"

    # Once more, ended in the middle by the hardest of all signals.
    grader = subprocess.Popen(
        [sys.executable, "-m", "kitchen_helpers.coursework", *command(submitted, second)], stderr=subprocess.PIPE
    )
    with grader:
        process = psutil.Process(grader.pid)
        while len(list((second / STATE).glob("*.json"))) < 20:
            assert grader.poll() is None
            time.sleep(0.02)
        below = process.children(recursive=True)
        grader.send_signal(signal.SIGKILL)
        assert grader.stderr is not None and b"submission" in grader.stderr.read(), "a progress bar"
    assert below and still_there(below) == [], "boxes end with their grader"
    assert not (second / "grades.csv").exists()
    done = {path: path.stat().st_mtime_ns for path in (second / STATE).glob("*.json")}
    assert 20 <= len(done) < 60
    (second / STATE / ".half-x").write_text("{")

    assert main(command(submitted, second)) == 0
    assert written(second) == written(first)
    assert {path: path.stat().st_mtime_ns for path in done} == done, "what was finished is not graded again"

    # One student hands in anew: only that is graded.
    kept = {path: path.stat().st_mtime_ns for path in (second / STATE).glob("*.json")}
    right = submitted / "right-00" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    wrong = submitted / "wrong-00" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    wrong.write_bytes(right.read_bytes())
    assert main(command(submitted, second)) == 0
    changed = [path for path, when in kept.items() if path.stat().st_mtime_ns != when]
    assert len(changed) == 1
    again: Grades = json.loads((second / "grades.json").read_text())
    assert again["wrong-00"][ASSIGNMENT]["a2.q1"]["status"] == "right"
    assert {s: g for s, g in again.items() if s != "wrong-00"} == {s: g for s, g in grades.items() if s != "wrong-00"}

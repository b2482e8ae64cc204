"""Where the grades go: nbgrader's gradebook, a dask cluster's workers and back, and a teacher without a sandbox."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import sysconfig
import tracemalloc
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from kitchen_helpers.coursework import grade as grading
from kitchen_helpers.coursework import sandbox as walls
from kitchen_helpers.coursework.__main__ import main
from kitchen_helpers.coursework.grade import STATE, Job, grade, records_of
from kitchen_helpers.coursework.gradebook import write_gradebook
from kitchen_helpers.coursework.writing import Record

from .classroom import ASSIGNMENT, hand_in, right, wrong

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the grader is for Linux and macOS")


@pytest.fixture
def submitted(tmp_path: Path) -> Path:
    folder = tmp_path / "submitted"
    q1, q2 = right("a2.q1"), right("a2.q2")
    hand_in(folder, "ana", {"a2.q1": q1, "a2.q2": q2})
    hand_in(folder, "ben", {"a2.q1": wrong("a2.q1"), "a2.q2": q2})
    hand_in(folder, "chloé", b"{")
    (folder / "dan").mkdir()
    return folder


def written(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file() and STATE not in p.parts}


class AtOnce(Executor):
    """Does what is submitted at once, in this process."""

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Instead of running anything, every answer is right; notes whose was asked about."""
    asked: list[str] = []

    def run(job: Job, sandboxed: bool) -> Record:
        asked.append(job.student)
        found = {"points": 2.0, "max": 2.0, "status": "right", "message": "", "hint": "", "lanes": ""}
        return {
            "student": job.student,
            "assignment": job.assignment,
            "digest": job.digest,
            "problem": "",
            "questions": {"a2.q1": found},
        }

    monkeypatch.setattr(grading, "run", run)
    return asked


# nbgrader's gradebook


@pytest.mark.usefixtures("sandbox")
def test_the_gradebook_has_the_same_sums_and_keeps_what_the_teacher_wrote(submitted: Path, tmp_path: Path) -> None:
    from nbgrader.api import Gradebook

    out, database = tmp_path / "out", tmp_path / "gradebook.db"
    assert main(["grade", str(submitted), "--out", str(out), "--gradebook", str(database)]) == 0
    grades = json.loads((out / "grades.json").read_text())
    sums = {
        student: sum(found["points"] for found in work[ASSIGNMENT].values())
        for student, work in grades.items()
        if ASSIGNMENT in work
    }
    assert sums == {"ana": 5.0, "ben": 3.0, "chloé": 0.0}
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    command = [sys.executable, "-m", "nbgrader", "export", "--db", f"sqlite:///{database}", "--to", str(tmp_path / "export.csv")]
    subprocess.run(command, env=os.environ | {"PATH": path}, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    with open(tmp_path / "export.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["student_id"]: float(row["score"]) for row in rows if row["assignment"] == ASSIGNMENT} == sums
    assert {float(row["max_score"]) for row in rows} == {8.0}

    # The teacher gives a point by hand; grading again does not take it away.
    os.environ["PATH"], before = path, os.environ["PATH"]
    try:
        with Gradebook(f"sqlite:///{database}") as book:
            book.find_grade("a2-q1-check", ASSIGNMENT, ASSIGNMENT, "ben").manual_score = 1.0
            book.db.commit()
        write_gradebook(database, records_of(submitted, out))
        with Gradebook(f"sqlite:///{database}") as book:
            given = book.find_grade("a2-q1-check", ASSIGNMENT, ASSIGNMENT, "ben")
            assert (given.manual_score, given.auto_score, given.needs_manual_grade) == (1.0, 0.0, True)
            assert book.find_submission(ASSIGNMENT, "ben").score == 4.0
            assert not book.find_submission(ASSIGNMENT, "ana").needs_manual_grade
    finally:
        os.environ["PATH"] = before


def test_what_is_no_gradebook(tmp_path: Path, capsys: pytest.CaptureFixture[str], made_up: list[str]) -> None:
    hand_in(tmp_path / "submitted", "ana", {"a2.q1": "x = 1"})
    (tmp_path / "notes.db").write_text("these are my notes, and no database at all\n" * 20)
    command = ["grade", str(tmp_path / "submitted"), "--out", str(tmp_path / "out"), "--no-sandbox"]
    assert main([*command, "--gradebook", str(tmp_path / "notes.db")]) == 2
    assert "cannot be written as a gradebook" in capsys.readouterr().err
    assert (tmp_path / "notes.db").read_text().startswith("these are my notes")
    assert (tmp_path / "out" / "grades.csv").exists(), "the grades are there all the same"


# A cluster


@pytest.mark.usefixtures("sandbox")
def test_a_dask_cluster_gives_the_same_to_the_byte(submitted: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    assert main(["grade", str(submitted), "--out", str(tmp_path / "here")]) == 0
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        command = ["grade", str(submitted), "--out", str(tmp_path / "there"), "--dask", cluster.scheduler_address]
        assert main(command) == 0
    assert written(tmp_path / "there") == written(tmp_path / "here")
    assert len(written(tmp_path / "here")) == 6


def test_no_cluster_there(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")

    def nobody(*_: object, **__: object) -> None:
        raise OSError("Timed out trying to connect")

    monkeypatch.setattr(distributed, "Client", nobody)
    (tmp_path / "submitted").mkdir()
    assert main(["grade", str(tmp_path / "submitted"), "--out", str(tmp_path / "out"), "--dask", "tcp://127.0.0.1:1"]) == 2
    assert "there is no dask scheduler at tcp://127.0.0.1:1" in capsys.readouterr().err


def test_a_job_that_fails_is_told_and_done_when_we_start_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_up: list[str]
) -> None:
    submitted, out = tmp_path / "submitted", tmp_path / "out"
    for student in ("ana", "ben"):
        hand_in(submitted, student, {"a2.q1": "x = 1"})
    healthy = grading.run

    def run(job: Job, sandboxed: bool) -> Record:
        if job.student == "ben" and made_up == ["ana"]:
            made_up.append("lost")
            raise RuntimeError("the worker was lost")
        return healthy(job, sandboxed)

    monkeypatch.setattr(grading, "run", run)
    summary = grade(submitted, out, executor=AtOnce(), at_once=1, sandboxed=False)
    assert (summary.graded, summary.failed) == (1, [f"ben/{ASSIGNMENT}: RuntimeError: the worker was lost"])
    assert list(json.loads((out / "grades.json").read_text())) == ["ana"]
    summary = grade(submitted, out, executor=AtOnce(), at_once=1, sandboxed=False)
    assert (summary.graded, summary.known, summary.failed) == (1, 1, [])
    assert made_up == ["ana", "lost", "ben"]


# The folders


def test_the_memory_of_the_grader_does_not_grow_with_the_class(tmp_path: Path, made_up: list[str]) -> None:
    """Neither notebooks nor verdicts are kept: ten times as many students take no more than their names."""
    answer = "#" + 50_000 * "x"

    def peak(students: int) -> int:
        submitted = tmp_path / f"submitted-{students}"
        for number in range(students):
            hand_in(submitted, f"student-{number:04}", {"a2.q1": answer})
        tracemalloc.start()
        try:
            summary = grade(submitted, tmp_path / f"out-{students}", executor=AtOnce(), at_once=2, sandboxed=False)
            assert summary.graded == students
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(5)  # whatever is loaded once
    few, many = peak(20), peak(200)
    assert many - few < 180 * 2_000, f"{many - few} bytes more for 180 students more, whose answers have {180 * len(answer)}"


def test_the_output_may_not_lie_among_the_submissions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    submitted = tmp_path / "submitted"
    hand_in(submitted, "ana", {})
    for out in (submitted, submitted / "graded", tmp_path):
        assert main(["grade", str(submitted), "--out", str(out), "--no-sandbox"]) == 2
        assert "outside the folder of submissions" in capsys.readouterr().err
    assert main(["grade", str(tmp_path / "gone"), "--out", str(tmp_path / "out")]) == 2
    assert os.listdir(submitted) == ["ana"] and not (tmp_path / "out").exists()


def test_two_graders_do_not_write_over_each_other(tmp_path: Path, made_up: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    submitted, out = tmp_path / "submitted", tmp_path / "out"
    hand_in(submitted, "ana", {"a2.q1": "x = 1"})
    inner = grading.run

    def run(job: Job, sandboxed: bool) -> Record:
        with pytest.raises(grading.CannotGrade, match="another grader is at work"):
            grade(submitted, out, executor=AtOnce(), at_once=1, sandboxed=False)
        return inner(job, sandboxed)

    monkeypatch.setattr(grading, "run", run)
    assert grade(submitted, out, executor=AtOnce(), at_once=1, sandboxed=False).graded == 1


def test_changed_checks_are_applied_to_what_was_finished(tmp_path: Path, made_up: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    submitted, out = tmp_path / "submitted", tmp_path / "out"
    hand_in(submitted, "ana", {"a2.q1": "x = 1"})
    for version in ("old", "old", "new", "new"):
        monkeypatch.setattr(grading, "version_of", lambda *_, version=version: version)
        grade(submitted, out, executor=AtOnce(), at_once=1, sandboxed=False)
    assert made_up == ["ana", "ana"]


# No sandbox


def test_without_a_sandbox_nothing_is_run(
    submitted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, made_up: list[str]
) -> None:
    walls.walls.cache_clear()
    monkeypatch.setattr(walls.shutil, "which", lambda name: None)
    try:
        assert main(["grade", str(submitted), "--out", str(tmp_path / "out")]) == 3
    finally:
        walls.walls.cache_clear()
    said = capsys.readouterr().err
    assert "No sandbox: bubblewrap" in said and "--no-sandbox" in said
    assert made_up == []


def test_no_sandbox_does_without_one(submitted: Path, tmp_path: Path) -> None:
    stub = "    # YOUR CODE HERE\n    raise NotImplementedError()\n"
    unused = f"\ndef left_over():\n{stub}"
    nothing_yet = f"class Till:\n  def __init__(self, balance=0):\n{stub}"
    hand_in(submitted, "eva", {"a2.q1": nothing_yet, "a2.q2": right("a2.q2") + unused})
    out = tmp_path / "out"
    assert main(["grade", str(submitted), "--out", str(out), "--no-sandbox"]) == 0
    grades = json.loads((out / "grades.json").read_text())
    assert [found["status"] for found in grades["ana"][ASSIGNMENT].values()] == ["right", "right", "missing"]
    assert [found["status"] for found in grades["ben"][ASSIGNMENT].values()] == ["wrong", "right", "missing"]
    assert [found["status"] for found in grades["eva"][ASSIGNMENT].values()] == ["missing", "right", "missing"]
    assert grades["eva"][ASSIGNMENT]["a2.q1"]["message"].startswith("not answered yet")
    assert grades["dan"] == {}

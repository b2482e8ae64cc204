"""Whatever is handed in gives a row with the reason: never a crash, and never another student's mark."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from kitchen_helpers.coursework import QUESTIONS
from kitchen_helpers.coursework.collecting import LARGEST, Unreadable, collect, read_notebook
from kitchen_helpers.coursework.extract import extract
from kitchen_helpers.coursework.feedback import page_name
from kitchen_helpers.coursework.grade import Job, prepare
from kitchen_helpers.coursework.loading import plain
from kitchen_helpers.coursework.writing import Store, whole

from .classroom import ASSIGNMENT, answer_cell, hand_in, notebook

ANSWERS = {"a2.q1": "class Till:\n    balance = 0", "a2.q2": "def transfer(): ..."}
ASKED = QUESTIONS.of("a2").values()
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has neither of them")


def job(submitted: Path) -> Job:
    [submission] = collect(submitted)
    return prepare(submission, "1")


def problem(submitted: Path) -> str:
    """Why every question of the one submission has no answer."""
    found = job(submitted)
    assert [answer.problem for answer in found.answers.values()] == [found.problem] * len(found.answers)
    return found.problem


def taken(content: object) -> dict[str, str]:
    """The source of each answer, or its problem in angle brackets."""
    answers = extract(json.dumps(content).encode(), ASKED)
    return {name: answer.source or f"<{answer.problem}>" for name, answer in answers.items()}


# What stands in the folders


def test_only_answer_cells_are_taken(tmp_path: Path) -> None:
    hand_in(tmp_path, "ana", ANSWERS)
    found = job(tmp_path)
    assert {name: answer.source for name, answer in found.answers.items() if answer.source} == ANSWERS
    assert found.answers["a2.q3"].problem.startswith("there is no answer cell a2-q3")


def test_submissions_come_in_order_and_what_a_system_leaves_is_passed_over(tmp_path: Path) -> None:
    for student in ("ben", "ana", "Zoé", "ø", ".DS_Store", "__MACOSX"):
        hand_in(tmp_path, student, ANSWERS)
    (tmp_path / "ana" / ".ipynb_checkpoints").mkdir()
    (tmp_path / "ana" / ASSIGNMENT / ".ipynb_checkpoints").mkdir()
    assert [s.student for s in collect(tmp_path)] == ["Zoé", "ana", "ben", "ø"]
    assert not any(s.problem for s in collect(tmp_path))


def test_no_folder_no_notebook_too_many_notebooks(tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    (tmp_path / "b-empty").mkdir()
    (tmp_path / "c-no-notebook" / ASSIGNMENT).mkdir(parents=True)
    (tmp_path / "d-file" / "x").mkdir(parents=True)
    (tmp_path / "d-file" / "x").rmdir()
    (tmp_path / "d-file" / ASSIGNMENT).write_text("")
    two = hand_in(tmp_path, "e-two", ANSWERS)
    two.rename(two.with_name("mine.ipynb"))
    (two.parent / "other.ipynb").write_bytes(b"{}")
    (hand_in(tmp_path, "f-and-a-copy", ANSWERS).parent / "copy.ipynb").write_bytes(b"{}")
    hand_in(tmp_path, "g-renamed", ANSWERS).rename(tmp_path / "g-renamed" / ASSIGNMENT / "my work.IPYNB")
    found = {s.student: s.problem for s in collect(tmp_path)}
    assert found == {
        "a-file": "it is no folder",
        "b-empty": "there is no folder of an assignment",
        "c-no-notebook": "there is no notebook in the folder",
        "d-file": "it is no folder",
        "e-two": "there are 2 notebooks in the folder, and none is called a2_till.ipynb",
        "f-and-a-copy": "",
        "g-renamed": "",
    }


def test_a_folder_that_is_no_assignment(tmp_path: Path) -> None:
    hand_in(tmp_path, "ana", ANSWERS, assignment="homework")
    assert job(tmp_path).problem == "the folder has not the name of an assignment"
    assert job(tmp_path).answers == {}


@posix
@pytest.mark.parametrize("which", ["student", "assignment", "notebook"])
def test_symbolic_links_are_not_followed(tmp_path: Path, which: str) -> None:
    theirs = hand_in(tmp_path / "elsewhere", "ben", ANSWERS)
    submitted = tmp_path / "submitted"
    link, target = {
        "student": (submitted / "ana", theirs.parents[1]),
        "assignment": (submitted / "ana" / ASSIGNMENT, theirs.parent),
        "notebook": (submitted / "ana" / ASSIGNMENT / theirs.name, theirs),
    }[which]
    link.parent.mkdir(parents=True)
    link.symlink_to(target)
    assert "symbolic link" in problem(submitted)


@posix
def test_a_pipe_for_a_notebook_is_not_waited_for(tmp_path: Path) -> None:
    path = hand_in(tmp_path, "ana", b"")
    path.unlink()
    os.mkfifo(path)
    assert problem(tmp_path) == "the notebook is no ordinary file"


def test_a_folder_for_a_notebook(tmp_path: Path) -> None:
    path = hand_in(tmp_path, "ana", b"")
    path.unlink()
    path.mkdir()
    assert problem(tmp_path).startswith("the notebook ")


def test_a_huge_notebook_is_not_read(tmp_path: Path) -> None:
    path = hand_in(tmp_path, "ana", b"")
    with open(path, "r+b") as file:
        file.truncate(100_000_000)
    assert problem(tmp_path) == f"the notebook has 100 MB; more than {LARGEST >> 20} MB are not read"
    with pytest.raises(Unreadable):
        read_notebook(path.with_name("gone.ipynb"))


# What stands in the files


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 200_000, "is not JSON"),
        (b'{"cells": [' + b"9" * 10_000 + b"]}", "is not JSON"),
        (b"PK\x03\x04 a zip file", "is not JSON"),
        (b"[]", "no notebook of format 4"),
        (b'"cells"', "no notebook of format 4"),
        (b'{"worksheets": [{"cells": []}], "nbformat": 3}', "no notebook of format 4"),
        (b'{"cells": {}}', "no notebook of format 4"),
        (json.dumps(notebook(ANSWERS, {"name": "ir", "language": "R"})).encode(), "another kernel (ir)"),
        (b'{"cells": [], "metadata": {"kernelspec": {"language": ["R"]}}}', "another kernel"),
    ],
)
def test_what_is_no_notebook_of_python(tmp_path: Path, content: bytes, reason: str) -> None:
    hand_in(tmp_path, "ana", content)
    assert reason in problem(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b'{"cells": [1, null, "x", [], {}]}',
        b'{"cells": [{"metadata": 3}, {"metadata": {"nbgrader": []}}], "metadata": []}',
        b'{"cells": [{"metadata": {"nbgrader": {"grade_id": ["a2-q1"]}}}], "metadata": {"kernelspec": null}}',
    ],
)
def test_cells_that_are_none(content: bytes) -> None:
    assert all("there is no answer cell" in answer.problem for answer in extract(content, ASKED).values())


def test_cells_renamed_doubled_emptied_or_turned_into_text() -> None:
    cell = answer_cell("a2-q1", "x = 1")
    base = notebook({})

    def first(*cells: object) -> str:
        return taken(base | {"cells": list(cells)})["a2.q1"]

    assert first(answer_cell("a2-q1-copy", "x = 1")).startswith("<there is no answer cell a2-q1")
    assert first(cell, cell) == "x = 1"
    assert first(cell, answer_cell("a2-q1", "x = 2")) == "<2 different cells are marked as the answer a2-q1: keep one>"
    assert first(answer_cell("a2-q1", "  \n")) == "<not answered yet>"
    assert first(cell | {"cell_type": "markdown"}) == "<the answer cell is no code cell>"
    assert first(cell | {"source": 7}) == "<the answer cell has no text>"
    assert first(cell | {"source": ["x = 1\n", 2]}) == "<the answer cell has no text>"
    assert first(cell | {"source": ["x = 1\n", "y = 2"]}) == "x = 1\ny = 2"


def test_windows_line_ends_and_marks_of_windows_editors() -> None:
    content = json.dumps(notebook({"a2.q1": "x = 1\r\ny = 2\rz = 3"}))
    for encoded in (content.encode("utf-8-sig"), content.encode("utf-16"), content.replace("\n", "\r\n").encode()):
        assert extract(encoded, ASKED)["a2.q1"].source == "x = 1\ny = 2\nz = 3"


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("%%time\nx = 1", "\nx = 1"),
        ("!ls\nx = 1\nx?", "\nx = 1\n"),
        ("x = 5\n%timeit x\n?x", "x = 5\n\n"),
        ("y = 7 %3\nz = (8\n%3)", "y = 7 %3\nz = (8\n%3)"),
        ("not Python", "not Python"),
    ],
)
def test_commands_of_ipython_are_passed_over(source: str, left: str) -> None:
    assert plain(source) == left


# What is written, under whichever name


def test_no_student_gets_the_page_or_the_record_of_another(tmp_path: Path) -> None:
    students = ["ana", "Ana", "ANA", "a/na", "a na", "a_na", "a\nna", "..", ".", "", "con", "é", "e\u0301", "x" * 300, "x" * 301]
    students += ["<b>", "=1+1", "\udcff", "ana.html", "ana-12345678", "../../etc/passwd", " ana", "ana ", "ana."]
    pages = [page_name(student) for student in students]
    assert len({page.lower() for page in pages}) == len(students)
    for page in pages:
        assert "/" not in page and not page.startswith(".") and len(page) < 120 and page.isascii()
    store = Store(tmp_path / "state")
    for student in students:
        store.keep({"student": student, "assignment": "a2", "digest": student.encode("utf-8", "surrogateescape").hex()})
    for student in students:
        record = store.find(student, "a2")
        assert record is not None and bytes.fromhex(record["digest"]).decode("utf-8", "surrogateescape") == student


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    path.write_text("old")

    def interrupted() -> None:
        with whole(path) as file:
            file.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["grades.csv"]
    with whole(path) as file:
        file.write("new\udcff")
    assert path.read_text() == "new\\udcff"


def test_a_damaged_record_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path / "state")
    for content in ("", "{", "[]", '{"student": "ben", "assignment": "a2"}'):
        store.path("ana", "a2").write_text(content)
        assert store.find("ana", "a2") is None

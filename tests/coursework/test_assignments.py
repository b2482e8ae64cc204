"""The assignments: sources with solutions, the students' notebooks in step with them, nbgrader's marks, the questions' points."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

from kitchen_helpers.coursework import QUESTIONS, Question
from kitchen_helpers.coursework.boxes import run_box
from kitchen_helpers.coursework.extract import extract
from kitchen_helpers.coursework.gradebook import GRADED_CELL
from kitchen_helpers.coursework.loading import read


def _releasing() -> ModuleType:
    """tests/release_assignments.py, which is a command and in no package."""
    path = Path(__file__).parents[1] / "release_assignments.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RELEASING = _releasing()
COURSE: Path = RELEASING.COURSE
ASSIGNMENTS: list[str] = RELEASING.assignments()
EVERY = pytest.mark.parametrize("name", ASSIGNMENTS)
SOLUTION = re.compile("### BEGIN SOLUTION.*### END SOLUTION", re.DOTALL)


def path_of(name: str, step: str) -> Path:
    return COURSE / step / name / f"{name}.ipynb"


def marked(name: str, step: str = "source") -> dict[str, Any]:
    """The cells with nbgrader's marks, by grade_id."""
    notebook = nbformat.read(path_of(name, step), as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    found = {cell.metadata.nbgrader.grade_id: cell for cell in cells}
    assert len(found) == len(cells), "a grade_id stands twice"
    return found


def questions(name: str) -> dict[str, Question]:
    return QUESTIONS.of(name.partition("_")[0])


@EVERY
def test_every_question_has_its_cells(name: str) -> None:
    cells, asked = marked(name), questions(name)
    assert asked, f"there is no module of checks for {name}"
    for question in asked.values():
        answer = cells[question.cell].metadata.nbgrader
        assert (answer.schema_version, answer.solution, answer.grade, answer.locked) == (3, True, False, False)
        check = cells[GRADED_CELL.format(question.cell)]
        marks = check.metadata.nbgrader
        assert (marks.schema_version, marks.solution, marks.grade, marks.locked) == (3, False, True, True)
        assert marks.points == question.points
        # Shown to the student, and an error to nbgrader's own grader.
        assert f'kh.check("{question.id}", {", ".join(question.names)})' in check.source
        assert ".passed" in check.source
    answered = {question.cell for question in asked.values()}
    claimed = {i for i, c in cells.items() if c.cell_type == "code" and c.metadata.nbgrader.solution}
    assert claimed == answered, "answer cells and questions do not match"


@EVERY
def test_there_is_a_question_to_be_answered_in_words(name: str) -> None:
    words = [c for c in marked(name).values() if c.cell_type == "markdown" and c.metadata.nbgrader.solution]
    assert words and all(c.metadata.nbgrader.grade and c.metadata.nbgrader.points > 0 for c in words)


@EVERY
def test_the_solutions_are_right_and_stand_between_their_marks(name: str) -> None:
    answers = extract(path_of(name, "source").read_bytes(), questions(name).values())
    for question in questions(name).values():
        source = answers[question.id].source
        assert source, answers[question.id].problem
        assert SOLUTION.search(source), f"{question.id}: the solution stands between ### BEGIN SOLUTION and ### END SOLUTION"
        read(source, question)
        found = run_box(question, source, "<solution>", sandboxed=False)
        assert found.status == "right", (question.id, found.message)


@EVERY
def test_the_students_notebooks_are_in_step_with_the_sources(name: str, tmp_path: Path) -> None:
    RELEASING.release([name], tmp_path)
    made = {str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    there = {
        str(p.relative_to(COURSE / "release")): p.read_bytes() for p in (COURSE / "release" / name).rglob("*") if p.is_file()
    }
    assert made == there, "make assignments brings them in step"


@EVERY
def test_the_students_notebooks_give_nothing_away(name: str) -> None:
    text = path_of(name, "release").read_text(encoding="utf-8")
    assert "BEGIN SOLUTION" not in text
    answers = extract(path_of(name, "release").read_bytes(), questions(name).values())
    assert all("YOUR CODE HERE" in answer.source for answer in answers.values())
    for cell in marked(name, "release").values():
        assert not cell.get("outputs")


@EVERY
def test_the_released_answer_cells_run_and_are_missing(name: str) -> None:
    """A student who runs the notebook from top to bottom before answering is told so, and sees no crash."""
    for question in questions(name).values():
        cell = marked(name, "release")[question.cell]
        read(cell.source, question)
        found = run_box(question, cell.source, "<nothing yet>", sandboxed=False)
        assert (found.status, found.hint) == ("missing", ""), (question, found)


def test_no_assignment_is_forgotten() -> None:
    """Once there are checks for an assignment and a folder of sources, each has its notebook."""
    if not COURSE.is_dir() or not ASSIGNMENTS:
        pytest.skip("there are no assignments yet")
    assert [name.partition("_")[0] for name in ASSIGNMENTS] == sorted({n.partition(".")[0] for n in QUESTIONS})
    released = sorted(path.name for path in (COURSE / "release").iterdir() if path.is_dir())
    assert released == ASSIGNMENTS


def test_the_command_makes_what_nbgrader_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def marks(**more: object) -> dict[str, object]:
        return {"nbgrader": {"schema_version": 3, "task": False, **more}}

    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(
                "class Till:\n    ### BEGIN SOLUTION\n    secret = 1\n    ### END SOLUTION",
                id="one",
                metadata=marks(grade=False, grade_id="a2-q1", locked=False, solution=True),
            ),
            nbformat.v4.new_markdown_cell(
                "My own words", id="two", metadata=marks(grade=True, grade_id="a2-words", locked=False, solution=True, points=3)
            ),
        ],
        metadata={"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
    )
    course = tmp_path / "course"
    (course / "source" / "a2_till").mkdir(parents=True)
    nbformat.write(notebook, course / "source" / "a2_till" / "a2_till.ipynb")
    monkeypatch.setattr(RELEASING, "COURSE", course)
    monkeypatch.setattr(sys, "argv", ["release_assignments.py"])
    RELEASING.main()
    RELEASING.main()
    assert [line.rpartition(" ")[2] for line in capsys.readouterr().out.splitlines()] == ["anew", "unchanged"]
    one, two = nbformat.read(course / "release" / "a2_till" / "a2_till.ipynb", as_version=4).cells
    assert one.source == "class Till:\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    assert (two.source, one.metadata.nbgrader.grade_id) == ("YOUR ANSWER HERE", "a2-q1")

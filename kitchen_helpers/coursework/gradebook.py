"""Writes the scores into nbgrader's gradebook, through its own API; manual scores in it stay as they are."""

from __future__ import annotations

import os
import sysconfig
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .questions import QUESTIONS
from .writing import Record

GRADED_CELL = "{}-check"
"""The grade_id of the cell that has a question's points: the answer cell's own, and this."""


class NoGradebook(Exception):
    """nbgrader is not installed, or the file is no gradebook."""


def write_gradebook(path: Path, records: Iterable[Record]) -> None:
    """One score per question of every record that has any. Raises NoGradebook."""
    try:
        from nbgrader.api import Gradebook
    except ImportError as error:
        raise NoGradebook('nbgrader is not installed; pip install "kitchen-helpers[grading]" does it') from error
    try:
        with warnings.catch_warnings(), _commands_on_path(), Gradebook(f"sqlite:///{path.resolve()}") as book:
            warnings.simplefilter("ignore")  # what SQLAlchemy thinks of nbgrader is not for the teacher
            for record in records:
                if record["questions"]:
                    _write(book, record)
    except Exception as error:
        if type(error).__module__.partition(".")[0] in ("sqlalchemy", "alembic", "nbgrader"):
            raise NoGradebook(f"{path} cannot be written as a gradebook: {str(error).splitlines()[0]}") from error
        raise


@contextmanager
def _commands_on_path() -> Iterator[None]:
    """nbgrader starts the command alembic, which lies beside our Python."""
    before = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


def _write(book: Any, record: Record) -> None:
    student, assignment = record["student"].encode("utf-8", "backslashreplace").decode(), record["assignment"]
    _assignment(book, assignment, record)
    book.update_or_create_student(student)
    book.update_or_create_submission(assignment, student)
    for name, found in record["questions"].items():
        grade = _grade(book, GRADED_CELL.format(QUESTIONS[name].cell), assignment, student)
        grade.auto_score = found["points"]
        # As nbgrader does it; and what no check could decide is the teacher's, too.
        grade.needs_manual_grade = grade.manual_score is not None or found["status"] == "unfinished"
    book.db.commit()


def _assignment(book: Any, assignment: str, record: Record) -> None:
    book.update_or_create_assignment(assignment)
    book.update_or_create_notebook(assignment, assignment)
    for name, found in record["questions"].items():
        cell = QUESTIONS[name].cell
        book.update_or_create_solution_cell(cell, assignment, assignment)
        graded = {"max_score": found["max"], "cell_type": "code"}
        book.update_or_create_grade_cell(GRADED_CELL.format(cell), assignment, assignment, **graded)


def _grade(book: Any, cell: str, assignment: str, student: str) -> Any:
    from nbgrader.api import Grade, MissingEntry

    try:
        return book.find_grade(cell, assignment, assignment, student)
    except MissingEntry:  # the submission is older than the question
        notebook = book.find_submission_notebook(assignment, assignment, student)
        book.db.add(Grade(cell_id=book.find_grade_cell(cell, assignment, assignment).id, notebook_id=notebook.id))
        book.db.commit()
        return book.find_grade(cell, assignment, assignment, student)

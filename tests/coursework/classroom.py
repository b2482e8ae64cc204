"""Made-up submissions: notebooks as students hand them in, by the answers that stand in them."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

ASSIGNMENT = "a2_till"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def right(question: str) -> str:
    """A right answer to a question, from those with which its check is tested."""
    return next(iter(_answers(question).RIGHT.values()))


def wrong(question: str) -> str:
    return next(iter(_answers(question).WRONG.values()))[0]


def _answers(question: str) -> Any:
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

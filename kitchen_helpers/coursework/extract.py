"""Takes the answer cells out of a notebook; everything else in it is passed over."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .collecting import Unreadable
from .questions import Question


@dataclass(frozen=True)
class Answer:
    """The source of an answer cell, or why there is none."""

    source: str = ""
    problem: str = ""


def extract(notebook: bytes, questions: Iterable[Question]) -> dict[str, Answer]:
    """The answer to each question. Raises Unreadable if this is no notebook of Python code."""
    cells = _cells(notebook)
    return {question.id: _answer(cells, question) for question in questions}


def _cells(notebook: bytes) -> list[dict[str, Any]]:
    try:
        content = json.loads(notebook)
    except (ValueError, RecursionError):  # (also: not UTF-8, numbers of too many digits)
        raise Unreadable("the notebook is not JSON: was it saved and handed in whole?") from None
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise Unreadable("the file is JSON, but no notebook of format 4")
    metadata = _table(content.get("metadata"))
    kernel = _table(metadata.get("kernelspec"))
    language = kernel.get("language") or _table(metadata.get("language_info")).get("name") or "python"
    if not (isinstance(language, str) and language.lower() in ("python", "ipython", "python3")):
        raise Unreadable(f"the notebook is for another kernel ({str(kernel.get('name') or language)[:40]}), not for Python")
    return [cell for cell in cells if isinstance(cell, dict)]


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _answer(cells: list[dict[str, Any]], question: Question) -> Answer:
    sources: dict[str, None] = {}
    for cell in cells:
        marks = _table(_table(cell.get("metadata")).get("nbgrader"))
        if marks.get("grade_id") == question.cell and marks.get("solution") is not False:
            if cell.get("cell_type") != "code":
                return Answer(problem="the answer cell is no code cell")
            source = _source(cell)
            if source is None:
                return Answer(problem="the answer cell has no text")
            sources[source] = None
    if not sources:
        return Answer(problem=f"there is no answer cell {question.cell}: it was deleted, or made anew without its mark")
    if len(sources) > 1:
        return Answer(problem=f"{len(sources)} different cells are marked as the answer {question.cell}: keep one")
    source = next(iter(sources))
    if not source.strip():
        return Answer(problem="not answered yet")
    return Answer(source)


def _source(cell: dict[str, Any]) -> str | None:
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    return source.replace("\r\n", "\n").replace("\r", "\n") if isinstance(source, str) else None


"""Whatever has become of a notebook on its way: a line for the teacher, never a traceback, and the others' marks untouched.

GRADER_NOTEBOOKS says how many damaged notebooks are graded (default 300; 4,000 take some minutes), GRADER_SEED which ones.
"""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from kitchen_helpers.coursework import grade as grading
from kitchen_helpers.coursework.boxes import Found
from kitchen_helpers.coursework.questions import Question

from .classroom import ASSIGNMENT, hand_in, notebook

NOTEBOOKS = int(os.environ.get("GRADER_NOTEBOOKS", "300"))
FIRST = int(os.environ.get("GRADER_SEED", "0"))
PER_CLASS = 10
PARTS = 5
"""So that no test takes long."""

ANSWER = "class Till:\n    balance = 0  # é\n"
WHOLE = notebook({"a2.q1": ANSWER, "a2.q2": ANSWER, "a2.q3": ANSWER})
TEXT = json.dumps(WHOLE, ensure_ascii=False)

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=8,
)
_codecs = ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "cp437", "mac-roman", "utf-7")


def _places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a notebook, as the keys that lead to it."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(place for key, part in inside for place in _places(part, (*here, key)))]


@st.composite
def _replaced(draw: st.DrawFn) -> bytes:
    """Something in it is something else, is missing, or is there twice."""
    content = json.loads(TEXT)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from(_places(content)[1:] or [()]))
        if not place:
            break
        around = content
        for key in place[:-1]:
            around = around[key]
        match draw(st.sampled_from(["else", "gone", "twice"])):
            case "gone":
                del around[place[-1]]
            case "twice" if isinstance(around, list):
                around.insert(0, around[place[-1]])
            case _:
                around[place[-1]] = draw(_json)
    return json.dumps(content).encode()


@st.composite
def _scratched(draw: st.DrawFn) -> bytes:
    """Some of its bytes are others, are missing, or are more."""
    content = bytearray(TEXT.encode())
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(content)))
        content[start : start + draw(st.integers(0, 20))] = draw(st.binary(max_size=20))
    return bytes(content)


def _of_version_3() -> bytes:
    cells = [{**cell, "input": cell["source"], "prompt_number": 1} for cell in WHOLE["cells"]]
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}).encode()


DAMAGED = st.one_of(
    st.binary(max_size=2_000),
    st.integers(0, len(TEXT)).map(lambda end: TEXT.encode()[:end]),
    st.sampled_from(_codecs).map(lambda codec: TEXT.encode(codec, "replace")),
    _scratched(),
    _replaced(),
    _replaced(),
    _json.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"[" * 100_000, b'{"cells":' * 50_000, b"1" * 100_000, b"NaN", b'{"cells": [' + b"{}," * 9_999 + b"{}]}"]),
    st.builds(_of_version_3),
)


def _nothing_is_run(question: Question, source: str, file: str, *, sandboxed: bool) -> Found:
    """Stands for a box: what is right is known by its text."""
    source.encode("utf-8", "surrogatepass")
    return Found("right", "as it was") if source == ANSWER else Found("wrong", f"{source!r}"[:900])


def _graded(folder: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of each student, by name."""
    with ThreadPoolExecutor(1) as executor:
        summary = grading.grade(folder / "submitted", folder / "out", executor=executor, at_once=2, sandboxed=False)
    assert not summary.failed
    with open(folder / "out" / "grades.csv", encoding="utf-8", newline="") as file:
        rows: dict[str, list[dict[str, str]]] = {}
        for row in csv.DictReader(file):
            assert row["message"] and "\n" not in row["message"] and "Traceback" not in row["message"]
            rows.setdefault(row["student"], []).append(row)
    assert json.loads((folder / "out" / "grades.json").read_text(encoding="utf-8")).keys() == rows.keys()
    return rows


def _points(rows: list[dict[str, str]]) -> float:
    return sum(float(row["points"]) for row in rows)


@pytest.fixture
def unboxed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grading, "run_box", _nothing_is_run)


@pytest.mark.usefixtures("unboxed")
@pytest.mark.parametrize("part", range(PARTS))
def test_a_damaged_notebook_gets_a_line_and_nobody_else_is_touched(part: int) -> None:
    many = -(-NOTEBOOKS // (PER_CLASS * PARTS))
    chosen = settings(max_examples=many, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    seed(FIRST * PARTS + part)(chosen(given(st.lists(DAMAGED, min_size=PER_CLASS, max_size=PER_CLASS))(_class_of)))()


def _class_of(damaged: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, content in enumerate(damaged):
            hand_in(folder / "submitted", f"m{number}", content)
        for student in ("ana", "zoe"):
            hand_in(folder / "submitted", student, TEXT.encode())
        rows = _graded(folder)
        assert rows.keys() == {"ana", "zoe", *(f"m{number}" for number in range(len(damaged)))}
        assert _points(rows["ana"]) == _points(rows["zoe"]) == 8.0
        for number, content in enumerate(damaged):
            # a point only for an answer that is there as it was
            assert _points(rows[f"m{number}"]) == 0 or b"class Till" in content or b"\0" in content


def _link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _file(path: Path) -> None:
    path.write_bytes(b"")


def _hole(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(1 << 40)


def _folders(path: Path) -> None:
    (path / "deep" / "deeper").mkdir(parents=True)


@pytest.mark.skipif(os.name == "nt", reason="Windows has few of them")
@pytest.mark.parametrize("made", [_link, _loop, _dangling, _device, _pipe, _file, _hole, _folders])
@pytest.mark.usefixtures("unboxed")
def test_something_else_where_a_folder_or_a_notebook_is_meant(tmp_path: Path, made: Callable[[Path], None]) -> None:
    submitted = tmp_path / "submitted"
    for student in ("ana", "zoe"):
        hand_in(submitted, student, TEXT.encode())
    made(submitted / "a student")
    (submitted / "an assignment").mkdir()
    made(submitted / "an assignment" / ASSIGNMENT)
    (submitted / "a notebook" / ASSIGNMENT).mkdir(parents=True)
    made(submitted / "a notebook" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb")
    (hand_in(submitted, "beside", TEXT.encode()).parent / ".git").mkdir()
    made(submitted / "beside" / ASSIGNMENT / "more.ipynb")
    rows = _graded(tmp_path)
    assert {student: _points(theirs) for student, theirs in rows.items()} == {
        **dict.fromkeys(("a student", "an assignment", "a notebook"), 0.0),
        **dict.fromkeys(("ana", "zoe", "beside"), 8.0),
    }
    assert all(row["status"] == "missing" for student in ("a student", "an assignment", "a notebook") for row in rows[student])

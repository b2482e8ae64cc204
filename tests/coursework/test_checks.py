"""The checks are checked: each passes every right answer, and fails every wrong one for its own reason."""

from __future__ import annotations

import importlib
import tempfile
import time
from pathlib import Path

import pytest

from kitchen_helpers.coursework import QUESTIONS, Verdict, exploring
from kitchen_helpers.coursework.boxes import run_box
from kitchen_helpers.coursework.loading import load, read

from . import answers

MODULES = {
    path.stem.replace("_", "."): importlib.import_module(f".answers.{path.stem}", __package__)
    for path in sorted(Path(answers.__file__).parent.glob("a*_q*.py"))
}
RIGHT = [
    pytest.param(question, source, id=f"{question} {name}")
    for question, module in MODULES.items()
    for name, source in module.RIGHT.items()
]
WRONG = [
    pytest.param(question, source, words, id=f"{question} {name}")
    for question, module in MODULES.items()
    for name, (source, words) in module.WRONG.items()
]
TOO_LARGE = [
    pytest.param(question, source, id=f"{question} {name}")
    for question, module in MODULES.items()
    for name, source in getattr(module, "TOO_LARGE", {}).items()
]
LIMIT = 15
"""Seconds for one verdict on a busy machine; alone it takes under 5."""


def check(question_id: str, source: str, seconds: float = 0.8 * LIMIT) -> Verdict:
    question = QUESTIONS[question_id]
    read(source, question)  # an honest answer never meets the policy
    if question.alone:  # in a process of its own, as in a notebook
        found = run_box(question, source, "<answer>", sandboxed=False)
        return Verdict(found.status, found.message, found.hint)
    names = load(source, f"<answer to {question_id}, {hash(source)}>")
    exploring.patience.set(seconds)
    begun = time.perf_counter()
    verdict = question.check(*(names[name] for name in question.names))
    assert time.perf_counter() - begun < LIMIT
    return verdict


@pytest.mark.parametrize(("question", "source"), RIGHT)
def test_a_right_answer_passes(question: str, source: str) -> None:
    verdict = check(question, source)
    assert verdict.passed, verdict


def test_a_long_name_of_the_temporary_folder_is_no_answers_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("long" * 15)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))  # sockets of `multiprocessing` would not fit in there
    verdict = check("a1.q3", MODULES["a1.q3"].RIGHT["executor"])
    assert verdict.passed, verdict


@pytest.mark.parametrize(("question", "source"), TOO_LARGE)
def test_a_right_answer_that_cannot_be_finished_is_not_called_wrong(question: str, source: str) -> None:
    assert check(question, source, seconds=3).status in ("unfinished", "right")


@pytest.mark.parametrize(("question", "source", "words"), WRONG)
def test_a_wrong_answer_fails_for_its_reason(question: str, source: str, words: str) -> None:
    verdict = check(question, source)
    assert verdict.status == "wrong", verdict
    assert words in verdict.message, verdict
    assert verdict.hint, verdict


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_there_are_enough_of_them(module: object) -> None:
    assert len(module.RIGHT) >= 2 and len(module.WRONG) >= 6  # type: ignore[attr-defined]

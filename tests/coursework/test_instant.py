"""`kh.check` in a student's notebook: a verdict at once, whatever the answer does, and the notebook lives on."""

from __future__ import annotations

import linecache
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import kitchen_helpers as kh
from kitchen_helpers.coursework import Question, Verdict, boxes, instant
from kitchen_helpers.coursework.questions import QUESTIONS

from .classroom import answers_to, right, wrong

CELL = "/tmp/ipykernel_4711/{}.py"


@pytest.fixture
def cell() -> Iterator[Any]:
    """Runs a source as IPython runs a cell; returns its names."""
    files = []

    def run(source: str, names: dict[str, Any] | None = None) -> dict[str, Any]:
        file = CELL.format(len(files))
        files.append(file)
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        names = {"__name__": "a_notebook"} if names is None else names
        exec("import threading, asyncio, kitchen_helpers as kh", names)
        exec(compile(source, file, "exec"), names)
        return names

    yield run
    for file in files:
        del linecache.cache[file]


@pytest.fixture
def question(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a made-up question in the place of a2.q1."""

    def make(**changes: Any) -> Question:
        made = replace(QUESTIONS["a2.q1"], **changes)
        monkeypatch.setitem(QUESTIONS._loaded["a2"], "a2.q1", made)
        return made

    return make


def test_right_and_wrong_with_the_line_in_the_students_own_cell(cell: Any) -> None:
    verdict = kh.check("a2.q1", cell(right("a2.q1"))["Till"])
    assert verdict.passed and str(verdict).startswith("✓ right")
    source = wrong("a2.q1")
    verdict = kh.check("a2.q1", cell(source)["Till"])
    assert not verdict.passed and verdict.status == "wrong" and verdict.exploration is not None
    step = verdict.exploration.counterexample[0]
    assert source.splitlines()[step.line - 1].strip() == step.source
    assert verdict.message in str(verdict) and "Ana" in str(verdict)
    assert "<svg" in verdict._repr_html_()


def test_lines_with_numbers_are_lines_of_the_students_own_cell(cell: Any) -> None:
    source = answers_to("a3.q3").WRONG["the text is read before the reader may"][0]
    verdict = kh.check("a3.q3", cell(source)["MenuBoard"])
    assert verdict.exploration is not None and verdict.exploration.counterexample is not None
    lines = source.splitlines()
    mine = [step for step in verdict.exploration.counterexample if not step.action.startswith("check: ")]
    checks = [step for step in verdict.exploration.counterexample if step.action.startswith("check: ")]
    assert mine and all(lines[step.line - 1].strip() == step.source for step in mine)
    assert checks and not any(step.line or step.source for step in checks)
    assert {step.thread for step in [*mine, *checks]} == {"Ana", "Ben"}
    for shown in (" ".join(str(verdict).split()), verdict._repr_html_()):
        assert "stands in no line of it" in shown and " of your cell" in shown
        assert "a3_board" not in shown and "replay" not in shown and "repeat it" not in shown


@pytest.mark.parametrize(
    ("question", "name", "line"),
    [
        ("a2.q2", "to itself, it takes its lock twice", "with first.lock, second.lock:"),
        ("a3.q1", "capacity is always 1", "self.free.acquire()"),  # at no step that is shown: nobody else is there
    ],
)
def test_who_is_alone_and_waits_sees_the_line(cell: Any, question: str, name: str, line: str) -> None:
    names = cell(answers_to(question).WRONG[name][0])
    verdict = kh.check(question, *(names[part] for part in QUESTIONS[question].names))
    for shown in (str(verdict), verdict._repr_html_()):
        assert "Ana waits for ever" in shown and line in shown


@pytest.mark.parametrize(
    ("question", "name", "told", "untold"),
    [
        ("a4.q2", "two events by turns, which stay set", "Ana passed round 3 before Ben had come to it", "main"),
        ("a4.q2", "counts back when leaving", "deadlock: Ana waits for ever", "main"),
        ("a3.q2", "close wakes nobody", "waits for a notification of", "the end of"),  # of the check's own thread
        ("a2.q3", "one lock for all", "Ana holds cache.lock and waits for soup.ready of the check, and nobody is left", "main"),
        ("a3.q2", "a waiting put does not look whether it was closed", "Ana waits, and waits again", "in circles"),
        ("a3.q3", "an exception does not free the board", "Ana waits for a notification of", "main"),
        ("a2.q2", "tries, gives way and tries again", "Ana and Ben go round in circles", "main"),
        ("a2.q2", "to itself, it takes its lock twice", "Ana waits for ever", "0 steps"),
        ("a3.q2", "close wakes one putter only", "switch (Dan is done)", "the check"),
    ],
)
def test_who_does_what_in_the_lanes_has_a_name(cell: Any, question: str, name: str, told: str, untold: str) -> None:
    names = cell(answers_to(question).WRONG[name][0])
    verdict = kh.check(question, *(names[part] for part in QUESTIONS[question].names))
    for shown in (str(verdict), re.sub("<style.*?</style>", "", verdict._repr_html_(), flags=re.DOTALL)):
        shown = " ".join(shown.split())  # long sentences are parted
        assert told in shown and not re.search(rf"\b{untold}\b", shown), shown


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((), "a2.q1 takes 1, not 0"),
        ((object, object), "a2.q1 takes 1, not 2"),
        ((None,), "Till is not there yet"),
        ((...,), "Till is not there yet"),
        ((3,), "Till is to be a function or a class, and is int here"),
    ],
)
def test_what_is_no_answer(answer: tuple[Any, ...], words: str) -> None:
    verdict = kh.check("a2.q1", *answer)
    assert verdict.status == "missing" and words in verdict.message


def test_answers_in_another_order(cell: Any) -> None:
    names = cell(right("a2.q2"))
    asked = [names[name] for name in QUESTIONS["a2.q2"].names]
    verdict = kh.check("a2.q2", *reversed(asked))
    assert verdict.status == "missing" and "stands where" in verdict.message
    assert kh.check("a2.q2", *asked).passed


@pytest.mark.parametrize("question", ["a2.q99", "b1", "", 3, None])
def test_an_unknown_question_is_an_error_that_names_the_known_ones(question: Any) -> None:
    with pytest.raises(ValueError, match=r"there is no question .*a2\.q1"):
        kh.check(question, object)


def test_what_the_grader_would_not_find_or_run_is_told_beforehand(cell: Any) -> None:
    source = right("a2.q1")
    verdict = kh.check("a2.q1", cell("import os\n" + source + "\nos.system")["Till"])
    assert verdict.status == "refused" and "os.system" in verdict.message
    # What another cell of the notebook has; the usual modules may be there.
    names = cell("def helper(): ...")
    verdict = kh.check("a2.q1", cell(source + "\nhelper(), threading, asyncio, kh", names)["Till"])
    assert verdict.status == "missing" and "uses helper, which it does not define" in verdict.message
    # Two cells.
    names = cell(right("a2.q2"))
    other = cell(right("a2.q1"))["Till"]
    asked = [other if name == "Till" else names[name] for name in QUESTIONS["a2.q2"].names]
    assert "different cells" in kh.check("a2.q2", *asked).message


def test_a_cell_of_which_ipython_keeps_no_source(cell: Any) -> None:
    names: dict[str, Any] = {"__name__": "a_notebook"}
    exec(compile(right("a2.q1"), "<timed exec>", "exec"), names)
    verdict = kh.check("a2.q1", names["Till"])
    assert verdict.status == "unfinished" and "%%time" in verdict.hint


def _hangs(answer: Any) -> Verdict:
    while True:
        pass


def _leaves(answer: Any) -> Verdict:
    raise SystemExit(3)


def test_an_endless_loop_ends_in_a_verdict_and_its_thread_ends_too(
    cell: Any, question: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instant, "PATIENCE", 0.3)
    question(check=_hangs)
    before = threading.active_count()
    verdict = kh.check("a2.q1", cell("class Till: ...")["Till"])
    assert verdict.status == "time limit"
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_an_exit_ends_in_a_verdict(cell: Any, question: Any) -> None:
    question(check=_leaves)
    verdict = kh.check("a2.q1", cell("class Till: ...")["Till"])
    assert verdict.status == "wrong" and "SystemExit: 3" in verdict.message


def test_the_stop_button_stops_the_check(cell: Any, question: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    question(check=_hangs)

    def pressed(event: threading.Event, seconds: float) -> bool:
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(instant, "_wait", pressed)
    names = cell("class Till: ...")
    with pytest.raises(KeyboardInterrupt):
        kh.check("a2.q1", names["Till"])


@pytest.mark.parametrize(
    ("source", "status"),
    [
        (right("a2.q1"), "right"),
        (wrong("a2.q1"), "wrong"),
        (right("a2.q1") + "\nkh.check('a2.q1', Till)", "right"),
        (right("a2.q1") + "\nwhile True: pass", "time limit"),
    ],
)
def test_answers_that_run_for_real_get_a_process_of_their_own(cell: Any, question: Any, source: str, status: str) -> None:
    # (the process that checks knows the question as it really is: it is explored there)
    question(alone=True, seconds=20.0 if status != "time limit" else 2.0)
    names = cell(source.partition("\nwhile True: pass")[0].replace("kh.check('a2.q1', Till)", "kh"))
    file = names["Till"].sell.__code__.co_filename
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    assert kh.check("a2.q1", names["Till"]).status == status


@pytest.mark.parametrize(("source", "status"), [(right("a2.q1"), "right"), ("while True: pass", "time limit")])
def test_the_same_where_pipes_cannot_be_waited_for(monkeypatch: pytest.MonkeyPatch, source: str, status: str) -> None:
    """As on Windows."""
    monkeypatch.setattr(boxes, "_chunks", boxes._chunks_of_a_file)
    asked = replace(QUESTIONS["a2.q1"], seconds=20.0 if status == "right" else 2.0)
    assert boxes.run_box(asked, source, "<answer>", sandboxed=False).status == status


def test_verdicts_print_themselves() -> None:
    verdict = Verdict("wrong", "a < b", "look at <b>")
    assert str(verdict) == "✗ wrong: a < b\nHint: look at <b>"
    assert "a &lt; b" in verdict._repr_html_() and "&lt;b&gt;" in verdict._repr_html_()
    assert (verdict.points(2.0), Verdict("right", "").points(2.0), Verdict("partly", "", share=0.5).points(2.0)) == (0.0, 2.0, 1.0)

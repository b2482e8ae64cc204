"""The checks are checked: each passes every right answer, and fails every wrong one for its own reason."""

from __future__ import annotations

import contextvars
import importlib
import re
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from kitchen_helpers.coursework import QUESTIONS, Verdict, budget, exploring
from kitchen_helpers.coursework.a3_pass import idle
from kitchen_helpers.coursework.boxes import run_box
from kitchen_helpers.coursework.loading import load, read
from kitchen_helpers.coursework.restless import asks_again

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
    pytest.param(question, source, words, "".join(hint), id=f"{question} {name}")
    for question, module in MODULES.items()
    for name, (source, words, *hint) in module.WRONG.items()
]
TOO_LARGE = [
    pytest.param(question, source, id=f"{question} {name}")
    for question, module in MODULES.items()
    for name, source in getattr(module, "TOO_LARGE", {}).items()
]
UNEXPLORABLE = [
    pytest.param(question, *answer, id=f"{question} {name}")
    for question, module in MODULES.items()
    for name, answer in getattr(module, "UNEXPLORABLE", {}).items()
]
LIMIT = 15
"""Seconds of CPU for one verdict, in which a busy machine does less; alone it takes under 5."""


def check(question_id: str, source: str, seconds: float = 12.0) -> Verdict:
    question = QUESTIONS[question_id]
    read(source, question)  # an honest answer never meets the policy
    if question.alone:  # in a process of its own, as in a notebook
        found = run_box(question, source, "<answer>", sandboxed=False)
        return Verdict(found.status, found.message, found.hint)
    names = load(source, f"<answer to {question_id}, {hash(source)}>")
    exploring.patience.set(seconds)
    exploring.longest.set(90)
    begun = time.process_time()
    verdict = question.check(*(names[name] for name in question.names))
    assert time.process_time() - begun < LIMIT
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


@pytest.mark.parametrize(("question", "name"), [("a3.q2", "two conditions"), ("a4.q3", "both or none, with a condition")])
def test_on_a_busy_machine_a_right_answer_is_right_only_later(question: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    share = 0.1  # of a CPU: what a process gets beside twenty others on two
    slow = SimpleNamespace(perf_counter=lambda: time.process_time() / share, process_time=time.process_time)
    for module in ("explorer", "loops", "patience", "search"):
        monkeypatch.setattr(f"kitchen_helpers.interleavings.{module}.time", slow)
    monkeypatch.setattr(budget, "time", slow)
    asked = QUESTIONS[question]
    names = load(MODULES[question].RIGHT[name], "<answer>")
    answer = [names[name] for name in asked.names]

    def verdict(longest: float) -> str:
        exploring.longest.set(longest)
        return asked.check(*answer).status

    assert contextvars.copy_context().run(verdict, 60.0) == "right"
    assert contextvars.copy_context().run(verdict, 0.2) == "unfinished"


class Machine:
    """Its two clocks; an exploration takes what it needs of the CPU, by the clock as long as the process is kept waiting."""

    def __init__(self, needs: float, shares: list[float]) -> None:
        self.now = self.cpu = 0.0
        self.needs, self.shares = needs, shares

    def explore(self, program: object, strict: bool, seconds: float) -> SimpleNamespace:
        share = self.shares.pop(0)
        took = min(seconds, self.needs / share)
        self.now += took
        self.cpu += took * share
        done = took < seconds
        verdict, reason = ("holds", "") if done else ("unfinished", "the time is spent")
        return SimpleNamespace(verdict=verdict, reason=reason, failure=None, seconds=took, schedules=1)


@pytest.mark.parametrize(
    ("needs", "shares", "status", "now"),
    [
        (1.0, [1.0], "right", 1.0),
        (5.0, [1.0], "unfinished", 4.4),
        (1.0, [0.2, 0.2], "right", 4.4 + 5.0),  # it cannot be known before the first try
        (3.0, [0.5], "unfinished", 4.4),  # 2.2 are left, which is no more than it has had
        (1.0, [0.1, 0.1], "right", 4.4 + 10.0),
        (1.2, [0.1, 0.1], "unfinished", 15.0),
    ],
)
def test_seconds_are_those_of_the_cpu(
    needs: float, shares: list[float], status: str, now: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(needs, shares)
    monkeypatch.setattr(budget, "time", SimpleNamespace(perf_counter=lambda: machine.now, process_time=lambda: machine.cpu))
    monkeypatch.setattr(exploring, "explore", machine.explore)
    verdict = contextvars.Context().run(exploring.explored, [exploring.Scenario("Ana cooks", lambda: None)], "All is well")
    assert (verdict.status, round(machine.now, 6)) == (status, now)


@pytest.mark.parametrize(("question", "source", "words", "hint"), WRONG)
def test_a_wrong_answer_fails_for_its_reason(question: str, source: str, words: str, hint: str) -> None:
    verdict = check(question, source)
    assert verdict.status == "wrong", verdict
    assert words in verdict.message, verdict
    assert verdict.hint and hint in verdict.hint, verdict
    shown = f"{verdict}{verdict._repr_html_()}"
    assert not re.search(r"repeat it|kh\.replay|\bmain (waits|raises|goes|was)|lines? 0\b| of \w+\.py:", shown), verdict


@pytest.mark.parametrize(("question", "source", "why", "instead"), UNEXPLORABLE)
def test_what_cannot_be_explored_is_not_held_against_an_answer(question: str, source: str, why: str, instead: str) -> None:
    verdict = check(question, source)
    assert verdict.status == "unfinished" and why in verdict.message and instead in verdict.hint, verdict
    assert verdict.hint.startswith("That is not held against your answer")
    assert "cls(" not in verdict.message, "a line of the check"


POLLING = MODULES["a3.q1"].RIGHT["asking again and again"]
TIMED = MODULES["a3.q1"].TOO_LARGE["timed waits"]
SEMAPHORES = MODULES["a3.q1"].RIGHT["two semaphores and a deque"]
IN_A_LOOP = ("self.free.acquire()", "while not self.free.acquire({0}): pass")
IN_A_LOOP += tuple(part.replace("free", "full") for part in IN_A_LOOP)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (POLLING, "time.sleep(0.001)"),
        (answers.planted(POLLING, "            time.sleep(0.001)\n", ""), "with self.lock:"),
        (answers.planted(SEMAPHORES, *(part.format("blocking=False") for part in IN_A_LOOP)), "while not self.full.acquire"),
        (answers.planted(SEMAPHORES, "self.full.acquire()", "while not self.dishes: pass\n        self.full.acquire()"), ""),
        (answers.planted(SEMAPHORES, "self.free.acquire()", "while not self.free.acquire(False): pass"), "while not self.free"),
    ],
    ids=["sleeps in between", "takes the lock", "tries a semaphore", "without a step", "in put only"],
)
def test_who_waits_by_asking_again_and_again_is_told_so(source: str, line: str) -> None:
    verdict = check("a3.q1", source)
    assert verdict.passed and "whoever waits asks again and again" in verdict.message and verdict.hint, verdict
    if line:
        number = int(verdict.message.rpartition("(line ")[2].partition(")")[0])
        assert line in source.splitlines()[number - 1]


@pytest.mark.parametrize(
    "source", [TIMED, SEMAPHORES, answers.planted(SEMAPHORES, *(part.format("timeout=0.1") for part in IN_A_LOOP))]
)
def test_who_can_be_woken_is_not_told_so(source: str) -> None:
    cls = load(source, "<answer>")["Pass"]
    assert [asks_again(program) for program in idle(cls)] == ["", ""]


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_there_are_enough_of_them(module: object) -> None:
    assert len(module.RIGHT) >= 2 and len(module.WRONG) >= 6  # type: ignore[attr-defined]

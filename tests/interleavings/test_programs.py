"""Each program of the table: its verdict, its simplest failure, its numbers, and that it is left as it was."""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Iterator
from typing import Any

import pytest

import kitchen_helpers as kh

from .programs import Case, load_all

CASES = [case for case in load_all().values() if case.runs_here]


def _each(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


def _codes(module: types.ModuleType) -> dict[str, types.CodeType]:
    """The code objects of all functions of a module and of its classes."""

    def functions(where: dict[str, Any], path: str) -> Iterator[tuple[str, types.CodeType]]:
        for name, value in list(where.items()):
            if isinstance(value, types.FunctionType):
                yield path + name, value.__code__
            elif isinstance(value, type) and value.__module__ == module.__name__:
                yield from functions(dict(vars(value)), f"{path}{name}.")

    return dict(functions(vars(module), ""))


def _says_word(case: Case, exploration: Any) -> bool:
    failure = exploration.failure
    return case.error in f"{type(failure.exception).__name__} {failure.exception} {failure.message}"


def _agrees(exploration: Any, expected: str, case: Case) -> None:
    """`expected` is "holds", "unfinished" or the kind of failure."""
    found = exploration.failure.kind if exploration.verdict == "fails" else exploration.verdict
    if case.or_unfinished and found == "unfinished":
        assert exploration.reason
        return
    assert found == expected, f"{found}, not {expected}\n{exploration}"


@_each(CASES)
def test_verdict(case: Case) -> None:
    module = sys.modules[case.program.__module__]
    codes, threads = _codes(module), set(threading.enumerate())
    exploration = kh.explore(case.program, seconds=case.seconds)

    _agrees(exploration, case.kind or case.verdict, case)
    assert _codes(module) == codes
    assert all(after is codes[name] for name, after in _codes(module).items())
    for left in set(threading.enumerate()) - threads:
        left.join(10)  # (on a busy machine, one whose budget was spent may still be ending)
    assert set(threading.enumerate()) == threads
    if exploration.verdict == "unfinished":
        assert case.reason.lower() in exploration.reason.lower()
    if exploration.verdict != "fails":
        assert exploration.failure is None and exploration.counterexample is None
        return
    example = exploration.counterexample
    assert example is not None and example.failure == exploration.failure
    assert exploration.failure.message
    assert str(exploration)
    if case.error:
        assert _says_word(case, exploration), exploration.failure.message
    if case.preemptions is not None:
        assert example.preemptions == case.preemptions, f"\n{exploration}"


@_each([case for case in CASES if case.verdict == "fails"])
def test_replay(case: Case) -> None:
    exploration = kh.explore(case.program, seconds=case.seconds)
    if exploration.verdict == "unfinished" and case.or_unfinished:
        pytest.skip("not judged")
    again = kh.replay(case.program, exploration.counterexample.schedule)
    assert again.schedules == 1
    assert again.verdict == "fails"
    assert again.failure.kind == case.kind
    assert again.failure.message == exploration.failure.message
    assert list(again.counterexample) == list(exploration.counterexample)


@_each([case for case in CASES if case.strict != (case.kind or case.verdict)])
def test_strict(case: Case) -> None:
    exploration = kh.explore(case.program, strict=True, seconds=case.seconds)
    assert exploration.strict
    _agrees(exploration, case.strict, case)
    if exploration.verdict == "fails":
        again = kh.replay(case.program, exploration.counterexample.schedule)
        assert again.failure.kind == case.strict


@_each([case for case in CASES if case.strict == (case.kind or case.verdict) and case.verdict != "unfinished"])
def test_strict_changes_nothing(case: Case) -> None:
    exploration = kh.explore(case.program, strict=True, seconds=case.seconds)
    _agrees(exploration, case.strict, case)


@_each([case for case in CASES if case.schedules is not None])
def test_number_of_schedules(case: Case) -> None:
    exploration = kh.explore(case.program, reduce=False, seconds=60)
    assert not exploration.reduced
    assert exploration.verdict == case.verdict
    assert sum(exploration.outcomes.values()) == exploration.schedules
    assert exploration.schedules == case.schedules
    if case.ok is not None:
        assert exploration.outcomes.get("ok", 0) == case.ok
        assert exploration.outcomes.get(case.kind or "ok", 0) == (case.schedules - case.ok if case.kind else case.ok)


@_each([case for case in CASES if case.final_states is not None])
@pytest.mark.parametrize("reduce", [True, False], ids=["reduced", "all"])
def test_final_states(case: Case, reduce: bool) -> None:
    exploration = kh.explore(case.program, reduce=reduce, seconds=60)
    assert set(exploration.final_states) == case.final_states


def _run_for_real(program: Any) -> tuple[Any, BaseException | None]:
    """Its value or its exception; the test fails instead of hanging."""
    result: list[tuple[Any, BaseException | None]] = []

    def run() -> None:
        try:
            result.append((program(), None))
        except Exception as error:
            result.append((None, error))

    before = set(threading.enumerate())
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive(), "it does not end"
    for thread in [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]:
        thread.join(5)
        assert not thread.is_alive(), f"{thread.name} does not end"
    return result[0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # sys.exit in a thread
@_each([case for case in CASES if case.verdict == "holds" and case.ends])
def test_runs_for_real_after_its_exploration(case: Case) -> None:
    """Only those that hold: whatever the real run's luck is, it ends, and ends well. (That the code of the others is
    theirs again, `test_verdict` has looked at.)"""
    code = case.program.__code__  # type: ignore[attr-defined]
    kh.explore(case.program, seconds=case.seconds)
    assert case.program.__code__ is code  # type: ignore[attr-defined]
    names = vars(sys.modules[case.program.__module__])
    before = dict(names)
    try:
        value, error = _run_for_real(case.program)
    finally:  # unlike an exploration, a real run leaves the globals that it has bound anew
        names.update(before)
    assert error is None
    assert case.final_states is None or repr(value) in case.final_states

"""The line that says how far an exploration is, and that its budgets are kept."""

from __future__ import annotations

import threading
import time

import pytest

import kitchen_helpers as kh
from kitchen_helpers.interleavings import patience


class Till:
    def __init__(self) -> None:
        self.value = 0

    def sell(self) -> None:
        for _ in range(5):
            self.value += 1


def busy_day() -> None:
    till = Till()
    threads = [threading.Thread(target=till.sell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_short_wait_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    over = threading.Event()
    threading.Timer(0.05, over.set).start()
    assert patience.wait(over, time.perf_counter() + 60, lambda: "so far")
    assert capsys.readouterr() == ("", "")


def test_a_long_one_says_how_far_it_is_and_takes_the_line_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_QUIET", 0.01)
    monkeypatch.setattr(patience, "_EVERY", 0.01)
    over = threading.Event()
    said = []

    def told() -> str:
        said.append(f"{len(said) + 1} schedules")
        if len(said) == 3:
            over.set()
        return said[-1]

    assert patience.wait(over, time.perf_counter() + 60, told)
    out, err = capsys.readouterr()
    first, *others = err.split("\r")[1:]
    assert out == "" and first.startswith("1 schedules; ") and first.endswith(" s are left")
    assert [line.strip()[:11] for line in others] == ["2 schedules", "3 schedules", "", ""]


def test_time_that_is_up_is_no_end() -> None:
    assert not patience.wait(threading.Event(), time.perf_counter() - 1, lambda: "")
    assert not patience.wait(threading.Event(), time.perf_counter() + 0.01, None)


@pytest.mark.parametrize("reduce", [True, False], ids=["reduced", "all"])
def test_the_budget_of_time_is_kept(reduce: bool) -> None:
    begun = time.perf_counter()
    found = kh.explore(busy_day, reduce=reduce, seconds=0.5)
    assert time.perf_counter() - begun < 1.0
    assert found.verdict == "unfinished" and "time" in found.reason


def test_the_budget_of_schedules_is_kept() -> None:
    found = kh.explore(busy_day, max_schedules=7)
    assert (found.verdict, found.schedules) == ("unfinished", 7)
    assert "7 schedules" in found.reason


def test_an_exploration_says_how_many_schedules_were_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_QUIET", 0.1)
    kh.explore(busy_day, reduce=False, seconds=0.7)
    assert "schedules run, none failed; " in capsys.readouterr().err

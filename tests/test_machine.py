"""The machine card: its facts, what it says in words, and that looking leaves no trace."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator

import loky
import pytest

import kitchen_helpers as kh
from kitchen_helpers import machine
from kitchen_helpers.machine import MachineCard


def card(**changes: object) -> MachineCard:
    facts = {"python": "3.13.0", "gil_enabled": True, "cpus_total": 8, "cpus_usable": 4, "start_method": "spawn"}
    return MachineCard(**(facts | {"platform": "Linux x86_64"} | changes))  # type: ignore[arg-type]


def test_facts() -> None:
    here = kh.machine_card()
    assert here.python == platform.python_version()
    assert here.cpus_total == os.cpu_count()
    assert 1 <= here.cpus_usable <= here.cpus_total
    assert here.gil_enabled is getattr(sys, "_is_gil_enabled", lambda: True)()
    assert here.start_method in ("fork", "forkserver", "spawn")
    assert here.cpus_measured is None
    assert json.loads(json.dumps(here.to_dict()))["platform"] == here.platform


def test_one_usable_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loky, "cpu_count", lambda: 1)
    here = kh.machine_card()
    assert here.cpus_usable == 1
    assert "gives you 1 CPU: processes cannot be faster" in here.in_words
    assert "1 usable CPU ·" in here.caption


def test_the_environment_can_limit_the_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert kh.machine_card().cpus_usable == 1


def test_words() -> None:
    assert "4 CPUs" in card().in_words
    assert "threads cannot" in card().in_words
    assert "so can threads" in card(gil_enabled=False).in_words
    assert "without the GIL" in card(gil_enabled=False).caption
    assert "as much as 3.9 CPUs." in card(cpus_measured=3.9).in_words
    assert "less than promised" not in card(cpus_measured=3.9).in_words
    assert "less than promised" in card(cpus_measured=1.2).in_words


def test_tables() -> None:
    text, html = str(card(cpus_measured=1.2)), card(platform="<odd>", cpus_measured=1.2)._repr_html_()
    assert "4 usable of 8" in text
    assert "CPUs measured  1.2" in text
    assert "<table>" in html
    assert "&lt;odd&gt;" in html


def test_calibration_compares_the_rounds_of_all_with_those_of_one() -> None:
    assert machine._cpus(lambda count: 1000 if count == 1 else 1900, 2) == pytest.approx(1.9)
    assert machine._cpus(lambda count: 1000, 4) == 1
    assert machine._cpus(lambda count: 1000, 1) == 1
    assert machine._cpus(lambda count: 1000 * count + count - 1, 4) == 4
    assert machine._cpus(lambda count: 0, 4) == 0


def test_a_real_calibration() -> None:
    measured = kh.machine_card(calibrate=True).cpus_measured
    assert measured is not None
    assert 0 < measured <= kh.machine_card().cpus_usable


def test_no_calibration_where_no_python_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert machine.cpus_measured(2, 0.01) is None


@pytest.fixture
def untouched_start_method() -> Iterator[None]:
    import multiprocessing.context

    context = multiprocessing.context._default_context  # type: ignore[attr-defined]
    before, context._actual_context = context._actual_context, None
    yield
    context._actual_context = before


@pytest.mark.usefixtures("untouched_start_method")
def test_looking_does_not_fix_the_start_method() -> None:
    import multiprocessing

    found = kh.machine_card().start_method
    assert multiprocessing.get_start_method(allow_none=True) is None
    assert found == multiprocessing.get_start_method()
    multiprocessing.set_start_method("spawn", force=True)
    assert kh.machine_card().start_method == "spawn"

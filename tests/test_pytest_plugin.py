"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
HEAD = "from lane_examples import exploration\n"


def run(folder: Path, test: str, *options: str, ci: bool = False) -> str:
    (folder / "test_it.py").write_text(test, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "kitchen_helpers.pytest_plugin", "-p", "no:cacheprovider", "-q",
               "--rootdir", str(folder), *options, str(folder)]
    paths = os.pathsep.join([str(HERE.parent), str(HERE)])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    for name in ("CI", "BUILD_NUMBER"):  # where one of them is set, pytest repeats whole messages in its summary
        environment.pop(name, None)
    if ci:
        environment["CI"] = "true"
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", cwd=folder, check=False).stdout


@pytest.mark.parametrize("ci", [False, True], ids=["at home", "under CI"])
def test_a_failing_assert_shows_the_lanes(tmp_path: Path, ci: bool) -> None:
    text = run(tmp_path, HEAD + "def test_till():\n    assert exploration('fails').holds\n", ci=ci)
    text, _, summary = text.partition("short test summary info")
    assert "E        2                     reads value → 0    0            4\n" in text
    assert 'E       repeat it: kh.replay(lunch_rush, "A1 B2 A1")' in text
    assert text.count("── switch (Ben is done) ──") == 1
    # Whether pytest puts "AssertionError: " before it depends on the quotes in the message.
    assert re.search(r"FAILED test_it\.py::test_till - (AssertionError: )?assert False", summary)
    assert ("── switch" in summary) == ci


def test_unfinished_is_shown_and_holds_is_not(tmp_path: Path) -> None:
    text = run(tmp_path, HEAD + "def test_till():\n    good = exploration('holds')\n    found = exploration('unfinished')\n"
               "    assert found.holds, 'no proof'\n")
    assert "E       this is no pass: 2 schedules were run" in text and "stand for every" not in text


def test_what_the_assert_computed_goes_before_other_variables(tmp_path: Path) -> None:
    text = run(tmp_path, HEAD + "def test_till():\n    other = exploration('unfinished')\n"
               "    assert exploration('fails').holds\n")
    assert "── switch ──" in text and "no pass" not in text


@pytest.mark.parametrize("line", [
    "assert exploration('fails').verdict == 'holds'",
    "assert exploration('holds').holds and exploration('fails').holds",
    "assert exploration('fails').failure is None, 'it fails'",
    "assert all(found.holds for found in [exploration('holds'), exploration('fails')])",
    "found = exploration('fails')\n    assert found.holds",
    "found = exploration('fails')\n    assert (found.holds, 1) == (True, 1)",
    "import unittest\n    unittest.TestCase().assertTrue(exploration('fails').holds)",
])
def test_whatever_the_assert_asks_for(tmp_path: Path, line: str) -> None:
    text = run(tmp_path, HEAD + f"def test_till():\n    {line}\n")
    shown = "unittest" not in line and "for found in" not in line  # there no frame has kept the exploration
    assert text.count("── switch (Ben is done) ──") == shown and "1 failed" in text


def test_a_failing_assert_not_says_that_it_holds(tmp_path: Path) -> None:
    text = run(tmp_path, HEAD + "def test_till():\n    assert not exploration('holds').holds\n")
    assert "E       holds: 2 schedules stand for every interleaving" in text


def test_an_assert_in_a_helper_finds_it_too(tmp_path: Path) -> None:
    text = run(tmp_path, HEAD + "def demand(fact):\n    assert fact\n\ndef test_till():\n    found = exploration('fails')\n"
               "    demand(found.holds)\n")
    assert "E        ── switch ──" in text


def test_other_failures_and_passes_are_left_alone(tmp_path: Path) -> None:
    text = run(tmp_path, HEAD + "def test_value():\n    found = exploration('fails')\n    raise ValueError('x')\n\n"
               "def test_plain():\n    assert 1 == 2\n\ndef test_fine():\n    assert not exploration('fails').holds\n")
    assert "── switch" not in text and "2 failed, 1 passed" in text


def test_a_broken_report_does_not_break_the_run(tmp_path: Path) -> None:
    text = run(tmp_path, HEAD + "from kitchen_helpers.interleavings import lanes\n\nclass Odd:\n"
               "    @property\n    def __class__(self):\n        raise RuntimeError('odd')\n\n"
               "def test_till():\n    odd = Odd()\n    lanes.text_report = None\n    found = exploration('fails')\n"
               "    fact = found.holds\n    assert fact\n")
    assert "INTERNALERROR" not in text and "1 failed" in text


def test_a_run_in_several_processes_shows_them_too(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    text = run(tmp_path, HEAD + "def test_till():\n    assert exploration('fails').holds\n", "-p", "xdist", "-n", "1")
    assert "── switch (Ben is done) ──" in text


def test_loading_the_plugin_loads_no_explorer() -> None:
    code = ("import sys, pytest; import kitchen_helpers.pytest_plugin; "
            "print([name for name in sys.modules if name.startswith('kitchen_helpers.') or name in ('numpy', 'matplotlib')])")
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, encoding="utf-8", check=True).stdout
    assert told.strip() == "['kitchen_helpers.pytest_plugin']"

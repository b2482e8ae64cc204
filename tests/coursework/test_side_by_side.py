"""Parts of a check that run at the same time: one verdict, the first that is not right, and nobody left."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="one part after the other there")

_BEGINNING = """
import os, time
from kitchen_helpers.coursework.questions import Verdict
from kitchen_helpers.coursework.realtime import processes
from kitchen_helpers.coursework.side_by_side import side_by_side
right, wrong = lambda: Verdict("right", "all is well"), lambda: Verdict("wrong", "two sinks", "Who calls it?")
"""


def said(program: str) -> list[str]:
    """What a process of its own prints, in which no thread is running."""
    done = subprocess.run([sys.executable, "-c", _BEGINNING + program], capture_output=True, text=True, timeout=60)
    assert not done.stderr
    return done.stdout.splitlines()


def test_parts_meet() -> None:
    """Each waits for a byte of the other one; one after the other they would wait for ever."""
    program = """
(hears_a, says_b), (hears_b, says_a) = os.pipe(), os.pipe()
def meets(says, hears):
    os.write(says, b"x")
    return Verdict("right", os.read(hears, 1).decode())
print(side_by_side(lambda: meets(says_a, hears_a), lambda: meets(says_b, hears_b)))
print(processes())
"""
    assert said(program) == ["✓ right: x", "set()"]


def test_the_first_part_that_is_not_right_has_the_word_whoever_is_ready_first() -> None:
    program = """
def late():
    time.sleep(0.2)
    return Verdict("wrong", "late")
print(side_by_side(right, late, wrong))
print(side_by_side(right, right))
print(side_by_side(wrong, lambda: time.sleep(60)), processes())
"""
    assert said(program) == ["✗ wrong: late", "✓ right: all is well", "✗ wrong: two sinks", "Hint: Who calls it? set()"]


def test_a_part_that_ends_without_a_verdict_has_died() -> None:
    program = """
print(side_by_side(right, lambda: os._exit(0)))
print(side_by_side(lambda: os.kill(os.getpid(), 9), right), processes())
"""
    died = "? died: the process of the check ended without a verdict"
    assert said(program) == [died, f"{died} set()"]


def test_a_copy_of_a_part_is_silent() -> None:
    program = """
def twofold():
    if not os.fork():
        return Verdict("right", "a copy")
    os.wait()
    return wrong()
print(side_by_side(twofold))
"""
    assert said(program)[0] == "✗ wrong: two sinks"

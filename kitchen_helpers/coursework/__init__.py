"""Coursework that cannot be passed by luck: instant checks for students, and a grader for teachers.

    kh.check("a3.q1", Pass)                                                   # in the notebook: a Verdict
    python -m kitchen_helpers.coursework grade submitted/ --out graded/       # for the teacher

What a check shows. Where interleavings matter, the answer is explored under every interleaving of its visible steps,
as strictly as the documentation of `threading` allows, with the data that the check makes: "right" means that all of
them end well. Where time matters, the answer runs for real, and overlap is proven by barriers and counts, not by clocks.
What a check does not show: other data, other programs round the answer, good style. An exploration that could not be
finished is "unfinished", never right, and left to the teacher.

- `questions`: what a question and a verdict are; `a1` to `a6`: the checks, one module per assignment.
- `instant`: `check`, for the student.
- The grader is a pipeline: `collecting` finds the submissions, `extract` takes the answer cells out of a notebook, `policy`
  says what an answer may import and touch, `sandbox` starts `box` in a process that can reach nothing else, `judging`
  turns what comes back into verdicts, `writing` writes them down; `grade` holds them together.
"""

from __future__ import annotations

import importlib
from typing import Any

from .questions import QUESTIONS, Question, Verdict

__all__ = ["QUESTIONS", "Question", "Verdict", "check"]


def __getattr__(name: str) -> Any:
    if name == "check":
        return importlib.import_module(".instant", __name__).check
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

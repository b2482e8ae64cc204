"""Coursework that cannot be passed by luck: instant checks for students, and a grader for teachers.

    kh.check("a3.q1", Pass)                                                   # in the notebook: a Verdict
    python -m kitchen_helpers.coursework grade submitted/ --out graded/       # for the teacher

What a check shows. Where interleavings matter, the answer is explored under every interleaving of its visible steps,
as strictly as the documentation of `threading` allows, with the data that the check makes: "right" means that all of
them end well. Where time matters, the answer runs for real, and overlap is proven by barriers and counts, not by clocks. The
coroutines of a5 run on an event loop whose clock jumps (`virtual_time`): seconds take no time, and every run is like the
other.
What a check does not show: other data, other programs round the answer, good style. An exploration that could not be
finished is "unfinished", never right, and left to the teacher.

- `questions`: what a question and a verdict are; `a1` to `a6`: the questions of each assignment and their checks, in a module
  each (`a3_pass`) where they are long.
- What is explored: `scenarios`, small programs round an answer; `exploring` gives the verdict over them, within a `budget`;
  `failing` says in words what went wrong, with a hint, and `lanes` shows it with the lines of the answer.
  `restless` notices who waits by asking again and again.
- What runs for real: `realtime`, and `unhurried`, the clock of its limits; `loops` knows all tasks of an event loop; parts of a
  check that mostly wait run `side_by_side`.
- `instant`: `check`, for the student.
- The grader is a pipeline, which stands in `grade`: `collecting` finds the submissions, `extract` takes the answer cells out of
  a notebook, `boxes` runs each in a process of its own, behind the walls of `sandbox`, and judges how that ended;
  `writing`, `feedback` and `gradebook` write it down.
- In that process: `box` takes the job, `policy` says what an answer may import and touch (`records`: in patterns), `offered`
  what it gets instead of real modules, `loading` runs it, `lookups` and `unpickling` see that no name comes in by a detour,
  `integrity` sees that what checks it stays as it is.
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

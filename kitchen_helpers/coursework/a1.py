"""The questions of assignment 1: one task over many items in threads, as coroutines and in processes, and Amdahl's law."""

from __future__ import annotations

from .a1_amdahl import check_amdahl
from .a1_coroutines import check_async
from .a1_processes import check_processes
from .a1_threads import check_threaded
from .questions import Question

QUESTIONS = (
    Question("a1.q1", ("run_threaded",), 2.0, check_threaded, alone=True),
    Question("a1.q2", ("run_async",), 2.0, check_async, alone=True),
    Question("a1.q3", ("run_processes",), 2.0, check_processes, alone=True, seconds=60.0, needs_module=True),
    Question("a1.q4", ("amdahl", "needed_workers"), 2.0, check_amdahl, alone=True),
)

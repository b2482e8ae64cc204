"""The check of a1.q4: Amdahl's law, there and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .questions import RuleBroken, Verdict
from .realtime import exactly, tried


def check_amdahl(amdahl: Any, needed_workers: Any) -> Verdict:
    """a1.q4: `amdahl(serial_fraction, workers)`, `needed_workers(serial_fraction, speedup)`."""

    def right() -> None:
        for serial, workers in ((0, 8), (1, 8), (0.5, 1), (0.1, 4), (0.25, 1000), (0.05, 16), (1e-9, 10**9)):
            expected = 1 / (serial + (1 - serial) / workers)
            got = amdahl(serial, workers)
            if type(got) not in (int, float) or not math.isclose(got, expected, rel_tol=1e-9):
                raise RuleBroken(
                    f"amdahl({serial}, {workers}) must be {expected:.6g}, and it is {got!r}",
                    "Which part of the time stays the same, and which is divided by the workers?",
                )

    def needed() -> None:
        for serial, speedup in ((0, 8), (0.1, 4), (0.1, 9.5), (0.5, 1.9), (0.25, 2), (0.2, 3), (0, 2.5), (0.3, 1), (1, 1), (0.01, 50)):
            expected = _needed(serial, speedup)
            got = needed_workers(serial, speedup)
            if not exactly(got, expected):
                raise RuleBroken(
                    f"needed_workers({serial}, {speedup}) must be {expected}, and it is {got!r}",
                    "Is it the smallest whole number that reaches the speedup? Try one less, and the number itself.",
                )

    def unreachable() -> None:
        for serial, speedup in ((0.1, 10), (0.1, 11), (0.5, 2), (1, 1.5), (0.25, 100), (0.2, 5)):
            got = needed_workers(serial, speedup)
            if got is not None:
                rule = f"a speedup of {speedup} with a serial fraction of {serial} is out of reach: it must be None, and it is {got!r}"
                raise RuleBroken(rule, "What is the speedup with as many workers as there are atoms?")

    def nonsense() -> None:
        nan, inf = math.nan, math.inf
        for serial, workers in ((-0.1, 2), (1.1, 2), (nan, 2), (0.5, 0), (0.5, -1), (0.5, 2.5), (0.5, nan), (inf, 2)):
            _rejects("amdahl", amdahl, serial, workers)
        for serial, speedup in ((-0.1, 2), (1.1, 2), (nan, 2), (0.5, 0.5), (0.5, 0), (0.5, -3), (0.5, inf), (0.5, nan)):
            _rejects("needed_workers", needed_workers, serial, speedup)

    return tried(
        [right, needed, unreachable, nonsense],
        "Both are right, know what is out of reach, and refuse nonsense",
        "Which values make no sense, and what does each comparison say when one side is not a number?",
    )


def _needed(serial: float, speedup: float) -> int | None:
    """The smallest whole number that reaches the speedup, up to rounding."""
    if speedup == 1:
        return 1
    parallel = 1 / speedup - serial
    if parallel <= 1e-12:
        return None
    exact = (1 - serial) / parallel
    return round(exact) if math.isclose(exact, round(exact), rel_tol=1e-9) else math.ceil(exact)


def _rejects(name: str, function: Callable[[Any, Any], Any], first: float, second: float) -> None:
    with suppress(ValueError):
        got = function(first, second)
        raise RuleBroken(f"{name}({first}, {second}) must raise ValueError, and it returned {got!r}")

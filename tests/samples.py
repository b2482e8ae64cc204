"""Comparisons made up from figures, so that arithmetic and drawings can be tested without measuring anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from hypothesis import HealthCheck, settings

from kitchen_helpers.comparison import Comparison
from kitchen_helpers.machine import MachineCard
from kitchen_helpers.runs import Run, Span
from kitchen_helpers.scaling import Scaling

# Hypothesis fails tests that take long; on a machine busy with other things any of them may.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

CARD = MachineCard("3.13.0", True, 8, 4, "spawn", "Linux x86_64")


def run_of(
    seconds: float, workers: int = 1, items: int = 8, computing: float = 0.0, startup: float = 0.0, at_once: bool = False
) -> Run:
    """`items` items shared out to `workers`, each with so many seconds of computing; `at_once` as async does it."""
    if at_once:
        spans = [Span(0, i, 100.0, 100.0 + seconds * (i + 1) / items, computing) for i in range(items)]
        return Run(seconds, startup, tuple(spans), 1, 100.0)
    each = seconds / -(-items // workers)
    spans = [
        Span(i % workers, i, 100.0 + each * (i // workers), 100.0 + each * (i // workers + 1), min(each, computing))
        for i in range(items)
    ]
    return Run(seconds, startup, tuple(spans), workers, 100.0)


def comparison_of(
    seconds: Mapping[str, Sequence[float]],
    workers: int = 4,
    items: int = 8,
    share: float = 0.2,
    startup: Mapping[str, float] | None = None,
    left_out: Mapping[str, str] | None = None,
    card: MachineCard = CARD,
    task: str = "cook",
) -> Comparison:
    """A comparison with these lengths of the repeats, and one warm-up each; `share` of the sequential run computed."""
    runs, computing = {}, share * median(seconds["sequential"]) / items
    for name, lengths in seconds.items():
        count = 1 if name in ("sequential", "async") else workers
        begin = (startup or {}).get(name, 0.0)
        runs[name] = tuple(run_of(s, count, items, computing, begin, name == "async") for s in lengths)
    warmups = {name: own[:1] for name, own in runs.items()}
    return Comparison(task, tuple(seconds), list(range(items)), left_out or {}, card, runs, warmups)


def scaling_of(seconds: Mapping[int, Sequence[float]], card: MachineCard = CARD) -> Scaling:
    """A scaling with these lengths of the repeats by number of workers."""
    runs = {count: tuple(run_of(s, count) for s in lengths) for count, lengths in seconds.items()}
    return Scaling("cook", "processes", tuple(seconds), list(range(8)), card, runs, dict.fromkeys(seconds, ()))

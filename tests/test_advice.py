"""The rule of thumb: each shape for its own reason, on machines that are given, and work of that shape for real."""

from __future__ import annotations

import pytest

from kitchen_helpers.advice import Advice, Measured, Shape, advise, measured
from kitchen_helpers.intervals import Speedup


@pytest.mark.parametrize(
    ("shape", "engine"),
    [
        (Shape(items=20, seconds=0.02, waits=1), "threads"),
        (Shape(items=12, seconds=0.05, waits=0.5), "threads"),
        (Shape(items=2, seconds=0.1, waits=1), "threads"),
        (Shape(items=20, seconds=0.001), "sequential"),
        (Shape(items=1, seconds=5, waits=1), "sequential"),
        (Shape(items=1, seconds=5), "sequential"),
        (Shape(items=8, seconds=0.3), "processes"),
        (Shape(items=1000, seconds=0.002), "processes"),
        (Shape(items=1000, seconds=0.002, megabytes=1), "sequential"),
        (Shape(items=8, seconds=1, waits=0.1), "processes"),
    ],
)
def test_two_cpus_with_the_gil(shape: Shape, engine: str) -> None:
    assert advise(shape, cpus=2, gil=True).engine == engine


def test_one_cpu_leaves_only_waiting() -> None:
    assert advise(Shape(8, 1), cpus=1, gil=True).engine == "sequential"
    assert advise(Shape(8, 1, waits=0.9), cpus=1, gil=True).engine == "threads"
    assert "one CPU" in advise(Shape(8, 1), cpus=1, gil=True).why


def test_without_the_gil_threads_compute() -> None:
    advice = advise(Shape(8, 0.3), cpus=2, gil=False)
    assert advice.engine == "threads" and "no GIL" in advice.why
    assert advice.estimates["threads"] == pytest.approx(1.2, abs=0.01)


@pytest.mark.parametrize(
    ("items", "seconds", "waits", "megabytes"), [(0, 1, 0, 0), (1, 0, 0, 0), (1, 1, 1.1, 0), (1, 1, 0, -1)]
)
def test_impossible_shapes(items: int, seconds: float, waits: float, megabytes: float) -> None:
    with pytest.raises(ValueError, match="at least one item"):
        Shape(items, seconds, waits, megabytes)


def test_work_of_that_shape_is_done_by_every_engine() -> None:
    found = measured(Shape(items=4, seconds=0.02, waits=0.75, megabytes=0.01), repeats=3)
    assert found.comparison.engines == ("sequential", "threads", "processes")
    assert found.comparison.results == [10_000] * 4
    assert 0.05 <= found.comparison.seconds("sequential")  # four waits of 15 ms, one after the other
    assert found.winner in found.comparison.engines and found.behind.median >= 1
    assert f"fastest here {found.winner}" in str(found)


@pytest.mark.parametrize(
    ("winner", "behind", "agrees", "told"),
    [
        ("threads", Speedup(1, 1, 1), True, "advised threads, fastest here threads: agrees"),
        ("processes", Speedup(1.2, 0.9, 1.6), True, "takes 1.20 (0.90 – 1.60) times as long: no clear difference, so it agrees"),
        ("processes", Speedup(1.2, 1.1, 1.3), False, "takes 1.20 (1.10 – 1.30) times as long: does not agree"),
    ],
)
def test_a_tie_within_the_interval_is_no_disagreement(winner: str, behind: Speedup, agrees: bool, told: str) -> None:
    found = Measured(Shape(2, 1, 1), Advice("threads", "", {}), winner, behind, None)  # type: ignore[arg-type]
    assert found.agrees is agrees
    assert str(found).endswith(told)

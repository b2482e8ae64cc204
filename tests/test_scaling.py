"""`scale`: its arithmetic against closed forms and scipy, and a real run."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

import kitchen_helpers as kh
from kitchen_helpers.laws import fit_amdahl as serial_fraction
from kitchen_helpers.scaling import worker_counts
from tests.samples import scaling_of, unhurried


@unhurried
@given(st.floats(0, 1), st.floats(1e-3, 1e3), st.sets(st.integers(2, 64), min_size=1))
def test_figures_after_amdahl_give_back_their_serial_fraction(serial: float, alone: float, counts: set[int]) -> None:
    seconds = {n: alone * (serial + (1 - serial) / n) for n in {1, *counts}}
    assert serial_fraction(seconds) == pytest.approx(serial, abs=1e-9)


def test_the_fit_is_the_one_of_least_squares() -> None:
    seconds = {1: 1.0, 2: 0.61, 4: 0.39, 8: 0.33}
    counts, taken = np.array([2, 4, 8]), np.array([0.61, 0.39, 0.33])
    (fitted,), _ = scipy.optimize.curve_fit(lambda n, s: s + (1 - s) / n, counts, taken)
    assert serial_fraction(seconds) == pytest.approx(fitted)


def test_no_fit_without_points_and_none_beyond_0_and_1() -> None:
    assert serial_fraction({1: 1.0}) is None
    assert serial_fraction({}) is None
    assert serial_fraction({1: 0.0, 2: 0.0}) is None
    assert serial_fraction({1: 1.0, 2: 0.4}) == 0
    assert serial_fraction({1: 1.0, 2: 1.3}) == 1


@pytest.mark.parametrize(
    ("workers", "counts"),
    [(1, (1,)), (2, (1, 2)), (4, (1, 2, 4)), (6, (1, 2, 4, 6)), ([3, 2], (1, 2, 3)), (range(1, 4), (1, 2, 3))],
)
def test_numbers_of_workers(workers: Any, counts: tuple[int, ...]) -> None:
    assert worker_counts(workers) == counts


def test_figures_in_words_tables_and_json() -> None:
    scaling = scaling_of({1: [1.0, 1.0, 1.0], 2: [0.6, 0.6, 0.6], 4: [0.4, 0.4, 0.4]})
    assert scaling.speedup(2).median == pytest.approx(1 / 0.6)
    assert scaling.serial_fraction == pytest.approx(0.2)
    assert "20%" in str(scaling)
    assert "<table>" in scaling._repr_html_()
    data = json.loads(json.dumps(scaling.to_dict(), allow_nan=False))
    assert [run["seconds"] for run in data["workers"]["4"]["runs"]] == [0.4, 0.4, 0.4]
    with pytest.raises(ValueError, match="not measured with 3 workers, but with 1, 2, 4"):
        scaling.runs(3)


def test_a_busy_machine_is_named() -> None:
    """One worker took ten times as long as it worked: eight look 30 times as fast as one."""
    calm = scaling_of({1: [3.0] * 3, 8: [0.1] * 3})
    assert calm.starved_share == 0 and not any("busy" in note for note in calm.warnings)
    for starved, named in ((0.6, False), (2.7, True)):
        alone = tuple(replace(run, starved_seconds=starved) for run in calm.runs(1))
        scaling = replace(calm, _runs={**calm._runs, 1: alone})
        assert scaling.starved_share == pytest.approx(starved / 3)
        assert ("This machine was busy: for 90% of the runs with one worker" in str(scaling)) == named
        assert ("too busy to tell" in scaling.plot().get_title(loc="left")) == named


@pytest.mark.skipif(
    not os.path.exists("/proc/thread-self/schedstat"), reason="this system does not tell how long a thread had no CPU"
)
@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_work_that_only_computes_had_no_cpu_while_it_did_not_compute(engine: str) -> None:
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cpus)})
    try:
        without_the_gil = partial(hashlib.pbkdf2_hmac, "sha256", b"salt", b"pepper")
        scaling = kh.scale(without_the_gil, [60_000] * 8, engine, workers=[1, 4], repeats=1, warmup=0)
    finally:
        os.sched_setaffinity(0, cpus)
    (crowded,) = scaling.runs(4)
    idle = sum(span.end - span.start - span.cpu_seconds for span in crowded.spans)
    # (At most all their time; a little of it is lost outside of the items, on a busy machine more than within.)
    assert 0.02 < 0.7 * idle < crowded.starved_seconds <= crowded.workers * crowded.seconds


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_a_real_scaling(engine: str) -> None:
    scaling = kh.scale(lambda item: (item, os.getpid() and 0), range(8), engine, workers=2, repeats=2)
    assert scaling.workers == (1, 2)
    assert scaling.results == [(item, 0) for item in range(8)]
    for count in scaling.workers:
        assert len(scaling.runs(count)) == 2
        assert len(scaling.warmups(count)) == 1
        assert {run.workers for run in scaling.runs(count)} == {count}
    assert scaling.serial_fraction is not None


def test_one_usable_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    scaling = kh.scale(abs, [1, 2], repeats=1)
    assert scaling.workers == (1,)
    assert scaling.serial_fraction is None
    assert "1 usable CPU" in str(scaling)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"workers": 0}, "workers .* not 0"),
        ({"workers": [2, -1]}, "workers .* not -1"),
        ({"engine": "oven"}, "unknown engine 'oven'"),
        ({"engine": "async"}, "always has one worker"),
        ({"engine": "sequential"}, "always has one worker"),
        ({"repeats": 0}, "repeats .* not 0"),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kh.scale(**{"task": abs, "items": [1]} | arguments)


def test_errors_are_those_of_compare() -> None:
    with pytest.raises(kh.TaskFailed, match="item 1"):
        kh.scale(lambda item: 1 // item, [1, 0], "threads")
    count = iter(range(100))
    with pytest.raises(kh.ResultsDiffer):
        kh.scale(lambda item: next(count), [1], "threads")

"""The laws of speedup against closed forms, and their fits against scipy and against samples with known parameters."""

from __future__ import annotations

import random
from math import inf, isclose

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from kitchen_helpers.laws import amdahl, fit_amdahl, fit_usl, gustafson, usl, usl_best_workers
from tests.samples import scaling_of, unhurried

COUNTS = (1, 2, 4, 8, 16)


def test_closed_forms() -> None:
    assert amdahl(0.0, 8) == 8 and amdahl(1.0, 8) == 1
    assert amdahl(0.1, 1e12) == pytest.approx(10)  # never more than 1/s
    assert gustafson(0.0, 8) == 8 and gustafson(1.0, 8) == 1 and gustafson(0.25, 5) == 4
    assert usl(0.2, 0.0, 8) == amdahl(0.2, 8)
    assert usl_best_workers(0.2, 0.0) == inf


@given(st.floats(0, 1), st.integers(1, 1000))
def test_amdahl_and_gustafson_are_one_arithmetic(serial_alone: float, workers: int) -> None:
    """The serial share measured on one worker and on n of them name the same job."""
    time_on_n = serial_alone + (1 - serial_alone) / workers
    assert gustafson(serial_alone / time_on_n, workers) == pytest.approx(amdahl(serial_alone, workers))


@given(st.floats(0, 0.9), st.floats(1e-6, 0.5))
def test_the_best_number_of_workers_is_the_best(contention: float, coherency: float) -> None:
    best = usl_best_workers(contention, coherency)
    if best > 1.1:
        top = usl(contention, coherency, best)
        assert top >= usl(contention, coherency, best * 1.05) and top >= usl(contention, coherency, max(1, best * 0.95))


@pytest.mark.parametrize(
    ("call", "culprit"),
    [
        (lambda: amdahl(-0.1, 2), "-0.1"),
        (lambda: amdahl(float("nan"), 2), "nan"),
        (lambda: gustafson(0.5, 0), "0"),
        (lambda: usl(0.1, -1, 2), "-1"),
    ],
)
def test_nonsense_is_refused_by_name(call, culprit) -> None:
    with pytest.raises(ValueError, match=culprit):
        call()


@unhurried
@given(st.floats(0, 1), st.floats(0, 0.2), st.floats(1e-3, 1e3))
def test_figures_after_usl_give_back_their_parameters(contention: float, coherency: float, alone: float) -> None:
    fitted = fit_usl({n: alone / usl(contention, coherency, n) for n in COUNTS})
    assert fitted == (pytest.approx(contention, abs=1e-7), pytest.approx(coherency, abs=1e-7))


@unhurried
@given(st.lists(st.floats(0.05, 1.5), min_size=4, max_size=4))
def test_the_fit_of_usl_is_the_least_squares_of_scipy_within_its_borders(taken: list[float]) -> None:
    fitted = fit_usl(dict(zip(COUNTS, [1.0, *taken], strict=True)))
    counts = np.array(COUNTS[1:])
    matrix = np.column_stack([1 - 1 / counts, counts - 1.0])
    best = scipy.optimize.lsq_linear(matrix, np.array(taken) - 1 / counts, bounds=([0, 0], [1, np.inf]), tol=1e-14)

    def left(point: tuple[float, float]) -> float:
        return float(np.sum((matrix @ np.array(point) - (np.array(taken) - 1 / counts)) ** 2))

    assert left(fitted) <= left(tuple(best.x)) + 1e-9


@pytest.mark.parametrize(("contention", "coherency"), [(0.05, 0.0), (0.2, 0.01), (0.5, 0.002)])
def test_noisy_samples_give_back_their_parameters(contention: float, coherency: float) -> None:
    dice = random.Random(f"{contention} {coherency}")
    covered = 0
    for _ in range(200):
        noisy = {n: [dice.gauss(1, 0.02) / usl(contention, coherency, n) for _ in range(5)] for n in COUNTS}
        scaling = scaling_of(noisy)
        sigma, kappa = scaling.usl()
        assert isclose(sigma.value, contention, abs_tol=0.08) and isclose(kappa.value, coherency, abs_tol=0.01)
        covered += sigma.low <= contention <= sigma.high and kappa.low <= coherency <= kappa.high
    assert covered >= 0.85 * 200  # two intervals of 95 %, both of which have to hold


def test_two_workers_foretell_more_of_them() -> None:
    scaling = scaling_of({n: [1 / amdahl(0.2, n)] * 3 for n in COUNTS})
    assert scaling.amdahl(up_to=2).value == pytest.approx(0.2)
    assert scaling.predict(16, up_to=2) == pytest.approx(scaling.speedup(16).median)
    assert scaling.predict(16, law="usl") == pytest.approx(scaling.speedup(16).median)
    with pytest.raises(ValueError, match="two numbers of workers"):
        scaling.predict(16, up_to=2, law="usl")
    with pytest.raises(ValueError, match="unknown law 'murphy'"):
        scaling.predict(16, law="murphy")


def test_one_repeat_leaves_everything_open() -> None:
    part = scaling_of({1: [1.0], 2: [0.6]}).amdahl()
    assert (part.low, part.high) == (0.0, 1.0)
    assert fit_amdahl({1: 1.0}) is None and fit_usl({1: 1.0, 2: 0.6}) is None


def test_what_figures_cannot_tell_is_told() -> None:
    scaling = scaling_of({1: [1.0] * 3, 2: [0.6] * 3, 64: [0.5] * 3})
    assert any("usable CPU" in warning for warning in scaling.warnings)
    assert "usable CPU" in str(scaling)

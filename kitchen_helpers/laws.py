"""The laws of speedup, forwards (what more workers bring) and backwards (fitted to measured times).

Times are in units of the time that one worker needs; a speedup of 2 means half of it. Each law is also a function of
numbers only, so that it can be argued with before anything is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import fmean, stdev

from .intervals import STUDENT

__all__ = ["Fitted", "amdahl", "fit_amdahl", "fit_usl", "gustafson", "usl", "usl_best_workers"]


def amdahl(serial_fraction: float, workers: float) -> float:
    """Speedup of the same work by `workers`, of which a part can be done by one only: 1 / (s + (1 - s) / n).

    `serial_fraction` is measured on one worker, from 0 to 1. Amdahl, AFIPS 1967.
    """
    _check(serial_fraction, workers)
    return 1 / (serial_fraction + (1 - serial_fraction) / workers)


def gustafson(serial_fraction: float, workers: float) -> float:
    """How much more work `workers` do in the same time, if the parallel part grows with them: s + (1 - s) n.

    `serial_fraction` is measured on the n workers, from 0 to 1. Gustafson, CACM 1988.
    """
    _check(serial_fraction, workers)
    return serial_fraction + (1 - serial_fraction) * workers


def usl(contention: float, coherency: float, workers: float) -> float:
    """Speedup when workers also hinder each other: n / (1 + σ (n - 1) + κ n (n - 1)).

    `contention` σ is what they queue for (alone it is Amdahl's serial fraction), `coherency` κ what each pair of them has
    to agree on. The Universal Scalability Law: Gunther, Guerrilla Capacity Planning, 2007, ch. 4.
    """
    _check(contention, workers)
    if not coherency >= 0:
        raise ValueError(f"coherency must be at least 0, not {coherency!r}")
    return workers / (1 + contention * (workers - 1) + coherency * workers * (workers - 1))


def usl_best_workers(contention: float, coherency: float) -> float:
    """The number of workers after which more of them make it slower: √((1 - σ) / κ); infinite without coherency cost."""
    _check(contention, 1)
    return sqrt((1 - contention) / coherency) if coherency > 0 else inf


def _check(fraction: float, workers: float) -> None:
    if not 0 <= fraction <= 1:
        raise ValueError(f"a fraction of the work lies between 0 and 1, not at {fraction!r}")
    if not workers >= 1:
        raise ValueError(f"there must be at least 1 worker, not {workers!r}")


@dataclass(frozen=True)
class Fitted:
    """A value fitted to measured times, and an interval of 95 % for it.

    The value belongs to the medians; the interval is Student's t on the values fitted to each round of repeats by itself,
    kept where the law allows a value. With one repeat it is all that the law allows.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} – {self.high:.3f})"


def fit_amdahl(seconds: Mapping[int, float]) -> float | None:
    """The serial fraction, from seconds by number of workers; None without at least one number beside 1.

    Least squares on T(n) / T(1) = s + (1 - s) / n, which for one unknown is
    s = Σ (y - 1/n) (1 - 1/n) / Σ (1 - 1/n)², kept between 0 and 1. All that stands in the way of more workers is in it,
    also what is not serial: too few items, few CPUs, the cost of sending.
    """
    points = _points(seconds)
    if not points:
        return None
    return _between(sum(y * a for y, a, _ in points) / sum(a * a for _, a, _ in points), 1.0)


def fit_usl(seconds: Mapping[int, float]) -> tuple[float, float] | None:
    """Contention σ and coherency κ; None without at least two numbers of workers beside 1.

    Least squares on T(n) / T(1) = 1/n + σ (1 - 1/n) + κ (n - 1), which is linear in both; σ from 0 to 1, κ at least 0.
    Where the best values lie outside, the best ones on the border are taken.
    """
    points = _points(seconds)
    if len(points) < 2:
        return None
    aa, ab, bb = (sum(x) for x in zip(*((a * a, a * b, b * b) for _, a, b in points), strict=True))
    ya, yb = (sum(x) for x in zip(*((y * a, y * b) for y, a, b in points), strict=True))
    determinant = aa * bb - ab * ab
    if determinant > 0:
        contention, coherency = (ya * bb - yb * ab) / determinant, (yb * aa - ya * ab) / determinant
        if 0 <= contention <= 1 and coherency >= 0:
            return contention, coherency
    borders = [(_between(ya / aa, 1.0), 0.0)]
    borders += [(edge, max(0.0, (yb - edge * ab) / bb)) for edge in (0.0, 1.0)]
    return min(borders, key=lambda fit: sum((y - fit[0] * a - fit[1] * b) ** 2 for y, a, b in points))


def spread(value: float, rounds: Sequence[float], most: float) -> Fitted:
    """The interval for a fitted value, from the values of the rounds; both between 0 and `most`."""
    if len(rounds) < 2:
        return Fitted(value, 0.0, most)
    quantile = STUDENT.get(len(rounds) - 1, 2.57)  # from six rounds on at most this
    margin = quantile * stdev(rounds) / sqrt(len(rounds))
    middle = fmean(rounds)
    return Fitted(value, max(0.0, min(value, middle - margin)), min(most, max(value, middle + margin)))


def _points(seconds: Mapping[int, float]) -> list[tuple[float, float, float]]:
    """For each number of workers beside 1: T(n) / T(1) - 1/n, and what σ and κ are multiplied by."""
    alone = seconds.get(1, 0.0)
    return [(taken / alone - 1 / n, 1 - 1 / n, n - 1.0) for n, taken in seconds.items() if n > 1 and alone > 0]


def _between(value: float, most: float) -> float:
    return min(most, max(0.0, value))

"""Speedups from paired runs, with an interval that says how far to trust them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import comb, exp, inf, isfinite, log, sqrt
from statistics import fmean, median, stdev
from typing import Any

from .runs import Run

# Student's t, 97.5 % quantile, by degrees of freedom (any table; scipy.stats.t.ppf(0.975, df)).
STUDENT = {1: 12.7062, 2: 4.3027, 3: 3.1824, 4: 2.7764}


@dataclass(frozen=True)
class Speedup:
    """How many times as fast: the median, and an interval of 95 % for it, both of the ratios of paired runs.

    From six repeats on, the interval lies between two of the measured ratios and assumes nothing about how they are
    spread (the sign test's interval for a median: Conover, Practical Nonparametric Statistics, 3.2; at least 95 %).
    With two to five repeats no such interval reaches 95 %; Student's t on the logarithms of the ratios is used, which
    assumes that those are spread about normally. One repeat says nothing: from 0 to infinity.

    It speaks of repeats here and now, not of another machine, another load or other items.
    """

    median: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """ "faster", "slower", or "no clear difference" where the interval includes 1.00, as it is printed."""
        if self.low > 1 and _shows(self.low):
            return "faster"
        return "slower" if self.high < 1 and _shows(self.high) else "no clear difference"

    def to_dict(self) -> dict[str, Any]:
        return {name: value if isfinite(value) else None for name, value in asdict(self).items()}

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} – {self.high:.2f})"


def _shows(ratio: float) -> bool:
    """Whether it differs from 1 by so much that one sees it in print, whichever of the two is compared with the other."""
    return round(ratio, 2) != 1 != round(1 / ratio, 2)


def speedup_of(base: Sequence[Run], other: Sequence[Run]) -> Speedup:
    """`other` against `base`, the n-th run of one with the n-th run of the other."""
    # A clock that ticks coarsely can see a run end when it began.
    tick = 1e-9
    return interval([max(a.seconds, tick) / max(b.seconds, tick) for a, b in zip(base, other, strict=True)])


def interval(ratios: Sequence[float]) -> Speedup:
    """The median of positive ratios and its 95 % interval, as `Speedup` says."""
    middle, n = median(ratios), len(ratios)
    if n == 1:
        return Speedup(middle, 0.0, inf)
    if n - 1 in STUDENT:
        logs = [log(ratio) for ratio in ratios]
        margin = STUDENT[n - 1] * stdev(logs) / sqrt(n)
        # The median is never outside: it is at most one standard deviation from the mean, and t / sqrt(n) > 1 here.
        return Speedup(middle, min(middle, exp(fmean(logs) - margin)), max(middle, exp(fmean(logs) + margin)))
    ordered = sorted(ratios)
    cut = ranks_cut(n)
    return Speedup(middle, ordered[cut], ordered[n - 1 - cut])


def ranks_cut(n: int, confidence: float = 0.95) -> int:
    """How many of `n` sorted values can go at each end: the median is outside with probability 2 P(Binomial(n, ½) <= cut)."""
    cut, tail = 0, 1.0
    while True:
        if 2 * (tail + comb(n, cut + 1)) > (1 - confidence) * 2**n:
            return cut
        cut += 1
        tail += comb(n, cut)

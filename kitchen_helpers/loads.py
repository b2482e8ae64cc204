"""What `servers.load` has measured: raw samples, and the figures made from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import ceil, inf, isfinite
from statistics import median
from typing import TYPE_CHECKING, Any

from .comparison import counted, duration
from .machine import MachineCard
from .tables import html_table, text_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LoadResult", "Repeat", "Sample", "Spread"]

PERCENTS = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Sample:
    """One request of one client.

    Attributes:
        client: number of the client, from 0.
        start, end: seconds since its repeat began; `end` is when the whole answer was here, or when it failed.
        status: of the answer, such as 200; None if there was none.
        error: "" after an answer below 400, else its kind: "status 503", "timeout" (no answer in time), "refused" (nobody
            listens), "closed" (the connection ended without an answer), "not HTTP", or "failed" with the exception's name.
    """

    client: int
    start: float
    end: float
    status: int | None = None
    error: str = ""

    @property
    def seconds(self) -> float:
        """How long the client waited; infinite if it got no good answer."""
        return inf if self.error else self.end - self.start


@dataclass(frozen=True)
class Repeat:
    """All clients together, once: from the first request to the last answer."""

    seconds: float
    samples: tuple[Sample, ...]

    @property
    def answered(self) -> int:
        return sum(not sample.error for sample in self.samples)

    @property
    def throughput(self) -> float:
        """Good answers per second."""
        return self.answered / self.seconds if self.seconds > 0 else 0.0

    def latency(self, percent: float) -> float:
        """Seconds within which so many per cent of *all* requests were answered (nearest rank); infinite if fewer were."""
        if not 0 < percent <= 100:
            raise ValueError(f"percent must be above 0 and at most 100, not {percent!r}")
        ordered = sorted(sample.seconds for sample in self.samples)
        return ordered[ceil(percent / 100 * len(ordered)) - 1] if ordered else inf


@dataclass(frozen=True)
class Spread:
    """One figure over the repeats: the median, the lowest and the highest. With one repeat all three are the same."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        return Spread(median(values), min(values), max(values))


@dataclass(frozen=True, eq=False)
class LoadResult:
    """What `servers.load` has measured.

    Attributes:
        url, clients: who was asked, and by how many at once.
        repeats: the samples of each repeat; warmup: the requests before, which count for nothing.
        machine: where it was measured.

    A request without a good answer counts as slower than every answer, so giving up never makes a percentile look better.
    The clients wait for each answer before they ask again: a slow server is asked less often. The load generator's own work
    is part of the figures, and it shares this process's GIL with a server that lives here: the figures compare servers on
    this machine; they are not what a server can do.
    """

    url: str
    clients: int
    repeats: tuple[Repeat, ...] = field(repr=False)
    warmup: tuple[Sample, ...] = field(repr=False)
    machine: MachineCard = field(repr=False)

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Of all repeats."""
        return tuple(sample for repeat in self.repeats for sample in repeat.samples)

    @property
    def throughput(self) -> Spread:
        """Good answers per second."""
        return Spread.of([repeat.throughput for repeat in self.repeats])

    def latency(self, percent: float) -> Spread:
        """Seconds within which so many per cent of all requests were answered; infinite if fewer were."""
        return Spread.of([repeat.latency(percent) for repeat in self.repeats])

    @property
    def errors(self) -> dict[str, int]:
        """Kind of error -> how often, the most frequent first."""
        return dict(Counter(sample.error for sample in self.samples if sample.error).most_common())

    def plot(self, ax: Axes | None = None) -> Axes:
        """Which share of the requests was answered within which time, a line for each repeat."""
        from .plots import plot_load

        return plot_load(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """Raw samples, warm-up and the machine card, JSON-ready."""
        return {
            "url": self.url,
            "clients": self.clients,
            "machine": self.machine.to_dict(),
            "errors": self.errors,
            "throughput": asdict(self.throughput),
            "latency": {str(p): {k: finite(v) for k, v in asdict(self.latency(p)).items()} for p in PERCENTS},
            "repeats": [asdict(repeat) for repeat in self.repeats],
            "warmup": [asdict(sample) for sample in self.warmup],
        }

    def _table(self) -> tuple[list[str], list[list[str]]]:
        many = f"{len(self.repeats)} repeats" if len(self.repeats) > 1 else "one repeat"
        pace = self.throughput
        rows = [["answers per second", f"{pace.median:,.0f}", f"{pace.low:,.0f} – {pace.high:,.0f}"]]
        for percent in PERCENTS:
            wait = self.latency(percent)
            label = f"{percent} % answered within"
            rows.append([label, in_words(wait.median), f"{in_words(wait.low)} – {in_words(wait.high)}"])
        for row in rows:
            row[2] = row[2] if len(self.repeats) > 1 else ""
        rows += [[f"error: {kind}", f"{count:,}", ""] for kind, count in self.errors.items()]
        return ["", f"median of {many}" if len(self.repeats) > 1 else many, "lowest – highest"], rows

    def _caption(self) -> str:
        asked = f"{counted(len(self.samples), 'request')} by {counted(self.clients, 'client')} at once to {self.url}"
        return f"{asked} · {self.machine.caption}"

    def __str__(self) -> str:
        head, rows = self._table()
        return "\n".join([self._caption(), *text_lines(head, rows)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, rows = self._table()
        return html_table(head, rows, self._caption())


def in_words(seconds: float) -> str:
    return duration(seconds) if isfinite(seconds) else "never"


def finite(seconds: float) -> float | None:
    return seconds if isfinite(seconds) else None

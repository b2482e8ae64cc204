"""`scale`: one engine with 1, 2, 4, … workers, and the part of the work that more workers cannot make faster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from math import inf
from statistics import median
from typing import TYPE_CHECKING, Any

from .busyness import busy_notes, starved_share
from .checks import Reference, check_count, check_engines, check_items, check_task
from .comparison import counted, duration, take_turns
from .engines import ENGINES
from .intervals import Speedup, speedup_of
from .laws import Fitted, amdahl, fit_amdahl, fit_usl, spread, usl
from .machine import MachineCard, machine_card
from .runs import Job, Run, name_of
from .tables import html_table, text_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Scaling", "scale"]


@dataclass(frozen=True, eq=False)
class Scaling:
    """What `scale` has measured.

    Attributes:
        task: name of the task; engine: which one ran it.
        workers: the numbers of workers, from 1.
        results: in the order of the items, the same from every run.
        serial_fraction: Amdahl's, fitted to the medians; None when there were fewer than two numbers of workers.
        warnings: what these figures cannot tell, one sentence each.
        machine: where it was measured.
    """

    task: str
    engine: str
    workers: tuple[int, ...]
    results: list[Any] = field(repr=False)
    machine: MachineCard
    _runs: Mapping[int, tuple[Run, ...]] = field(repr=False)
    _warmups: Mapping[int, tuple[Run, ...]] = field(repr=False)

    def runs(self, workers: int) -> tuple[Run, ...]:
        """The repeats with so many workers; the n-th ones of all belong together."""
        return self._runs[self._known(workers)]

    def warmups(self, workers: int) -> tuple[Run, ...]:
        """The runs before the repeats, which count for nothing."""
        return self._warmups[self._known(workers)]

    def seconds(self, workers: int) -> float:
        """Median length of the runs in seconds, start-up not included."""
        return median(run.seconds for run in self.runs(workers))

    def speedup(self, workers: int) -> Speedup:
        """How many times as fast as the same engine with one worker: median and 95 % interval."""
        return speedup_of(self.runs(1), self.runs(workers))

    @property
    def serial_fraction(self) -> float | None:
        return fit_amdahl(self._medians(None))

    def amdahl(self, up_to: int | None = None) -> Fitted | None:
        """Amdahl's serial fraction with its interval, fitted to the runs with at most `up_to` workers."""
        value = fit_amdahl(self._medians(up_to))
        if value is None:
            return None
        rounds = [fitted for seconds in self._rounds(up_to) if (fitted := fit_amdahl(seconds)) is not None]
        return spread(value, rounds, 1.0)

    def usl(self, up_to: int | None = None) -> tuple[Fitted, Fitted] | None:
        """Contention and coherency of the Universal Scalability Law, each with its interval.

        Fitted to the runs with at most `up_to` workers; None with fewer than two numbers of workers beside 1.
        """
        values = fit_usl(self._medians(up_to))
        if values is None:
            return None
        rounds = [fitted for seconds in self._rounds(up_to) if (fitted := fit_usl(seconds)) is not None]
        contention, coherency = ([fitted[i] for fitted in rounds] for i in (0, 1))
        return spread(values[0], contention, 1.0), spread(values[1], coherency, inf)

    def predict(self, workers: float, up_to: int | None = None, law: str = "amdahl") -> float:
        """The speedup that a law foretells for so many workers, fitted to the runs with at most `up_to` of them.

        Raises ValueError where there are too few runs to fit `law` ("amdahl" or "usl") to.
        """
        if law == "amdahl":
            serial = self.amdahl(up_to)
            if serial is not None:
                return amdahl(serial.value, workers)
        elif law == "usl":
            both = self.usl(up_to)
            if both is not None:
                return usl(both[0].value, both[1].value, workers)
        else:
            raise ValueError(f'unknown law {law!r}: there are "amdahl" and "usl"')
        least = {"amdahl": "one number", "usl": "two numbers"}[law]
        raise ValueError(f"{law} needs runs with at least {least} of workers beside 1: measure more, or raise up_to")

    def _medians(self, up_to: int | None) -> dict[int, float]:
        return {count: self.seconds(count) for count in self.workers if up_to is None or count <= up_to}

    def _rounds(self, up_to: int | None) -> list[dict[int, float]]:
        counts = self._medians(up_to)
        return [
            {count: run.seconds for count, run in zip(counts, runs, strict=True)}
            for runs in zip(*(self.runs(count) for count in counts), strict=True)
        ]

    @property
    def starved_share(self) -> float:
        """The part of the runs with one worker in which there was no CPU for it, from 0 to 1; known on Linux only."""
        return starved_share(self.runs(1))

    @property
    def warnings(self) -> tuple[str, ...]:
        # (What slows them down makes all others look fast, those that only wait, too.)
        found = [
            f"{note} All others are compared with these, and their figures say little then."
            for note in busy_notes(self.starved_share, "runs with one worker")
        ]
        cpus = self.machine.cpus_usable
        if self.workers[-1] > cpus:
            have = f"{cpus} usable CPUs" if cpus > 1 else "one usable CPU"
            found.append(
                f"This machine has {have}: for work that computes, runs with more workers show the machine's limit, not the work's."
            )
        if len(self.workers) > 1 and self.workers[-1] > len(self.results):
            found.append(f"There are {counted(len(self.results), 'item')}: more workers than that have nothing to do.")
        return tuple(found)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Speedup over workers, with intervals, the ideal, and the fit."""
        from .plots import plot_scaling

        return plot_scaling(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """Raw samples, warm-ups and the machine card, JSON-ready."""
        return {
            "task": self.task,
            "engine": self.engine,
            "items": len(self.results),
            "machine": self.machine.to_dict(),
            "serial_fraction": self.serial_fraction,
            "warnings": list(self.warnings),
            "workers": {
                str(count): {
                    "speedup": self.speedup(count).to_dict(),
                    "runs": [asdict(run) for run in self.runs(count)],
                    "warmups": [asdict(run) for run in self.warmups(count)],
                }
                for count in self.workers
            },
        }

    def _known(self, workers: int) -> int:
        if workers in self._runs:
            return workers
        raise ValueError(f"not measured with {workers!r} workers, but with {', '.join(map(str, self.workers))}")

    def _table(self) -> tuple[list[str], list[list[str]]]:
        rows = []
        for count in self.workers:
            speedup = self.speedup(count)
            spread = ["1", ""] if count == 1 else [f"{speedup.median:.2f}", f"{speedup.low:.2f} – {speedup.high:.2f}"]
            rows.append([str(count), duration(self.seconds(count)), *spread])
        return ["workers", "seconds", "times as fast", "95 % interval"], rows

    def _lines(self) -> tuple[str, str]:
        head = f"{self.task}, {counted(len(self.results), 'item')}, {self.engine} · {self.machine.caption}"
        part = self.amdahl()
        if part is None:
            return head, ""
        interval = f" (95 % interval: {part.low:.0%} to {part.high:.0%})" if len(self.runs(1)) > 1 else ""
        return head, " ".join([f"Serial part, after Amdahl: {part.value:.0%} of the work{interval}.", *self.warnings])

    def __str__(self) -> str:
        head, rows = self._table()
        above, below = self._lines()
        return "\n".join(line for line in (above, *text_lines(head, rows), below) if line)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, rows = self._table()
        above, below = self._lines()
        return f"{html_table(head, rows, above)}<p>{escape(below)}</p>"


def scale(
    task: Callable[[Any], Any],
    items: Iterable[Any],
    engine: str = "processes",
    workers: int | Iterable[int] | None = None,
    repeats: int = 3,
    warmup: int = 1,
    equal: Callable[[Any, Any], bool] | None = None,
) -> Scaling:
    """Do `task` on every item with 1, 2, 4, … workers of one engine, in turns, and check that the results agree.

    Args:
        engine: "processes", "threads", "interpreters" or "dask"; "sequential" and "async" have one worker.
        workers: the most, by default the usable CPUs; or the numbers to try. One worker is always among them.
        items, repeats, warmup, equal: as for `compare`; give at least as many items as workers.

    All pools stay warm side by side; those that have no turn do nothing.

    Raises: as `compare`.
    """
    check_task(task)
    check_engines([engine])
    if engine in ("sequential", "async"):
        raise ValueError(f'engine {engine!r} always has one worker: choose "processes" or "threads"')
    card = machine_card()
    counts = worker_counts(card.cpus_usable if workers is None else workers)
    repeats, warmup = check_count("repeats", repeats, 1), check_count("warmup", warmup, 0)
    things = check_items(items)
    reference = Reference(things, equal)
    jobs = {
        f"{engine} ×{count}": (ENGINES[engine], Job(task, things, None, count, card.cpus_usable, engine=engine))
        for count in counts
    }
    taken, left_out = take_turns(jobs, warmup + repeats, reference.check)
    if left_out:
        raise RuntimeError(f"engine {engine!r} cannot run here: {next(iter(left_out.values()))}")
    return Scaling(
        task=name_of(task),
        engine=engine,
        workers=counts,
        results=reference.results,
        machine=card,
        _runs={count: tuple(own[warmup:]) for count, own in zip(counts, taken.values(), strict=True)},
        _warmups={count: tuple(own[:warmup]) for count, own in zip(counts, taken.values(), strict=True)},
    )


def worker_counts(workers: int | Iterable[int]) -> tuple[int, ...]:
    """1, 2, 4, … and the most itself, or the given numbers, sorted, with 1."""
    if isinstance(workers, Iterable):
        return tuple(sorted({1, *(check_count("workers", count, 1) for count in workers)}))
    most = check_count("workers", workers, 1)
    return tuple(sorted({most, *(2**power for power in range(most.bit_length()))}))

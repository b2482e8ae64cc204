"""Which engine suits work of a certain shape: a rule of thumb, and work of that shape to hold it against.

The rule estimates how long each engine would take, its start included, from what one item needs. It knows nothing of how
your code shares data, what a library does, or how busy the machine is: `measured` tells whether it was right here.
"""

from __future__ import annotations

from dataclasses import dataclass

from .comparison import Comparison, compare
from .intervals import Speedup, interval
from .machine import machine_card
from .workloads import computing, waiting

__all__ = ["Advice", "Measured", "Shape", "advise", "measured"]

# Seconds, from warm runs on ordinary machines: what an engine costs before and beside the work. Only their size matters.
START = {"sequential": 0.0, "threads": 0.001, "processes": 0.25}
PER_ITEM = {"sequential": 0.0, "threads": 0.00003, "processes": 0.0001}
PER_MEGABYTE = 0.004
# Workers have to promise this much, or the simplest way is the better one.
WORTH_IT = 0.8


@dataclass(frozen=True)
class Shape:
    """Work in figures: `items` items of `seconds` each, of which the share `waits` is waiting; `megabytes` to send with each."""

    items: int
    seconds: float
    waits: float = 0.0
    megabytes: float = 0.0

    def __post_init__(self) -> None:
        if self.items < 1 or self.seconds <= 0 or not 0 <= self.waits <= 1 or self.megabytes < 0:
            raise ValueError(f"{self}: at least one item, seconds above 0, waits from 0 to 1, megabytes not below 0")


@dataclass(frozen=True)
class Advice:
    """An engine, why, and the estimate in seconds for each engine."""

    engine: str
    why: str
    estimates: dict[str, float]

    def __str__(self) -> str:
        guesses = ", ".join(f"{name} {seconds:.3g} s" for name, seconds in self.estimates.items())
        return f"{self.engine}: {self.why}\n  (estimates: {guesses})"


def advise(shape: Shape, cpus: int | None = None, gil: bool | None = None) -> Advice:
    """The engine to try first; CPUs and GIL are this machine's unless given."""
    card = machine_card()
    cpus, gil = cpus or card.cpus_usable, card.gil_enabled if gil is None else gil
    total = shape.items * shape.seconds
    computes = total * (1 - shape.waits)
    estimates = {"sequential": total}
    for engine, workers, stoves in (
        ("threads", max(4, cpus), 1 if gil else cpus),
        ("processes", cpus, cpus),
    ):
        workers = min(workers, shape.items)
        # The laws of work and span, as in Comparison.ideal.
        least = max(total / workers, computes / min(workers, stoves), shape.seconds)
        sent = shape.items * shape.megabytes * PER_MEGABYTE if engine == "processes" else 0.0
        estimates[engine] = START[engine] + shape.items * PER_ITEM[engine] + sent + least
    best = min(estimates, key=lambda name: estimates[name])
    if estimates[best] > WORTH_IT * total:
        return Advice("sequential", _why_alone(shape, total, cpus), estimates)
    why = {
        "threads": "the waiting overlaps, and threads start at once and share memory"
        if shape.waits
        else "this Python has no GIL: threads compute side by side",
        "processes": "it is long enough, and computes: each process has a GIL of its own",
    }
    return Advice(best, why[best], estimates)


def _why_alone(shape: Shape, total: float, cpus: int) -> str:
    if shape.items == 1:
        return "one item cannot be shared out"
    if cpus == 1:
        return "it computes, and there is one CPU"
    if total < 2 * START["processes"]:
        return "it computes, and is over before processes have started"
    return "starting workers and sending the data cost about as much as they would save"


@dataclass(frozen=True)
class Measured:
    """An advice beside what happened. `behind`: how many times as long as the winner the advised engine took, start included."""

    shape: Shape
    advice: Advice
    winner: str
    behind: Speedup
    comparison: Comparison

    @property
    def agrees(self) -> bool:
        """The advised engine won, or the difference to the winner is within the interval."""
        return self.winner == self.advice.engine or self.behind.verdict != "faster"

    def __str__(self) -> str:
        words = f"advised {self.advice.engine}, fastest here {self.winner}"
        if self.winner == self.advice.engine:
            return f"{words}: agrees"
        told = "no clear difference, so it agrees" if self.agrees else "does not agree"
        return f"{words};\n   the advised one takes {self.behind} times as long: {told}"


def measured(shape: Shape, repeats: int = 5) -> Measured:
    """Do work of that shape by each engine, and see who was done first, the start of the workers included."""
    advice = advise(shape)
    wait, compute = shape.seconds * shape.waits, shape.seconds * (1 - shape.waits)
    items = [(wait, compute, bytes(int(1e6 * shape.megabytes))) for _ in range(shape.items)]
    comparison = compare(shaped, items, engines=["threads", "processes"], repeats=repeats)
    whole = {name: [r.seconds + r.startup_seconds for r in comparison.runs(name)] for name in comparison.engines}
    # In pairs, as the machine is as busy for one as for the other then.
    behind = {
        name: interval([own / other for own, other in zip(whole[advice.engine], seconds, strict=True)])
        for name, seconds in whole.items()
    }
    winner = max(behind, key=lambda name: behind[name].median)
    return Measured(shape, advice, winner, behind[winner], comparison)


def shaped(item: tuple[float, float, bytes]) -> int:
    """Wait, then compute; the result is the size of the data that came along."""
    wait, compute, data = item
    if wait:
        waiting(wait)
    if compute:
        computing(compute)
    return len(data)

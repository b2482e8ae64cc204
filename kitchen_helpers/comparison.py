"""`compare`: one task over the same items by every engine, results checked, speedups with their spread."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from html import escape
from statistics import median
from typing import TYPE_CHECKING, Any

from .busyness import busy_notes, starved_share
from .checks import Reference, ResultsDiffer, check_async_task, check_count, check_engines, check_items, check_task
from .engines import ENGINES
from .intervals import Speedup, speedup_of
from .machine import MachineCard, machine_card
from .processes import WORKER
from .runs import Engine, Job, Outcome, Run, TaskFailed, Unavailable, WorkerDied, name_of
from .tables import html_table, text_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Comparison", "ResultsDiffer", "Speedup", "compare"]

# Above this ratio between the ends of an interval its middle says little.
UNSTABLE = 1.5
# Below this many seconds a run is mostly the cost of running at all.
TOO_SHORT = 0.001


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `compare` has measured.

    Attributes:
        task: name of the task.
        engines: those that ran, "sequential" first.
        results: in the order of the items; the same from every engine.
        left_out: engine -> why it could not run here.
        warnings: what is doubtful about the figures, one sentence each.
        machine: where it was measured.

    The figures hold for this task, these items and this machine as busy as it was: not for others.
    """

    task: str
    engines: tuple[str, ...]
    results: list[Any] = field(repr=False)
    left_out: Mapping[str, str]
    machine: MachineCard
    _runs: Mapping[str, tuple[Run, ...]] = field(repr=False)
    _warmups: Mapping[str, tuple[Run, ...]] = field(repr=False)

    def runs(self, engine: str) -> tuple[Run, ...]:
        """The repeats of one engine, in the order they were made; the n-th ones of all engines belong together."""
        return self._runs[self._known(engine)]

    def warmups(self, engine: str) -> tuple[Run, ...]:
        """The runs before the repeats, which count for nothing."""
        return self._warmups[self._known(engine)]

    def seconds(self, engine: str) -> float:
        """Median length of its runs in seconds, start-up not included."""
        return median(run.seconds for run in self.runs(engine))

    def startup_seconds(self, engine: str) -> float:
        """Median of what starting its workers took, in seconds."""
        return median(run.startup_seconds for run in self.runs(engine))

    def workers(self, engine: str) -> int:
        """How many workers it used."""
        return self.runs(engine)[0].workers

    def speedup(self, engine: str) -> Speedup:
        """How many times as fast as sequential: median and 95 % interval of the ratios of paired runs."""
        return speedup_of(self.runs("sequential"), self.runs(engine))

    def verdict(self, engine: str) -> str:
        """ "faster" or "slower" than sequential, or "no clear difference" when the interval, as printed, includes 1."""
        return self.speedup(engine).verdict

    def ideal(self, engine: str) -> float:
        """The speedup that nothing can beat, from the sequential runs: work and span laws.

        T >= total / workers (async: all items at once), T >= computing / CPUs (async: one), T >= the longest item
        (Brent 1974; Cormen et al., Introduction to Algorithms, ch. 27). It supposes that what waited sequentially
        goes on waiting as long. That the GIL lets one thread at a time compute is not considered: that is the finding.
        """
        lengths, cpu_seconds = self._undisturbed()
        if engine == "sequential" or not lengths:
            return 1.0
        at_once, cpus = self.workers(engine), min(self.workers(engine), self.machine.cpus_usable)
        if engine == "async":
            at_once, cpus = len(lengths), 1
        shortest = max(sum(lengths) / at_once, sum(cpu_seconds) / cpus, max(lengths))
        return max(1.0, sum(lengths) / shortest) if shortest > 0 else 1.0

    @property
    def computing_share(self) -> float:
        """The part of the sequential work that was computing, from 0 (only waited) to 1 (only computed)."""
        lengths, cpu_seconds = self._undisturbed()
        return min(1.0, sum(cpu_seconds) / sum(lengths)) if sum(lengths) > 0 else 0.0

    @property
    def starved_share(self) -> float:
        """The part of the sequential runs in which there was no CPU for them, from 0 to 1; known on Linux only."""
        return starved_share(self.runs("sequential"))

    def _undisturbed(self) -> tuple[list[float], list[float]]:
        """Length and CPU seconds of each item, sequentially, without what a busy machine adds.

        Each item in its shortest run; and if there, all in all, it still waited longer than in a run less the time
        without a CPU, then its waiting shrinks in proportion.
        """
        runs = self.runs("sequential")
        best = [min(item, key=lambda span: span.end - span.start) for item in zip(*(r.spans for r in runs), strict=True)]
        cpu_seconds = [span.cpu_seconds for span in best]
        waits = [max(0.0, span.end - span.start - span.cpu_seconds) for span in best]
        least = min(run.seconds - sum(s.cpu_seconds for s in run.spans) - run.starved_seconds for run in runs)
        shrink = min(1.0, max(0.0, least) / sum(waits)) if sum(waits) > 0 else 1.0
        return [cpu + shrink * wait for cpu, wait in zip(cpu_seconds, waits, strict=True)], cpu_seconds

    @property
    def warnings(self) -> tuple[str, ...]:
        found = []
        if not self.results:
            found.append("There are no items: only the engines' own cost was measured.")
        elif self.seconds("sequential") < TOO_SHORT:
            found.append("All items together take less than a millisecond: give more or longer ones.")
        for note in busy_notes(self.starved_share, "sequential runs"):
            found.append(f"{note} Figures of computing say little then.")
        if len(self.runs("sequential")) == 1:
            found.append("One repeat shows no spread: raise repeats.")
        else:
            shaky = [name for name in self.engines if self.speedup(name).high > UNSTABLE * self.speedup(name).low]
            if shaky:
                found.append(f"Unstable figures ({', '.join(shaky)}): close other programs, or raise repeats.")
        return tuple(found)

    def plot_speedup(self, ax: Axes | None = None) -> Axes:
        """Bars with intervals, the ideal, and what starting the workers costs, hatched."""
        from .plots import plot_speedup

        return plot_speedup(self, ax)

    def plot_timeline(self, engines: Iterable[str] | None = None, ax: Axes | None = None) -> Axes:
        """Who worked on what, and when: a lane per worker, solid = computing, pale = waiting. Median runs."""
        from .plots import plot_timeline

        return plot_timeline(self, engines, ax)

    def to_dict(self) -> dict[str, Any]:
        """Raw samples, warm-ups and the machine card, JSON-ready. Results are not included; an endless bound is None."""
        return {
            "task": self.task,
            "items": len(self.results),
            "machine": self.machine.to_dict(),
            "left_out": dict(self.left_out),
            "warnings": list(self.warnings),
            "engines": {
                name: {
                    "workers": self.workers(name),
                    "verdict": self.verdict(name),
                    "speedup": self.speedup(name).to_dict(),
                    "runs": [asdict(run) for run in self.runs(name)],
                    "warmups": [asdict(run) for run in self.warmups(name)],
                }
                for name in self.engines
            },
        }

    def label(self, engine: str) -> str:
        """The engine and its workers: "threads ×4"."""
        return engine if engine in ("sequential", "async") else f"{engine} ×{self.workers(engine)}"

    def _known(self, engine: str) -> str:
        if engine in self._runs:
            return engine
        why = f"; it was left out: {self.left_out[engine]}" if engine in self.left_out else ""
        raise ValueError(f"no engine {engine!r} in this comparison of {', '.join(self.engines)}{why}")

    def _table(self) -> tuple[list[str], list[list[str]], list[str]]:
        head = ["engine", "seconds", "start-up", "times as fast", "95 % interval", "verdict"]
        rows = []
        for name in self.engines:
            speedup = self.speedup(name)
            row = [self.label(name), duration(self.seconds(name)), duration(self.startup_seconds(name))]
            if name == "sequential":
                row[2:] = ["", "1", "", ""]
            else:
                row += [f"{speedup.median:.2f}", f"{speedup.low:.2f} – {speedup.high:.2f}", speedup.verdict]
            rows.append(row)
        notes = [f"{name} left out: {why}" for name, why in self.left_out.items()]
        return head, rows, [*notes, *self.warnings]

    def _headline(self) -> str:
        repeats = len(self.runs("sequential"))
        return f"{self.task}, {counted(len(self.results), 'item')}, {counted(repeats, 'repeat')} · {self.machine.caption}"

    def __str__(self) -> str:
        head, rows, notes = self._table()
        return "\n".join([self._headline(), *text_lines(head, rows), *notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, rows, notes = self._table()
        below = "".join(f"<p>{escape(note)}</p>" for note in notes)
        return html_table(head, rows, self._headline()) + below


def compare(
    task: Callable[[Any], Any],
    items: Iterable[Any],
    async_task: Callable[[Any], Any] | None = None,
    engines: Iterable[str] | None = None,
    workers: int | None = None,
    repeats: int = 5,
    warmup: int = 1,
    equal: Callable[[Any, Any], bool] | None = None,
) -> Comparison:
    """Do `task` on every item with each engine, check that the results agree, and tell which engine is faster.

    The repeats are interleaved (A B C, A B C, …), so that a machine that gets busier hits all engines alike. Every
    run is checked against the first sequential one, warm-ups too.

    Args:
        task: a function of one item. For `processes` it and the items are sent by value (cloudpickle), so functions
            and lambdas from notebook cells work. It should not change its items: all engines get the same ones.
        items: any iterable; it is read once, before the first run.
        async_task: the task as a coroutine function, for the engine `async`.
        engines: some of "sequential", "threads", "async", "processes" (by default these four), "interpreters" (Python
            3.14) and "dask" (with the `distributed.Client` that is open, or a cluster of its own). "sequential" always
            runs, first. An engine that cannot run here is left out, with the reason in `left_out`.
        workers: by default one process or interpreter per usable CPU, at least four threads, and all workers of a Dask
            cluster. `async` does all items at once.
        repeats: how many runs of each engine count. From 6 on the interval makes no assumptions, see `Speedup`.
        warmup: runs of each engine before that.
        equal: says whether two results are equal, by default `==`. For floats `math.isclose`, for arrays
            `numpy.array_equal`.

    Raises:
        TaskFailed: the task raised; also caught as the type that it raised. All engines have stopped.
        ResultsDiffer: names engine, item and both results.
        WorkerDied: a worker process was killed.
        ValueError, TypeError: an argument that makes no sense.
        KeyboardInterrupt: the stop button; nothing goes on running, but for threads in the middle of a wait.
    """
    check_task(task)
    check_async_task(async_task)
    chosen = check_engines(engines)
    workers = None if workers is None else check_count("workers", workers, 1)
    repeats, warmup = check_count("repeats", repeats, 1), check_count("warmup", warmup, 0)
    things = check_items(items)
    card = machine_card()
    jobs = {
        name: (ENGINES[name], Job(task, things, async_task, workers, card.cpus_usable, engine=name)) for name in chosen
    }
    reference = Reference(things, equal)
    runs, left_out = take_turns(jobs, warmup + repeats, reference.check)
    return Comparison(
        task=name_of(task),
        engines=tuple(runs),
        results=reference.results,
        left_out=left_out,
        machine=card,
        _runs={name: tuple(own[warmup:]) for name, own in runs.items()},
        _warmups={name: tuple(own[:warmup]) for name, own in runs.items()},
    )


def refuse_in_a_worker() -> None:
    """A worker imports the module of its task; if that module compares when it is imported, each worker would start more."""
    if WORKER in os.environ:
        raise RuntimeError(
            "compare was called inside one of its own worker processes, which had to import the module of the task: "
            "put the call into a function, or under `if __name__ == '__main__':`"
        )


def take_turns(
    jobs: Mapping[str, tuple[Engine, Job]], rounds: int, check: Callable[[str, list[Any]], None]
) -> tuple[dict[str, list[Run]], dict[str, str]]:
    """Run every engine once per round, in order: the runs of each by name, and why others could not run.

    An engine starts when its first turn comes, so that the others are measured without its workers at first.
    """
    refuse_in_a_worker()
    from .progress import Progress

    runs: dict[str, list[Run]] = {}
    left_out: dict[str, str] = {}
    try:
        with ExitStack() as stack:
            progress = stack.enter_context(Progress(list(jobs), rounds))
            ready: dict[str, Callable[[], Outcome]] = {}
            for _ in range(rounds):
                for name, (engine, job) in jobs.items():
                    if name in left_out:
                        continue
                    if name not in ready:
                        try:
                            ready[name] = stack.enter_context(engine(job))
                        except Unavailable as reason:
                            left_out[name] = str(reason)
                            progress.leave_out(name)
                            continue
                    outcome = ready[name]()
                    check(name, outcome.results)
                    runs.setdefault(name, []).append(outcome.run)
                    progress.step(name, outcome.run.seconds)
                    lengths = [span.end - span.start for span in outcome.run.spans]
                    if lengths and outcome.run.workers == 1 and job.engine != "async":  # none in the way of another
                        for _, other in jobs.values():
                            other.item_seconds = sum(lengths) / len(lengths)
    except (TaskFailed, WorkerDied, ResultsDiffer) as error:
        # The reader looks for the line of the task, which is in the cause, not for the inside of the engines.
        raise error.with_traceback(None)  # noqa: B904
    return runs, left_out


def duration(seconds: float) -> str:
    """Seconds in the unit that reads best, with two or three digits."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    if seconds >= 0.001:
        return f"{seconds * 1e3:.{0 if seconds >= 0.1 else 1}f} ms"
    return f"{seconds * 1e6:.0f} µs"


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"

"""What has been measured, in words: the titles of the figures, and what they show to those who cannot see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import TYPE_CHECKING

from .busyness import BUSY
from .comparison import counted, duration
from .loads import PERCENTS, in_words

if TYPE_CHECKING:
    from .comparison import Comparison
    from .intervals import Speedup
    from .loads import LoadResult
    from .runs import Run
    from .scaling import Scaling


def speedup_title(comparison: Comparison) -> str:
    """ "chop computes: only processes are faster here"."""
    task = "This task" if comparison.task.startswith("<") else comparison.task
    others = [name for name in comparison.engines if name != "sequential"]
    return f"{task} {_kind(comparison, 's')}: {_verdicts(comparison, others)}"


def timeline_title(comparison: Comparison, engines: Iterable[str]) -> str:
    """ "8 items that mostly wait: threads and async overlap the waiting"."""
    count = len(comparison.results)
    items = "1 item that" if count == 1 else f"{count:,} items that"
    title = f"{items} {_kind(comparison, 's' if count == 1 else '')}"
    others = [name for name in engines if name != "sequential"]
    if not others or not count:
        return title
    if _too_busy(comparison):
        return f"{title}: {_verdicts(comparison, others)}"
    faster = [name for name in others if comparison.verdict(name) == "faster"]
    share = comparison.computing_share
    if share < 0.3 and faster:
        return f"{title}: {_and(faster)} overlap{_s(faster, verb=True)} the waiting"
    turns = _takes_turns(comparison, others, share)
    if share > 0.7 and (faster or turns):
        parts = [f"{_and(turns)} take{_s(turns, verb=True)} turns"] * bool(turns)
        parts += [f"{_and(faster)} compute{_s(faster, verb=True)} side by side"] * bool(faster)
        return f"{title}: {', '.join(parts)}"
    return f"{title}: {_verdicts(comparison, others)}"


def speedup_words(comparison: Comparison) -> str:
    """The bars: "Bars of how many times as fast as sequential: threads ×4 0.90 (0.85 to 0.96), slower, …"."""
    parts = []
    for name in comparison.engines:
        if name != "sequential":
            speedup, startup = comparison.speedup(name), comparison.startup_seconds(name)
            cold = f", after {duration(startup)} of starting" if startup > 0.01 * comparison.seconds(name) else ""
            ideal = f"at most {comparison.ideal(name):.1f} possible"
            parts.append(f"{comparison.label(name)} {_figures(speedup)}, {speedup.verdict}, {ideal}{cold}")
    return f"Bars of how many times as fast as sequential: {'; '.join(parts) or 'nothing ran beside it'}"


def timeline_words(comparison: Comparison, runs: Mapping[str, Run], lanes: Mapping[str, int]) -> str:
    """The lanes of these runs by engine: how many, how long, and how much of them is solid."""
    parts = []
    for name, run in runs.items():
        spent = sum(span.end - span.start for span in run.spans)
        computing = sum(min(span.end - span.start, span.cpu_seconds) for span in run.spans) / spent if spent > 0 else 0.0
        cold = f" after {duration(run.startup_seconds)} of starting" if run.startup_seconds > 0 else ""
        solid = f"{computing:.0%} solid" if run.spans else "empty"
        parts.append(f"{name} {duration(run.seconds)}{cold} in {counted(lanes[name], 'lane')}, {solid}")
    return f"Timeline, waiting pale and computing solid: {'; '.join(parts)}"


def scaling_words(scaling: Scaling) -> str:
    """The points and the curves: what was measured, fitted and foretold."""
    points = [f"{count}: {_figures(scaling.speedup(count))}" for count in scaling.workers if count > 1]
    told = [f"Times as fast as one worker, by number of workers ({scaling.engine}): {', '.join(points) or 'one only'}"]
    serial, both = scaling.serial_fraction, scaling.usl()
    if serial is not None:
        told.append(f"Amdahl’s curve: {serial:.0%} serial")
    if both is not None:
        told.append(f"USL’s curve: contention {both[0].value:.2g}, coherency {both[1].value:.2g}")
    if len(scaling.workers) > 2:
        few = scaling.workers[1]
        later = [f"{count}: {scaling.predict(count, up_to=few):.2f}" for count in scaling.workers[2:]]
        told.append(f"foretold from 1 and {few} workers: {', '.join(later)}")
    return "; ".join(told)


def load_words(result: LoadResult) -> str:
    """The curves: which share of the requests was answered within which time."""
    shares = [f"{percent} % {_within(result.latency(percent).median)}" for percent in PERCENTS]
    failed = sum(result.errors.values())
    errors = f"; {counted(failed, 'request')} of {len(result.samples):,} without a good answer" if failed else ""
    many = counted(len(result.repeats), "repeat")
    return f"Share of the requests answered within a time, a curve for each of {many}; medians: {', '.join(shares)}{errors}"


def _figures(speedup: Speedup) -> str:
    spread = f" ({speedup.low:.2f} to {speedup.high:.2f})" if isfinite(speedup.high) else ""
    return f"{speedup.median:.2f}{spread}"


def _within(seconds: float) -> str:
    return f"within {in_words(seconds)}" if isfinite(seconds) else "never"


def _takes_turns(comparison: Comparison, names: list[str], share: float) -> list[str]:
    """Engines with several items under way, of which about one at a time computed."""
    found = []
    for name in names:
        runs = comparison.runs(name)
        busy = sum(span.cpu_seconds for run in runs for span in run.spans) / max(1e-9, sum(run.seconds for run in runs))
        several = name == "async" or comparison.workers(name) > 1
        # With one usable CPU taking turns is not the GIL's doing, and all do it: nothing to point out.
        if several and share > 0.7 and busy < 1.15 and comparison.machine.cpus_usable > 1:
            if name != "processes" and comparison.verdict(name) != "faster":
                found.append(name)
    return found


def _kind(comparison: Comparison, s: str) -> str:
    share = comparison.computing_share
    if share > 0.7:
        return f"compute{s}"
    return f"mostly wait{s}" if share < 0.3 else f"wait{s} and compute{s}"


def _too_busy(comparison: Comparison) -> bool:
    """Whether the CPUs were so busy with other things that engines cannot be told apart by how they compute."""
    return comparison.computing_share >= 0.3 and comparison.starved_share > BUSY


def _verdicts(comparison: Comparison, names: list[str]) -> str:
    if _too_busy(comparison):
        return "this machine was too busy to tell"
    faster = [name for name in names if comparison.verdict(name) == "faster"]
    slower = [name for name in names if comparison.verdict(name) == "slower"]
    if faster:
        only = "only " if len(faster) < len(names) and len(faster) == 1 else ""
        return f"{only}{_and(faster)} {_are(faster)} faster here"
    if slower:
        return f"{_and(slower)} {_are(slower)} slower here"
    return "no clear difference here"


def _and(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _are(names: list[str]) -> str:
    return "is" if names == ["async"] else "are"


def _s(names: list[str], verb: bool = False) -> str:
    return "s" if verb and names == ["async"] else ""

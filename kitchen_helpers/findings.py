"""What a comparison shows, in words: the titles of its figures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .comparison import BUSY

if TYPE_CHECKING:
    from .comparison import Comparison


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

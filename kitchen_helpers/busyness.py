"""Whether a machine was too busy with other things to be measured on, from what runs tell of their time without a CPU."""

from __future__ import annotations

from collections.abc import Iterable

from .runs import Run

# Above this share of time without a CPU, how what is left is shared says more about other programs than about the work.
BUSY = 0.3


def starved_share(runs: Iterable[Run]) -> float:
    """The part of these runs, of one worker each, in which there was no CPU for it, from 0 to 1; known on Linux only."""
    runs = list(runs)
    total = sum(run.seconds for run in runs)
    return min(1.0, sum(run.starved_seconds for run in runs) / total) if total > 0 else 0.0


def busy_notes(share: float, which: str) -> list[str]:
    """What to say of `which` runs with this share: nothing below `BUSY`."""
    if share <= BUSY:
        return []
    return [
        f"This machine was busy: for {share:.0%} of the {which} there was no CPU for them, "
        "as other programs, or a limit, kept it."
    ]

"""A progress bar, but only where the reader would otherwise wonder."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from threading import RLock
from time import perf_counter
from typing import Any

# A bar appears when the whole is expected to take longer than this, in seconds.
WORTH_A_BAR = 2.0


class Progress:
    """Counts runs, round by round; shows a bar once they have taken, or are expected to take, more than two seconds."""

    def __init__(self, names: Sequence[str], rounds: int) -> None:
        self.rounds = rounds
        self.seconds: dict[str, float] = dict.fromkeys(names, 0.0)
        self.done = 0
        self.begun = perf_counter()
        self.bar: Any = None

    def step(self, name: str, seconds: float) -> None:
        """A run of this engine has taken so long."""
        self.done += 1
        self.seconds[name] = seconds
        if self.bar is not None:
            self.bar.set_description(name, refresh=False)
            self.bar.update()
        elif self.worth_it(perf_counter() - self.begun):
            self._open(name)

    def leave_out(self, name: str) -> None:
        """This engine cannot run."""
        del self.seconds[name]

    def worth_it(self, elapsed: float) -> bool:
        """Whether a bar helps: the whole is long, and some of it is still to come."""
        rounds, into = divmod(self.done, max(1, len(self.seconds)))
        if rounds == 0 or into:  # before every engine has run once, only what has passed is known
            return elapsed > WORTH_A_BAR and self.done < self.rounds * len(self.seconds)
        to_come = (self.rounds - rounds) * sum(self.seconds.values())
        return elapsed + to_come > WORTH_A_BAR and to_come > WORTH_A_BAR / 4

    def _open(self, name: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a notebook without ipywidgets gets the plain bar: no need to say so
            from tqdm.auto import tqdm

        class Bar(tqdm):  # type: ignore[type-arg]
            monitor_interval = 0  # no thread that stays

        # tqdm's own lock is one of multiprocessing, which would fix the start method of the reader's program.
        Bar.set_lock(RLock())
        total = self.rounds * len(self.seconds)
        self.bar = Bar(None, name, total, leave=False, unit="run", initial=self.done, disable=not can_be_redrawn())

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()


def can_be_redrawn() -> bool:
    """In a notebook and in a terminal; in a file, each state of a bar would stay."""
    return "ipykernel" in sys.modules or sys.stderr.isatty()

"""How long a question may be explored: a busy machine makes a verdict late, and not another one."""

from __future__ import annotations

import time

_TELLING = 0.2
"""Seconds of which it is looked how much CPU time was in them; after fewer a machine is taken for a quiet one."""
_QUIET = 0.8
"""Who had so much of a CPU had it to itself."""
_LEAST = 0.05
"""With less there is nothing to begin."""


class Budget:
    """Seconds of CPU for a whole question, and the most that they may take by the clock.

    An exploration wants to know beforehand what it may take by the clock. That is told from the share of a CPU that this
    process has had so far; who had less than was expected may try again.
    """

    def __init__(self, seconds: float, longest: float) -> None:
        self._seconds = seconds
        self._longest = longest
        self._begun, self._cpu = time.perf_counter(), time.process_time()

    def used(self) -> float:
        """Seconds of CPU."""
        return time.process_time() - self._cpu

    def left(self) -> float:
        """Seconds by the clock; 0 if there is nothing left to begin with."""
        gone, used = time.perf_counter() - self._begun, self.used()
        share = used / gone if gone > _TELLING else 1.0
        seconds = (self._seconds - used) / (1.0 if share > _QUIET else max(share, 0.01))
        seconds = min(seconds, self._longest - gone)
        return seconds if seconds >= _LEAST else 0.0

    def has(self, seconds: float) -> bool:
        """Is there more CPU time left than that?"""
        return self._seconds - self.used() > seconds

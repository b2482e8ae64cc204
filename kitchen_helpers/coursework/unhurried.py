"""A clock for limits: on a busy machine it goes as slowly as the answer does.

A limit in seconds is a promise about an answer on a machine that has time for it. Two things keep an answer waiting that
are none of its doing: a CPU that others have, and a machine that stands still as a whole. Neither counts here.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress

from .family import family

_LONGEST_LOOK = 0.1
"""Seconds that count at most between two looks; who looks later, and had a CPU, was on a machine that stood still."""

_SLOWEST = 0.1
"""So much of a second counts in any case."""
_MOST_OWED = 0.5


class Unhurried:
    """Seconds since it was made, without those for which this process and those below it were kept from a CPU.

    Somebody has to look at it often.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._owed = 0.0
        self._looked = time.monotonic()
        self._kept = kept_waiting(os.getpid())

    def look(self) -> float:
        now, kept = time.monotonic(), kept_waiting(os.getpid())
        waited = {task: max(0, kept[task] - self._kept.get(task, 0)) / 1e9 for task in kept}
        # Who looks late did not keep the others waiting.
        late = waited.pop(str(threading.get_native_id()), 0.0)
        gone = min(now - self._looked, _LONGEST_LOOK + late)
        # The system tells of a wait when it is over; what several waited for at once is counted too often.
        self._owed = min(self._owed + sum(waited.values()), _MOST_OWED)
        paid = min(self._owed, (1 - _SLOWEST) * gone)
        self._owed -= paid
        self.seconds += gone - paid
        self._looked, self._kept = now, kept
        return self.seconds


def kept_waiting(pid: int) -> dict[str, int]:
    """For each thread of a process and of those below it: nanoseconds in which it was ready to run, and had no CPU.

    Empty where the system does not tell.
    """
    found: dict[str, int] = {}
    for _, threads in family(pid):
        for thread in threads:
            with suppress(OSError, ValueError, IndexError):
                with open(f"{thread}/schedstat") as file:
                    found[thread.rpartition("/")[2]] = int(file.read().split()[1])
    return found

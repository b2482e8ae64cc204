"""Tasks to measure with: waiting, computing, and both, in a plain and an async form.

An item is a length in seconds, which is also the result, so that results can be compared:

    kh.compare(workloads.waiting, [0.05] * 8, async_task=workloads.async_waiting)

They can as well be called within a task of your own.
"""

from __future__ import annotations

import asyncio
import os
import time

__all__ = ["async_computing", "async_mixed", "async_waiting", "computing", "mixed", "rounds_per_second", "waiting"]

# The calibration of this machine, for worker processes as well: they inherit the environment, and one that calibrated
# itself while its neighbours compute would take less work for the same seconds.
VARIABLE = "KITCHEN_HELPERS_ROUNDS_PER_SECOND"


def waiting(seconds: float) -> float:
    """Wait, as for an oven or a server, without needing a CPU. Returns `seconds`."""
    time.sleep(seconds)
    return seconds


async def async_waiting(seconds: float) -> float:
    """Wait, and let others go on meanwhile. Returns `seconds`."""
    await asyncio.sleep(seconds)
    return seconds


def computing(seconds: float) -> float:
    """Compute in pure Python, holding the GIL, what this machine's CPU does in `seconds`. Returns `seconds`.

    The amount of work is fixed, not the time: with a CPU that is shared with others it takes longer.
    """
    _compute(round(seconds * rounds_per_second()))
    return seconds


async def async_computing(seconds: float) -> float:
    """Compute within a coroutine: nothing else on the loop goes on meanwhile, however many `async` it says."""
    return computing(seconds)


def mixed(seconds: float, share: float = 0.2) -> float:
    """Wait first, then compute for `share` of the time (0 to 1). Returns `seconds`."""
    waiting(seconds * (1 - share))
    computing(seconds * share)
    return seconds


async def async_mixed(seconds: float, share: float = 0.2) -> float:
    """As `mixed`; others go on during the waiting part only."""
    await async_waiting(seconds * (1 - share))
    computing(seconds * share)
    return seconds


def rounds_per_second() -> float:
    """How many rounds of the computing loop this machine's CPU does per second: measured once, in some 30 ms.

    Kept in an environment variable for child processes; set it yourself to skip the measurement.
    """
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = repr(_measured())
    return float(os.environ[VARIABLE])


def _measured(rounds: int = 20_000, tries: int = 12) -> float:
    # In CPU time, so that a busy machine makes no difference; the best of several, as every disturbance slows down.
    # The first tries also let the interpreter specialize the loop.
    best = 0.0
    for _ in range(tries):
        begun = _cpu_seconds()
        _compute(rounds)
        best = max(best, rounds / max(_cpu_seconds() - begun, 1e-9))
    return best


def _cpu_seconds() -> float:
    # Windows counts CPU time in steps of 16 ms, too coarse for this.
    return time.perf_counter() if os.name == "nt" else time.thread_time()


def _compute(rounds: int) -> int:
    # Many short steps of Python code: a single long call into C might release the GIL, or never let others have it.
    # Small constants only: of a large one all threads would count the references, and a free-threaded Python waits there.
    value = 1
    for _ in range(rounds):
        value = (value * 5 + 1) % 251
    return value

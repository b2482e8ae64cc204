"""Wait for an exploration, and say how far it is where the reader would otherwise wonder."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

_QUIET = 2.0  # seconds before the first word
_EVERY = 0.5


def wait(over: threading.Event, until: float, told: Callable[[], str] | None) -> bool:
    """Wait for `over`, at most until that time; after two seconds a line on stderr says what `told` gives, then goes.

    Returns whether it is over.
    """
    if told is None:
        return over.wait(max(0.0, until - time.perf_counter()))
    widest, pause = 0, _QUIET
    try:
        while not over.wait(max(0.0, min(pause, until - time.perf_counter()))):
            if time.perf_counter() >= until:
                return False
            line = f"{told()}; {max(0.0, until - time.perf_counter()):.0f} s are left"
            widest, pause = max(widest, len(line)), _EVERY
            _write(f"\r{line.ljust(widest)}")
        return True
    finally:
        if widest:
            _write(f"\r{' ' * widest}\r")


def _write(text: str) -> None:
    if sys.stderr is not None:  # as under pythonw
        print(text, end="", file=sys.stderr, flush=True)

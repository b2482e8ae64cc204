"""Wait for an exploration, and say how far it is where the reader would otherwise wonder."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

_QUIET = 2.0  # seconds before the first word
_EVERY = 0.5
_SLICE = 0.1
"""Seconds of one wait: where the stop button does not interrupt a wait (on Windows), it is heard at the end of it."""


def wait(over: threading.Event, until: float, told: Callable[[], str] | None) -> bool:
    """Wait for `over`, at most until that time; after two seconds a line on stderr says what `told` gives, then goes.

    Returns whether it is over.
    """
    widest, speak = 0, time.perf_counter() + _QUIET
    try:
        while not over.wait(max(0.0, min(_SLICE, until - time.perf_counter()))):
            now = time.perf_counter()
            if now >= until:
                return False
            if told is not None and now >= speak:
                line = f"{told()}; {until - now:.0f} s are left"
                widest, speak = max(widest, len(line)), now + _EVERY
                _write(f"\r{line.ljust(widest)}")
        return True
    finally:
        if widest:
            _write(f"\r{' ' * widest}\r")


def _write(text: str) -> None:
    if sys.stderr is not None:  # as under pythonw
        print(text, end="", file=sys.stderr, flush=True)

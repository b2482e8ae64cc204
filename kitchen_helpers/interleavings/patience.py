"""Wait for an exploration, and say how far it is where the reader would otherwise wonder."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

_QUIET = 2.0  # seconds before the first word
_EVERY = 0.5
_SLICE = 0.1
"""Seconds of one wait: where the stop button does not interrupt a wait (on Windows), it is heard at the end of it."""


def wait(over: threading.Event, until: float, told: Callable[[], str] | None) -> bool:
    """Wait for `over`, at most until that time; after two seconds a line says what `told` gives, and goes at the end.

    Returns whether it is over.
    """
    line, speak = _Line(), time.perf_counter() + _QUIET
    try:
        while not over.wait(max(0.0, min(_SLICE, until - time.perf_counter()))):
            now = time.perf_counter()
            if now >= until:
                return False
            if told is not None and now >= speak:
                line.say(f"{told()}; {until - now:.0f} s are left")
                speak = now + _EVERY
        return True
    finally:
        line.take_away()


class _Line:
    """Words on stderr that the next ones overwrite; in a notebook, where stderr leaves an empty band, an output of their own."""

    def __init__(self) -> None:
        self.widest = 0
        self.output: Any = None

    def say(self, words: str) -> None:
        if not self.widest and _in_a_notebook():
            from IPython.display import display

            # (Empty at first, so that nbval finds nothing that a quicker machine had not shown: it leaves out what changes.)
            self.output = display({}, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        self.widest = max(self.widest, len(words))
        if self.output is not None:
            self.output.update({"text/plain": words}, raw=True)
        else:
            _write(f"\r{words.ljust(self.widest)}")

    def take_away(self) -> None:
        if self.output is not None:
            self.output.update({"text/plain": ""}, raw=True)
        elif self.widest:
            _write(f"\r{' ' * self.widest}\r")


def _in_a_notebook() -> bool:
    ipython = sys.modules.get("IPython.core.getipython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def _write(text: str) -> None:
    if sys.stderr is not None:  # as under pythonw
        print(text, end="", file=sys.stderr, flush=True)

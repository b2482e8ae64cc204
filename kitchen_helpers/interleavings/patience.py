"""Wait for an exploration, and say how far it is where the reader would otherwise wonder."""

from __future__ import annotations

import os
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
        self.notebook = _notebook()
        self.name = f"kitchen-{os.urandom(8).hex()}"  # of its output, and no other's in the notebook

    def say(self, words: str) -> None:
        if self.notebook is None:
            self.widest = max(self.widest, len(words))
            _write(f"\r{words.ljust(self.widest)}")
            return
        if not self.widest:  # empty at first, so that nbval finds nothing that a quicker machine had not shown
            self._show({})
        self.widest = len(words)
        self._show({"text/plain": words}, update=True)

    def take_away(self) -> None:
        if self.widest and self.notebook is None:
            _write(f"\r{' ' * self.widest}\r")
        elif self.widest:
            self._show({"text/plain": ""}, update=True)

    def _show(self, data: dict[str, str], update: bool = False) -> None:
        self.notebook.display_pub.publish(data, transient={"display_id": self.name}, update=update)


def _notebook() -> Any:
    """The IPython of the notebook in which this runs, if it is one."""
    ipython = sys.modules.get("IPython.core.getipython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if hasattr(shell, "kernel") else None


def _write(text: str) -> None:
    if sys.stderr is not None:  # as under pythonw
        print(text, end="", file=sys.stderr, flush=True)

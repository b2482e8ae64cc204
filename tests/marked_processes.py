"""Processes that carry a mark in their environment, which all those that they start inherit."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import suppress

import psutil


def marked(name: str, value: str) -> Iterator[psutil.Process]:
    """Those that are alive, in whichever session and under whichever parent they now are."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(name) == value and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def describe(process: psutil.Process) -> str:
    try:
        return f"process {process.pid} ({shlex.join(process.cmdline())[:200]})"
    except psutil.Error:
        return f"process {process.pid}"

"""Which processes are below another one, as the system tells it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress

_CHILD_SUBREAPER = 36


def family(pid: int) -> Iterator[tuple[int, list[str]]]:
    """A process and all those below it, each with the folders of its threads in /proc; nothing where there is no /proc."""
    pending = [pid]
    while pending:
        current = pending.pop()
        folder = f"/proc/{current}/task"
        with suppress(OSError):
            threads = [f"{folder}/{name}" for name in os.listdir(folder)]
            for thread in threads:
                with suppress(OSError, ValueError):
                    with open(f"{thread}/children") as file:
                        pending += map(int, file.read().split())
            yield current, threads


def keep_orphans() -> None:
    """Whoever loses its parent, and is below this process, stays there, where it is counted."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_CHILD_SUBREAPER, 1, 0, 0, 0)

"""Which processes are below another one, as the system tells it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress


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

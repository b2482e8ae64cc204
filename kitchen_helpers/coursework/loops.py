"""An event loop that knows every task that ever had a turn on it, whatever such a task says of itself."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Any

_stepped: dict[int, dict[int, Any]] = {}
"""The tasks that ever had a turn, by loop. Behind the objects that an answer can get hold of, and not in them."""


class KnowingLoop(asyncio.SelectorEventLoop):
    def __init__(self, selector: Any = None) -> None:
        _stepped[id(self)] = {}
        super().__init__(selector)

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override]
        with suppress(Exception):  # (a callback may be anything of the answer's)
            task = callback.__self__
            if issubclass(type(task), asyncio.Task):
                _stepped[id(self)][id(task)] = task
        return super().call_soon(callback, *args, context=context)


def unfinished(loop: asyncio.AbstractEventLoop, ours: Collection[Any]) -> int:
    """How many of its tasks are not done, without ours."""
    tasks = dict(_stepped[id(loop)])
    with suppress(Exception):
        tasks |= {id(task): task for task in asyncio.all_tasks(loop)}
    return sum(not asyncio.Task.done(task) for task in tasks.values() if not any(task is our for our in ours))


def forget(loop: asyncio.AbstractEventLoop) -> None:
    del _stepped[id(loop)]

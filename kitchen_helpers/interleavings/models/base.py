"""What the models of the synchronisation primitives share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..threads import READ, Access, VirtualThread, current, get_ident, now


class Model:
    """Stands for a primitive of `threading` or `queue` during an exploration: every operation is one step."""

    what = "primitive"
    shown = frozenset({"maxsize"})
    """Attributes of the real one, beside methods and properties, that the model has, too."""

    def __init__(self) -> None:
        self.own: set[str] = set()
        """Attributes that the program gave it."""
        self.clock: list[int] = []
        """What happened before the last release: it happens before the next acquire, too."""

    key = property(id)
    """Its location."""

    def __getattr__(self, name: str) -> Any:
        """What the real one may have, and the model has not: its lock, its threads, its list of waiters."""
        thread = current()
        if thread is None or name.startswith("__") or name in ("_kitchen_named",):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        thread.run.session.forbid(thread, thread.call_site, f"{name} of a {self.what} has no model")

    def step(
        self,
        doing: str,
        accesses: tuple[Access, ...],
        ready: Callable[[], bool] | None = None,
        alternatives: Callable[[], int] | None = None,
        rescue: Callable[[], bool] | None = None,
        uses: Callable[[], tuple[Access, ...]] | None = None,
    ) -> tuple[VirtualThread, int]:
        """Wait until it is this thread's turn and the operation is possible; returns the thread and the alternative."""
        thread = now.thread
        if thread is None or thread.ident != get_ident():
            thread = current()
        if thread is None:
            raise RuntimeError(
                f"this {self.what} was made while a program was explored and cannot be used after that; "
                "let the program make what it uses"
            )
        run = thread.run
        if run.solo and alternatives is None and (ready is None or ready()):
            return thread, 0
        thread.rescue = rescue
        thread.uses = uses
        alternative = run.step(thread, thread.call_site, doing, self, accesses, ready, alternatives)
        thread.steps += 1
        thread.trail = hash((thread.trail, doing, id(self)))
        for key, mode in accesses:
            if mode == READ:
                thread.looked.append((key, run.versions.get(key, 0)))
        return thread, alternative

    def changed(self, thread: VirtualThread, *keys: Any) -> None:
        run = thread.run
        for key in keys or (id(self),):
            run.changed(thread, key)

    def saw(self, thread: VirtualThread, *keys: Any, retries: bool = True) -> None:
        """The operation only looked: nothing changed."""
        if retries:
            thread.run.sharing.retries = True
        for key in keys or (self.key,):
            thread.looked.append((key, thread.run.versions.get(key, 0)))

    def log(self, thread: VirtualThread, doing: str, value: Any = None) -> None:
        log = thread.run.log
        if log is not None and not thread.run.solo:
            log.append(thread, thread.call_site, doing, self, "", value)

    def acting(self) -> VirtualThread:
        """The calling thread, for what is no step of its own."""
        thread = now.thread
        if thread is None or thread.ident != get_ident():
            thread = current()
        if thread is None:
            raise RuntimeError(f"this {self.what} belongs to an exploration that is over")
        return thread


def patience(blocking: bool, timeout: float | None) -> bool:
    """Does an operation wait for as long as it takes? Checks its arguments as the real one does."""
    if not blocking:
        if timeout is not None and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        return False
    if timeout is None or timeout == -1:
        return True
    if timeout < 0:
        raise ValueError("timeout value must be a non-negative number")
    return False

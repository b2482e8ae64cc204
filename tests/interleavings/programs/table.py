"""The table of programs: a decorator says beside each program what its exploration has to find.

The expectations come from reasoning (see the comments), and every one of them was compared with a second opinion that
runs the real bytecode under thousands of schedules (second_opinion.py).
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .helper import Unlocked

Program = Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """One program and what must be found out about it."""

    program: Program
    verdict: str
    """ "holds", "fails" or "unfinished"."""
    kind: str | None = None
    """Of the failure: "exception", "deadlock", "livelock"."""
    strict: str = ""
    """What strict=True finds: "holds", "unfinished", or the kind of failure. Always filled in."""
    preemptions: int | None = None
    """Of the simplest counterexample; None if it was not derived."""
    schedules: int | None = None
    """How many there are with reduce=False; None if it was not derived."""
    ok: int | None = None
    """How many of them end well."""
    or_unfinished: bool = False
    """An honest "I cannot judge this" is accepted too; the opposite verdict never is."""
    error: str = ""
    """A word that the failure's message must have, such as the exception's name."""
    reason: str = ""
    """A word that the reason for "unfinished" must have."""
    ends: bool = True
    """It comes to an end when it is run for real, perhaps with an exception."""
    traced: bool = True
    """The second opinion can run it."""
    since: tuple[int, int] = (3, 11)
    """The first Python that can run it."""
    seconds: float = 30
    """The budget: generous where the verdict counts, short where it will be spent."""
    final_states: frozenset[str] | None = field(default=None)
    """The possible reprs of its return value, where they were derived."""

    @property
    def name(self) -> str:
        return f"{self.program.__module__.rpartition('.')[2]}.{self.program.__name__}"

    @property
    def runs_here(self) -> bool:
        return sys.version_info >= self.since


CASES: dict[str, Case] = {}


def _register(case: Case) -> Program:
    if not case.program.__module__.endswith(".copy"):  # the second opinion loads each module anew for each run
        CASES[case.name] = case
    return case.program


def holds(program: Program | None = None, *, strict: str = "holds", **more: Any) -> Any:
    """Every interleaving ends well. `strict` is the kind of failure if the documentation allows one."""
    if program is not None:
        return _register(Case(program, "holds", None, strict))
    return lambda program: _register(Case(program, "holds", None, strict, **_frozen(more)))


def fails(kind: str = "exception", *, strict: str = "", **more: Any) -> Any:
    """Some interleaving ends in a failure of this kind."""
    more.setdefault("ends", kind == "exception")
    return lambda program: _register(Case(program, "fails", kind, strict or kind, **_frozen(more)))


def unfinished(program: Program | None = None, **more: Any) -> Any:
    """Nobody can judge this by looking at the visible steps, so nobody may say that it holds."""
    if program is not None:
        return _register(Case(program, "unfinished", None, "unfinished"))
    return lambda program: _register(Case(program, "unfinished", None, "unfinished", **_frozen(more)))


def never_holds(kind: str = "exception", **more: Any) -> Any:
    """It does fail; whoever cannot see why has to say "unfinished". "holds" would be a lie."""
    return fails(kind, or_unfinished=True, **more)


def pair(*, unfinished_too: bool = False, **more: Any) -> Any:
    """Of a function with one parameter, a guard, make two programs: without a lock it fails, with one it holds."""

    def register(body: Callable[[Any], Any]) -> Program:
        def unlocked() -> None:
            body(Unlocked())

        def locked() -> None:
            body(threading.Lock())

        for program, name in ((unlocked, body.__name__), (locked, body.__name__ + "_locked")):
            program.__name__ = program.__qualname__ = name
            program.__module__ = body.__module__
            body.__globals__[name] = program
        fails(or_unfinished=unfinished_too, **more)(unlocked)
        holds(or_unfinished=unfinished_too)(locked)
        return unlocked

    return register


def _frozen(more: dict[str, Any]) -> dict[str, Any]:
    if more.get("final_states") is not None:
        more["final_states"] = frozenset(more["final_states"])
    return more


def load_all() -> dict[str, Case]:
    """Import every module beside this one, and return the whole table."""
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(sys.modules[package].__path__):
        importlib.import_module(f"{package}.{module.name}")
    return CASES

"""The check of a4.q2: a bell that is rung again and again."""

from __future__ import annotations

import threading
import types
from collections.abc import Callable
from typing import Any

from .exploring import explored
from .questions import RuleBroken, Verdict
from .scenarios import Scenario, together


class _Mark:
    """That somebody has come to a round. Each round has its own, so that nobody reads what another one still writes."""

    has_come = False


def _rounds(cls: Any, cooks: int, rounds: int) -> None:
    bell = cls(cooks)
    names = ("Ana", "Ben", "Cem")[:cooks]
    came = [{name: _Mark() for name in names} for _ in range(rounds)]

    def work(name: str) -> None:
        for number in range(1, rounds + 1):
            marks = came[number - 1]
            marks[name].has_come = True
            bell.wait()
            for other in names:
                if not marks[other].has_come:
                    raise RuleBroken(f"{name} passed round {number} before {other} had come to it")

    first, *others = names
    together(lambda: work(first), **{name: _works(work, name) for name in others})


def _works(work: Callable[[str], None], name: str) -> Callable[[], None]:
    return lambda: work(name)


def _one_goes_on(cls: Any) -> None:
    """Ana and Ben ring twice; then Ana comes to the third round, alone."""
    bell = cls(2)
    came = [_Mark() for _ in range(2)]

    def ring_three_times() -> None:
        for number in (1, 2, 3):
            bell.wait()
            if number == 3 or not came[number - 1].has_come:
                raise RuleBroken(f"Ana passed round {number} before Ben had come to it")

    threading.Thread(target=ring_three_times, name="Ana", daemon=True).start()
    for mark in came:
        mark.has_come = True
        bell.wait()


def _one_missing(cls: Any, cooks: int) -> None:
    bell = cls(cooks)

    def wait() -> None:
        bell.wait()
        raise RuleBroken(f"the bell is for {cooks}, and with {cooks - 1} at it somebody passed")

    for name in ("Ana", "Ben")[: cooks - 1]:
        threading.Thread(target=wait, name=name, daemon=True).start()


def _third_one_missing(cls: Any) -> None:
    bell = cls(3)
    together(Ana=bell.wait, Ben=bell.wait)


def _uses_barrier(cls: Any) -> bool:
    """Does the class, or what it uses of its own cell, name `threading.Barrier`?"""
    seen: set[int] = set()
    pending: list[Any] = [cls]
    while pending:
        item = pending.pop()
        if item is threading.Barrier:
            return True
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, type) and item.__module__ not in ("builtins", "threading"):
            pending += [*item.__bases__, *vars(item).values()]
        elif isinstance(item, staticmethod | classmethod):
            pending.append(item.__func__)
        elif isinstance(item, property):
            pending += [item.fget, item.fset]
        elif isinstance(item, types.FunctionType):
            pending += [item.__code__, *(item.__defaults__ or ()), *_named(item.__code__, item.__globals__)]
        elif isinstance(item, types.CodeType) and "Barrier" in item.co_names:
            return True
    return False


def _named(code: types.CodeType, names: dict[str, Any]) -> list[Any]:
    """What a function's code uses of its module, its inner functions included."""
    inner = [
        value
        for constant in code.co_consts
        if isinstance(constant, types.CodeType)
        for value in _named(constant, names)
    ]
    own = [names[name] for name in code.co_names if name in names]
    return [*own, *inner, *(c for c in code.co_consts if isinstance(c, types.CodeType))]


def check_bell(cls: Any) -> Verdict:
    """a4.q2"""
    if _uses_barrier(cls):
        return Verdict("wrong", "threading.Barrier is not allowed here.", "The bell is to be made of simpler things.")
    stuck = "everybody has come"
    fast = "What does a cook find who comes to the next round while another one has not yet left this one?"
    missing = "What exactly does a cook wait for, and when is it sure?"
    told = "Who notices that everybody has come, and what do those who wait find when they are woken?"
    return explored(
        [
            Scenario("One cook alone, three rounds", lambda: _rounds(cls, 1, 3), fast, stuck, told, here="Ana"),
            Scenario("Two cooks are expected, one comes", lambda: _one_missing(cls, 2), missing),
            Scenario("Two cooks, one round", lambda: _rounds(cls, 2, 1), missing, stuck, told, here="Ana"),
            Scenario("Three cooks are expected, two come", lambda: _one_missing(cls, 3), missing),
            Scenario("Two cooks, two rounds", lambda: _rounds(cls, 2, 2), fast, stuck, fast, here="Ana"),
            Scenario(
                "Two cooks, two rounds, and one begins a third", lambda: _one_goes_on(cls), fast, stuck, fast, here="Ben"
            ),
            Scenario("Three cooks, one round", lambda: _rounds(cls, 3, 1), missing, stuck, told, here="Ana"),
        ],
        "Nobody passes a round before everybody has come to it",
        [lambda: _third_one_missing(cls)],
    )

"""What the checks of assignment 1 share: results that have the places of their items, and exceptions that come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .questions import RuleBroken
from .realtime import Called, Gauge, exactly

MEETING = 1.5
"""Seconds that each waits for the others, where all are to be there at once."""
ORDER = "Results have the places of their items, whoever is done first: where is each one put?"
LIMIT = "Who decides when the next item may begin, and when is a place free again?"
ERROR = "What becomes of an exception in a worker, if nobody looks for it there?"


class Burnt(Exception):
    """What the tasks of the checks raise."""


def same(got: Any, expected: Sequence[Any], what: str) -> None:
    """RuleBroken unless it is a list of these."""
    if type(got) not in (list, tuple):
        raise RuleBroken(f"{what} must be a list, and it is {type(got).__name__}")
    if not exactly(list(got), list(expected)):
        if len(got) != len(expected):
            raise RuleBroken(f"{what} must hold {len(expected)} results, and there are {len(got)}", ORDER)
        raise RuleBroken(f"{what} must be {list(expected)}, in the order of the items, and it is {list(got)}", ORDER)


def raised(called: Called, kind: type[BaseException], what: str) -> None:
    """RuleBroken unless it is that what came out."""
    if called.error is None:
        raise RuleBroken(f"{what} must raise the task's exception, and it returned {called.result!r}", ERROR)
    if isinstance(called.error, BaseExceptionGroup) and not issubclass(kind, BaseExceptionGroup):
        raise RuleBroken(f"{what} must raise the task's own exception, and it raised a group ({called.error})", ERROR)
    if not issubclass(type(called.error), kind):
        wrong = f"{type(called.error).__name__}: {called.error}"
        raise RuleBroken(f"{what} must raise the task's own {kind.__name__}, and it raised {wrong}", ERROR)


def each_once(gauge: Gauge, items: int) -> None:
    """Broken unless as many tasks have been run as there are items."""
    if gauge.entered != items:
        raise RuleBroken(f"of {items} items, tasks were run {gauge.entered} times: each item is done once")


def pair(item: Any) -> tuple[str, Any]:
    """What many tasks make of an item, which may be anything."""
    return "dish", item

"""The check of a3.q2: a pass for dishes that is closed in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .a3_pass import buffer, comes_out, idle
from .exploring import explored
from .questions import RuleBroken, Verdict
from .scenarios import SHARED, Scenario, alone, together


class _Closed:
    def __repr__(self) -> str:
        return "Closed"


_CLOSED = _Closed()
"""What a call is noted to have given when it raised Closed."""


def _or_closed(call: Callable[[], object], closed: Any) -> object:
    try:
        return call()
    except closed:
        return _CLOSED


def _raises_closed(call: Callable[[], object], closed: Any, what: str) -> None:
    """Where one cook is alone; what else is raised by a thread among others is told by its line."""
    try:
        result = call()
    except closed:
        return
    except NotImplementedError:
        raise
    except Exception as error:
        raise RuleBroken(f"{what} must raise Closed, and it raised {type(error).__name__}") from error
    raise RuleBroken(f"{what} must raise Closed, and it returned {result!r}")


def _is_closed(result: object, call: str) -> None:
    if result is not _CLOSED:
        raise RuleBroken(f"{call} must raise Closed, and it returned {result!r}")


def _drains(hatch: Any, closed: Any, expected: list[object], when: str) -> None:
    """What is taken from a closed pass: these dishes, and then Closed."""
    got = []
    for _ in range(len(expected) + 2):
        try:
            result = _or_closed(hatch.take, closed)
        except Exception as error:
            said = f"it raised {type(error).__name__}"
            raise RuleBroken(f"{when}, a closed pass must give {expected} and then raise Closed, and {said}") from error
        if result is _CLOSED:
            break
        got.append(result)
    if len(got) != len(expected) or any(a is not b for a, b in zip(expected, got, strict=True)):
        raise RuleBroken(f"{when}, a closed pass must give {expected} and then raise Closed, and it gave {got}")
    _is_closed(_or_closed(hatch.take, closed), "take from a closed pass with nothing on it")


def _closed_alone(cls: Any, closed: Any) -> None:
    hatch, full, other = cls(3), cls(1), cls(1)
    for dish in ("soup", "fish"):
        hatch.put(dish)
    full.put("cake")
    try:
        hatch.close()
        hatch.close()
    except closed:
        raise RuleBroken("closing twice is harmless, and close raised Closed") from None
    try:
        full.close()
        other.put("pie")
        comes_out(["pie"], [other.take()], "a pass that is not closed")
    except closed:
        raise RuleBroken("a pass was closed, and another one raised Closed", SHARED) from None
    _raises_closed(lambda: hatch.put("tea"), closed, "put on a closed pass with room")
    _raises_closed(lambda: full.put("tea"), closed, "put on a closed pass without room")
    _drains(hatch, closed, ["soup", "fish"], "with soup and fish on it")
    _drains(full, closed, ["cake"], "with cake on it")
    _raises_closed(lambda: hatch.put("tea"), closed, "put on a closed pass with nothing on it")
    hatch.close()


def _two_wait_for_dishes(cls: Any, closed: Any) -> None:
    hatch = cls(1)
    got = together(
        hatch.close, Ana=lambda: _or_closed(hatch.take, closed), Ben=lambda: _or_closed(hatch.take, closed)
    )
    for result in got:
        _is_closed(result, "take from an empty pass that is closed")


def _two_wait_for_room(cls: Any, closed: Any) -> None:
    hatch = cls(1)
    hatch.put("soup")
    got = together(
        hatch.close,
        Ana=lambda: _or_closed(lambda: hatch.put("fish"), closed),
        Ben=lambda: _or_closed(lambda: hatch.put("cake"), closed),
    )
    for result in got:
        _is_closed(result, "put on a full pass that is closed")
    _drains(hatch, closed, ["soup"], "after puts that raised Closed")


def _put_and_close(cls: Any, closed: Any) -> None:
    hatch = cls(1)
    (put,) = together(hatch.close, Ana=lambda: _or_closed(lambda: hatch.put("soup"), closed))
    if put is _CLOSED:
        _drains(hatch, closed, [], "after a put that raised Closed")
    else:
        _drains(hatch, closed, ["soup"], "after a put of soup that came back")


def _put_take_and_close(cls: Any, closed: Any) -> None:
    hatch = cls(1)
    hatch.put("soup")
    put, took = together(
        hatch.close,
        Ana=lambda: _or_closed(lambda: hatch.put("fish"), closed),
        Ben=lambda: _or_closed(hatch.take, closed),
    )
    if took != "soup":
        raise RuleBroken(f"soup was on the pass before it was closed, and take gave {took!r}")
    if put is _CLOSED:
        _drains(hatch, closed, [], "after soup was taken and a put raised Closed")
    else:
        _drains(hatch, closed, ["fish"], "after soup was taken and a put of fish came back")


def _last_dish(cls: Any, closed: Any) -> None:
    hatch = cls(1)
    hatch.put("soup")
    got = together(
        hatch.close, Ben=lambda: _or_closed(hatch.take, closed), Cem=lambda: _or_closed(hatch.take, closed)
    )
    if sorted(map(repr, got)) != ["'soup'", "Closed"]:
        raise RuleBroken(f"one of Ben and Cem must get the soup and the other Closed: they got {got}")


def _two_close(cls: Any, closed: Any) -> None:
    hatch = cls(1)
    _, got = together(hatch.close, Ana=hatch.close, Ben=lambda: _or_closed(hatch.take, closed))
    _is_closed(got, "take from an empty pass that is closed")


def check_closing(cls: Any, closed: Any) -> Verdict:
    """a3.q2"""
    if not (isinstance(closed, type) and issubclass(closed, Exception)):
        return Verdict("wrong", "Closed must be a class of exceptions.", "How do you make an exception of your own?")
    wait = "Who may be waiting when the pass is closed, where, and what does each of them find when woken?"
    order = "What can happen between the look at the pass and the act, now that it can also be closed in between?"
    stuck = "the pass is closed"
    closing = [
        alone(
            "One cook alone closes the pass",
            lambda: _closed_alone(cls, closed),
            "Read again what a closed pass still gives, and what it no longer takes.",
            "close, put or take waits although it need not",
            "What does each call wait for, and who brings that when the pass is closed?",
        ),
        Scenario("Ana puts while Dan closes the pass", lambda: _put_and_close(cls, closed), order, stuck, wait, here="Dan"),
        Scenario("Ana and Dan close the pass while Ben takes", lambda: _two_close(cls, closed), wait, stuck, wait, here="Dan"),
        Scenario(
            "Ana and Ben wait for dishes, and Dan closes the pass",
            lambda: _two_wait_for_dishes(cls, closed),
            wait,
            stuck,
            wait,
            here="Dan",
        ),
        Scenario(
            "Ana and Ben wait for room, and Dan closes the pass",
            lambda: _two_wait_for_room(cls, closed),
            wait,
            stuck,
            wait,
            here="Dan",
        ),
        Scenario(
            "Ana puts and Ben takes while Dan closes the pass",
            lambda: _put_take_and_close(cls, closed),
            order,
            stuck,
            wait,
            here="Dan",
        ),
        Scenario(
            "Ben and Cem take the last dish while Dan closes the pass",
            lambda: _last_dish(cls, closed),
            order,
            stuck,
            wait,
            here="Dan",
        ),
    ]
    plain = buffer(cls)
    return explored(
        [*plain[:5], *closing, plain[-1]],
        "Nothing is lost, and everybody who waits when the pass is closed is woken",
        idle(cls),
    )

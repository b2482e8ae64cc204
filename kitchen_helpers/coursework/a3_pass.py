"""The check of a3.q1: a pass for dishes."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

from .exploring import explored
from .questions import RuleBroken, Verdict
from .scenarios import SHARED, Scenario, alone, together


def comes_out(expected: list[object], got: list[object], by: str = "the pass", hint: str = "") -> None:
    """Exactly these dishes, in this order; each is known by itself, not by what it thinks it equals."""
    if len(expected) != len(got) or any(a is not b for a, b in zip(expected, got, strict=True)):
        raise RuleBroken(f"{by} must give {expected}, and gave {got}", hint)


def _pass_alone(cls: Any) -> None:
    dishes = ["soup", "fish", "soup", 0, None, [], ""]
    hatch = cls(7)
    for dish in dishes:
        hatch.put(dish)
    comes_out(dishes, [hatch.take() for _ in dishes])
    small, other = cls(1), cls(1)
    for number in (1, 2):
        small.put(number)
        other.put(-number)
        comes_out([-number], [other.take()], f"of two passes, that on which {-number} was put", SHARED)
        comes_out([number], [small.take()], f"of two passes, that on which {number} was put", SHARED)


def _one_too_many(cls: Any, capacity: int) -> None:
    hatch = cls(capacity)

    def put_all() -> None:
        for number in range(capacity + 1):
            hatch.put(number)
        raise RuleBroken(f"there is room for {capacity}, and put number {capacity + 1} came back with nothing taken")

    Thread(target=put_all, name="Ana", daemon=True).start()


def _nothing_there(cls: Any) -> None:
    hatch = cls(1)

    def take() -> None:
        raise RuleBroken(f"nothing was put, and take returned {hatch.take()!r}")

    Thread(target=take, name="Ben", daemon=True).start()


def _one_to_one(cls: Any, capacity: int, dishes: int) -> None:
    hatch = cls(capacity)
    numbers: list[object] = list(range(1, dishes + 1))

    def put_all() -> None:
        for number in numbers:
            hatch.put(number)

    _, got = together(Ana=put_all, Ben=lambda: [hatch.take() for _ in numbers])
    comes_out(numbers, got, "first in first out: the pass")


def _two_put(cls: Any) -> None:
    hatch = cls(3)

    def put_two() -> None:
        hatch.put("soup")
        hatch.put("fish")

    together(Ana=put_two, Ben=lambda: hatch.put("cake"))
    got = [hatch.take() for _ in range(3)]
    _all_of(["soup", "fish", "cake"], got)
    if got.index("soup") > got.index("fish"):
        raise RuleBroken(f"first in first out: Ana put the soup before the fish, and they were taken as {got}")


def _all_of(expected: list[str], got: list[Any]) -> None:
    if any(type(dish) is not str for dish in got) or sorted(got) != sorted(expected):
        raise RuleBroken(f"{sorted(expected)} were put, and {got} were taken: a dish is lost or doubled")


def _two_take(cls: Any, capacity: int) -> None:
    hatch = cls(capacity)

    def put_two() -> None:
        hatch.put("soup")
        hatch.put("fish")

    _all_of(["soup", "fish"], together(put_two, Ben=hatch.take, Cem=hatch.take))


def _two_for_one_place(cls: Any) -> None:
    hatch = cls(1)
    hatch.put("soup")
    back: list[str] = []

    def put(dish: str) -> None:
        hatch.put(dish)
        back.append(dish)
        if len(back) > 1:
            raise RuleBroken("there is room for 1, one dish was taken, and two more puts came back")

    for name, dish in (("Ana", "fish"), ("Ben", "cake")):
        Thread(target=put, args=(dish,), name=name, daemon=True).start()
    comes_out(["soup"], [hatch.take()])


def _two_wait_to_put(cls: Any) -> None:
    hatch = cls(2)
    hatch.put("soup")
    hatch.put("fish")

    def take_two() -> None:
        comes_out(["soup", "fish"], [hatch.take(), hatch.take()], "first in first out: the pass")

    together(take_two, Ana=lambda: hatch.put("cake"), Ben=lambda: hatch.put("tea"))
    _all_of(["cake", "tea"], [hatch.take(), hatch.take()])


def _two_take_nothing(cls: Any) -> None:
    hatch = cls(1)
    together(Ana=hatch.take, Ben=hatch.take)


def _two_have_no_room(cls: Any) -> None:
    hatch = cls(1)
    hatch.put("soup")
    together(Ana=lambda: hatch.put("fish"), Ben=lambda: hatch.put("cake"))


def idle(cls: Any) -> list[Callable[[], None]]:
    """Where all wait for ever."""
    return [lambda: _two_take_nothing(cls), lambda: _two_have_no_room(cls)]


_RACE = "What has a thread seen before it acts, and is it still so when it acts?"


def buffer(cls: Any) -> list[Scenario]:
    """What every pass must do, closed at the end or not; the cheapest first."""
    full = "What must put do when the pass is full, and when is it sure that it no longer is?"
    empty = "What must take do when the pass is empty, and when is it sure that it no longer is?"
    return [
        alone(
            "One cook alone puts and takes",
            lambda: _pass_alone(cls),
            "Any object can be a dish. Which one comes out first?",
            "put or take waits although it need not",
            "For how many dishes is there room, and when exactly do your put and your take wait?",
        ),
        Scenario("Ana puts one dish more than there is room for", lambda: _one_too_many(cls, 1), full),
        Scenario("Ana puts one dish more than there is room for", lambda: _one_too_many(cls, 2), full),
        Scenario("Ben takes from an empty pass", lambda: _nothing_there(cls), empty),
        Scenario("Ana puts two dishes, Ben takes two", lambda: _one_to_one(cls, 1, 2), _RACE),
        Scenario("Ana puts two dishes, Ben takes two", lambda: _one_to_one(cls, 2, 2), _RACE),
        Scenario("Ana puts two dishes and Ben one", lambda: _two_put(cls), _RACE),
        Scenario("Ana and Ben wait for one place, and Cem takes one dish", lambda: _two_for_one_place(cls), _RACE, here="Cem"),
        Scenario("Ana puts two dishes, Ben and Cem take one each", lambda: _two_take(cls, 2), _RACE, here="Ana"),
        Scenario(
            "Ana and Ben wait for two places, and Cem takes two dishes", lambda: _two_wait_to_put(cls), _RACE, here="Cem"
        ),
        Scenario("Ana puts two dishes, Ben and Cem take one each", lambda: _two_take(cls, 1), _RACE, here="Ana"),
    ]


def check_pass(cls: Any) -> Verdict:
    """a3.q1"""
    return explored(buffer(cls), "Nothing is lost, doubled or too much, and nobody waits for ever", idle(cls))

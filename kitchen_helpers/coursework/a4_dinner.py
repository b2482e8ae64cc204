"""The check of a4.q3: cooks who share their knives."""

from __future__ import annotations

import threading
from typing import Any

from ..interleavings import Exploration
from .exploring import Broken, Scenario, explored
from .questions import Verdict


class _Place:
    def __init__(self) -> None:
        self.eats = False
        self.meals = 0
        self.threads: list[int] = []


def _dinner(dine: Any, cooks: int, meals: int) -> int:
    """Returns how many threads ate."""
    places = [_Place() for _ in range(cooks)]
    broken: list[str] = []
    mine = threading.get_ident()

    def breaks(rule: str) -> None:
        broken.append(rule)
        raise Broken(rule)

    def eat(cook: int) -> None:
        if type(cook) is not int or not 0 <= cook < cooks:
            breaks(f"eat must be called with the number of a cook, 0 to {cooks - 1}, and it was {cook!r}")
        place = places[cook]
        if place.eats:
            breaks(f"cook {cook} began a meal while eating another one")
        place.eats = True
        for other in {(cook - 1) % cooks, (cook + 1) % cooks} - {cook}:
            if places[other].eats:
                breaks(f"the neighbours {cook} and {other} were eating at once")
        place.meals += 1
        place.threads.append(threading.get_ident())
        place.eats = False

    result = dine(cooks, meals, eat)
    if broken:
        raise Broken(broken[0])
    eaten = [place.meals for place in places]
    if eaten != [meals] * cooks:
        raise Broken(f"everybody must eat {meals} meals before dine comes back, and they had eaten {eaten}")
    if type(result) not in (list, tuple) or list(result) != eaten:
        raise Broken(f"dine must return the meals per cook, {eaten}, and it returned {result!r}")
    for cook, place in enumerate(places):
        if mine in place.threads:
            raise Broken(f"cook {cook} has no thread: eat was called by the thread that called dine")
        if len(set(place.threads)) > 1:
            raise Broken(f"the meals of cook {cook} were eaten by several threads")
    return len({ident for place in places for ident in place.threads})


def _several(exploration: Exploration) -> str | None:
    """That each cook has a thread is shown by one schedule in which they are not the same."""
    if exploration.failure is not None:
        return str(exploration.failure.exception)
    if exploration.verdict == "unfinished" or "2" in exploration.final_states:
        return ""
    return "all cooks eat in one thread, and each must have its own"


def check_dinner(dine: Any) -> Verdict:
    """a4.q3"""
    one = "How many knives are there for one cook?"
    at_once = "Which knives does each cook need, and from when to when does it hold them?"
    circle = "Draw who holds which knife and waits for which. What would make a circle impossible?"
    stuck = "not everybody gets to eat"
    return explored(
        [
            Scenario("One cook alone, two meals", lambda: _dinner(dine, 1, 2), one, stuck),
            Scenario("Two cooks, one meal", lambda: _dinner(dine, 2, 1), at_once, stuck, judge=_several),
            Scenario("Two cooks, two meals", lambda: _dinner(dine, 2, 2), circle, stuck, strict=False),
            Scenario("Three cooks, one meal", lambda: _dinner(dine, 3, 1), circle, stuck, strict=False),
        ],
        "Everybody eats, and neighbours never at once",
    )

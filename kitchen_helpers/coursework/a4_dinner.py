"""The check of a4.q3: cooks who share their knives."""

from __future__ import annotations

import threading
from typing import Any

from ..interleavings import Exploration
from .exploring import explored
from .questions import RuleBroken, Verdict
from .scenarios import Scenario

_WHICH_THREAD = "Which thread calls eat for which cook?"


class _Place:
    def __init__(self) -> None:
        self.is_eating = False
        self.meals = 0
        self.threads: list[int] = []


def _dinner(dine: Any, cooks: int, meals: int) -> int:
    """Returns how many threads ate."""
    places = [_Place() for _ in range(cooks)]
    broken: list[RuleBroken] = []
    mine = threading.get_ident()

    def breaks(rule: str, hint: str = "") -> None:
        broken.append(RuleBroken(rule, hint))
        raise broken[-1]

    def eat(cook: int) -> None:
        if type(cook) is not int or not 0 <= cook < cooks:
            breaks(f"eat must be called with the number of a cook, 0 to {cooks - 1}, and it was {cook!r}", _WHICH_THREAD)
        place = places[cook]
        if place.is_eating:
            breaks(f"cook {cook} began a meal while eating another one", _WHICH_THREAD)
        place.is_eating = True
        for other in {(cook - 1) % cooks, (cook + 1) % cooks} - {cook}:
            if places[other].is_eating:
                breaks(f"the neighbours {cook} and {other} were eating at once")
        place.meals += 1
        place.threads.append(threading.get_ident())
        place.is_eating = False

    result = dine(cooks, meals, eat)
    if broken:
        raise broken[0]
    eaten = [place.meals for place in places]
    if eaten != [meals] * cooks:
        raise RuleBroken(
            f"everybody must eat {meals} meals before dine comes back, and they had eaten {eaten}",
            "When does dine come back, and what has everybody done by then?",
        )
    if type(result) not in (list, tuple) or list(result) != eaten:
        raise RuleBroken(
            f"dine must return the meals per cook, {eaten}, and it returned {result!r}", "Who counts the meals, and in what?"
        )
    for cook, place in enumerate(places):
        if mine in place.threads:
            raise RuleBroken(f"cook {cook} has no thread: eat was called by the thread that called dine", _WHICH_THREAD)
        if len(set(place.threads)) > 1:
            raise RuleBroken(f"the meals of cook {cook} were eaten by several threads", _WHICH_THREAD)
    return len({ident for place in places for ident in place.threads})


def _several(exploration: Exploration) -> RuleBroken | None:
    """That each cook has a thread is shown by one schedule in which they are not the same."""
    if exploration.failure is not None:
        error = exploration.failure.exception
        return error if isinstance(error, RuleBroken) else None
    if exploration.verdict == "unfinished" or "2" in exploration.final_states:
        return None
    return RuleBroken("all cooks eat in one thread, and each must have its own", _WHICH_THREAD)


def check_dinner(dine: Any) -> Verdict:
    """a4.q3"""
    at_once = "Which knives does each cook need, and from when to when does it hold them?"
    one = "What does the only cook wait for, and who would bring that?"
    circle = "Draw who holds which knife and waits for what. Is there a circle? If not, who should have woken the one who waits?"
    stuck = "not everybody gets to eat"
    return explored(
        [
            Scenario("One cook alone, two meals", lambda: _dinner(dine, 1, 2), at_once, stuck, one),
            Scenario("Two cooks, one meal", lambda: _dinner(dine, 2, 1), at_once, stuck, circle, judge=_several),
            Scenario("Two cooks, two meals", lambda: _dinner(dine, 2, 2), at_once, stuck, circle, strict=False),
            Scenario("Three cooks, one meal", lambda: _dinner(dine, 3, 1), at_once, stuck, circle, strict=False),
        ],
        "Everybody eats, and neighbours never at once",
    )

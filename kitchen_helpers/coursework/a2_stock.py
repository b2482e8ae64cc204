"""The check of a2.q3: a stock in which nothing is cooked twice."""

from __future__ import annotations

from threading import Event
from typing import Any

from .exploring import explored
from .questions import RuleBroken, Verdict
from .scenarios import SHARED, Scenario, alone, together

_FIRST_DISH = "What did cook give the first time, and how does your stock know that it has a dish?"
_TOO_EARLY = "When are those who wait told to go on, and what do they find then?"
_ON_ITS_WAY = "What becomes of the exception on its way through your get?"



class Burnt(Exception):
    """What a failing cook raises."""


class _Pot:
    """All that is known of one key. Each key has its own, so that watching one is no step for another."""

    def __init__(self, key: object, failures: int = 0, dish: object = "") -> None:
        self.key = key
        self.failures = failures
        self.dish = f"{key} in a bowl" if dish == "" else dish
        self.busy = False
        self.calls = 0
        self.begun = Event()
        self.ready: Event | None = None
        """The cook of this key waits for it."""


class _Kitchen:
    """Its `cook` is what the cache gets: it notices when it is called once too often or too early."""

    def __init__(self, *pots: _Pot, again: str = "") -> None:
        self.pots = {pot.key: pot for pot in pots}
        self.again = again
        """The hint where a dish is cooked once more."""
        self.broken: list[RuleBroken] = []

    def cook(self, key: object) -> object:
        pot = self.pots[key]
        if pot.busy:
            self.breaks(f"two cooks of {key!r} were cooking at once")
        if pot.calls > pot.failures:
            self.breaks(f"cook({key!r}) was called again after it had given a dish", self.again)
        pot.busy = True
        pot.calls += 1
        pot.begun.set()
        if pot.ready is not None:
            pot.ready.wait()
        pot.busy = False
        if pot.calls <= pot.failures:
            raise Burnt(f"{key} is burnt")
        return pot.dish

    def breaks(self, rule: str, hint: str = "") -> None:
        self.broken.append(RuleBroken(rule, hint))  # the answer may catch what is raised here
        raise self.broken[-1]

    def gives(self, call: str, got: object, key: object, hint: str = "") -> None:
        """`got` must be the one dish of this key."""
        if self.broken:
            raise self.broken[0]
        if got is Burnt:
            raise RuleBroken(f"{call} must return what cook({key!r}) gave, and it raised an exception of an earlier cook", hint)
        if got is not self.pots[key].dish:
            raise RuleBroken(f"{call} must return what cook({key!r}) gave, and it returned {got!r}", hint)


def _get(cache: Any, key: object) -> object:
    try:
        return cache.get(key)
    except Burnt:
        return Burnt


def _stock_alone(cls: Any) -> None:
    kitchen = _Kitchen(_Pot("soup"), _Pot("air", dish=None), _Pot(0, dish=[]), again=_FIRST_DISH)
    cache = cls(kitchen.cook)
    if any(pot.calls for pot in kitchen.pots.values()):
        raise RuleBroken("cook was called before anybody asked for a dish")
    for key in ("soup", "air", 0, "soup", "air", 0):
        kitchen.gives(f"get({key!r})", cache.get(key), key)
    other = _Kitchen(_Pot("soup", dish="another soup"))
    other.gives("get('soup') of another StockCache", cls(other.cook).get("soup"), "soup", SHARED)


def _failing_alone(cls: Any) -> None:
    kitchen = _Kitchen(_Pot("soup", failures=2), _Pot("fish"))
    cache = cls(kitchen.cook)
    for _ in range(2):
        if _get(cache, "soup") is not Burnt:
            raise RuleBroken("get must raise what cook raises", _ON_ITS_WAY)
        kitchen.gives("get('fish')", cache.get("fish"), "fish")
    kitchen.gives("get('soup') after cook has failed twice", _get(cache, "soup"), "soup")
    kitchen.gives("get('soup')", cache.get("soup"), "soup")


def _same_key(cls: Any) -> None:
    kitchen = _Kitchen(_Pot("soup"))
    cache = cls(kitchen.cook)
    for got in together(Ana=lambda: cache.get("soup"), Ben=lambda: cache.get("soup")):
        kitchen.gives("get('soup')", got, "soup", _TOO_EARLY)


def _two_keys(cls: Any) -> None:
    soup, fish = _Pot("soup"), _Pot("fish")
    soup.ready, fish.ready = fish.begun, soup.begun
    kitchen = _Kitchen(soup, fish)
    cache = cls(kitchen.cook)
    got = together(Ana=lambda: cache.get("soup"), Ben=lambda: cache.get("fish"))
    kitchen.gives("get('soup')", got[0], "soup")
    kitchen.gives("get('fish')", got[1], "fish")


def _stocked_key(cls: Any) -> None:
    soup, fish = _Pot("soup"), _Pot("fish")
    served = fish.ready = Event()
    kitchen = _Kitchen(soup, fish)
    cache = cls(kitchen.cook)
    cache.get("soup")

    def serve() -> None:
        fish.begun.wait()
        kitchen.gives("get('soup')", cache.get("soup"), "soup")
        served.set()

    got = together(Ana=lambda: cache.get("fish"), Ben=serve)
    kitchen.gives("get('fish')", got[0], "fish")


def _failing_for_two(cls: Any) -> None:
    kitchen = _Kitchen(_Pot("soup", failures=1))
    cache = cls(kitchen.cook)
    _some_burnt(kitchen, together(Ana=lambda: _get(cache, "soup"), Ben=lambda: _get(cache, "soup")))
    kitchen.gives("get('soup') after cook has failed once", cache.get("soup"), "soup")


def _while_one_cooks(cls: Any, failures: int) -> None:
    kitchen = _Kitchen(_Pot("soup", failures))
    cache = cls(kitchen.cook)

    def get_later() -> object:
        kitchen.pots["soup"].begun.wait()
        return _get(cache, "soup")

    results = together(Ana=lambda: _get(cache, "soup"), Ben=get_later, Cem=get_later)
    if failures:
        _some_burnt(kitchen, results)
        return
    for got in results:
        kitchen.gives("get('soup')", got, "soup")


def _some_burnt(kitchen: _Kitchen, results: list[object]) -> None:
    for got in results:
        if got is not Burnt:
            kitchen.gives("get('soup')", got, "soup")
    if Burnt not in results:
        raise RuleBroken("cook has failed, and nobody has got its exception", _ON_ITS_WAY)


def check_stock(cls: Any) -> Verdict:
    """a2.q3"""
    race = "What does a thread know when it has looked for the key, and how long is it true?"
    left = "What is left behind in your stock when cook raises?"
    while_cooking = "What does a thread hold while it cooks, and who else needs that?"
    failed = "Who tells those who wait that the cook has failed, and what do they find then?"
    return explored(
        [
            alone(
                "One cook alone", lambda: _stock_alone(cls), "Which rule of the stock is about this call?", "get does not come back"
            ),
            alone(
                "A cook that fails twice",
                lambda: _failing_alone(cls),
                left,
                "a cook has failed, and get does not come back",
                left,
            ),
            Scenario("Two ask for the same dish", lambda: _same_key(cls), race, "somebody waits for a dish for ever"),
            Scenario(
                "Two ask for different dishes",
                lambda: _two_keys(cls),
                race,
                "the cook of one key waits for that of another",
                while_cooking,
            ),
            Scenario(
                "Ben asks for what is in stock while Ana cooks",
                lambda: _stocked_key(cls),
                race,
                "a dish that is in stock waits for the cook of another",
                while_cooking,
            ),
            Scenario(
                "Two ask for the same dish, and the first cook fails",
                lambda: _failing_for_two(cls),
                failed,
                "somebody waits for a cook that has failed",
                failed,
            ),
            Scenario(
                "Ben and Cem ask for the soup that Ana is cooking",
                lambda: _while_one_cooks(cls, 0),
                race,
                "somebody waits for a dish that is ready",
                "Who tells those who wait, and how many of them?",
            ),
            Scenario(
                "Ben and Cem ask for the soup that Ana is cooking, and it burns",
                lambda: _while_one_cooks(cls, 1),
                failed,
                "somebody waits for a cook that has failed",
                failed,
            ),
        ],
        "Each dish is cooked once, and no cook waits for another key",
    )

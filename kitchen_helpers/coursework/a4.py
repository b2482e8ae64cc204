"""The checks of assignment 4: a pool of ovens, a bell that is rung again and again, and cooks who share their knives."""

from __future__ import annotations

import threading
import types
from collections.abc import Callable
from threading import Event
from typing import Any

from ..interleavings import Exploration
from .exploring import Broken, Scenario, explored, meet, together
from .questions import Question, Verdict

# -- a4.q1: OvenPool --------------------------------------------------------------------------------------------------


class _Oven:
    def __init__(self, number: int) -> None:
        self.number = number
        self.user = ""

    def __repr__(self) -> str:
        return f"oven {self.number}"


class _Cold(Exception):
    """What a failing `make` raises."""


class _Burnt(Exception):
    """What happens while an oven is used."""


class _Workshop:
    """Its `make` is what the pool gets; each use of an oven is noted in the oven itself."""

    def __init__(self, size: int, failures: int = 0) -> None:
        self.size = size
        self.failures = failures
        self.calls = 0
        self.ovens: list[_Oven] = []
        self.counting = threading.Lock()
        self.broken: list[str] = []

    def make(self) -> _Oven:
        with self.counting:
            self.calls += 1
            if self.calls <= self.failures:
                raise _Cold
            oven = _Oven(self.calls - self.failures)
            self.ovens.append(oven)
            if len(self.ovens) > self.size:
                self.breaks(f"the pool has room for {self.size}, and oven number {len(self.ovens)} was made")
            return oven

    def use(self, oven: Any, name: str, meanwhile: Callable[[], object] = int) -> None:
        if type(oven) is not _Oven:
            self.breaks(f"pool.oven() must give what make() gave, and {name} got {oven!r}")
        if oven.user:
            self.breaks(f"{oven} was given to {name} while {oven.user} was using it")
        oven.user = name
        meanwhile()
        oven.user = ""

    def breaks(self, rule: str) -> None:
        self.broken.append(rule)  # the answer may catch what is raised here
        raise Broken(rule)

    def closes(self) -> None:
        if self.broken:
            raise Broken(self.broken[0])


def _bakes(pool: Any, shop: _Workshop, name: str, meanwhile: Callable[[], object] = int) -> Callable[[], str]:
    """Use an oven; returns how that went: "baked", "cold" (make failed) or "closed"."""

    def bake() -> str:
        inside = False
        try:
            with pool.oven() as oven:
                inside = True
                shop.use(oven, name, meanwhile)
        except _Cold:
            return "cold"
        except RuntimeError:
            if inside:
                raise
            return "closed"
        return "baked"

    return bake


def _pool_alone(cls: Any) -> None:
    shop, second = _Workshop(2), _Workshop(1)
    pool, other = cls(shop.make, 2), cls(second.make, 1)
    if shop.calls:
        raise Broken("ovens are made on demand, and one was made before anybody asked for it")
    for name in ("Ana", "Ben", "Cem"):
        _bakes(pool, shop, name)()
    with pool.oven() as one, pool.oven() as two:
        if one is two:
            raise Broken("two who use ovens at once got the same one")
        _bakes(other, second, "Dan")()
    if shop.calls > 2:
        raise Broken(f"the pool has room for 2 ovens, and {shop.calls} were made")
    pool.close()
    pool.close()
    for _ in range(2):
        if _bakes(pool, shop, "Ana")() != "closed":
            raise Broken("oven() of a closed pool must raise RuntimeError, and Ana got an oven")
    if _bakes(other, second, "Ben")() != "baked":
        raise Broken("a pool was closed, and oven() of another one raised RuntimeError")
    cls(_Workshop(1).make, 1).close()


def _burnt_alone(cls: Any) -> None:
    shop = _Workshop(1)
    pool = cls(shop.make, 1)
    for _ in range(2):
        try:
            with pool.oven():
                raise _Burnt
        except _Burnt:
            pass
        else:
            raise Broken("an exception in the body must reach the caller")
    if _bakes(pool, shop, "Ana")() != "baked":
        raise Broken("after an exception in the body Ana must get an oven")
    pool.close()


def _cold_alone(cls: Any) -> None:
    shop = _Workshop(1, failures=2)
    pool = cls(shop.make, 1)
    for expected in ("cold", "cold", "baked", "baked"):
        how = _bakes(pool, shop, "Ana")()
        if how != expected:
            raise Broken("what make() raises must reach the caller" if expected == "cold" else f"Ana's oven is {how}")
    pool.close()


def _two_for_one_oven(cls: Any) -> None:
    shop = _Workshop(1)
    pool = cls(shop.make, 1)
    _all_bake(shop, together(Ana=_bakes(pool, shop, "Ana"), Ben=_bakes(pool, shop, "Ben")))


def _all_bake(shop: _Workshop, how: list[str]) -> None:
    shop.closes()
    if how != ["baked"] * len(how):
        raise Broken(f"nobody has closed the pool, and not everybody got an oven: {how}")


def _two_ovens_at_once(cls: Any) -> None:
    shop = _Workshop(2)
    pool, ana, ben = cls(shop.make, 2), Event(), Event()
    _all_bake(
        shop,
        together(
            Ana=_bakes(pool, shop, "Ana", lambda: meet(ana, ben)),
            Ben=_bakes(pool, shop, "Ben", lambda: meet(ben, ana)),
        ),
    )


def _two_wait_for_an_oven(cls: Any) -> None:
    shop = _Workshop(1)
    pool = cls(shop.make, 1)
    _all_bake(shop, together(_bakes(pool, shop, "main"), Ana=_bakes(pool, shop, "Ana"), Ben=_bakes(pool, shop, "Ben")))


def _cold_for_one(cls: Any) -> None:
    shop = _Workshop(1, failures=1)
    pool = cls(shop.make, 1)
    how = together(Ana=_bakes(pool, shop, "Ana"), Ben=_bakes(pool, shop, "Ben"))
    shop.closes()
    if sorted(how) != ["baked", "cold"]:
        raise Broken(f"make() failed once: one must get its exception and the other an oven, and it was {how}")


def _close_while_used(cls: Any) -> None:
    shop = _Workshop(1)
    pool = cls(shop.make, 1)

    def close() -> None:
        pool.close()
        _nobody_uses(shop, "close() came back")

    how = together(close, Ana=_bakes(pool, shop, "Ana"))
    shop.closes()
    if _bakes(pool, shop, "Ben")() != "closed":
        raise Broken("oven() of a closed pool must raise RuntimeError, and Ben got an oven")
    if how[0] not in ("baked", "closed"):
        raise Broken(f"Ana must get an oven or RuntimeError, and it was {how[0]}")


def _nobody_uses(shop: _Workshop, when: str) -> None:
    for oven in list(shop.ovens):
        if oven.user:
            raise Broken(f"{when} while {oven.user} was using {oven}")


def _close_with_a_line(cls: Any) -> None:
    shop = _Workshop(1)
    pool, closed = cls(shop.make, 1), []

    def close() -> None:
        pool.close()
        _nobody_uses(shop, "close() came back")
        closed.append(True)

    def meanwhile() -> None:
        if closed:
            shop.breaks("Ana got an oven after close() had come back")

    with pool.oven() as oven:
        oven.user = "main"
        threads = [
            threading.Thread(target=_bakes(pool, shop, "Ana", meanwhile), name="Ana"),
            threading.Thread(target=close, name="Cem"),
        ]
        for thread in threads:
            thread.start()
        oven.user = ""
    for thread in threads:
        thread.join()
    shop.closes()


def _close_twice_while_used(cls: Any) -> None:
    shop = _Workshop(2)
    pool = cls(shop.make, 2)

    def close() -> None:
        pool.close()
        _nobody_uses(shop, "close() came back")

    with pool.oven() as oven:
        oven.user = "main"
        threads = [threading.Thread(target=close, name=name) for name in ("Ana", "Ben")]
        for thread in threads:
            thread.start()
        oven.user = ""
    for thread in threads:
        thread.join()


def check_pool(cls: Any) -> Verdict:
    """a4.q1"""
    back = "Which of your lines give a place back, and are they reached whatever happens?"
    race = "What does a thread know about free ovens when it acts on it?"
    close = "Who may be inside, and who in line, when the pool is closed? What does each of them find?"
    stuck = "somebody waits for an oven for ever"
    closing = "the pool is closed, and somebody waits for ever"
    return explored(
        [
            Scenario("One cook alone", lambda: _pool_alone(cls), "Read the rules of the pool again.", stuck),
            Scenario("An exception in the body of with", lambda: _burnt_alone(cls), back, stuck),
            Scenario("A make that fails twice", lambda: _cold_alone(cls), back, "the place of a failed make() is lost"),
            Scenario("Two ovens for two", lambda: _two_ovens_at_once(cls), race, "one waits although there is room"),
            Scenario("One oven for two", lambda: _two_for_one_oven(cls), race, stuck),
            Scenario("Ana uses an oven while the pool is closed", lambda: _close_while_used(cls), close, closing),
            Scenario(
                "One oven for two, and the first make fails",
                lambda: _cold_for_one(cls),
                back,
                "make() has failed, and who is in line waits for ever",
            ),
            Scenario("Ana and Ben close while an oven is used", lambda: _close_twice_while_used(cls), close, closing),
            Scenario("Cem closes while Ana is in line", lambda: _close_with_a_line(cls), close, closing),
            Scenario("One oven for three", lambda: _two_wait_for_an_oven(cls), race, stuck),
        ],
        "Never too many ovens, and every one comes back",
    )


# -- a4.q2: ServiceBell -----------------------------------------------------------------------------------------------


class _Mark:
    """That somebody has come to a round. Each round has its own, so that nobody reads what another one still writes."""

    made = False


def _rounds(cls: Any, cooks: int, rounds: int) -> None:
    bell = cls(cooks)
    names = ("Ana", "Ben", "Cem")[:cooks]
    came = [{name: _Mark() for name in names} for _ in range(rounds)]

    def work(name: str) -> None:
        for number in range(1, rounds + 1):
            marks = came[number - 1]
            marks[name].made = True
            bell.wait()
            for other in names:
                if not marks[other].made:
                    raise Broken(f"{name} passed round {number} before {other} had come to it")

    first, *others = names
    together(lambda: work(first), **{name: _works(work, name) for name in others})


def _works(work: Callable[[str], None], name: str) -> Callable[[], None]:
    return lambda: work(name)


def _one_goes_on(cls: Any) -> None:
    """Ana and main ring twice; then Ana comes to the third round, alone."""
    bell = cls(2)
    came = [_Mark() for _ in range(2)]

    def ring_three_times() -> None:
        for number in (1, 2, 3):
            bell.wait()
            if number == 3 or not came[number - 1].made:
                raise Broken(f"Ana passed round {number} before main had come to it")

    threading.Thread(target=ring_three_times, name="Ana", daemon=True).start()
    for mark in came:
        mark.made = True
        bell.wait()


def _one_missing(cls: Any, cooks: int) -> None:
    bell = cls(cooks)

    def wait() -> None:
        bell.wait()
        raise Broken(f"the bell is for {cooks}, and with {cooks - 1} at it somebody passed")

    for name in ("Ana", "Ben")[: cooks - 1]:
        threading.Thread(target=wait, name=name, daemon=True).start()


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
    stuck = "everybody has come, and somebody waits for ever"
    fast = "What does a cook find who comes to the next round while another one has not yet left this one?"
    missing = "What exactly does a cook wait for, and when is it sure?"
    return explored(
        [
            Scenario("One cook alone, three rounds", lambda: _rounds(cls, 1, 3), fast, stuck),
            Scenario("Two cooks are expected, one comes", lambda: _one_missing(cls, 2), missing),
            Scenario("Two cooks, one round", lambda: _rounds(cls, 2, 1), missing, stuck),
            Scenario("Three cooks are expected, two come", lambda: _one_missing(cls, 3), missing),
            Scenario("Two cooks, two rounds", lambda: _rounds(cls, 2, 2), fast, stuck),
            Scenario("Two cooks, two rounds, and one begins a third", lambda: _one_goes_on(cls), fast, stuck),
            Scenario("Three cooks, one round", lambda: _rounds(cls, 3, 1), "Who wakes those who wait?", stuck),
        ],
        "Nobody passes a round before everybody has come to it",
    )


# -- a4.q3: dine ------------------------------------------------------------------------------------------------------


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


QUESTIONS = (
    Question("a4.q1", ("OvenPool",), 3.0, check_pool),
    Question("a4.q2", ("ServiceBell",), 3.0, check_bell),
    Question("a4.q3", ("dine",), 3.0, check_dinner),
)

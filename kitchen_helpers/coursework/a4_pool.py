"""The check of a4.q1: a pool of ovens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from threading import Event
from typing import Any

from .exploring import explored
from .questions import RuleBroken, Verdict
from .scenarios import PASSED_ON, Scenario, alone, meet, together


class _Oven:
    def __init__(self, number: int) -> None:
        self.number = number
        self.user = ""

    def __repr__(self) -> str:
        return f"oven {self.number}"


class _Cold(Exception):
    """What a failing `make` raises."""


class _Spilt(Exception):
    """What happens while an oven is used."""


class _Workshop:
    """Its `make` is what the pool gets; each use of an oven is noted in the oven itself."""

    def __init__(self, size: int, failures: int = 0) -> None:
        self.size = size
        self.failures = failures
        self.calls = 0
        self.ovens: list[_Oven] = []
        self.counting = threading.Lock()
        self.broken: list[RuleBroken] = []

    def make(self) -> _Oven:
        with self.counting:
            self.calls = calls = self.calls + 1  # read once: each look is a step in the lanes that a student gets
            if calls <= self.failures:
                raise _Cold
            oven = _Oven(calls - self.failures)
            self.ovens.append(oven)
            if oven.number > self.size:
                self.breaks(f"the pool has room for {self.size}, and oven number {oven.number} was made")
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
        self.broken.append(RuleBroken(rule))  # the answer may catch what is raised here
        raise self.broken[-1]

    def closes(self) -> None:
        if self.broken:
            raise self.broken[0]


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
        raise RuleBroken("ovens are made on demand, and one was made before anybody asked for it")
    for name in ("Ana", "Ben", "Cem"):
        _bakes(pool, shop, name)()
    with pool.oven() as one, pool.oven() as two:
        if one is two:
            raise RuleBroken("two who use ovens at once got the same one")
        _bakes(other, second, "Dan")()
    if shop.calls > 2:
        raise RuleBroken(f"the pool has room for 2 ovens, and {shop.calls} were made")
    pool.close()
    pool.close()
    for _ in range(2):
        if _bakes(pool, shop, "Ana")() != "closed":
            raise RuleBroken("oven() of a closed pool must raise RuntimeError, and Ana got an oven")
    if _bakes(other, second, "Ben")() != "baked":
        raise RuleBroken("a pool was closed, and oven() of another one raised RuntimeError")
    cls(_Workshop(1).make, 1).close()


def _spilt_alone(cls: Any) -> None:
    shop = _Workshop(1)
    pool = cls(shop.make, 1)
    for _ in range(2):
        try:
            with pool.oven():
                raise _Spilt
        except _Spilt:
            pass
        else:
            raise RuleBroken("an exception in the body must reach the caller", PASSED_ON)
    if _bakes(pool, shop, "Ana")() != "baked":
        raise RuleBroken("after an exception in the body Ana must get an oven")
    pool.close()


def _cold_alone(cls: Any) -> None:
    shop = _Workshop(1, failures=2)
    pool = cls(shop.make, 1)
    for expected in ("cold", "cold", "baked", "baked"):
        how = _bakes(pool, shop, "Ana")()
        if how != expected:
            raise RuleBroken("what make() raises must reach the caller" if expected == "cold" else f"Ana's oven is {how}")
    pool.close()


def _two_for_one_oven(cls: Any) -> None:
    shop = _Workshop(1)
    pool = cls(shop.make, 1)
    _all_bake(shop, together(Ana=_bakes(pool, shop, "Ana"), Ben=_bakes(pool, shop, "Ben")))


def _all_bake(shop: _Workshop, how: list[str]) -> None:
    shop.closes()
    if how != ["baked"] * len(how):
        raise RuleBroken(f"nobody has closed the pool, and not everybody got an oven: {how}")


def _two_ovens_at_once(cls: Any) -> None:
    shop = _Workshop(2)
    pool, ana_bakes, ben_bakes = cls(shop.make, 2), Event(), Event()
    _all_bake(
        shop,
        together(
            Ana=_bakes(pool, shop, "Ana", lambda: meet(ana_bakes, ben_bakes)),
            Ben=_bakes(pool, shop, "Ben", lambda: meet(ben_bakes, ana_bakes)),
        ),
    )


def _two_wait_for_an_oven(cls: Any) -> None:
    shop = _Workshop(1)
    pool = cls(shop.make, 1)
    _all_bake(shop, together(_bakes(pool, shop, "Dan"), Ana=_bakes(pool, shop, "Ana"), Ben=_bakes(pool, shop, "Ben")))


def _cold_for_one(cls: Any) -> None:
    shop = _Workshop(1, failures=1)
    pool = cls(shop.make, 1)
    how = together(Ana=_bakes(pool, shop, "Ana"), Ben=_bakes(pool, shop, "Ben"))
    shop.closes()
    if sorted(how) != ["baked", "cold"]:
        raise RuleBroken(f"make() failed once: one must get its exception and the other an oven, and it was {how}")


def _close_while_used(cls: Any) -> None:
    shop = _Workshop(1)
    pool = cls(shop.make, 1)

    def close() -> None:
        pool.close()
        _nobody_uses(shop, "close() came back")

    how = together(close, Ana=_bakes(pool, shop, "Ana"))
    shop.closes()
    if _bakes(pool, shop, "Ben")() != "closed":
        raise RuleBroken("oven() of a closed pool must raise RuntimeError, and Ben got an oven")
    if how[0] not in ("baked", "closed"):
        raise RuleBroken(f"Ana must get an oven or RuntimeError, and it was {how[0]}")


def _nobody_uses(shop: _Workshop, when: str) -> None:
    for oven in list(shop.ovens):
        if oven.user:
            raise RuleBroken(f"{when} while {oven.user} was using {oven}")


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
        oven.user = "Dan"
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
        oven.user = "Dan"
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
    told = "When an oven comes back, or was not made after all, who is told?"
    close = "Who may be inside, and who in line, when the pool is closed? What does each of them find?"
    stuck = "somebody waits for an oven for ever"
    closing = "the pool is closed"
    return explored(
        [
            alone(
                "One cook alone",
                lambda: _pool_alone(cls),
                "Which rule of the pool is about this call?",
                "oven() or close() waits although it need not",
                "Which of your lines take a place, and which give it back?",
            ),
            alone("An exception in the body of with", lambda: _spilt_alone(cls), back, stuck, back),
            alone("A make that fails twice", lambda: _cold_alone(cls), back, "the place of a failed make() is lost", back),
            Scenario(
                "Two ovens for two", lambda: _two_ovens_at_once(cls), race, "one waits although there is room for another oven"
            ),
            Scenario("One oven for two", lambda: _two_for_one_oven(cls), race, stuck, told),
            Scenario(
                "Ana uses an oven while Dan closes the pool", lambda: _close_while_used(cls), close, closing, close, here="Dan"
            ),
            Scenario(
                "One oven for two, and the first make fails",
                lambda: _cold_for_one(cls),
                back,
                "make() has failed, and who is in line waits for ever",
                told,
            ),
            Scenario(
                "Ana and Ben close while Dan uses an oven",
                lambda: _close_twice_while_used(cls),
                close,
                closing,
                close,
                here="Dan",
            ),
            Scenario(
                "Cem closes while Dan uses an oven and Ana is in line",
                lambda: _close_with_a_line(cls),
                close,
                closing,
                close,
                here="Dan",
            ),
            Scenario("One oven for three", lambda: _two_wait_for_an_oven(cls), race, stuck, told, here="Dan"),
        ],
        "Never too many ovens, and every one comes back",
    )

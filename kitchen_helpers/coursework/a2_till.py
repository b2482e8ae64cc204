"""The check of a2.q1: a till that several people use."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

from .exploring import explored
from .questions import RuleBroken, Verdict
from .scenarios import SHARED, Scenario, alone, is_number, meet, together

NONSENSE = (0, -1, float("nan"))


def holds(till: Any, expected: float, after: str, hint: str = "") -> None:
    balance = till.balance
    if not is_number(balance, expected):
        raise RuleBroken(f"the balance must be {expected} after {after}, and it is {balance!r}", hint)


def answers(call: str, answer: Callable[[], Any], expected: bool, hint: str = "") -> None:
    try:
        got = answer()
    except ValueError as error:  # the only one that the question speaks of
        raise RuleBroken(f"{call} must return {expected}, and it raised ValueError: {error}", hint) from None
    if got is not expected:
        raise RuleBroken(f"{call} must return {expected}, and it returned {got!r}", hint)


def rejects(call: str, amount: float, method: Callable[[float], Any]) -> None:
    try:
        method(amount)
    except ValueError:
        return
    raise RuleBroken(f"{call} must raise ValueError, as {amount} is not positive")


def _till_alone(cls: Any) -> None:
    till, other = cls(10), cls()
    holds(other, 0, "Till()")
    till.sell(5)
    holds(till, 15, "Till(10) and sell(5)", SHARED if is_number(till.balance, 5) else "")
    holds(other, 0, "a sale at another till", SHARED)
    answers("refund(15) from a balance of 15", lambda: till.refund(15), True)
    holds(till, 0, "refund(15) from a balance of 15")
    answers("refund(1) from a balance of 0", lambda: till.refund(1), False)
    holds(till, 0, "a refund that was refused")
    holds(cls(balance=3), 3, "Till(balance=3)")


def _till_nonsense(cls: Any) -> None:
    till = cls(5)
    for amount in NONSENSE:
        rejects(f"sell({amount})", amount, till.sell)
        rejects(f"refund({amount})", amount, till.refund)
    holds(till, 5, "amounts that were rejected")
    till.sell(1)
    holds(till, 6, "rejected amounts and sell(1)")


def _two_sales(cls: Any) -> None:
    till = cls()
    together(Ana=lambda: till.sell(1), Ben=lambda: till.sell(2))
    holds(till, 3, "sell(1) by Ana and sell(2) by Ben")


def _two_refunds(cls: Any) -> None:
    till = cls(10)
    paid = together(Ana=lambda: till.refund(10), Ben=lambda: till.refund(10))
    if sorted(map(repr, paid)) != ["False", "True"]:
        raise RuleBroken(f"of two refunds of 10 from a balance of 10 one must be True, the other False; they were {paid}")
    holds(till, 0, "two refunds of 10 from a balance of 10, of which one is refused")


def neither_leaves(ana: Callable[[], object], ben: Callable[[], object]) -> None:
    """Each does what is to be done, and stays until the other one has."""
    ana_is_done, ben_is_done = Event(), Event()

    def does(job: Callable[[], object], mine: Event, other: Event) -> None:
        job()
        meet(mine, other)

    together(Ana=lambda: does(ana, ana_is_done, ben_is_done), Ben=lambda: does(ben, ben_is_done, ana_is_done))


def _two_sales_and_stay(cls: Any) -> None:
    till = cls()
    neither_leaves(lambda: till.sell(1), lambda: till.sell(2))
    holds(till, 3, "sell(1) by Ana and sell(2) by Ben")


def _sale_and_refund(cls: Any) -> None:
    till = cls(5)
    _, paid = together(Ana=lambda: till.sell(4), Ben=lambda: till.refund(5))
    answers("refund(5) from a balance of at least 5", lambda: paid, True)
    holds(till, 4, "Till(5), sell(4) and refund(5)")
    _, paid = together(Ana=lambda: till.sell(2), Ben=lambda: till.refund(6))
    holds(till, 0 if paid is True else 6, f"a balance of 4, sell(2) and a refund of 6 that returned {paid!r}")


def _looking_on(cls: Any) -> None:
    till = cls(5)

    def look() -> None:
        balance = till.balance
        if not balance >= 0:
            raise RuleBroken(f"Cem sees a balance of {balance!r}, and it must never be below 0")

    together(Ana=lambda: till.refund(7), Cem=look)
    holds(till, 5, "a refund of 7 that was refused")
    together(Ana=lambda: till.refund(3), Ben=lambda: till.refund(3), Cem=look)
    holds(till, 2, "two refunds of 3 from a balance of 5")


def check_till(cls: Any) -> Verdict:
    """a2.q1"""
    race = "Find all lines that use the balance. Which of them can another thread come between?"
    stuck = "sell, refund or balance does not come back"
    return explored(
        [
            alone("One cook alone", lambda: _till_alone(cls), "Which rule of the till is about this call?", stuck),
            alone(
                "Amounts that are not positive",
                lambda: _till_nonsense(cls),
                'Is every amount that is not positive turned away (NaN is "not a number"), and what is left behind then?',
                stuck,
            ),
            Scenario("Two sales at once", lambda: _two_sales(cls), race, stuck),
            Scenario(
                "Ana and Ben sell, and neither goes home before the other one has sold",
                lambda: _two_sales_and_stay(cls),
                race,
                "a sale waits for more than other sales",
                "What is a sale to wait for: that another one is over, or that another thread has ended?",
            ),
            Scenario("Two refunds at once", lambda: _two_refunds(cls), race, stuck),
            Scenario("A sale and a refund at once", lambda: _sale_and_refund(cls), race, stuck),
            Scenario(
                "Refunds while somebody looks at the balance",
                lambda: _looking_on(cls),
                "What is the lowest value that the balance has at any moment?",
                stuck,
            ),
        ],
        "The sum is right and never below 0",
    )

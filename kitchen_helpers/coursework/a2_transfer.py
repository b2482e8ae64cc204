"""The check of a2.q2: money that goes from till to till."""

from __future__ import annotations

from typing import Any

from .a2_till import NONSENSE, answers, holds, neither_leaves, rejects
from .exploring import explored
from .questions import RuleBroken, Verdict
from .scenarios import Scenario, alone, is_number, together

_REFUSES = "When may transfer say False? What does yours do when a till is busy?"


def _sum(tills: list[Any], expected: float, after: str) -> None:
    balances = [till.balance for till in tills]
    if not is_number(sum(balances), expected):
        verb = "made" if sum(balances) > expected else "lost"
        raise RuleBroken(f"money was {verb}: the tills held {expected} before, and hold {balances} after {after}")


def _transfers_alone(cls: Any, transfer: Any) -> None:
    a, b = cls(10), cls(1)
    answers("transfer(a, b, 4) with 10 in a", lambda: transfer(a, b, 4), True)
    holds(a, 6, "transfer(a, b, 4) with 10 in a")
    holds(b, 5, "transfer(a, b, 4) with 1 in b")
    answers("transfer(b, a, 5) with 5 in b", lambda: transfer(b, a, 5), True)
    answers("transfer(b, a, 1) with 0 in b", lambda: transfer(b, a, 1), False)
    holds(a, 11, "a transfer of 5 to it, and one that was refused")
    holds(b, 0, "a transfer of all that it held, and one that was refused")
    for amount in NONSENSE:
        rejects(f"transfer(a, b, {amount})", amount, lambda amount: transfer(a, b, amount))
    _sum([a, b], 11, "transfers of amounts that are not positive")
    a.sell(1)
    answers("refund(12) from a balance of 12", lambda: a.refund(12), True)


def _transfer_to_itself(cls: Any, transfer: Any) -> None:
    a = cls(5)

    def twice() -> None:
        transfer(a, a, 3)
        holds(a, 5, "transfer(a, a, 3)")
        transfer(a, a, 7)
        holds(a, 5, "transfer(a, a, 7)")

    together(Ana=twice)  # in the thread that has made the till there would be no steps to show: nothing is shared


def _to_itself_and_away(cls: Any, transfer: Any) -> None:
    a, b = cls(5), cls()
    together(Ana=lambda: transfer(a, a, 5), Ben=lambda: transfer(a, b, 5))
    _sum([a, b], 5, "transfer(a, a, 5) and transfer(a, b, 5)")


def _both_ways(cls: Any, transfer: Any) -> None:
    a, b = cls(10), cls(10)
    done = together(Ana=lambda: transfer(a, b, 1), Ben=lambda: transfer(b, a, 3))
    _sum([a, b], 20, "a transfer in each direction")
    answers("transfer(a, b, 1) with 10 in a", lambda: done[0], True, _REFUSES)
    answers("transfer(b, a, 3) with 10 in b", lambda: done[1], True, _REFUSES)
    holds(a, 12, "transfer(a, b, 1) and transfer(b, a, 3)")


def _both_ways_and_stay(cls: Any, transfer: Any) -> None:
    a, b = cls(10), cls(10)
    neither_leaves(lambda: transfer(a, b, 1), lambda: transfer(b, a, 3))
    holds(a, 12, "transfer(a, b, 1) and transfer(b, a, 3)")


def _one_sum_twice(cls: Any, transfer: Any) -> None:
    a, b = cls(5), cls()
    done = together(Ana=lambda: transfer(a, b, 5), Ben=lambda: transfer(a, b, 5))
    _sum([a, b], 5, "two transfers of the same 5")
    if sorted(map(repr, done)) != ["False", "True"]:
        raise RuleBroken(f"of two transfers of all that is in a, one must be True, the other False; they were {done}")
    holds(a, 0, "two transfers of all that it held")


def _beside_the_till(cls: Any, transfer: Any) -> None:
    a, b = cls(5), cls(5)
    moved, paid = together(Ana=lambda: transfer(a, b, 5), Ben=lambda: a.refund(5))
    if sorted(map(repr, (moved, paid))) != ["False", "True"]:
        raise RuleBroken(f"a transfer and a refund of the same 5 cannot both be {moved!r} and {paid!r}")
    _sum([a, b], 5 if paid else 10, f"transfer(a, b, 5) and a refund of 5 that returned {paid!r}")
    together(Ana=lambda: transfer(b, a, 2), Ben=lambda: a.sell(1))
    _sum([a, b], (5 if paid else 10) + 1, "transfer(b, a, 2) and a.sell(1)")


def _empty_tills(cls: Any, transfer: Any) -> None:
    a, b = cls(), cls()
    moved, paid = together(Ana=lambda: transfer(a, b, 5), Ben=lambda: b.refund(5))
    if paid:
        raise RuleBroken("money was made: the tills were empty, and Ben has got a refund of 5 while Ana transferred 5")
    answers("transfer(a, b, 5) with 0 in a", lambda: moved, False)
    _sum([a, b], 0, "a transfer and a refund that were refused")


def _round_of_three(cls: Any, transfer: Any) -> None:
    a, b, c = cls(3), cls(3), cls(3)
    together(Ana=lambda: transfer(a, b, 1), Ben=lambda: transfer(b, c, 2), Cem=lambda: transfer(c, a, 3))
    _sum([a, b, c], 9, "a transfer from each of three tills to the next")


def check_transfer(cls: Any, transfer: Any) -> Verdict:
    """a2.q2"""
    race = "Between which of your lines can another thread take or bring money?"
    same = "What happens in your code, line by line, when both tills are the same object?"
    stuck = "a transfer does not come back"
    return explored(
        [
            alone(
                "One transfer at a time",
                lambda: _transfers_alone(cls, transfer),
                "Which rule of the transfer is about this call?",
                stuck,
            ),
            Scenario(
                "A transfer of a till to itself",
                lambda: _transfer_to_itself(cls, transfer),
                same,
                stuck,
                same,
                strict=False,
            ),
            Scenario(
                "A transfer of a till to itself, and one to another till", lambda: _to_itself_and_away(cls, transfer), race, stuck
            ),
            Scenario("Two transfers of the same money", lambda: _one_sum_twice(cls, transfer), race, stuck),
            Scenario("A transfer and a refund between empty tills", lambda: _empty_tills(cls, transfer), race, stuck),
            Scenario("Transfers in both directions", lambda: _both_ways(cls, transfer), race, stuck),
            Scenario(
                "A transfer while others sell and refund",
                lambda: _beside_the_till(cls, transfer),
                "Does the transfer keep to the same agreement as sell and refund do?",
                stuck,
            ),
            Scenario(
                "Ana and Ben transfer, and neither goes home before the other one has",
                lambda: _both_ways_and_stay(cls, transfer),
                race,
                "a transfer waits for more than other transfers",
                "What is a transfer to wait for: that another one is over, or that another thread has ended?",
            ),
            Scenario("Transfers round three tills", lambda: _round_of_three(cls, transfer), race, stuck),
        ],
        "No money is made or lost, and nobody waits for ever",
    )

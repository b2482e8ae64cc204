"""The checks of assignment 2: a till, transfers between tills, and a stock in which nothing is cooked twice."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

from .exploring import Broken, Scenario, explored, is_number, meet, together
from .questions import Question, Verdict

_NONSENSE = (0, -1, float("nan"))

# -- a2.q1: Till ------------------------------------------------------------------------------------------------------


def _holds(till: Any, expected: float, after: str) -> None:
    balance = till.balance
    if not is_number(balance, expected):
        raise Broken(f"the balance must be {expected} after {after}, and it is {balance!r}")


def _answers(call: str, answer: Any, expected: bool) -> None:
    if answer is not expected:
        raise Broken(f"{call} must return {expected}, and it returned {answer!r}")


def _rejects(call: str, amount: float, method: Callable[[float], Any]) -> None:
    try:
        method(amount)
    except ValueError:
        return
    raise Broken(f"{call} must raise ValueError, as {amount} is not positive")


def _till_alone(cls: Any) -> None:
    till, other = cls(10), cls()
    _holds(other, 0, "Till()")
    till.sell(5)
    _holds(till, 15, "Till(10) and sell(5)")
    _holds(other, 0, "a sale at another till")
    _answers("refund(15) from a balance of 15", till.refund(15), True)
    _holds(till, 0, "refund(15) from a balance of 15")
    _answers("refund(1) from a balance of 0", till.refund(1), False)
    _holds(till, 0, "a refund that was refused")
    _holds(cls(balance=3), 3, "Till(balance=3)")


def _till_nonsense(cls: Any) -> None:
    till = cls(5)
    for amount in _NONSENSE:
        _rejects(f"sell({amount})", amount, till.sell)
        _rejects(f"refund({amount})", amount, till.refund)
    _holds(till, 5, "amounts that were rejected")
    till.sell(1)
    _holds(till, 6, "rejected amounts and sell(1)")


def _two_sales(cls: Any) -> None:
    till = cls()
    together(Ana=lambda: till.sell(1), Ben=lambda: till.sell(2))
    _holds(till, 3, "sell(1) by Ana and sell(2) by Ben")


def _two_refunds(cls: Any) -> None:
    till = cls(10)
    paid = together(Ana=lambda: till.refund(10), Ben=lambda: till.refund(10))
    if sorted(map(repr, paid)) != ["False", "True"]:
        raise Broken(f"of two refunds of 10 from a balance of 10 one must be True, the other False; they were {paid}")
    _holds(till, 0, "two refunds of 10 from a balance of 10, of which one is refused")


def _neither_leaves(ana: Callable[[], object], ben: Callable[[], object]) -> None:
    """Each does what is to be done, and stays until the other one has."""
    here, there = Event(), Event()

    def does(job: Callable[[], object], mine: Event, other: Event) -> None:
        job()
        meet(mine, other)

    together(Ana=lambda: does(ana, here, there), Ben=lambda: does(ben, there, here))


def _two_sales_and_stay(cls: Any) -> None:
    till = cls()
    _neither_leaves(lambda: till.sell(1), lambda: till.sell(2))
    _holds(till, 3, "sell(1) by Ana and sell(2) by Ben")


def _sale_and_refund(cls: Any) -> None:
    till = cls(5)
    _, paid = together(Ana=lambda: till.sell(4), Ben=lambda: till.refund(5))
    _answers("refund(5) from a balance of at least 5", paid, True)
    _holds(till, 4, "Till(5), sell(4) and refund(5)")
    _, paid = together(Ana=lambda: till.sell(2), Ben=lambda: till.refund(6))
    _holds(till, 0 if paid is True else 6, f"a balance of 4, sell(2) and a refund of 6 that returned {paid!r}")


def _looking_on(cls: Any) -> None:
    till = cls(5)

    def look() -> None:
        balance = till.balance
        if not balance >= 0:
            raise Broken(f"Cem sees a balance of {balance!r}, and it must never be below 0")

    together(Ana=lambda: till.refund(7), Cem=look)
    _holds(till, 5, "a refund of 7 that was refused")
    together(Ana=lambda: till.refund(3), Ben=lambda: till.refund(3), Cem=look)
    _holds(till, 2, "two refunds of 3 from a balance of 5")


def check_till(cls: Any) -> Verdict:
    """a2.q1"""
    race = "Find all lines that use the balance. Which of them can another thread come between?"
    stuck = "somebody waits for a lock that nobody gives back"
    return explored(
        [
            Scenario("One cook alone", lambda: _till_alone(cls), "Read the rules of the till again.", stuck),
            Scenario(
                "Amounts that are not positive",
                lambda: _till_nonsense(cls),
                'Is every amount that is not positive turned away (NaN is "not a number"), and what is left behind then?',
                stuck,
            ),
            Scenario("Two sales at once", lambda: _two_sales(cls), race, stuck),
            Scenario(
                "Ana and Ben sell, and neither goes home before the other one has sold",
                lambda: _two_sales_and_stay(cls),
                "What is a sale to wait for: that another one is over, or that another thread has ended?",
                "a sale waits for more than other sales",
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


# -- a2.q2: transfer --------------------------------------------------------------------------------------------------


def _sum(tills: list[Any], expected: float, after: str) -> None:
    balances = [till.balance for till in tills]
    if not is_number(sum(balances), expected):
        verb = "made" if sum(balances) > expected else "lost"
        raise Broken(f"money was {verb}: the tills held {expected} before, and hold {balances} after {after}")


def _transfers_alone(cls: Any, transfer: Any) -> None:
    a, b = cls(10), cls(1)
    _answers("transfer(a, b, 4) with 10 in a", transfer(a, b, 4), True)
    _holds(a, 6, "transfer(a, b, 4) with 10 in a")
    _holds(b, 5, "transfer(a, b, 4) with 1 in b")
    _answers("transfer(b, a, 5) with 5 in b", transfer(b, a, 5), True)
    _answers("transfer(b, a, 1) with 0 in b", transfer(b, a, 1), False)
    _holds(a, 11, "a transfer of 5 to it, and one that was refused")
    _holds(b, 0, "a transfer of all that it held, and one that was refused")
    for amount in _NONSENSE:
        _rejects(f"transfer(a, b, {amount})", amount, lambda amount: transfer(a, b, amount))
    _sum([a, b], 11, "transfers of amounts that are not positive")
    a.sell(1)
    _answers("refund(12) from a balance of 12", a.refund(12), True)


def _transfer_to_itself(cls: Any, transfer: Any) -> None:
    a = cls(5)
    transfer(a, a, 3)
    _holds(a, 5, "transfer(a, a, 3)")
    transfer(a, a, 7)
    _holds(a, 5, "transfer(a, a, 7)")
    b = cls()
    together(Ana=lambda: transfer(a, a, 5), Ben=lambda: transfer(a, b, 5))
    _sum([a, b], 5, "transfer(a, a, 5) and transfer(a, b, 5)")


def _both_ways(cls: Any, transfer: Any) -> None:
    a, b = cls(10), cls(10)
    done = together(Ana=lambda: transfer(a, b, 1), Ben=lambda: transfer(b, a, 3))
    _sum([a, b], 20, "a transfer in each direction")
    _answers("transfer(a, b, 1) with 10 in a", done[0], True)
    _answers("transfer(b, a, 3) with 10 in b", done[1], True)
    _holds(a, 12, "transfer(a, b, 1) and transfer(b, a, 3)")


def _both_ways_and_stay(cls: Any, transfer: Any) -> None:
    a, b = cls(10), cls(10)
    _neither_leaves(lambda: transfer(a, b, 1), lambda: transfer(b, a, 3))
    _holds(a, 12, "transfer(a, b, 1) and transfer(b, a, 3)")


def _one_sum_twice(cls: Any, transfer: Any) -> None:
    a, b = cls(5), cls()
    done = together(Ana=lambda: transfer(a, b, 5), Ben=lambda: transfer(a, b, 5))
    _sum([a, b], 5, "two transfers of the same 5")
    if sorted(map(repr, done)) != ["False", "True"]:
        raise Broken(f"of two transfers of all that is in a, one must be True, the other False; they were {done}")
    _holds(a, 0, "two transfers of all that it held")


def _beside_the_till(cls: Any, transfer: Any) -> None:
    a, b = cls(5), cls(5)
    moved, paid = together(Ana=lambda: transfer(a, b, 5), Ben=lambda: a.refund(5))
    if sorted(map(repr, (moved, paid))) != ["False", "True"]:
        raise Broken(f"a transfer and a refund of the same 5 cannot both be {moved!r} and {paid!r}")
    _sum([a, b], 5 if paid else 10, f"transfer(a, b, 5) and a refund of 5 that returned {paid!r}")
    together(Ana=lambda: transfer(b, a, 2), Ben=lambda: a.sell(1))
    _sum([a, b], (5 if paid else 10) + 1, "transfer(b, a, 2) and a.sell(1)")


def _empty_tills(cls: Any, transfer: Any) -> None:
    a, b = cls(), cls()
    moved, paid = together(Ana=lambda: transfer(a, b, 5), Ben=lambda: b.refund(5))
    if paid:
        raise Broken("money was made: the tills were empty, and Ben has got a refund of 5 while Ana transferred 5")
    _answers("transfer(a, b, 5) with 0 in a", moved, False)
    _sum([a, b], 0, "a transfer and a refund that were refused")


def _round_of_three(cls: Any, transfer: Any) -> None:
    a, b, c = cls(3), cls(3), cls(3)
    together(Ana=lambda: transfer(a, b, 1), Ben=lambda: transfer(b, c, 2), Cem=lambda: transfer(c, a, 3))
    _sum([a, b, c], 9, "a transfer from each of three tills to the next")


def check_transfer(cls: Any, transfer: Any) -> Verdict:
    """a2.q2"""
    race = "Between which of your lines can another thread take or bring money?"
    stuck = "a transfer does not come back"
    order = "Who holds what, and waits for what? Draw it as arrows, and ask what would make a circle impossible."
    return explored(
        [
            Scenario("One transfer at a time", lambda: _transfers_alone(cls, transfer), "Read the rules again.", stuck),
            Scenario(
                "A transfer of a till to itself",
                lambda: _transfer_to_itself(cls, transfer),
                "What happens in your code, line by line, when both tills are the same object?",
                stuck,
            ),
            Scenario("Two transfers of the same money", lambda: _one_sum_twice(cls, transfer), race, stuck),
            Scenario("A transfer and a refund between empty tills", lambda: _empty_tills(cls, transfer), race, stuck),
            Scenario("Transfers in both directions", lambda: _both_ways(cls, transfer), order, stuck),
            Scenario(
                "A transfer while others sell and refund",
                lambda: _beside_the_till(cls, transfer),
                "Does the transfer keep to the same agreement as sell and refund do?",
                stuck,
            ),
            Scenario(
                "Ana and Ben transfer, and neither goes home before the other one has",
                lambda: _both_ways_and_stay(cls, transfer),
                "What is a transfer to wait for: that another one is over, or that another thread has ended?",
                "a transfer waits for more than other transfers",
            ),
            Scenario("Transfers round three tills", lambda: _round_of_three(cls, transfer), order, stuck),
        ],
        "No money is made or lost, and nobody waits for ever",
    )


# -- a2.q3: StockCache ------------------------------------------------------------------------------------------------


class _Burnt(Exception):
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

    def __init__(self, *pots: _Pot) -> None:
        self.pots = {pot.key: pot for pot in pots}
        self.broken: list[str] = []

    def cook(self, key: object) -> object:
        pot = self.pots[key]
        if pot.busy:
            self.breaks(f"two cooks of {key!r} were cooking at once")
        if pot.calls > pot.failures:
            self.breaks(f"cook({key!r}) was called again after it had given a dish")
        pot.busy = True
        pot.calls += 1
        pot.begun.set()
        if pot.ready is not None:
            pot.ready.wait()
        pot.busy = False
        if pot.calls <= pot.failures:
            raise _Burnt(f"{key} is burnt")
        return pot.dish

    def breaks(self, rule: str) -> None:
        self.broken.append(rule)  # the answer may catch what is raised here
        raise Broken(rule)

    def gives(self, call: str, got: object, key: object) -> None:
        """`got` must be the one dish of this key."""
        if self.broken:
            raise Broken(self.broken[0])
        if got is not self.pots[key].dish:
            raise Broken(f"{call} must return what cook({key!r}) gave, and it returned {got!r}")


def _get(cache: Any, key: object) -> object:
    try:
        return cache.get(key)
    except _Burnt:
        return _Burnt


def _stock_alone(cls: Any) -> None:
    kitchen = _Kitchen(_Pot("soup"), _Pot("air", dish=None), _Pot(0, dish=[]))
    cache = cls(kitchen.cook)
    if any(pot.calls for pot in kitchen.pots.values()):
        raise Broken("cook was called before anybody asked for a dish")
    for key in ("soup", "air", 0, "soup", "air", 0):
        kitchen.gives(f"get({key!r})", cache.get(key), key)
    other = _Kitchen(_Pot("soup", dish="another soup"))
    other.gives("get('soup') of another StockCache", cls(other.cook).get("soup"), "soup")


def _failing_alone(cls: Any) -> None:
    kitchen = _Kitchen(_Pot("soup", failures=2), _Pot("fish"))
    cache = cls(kitchen.cook)
    for _ in range(2):
        if _get(cache, "soup") is not _Burnt:
            raise Broken("get must raise what cook raises")
        kitchen.gives("get('fish')", cache.get("fish"), "fish")
    kitchen.gives("get('soup') after cook has failed twice", cache.get("soup"), "soup")
    kitchen.gives("get('soup')", cache.get("soup"), "soup")


def _same_key(cls: Any) -> None:
    kitchen = _Kitchen(_Pot("soup"))
    cache = cls(kitchen.cook)
    for got in together(Ana=lambda: cache.get("soup"), Ben=lambda: cache.get("soup")):
        kitchen.gives("get('soup')", got, "soup")


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
        if got is not _Burnt:
            kitchen.gives("get('soup')", got, "soup")
    if _Burnt not in results:
        raise Broken("cook has failed, and nobody has got its exception")


def check_stock(cls: Any) -> Verdict:
    """a2.q3"""
    race = "What does a thread know when it has looked for the key, and how long is it true?"
    alone = "somebody waits for a lock that nobody gives back"
    return explored(
        [
            Scenario("One cook alone", lambda: _stock_alone(cls), "Read the rules of the stock again.", alone),
            Scenario(
                "A cook that fails twice",
                lambda: _failing_alone(cls),
                "What is left behind in your cache when cook raises?",
                alone,
            ),
            Scenario("Two ask for the same dish", lambda: _same_key(cls), race, "somebody waits for a dish for ever"),
            Scenario(
                "Two ask for different dishes",
                lambda: _two_keys(cls),
                "What does a thread hold while it cooks, and who else needs that?",
                "the cook of one key waits for that of another",
            ),
            Scenario(
                "Ben asks for what is in stock while Ana cooks",
                lambda: _stocked_key(cls),
                "What does a thread hold while it cooks, and who else needs that?",
                "a dish that is in stock waits for the cook of another",
            ),
            Scenario(
                "Two ask for the same dish, and the first cook fails",
                lambda: _failing_for_two(cls),
                "Who tells those who wait that the cook has failed, and what do they find then?",
                "somebody waits for a cook that has failed",
            ),
            Scenario(
                "Ben and Cem ask for the soup that Ana is cooking",
                lambda: _while_one_cooks(cls, 0),
                "Who tells those who wait, and how many of them?",
                "somebody waits for a dish that is ready",
            ),
            Scenario(
                "Ben and Cem ask for the soup that Ana is cooking, and it burns",
                lambda: _while_one_cooks(cls, 1),
                "Who tells those who wait that the cook has failed, and what do they find then?",
                "somebody waits for a cook that has failed",
            ),
        ],
        "Each dish is cooked once, and no cook waits for another key",
    )


QUESTIONS = (
    Question("a2.q1", ("Till",), 2.0, check_till),
    Question("a2.q2", ("Till", "transfer"), 3.0, check_transfer),
    Question("a2.q3", ("StockCache",), 3.0, check_stock),
)

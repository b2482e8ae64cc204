"""What `id` gives in a run: numbers that are the same in every run, and an order of them that is tried every way round.

Which of two objects has the smaller id is up to the memory. So ids can be compared for being equal, and used as keys,
at no cost; the first time that the order of two of them counts, the search starts again, and each run begins with the
choice of an order. Everything else that depends on the number itself makes the verdict "unfinished".
"""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable
from typing import Any

from .sites import Site
from .threads import READ, WRITE, VirtualThread, current

MOST_OBJECTS = 6
MOST_IN_SET = 4
MOST_ORDERS = 120
"""So many orders are tried, each with all its schedules."""

Pairs = frozenset[tuple[int, int]]
Ranks = dict[int, int]


class Identity(int):
    """The id of an object of the program; `site` is where it was asked for."""

    site: Site | None

    @classmethod
    def of(cls, number: int, site: Site | None) -> Identity:
        made = cls(number)
        made.site = site
        return made

    def __eq__(self, other: object) -> bool:
        if type(other) is int:
            self.used("compared with a number")
        return int.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = int.__hash__

    def __lt__(self, other: Any) -> bool:
        return self._place(other) < 0

    def __le__(self, other: Any) -> bool:
        return self._place(other) <= 0

    def __gt__(self, other: Any) -> bool:
        return self._place(other) > 0

    def __ge__(self, other: Any) -> bool:
        return self._place(other) >= 0

    def _place(self, other: Any) -> int:
        """Negative if this one comes before the other one."""
        thread = current()
        if thread is not None:
            if type(other) is Identity:
                return 0 if self == other else _ordered(thread, self, other)
            self.used("compared with a number")
        return int.__sub__(self, other)

    def used(self, how: str) -> None:
        """What the program does now depends on more than the order of ids."""
        thread = current()
        if thread is not None:
            thread.run.sharing.refuse(self.site, f"an id is {how}, and ids are not the same in every run")


def _ordered(thread: VirtualThread, one: Identity, other: Identity) -> int:
    pair = (int(one), int(other)) if int.__lt__(one, other) else (int(other), int(one))
    run = thread.run
    run.sharing.order_counts(pair, one.site)
    first, second = (run.ranks.get(number, MOST_OBJECTS + number) for number in pair)
    return (first - second) * (1 if pair[0] == int.__int__(one) else -1)


def _number(name: str) -> Callable[..., Any]:
    plain = getattr(int, name)

    def method(self: Identity, *args: Any) -> Any:
        self.used("used as a number")
        return plain(self, *args)

    method.__name__ = name
    return method


for _name in (
    *(f"__{side}{name}__" for side in ("", "r") for name in
      ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "and", "or", "xor", "lshift", "rshift")),
    *("__neg__", "__pos__", "__abs__", "__invert__", "__round__", "__float__", "__str__", "__repr__", "__format__"),
    *("to_bytes", "bit_length", "bit_count", "__trunc__", "__ceil__", "__floor__"),
):  # fmt: skip
    setattr(Identity, _name, _number(_name))

LOOK_AT_IDS: frozenset[Any] = frozenset(
    {id, hash, list, tuple, hex, oct, bin, str, repr, format, ascii, int, chr, divmod, pow, abs, round, float, complex}
)
"""Functions that give an id, take it for the number that it is, or go through a set in its order."""


def orders(pairs: Pairs) -> list[Ranks] | None:
    """The orders of ids that differ in one of these pairs; None if there are too many. The first: in the order made."""
    numbers = sorted({number for pair in pairs for number in pair})
    if len(numbers) > MOST_OBJECTS:
        return None
    found: dict[tuple[bool, ...], Ranks] = {}
    listed = sorted(pairs)
    for order in itertools.permutations(range(len(numbers))):
        ranks = dict(zip(numbers, order, strict=True))
        found.setdefault(tuple(ranks[one] < ranks[other] for one, other in listed), ranks)
    return list(found.values()) if len(found) <= MOST_ORDERS else None


def hashes_by_address(value: Any) -> bool:
    """Does the hash of a value come from the address of an object?"""
    cls = type(value)
    if cls in (tuple, frozenset):
        return any(hashes_by_address(item) for item in value)
    hashed: Any = cls.__hash__
    return hashed is object.__hash__ or cls in (Identity, types.MethodType)


def unsteady(value: Any) -> bool:
    """Does a set have an order that nobody knows? Its objects hash by their addresses."""
    return len(value) > 1 and any(hashes_by_address(item) for item in value)


def refuse_order(thread: VirtualThread, site: Site, value: Any) -> None:
    """An item of a set is taken, or all of them one after the other, where the order cannot be chosen."""
    if unsteady(value):
        thread.run.sharing.refuse(
            site, "the order of a set depends on where its objects lie in memory, which is not the same in every run"
        )


class SetOrder:
    """Goes through a set as its own iterator does, but in the order of `items`."""

    def __init__(self, value: Any, items: list[Any]):
        self.inner = iter(value)
        self.items = iter(items)

    def __iter__(self) -> SetOrder:
        return self

    def __next__(self) -> Any:
        next(self.inner)  # (which raises if the set has changed)
        return next(self.items)


def some_order(thread: VirtualThread, site: Site, value: Any) -> Any:
    """Iterate over a set in any order that its objects can have: which one is a choice, the same as long as it lasts."""
    if not unsteady(value):
        return iter(value)
    run = thread.run
    items = list(value)
    if len(items) > MOST_IN_SET or not all(map(hashes_by_address, items)):
        refuse_order(thread, site, value)
        return iter(value)
    by_number = sorted(items, key=lambda item: int(run.session.identity(thread, site, item)))
    key = ("order", id(value))
    ways = list(itertools.permutations(by_number))
    chosen = run.step(thread, site, "chance", value, ((id(value), READ), (key, WRITE)), None, lambda: _open(run, value, ways))
    thread.steps += 1
    _, known = run.set_orders.get(id(value), (None, ()))
    if not _same(known, value):
        known = ways[chosen]
        run.set_orders[id(value)] = value, known
    return SetOrder(value, list(known))


def _open(run: Any, value: Any, ways: list[Any]) -> int:
    """In how many ways the order can be chosen: in one if it was before, and nothing has come or gone since."""
    return 1 if _same(run.set_orders.get(id(value), (None, ()))[1], value) else len(ways)


def _same(known: tuple[Any, ...], value: Any) -> bool:
    return len(known) == len(value) and all(item in value for item in known)

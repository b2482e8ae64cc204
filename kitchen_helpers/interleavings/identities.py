"""What `id` gives in a run: numbers that are the same in every run, and an order of them that is tried every way round.

Which of two objects has the smaller id is up to the memory. So ids can be compared for being equal, and used as keys,
at no cost; the first time that the order of two of them counts, the search starts again, and each run begins with the
choice of an order. Everything else that depends on the number itself makes the verdict "unfinished".
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

from .sites import Site
from .threads import VirtualThread, current

MOST_OBJECTS = 6
MOST_ORDERS = 120
"""So many orders are tried, each with all its schedules."""

Pairs = frozenset[tuple[int, int]]
Ranks = dict[int, int]


class Identity(int):
    """What `id` or `hash` gives; `site` is where it was asked for."""

    site: Site | None
    what: str

    @classmethod
    def of(cls, number: int, site: Site | None, what: str = "id") -> Identity:
        made = cls(number)
        made.site, made.what = site, what
        return made

    def __eq__(self, other: object) -> bool:
        if type(other) is not Identity and isinstance(other, int | float | complex):
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
            what, many = ("an id", "ids") if self.what == "id" else ("a hash", "hashes")
            thread.run.sharing.refuse(self.site, f"{what} is {how}, and {many} are not the same in every run")


def _ordered(thread: VirtualThread, one: Identity, other: Identity) -> int:
    first_made, second_made = sorted((int.__int__(one), int.__int__(other)))
    pair = first_made, second_made
    run = thread.run
    run.sharing.order_counts(pair, one.site)
    first, second = (run.ranks.get(number, MOST_OBJECTS + number) for number in pair)
    return (first - second) * (1 if pair[0] == int.__int__(one) else -1)


def _number(name: str) -> Callable[..., Any]:
    plain = getattr(int, name)

    def method(self: Identity, *args: Any) -> Any:
        self.used("used as a number")
        return plain(self, *args) if callable(plain) else plain.__get__(self)

    method.__name__ = name
    return method


for _name in (
    *(f"__{side}{name}__" for side in ("", "r") for name in
      ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "and", "or", "xor", "lshift", "rshift")),
    *("__neg__", "__pos__", "__abs__", "__invert__", "__round__", "__float__", "__str__", "__repr__", "__format__"),
    *("to_bytes", "bit_length", "bit_count", "__trunc__", "__ceil__", "__floor__", "__index__", "__int__", "conjugate"),
    *("as_integer_ratio", "__getnewargs__"),
):  # fmt: skip
    setattr(Identity, _name, _number(_name))
for _name in ("real", "imag", "numerator", "denominator"):
    setattr(Identity, _name, property(_number(_name)))


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


# -- objects that are gone --------------------------------------------------------------------------------------------


def _references(values: dict[int, Any], number: int) -> int:
    return sys.getrefcount(values[number])


_BY_ASKED_ONLY = _references({0: object()}, 0)
_MOST_OF_OURS = 20
"""References to one object that the explorer can hold itself."""


def somebody_is_gone(run: Any) -> bool:
    """Is an object, whose id was asked for in this run, held by nobody but us? Its id may be given to another one."""
    for number in list(run.asked):
        others = _references(run.asked, number) - _BY_ASKED_ONLY
        if others <= _MOST_OF_OURS:
            value = run.asked[number]
            others -= sum(thread.target is value for thread in run.threads)
            others -= sum(_holds(entry.keep, value) for entry in run.sharing.touched.values())
            if others <= 0:
                return True
    return False


def _holds(keep: Any, value: Any) -> int:
    return sum(item is value for item in keep) if type(keep) in (list, tuple) and keep is not value else int(keep is value)

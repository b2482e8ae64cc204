"""The order of a set: nobody knows it where the hashes of its items are not the same in every run of Python."""

from __future__ import annotations

import itertools
from typing import Any

from .hashes import number_of, varies
from .kinds import SCALARS
from .sites import Site
from .threads import READ, WRITE, VirtualThread

MOST_IN_SET = 4
"""Of a set with so many items every order is tried."""


def unsteady(value: Any) -> bool:
    """Does a set have an order that nobody knows?"""
    return len(value) > 1 and any(varies(item) for item in value)


def unsteady_set(value: Any) -> bool:
    return isinstance(value, set | frozenset) and unsteady(value)


class Ties:
    """Notes by which keys `sorted`, `min` or `max` compare the items of a set."""

    def __init__(self, function: Any, kwargs: dict[str, Any]):
        self.all = function is sorted
        self.keys: dict[int, Any] = {}
        key: Any = kwargs.get("key")

        def noted(item: Any) -> Any:
            found = self.keys[id(item)] = key(item)
            return found

        if key is not None:
            kwargs["key"] = noted

    def matter(self, value: Any) -> bool:
        """Are there equal keys, so that the result hangs on the order of the set?"""
        if not self.keys:  # the items themselves are compared
            return any(type(item) not in SCALARS for item in (value if self.all else [value]))
        keys = list(self.keys.values())
        parts = [part for key in keys for part in (key if type(key) is tuple else (key,))]
        if not all(type(part) in SCALARS for part in parts):
            return True
        return len(set(keys)) < len(keys) if self.all else keys.count(self.keys.get(id(value))) > 1


def refuse_order(thread: VirtualThread, site: Site, value: Any) -> None:
    """An item of a set is taken, or all of them one after the other, where the order cannot be chosen."""
    if unsteady_set(value):
        thread.run.sharing.refuse(
            site, "the order of a set depends on hashes (of texts, of where objects lie in memory) that are not the same in every run"
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
    """Iterate over a set in any order that it can have: which one is a choice, the same as long as it lasts."""
    if not unsteady(value):
        return iter(value)
    run = thread.run
    items = list(value)
    few = len(items) <= MOST_IN_SET and all(map(varies, items))
    numbers = {id(item): number_of(thread, site, item, anew=False) for item in items} if few else {0: None}
    if None in numbers.values():
        refuse_order(thread, site, value)
        return iter(value)
    texts = all(type(item) is str for item in items)
    by_number = sorted(items, key=None if texts else lambda item: numbers[id(item)] or 0)
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

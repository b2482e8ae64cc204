"""Where the number of an id, or the text of an address, would get past all that is known of them."""

from __future__ import annotations

import re
import threading
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .identities import Identity
from .kinds import CONTAINER, kind_of
from .sites import Site
from .threads import VirtualThread

_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]|, (?:initial|started|stopped)(?: daemon)?(?: \d+)?\)>")
"""In the text of an object without a text of its own, or of a thread, which shows its number."""
_ONLY_COMPARE = frozenset(
    {
        *(len, bool, sorted, min, max, any, all, list, tuple, set, frozenset, dict, enumerate, zip, map, filter, iter),
        *(next, reversed, id, hash, isinstance, issubclass, callable, type, object, super, print, getattr, hasattr, setattr),
    }
)
"""Built-in functions that pass an id on, or compare it: that is told by the id itself."""
_COMPARING_MODULES = frozenset({"_heapq", "heapq", "_bisect", "bisect", "copy", "queue", "threading", "contextlib", "functools",
                                "_functools", "itertools", "collections", "_collections", "logging", "kitchen_helpers"})  # fmt: skip
_COMPARING_OPERATORS = frozenset("lt le eq ne ge gt is_ is_not contains countOf indexOf getitem setitem delitem not_ truth".split())


def ids_given_to(thread: VirtualThread, site: Site, function: Any, args: Any, kwargs: dict[str, Any]) -> None:
    """C code, or code that cannot be seen, is about to get these arguments: an id among them is a number to it."""
    if not thread.run.ids_given or _harmless(function):
        return
    for item in _inside([*args, *kwargs.values()], _is_filled):
        if type(item) is Identity:
            item.used("used as a number")


def _is_filled(item: Any) -> bool:
    return isinstance(item, tuple | frozenset) or (kind_of(type(item)) == CONTAINER and not isinstance(item, bytearray))


def _inside(values: Iterable[Any], filled: Callable[[Any], bool]) -> Iterator[Any]:
    """These values, and all in dicts and in what is `filled` among them: a thousand at most."""
    pending = list(values)
    for _ in range(1_000):
        if not pending:
            return
        item = pending.pop()
        yield item
        if isinstance(item, dict):
            pending.extend((*dict.keys(item), *dict.values(item)))
        elif filled(item):
            pending.extend(item)


def _harmless(function: Any) -> bool:
    try:
        if function in _ONLY_COMPARE:
            return True
    except TypeError:
        return False
    module = str(getattr(function, "__module__", None)).partition(".")[0]
    if module == "_operator":
        return function.__name__ in _COMPARING_OPERATORS
    return module in _COMPARING_MODULES


def addresses_printed(thread: VirtualThread, site: Site, values: Any) -> None:
    """These values are printed to a file of the program's: it gets their texts."""
    for item in _inside(values, lambda item: isinstance(item, tuple | list | set | frozenset)):
        cls: Any = type(item)
        if cls.__str__ is object.__str__ and cls.__repr__ in _SHOW_ADDRESSES:
            address_in(thread, site, object.__repr__(item))


_SHOW_ADDRESSES = {object.__repr__, threading.Thread.__repr__, types.FunctionType.__repr__, types.MethodType.__repr__}


def address_in(thread: VirtualThread, site: Site, text: Any) -> Any:
    """A text was made: one that shows an address may not be compared, and who knows what becomes of it."""
    if isinstance(text, str) and _ADDRESS.search(text):
        thread.run.sharing.refuse(site, "a text shows the address of an object, which is not the same in every run")
    return text

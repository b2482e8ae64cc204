"""Iterators that are older than the program, such as a class's `itertools.count()`: each run takes from a copy of its own."""

from __future__ import annotations

import ast
import copy
import itertools
import re
from typing import Any

from .threads import VirtualThread

_COUNT = re.compile(r"count\(([^,]+)(?:, (.+))?\)")
_COPIED = (itertools.count, type(iter(range(0))), type(iter(range(2**80))), type(iter("")), type(iter("é")))
"""They hold nothing but numbers and letters, and can be copied (`count` by what it shows: its `copy` goes with 3.14)."""


def own_copy(thread: VirtualThread, iterator: Any) -> Any:
    """What this run takes from in place of an old iterator; None if its state cannot be put back."""
    run = thread.run
    known = run.shadows.get(id(iterator))
    if known is None:
        made = _copied(iterator)
        if made is None:
            return None
        known = run.shadows[id(iterator)] = (iterator, made)
    return known[1]


def _copied(iterator: Any) -> Any:
    cls = type(iterator)
    if cls is itertools.count:
        found = _COUNT.fullmatch(repr(iterator))
        try:
            return itertools.count(*(ast.literal_eval(part) for part in found.groups(default="1"))) if found else None
        except (ValueError, SyntaxError):  # it counts in fractions
            return None
    return copy.copy(iterator) if cls in _COPIED else None


def place_of(iterator: Any) -> Any:
    """Where it is: equal for two of them that will give the same; None if it does not tell."""
    if type(iterator) is itertools.count:
        return repr(iterator)
    return iterator.__reduce__()[1:] if type(iterator) in _COPIED else None

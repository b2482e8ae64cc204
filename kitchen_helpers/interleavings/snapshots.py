"""The whole state of a program in a run, in a form that can be compared: is it in a state in which it has been before?

Two states that are said to be equal must be equal: what cannot be looked into equals nothing, not even itself.
"""

from __future__ import annotations

import functools
import itertools
import random
import sys
import threading
import types
from collections import deque
from collections.abc import Iterator
from types import FrameType
from typing import Any

from .identities import Identity
from .iteration import Iterating
from .iterators import place_of
from .kinds import CLASS, CONTAINER, FUNCTION, INSTANCE, SCALAR, SCALARS, attributes_of, is_readers, kind_of
from .models.base import Model
from .models.conditions import Waiter
from .models.shadows import SHADOWED
from .scheduler import Run
from .sites import Site
from .threads import VirtualThread

_DEEPEST = 50
_fresh = itertools.count()
_ITERATORS = (
    *(type(iter(kind())) for kind in (list, tuple, str, bytes, dict, set, bytearray, deque)),
    *(type(iter(made)) for made in (dict[int, int]().values(), dict[int, int]().items(), range(0))),
    *(type(reversed(kind())) for kind in (list, dict, deque)),
    *(enumerate, zip, map, filter),
)
"""Iterators that tell where they are."""


def state_of(run: Run, thread: VirtualThread, frame: FrameType, site: Site) -> int:
    """A hash of all that decides how the program goes on, with objects numbered in the order in which they are met."""
    seen: dict[int, int] = {}
    frames = sys._current_frames()
    parts: list[Any] = [site.file, site.number]
    for other in run.threads:
        if other.done:
            parts.append("done")
            continue
        here = frame if other is thread else frames.get(other.ident)
        parts.append((other.number, other.doing, other.trail, other.parked, other.site.number if other.site else -1))
        # Where it is in loops that are not `while` loops cannot be seen: how many steps it came since the last one can.
        parts.append((other.route, other.steps - other.head, other.waiting is None))
        for level in _reader_frames(here):
            parts.append((id(level.f_code), 0 if level is frame else level.f_lasti))
            parts.append(tuple((n, _canonical(v, run, seen)) for n, v in sorted(dict(level.f_locals).items())))
        parts.append(tuple(_canonical(values, run, seen) for values in other.locals.values()))
    frames.clear()  # this very frame is in it
    parts.extend(_canonical(value, run, seen) for value in run.session.roots())
    return hash(tuple(parts))


def _reader_frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        if "kitchen_helpers/interleavings" not in frame.f_code.co_filename.replace("\\", "/"):
            if frame.f_globals.get("__name__") == "threading":
                return
            yield frame
        elif frame.f_code.co_name in ("live", "execute"):
            return
        frame = frame.f_back


def _canonical(value: Any, run: Run, seen: dict[int, int], depth: int = 0) -> Any:
    cls = type(value)
    if cls in SCALARS:
        return repr(value) if cls is not Identity else int.__int__(value)  # (-1 and -2 have the same hash, and 1, 1.0 and True, too)
    number = seen.get(id(value))
    if number is not None:
        return ("=", number)
    seen[id(value)] = len(seen)
    if depth > _DEEPEST:
        return ("unknown", next(_fresh))
    parts = _parts(value, run)
    return (cls.__name__, *(_canonical(part, run, seen, depth + 1) for part in parts))


def _parts(value: Any, run: Run) -> tuple[Any, ...]:
    """What the state of an object consists of."""
    cls = type(value)
    kind = kind_of(cls)
    if isinstance(value, dict):
        return (*(part for item in dict.items(value) for part in item), *_own(value, kind))
    if isinstance(value, bytearray):
        return (bytes(value),)
    if kind == CONTAINER or isinstance(value, tuple | frozenset):
        return (*value, *_own(value, kind))
    if isinstance(value, VirtualThread):
        return (value.number,)
    if isinstance(value, Waiter):
        return value.thread, value.timed, value.notified
    if isinstance(value, Model):
        inside = object.__getattribute__(value, "__dict__")
        return tuple(part for k, v in inside.items() if k != "clock" and not callable(v) for part in (k, v))
    if isinstance(value, SHADOWED):
        shadow = run.shadows.get(id(value))
        return (id(value),) if shadow is None else (shadow[1],)
    if isinstance(value, threading.Thread) and kind != INSTANCE:
        return tuple(t for t in run.threads if t.real is value) or (id(value),)
    if kind == INSTANCE or isinstance(value, BaseException):
        more = value.args if isinstance(value, BaseException) else ()
        return (cls, *more, *_own(value, INSTANCE))
    if kind == FUNCTION:
        return _parts_of_function(value)
    if kind == CLASS:
        if not is_readers(value):
            return (id(value),)
        names = sorted(n for n in vars(value) if not n.startswith("__"))
        return (id(value), *(part for n in names for part in (n, vars(value)[n])))
    if isinstance(value, types.ModuleType):
        return (value.__name__,)
    if isinstance(value, property | staticmethod | classmethod | types.MemberDescriptorType | types.CellType):
        return (id(value),) if not isinstance(value, types.CellType) else _content(value)
    if isinstance(value, types.GeneratorType):
        frame = value.gi_frame
        return () if frame is None else (id(value.gi_code), frame.f_lasti, dict(frame.f_locals))
    if isinstance(value, Iterating):
        return value.source, value.begun
    if isinstance(value, random.Random):
        return (value.getstate(),)
    if cls in _ITERATORS:
        try:
            return tuple(value.__reduce__()[1:])
        except RuntimeError:  # what it goes through has changed
            return (next(_fresh),)
    if kind == SCALAR:
        return (repr(value),)
    place = place_of(run.shadows.get(id(value), (value, value))[1])
    return (next(_fresh),) if place is None else (place,)


def _parts_of_function(value: Any) -> tuple[Any, ...]:
    if isinstance(value, types.FunctionType):
        cells = [part for cell in value.__closure__ or () for part in _content(cell)]
        return (id(value.__code__), *cells, value.__defaults__, value.__kwdefaults__, value.__dict__)
    if isinstance(value, types.MethodType):
        return value.__func__, value.__self__
    if isinstance(value, functools.partial):
        return value.func, value.args, value.keywords, vars(value)
    owner = getattr(value, "__self__", None)
    return (getattr(value, "__qualname__", ""), None if isinstance(owner, types.ModuleType) else owner)


def _content(cell: types.CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


def _own(value: Any, kind: int) -> list[Any]:
    """The attributes of an object, in its dict and in its slots."""
    if kind not in (INSTANCE, CONTAINER):
        return []
    found: list[Any] = [part for item in sorted(attributes_of(value).items()) for part in item]
    for owner in type(value).__mro__:
        for name, slot in owner.__dict__.items():
            if isinstance(slot, types.MemberDescriptorType):
                try:
                    found.extend((name, slot.__get__(value)))
                except AttributeError:
                    continue
    return found

"""What an attribute of a class's instances is: a field, a method, a property; found out once, and remembered."""

from __future__ import annotations

import concurrent.futures
import functools
import inspect
import queue
import threading
import types
from collections.abc import Callable
from typing import Any, TypeVar

from .kinds import FUNCTION, is_library, kind_of
from .models import threads
from .models.base import Model
from .sites import Site

FIELD, METHOD, PROPERTY, DEFAULT, CACHED, HIDDEN = "field", "method", "property", "default", "cached", "hidden"
COMPUTED = "computed"
"""A property whose function is written in C: it has to be called through the hook."""
QUIET = "quiet"
"""No state of anybody's: a method of a container, of a model, of a Thread."""

_FIELD_PLAN = (FIELD, None)
_Found = TypeVar("_Found")
_forget: list[Callable[[], None]] = []


def _found_once(find: Callable[[type, str], _Found]) -> Callable[[type, str], _Found]:
    """Remembered for each class and name until `forget_plans`."""
    remembering = functools.cache(find)
    _forget.append(remembering.cache_clear)
    return remembering


@_found_once
def plan(cls: type, name: str) -> tuple[str, Any]:
    """What an attribute of the instances of a class is, and the class that has a default for it."""
    if getattr(cls.__getattribute__, "__objclass__", None) is None:
        return PROPERTY, None  # the reader's own __getattribute__: Python code, rewritten like any other
    return plain_plan(cls, name)


@_found_once
def plain_plan(cls: type, name: str) -> tuple[str, Any]:
    """The same for what is stored, and for `object.__getattribute__`."""
    for owner in cls.__mro__:
        if name in owner.__dict__:
            value = owner.__dict__[name]
            if isinstance(value, types.MemberDescriptorType):
                return _FIELD_PLAN
            if isinstance(value, property):
                getter = getattr(value.fget, "__code__", None)
                if getter is None and value.fget is not None:
                    return COMPUTED, value.fget
                # The name of a Thread: nobody sees what the library does, but it is one value.
                return _FIELD_PLAN if getter is not None and is_library(getter.co_filename, None) else (PROPERTY, None)
            if isinstance(value, types.GetSetDescriptorType):
                return (HIDDEN if name == "__dict__" else PROPERTY), None
            if isinstance(value, functools.cached_property):
                return CACHED, value
            if isinstance(value, staticmethod | classmethod | types.FunctionType) or kind_of(type(value)) == FUNCTION:
                return METHOD, None
            if hasattr(type(value), "__get__"):
                return PROPERTY, None
            return DEFAULT, owner
    return _FIELD_PLAN


def forget_plans() -> None:
    """Classes were changed, or changed back."""
    for forget in _forget:
        forget()
    forget_ways()


_ways: set[Site] = set()
"""The sites that know how to load or to store."""


def forget_ways() -> None:
    for site in _ways:
        site.known = site.way = site.stores = None
    _ways.clear()


def know(site: Site, cls: Any, way: Any) -> None:
    """The next load at this site is most likely of the same class: then it need not be judged anew."""
    site.known, site.way = cls, way
    _ways.add(site)


def know_store(site: Site, cls: type) -> None:
    """The same for storing a field."""
    site.stores = cls
    _ways.add(site)


_PRIMITIVES: tuple[Any, ...] = (
    *(threading.Condition(), threading.Lock(), threading.Event(), threading.Barrier(1), threading.BoundedSemaphore()),
    *(queue.PriorityQueue(), queue.SimpleQueue(), concurrent.futures.Future(), concurrent.futures.ThreadPoolExecutor),
)
OF_PRIMITIVES = frozenset(name for real in _PRIMITIVES for name in dir(real))
"""What a program may know of a primitive: what the real ones have. A model has more, which leads into the explorer."""


@_found_once
def always_there(cls: type, name: str) -> bool:
    """Is it a method of a model or of a Thread, which is the same for all and no state of theirs?"""
    if not issubclass(cls, Model):
        return cls is threading.Thread and plain_plan(cls, name)[0] is METHOD
    # (of what the real ones have: the rest leads into the explorer)
    return not issubclass(cls, threads.Local) and name in OF_PRIMITIVES and hasattr(cls, name) and name != "__dict__"


@_found_once
def has_setter(cls: type, name: str) -> bool:
    """Does storing call Python code of the reader's (a property, a descriptor)?"""
    found = inspect.getattr_static(cls, name, None)
    if isinstance(found, property):
        return plain_plan(cls, name)[0] in (PROPERTY, COMPUTED)
    if isinstance(found, types.GetSetDescriptorType) and (not name.startswith("__") or issubclass(cls, types.FunctionType)):
        return False  # C code that keeps the value: nothing of the reader's is called
    sets = hasattr(type(found), "__set__") or hasattr(type(found), "__delete__")
    return sets and not isinstance(found, types.MemberDescriptorType)


@_found_once
def sets_unseen(cls: type, name: str) -> bool:
    """Is it a property that stores by a function written in C?"""
    found = inspect.getattr_static(cls, name, None)
    return isinstance(found, property) and found.fset is not None and not isinstance(found.fset, types.FunctionType)


_CODE = ("__code__", "__defaults__", "__kwdefaults__")


def unseen_change(obj: Any, name: str, value: Any) -> str:
    """Why nobody sees what it does to the other threads when this attribute is changed; "" if it can be seen."""
    special = name.startswith("__") and name.endswith("__")
    if issubclass(type(obj), type):
        if special:
            return f"{name} of a class is changed, which Python itself looks up"
        before = next((owner.__dict__[name] for owner in obj.__mro__ if name in owner.__dict__), None)
        if _computes(before) or _computes(value):
            return f"{obj.__name__}.{name} is changed, and a property or another descriptor acts where no step can be seen"
    elif name == "__class__" or (name in _CODE and kind_of(type(obj)) == FUNCTION):
        return f"{name} is changed, which Python itself looks up"
    return ""


def _computes(value: Any) -> bool:
    return hasattr(type(value), "__get__") and not is_function(value)


def is_function(value: Any) -> bool:
    """Does an attribute of a class with this value make a method?"""
    return kind_of(type(value)) == FUNCTION or isinstance(value, staticmethod | classmethod)

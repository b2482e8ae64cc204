"""What kind of thing a value is: decides whether using it can be a step, and on which location."""

from __future__ import annotations

import collections
import functools
import sys
import types
from collections.abc import Callable
from typing import Any

from .identities import Identity

SCALARS: frozenset[type] = frozenset(
    {Identity, int, float, str, bytes, bool, complex, type(None), range, slice, type(Ellipsis), type(NotImplemented)}
)
CONTAINERS: tuple[type, ...] = (list, dict, set, bytearray, collections.deque)
VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()), types.MappingProxyType)

SCALAR, CONTAINER, VIEW, MODULE, CLASS, FUNCTION, INSTANCE, OPAQUE = range(8)

_FUNCTIONS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    type(list.append),
    type(list.__len__),
    type([].__len__),
    functools.partial,
)

# Methods of the containers that only read. Every other method counts as a write.
READERS: frozenset[str] = frozenset(
    {
        *("__contains__", "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__getitem__", "__iter__"),
        *("__len__", "__repr__", "__reversed__", "__str__", "__or__", "__and__", "__sub__", "__xor__", "__add__"),
        *("__mul__", "__bool__", "__format__", "__sizeof__", "__hash__", "copy", "count", "index", "get", "items"),
        *("keys", "values", "difference", "intersection", "union", "symmetric_difference", "isdisjoint", "issubset"),
        *("issuperset", "most_common", "elements", "total", "decode", "find", "rfind", "hex", "endswith", "startswith"),
        *("split", "join", "isdigit", "upper", "lower", "strip"),
    }
)

# Methods that look inside what the container holds, too.
DEEP: frozenset[str] = frozenset(
    f"__{name}__" for name in "eq ne lt le gt ge repr str format contains".split()
) | frozenset({"index", "count", "remove", "sort"}
)


class _Kinds(dict[type, int]):
    """The kind of the instances of each class, found out when first asked for."""

    def __missing__(self, cls: type) -> int:
        kind = self[cls] = _kind(cls)
        return kind


KINDS = _Kinds()
kind_of: Callable[[type], int] = KINDS.__getitem__
"""The kind of the instances of a class."""


def _kind(cls: type) -> int:
    if cls in SCALARS or cls in (tuple, frozenset) or (module_of(cls) in _IMMUTABLE and cls.__name__ != "Context"):
        return SCALAR
    if cls is types.SimpleNamespace:
        return INSTANCE
    if issubclass(cls, CONTAINERS):
        return CONTAINER
    if issubclass(cls, VIEWS):
        return VIEW
    if issubclass(cls, types.ModuleType):
        return MODULE
    if issubclass(cls, type):
        return CLASS
    if issubclass(cls, _FUNCTIONS):
        return FUNCTION
    if cls.__flags__ & (1 << 9) and is_readers(cls):  # made by a class statement of the reader's
        return INSTANCE
    return OPAQUE


_IMMUTABLE = {"datetime", "decimal", "_decimal", "fractions", "pathlib", "pathlib._local", "uuid", "re", "zoneinfo"}


_LOOK_BY_METHODS = {
    *("builtins", "_collections_abc", "collections.abc", "typing", "abc", "enum", "contextlib", "functools", "threading"),
    "numbers",
}
"""Modules of base classes that get at an object through its methods only."""
_SPECIAL = [f"__{name}__" for name in "getitem setitem delitem iter next len contains bool eq lt add or and sub".split()]


class _Unseen(dict[type, bool]):
    """Do operators reach, in the instances of a class, code that cannot be seen? Found out when first asked for."""

    def __missing__(self, cls: type) -> bool:
        kind = kind_of(cls)
        found = kind == OPAQUE and cls is not types.GeneratorType
        if kind == INSTANCE:
            for name in _SPECIAL:
                owner = next((c for c in cls.__mro__ if name in c.__dict__), object)
                found = found or not (is_readers(owner) or module_of(owner) in _LOOK_BY_METHODS)
        self[cls] = found
        return found


UNSEEN = _Unseen()
is_unseen: Callable[[type], bool] = UNSEEN.__getitem__


_library: dict[str, bool] = {}


def is_library(file: str | None, module: str | None) -> bool:
    """Is it code that came with Python or was installed, and not the reader's?"""
    if module is not None and module.partition(".")[0] == "kitchen_helpers":
        return not module.startswith(("kitchen_helpers.coursework", "kitchen_helpers.workloads"))
    if file is None:  # built into Python: sys, time
        return module is not None and module != "__main__" and module.partition(".")[0] in sys.stdlib_module_names
    known = _library.get(file)
    if known is None:
        known = _library[file] = "site-packages" in file or "dist-packages" in file or _in_standard_library(file)
    return known


def _in_standard_library(file: str) -> bool:
    return file.startswith("<frozen") or any(file.startswith(path) for path in _STANDARD)


_STANDARD = tuple(
    {
        str(path).rstrip("/\\") + ("\\" if "\\" in str(path) else "/")
        for path in (types.__file__.rpartition("types.py")[0], collections.__file__.rpartition("collections")[0])
    }
)


def module_of(cls: type) -> str:
    """The name of the module of a class ("builtins" where the class hides it)."""
    name = cls.__module__
    return name if isinstance(name, str) else "builtins"


class _Readers(dict[type, bool]):
    """Which classes the reader wrote (so that their methods can be rewritten), found out when first asked for."""

    def __missing__(self, cls: type) -> bool:
        name = module_of(cls)
        if name.partition(".")[0] in sys.stdlib_module_names and name != "__main__":
            found = False
        else:
            found = not is_library(getattr(sys.modules.get(name), "__file__", None), name)
        self[cls] = found
        return found


is_readers: Callable[[type], bool] = _Readers().__getitem__
"""Is it a class that the reader wrote?"""


def is_a(value: Any, classes: Any) -> bool:
    """`isinstance` that does not ask the object, which may be written to answer for itself."""
    return issubclass(type(value), classes)


def attributes_of(item: Any) -> dict[str, Any]:
    """The attributes of an object, past any `__getattribute__` of the reader's; empty if it has no dict."""
    try:
        found = object.__getattribute__(item, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}


def deep(value: Any, limit: int = 10_000) -> list[Any]:
    """The mutable containers in a value, however deep, itself first; a program's own objects are not looked into."""
    kind = kind_of(type(value))
    if kind == SCALAR and type(value) not in (tuple, frozenset):
        return []
    found: list[Any] = []
    seen: set[int] = set()
    pending = [value]
    while pending and len(seen) < limit:
        item = pending.pop()
        cls = type(item)
        if cls in SCALARS or id(item) in seen:
            continue
        seen.add(id(item))
        kind = kind_of(cls)
        if kind == CONTAINER:
            found.append(item)
            if isinstance(item, dict):
                pending.extend(dict.keys(item))
                pending.extend(dict.values(item))
            elif not isinstance(item, bytearray):
                pending.extend(item)
        elif cls in (tuple, frozenset) or isinstance(item, tuple):
            pending.extend(item)
        elif kind == VIEW:
            pending.append(underlying(item))
    return found


def reachable(value: Any, limit: int = 10_000) -> list[Any]:
    """Everything mutable that code which gets hold of a value can get at: containers, objects, and what hangs on them."""
    found: list[Any] = []
    seen: set[int] = set()
    pending = [value]
    while pending and len(seen) < limit:
        item = pending.pop()
        cls = type(item)
        if cls in SCALARS or id(item) in seen:
            continue
        seen.add(id(item))
        kind = kind_of(cls)
        if kind in (CONTAINER, INSTANCE, OPAQUE):
            found.append(item)
        elif kind == CLASS:
            found.extend(owner for owner in item.__mro__ if is_readers(owner))
        if isinstance(item, dict):
            pending.extend([*dict.keys(item), *dict.values(item)])
        elif isinstance(item, list | tuple | set | frozenset | collections.deque):
            pending.extend(item)
        elif kind == VIEW:
            pending.append(underlying(item))
        if kind == OPAQUE and module_of(cls).partition(".")[0] not in _KEEP_TO_THEMSELVES:
            pending.extend(attributes_of(item).values())  # a ChainMap can get at the dicts that it was made of
        if kind in (CONTAINER, INSTANCE):
            pending.extend(attributes_of(item).values())
            for owner in cls.__mro__:
                pending.extend(
                    d.__get__(item)
                    for d in owner.__dict__.values()
                    if isinstance(d, types.MemberDescriptorType) and _has(d, item)
                )
    return found


_KEEP_TO_THEMSELVES = {"threading", "_thread", "queue", "_queue", "concurrent", "logging", "io", "_io", "kitchen_helpers"}
"""Modules of objects that do not look at what they hold."""


def _has(slot: types.MemberDescriptorType, item: Any) -> bool:
    try:
        slot.__get__(item)
    except AttributeError:
        return False
    return True


def underlying(view: Any) -> Any:
    """The dict behind a view of it, or behind a proxy."""
    proxy = view if isinstance(view, types.MappingProxyType) else view.mapping
    found: list[Any] = []

    class Probe:
        def __eq__(self, other: object) -> bool:
            found.append(other)
            return True

        __hash__ = None  # type: ignore[assignment]

    proxy == Probe()  # noqa: B015 - a mappingproxy compares by handing its dict over
    return found[0]

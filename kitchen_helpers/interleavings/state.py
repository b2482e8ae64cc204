"""What the program could leave behind, saved before the first run and put back before every other one."""

from __future__ import annotations

import functools
import operator
import random
import types
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from typing import Any

from . import kinds
from .kinds import CLASS, CONTAINER, FUNCTION, INSTANCE, SCALARS, attributes_of, is_library, is_readers, kind_of
from .plans import forget_plans

_MISSING: Any = object()
_LEAST_ID = 1 << 20
_is = operator.is_


class Snapshot:
    """The globals, closures, defaults and class attributes that the reached functions use, and all that hangs on them."""

    def __init__(self, ensure: Callable[[Any], None]):
        self.ensure = ensure
        self.variables: dict[tuple[int, str], tuple[dict[str, Any], str, Any]] = {}
        self.cells: dict[int, tuple[types.CellType, Any]] = {}
        self.objects: dict[int, tuple[Any, _Saved]] = {}
        self.classes: dict[int, tuple[type, dict[str, Any]]] = {}
        self.ages: dict[int, int] = {}
        """id -> position: objects that were there before the program ran, in the order in which they were met."""
        self.kept: list[Any] = []
        self.dice: list[tuple[random.Random, Any]] = []
        """Generators of random numbers, and their states."""
        self.numbers: set[int] = set()
        """Large numbers among them, which could be ids."""

    def add_function(self, function: types.FunctionType) -> None:
        values = function.__globals__
        for name in sorted(_names(function.__code__)):
            if name in values or name not in __builtins__:  # type: ignore[operator]
                self.add_variable(values, name)
        for cell in function.__closure__ or ():
            if id(cell) not in self.cells:
                value = _content(cell)
                self.cells[id(cell)] = (cell, value)
                self.walk(value)
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self.walk(value)
        self.walk(function.__dict__)

    def add_variable(self, values: dict[str, Any], name: str) -> None:
        if (id(values), name) not in self.variables:
            value = values.get(name, _MISSING)
            self.variables[id(values), name] = (values, name, value)
            self.walk(value)

    def add_class(self, cls: type) -> None:
        for owner in [*cls.__mro__, *type.mro(type(cls))]:
            if id(owner) not in self.classes and is_readers(owner):
                self.classes[id(owner)] = (owner, dict(owner.__dict__))
                for name, value in owner.__dict__.items():
                    if not name.startswith("__"):
                        self.walk(value)

    def walk(self, value: Any) -> None:
        pending = [value]
        while pending:
            item = pending.pop()
            cls = type(item)
            if cls is int and item > _LEAST_ID:
                self.numbers.add(item)
            if cls in SCALARS or item is _MISSING or id(item) in self.ages:
                continue
            self.ages[id(item)] = len(self.ages)
            self.kept.append(item)
            kind = kind_of(cls)
            if kind in (FUNCTION, CLASS):
                self.ensure(item)
                if isinstance(item, type):
                    self.add_class(item)
                pending.extend(_bound(item))
                continue
            if kind in (CONTAINER, INSTANCE):
                self.objects[id(item)] = (item, _save(item))
                if kind == INSTANCE or is_readers(cls):
                    self.ensure(cls)
                    self.add_class(cls)
            elif isinstance(item, types.ModuleType):
                if not is_library(getattr(item, "__file__", None), item.__name__):
                    for name, inner in list(item.__dict__.items()):
                        if not name.startswith("__") and not isinstance(inner, types.ModuleType):
                            self.add_variable(item.__dict__, name)
                continue
            elif isinstance(item, random.Random) and not isinstance(item, random.SystemRandom):
                self.dice.append((item, item.getstate()))
            pending.extend(reversed(list(_inside(item))))

    def restore(self) -> None:
        for values, name, value in self.variables.values():
            if values.get(name, _MISSING) is not value:
                if value is _MISSING:
                    del values[name]
                else:
                    values[name] = value
        for cell, value in self.cells.values():
            if _content(cell) is not value:
                if value is _MISSING:
                    del cell.cell_contents
                else:
                    cell.cell_contents = value
        for item, saved in self.objects.values():
            _put_back(item, saved)
        for dice, state in self.dice:
            dice.setstate(state)
        for cls, attributes in self.classes.values():
            present = cls.__dict__
            if len(present) != len(attributes) or not all(map(_is, map(present.get, attributes), attributes.values())):
                forget_plans()
                for name in [n for n in cls.__dict__ if n not in attributes]:
                    delattr(cls, name)
                for name, value in attributes.items():
                    if cls.__dict__.get(name, _MISSING) is not value:
                        setattr(cls, name, value)

    def roots(self) -> Iterator[Any]:
        """The present values of what is saved."""
        for values, name, _ in self.variables.values():
            value = values.get(name)
            if kind_of(type(value)) not in (FUNCTION, CLASS):
                yield value
        for cell, _ in self.cells.values():
            yield _content(cell)
        for cls, attributes in self.classes.values():
            for name in attributes:
                if not name.startswith("__") and kind_of(type(cls.__dict__.get(name))) not in (FUNCTION, CLASS):
                    yield cls.__dict__.get(name)


def _bound(function: Any) -> tuple[Any, ...]:
    """What a function brings along: the object that a method belongs to, the arguments that were filled in."""
    if isinstance(function, functools.partial):
        return function.func, *function.args, *function.keywords.values()
    owner = getattr(function, "__self__", None)
    return () if isinstance(function, type) or isinstance(owner, types.ModuleType) else (owner,)


def _names(code: types.CodeType) -> set[str]:
    """Every name that a function, or one inside it, uses."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    return names


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _MISSING


def _slots(item: Any) -> list[str]:
    found = []
    for cls in type(item).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if name.startswith("__") and not name.endswith("__"):
                name = f"_{cls.__name__.lstrip('_')}{name}"
            if name not in ("__dict__", "__weakref__"):
                found.append(name)
    return found


def _slot(item: Any, name: str) -> Any:
    try:
        return object.__getattribute__(item, name)
    except AttributeError:
        return _MISSING


_Saved = tuple[Any, dict[str, Any], dict[str, Any]]
_PLAIN = frozenset(kinds.CONTAINERS)


def _save(item: Any) -> _Saved:
    """The content of a container, the attributes, and the slots of an object."""
    content: Any = None
    if isinstance(item, dict):
        content = _keys_and_values(item)
    elif kind_of(type(item)) == CONTAINER:
        content = bytes(item) if isinstance(item, bytearray) else list(item)
    slots = {name: _slot(item, name) for name in _slots(item)}
    return content, dict(attributes_of(item)), slots


def _base(item: dict[Any, Any]) -> type[dict[Any, Any]]:
    """Whose methods know all of a dict: an OrderedDict has an order of its own."""
    return OrderedDict if isinstance(item, OrderedDict) else dict


def _keys_and_values(item: dict[Any, Any]) -> tuple[list[Any], list[Any]]:
    cls = _base(item)
    return list(cls.keys(item)), list(cls.values(item))


def _put_back(item: Any, saved: _Saved) -> None:
    content, attributes, slots = saved
    if content is not None:
        if isinstance(item, dict):
            keys, values = content
            # (the attributes of a function are such a dict, most of them empty)
            if (keys or dict.__len__(item)) and not all(map(_same, _keys_and_values(item), content)):
                cls = _base(item)
                cls.clear(item)
                for key, value in zip(keys, values, strict=True):
                    cls.__setitem__(item, key, value)
        elif isinstance(item, list):
            if not _same(item, content):
                list.__setitem__(item, slice(None), content)
        elif isinstance(item, set):
            if len(item) != len(content) or any(c not in item for c in content):
                item.clear()
                item.update(content)
        elif isinstance(item, bytearray):
            item[:] = content
        else:
            item.clear()
            item.extend(content)
    if type(item) in _PLAIN:
        return
    present = attributes_of(item)
    if not (_same(present.values(), attributes.values()) and list(present) == list(attributes)):
        present.clear()
        present.update(attributes)
    for name, value in slots.items():
        if _slot(item, name) is not value:
            if value is _MISSING:
                object.__delattr__(item, name)
            else:
                object.__setattr__(item, name, value)


def _same(now: Collection[Any], saved: Collection[Any]) -> bool:
    """Are these the very same objects?"""
    return len(now) == len(saved) and all(map(_is, now, saved))


def _inside(item: Any) -> list[Any]:
    """What hangs on a value."""
    found: list[Any] = []
    if isinstance(item, dict):
        found.extend(dict.keys(item))
        found.extend(dict.values(item))
    elif (kind_of(type(item)) == CONTAINER and not isinstance(item, bytearray)) or isinstance(item, tuple | frozenset):
        found.extend(item)
    if kind_of(type(item)) in (INSTANCE, CONTAINER):
        found.extend(attributes_of(item).values())
        found.extend(v for name in _slots(item) if (v := _slot(item, name)) is not _MISSING)
    return found

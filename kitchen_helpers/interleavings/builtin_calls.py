"""Calls of functions and methods that are written in C: which of them read, which write, which call Python back."""

from __future__ import annotations

import bisect
import functools
import io
import itertools
import random
import sys
import types
from collections import deque
from typing import Any

from . import attributes, containers
from .accesses import Inside, opaque, record, use
from .callbacks import calling_back, hooked, seen
from .container_methods import PASS_ON, container_method, passing_on
from .containers import read_all
from .generators import asked, in_this_run
from .hashes import told
from .identities import Identity
from .iteration import Iterating, iterate
from .kinds import CONTAINER, DEEP, INSTANCE, OPAQUE, VIEW, deep, is_unseen, kind_of, underlying
from .leaks import address_in, addresses_printed, ids_given_to
from .models import threads
from .models.base import Model
from .outside import NO_WEAK_REFERENCES, asks_the_time, is_weak, uses_files
from .set_orders import Ties, refuse_order, unsteady_set
from .sites import Site
from .stand_ins import (
    ATTRIBUTE,
    HARMLESS,
    LAZY,
    LOOKS_BY_METHODS,
    READS_DEEP,
    REFUSED,
    REFUSED_MODULES,
    STAND_INS,
    UNJUDGED,
)
from .threads import READ, WRITE, Access, VirtualThread
from .unseen_calls import call_unseen, named_stand_ins, with_stand_ins


def call_builtin(
    thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Functions and methods written in C."""
    owner = getattr(function, "__self__", None)
    if type(owner) in _SIZED and function.__name__ in PASS_ON and not kwargs:
        return passing_on(thread, site, function, owner, function.__name__, args, args, kwargs)
    session = thread.run.session
    try:
        stand_in = STAND_INS.get(function)
    except TypeError:
        stand_in = None
    if stand_in is not None:
        made = stand_in(*with_stand_ins(thread, args), **named_stand_ins(thread, kwargs))
        return session.made(thread, made) if isinstance(made, Model) else made
    name = getattr(function, "__name__", "")
    if name == "__hash__" and not isinstance(owner, types.ModuleType):
        return _plain(thread, site, hash, args if owner is None else (owner,), kwargs)
    if owner is None and isinstance(function, type(list.append) | type(list.__len__)) and args:
        # list.append(items, x), object.__setattr__(self, "x", 1)
        done, value = _plain_attribute(thread, site, function, args[0], args[1:])
        if done:
            return value
        if kind_of(type(args[0])) == CONTAINER:
            return container_method(thread, site, function, args[0], name, args[1:], args, kwargs)
        return _plain(thread, site, function, args, kwargs)
    if owner is not None and not isinstance(owner, types.ModuleType):
        done, value = _plain_attribute(thread, site, function, owner, args)
        if done:
            return value
        kind = kind_of(type(owner))
        if kind == CONTAINER:
            return container_method(thread, site, function, owner, name, args, args, kwargs)
        if kind == VIEW:
            read_all(thread, site, [underlying(owner)])
            return function(*args, **kwargs)
        replaced = session.stand_in(thread, owner)
        if replaced is not owner:
            return getattr(replaced, name)(*args, **kwargs)
        if isinstance(owner, types.GeneratorType):
            return _generator_method(thread, site, function, owner, args, kwargs)
        if isinstance(owner, Iterating):
            return function(*args, **kwargs)
        if name == "__next__" and kind == OPAQUE and not args:
            return _next(thread, site, (owner,))
        if owner is itertools.chain and name == "from_iterable":
            inner = (iterate(site, a) for a in iterate(site, args[0]))
            return session.made(thread, function(inner))
        if isinstance(owner, random.Random):
            return call_random(thread, site, function, args, kwargs)
        if isinstance(owner, str | bytes | tuple | frozenset | int | float | type):
            return _plain(thread, site, function, args, kwargs)
        if name == "add_note" and isinstance(owner, BaseException):
            attributes.use_plain(thread, site, "write", owner, "__notes__", WRITE)
            return function(*args)
        return call_unseen(thread, site, function, args, kwargs)
    return _plain(thread, site, function, args, kwargs)


def call_random(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The functions of `random` share one generator: each thread gets its own, the same in every run."""
    owner = function.__self__
    if isinstance(owner, random.SystemRandom):
        thread.run.sharing.refuse(site, "true randomness is not the same in every run")
    mode = WRITE if function.__name__ == "shuffle" else READ
    used = {id(c): c for c in containers.containers_of(*args)}
    if used:
        use(thread, site, "call", next(iter(used.values())), tuple((key, mode) for key in used), list(used.values()))
    if owner is not random._inst:
        thread.writes += 1
        if not thread.run.solo:
            use(thread, site, "read", owner, ((id(owner), WRITE),), owner)
        return function(*args, **kwargs)
    return getattr(threads.chance(), function.__name__)(*args, **kwargs)


def _generator_method(
    thread: VirtualThread, site: Site, function: Any, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    asked(thread, site, owner)
    return function(*args, **kwargs)


def _plain_attribute(
    thread: VirtualThread, site: Site, function: Any, obj: Any, args: tuple[Any, ...]
) -> tuple[bool, Any]:
    """The attribute access of `object`, called by name; False first if it is none of them."""
    name = getattr(function, "__name__", "")
    if issubclass(type(obj), type) and name in ("__setattr__", "__delattr__") and not thread.run.solo:
        thread.run.sharing.refuse(site, f"{name} of a class is called, which changes it where no step can be seen")
    if not args or not isinstance(args[0], str):
        return False, None
    if issubclass(type(obj), type):
        if name != "__getattribute__":
            return False, None
        attributes.use_attribute(thread, site, obj, args[0])
        return True, type.__getattribute__(obj, args[0])
    if name == "__setattr__" and len(args) == 2:
        attributes.plain_store(thread, site, args[1], obj, args[0])
        return True, None
    if name == "__getattribute__":
        return True, attributes.plain_load(thread, site, obj, args[0])
    if name == "__delattr__":
        attributes.plain_delete(thread, site, obj, args[0])
        return True, None
    return False, None


_SIZED = frozenset({list, dict, set, bytearray, deque})


def _plain(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Built-in functions and classes."""
    if function is len and len(args) == 1 and type(args[0]) in _SIZED and not kwargs:
        inside = args[0]
        use(thread, site, "read", inside, ((id(inside), READ),), inside)
        size = len(inside)
        record(thread, site, "read", inside, "len(", size)
        return size
    _refuse(thread, site, function)
    if function in ATTRIBUTE and len(args) >= 2 and isinstance(args[1], str):
        return _attribute(site, function, args)
    if function is id and len(args) == 1:
        return _id(thread, site, args[0])
    if function is print:
        return _print(thread, site, args, kwargs)
    if isinstance(function, type) and issubclass(function, BaseException):
        return function(*args, **kwargs)
    ids_given_to(thread, site, function, args, kwargs)
    if function in HARMLESS:
        _looks(thread, site, function, args)
        return function(*args, **kwargs)
    for value in (*args, *kwargs.values()):
        thread.run.session.ensure_callable(value)
    if function is next and args:
        return _next(thread, site, args)
    if function in LAZY:
        return _lazy(thread, site, function, args, kwargs)
    return _at_once(thread, site, function, args, kwargs)


def _refuse(thread: VirtualThread, site: Site, function: Any) -> None:
    """What a function does may be nothing that an exploration can judge, or nothing that it may do again and again."""
    session = thread.run.session
    if function in REFUSED or getattr(function, "__module__", None) in REFUSED_MODULES:
        session.forbid(
            thread, site, REFUSED.get(function, f"{function.__module__}.{function.__name__} cannot be explored")
        )
    if function in UNJUDGED:
        thread.run.sharing.refuse(site, f"{site.text}() can do what no step shows")
    owner = getattr(function, "__self__", None)
    if owner is not None and not isinstance(owner, types.ModuleType | type):
        return
    if uses_files(function):
        session.forbid(thread, site, f"{function.__name__}() uses files, which no run can put back")
    if asks_the_time(function):
        threads.only_one(thread, "the time")
    if is_weak(function):
        session.forbid(thread, site, NO_WEAK_REFERENCES)
    if getattr(function, "__name__", "") == "__subclasses__":
        thread.run.sharing.refuse(site, "which classes there are is not the same in every run")


def _id(thread: VirtualThread, site: Site, value: Any) -> int:
    if not site.hashing:
        return thread.run.session.identity(thread, site, value)
    thread.run.hash_varies = True
    return id(value)


def _print(thread: VirtualThread, site: Site, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    read_all(thread, site, deep(args))
    args = tuple(int.__int__(a) if type(a) is Identity else a for a in args)
    file = kwargs.get("file")
    if file is not None and file is not sys.stdout and file is not sys.stderr:
        thread.run.session.ensure(type(file))
        addresses_printed(thread, site, args)
        if kind_of(type(file)) == OPAQUE:
            opaque(thread, site, file)
    elif thread.run.quiet:
        kwargs = {**kwargs, "file": io.StringIO()}  # (it may have to ask the reader's `__str__`)
    print(*args, **kwargs)


def _looks(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...]) -> None:
    """Of the functions that do no harm, two may look at what threads share."""
    if function is type and len(args) == 3:
        read_all(thread, site, deep(args))
    elif function in (isinstance, issubclass):
        if any(map(_is_protocol, args[1] if type(args[1]) is tuple else args[1:])):
            opaque(thread, site, args[0])


def _lazy(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Functions that give an iterator: each item that it takes is a step of its own."""
    if function is reversed and len(args) == 1:
        return iterate(site, args[0], backwards=True)
    if function is iter:
        if len(args) == 1:
            return iterate(site, args[0]) if not isinstance(args[0], str | tuple | bytes | range) else iter(args[0])
        return function(seen(site, args[0]), *args[1:])
    first = 1 if function in (map, filter) else 0
    if first and args:
        args = (seen(site, args[0] if args[0] is not None else bool), *args[1:])
    last = 1 if function is enumerate else len(args)  # (behind it: where it begins to count)
    wrapped = [*args[:first], *(iterate(site, a) for a in args[first:last])]
    return thread.run.session.made(thread, function(*wrapped, *args[last:], **kwargs))


def _at_once(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Functions that do all that they do in one piece, but for what they call."""
    _in_any_order(thread, site, function, args, kwargs)
    values = [hooked(site, a) for a in args]
    kwargs = {name: (seen if name == "key" else hooked)(site, value) for name, value in kwargs.items()}
    ties = Ties(function, kwargs) if function in _BY_KEY and args and unsteady_set(args[0]) else None
    if function is functools.reduce and values:
        values[0] = seen(site, args[0])
    if len(values) == 1 and isinstance(values[0], Iterating) and values[0].mode == READ:
        # A C function that takes all items of a container's iterator does so in one piece.
        inner = values[0]
        use(thread, site, "read", inner.source, ((inner.key, READ), (id(inner), WRITE)), (inner.source, inner))
        values[0] = inner.iterator
    owner = getattr(function, "__self__", None)
    compares = getattr(function, "__name__", "") in DEEP
    inside = compares or function in READS_DEEP or function in _READS_ITEMS or isinstance(owner, str)
    given = (*args, *kwargs.values(), *((owner,) if compares and isinstance(owner, tuple) else ()))
    found = [c for v in given for c in (deep(v) if inside else containers.containers_of(v))]
    for value in args:
        if isinstance(value, types.GeneratorType):
            asked(thread, site, value)
        elif function in READS_DEEP:
            containers.compared(thread, site, value, names=containers.SHOWING)
        elif is_unseen(type(value)) and function is not id and not isinstance(value, Iterating):
            opaque(thread, site, value)
    if function not in LOOKS_BY_METHODS and not _takes_a_value(function):
        opaque(thread, site, *(v for v in (*args, *kwargs.values()) if kind_of(type(v)) == INSTANCE))
    if function not in _LOOKS_AT_NONE:
        containers.compared(thread, site, *args)
    accesses: tuple[Access, ...]
    if only_reads(function):
        accesses = tuple((key, READ) for key in {id(f): f for f in found})
        read_all(thread, site, found)
    else:
        written = {id(c): c for c in containers.containers_of(*given)}
        read = {id(c): c for v in given for c in deep(v) if id(c) not in written}
        accesses = (*((key, WRITE) for key in written), *((key, READ) for key in read))
        written |= read
        use(thread, site, "call", args[0] if args else None, accesses, list(written.values()))
    if accesses and site.visible:
        values = [calling_back(thread, value) for value in values]
        kwargs = {key: calling_back(thread, value) for key, value in kwargs.items()}
        with Inside(thread, site, args[0], accesses):
            value = function(*values, **kwargs)
    else:
        value = function(*values, **kwargs)
    if found:
        record(thread, site, "read", found[0], getattr(function, "__name__", "") + "(", value)
    if ties is not None and ties.matter(value):
        refuse_order(thread, site, args[0])
    if function is hash:
        return told(thread, site, args[0], value)
    return address_in(thread, site, value)


def _is_protocol(cls: Any) -> bool:
    """Does asking whether something is an instance of a class look at its attributes?"""
    return bool(getattr(cls, "_is_protocol", False))


def _in_any_order(
    thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """A function is about to go through sets: does it matter in which order?"""
    if function in _WITHOUT_ORDER or function in _BY_KEY:
        return
    if isinstance(getattr(function, "__self__", None), frozenset):
        return
    for value in (*args, *kwargs.values()):
        for item in (value, *deep(value)) if function in READS_DEEP else (value,):
            refuse_order(thread, site, item)


_BY_KEY = frozenset({sorted, min, max})
"""Functions that go through a set in its order, which matters if items are equal by their keys."""
_WITHOUT_ORDER = frozenset({len, bool, set, frozenset, any, all, sum, id, hash})


_READS_ITEMS: frozenset[Any] = frozenset({sorted, max, min, sum, any, all, dict, bisect.bisect_left, bisect.bisect_right})
_LOOKS_AT_NONE = frozenset({len, list, tuple, iter, bool, id, any, all, enumerate, zip, map, filter})


_UPDATES = {"setitem", "delitem", "iadd", "iand", "iconcat", "ior", "ixor", "isub", "imul", "call", "methodcaller"}


def only_reads(function: Any) -> bool:
    """Does a built-in function leave the containers that it is given as they are?"""
    module = getattr(function, "__module__", None)
    if isinstance(function, type) or module in (None, "builtins", "math", "time", "cmath") or function is functools.reduce:
        return True
    return module == "_operator" and function.__name__ not in _UPDATES


def _takes_a_value(function: Any) -> bool:
    """Methods of strings and numbers look at other objects only through their methods, but for the fields of a format."""
    owner = getattr(function, "__self__", None)
    return isinstance(owner, str | bytes | tuple | frozenset | int | float) and function.__name__ not in (
        "format",
        "format_map",
    )


def _next(thread: VirtualThread, site: Site, args: tuple[Any, ...]) -> Any:
    iterator = args[0]
    if isinstance(iterator, Iterating):
        # Two threads that share the iterator conflict on it, not only on what it comes from.
        accesses = ((iterator.own, WRITE), (iterator.key, iterator.mode))
        use(thread, site, "read", iterator.shown, accesses, iterator.kept)
        return next(iterator.iterator, *args[1:])
    if isinstance(iterator, types.GeneratorType):
        asked(thread, site, iterator)
    elif kind_of(type(iterator)) == OPAQUE:
        iterator = in_this_run(thread, site, iterator)
        use(thread, site, "read", iterator, ((id(iterator), WRITE),), iterator)
        value = next(iterator, *args[1:])
        record(thread, site, "read", iterator, "next(", value)
        return value
    return next(*args)


def _attribute(site: Site, function: Any, args: tuple[Any, ...]) -> Any:
    """getattr, setattr, delattr and hasattr are steps on the attribute that they name."""
    if function is setattr:
        return attributes.store_named(site, args[2], args[0], args[1])
    if function is delattr:
        return attributes.delete(site, args[0], args[1])
    try:
        value = attributes.load_named(site, args[0], args[1])
    except AttributeError:
        if function is hasattr:
            return False
        if len(args) == 3:
            return args[2]
        raise
    return True if function is hasattr else value

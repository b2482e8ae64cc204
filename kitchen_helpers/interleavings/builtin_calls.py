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
from .accesses import Inside, called_back, opaque, record, use
from .containers import Iterating, generator_key, in_this_run, iterate, read_all
from .identities import LOOK_AT_IDS, Identity, hashes_by_address, refuse_order
from .kinds import CLASS, CONTAINER, FUNCTION, INSTANCE, OPAQUE, VIEW, deep, is_library, is_unseen, kind_of, underlying
from .models import threads
from .models.base import Model
from .naming import short
from .sites import Site
from .stand_ins import ATTRIBUTE, HARMLESS, LAZY, LOOKS_BY_METHODS, READS_DEEP, REFUSED, REFUSED_MODULES, STAND_INS
from .threads import READ, WRITE, Access, VirtualThread, current


def call_builtin(
    thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Functions and methods written in C."""
    owner = getattr(function, "__self__", None)
    if type(owner) in _SIZED and function.__name__ in _PASS_ON and not kwargs:
        return _passing_on(thread, site, function, owner, function.__name__, args, args, kwargs)
    session = thread.run.session
    try:
        stand_in = STAND_INS.get(function)
    except TypeError:
        stand_in = None
    if stand_in is not None:
        made = stand_in(*with_stand_ins(thread, args), **named_stand_ins(thread, kwargs))
        return session.made(thread, made) if isinstance(made, Model) else made
    name = getattr(function, "__name__", "")
    if owner is None and isinstance(function, type(list.append) | type(list.__len__)) and args:
        # list.append(items, x), object.__setattr__(self, "x", 1)
        done, value = _plain_attribute(thread, site, function, args[0], args[1:])
        if done:
            return value
        if kind_of(type(args[0])) == CONTAINER:
            return _container_method(thread, site, function, args[0], name, args[1:], args, kwargs)
        return _plain(thread, site, function, args, kwargs)
    if owner is not None and not isinstance(owner, types.ModuleType):
        done, value = _plain_attribute(thread, site, function, owner, args)
        if done:
            return value
        kind = kind_of(type(owner))
        if kind == CONTAINER:
            return _container_method(thread, site, function, owner, name, args, args, kwargs)
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
        return call_unseen(thread, site, function, args, kwargs)
    return _plain(thread, site, function, args, kwargs)


def call_random(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The functions of `random` share one generator: each thread gets its own, the same in every run."""
    owner = function.__self__
    mode = WRITE if function.__name__ == "shuffle" else READ
    used = {id(c): c for c in containers.containers_of(*args)}
    if used:
        use(thread, site, "call", next(iter(used.values())), tuple((key, mode) for key in used), list(used.values()))
    if owner is not random._inst:
        thread.writes += 1
        if not thread.run.solo:
            use(thread, site, "read", owner, ((id(owner), WRITE),), owner)
        return function(*args, **kwargs)
    if isinstance(owner, random.SystemRandom):
        thread.run.sharing.refuse(site, "true randomness is not the same in every run")
    return getattr(threads.chance(), function.__name__)(*args, **kwargs)


def _generator_method(
    thread: VirtualThread, site: Site, function: Any, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    use(thread, site, "read", owner, ((generator_key(thread, owner), WRITE),), owner)
    return function(*args, **kwargs)


def _plain_attribute(
    thread: VirtualThread, site: Site, function: Any, obj: Any, args: tuple[Any, ...]
) -> tuple[bool, Any]:
    """The attribute access of `object`, called by name; False first if it is none of them."""
    name = getattr(function, "__name__", "")
    if issubclass(type(obj), type) and name in ("__setattr__", "__delattr__") and not thread.run.solo:
        thread.run.sharing.refuse(site, f"{name} of a class is called, which changes it where no step can be seen")
    if issubclass(type(obj), type) or not args or not isinstance(args[0], str):
        return False, None
    if name == "__setattr__" and len(args) == 2:
        attributes.plain_store(thread, site, args[1], obj, args[0])
        return True, None
    if name == "__getattribute__":
        return True, attributes.plain_load(thread, site, obj, args[0])
    if name == "__delattr__":
        attributes.plain_delete(thread, site, obj, args[0])
        return True, None
    return False, None


_PASS_ON = frozenset(
    {"append", "add", "appendleft", "insert", "setdefault", "get", "pop", "popleft", "__setitem__", "__getitem__"}
)
"""Methods that only pass a reference on."""
_CALL_NOBODY = frozenset({"append", "appendleft", "popleft"})
"""And that of a list or deque never call Python back: they neither compare nor let go of an item."""


def _passing_on(
    thread: VirtualThread,
    site: Site,
    function: Any,
    owner: Any,
    name: str,
    arguments: tuple[Any, ...],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """`items.append(x)` and its like: what programs call most."""
    for value in (*arguments, *kwargs.values()):
        thread.run.session.ensure_callable(value)
    if name == "pop" and isinstance(owner, set):
        refuse_order(thread, site, owner)
    mode, _ = containers.container_method(name, owner)
    doing = "read" if mode == READ else "write"
    accesses = ((id(owner), mode),)
    use(thread, site, doing, owner, accesses, owner)
    if not site.visible:
        return function(*args, **kwargs)
    if name in _CALL_NOBODY and (type(owner) is list or (type(owner) is deque and owner.maxlen is None)):
        value = function(*args)
    else:
        with Inside(thread, site, owner, accesses):
            value = function(*args, **kwargs)
    record(thread, site, doing, owner, _named(thread, name, arguments), value)
    return value


def _named(thread: VirtualThread, name: str, arguments: tuple[Any, ...]) -> str:
    return f"{name}({', '.join(short(a) for a in arguments)})" if thread.run.log is not None else name


def _container_method(
    thread: VirtualThread,
    site: Site,
    function: Any,
    owner: Any,
    name: str,
    arguments: tuple[Any, ...],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    if name in ("keys", "values", "items", "__init_subclass__", "__reduce_ex__") and isinstance(owner, dict):
        return function(*args, **kwargs)  # a view: reading it is a step
    if name == "__iter__":
        return iterate(site, owner)
    if name in _PASS_ON:
        return _passing_on(thread, site, function, owner, name, arguments, args, kwargs)
    mode, looks_inside = containers.container_method(name, owner)
    for value in arguments:
        thread.run.session.ensure_callable(value)
    for value in kwargs.values():
        thread.run.session.ensure_callable(value)
    if "key" in kwargs:
        kwargs = {**kwargs, "key": _seen(site, kwargs["key"])}
    accesses: tuple[Access, ...] = ((id(owner), mode),)
    others: list[Any] = []
    for value in arguments:
        others.extend(deep(value) if looks_inside or name == "update" else containers.containers_of(value))
    if looks_inside:
        others.extend(deep(owner))
    accesses = (*accesses, *((key, READ) for key in {id(o): o for o in others if o is not owner}))
    containers.compared(thread, site, owner, *arguments)
    doing = "read" if mode == READ else "write"
    use(thread, site, doing, owner, accesses, [owner, *others])
    if not site.visible:
        return function(*args, **kwargs)
    kwargs = {key: _calling_back(thread, value) for key, value in kwargs.items()}
    with Inside(thread, site, owner, accesses):
        value = function(*args, **kwargs)
    record(thread, site, doing, owner, _named(thread, name, arguments), value)
    return value


_SIZED = frozenset({list, dict, set, bytearray, deque})


def _plain(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Built-in functions and classes."""
    if function is len and len(args) == 1 and type(args[0]) in _SIZED and not kwargs:
        inside = args[0]
        use(thread, site, "read", inside, ((id(inside), READ),), inside)
        size = len(inside)
        record(thread, site, "read", inside, "len(", size)
        return size
    session = thread.run.session
    if function in REFUSED or getattr(function, "__module__", None) in REFUSED_MODULES:
        session.forbid(
            thread, site, REFUSED.get(function, f"{function.__module__}.{function.__name__} cannot be explored")
        )
    if function in ATTRIBUTE and len(args) >= 2 and isinstance(args[1], str):
        return _attribute(site, function, args)
    if function in LOOK_AT_IDS and args:
        if function is id and len(args) == 1:
            return session.identity(thread, site, args[0])
        if function is hash and hashes_by_address(args[0]):
            return session.identity(thread, site, args[0])
        if type(args[0]) is Identity:
            args[0].used("used as a number")
        elif function in (list, tuple) and isinstance(args[0], set | frozenset):
            refuse_order(thread, site, args[0])
    if function is print:
        read_all(thread, site, deep(args))
        args = tuple(int.__int__(a) if type(a) is Identity else a for a in args)
        if thread.run.quiet and kwargs.get("file") in (None, sys.stdout, sys.stderr):
            kwargs = {**kwargs, "file": io.StringIO()}  # (it may have to ask the reader's `__str__`)
        return print(*args, **kwargs)
    if function in HARMLESS or (isinstance(function, type) and issubclass(function, BaseException)):
        return function(*args, **kwargs)
    for value in (*args, *kwargs.values()):
        session.ensure_callable(value)
    if function is next and args:
        return _next(thread, site, args)
    if function in LAZY:
        if function is reversed and len(args) == 1:
            return iterate(site, args[0], backwards=True)
        if function is iter:
            if len(args) == 1:
                return iterate(site, args[0]) if not isinstance(args[0], str | tuple | bytes | range) else iter(args[0])
            return function(*args)
        first = 1 if function in (map, filter) else 0
        if first and args:
            args = (_seen(site, args[0] if args[0] is not None else bool), *args[1:])
        last = 1 if function is enumerate else len(args)  # (behind it: where it begins to count)
        wrapped = [*args[:first], *(iterate(site, a) for a in args[first:last])]
        return session.made(thread, function(*wrapped, *args[last:], **kwargs))
    values = [_hooked(site, a) for a in args]
    kwargs = {name: (_seen if name == "key" else _hooked)(site, value) for name, value in kwargs.items()}
    if function is functools.reduce and values:
        values[0] = _seen(site, args[0])
    if len(values) == 1 and isinstance(values[0], Iterating) and values[0].mode == READ:
        # A C function that takes all items of a container's iterator does so in one piece.
        inner = values[0]
        use(thread, site, "read", inner.source, ((inner.key, READ), (id(inner), WRITE)), (inner.source, inner))
        values[0] = inner.iterator
    inside = function in READS_DEEP or function in _READS_ITEMS or isinstance(getattr(function, "__self__", None), str)
    given = (*args, *kwargs.values())
    found = [c for v in given for c in (deep(v) if inside else containers.containers_of(v))]
    for value in args:
        if isinstance(value, types.GeneratorType):
            use(thread, site, "read", value, ((generator_key(thread, value), WRITE),), value)
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
        values = [_calling_back(thread, value) for value in values]
        kwargs = {key: _calling_back(thread, value) for key, value in kwargs.items()}
        with Inside(thread, site, args[0], accesses):
            value = function(*values, **kwargs)
    else:
        value = function(*values, **kwargs)
    if found:
        record(thread, site, "read", found[0], getattr(function, "__name__", "") + "(", value)
    return value


_READS_ITEMS = frozenset({sorted, max, min, sum, any, all, dict, bisect.bisect_left, bisect.bisect_right})
_LOOKS_AT_NONE = frozenset({len, list, tuple, iter, bool, id, any, all, enumerate, zip, map, filter})


def _calling_back(thread: VirtualThread, value: Any) -> Any:
    """A function that C code is going to call: where it comes back, others may see what the C call has done so far."""
    if not isinstance(value, types.FunctionType | types.MethodType | functools.partial):
        return value

    def called(*args: Any, **kwargs: Any) -> Any:
        result = value(*args, **kwargs)
        called_back()
        return result

    return called


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


def _seen(site: Site, value: Any) -> Any:
    """A function that C code is going to call for each item (a key, what `map` maps), so that its looks are seen."""
    from .calls import call

    if value is None:
        return None
    if value is str or value is repr:
        return lambda item: _text(site, value, item)
    function = value.__func__ if isinstance(value, types.MethodType) else value
    if isinstance(function, types.FunctionType) and not is_library(function.__code__.co_filename, function.__module__):
        return value
    return lambda *args: call(site, value, *args)


def _text(site: Site, function: Any, item: Any) -> Any:
    from .calls import call

    thread = current()
    plain: Any = object
    if thread is not None and type(item).__str__ == plain.__str__ and type(item).__repr__ == plain.__repr__:
        thread.run.sharing.refuse(site, "objects are compared by the text of their address, which is not the same in every run")
    return call(site, function, item)


def numbered(site: Site, value: Any) -> Any:
    """`id` and `hash` as values that code which cannot be seen is going to call."""
    return _seen(site, value) if value is id or value is hash else value


def _hooked(site: Site, value: Any) -> Any:
    """A method of a container, or a function of the library (`Thread.start`), that C code is going to call."""
    function = value.__func__ if isinstance(value, types.MethodType) else value
    if value is id or value is hash:
        return _seen(site, value)
    if (isinstance(value, types.BuiltinMethodType) and kind_of(type(value.__self__)) == CONTAINER) or (
        isinstance(function, types.FunctionType) and is_library(function.__code__.co_filename, function.__module__)
    ):
        from .calls import call

        return lambda *args: call(site, value, *args)
    return value


def _next(thread: VirtualThread, site: Site, args: tuple[Any, ...]) -> Any:
    iterator = args[0]
    if isinstance(iterator, Iterating):
        # Two threads that share the iterator conflict on it, not only on what it comes from.
        use(thread, site, "read", iterator.source, ((id(iterator), WRITE), (iterator.key, iterator.mode)), iterator)
        return next(iterator.iterator, *args[1:])
    if isinstance(iterator, types.GeneratorType):
        use(thread, site, "read", iterator, ((generator_key(thread, iterator), WRITE),), iterator)
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


def with_stand_ins(thread: VirtualThread, args: tuple[Any, ...]) -> tuple[Any, ...]:
    if not args:
        return args
    stand_in = thread.run.session.stand_in
    return tuple(stand_in(thread, a) for a in args)


def named_stand_ins(thread: VirtualThread, kwargs: dict[str, Any]) -> dict[str, Any]:
    stand_in = thread.run.session.stand_in
    return {name: stand_in(thread, value) for name, value in kwargs.items()}


def call_unseen(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Code that we know nothing about: what it gets hold of must not be shared."""
    session = thread.run.session
    owner = getattr(function, "__self__", None)
    values = [*args, *kwargs.values()]
    if owner is not None and not isinstance(owner, types.ModuleType | type):
        values.append(owner)
    for value in values:
        if kind_of(type(value)) in (FUNCTION, CLASS):
            session.ensure(value)
    opaque(thread, site, *values)
    return hand_over(thread, site, function, args, kwargs)


def hand_over(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call code that cannot be seen, with what stands in for what it is given."""
    args = tuple(numbered(site, a) for a in args)
    kwargs = {name: numbered(site, value) for name, value in kwargs.items()}
    return function(*with_stand_ins(thread, args), **named_stand_ins(thread, kwargs))

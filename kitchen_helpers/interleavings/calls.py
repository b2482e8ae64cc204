"""The hook for calls: what is called decides whether the call is a step, a model's operation, or just a call."""

from __future__ import annotations

import _thread
import builtins
import concurrent.futures
import concurrent.futures.thread
import functools
import inspect
import os
import queue
import random
import secrets
import threading
import time
import types
import uuid
from collections.abc import Callable
from typing import Any

from . import access
from .access import Iterating, iterate, opaque, read_all, record, use
from .kinds import CLASS, CONTAINER, FUNCTION, INSTANCE, OPAQUE, VIEW, deep, is_library, is_readers, kind_of, underlying
from .models import executors, threads
from .models.base import Model
from .models.conditions import Barrier, Condition
from .models.locks import BoundedSemaphore, Event, Lock, RLock, Semaphore
from .models.queues import LifoQueue, PriorityQueue, Queue, SimpleQueue
from .scheduler import READ, WRITE, VirtualThread, current
from .sites import Site

# What is called in place of the real thing.
STAND_INS: dict[Any, Callable[..., Any]] = {
    threading.Lock: Lock,
    _thread.allocate_lock: Lock,
    threading.RLock: RLock,
    threading.Condition: Condition,
    threading.Semaphore: Semaphore,
    threading.BoundedSemaphore: BoundedSemaphore,
    threading.Event: Event,
    threading.Barrier: Barrier,
    threading.local: threads.Local,
    threading.Thread.start: threads.start,
    threading.Thread.join: threads.join,
    threading.Thread.is_alive: threads.is_alive,
    threading.Timer.cancel: threads.cancel,
    threading.current_thread: threads.current_thread,
    threading.get_ident: threads.get_ident,
    _thread.get_ident: threads.get_ident,
    threading.enumerate: threads.alive_threads,
    threading.active_count: threads.active_count,
    queue.Queue: Queue,
    queue.LifoQueue: LifoQueue,
    queue.PriorityQueue: PriorityQueue,
    queue.SimpleQueue: SimpleQueue,
    concurrent.futures.ThreadPoolExecutor: executors.Executor,
    concurrent.futures.Future: executors.Future,
    concurrent.futures.wait: executors.wait,
    concurrent.futures.as_completed: executors.as_completed,
    time.sleep: threads.sleep,
    time.time: threads.clock,
    time.monotonic: threads.clock,
    time.perf_counter: threads.clock,
    time.process_time: threads.clock,
    time.thread_time: threads.clock,
    time.time_ns: threads.clock_ns,
    time.monotonic_ns: threads.clock_ns,
    time.perf_counter_ns: threads.clock_ns,
}

# Nobody can say what these do to the other threads, or they would wait for the world outside.
REFUSED: dict[Any, str] = {
    function: f"{name} cannot be explored"
    for name, function in {
        "os.fork": getattr(os, "fork", None),
        "os.urandom": os.urandom,
        "uuid.uuid4": uuid.uuid4,
        "uuid.uuid1": uuid.uuid1,
        "secrets.token_hex": secrets.token_hex,
        "_thread.start_new_thread": _thread.start_new_thread,
    }.items()
    if function is not None
}
REFUSED_MODULES = {"socket", "_socket", "subprocess", "asyncio", "select", "signal", "ctypes", "_ctypes", "multiprocessing"}

HARMLESS = {
    print, isinstance, issubclass, callable, hash, type, object, super, range, staticmethod, classmethod, property,
    ord, chr, abs, round, divmod, pow, bin, hex, oct, ValueError, bool,
}  # fmt: skip
LAZY = {enumerate, zip, map, filter, reversed, iter}
ATTRIBUTE = {getattr, setattr, delattr, hasattr}
_READS_DEEP = {str, repr, print, format, ascii}


def call(site: Site, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    thread = current()
    if thread is None:
        return function(*args, **kwargs)
    outer, thread.call_site = thread.call_site, site
    try:
        return _call(thread, site, function, args, kwargs)
    finally:
        thread.call_site = outer


def _call(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    explorer = thread.run.explorer
    cls = type(function)
    if cls is types.FunctionType:
        stand_in = STAND_INS.get(function)
        if stand_in is not None:
            return stand_in(*_stand_ins(thread, args), **kwargs)
        return _function(thread, site, function, args, kwargs)
    if cls is types.MethodType:
        inner = function.__func__
        stand_in = STAND_INS.get(inner) if isinstance(inner, types.FunctionType) else None
        if stand_in is not None:
            return stand_in(function.__self__, *args, **kwargs)
        owner = function.__self__
        if isinstance(owner, Model):
            return function(*args, **kwargs)
        replaced = explorer.stand_in(thread, owner)
        if replaced is not owner:
            return getattr(replaced, function.__name__)(*args, **kwargs)
        if isinstance(owner, random.Random) or getattr(owner, "__module__", "") == "random":
            return _random(thread, site, function, args, kwargs)
        return _function(thread, site, inner, (owner, *args), kwargs)
    if isinstance(function, type):
        return _class(thread, site, function, args, kwargs)
    if isinstance(function, functools.partial):
        return _call(thread, site, function.func, (*function.args, *args), {**function.keywords, **kwargs})
    if kind_of(cls) == FUNCTION:
        return _builtin(thread, site, function, args, kwargs)
    if kind_of(cls) == INSTANCE:
        explorer.ensure(cls)
        return function(*args, **kwargs)
    if isinstance(function, functools._lru_cache_wrapper):
        explorer.ensure(function.__wrapped__)
        thread.run.sharing.refuse(site, "a cached function keeps its cache from one run to the next")
        return function(*args, **kwargs)
    explorer.ensure(function)
    return _unseen(thread, site, function, args, kwargs)


def _function(
    thread: VirtualThread, site: Site, function: types.FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    explorer = thread.run.explorer
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        thread.run.sharing.refuse(site, f"{function.__name__}() is async code, which is not explored")
    elif is_library(function.__code__.co_filename, function.__module__):
        return _library(thread, site, function, args, kwargs)
    explorer.ensure(function)
    explorer.turn(thread)
    return function(*args, **kwargs)


_QUIET_MODULES = {
    "contextlib", "functools", "dataclasses", "collections", "typing", "abc", "enum", "threading", "operator", "string",
    "types", "reprlib", "textwrap", "logging", "warnings", "numbers", "fractions", "decimal", "itertools",
    "kitchen_helpers", "random",
}  # fmt: skip


def _library(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function of the standard library or of an installed package."""
    explorer = thread.run.explorer
    explorer.ensure(function)  # for what it wraps
    root = str(function.__globals__.get("__name__", "")).partition(".")[0]
    if function in REFUSED or root in REFUSED_MODULES:
        name = f"{function.__module__}.{function.__name__}"
        explorer.forbid(thread, site, REFUSED.get(function, f"{name} cannot be explored"))
    for value in (*args, *kwargs.values()):
        if kind_of(type(value)) in (FUNCTION, CLASS):
            explorer.ensure(value)
    if root == "copy":
        read_all(thread, site, deep(args[0]) if args else [])
    elif root not in _QUIET_MODULES:
        return _unseen(thread, site, function, args, kwargs)
    return function(*_stand_ins(thread, args), **kwargs)


def _stand_ins(thread: VirtualThread, args: tuple[Any, ...]) -> tuple[Any, ...]:
    stand_in = thread.run.explorer.stand_in
    return tuple(stand_in(thread, a) for a in args)


def _unseen(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Code that we know nothing about: what it gets hold of must not be shared."""
    explorer = thread.run.explorer
    owner = getattr(function, "__self__", None)
    values = [*args, *kwargs.values()]
    if owner is not None and not isinstance(owner, types.ModuleType | type):
        values.append(owner)
    for value in values:
        if kind_of(type(value)) in (FUNCTION, CLASS):
            explorer.ensure(value)
    opaque(thread, site, *values)
    thread.in_c += 1
    try:
        return function(*_stand_ins(thread, args), **kwargs)
    finally:
        thread.in_c -= 1


def _class(thread: VirtualThread, site: Site, cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    explorer = thread.run.explorer
    stand_in = STAND_INS.get(cls)
    if stand_in is not None:
        return explorer.made(thread, stand_in(*_stand_ins(thread, args), **kwargs))
    if cls.__module__ == "builtins":
        return _builtin(thread, site, cls, args, kwargs)
    if issubclass(cls, threading.Thread):
        explorer.ensure(cls)
        for value in (*args, *kwargs.values()):
            explorer.ensure_callable(value)
        made = explorer.made(thread, cls(*args, **kwargs))
        if made._name.startswith("Thread-"):
            # The real numbering goes on from run to run.
            made._name = f"Thread-{thread.run.next_thread_name()}" + made._name[made._name.find(" (") :] * (" (" in made._name)
        return made
    if cls is random.Random:
        return explorer.made(thread, cls(*(args or ("kitchen",))))
    if is_readers(cls):
        base = next((b for b in cls.__mro__ if b in STAND_INS), None)
        if base is not None:
            explorer.forbid(thread, site, f"a class derived from {base.__name__} cannot be explored")
        explorer.ensure(cls)
        if kind_of(cls) == CONTAINER:
            read_all(thread, site, [c for a in args for c in access.containers_of(a)])
        return explorer.made(thread, cls(*args, **kwargs))
    if cls.__module__ == "collections" or issubclass(cls, BaseException):
        read_all(thread, site, [c for a in args for c in access.containers_of(a)])
        return explorer.made(thread, cls(*(_lazily(site, a) for a in args), **kwargs))
    if cls.__module__ in ("itertools", "functools", "types"):
        for value in args:
            explorer.ensure_callable(value)
        return explorer.made(thread, cls(*(iterate(site, a) if _iterated(a) else a for a in args), **kwargs))
    if cls.__module__.partition(".")[0] in REFUSED_MODULES:
        explorer.forbid(thread, site, f"{cls.__module__}.{cls.__name__} cannot be explored")
    if cls.__module__.partition(".")[0] in _QUIET_MODULES or cls.__module__ in ("datetime", "pathlib"):
        for value in args:
            explorer.ensure_callable(value)
        return cls(*args, **kwargs)
    return _unseen(thread, site, cls, args, kwargs)


def _iterated(value: Any) -> bool:
    return kind_of(type(value)) in (CONTAINER, VIEW) or isinstance(value, types.GeneratorType)


def _lazily(site: Site, value: Any) -> Any:
    return value


def _builtin(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Functions and methods written in C."""
    explorer = thread.run.explorer
    try:
        stand_in = STAND_INS.get(function)
    except TypeError:
        stand_in = None
    if stand_in is not None:
        made = stand_in(*_stand_ins(thread, args), **kwargs)
        return explorer.made(thread, made) if isinstance(made, Model) else made
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__name__", "")
    if owner is None and isinstance(function, type(list.append) | type(list.__len__)) and args:
        # list.append(items, x), object.__setattr__(self, "x", 1)
        if name == "__setattr__" and len(args) == 3:
            return access.store(site, args[2], args[0], args[1])
        if kind_of(type(args[0])) == CONTAINER:
            return _container_method(thread, site, function, args[0], name, args[1:], args, kwargs)
        return _plain(thread, site, function, args, kwargs)
    if owner is not None and not isinstance(owner, types.ModuleType):
        if name == "__setattr__" and len(args) == 2 and not isinstance(owner, type):
            return access.store(site, args[1], owner, args[0])
        kind = kind_of(type(owner))
        if kind == CONTAINER:
            return _container_method(thread, site, function, owner, name, args, args, kwargs)
        if kind == VIEW:
            read_all(thread, site, [underlying(owner)])
            return function(*args, **kwargs)
        replaced = explorer.stand_in(thread, owner)
        if replaced is not owner:
            return getattr(replaced, name)(*args, **kwargs)
        if isinstance(owner, types.GeneratorType):
            return _generator_method(thread, site, function, owner, args, kwargs)
        if isinstance(owner, Iterating):
            return function(*args, **kwargs)
        if isinstance(owner, random.Random):
            return _random(thread, site, function, args, kwargs)
        if isinstance(owner, str | bytes | tuple | frozenset | int | float | type):
            return _plain(thread, site, function, args, kwargs)
        return _unseen(thread, site, function, args, kwargs)
    return _plain(thread, site, function, args, kwargs)


def _random(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The functions of `random` share one generator: each thread gets its own, the same in every run."""
    owner = function.__self__
    if owner is not random._inst:  # type: ignore[attr-defined]
        if not thread.run.solo:
            use(thread, site, "read", owner, ((id(owner), WRITE),), owner)
        return function(*args, **kwargs)
    if isinstance(owner, random.SystemRandom):
        thread.run.sharing.refuse(site, "true randomness is not the same in every run")
    return getattr(threads.chance(), function.__name__)(*args, **kwargs)


def _generator_method(
    thread: VirtualThread, site: Site, function: Any, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    frame = owner.gi_frame
    use(thread, site, "read", owner, ((id(frame if frame is not None else owner), WRITE),), owner)
    return function(*args, **kwargs)


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
    mode, looks_inside = access.container_method(name, owner)
    for value in (*arguments, *kwargs.values()):
        thread.run.explorer.ensure_callable(value)
    others: list[Any] = []
    for value in arguments:
        others.extend(deep(value) if looks_inside else access.containers_of(value))
    if name in ("append", "add", "appendleft", "insert", "setdefault", "get", "pop", "__setitem__", "__getitem__"):
        others = []  # they only pass a reference on
    if looks_inside:
        others.extend(deep(owner))
    accesses = ((id(owner), mode), *((key, READ) for key in {id(o): o for o in others if o is not owner}))
    use(thread, site, "read" if mode == READ else "write", owner, accesses, [owner, *others])
    thread.in_c += 1
    before = thread.steps
    try:
        value = function(*args, **kwargs)
    finally:
        thread.in_c -= 1
        if thread.steps != before:
            # It called Python back, and ended in a later step than it began.
            thread.run.strategy.also(thread.run, thread, accesses)
    record(thread, site, "read" if mode == READ else "write", owner, name, value)
    return value


def _plain(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Built-in functions and classes."""
    explorer = thread.run.explorer
    if function in REFUSED or getattr(function, "__module__", None) in REFUSED_MODULES:
        explorer.forbid(thread, site, REFUSED.get(function, f"{function.__module__}.{function.__name__} cannot be explored"))
    if function in ATTRIBUTE and len(args) >= 2 and isinstance(args[1], str):
        return _attribute(site, function, args)
    if function is print:
        read_all(thread, site, deep(args))
        return None if thread.run.quiet else print(*args, **kwargs)
    if function in HARMLESS or isinstance(function, type) and issubclass(function, BaseException):
        return function(*args, **kwargs)
    for value in (*args, *kwargs.values()):
        explorer.ensure_callable(value)
    if function is next and args:
        return _next(thread, site, args)
    if function in LAZY:
        if function is reversed and args and kind_of(type(args[0])) == CONTAINER:
            return Iterating(site, args[0], reversed(args[0]), id(args[0]), READ)
        if function is iter:
            if len(args) == 1:
                return iterate(site, args[0]) if not isinstance(args[0], str | tuple | bytes | range) else iter(args[0])
            return function(*args)
        wrapped = [a if kind_of(type(a)) == FUNCTION else iterate(site, a) for a in args]
        return explorer.made(thread, function(*wrapped, **kwargs))
    values = list(args)
    if len(values) == 1 and isinstance(values[0], Iterating) and values[0].mode == READ:
        # A C function that takes all items of a container's iterator does so in one piece.
        inner = values[0]
        use(thread, site, "read", inner.source, ((inner.key, READ), (id(inner), WRITE)), inner.source)
        values[0] = inner.iterator
    found = [c for v in args for c in (deep(v) if function in _READS_DEEP or function in (sorted, max, min, sum) else access.containers_of(v))]
    for value in args:
        if isinstance(value, types.GeneratorType):
            frame = value.gi_frame
            use(thread, site, "read", value, ((id(frame if frame is not None else value), WRITE),), value)
        elif function in (str, repr, format):
            access.generated(thread, site, value, "__repr__", "__str__")
        elif kind_of(type(value)) == OPAQUE and function not in (len, id) and not isinstance(value, Model):
            opaque(thread, site, value)
    read_all(thread, site, found)
    thread.in_c += 1
    before = thread.steps
    try:
        value = function(*values, **kwargs)
    finally:
        thread.in_c -= 1
        if thread.steps != before and found:
            thread.run.strategy.also(thread.run, thread, tuple((id(f), READ) for f in found))
    if found:
        record(thread, site, "read", found[0], getattr(function, "__name__", ""), value)
    return value


def _next(thread: VirtualThread, site: Site, args: tuple[Any, ...]) -> Any:
    iterator = args[0]
    if isinstance(iterator, Iterating):
        # Two threads that share the iterator conflict on it, not only on what it comes from.
        use(thread, site, "read", iterator.source, ((id(iterator), WRITE), (iterator.key, iterator.mode)), iterator)
        return next(iterator.iterator, *args[1:])
    if isinstance(iterator, types.GeneratorType):
        frame = iterator.gi_frame
        use(thread, site, "read", iterator, ((id(frame if frame is not None else iterator), WRITE),), iterator)
    elif kind_of(type(iterator)) == OPAQUE:
        if thread.run.explorer.is_old(iterator):
            opaque(thread, site, iterator)
        use(thread, site, "read", iterator, ((id(iterator), WRITE),), iterator)
    return next(*args)


def _attribute(site: Site, function: Any, args: tuple[Any, ...]) -> Any:
    """getattr, setattr, delattr and hasattr are steps on the attribute that they name."""
    if function is setattr:
        return access.store(site, args[2], args[0], args[1])
    if function is delattr:
        return access.delete(site, args[0], args[1])
    try:
        value = access.load(site, args[0], args[1])
    except AttributeError:
        if function is hasattr:
            return False
        if len(args) == 3:
            return args[2]
        raise
    return True if function is hasattr else value


def manage(site: Site, value: Any) -> Any:
    """The context manager of a `with` statement."""
    thread = current()
    if thread is None:
        return value
    thread.call_site = site
    if isinstance(value, Model):
        return _Managed(site, value)
    replaced = thread.run.explorer.stand_in(thread, value)
    if replaced is not value:
        return _Managed(site, replaced)
    thread.run.explorer.ensure(type(value))
    return value


class _Managed:
    """A primitive in a `with` statement: its steps stand at the line of the statement."""

    __slots__ = ("model", "site")

    def __init__(self, site: Site, model: Any):
        self.site = site
        self.model = model

    def __enter__(self) -> Any:
        self._at_site()
        return self.model.__enter__()

    def __exit__(self, *exception: object) -> Any:
        self._at_site()
        return self.model.__exit__(*exception)

    def _at_site(self) -> None:
        thread = current()
        if thread is not None:
            thread.call_site = self.site


def ensure(value: Any) -> Any:
    """A decorator is about to be applied."""
    thread = current()
    if thread is not None:
        thread.run.explorer.ensure(value)
    return value


def unjudged(site: Site, value: Any) -> Any:
    thread = current()
    if thread is not None:
        thread.run.sharing.refuse(site, f"{site.text}() can do what no step shows")
    return value


def debugger() -> Any:
    """`breakpoint()` works in a replay; an exploration would stop there thousands of times."""
    thread = current()
    return breakpoint if thread is None or not thread.run.quiet else lambda *args, **kwargs: None


def alive() -> None:
    """At the start of every `except`: ends a thread that is being ended."""
    current()


def virtual_id(value: Any) -> int:
    """`id`, but in the order in which the objects were made, so that it is the same in every run."""
    thread = current()
    if thread is None:
        return builtins.id(value)
    return thread.run.explorer.identity(thread, value)


def yielding(site: Site, value: Any) -> Any:
    """A generator is about to give a value: while it runs, another thread that asks it gets a ValueError."""
    thread = current()
    if thread is not None and not thread.run.solo:
        import sys

        frame = sys._getframe(1)
        use(thread, site, "read", None, ((id(frame), WRITE),), frame)
    return value

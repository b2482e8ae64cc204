"""The hook for calls: what is called decides whether the call is a step, a model's operation, or just a call."""

from __future__ import annotations

import functools
import inspect
import os
import random
import sys
import threading
import types
from typing import Any

from .accesses import called_back, opaque, use
from .builtin_calls import call_builtin, call_random
from .callbacks import handed_over
from .collect import NO_FINALIZERS, is_new_code
from .containers import compared, containers_of, read_all
from .generators import key_of_frame
from .iteration import iterate
from .kinds import (
    CLASS,
    CONTAINER,
    FUNCTION,
    INSTANCE,
    SCALAR,
    VIEW,
    deep,
    is_library,
    is_readers,
    kind_of,
    module_of,
    reachable,
)
from .leaks import address_in, ids_given_to
from .loops import turn
from .models.base import Model
from .models.threads import name_anew, only_one
from .outside import uses_files
from .set_orders import refuse_order
from .sites import Site
from .stand_ins import QUIET_MODULES, REFUSED, REFUSED_MODULES, STAND_INS
from .threads import WRITE, VirtualThread, current, get_ident, now
from .unseen_calls import call_unseen, hand_over, named_stand_ins, with_stand_ins

ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def call(site: Site, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    thread = now.thread
    if thread is None or thread.ident != get_ident():
        thread = current()
        if thread is None:
            return function(*args, **kwargs)
    outer, thread.call_site = thread.call_site, site
    try:
        # What programs call most comes first, and in this frame.
        cls = type(function)
        if cls is types.FunctionType:
            if is_new_code(function.__code__) and not function.__code__.co_flags & ASYNC:
                turn(thread)
                return function(*args, **kwargs)
        elif cls is types.MethodType:
            if issubclass(type(function.__self__), Model):
                return function(*args, **kwargs)
        elif cls is types.BuiltinFunctionType:
            return call_builtin(thread, site, function, args, kwargs)
        elif cls is type:
            return _class(thread, site, function, args, kwargs)
        return _call(thread, site, function, args, kwargs)
    finally:
        thread.call_site = outer


def _call(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    session = thread.run.session
    cls = type(function)
    if cls is types.FunctionType:
        stand_in = STAND_INS.get(function)
        if stand_in is not None:
            return stand_in(*with_stand_ins(thread, args), **named_stand_ins(thread, kwargs))
        return _function(thread, site, function, args, kwargs)
    if cls is types.MethodType:
        inner = function.__func__
        owner = function.__self__
        if issubclass(type(owner), Model):
            return function(*args, **kwargs)
        stand_in = STAND_INS.get(inner) if isinstance(inner, types.FunctionType) else None
        if stand_in is not None:
            return stand_in(owner, *args, **kwargs)
        replaced = session.stand_in(thread, owner)
        if replaced is not owner:
            return getattr(replaced, function.__name__)(*args, **kwargs)
        if isinstance(owner, random.Random) or getattr(owner, "__module__", "") == "random":
            return call_random(thread, site, function, args, kwargs)
        return _function(thread, site, inner, (owner, *args), kwargs)
    if isinstance(function, type):
        return _class(thread, site, function, args, kwargs)
    if isinstance(function, functools.partial):
        return _call(thread, site, function.func, (*function.args, *args), {**function.keywords, **kwargs})
    if kind_of(cls) == FUNCTION:
        return call_builtin(thread, site, function, args, kwargs)
    if kind_of(cls) == INSTANCE:
        session.ensure(cls)
        return function(*args, **kwargs)
    if isinstance(function, functools._lru_cache_wrapper):
        session.ensure(function.__wrapped__)
        thread.run.sharing.refuse(site, "a cached function keeps its cache from one run to the next")
        return function(*args, **kwargs)
    session.ensure(function)
    return call_unseen(thread, site, function, args, kwargs)


def _function(
    thread: VirtualThread, site: Site, function: types.FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    session = thread.run.session
    code = function.__code__
    if is_new_code(code) and not code.co_flags & ASYNC:
        turn(thread)
        return function(*args, **kwargs)
    if code.co_flags & ASYNC:
        thread.run.sharing.refuse(site, f"{function.__name__}() is async code, which is not explored")
    elif is_library(code.co_filename, function.__module__):
        return _library(thread, site, function, args, kwargs)
    elif code.co_filename == "<string>":
        compared(thread, site, *args, names=(function.__name__,))  # what dataclass made
    session.ensure(function)
    turn(thread)
    return function(*args, **kwargs)


_LOGS = frozenset(
    "debug info warning warn error exception critical fatal log getLogger getChild getLevelName getEffectiveLevel isEnabledFor"
    " hasHandlers makeRecord handle emit format flush basicConfig".split()
)
"""What logging does that changes nothing for those who come later."""


def _library(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function of the standard library or of an installed package."""
    session = thread.run.session
    if args and "." in function.__qualname__:
        owner = session.stand_in(thread, args[0])
        if isinstance(owner, Model) and hasattr(owner, function.__name__):
            return getattr(owner, function.__name__)(*args[1:], **kwargs)  # Condition.notify(condition)
    session.ensure(function)  # for what it wraps
    root = str(function.__globals__.get("__name__", "")).partition(".")[0]
    if function in REFUSED or root in REFUSED_MODULES:
        name = f"{function.__module__}.{function.__name__}"
        session.forbid(thread, site, REFUSED.get(function, f"{name} cannot be explored"))
    if uses_files(function):
        session.forbid(thread, site, f"{function.__name__}() uses files, which no run can put back")
    if function.__qualname__ == "singledispatch.<locals>.register" and not thread.run.solo:
        thread.run.sharing.refuse(site, "register() changes a function where no step can be seen")
    if root == "os":
        opaque(thread, site, os.environ)  # (what is left looks at that)
    for value in (*args, *kwargs.values()):
        if kind_of(type(value)) in (FUNCTION, CLASS):
            session.ensure(value)
    if root == "logging" and any(_shows_itself(item) for item in reachable(args)):
        session.forbid(thread, site, "logging holds a lock of its own while it asks objects how they are shown, which cannot be explored")
    if root == "logging" and function.__name__ not in _LOGS and not thread.run.solo:
        session.forbid(thread, site, f"{function.__qualname__} changes what is logged from one run to the next")
    if root == "copy" and not any(kind_of(type(item)) == INSTANCE for item in reachable(args)):
        read_all(thread, site, deep(args[0]) if args else [])
    elif root not in QUIET_MODULES:
        return call_unseen(thread, site, function, args, kwargs)
    return hand_over(thread, site, function, args, kwargs)


def _shows_itself(item: Any) -> bool:
    """Is it an object with a `__str__`, `__repr__` or `__format__` of the reader's?"""
    return kind_of(type(item)) == INSTANCE and any(
        isinstance(getattr(type(item), name), types.FunctionType) for name in ("__str__", "__repr__", "__format__")
    )


def _class(thread: VirtualThread, site: Site, cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    session = thread.run.session
    stand_in = STAND_INS.get(cls)
    if stand_in is not None:
        return session.made(thread, stand_in(*with_stand_ins(thread, args), **named_stand_ins(thread, kwargs)))
    if module_of(cls) == "builtins":
        return call_builtin(thread, site, cls, args, kwargs)
    if issubclass(cls, threading.Thread):
        session.ensure(cls)
        for value in (*args, *kwargs.values()):
            session.ensure_callable(value)
        made = session.made(thread, cls(*args, **kwargs))
        name_anew(thread, made)
        return made
    if issubclass(cls, random.Random):
        if not args or issubclass(cls, random.SystemRandom):
            only_one(thread, "random numbers")
        if cls is random.Random:
            return session.made(thread, cls(*(args or ("kitchen",))))
    if is_readers(cls):
        base = next((b for b in cls.__mro__ if b in STAND_INS), None)
        if base is not None:
            session.forbid(thread, site, f"a class derived from {base.__name__} cannot be explored")
        session.ensure(cls)
        if any("__del__" in owner.__dict__ for owner in cls.__mro__ if is_readers(owner)):
            session.forbid(thread, site, NO_FINALIZERS)
        if issubclass(cls, int | float | str | bytes | complex):
            ids_given_to(thread, site, cls, args, kwargs)
        _factories(thread, site, cls)
        if issubclass(cls, str):
            return address_in(thread, site, session.made(thread, cls(*args, **kwargs)))
        if kind_of(cls) == CONTAINER:
            read_all(thread, site, [c for a in args for c in containers_of(a)])
        return session.made(thread, cls(*args, **kwargs))
    if module_of(cls) == "collections" or issubclass(cls, BaseException):
        for value in args:
            refuse_order(thread, site, value)
        read_all(thread, site, [c for a in args for c in containers_of(a)])
        return session.made(thread, cls(*args, **kwargs))
    if module_of(cls) in ("itertools", "functools", "types"):
        for value in args:
            session.ensure_callable(value)
        if module_of(cls) == "itertools":
            args = tuple(iterate(site, a) if _iterated(a) or session.is_old(a) else a for a in args)
        return session.made(thread, cls(*(handed_over(site, a) for a in args), **kwargs))
    if module_of(cls).partition(".")[0] in REFUSED_MODULES:
        session.forbid(thread, site, f"{module_of(cls)}.{cls.__name__} cannot be explored")
    if module_of(cls).partition(".")[0] in QUIET_MODULES or kind_of(cls) == SCALAR:
        for value in args:
            session.ensure_callable(value)
        if cls in REFUSED:
            session.forbid(thread, site, REFUSED[cls])
        if kind_of(cls) == SCALAR:
            ids_given_to(thread, site, cls, args, kwargs)
            read_all(thread, site, containers_of(*args))
            opaque(thread, site, *(value for value in args if kind_of(type(value)) == INSTANCE))
        return cls(*args, **kwargs)
    if uses_files(cls):
        session.forbid(thread, site, f"{cls.__name__}() uses files, which no run can put back")
    return call_unseen(thread, site, cls, args, kwargs)


def _factories(thread: VirtualThread, site: Site, cls: type) -> None:
    """A dataclass is about to ask for the defaults of its fields: methods written in C (of a count, say) have to be seen.

    The `__init__` that dataclass makes keeps them in its closure, which is put back after the run.
    """
    if not hasattr(cls, "__dataclass_fields__"):
        return
    init: Any = getattr(cls, "__init__")  # noqa: B009 - as it may be another class's, for mypy
    for cell in getattr(init, "__closure__", None) or ():
        seen = handed_over(site, cell.cell_contents)
        if seen is not cell.cell_contents:
            thread.run.session.ensure(init)
            cell.cell_contents = seen


def _iterated(value: Any) -> bool:
    return kind_of(type(value)) in (CONTAINER, VIEW) or isinstance(value, types.GeneratorType)


def manage(site: Site, value: Any) -> Any:
    """The context manager of a `with` statement."""
    thread = current()
    if thread is None:
        return value
    thread.call_site = site
    if isinstance(value, Model):
        return _Managed(site, value)
    replaced = thread.run.session.stand_in(thread, value)
    if replaced is not value:
        return _Managed(site, replaced)
    thread.run.session.ensure(type(value))
    return value


class _Managed:
    """A primitive in a `with` statement: its steps stand at the line of the statement."""

    __slots__ = ("model", "site")

    def __init__(self, site: Site, model: Any):
        self.site = site
        self.model = model

    def __enter__(self) -> Any:
        thread = current()
        if thread is not None:
            thread.call_site = self.site
        return self.model.__enter__()

    def __exit__(self, *exception: object) -> Any:
        thread = current()
        if thread is None:  # a generator that stood in the `with` when its run ended is being thrown away
            return None
        thread.call_site = self.site
        return self.model.__exit__(*exception)


def ensure(value: Any) -> Any:
    """A decorator is about to be applied."""
    thread = current()
    if thread is not None:
        thread.run.session.ensure(value)
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


def own_names(variables: dict[str, Any]) -> dict[str, Any]:
    """`locals()` without the names that the rewriting has added."""
    return {name: value for name, value in variables.items() if not name.startswith("_kitchen_")}


def alive() -> None:
    """At the start of every `except`: ends a thread that is being ended."""
    current()


def yielding(site: Site, value: Any) -> Any:
    """A generator is about to give a value: while it runs, another thread that asks it gets a ValueError."""
    thread = current()
    if thread is not None and not thread.run.solo:
        called_back()
        key, keep = key_of_frame(thread, sys._getframe(1))
        use(thread, site, "read", None, ((key, WRITE),), keep)
    return value

"""The hooks for attributes and variables, and what makes an access a step.

Every hook does what the code that it stands for does. If the value is state that threads share, the thread parks first:
that is the step, and whatever the hook then does happens in one piece.
"""

from __future__ import annotations

import collections
import concurrent.futures
import functools
import inspect
import queue
import threading
import types
import weakref
from collections.abc import Callable
from typing import Any

from .kinds import (
    CLASS,
    CONTAINER,
    FUNCTION,
    INSTANCE,
    MODULE,
    OPAQUE,
    SCALARS,
    is_library,
    kind_of,
    module_of,
    reachable,
)
from .models import threads
from .models.base import Model
from .sites import Site
from .threads import READ, WRITE, Access, VirtualThread, current

FIELD, METHOD, PROPERTY, DEFAULT, CACHED, HIDDEN = "field", "method", "property", "default", "cached", "hidden"
Peek = Callable[[], Any]


def use(thread: VirtualThread, site: Site, doing: str, target: Any, accesses: tuple[Access, ...], keep: Any) -> None:
    """An access of `thread` is about to happen: a step, if the locations are shared."""
    run = thread.run
    if run.solo:
        for _, mode in accesses:
            if mode != READ:
                thread.writes += 1
        return
    note = run.sharing.note
    for key, mode in accesses:
        if mode != READ:
            thread.writes += 1
        note(thread, key, mode, site, keep)
    if site.visible:
        run.step(thread, site, doing, target, accesses)
        thread.steps += 1
        for key, mode in accesses:
            if mode == READ:
                thread.looked.append((key, run.versions.get(key, 0)))
            else:
                run.changed(thread, key)


def record(thread: VirtualThread, site: Site, doing: str, target: Any, name: str, value: Any) -> None:
    """Tell the log of a run that is to be shown what a step did."""
    if site.visible:
        seen = value if type(value) in SCALARS else id(value)
        thread.trail = hash((thread.trail, site.number, doing, seen if type(value) is not slice else 0))
    log = thread.run.log
    if log is not None and site.visible and not thread.run.solo:
        log.append(thread, site, doing, target, name, value)


class Inside:
    """A C call that may call Python back: it is not over, and what it uses is used again at each of its steps."""

    __slots__ = ("call", "thread")

    def __init__(self, thread: VirtualThread, site: Site, target: Any, accesses: tuple[Access, ...]):
        self.thread = thread
        self.call = (site, target, accesses)

    def __enter__(self) -> None:
        self.thread.c_calls.append(self.call)

    def __exit__(self, *exception: object) -> None:
        self.thread.c_calls.pop()


def called_back(value: Any = None) -> Any:
    """The reader's code returns to C code that called it: there, others may see what the C call has done so far."""
    thread = current()
    if thread is not None and thread.c_calls and not thread.run.solo:
        site, target, _ = thread.c_calls[-1]
        if site.visible:
            thread.run.step(thread, site, "read", target, ())
            thread.steps += 1
            record(thread, site, "read", target, "", target)
    return value


# -- attributes -------------------------------------------------------------------------------------------------------

_UNKNOWN: Any = object()
_plans: dict[tuple[type, str], tuple[str, Any]] = {}
_setters: dict[tuple[type, str], bool] = {}
_plain_plans: dict[tuple[type, str], tuple[str, Any]] = {}
_FIELD_PLAN = (FIELD, None)
_CALLED = (FUNCTION, CLASS)
_METHODS_ONLY = frozenset({list, dict, set, bytearray, collections.deque})
_there: dict[tuple[type, str], bool] = {}


def plan(cls: type, name: str) -> tuple[str, Any]:
    """What an attribute of the instances of a class is, and the class that has a default for it."""
    try:
        return _plans[cls, name]
    except KeyError:
        found = _plans[cls, name] = _plan(cls, name)
        return found


def _plan(cls: type, name: str) -> tuple[str, Any]:
    if getattr(cls.__getattribute__, "__objclass__", None) is None:
        return PROPERTY, None  # the reader's own __getattribute__: Python code, rewritten like any other
    return plain_plan(cls, name)


def plain_plan(cls: type, name: str) -> tuple[str, Any]:
    """The same for what is stored, and for `object.__getattribute__`."""
    try:
        return _plain_plans[cls, name]
    except KeyError:
        found = _plain_plans[cls, name] = _plain_plan(cls, name)
        return found


def _plain_plan(cls: type, name: str) -> tuple[str, Any]:
    for owner in cls.__mro__:
        if name in owner.__dict__:
            value = owner.__dict__[name]
            if isinstance(value, types.MemberDescriptorType):
                return _FIELD_PLAN
            if isinstance(value, property):
                getter = getattr(value.fget, "__code__", None)
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
    _plans.clear()
    _plain_plans.clear()
    _there.clear()
    _setters.clear()


def forget_setters() -> None:
    """Classes were changed: behind our back, or back."""
    _setters.clear()


def attribute_keys(
    thread: VirtualThread, site: Site, obj: Any, name: str, mode: int, how: tuple[str, Any] | None = None
) -> tuple[Access, ...]:
    """The locations of an attribute: none if it is a method, a property, or a module's function."""
    kind = kind_of(type(obj))
    sharing = thread.run.sharing
    if name == "__dict__" and kind in (MODULE, CLASS, FUNCTION):
        sharing.refuse(site, f"{name} changes attributes where no step can be seen")
    if kind in (INSTANCE, CONTAINER):
        if kind == CONTAINER and not own_attributes(obj, None) is not None:
            return ()
        what, owner = how or plan(type(obj), name)
        own = ((id(obj), name), mode)
        if what is CACHED:
            return (own,)
        if what is FIELD:
            if mode == READ and name not in own_attributes(obj):
                return (own, *class_keys(type(obj), name))  # somebody may give it to the class
            return (own,)
        if what is DEFAULT:
            return (own, *class_keys(type(obj), name))
        if what is METHOD:
            if mode == READ:
                if not sharing.methods:
                    return () if name not in own_attributes(obj, ()) else (own,)
                return (own, *class_keys(type(obj), name))
            replaced(thread)
            return (own,)
        if what is HIDDEN:
            hidden(thread, site, obj)
            sharing.refuse(site, f"{name} changes attributes where no step can be seen")
        return ()
    if kind == MODULE:
        return module_keys(thread, site, obj, name, mode)
    if kind == CLASS:
        if mode == READ:
            found = next((o for o in obj.__mro__ if name in o.__dict__), None)
            if found is not None and not sharing.methods:
                if module_of(found) == "builtins" or kind_of(type(found.__dict__[name])) == FUNCTION:
                    return ()
            return class_keys(obj, name)
        if kind_of(type(obj.__dict__.get(name))) == FUNCTION or hasattr(obj.__dict__.get(name), "__get__"):
            replaced(thread)
        forget_plans()
        return (((id(obj), name), mode),)
    if kind == FUNCTION and not name.startswith("__"):
        owner = obj.__func__ if isinstance(obj, types.MethodType) else obj
        if isinstance(owner, types.FunctionType) or (isinstance(owner, functools.partial) and name in vars(owner)):
            return (((id(owner), name), mode),)
        if isinstance(owner, functools.partial) and mode == WRITE:
            return (((id(owner), name), mode),)
    if isinstance(obj, Model):
        return model_keys(thread, site, obj, name, mode)
    if issubclass(type(obj), BaseException) and not name.startswith("__"):
        return (((id(obj), name), mode),)
    if issubclass(type(obj), threading.Thread) and plain_plan(type(obj), name)[0] is FIELD:
        return (((id(obj), name), mode),)
    if kind == OPAQUE and not thread.run.session.is_harmless(obj) and not thread.run.solo:
        if type(obj) in weakref.ProxyTypes:
            sharing.refuse(site, "nobody sees what a weak proxy stands for")
        if mode == WRITE or kind_of(type(getattr(obj, name, None))) != FUNCTION:
            sharing.opaque(thread, id(obj), site, obj, f"{type(obj).__name__}.{name}")
    return ()


_PRIMITIVES: tuple[Any, ...] = (
    *(threading.Condition(), threading.Lock(), threading.Event(), threading.Barrier(1), threading.BoundedSemaphore()),
    *(queue.PriorityQueue(), queue.SimpleQueue(), concurrent.futures.Future(), concurrent.futures.ThreadPoolExecutor),
)
_OF_PRIMITIVES = frozenset(name for real in _PRIMITIVES for name in dir(real))
"""What a program may know of a primitive: what the real ones have. A model has more, which leads into the explorer."""


def model_keys(thread: VirtualThread, site: Site, model: Model, name: str, mode: int) -> tuple[Access, ...]:
    """Programs may give attributes of their own to a primitive; those of the model are nobody's business."""
    if isinstance(model, threads.Local):
        return ()
    if name not in _OF_PRIMITIVES and mode != WRITE and name not in model.own:
        thread.run.session.forbid(thread, site, f"{name} of a {model.what} has no model")
    if hasattr(type(model), name):
        if mode == WRITE:
            thread.run.session.forbid(thread, site, f"{name} of a {model.what} is replaced, which has no model")
        return ()
    inside = vars(model)
    if name in inside and name not in model.own:
        if mode == WRITE or not (name in model.shown or callable(inside[name])):
            thread.run.session.forbid(thread, site, f"{name} of a {model.what} has no model")
        return ()
    if mode == WRITE:
        model.own.add(name)
    return (((id(model), name), mode),) if name in model.own else ()


def _always_there(cls: type, name: str) -> bool:
    """Is it a method of a model or of a Thread, which is the same for all and no state of theirs?"""
    try:
        return _there[cls, name]
    except KeyError:
        if issubclass(cls, Model):
            # (of what the real ones have: the rest leads into the explorer)
            answer = not issubclass(cls, threads.Local) and name in _OF_PRIMITIVES and hasattr(cls, name)
            answer = answer and name != "__dict__"
        else:
            answer = cls is threading.Thread and plain_plan(cls, name)[0] is METHOD
        _there[cls, name] = answer
        return answer


def own_attributes(obj: Any, otherwise: Any = _UNKNOWN) -> Any:
    """The attributes of an object, past any `__getattribute__` of the reader's."""
    try:
        return object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return otherwise if otherwise is not _UNKNOWN else _ANY


_ANY: Any = type("Any", (), {"__contains__": lambda self, name: True})()
"""For objects with slots only: the attribute may be there."""


def hidden(thread: VirtualThread, site: Site, *values: Any) -> None:
    """Code that cannot be seen gets hold of these values: a conflict with another thread cannot be judged."""
    run = thread.run
    session = run.session
    thread.writes += 1
    accesses = []
    for item in reachable(values):
        if type(item) in weakref.ProxyTypes:
            run.sharing.refuse(site, "nobody sees what a weak proxy stands for")
        if session.is_harmless(item):
            continue
        if kind_of(type(item)) == OPAQUE and session.is_old(item):
            run.sharing.refuse(site, f"{type(item).__name__} keeps its state from one run to the next")
        if not run.solo:
            what = site.text or "code that cannot be seen"
            keys = [id(item)] if kind_of(type(item)) == OPAQUE else [id(item), (id(item), "*")]
            for key in keys:
                run.sharing.opaque(thread, key, site, item, what)
                accesses.append((key, WRITE))
    if accesses and site.visible:
        run.step(thread, site, "call", values[0], tuple(accesses))
        thread.steps += 1
        if run.log is not None:
            run.log.append(thread, site, "call", values[0], site.text, None)


def class_keys(cls: type, name: str) -> tuple[Access, ...]:
    """Where the classes could have an attribute."""
    return tuple(((id(owner), name), READ) for owner in cls.__mro__ if module_of(owner) != "builtins")


def replaced(thread: VirtualThread) -> None:
    """A method is replaced while the program runs: from now on loading one is a step."""
    sharing = thread.run.sharing
    if not sharing.methods:
        sharing.methods = sharing.learned = True


def module_keys(thread: VirtualThread, site: Site, module: Any, name: str, mode: int) -> tuple[Access, ...]:
    values = module.__dict__
    if is_library(getattr(module, "__file__", None), module.__name__):
        if mode == WRITE:
            thread.run.sharing.refuse(site, f"{module.__name__}.{name} is changed, which nobody sees")
        return ()
    if mode == READ:
        return () if callable(values.get(name)) else (((id(values), name), mode),)
    thread.run.session.global_stored(site, values, name)
    return (((id(values), name), mode),)


def load(site: Site, obj: Any, name: str) -> Any:
    thread = current()
    if thread is None:
        return getattr(obj, name)
    cls = type(obj)
    if cls in SCALARS or cls in _METHODS_ONLY:
        return getattr(obj, name)
    run = thread.run
    if name in ("ident", "native_id") and issubclass(cls, threading.Thread):
        return threads.ident_of(thread, obj)
    if kind_of(cls) == INSTANCE and _plans.get((cls, name)) is _FIELD_PLAN and name in own_attributes(obj):
        accesses: tuple[Access, ...] = (((id(obj), name), READ),)
    else:
        obj = run.session.stand_in(thread, obj)
        accesses = () if _always_there(type(obj), name) else attribute_keys(thread, site, obj, name, READ)
    if accesses:
        if not run.solo:
            use(thread, site, "read", obj, accesses, obj)
        how = _plans.get((cls, name))
        if how is not None and how[0] is CACHED and name not in own_attributes(obj):
            value = _compute(thread, site, obj, name, how[1])
        else:
            value = getattr(obj, name)
        if site.visible:
            record(thread, site, "read", obj, name, value)
    else:
        value = getattr(obj, name)
    if kind_of(type(value)) in _CALLED:
        run.session.ensure(value)
    return value


def _compute(thread: VirtualThread, site: Site, obj: Any, name: str, cached: functools.cached_property[Any]) -> Any:
    """What `cached_property` does when the value is not there yet: one after the other until Python 3.11."""
    run = thread.run
    lock = run.session.stand_in(thread, getattr(cached, "lock", None))
    access = ((id(obj), name), READ)
    if isinstance(lock, Model):
        lock.acquire()
    try:
        if isinstance(lock, Model):
            use(thread, site, "read", obj, (access,), obj)
        if name in own_attributes(obj):
            return own_attributes(obj)[name]
        value = run.session.call(cached.func, obj)
        use(thread, site, "write", obj, (((id(obj), name), WRITE),), obj)
        own_attributes(obj)[name] = value
        record(thread, site, "write", obj, name, value)
        return value
    finally:
        if isinstance(lock, Model):
            lock.release()


def store(site: Site, value: Any, obj: Any, name: str) -> None:
    thread = current()
    if thread is None:
        setattr(obj, name, value)
        return
    obj = thread.run.session.stand_in(thread, obj)
    if not isinstance(type(obj).__setattr__, types.FunctionType) and not _has_setter(type(obj), name):
        use(
            thread, site, "write", obj, attribute_keys(thread, site, obj, name, WRITE, plain_plan(type(obj), name)), obj
        )
        setattr(obj, name, value)
        if site.visible:
            record(thread, site, "write", obj, name, value)
    else:
        setattr(obj, name, value)
    if isinstance(obj, type):
        forget_setters()


def _has_setter(cls: type, name: str) -> bool:
    """Does storing call Python code of the reader's (a property, a descriptor)?"""
    try:
        return _setters[cls, name]
    except KeyError:
        answer = _setters[cls, name] = _looked_up(cls, name)
        return answer


def _looked_up(cls: type, name: str) -> bool:
    found = inspect.getattr_static(cls, name, None)
    if isinstance(found, property):
        return plain_plan(cls, name)[0] is PROPERTY
    sets = hasattr(type(found), "__set__") or hasattr(type(found), "__delete__")
    return sets and not isinstance(found, types.MemberDescriptorType)


def plain_load(thread: VirtualThread, site: Site, obj: Any, name: str) -> Any:
    """`object.__getattribute__(obj, name)`"""
    use(thread, site, "read", obj, attribute_keys(thread, site, obj, name, READ, plain_plan(type(obj), name)), obj)
    value = object.__getattribute__(obj, name)
    record(thread, site, "read", obj, name, value)
    return value


def plain_store(thread: VirtualThread, site: Site, value: Any, obj: Any, name: str) -> None:
    """`object.__setattr__(obj, name, value)`"""
    use(thread, site, "write", obj, attribute_keys(thread, site, obj, name, WRITE, plain_plan(type(obj), name)), obj)
    object.__setattr__(obj, name, value)
    record(thread, site, "write", obj, name, value)


def plain_delete(thread: VirtualThread, site: Site, obj: Any, name: str) -> None:
    """`object.__delattr__(obj, name)`"""
    use(thread, site, "delete", obj, attribute_keys(thread, site, obj, name, WRITE, plain_plan(type(obj), name)), obj)
    object.__delattr__(obj, name)
    record(thread, site, "delete", obj, name, None)


def delete(site: Site, obj: Any, name: str) -> None:
    thread = current()
    if thread is not None:
        obj = thread.run.session.stand_in(thread, obj)
    if (
        thread is not None
        and not isinstance(type(obj).__delattr__, types.FunctionType)
        and not _has_setter(type(obj), name)
    ):
        use(
            thread,
            site,
            "delete",
            obj,
            attribute_keys(thread, site, obj, name, WRITE, plain_plan(type(obj), name)),
            obj,
        )
        record(thread, site, "delete", obj, name, None)
    delattr(obj, name)
    if isinstance(obj, type):
        forget_setters()


# -- variables --------------------------------------------------------------------------------------------------------


def variable_key(peek: Peek, site: Site) -> tuple[Any, Any]:
    """The location of a closure variable (its cell) or a global, and what to keep alive for it."""
    cells = peek.__closure__
    if cells:
        return id(cells[0]), cells[0]
    return (id(peek.__globals__), site.text), None


def load_variable(site: Site, peek: Peek) -> Any:
    thread = current()
    if thread is None:
        return peek()
    run = thread.run
    key, keep = variable_key(peek, site)
    use(thread, site, "read", None, ((key, READ),), keep)
    value = peek()
    if site.visible:
        record(thread, site, "read", None, site.text, value)
    if kind_of(type(value)) in _CALLED:
        run.session.ensure(value)
    return value


def store_variable(site: Site, peek: Peek, value: Any) -> Any:
    thread = current()
    if thread is not None:
        key, keep = variable_key(peek, site)
        if keep is None:
            thread.run.session.global_stored(site, peek.__globals__, site.text)
        use(thread, site, "write", None, ((key, WRITE),), keep)
        if site.visible:
            record(thread, site, "write", None, site.text, value)
    return value


def delete_variable(site: Site, peek: Peek) -> None:
    thread = current()
    if thread is not None:
        key, keep = variable_key(peek, site)
        use(thread, site, "delete", None, ((key, WRITE),), keep)
        record(thread, site, "delete", None, site.text, None)

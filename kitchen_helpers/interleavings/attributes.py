"""The hooks for attributes: how each is loaded, stored and deleted, and which locations that touches."""

from __future__ import annotations

import collections
import functools
import sys
import threading
import types
from typing import Any

from .accesses import opaque, record, step, use
from .attribute_keys import attribute_keys, class_keys, own_attributes, replaced
from .kinds import (
    CLASS,
    CONTAINER,
    FUNCTION,
    INSTANCE,
    SCALARS,
    is_library,
    kind_of,
)
from .models import threads
from .models.base import Model
from .plans import (
    CACHED,
    COMPUTED,
    FIELD,
    METHOD,
    QUIET,
    always_there,
    forget_plans,
    has_setter,
    is_function,
    know,
    know_store,
    plain_plan,
    plan,
    sets_unseen,
    unseen_change,
)
from .sites import Site
from .threads import READ, WRITE, VirtualThread, current, get_ident, now

_CALLED = (FUNCTION, CLASS)
_METHODS_ONLY = frozenset({list, dict, set, bytearray, collections.deque})
_own = object.__getattribute__


def use_attribute(thread: VirtualThread, site: Site, obj: Any, name: str) -> None:
    """An attribute is about to be loaded, past what a class or its metaclass says of that."""
    use(thread, site, "read", obj, attribute_keys(thread, site, obj, name, READ), obj)


def load(site: Site, obj: Any, name: str) -> Any:
    thread = now.thread
    if thread is None or thread.ident != get_ident():
        thread = current()
        if thread is None:
            return getattr(obj, name)
    cls = type(obj)
    # The most frequent of all hooks: what a site does again and again is decided once (a sixth of a schedule's time).
    if cls is site.known:
        way = site.way
        if way is QUIET:
            return getattr(obj, name)
        if (name in _own(obj, "__dict__")) is (way is FIELD):
            if way is METHOD:
                return getattr(obj, name)
            run = thread.run
            if not run.solo:
                key = (id(obj), name)
                run.sharing.note(thread, key, READ, site, obj)
                if site.visible:
                    step(thread, site, "read", obj, ((key, READ),))
            value = getattr(obj, name)
            if site.visible:
                record(thread, site, "read", obj, name, value)
            if kind_of(type(value)) in _CALLED:
                run.session.ensure(value)
            return value
    elif obj is site.known and cls is types.ModuleType:
        value = getattr(obj, name)
        if value is site.way:
            return value
    value = _load(thread, site, obj, name)
    if cls in SCALARS or cls in _METHODS_ONLY or always_there(cls, name):
        know(site, cls, QUIET)
    elif cls is types.ModuleType and is_library(getattr(obj, "__file__", None), obj.__name__):
        know(site, obj, value)
    elif _is_plain(thread, obj) and cls.__dictoffset__ and not thread.run.sharing.methods:
        what, _ = plan(cls, name)
        if what is FIELD or what is METHOD:
            know(site, cls, what)
    return value


def _is_plain(thread: VirtualThread, obj: Any) -> bool:
    """Is it of a class of the reader's that stands for no primitive?"""
    return kind_of(type(obj)) == INSTANCE and thread.run.session.stand_in(thread, obj) is obj


def load_named(site: Site, obj: Any, name: str) -> Any:
    """`getattr(obj, name)`: the name may be another one each time, so the site cannot know."""
    thread = current()
    return getattr(obj, name) if thread is None else _load(thread, site, obj, name)


def _load(thread: VirtualThread, site: Site, obj: Any, name: str) -> Any:
    cls = type(obj)
    if cls in SCALARS or cls in _METHODS_ONLY:
        return getattr(obj, name)
    run = thread.run
    if name in ("ident", "native_id") and issubclass(cls, threading.Thread):
        return threads.ident_of(thread, obj)
    obj = run.session.stand_in(thread, obj)
    if cls is types.ModuleType and name not in obj.__dict__:
        run.session.ensure(obj.__dict__.get("__getattr__"))
    if kind_of(cls) == INSTANCE and plan(cls, name)[0] is COMPUTED:
        return run.session.call_at(site, plan(cls, name)[1], obj)
    accesses = () if always_there(type(obj), name) else attribute_keys(thread, site, obj, name, READ)
    if accesses:
        if not run.solo:
            use(thread, site, "read", obj, accesses, obj)
        how = plan(cls, name) if kind_of(cls) in (INSTANCE, CONTAINER) else None
        if how is not None and how[0] is CACHED and name not in own_attributes(obj):
            value = _compute(thread, site, obj, name, how[1])
        else:
            value = getattr(obj, name)
        if site.visible:
            record(thread, site, "read", obj, name, value)
    else:
        value = getattr(obj, name)
        if cls is types.ModuleType and name[0] != "_" and kind_of(type(value)) == CONTAINER and value is not sys.modules:
            run.session.snapshot.walk(value)  # the library's (sys.path), which a run may leave changed, too
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
    cls = type(obj)
    if cls is site.stores:
        run = thread.run
        thread.writes += 1
        if not run.solo:
            key = (id(obj), name)
            run.sharing.note(thread, key, WRITE, site, obj)
            if site.visible:
                step(thread, site, "write", obj, ((key, WRITE),))
        setattr(obj, name, value)
        if site.visible:
            record(thread, site, "write", obj, name, value)
        return
    _store(thread, site, value, obj, name)
    if _is_plain(thread, obj) and not isinstance(cls.__setattr__, types.FunctionType) and not has_setter(cls, name):
        if name[:2] != "__" and plain_plan(cls, name)[0] is FIELD:
            know_store(site, cls)


def store_named(site: Site, value: Any, obj: Any, name: str) -> None:
    """`setattr(obj, name, value)`: the name may be another one each time, so the site cannot know."""
    thread = current()
    if thread is None:
        setattr(obj, name, value)
    else:
        _store(thread, site, value, obj, name)


def _store(thread: VirtualThread, site: Site, value: Any, obj: Any, name: str) -> None:
    obj = thread.run.session.stand_in(thread, obj)
    if not thread.run.solo and (name[:2] == "__" or issubclass(type(obj), type)):
        redefined(thread, site, obj, name, value)
    if not isinstance(type(obj).__setattr__, types.FunctionType) and not has_setter(type(obj), name):
        use_plain(thread, site, "write", obj, name, WRITE)
        setattr(obj, name, value)
        if site.visible:
            record(thread, site, "write", obj, name, value)
    else:
        if sets_unseen(type(obj), name):
            opaque(thread, site, obj)
        setattr(obj, name, value)
    if issubclass(type(obj), type):  # (isinstance would ask the object)
        forget_plans()


def redefined(thread: VirtualThread, site: Site, obj: Any, name: str, value: Any) -> None:
    """While other threads run, a class gets or loses an attribute, or an object what Python makes of it."""
    why = unseen_change(obj, name, value)
    if why:
        thread.run.sharing.refuse(site, why)
    elif issubclass(type(obj), type) and is_function(value):
        replaced(thread)


def gone(thread: VirtualThread, obj: Any, name: str) -> None:
    """An attribute was deleted: whoever is about to read it will look for it in the classes now."""
    if issubclass(type(obj), type):
        return
    own = ((id(obj), name), READ)
    for other in thread.run.threads:
        if other.parked and own in other.accesses:
            more = [access for access in class_keys(type(obj), name) if access not in other.accesses]
            other.accesses = (*other.accesses, *more)
            for key, mode in more:
                thread.run.sharing.note(other, key, mode, other.site, obj)


def use_plain(thread: VirtualThread, site: Site, doing: str, obj: Any, name: str, mode: int) -> None:
    """An attribute is about to be used as `object` does it, past what the class says of `__getattribute__`."""
    use(thread, site, doing, obj, attribute_keys(thread, site, obj, name, mode, plain_plan(type(obj), name)), obj)


def plain_load(thread: VirtualThread, site: Site, obj: Any, name: str) -> Any:
    """`object.__getattribute__(obj, name)`"""
    use_plain(thread, site, "read", obj, name, READ)
    value = object.__getattribute__(obj, name)
    record(thread, site, "read", obj, name, value)
    return value


def plain_store(thread: VirtualThread, site: Site, value: Any, obj: Any, name: str) -> None:
    """`object.__setattr__(obj, name, value)`"""
    use_plain(thread, site, "write", obj, name, WRITE)
    object.__setattr__(obj, name, value)
    record(thread, site, "write", obj, name, value)


def plain_delete(thread: VirtualThread, site: Site, obj: Any, name: str) -> None:
    """`object.__delattr__(obj, name)`"""
    use_plain(thread, site, "delete", obj, name, WRITE)
    object.__delattr__(obj, name)
    gone(thread, obj, name)
    record(thread, site, "delete", obj, name, None)


def delete(site: Site, obj: Any, name: str) -> None:
    thread = current()
    if thread is None:
        delattr(obj, name)
        return
    obj = thread.run.session.stand_in(thread, obj)
    if not thread.run.solo and (name[:2] == "__" or issubclass(type(obj), type)):
        redefined(thread, site, obj, name, None)
    if isinstance(type(obj).__delattr__, types.FunctionType) or has_setter(type(obj), name):
        delattr(obj, name)
    else:
        use_plain(thread, site, "delete", obj, name, WRITE)
        record(thread, site, "delete", obj, name, None)
        delattr(obj, name)
        gone(thread, obj, name)
    if issubclass(type(obj), type):  # (isinstance would ask the object)
        forget_plans()

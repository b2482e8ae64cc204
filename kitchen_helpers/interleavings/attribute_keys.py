"""Where an attribute is: the locations that loading, storing or deleting it touches."""

from __future__ import annotations

import functools
import threading
import types
import weakref
from typing import Any

from .accesses import opaque
from .kinds import CLASS, CONTAINER, FUNCTION, INSTANCE, MODULE, OPAQUE, is_library, kind_of, module_of
from .models import threads
from .models.base import Model
from .plans import (
    CACHED,
    COMPUTED,
    DEFAULT,
    FIELD,
    HIDDEN,
    METHOD,
    OF_PRIMITIVES,
    forget_plans,
    forget_ways,
    plain_plan,
    plan,
)
from .sites import Site
from .threads import READ, WRITE, Access, VirtualThread

_UNKNOWN: Any = object()
_OF_FUNCTIONS = frozenset({"__doc__", "__name__", "__qualname__", "__module__", "__annotations__"})
_PAST_ALL_STEPS = frozenset({"__dict__", "__globals__", "__builtins__", "__kwdefaults__"})
"""Dicts of attributes, of variables, of defaults: nobody sees who uses them under their names."""


def attribute_keys(
    thread: VirtualThread, site: Site, obj: Any, name: str, mode: int, how: tuple[str, Any] | None = None
) -> tuple[Access, ...]:
    """The locations of an attribute: none if it is a method, a property, or a module's function."""
    kind = kind_of(type(obj))
    sharing = thread.run.sharing
    if name in _PAST_ALL_STEPS and kind in (MODULE, CLASS, FUNCTION):
        sharing.refuse(site, f"{name} changes attributes where no step can be seen")
    if kind in (INSTANCE, CONTAINER):
        if kind == CONTAINER and not own_attributes(obj, None) is not None:
            return ()
        what, owner = how or plan(type(obj), name)
        own = ((id(obj), name), mode)
        if what is CACHED:
            return (own,)
        if what is FIELD:
            if mode == READ and (sharing.methods or name not in own_attributes(obj)):
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
        if what is COMPUTED:
            opaque(thread, site, obj)
        if what is HIDDEN:
            opaque(thread, site, obj)
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
            return (*class_keys(obj, name), *class_keys(type(obj), name))
        if kind_of(type(obj.__dict__.get(name))) == FUNCTION or hasattr(obj.__dict__.get(name), "__get__"):
            replaced(thread)
        forget_plans()
        return (((id(obj), name), mode),)
    if kind == FUNCTION and (not name.startswith("__") or name in _OF_FUNCTIONS):
        owner = obj.__func__ if isinstance(obj, types.MethodType) else obj
        if name[:2] == "__" and mode == WRITE and thread.run.session.is_old(owner):
            thread.run.session.forbid(thread, site, f"{name} of a function is not put back between two runs")
        if isinstance(owner, types.FunctionType) or (isinstance(owner, functools.partial) and name in vars(owner)):
            return (((id(owner), name), mode),)
        if isinstance(owner, functools.partial) and mode == WRITE:
            return (((id(owner), name), mode),)
    if type(obj) is super:
        return _inherited_keys(thread, obj, name)
    if isinstance(obj, Model):
        return model_keys(thread, site, obj, name, mode)
    if issubclass(type(obj), BaseException) and (not name.startswith("__") or name == "__notes__"):
        return (((id(obj), name), mode),)
    if issubclass(type(obj), threading.Thread) and plain_plan(type(obj), name)[0] is FIELD:
        return (((id(obj), name), mode),)
    if kind == OPAQUE and mode == WRITE and module_of(type(obj)) == "logging":
        sharing.refuse(site, f"{type(obj).__name__} keeps its state from one run to the next")
    if kind == OPAQUE and not thread.run.session.is_harmless(obj) and not thread.run.solo:
        if type(obj) in weakref.ProxyTypes:
            sharing.refuse(site, "nobody sees what a weak proxy stands for")
        if mode == WRITE or kind_of(type(getattr(obj, name, None))) != FUNCTION:
            sharing.opaque(thread, id(obj), site, obj, f"{type(obj).__name__}.{name}")
    return ()


def model_keys(thread: VirtualThread, site: Site, model: Model, name: str, mode: int) -> tuple[Access, ...]:
    """Programs may give attributes of their own to a primitive; those of the model are nobody's business."""
    if isinstance(model, threads.Local):
        return ()
    if name not in OF_PRIMITIVES and mode != WRITE and name not in model.own:
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


def own_attributes(obj: Any, otherwise: Any = _UNKNOWN) -> Any:
    """The attributes of an object, past any `__getattribute__` of the reader's."""
    try:
        return object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return otherwise if otherwise is not _UNKNOWN else _ANY


_ANY: Any = type("Any", (), {"__contains__": lambda self, name: True})()
"""For objects with slots only: the attribute may be there."""


def class_keys(cls: type, name: str) -> tuple[Access, ...]:
    """Where the classes could have an attribute."""
    return tuple(((id(owner), name), READ) for owner in cls.__mro__ if module_of(owner) != "builtins")


def _inherited_keys(thread: VirtualThread, obj: Any, name: str) -> tuple[Access, ...]:
    """Where `super()` could find an attribute."""
    mro = obj.__self_class__.__mro__
    owners = [owner for owner in mro[mro.index(obj.__thisclass__) + 1 :] if module_of(owner) != "builtins"]
    found = next((owner.__dict__[name] for owner in owners if name in owner.__dict__), None)
    if kind_of(type(found)) == FUNCTION and not thread.run.sharing.methods:
        return ()
    return tuple(((id(owner), name), READ) for owner in owners)


def replaced(thread: VirtualThread) -> None:
    """A method is replaced while the program runs: from now on loading one is a step."""
    sharing = thread.run.sharing
    if not sharing.methods:
        sharing.methods = sharing.learned = True
        forget_ways()


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

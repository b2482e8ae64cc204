"""Calls of code that cannot be seen: what it gets hold of must not be shared, or be known to be passed on only."""

from __future__ import annotations

import types
from typing import Any

from .accesses import opaque
from .callbacks import handed_over
from .kinds import CLASS, FUNCTION, kind_of
from .leaks import address_in, ids_given_to
from .outside import NO_WEAK_REFERENCES, is_weak
from .sites import Site
from .threads import VirtualThread


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
    if is_weak(function):
        session.forbid(thread, site, NO_WEAK_REFERENCES)
    opaque(thread, site, *values)
    return hand_over(thread, site, function, args, kwargs)


def hand_over(thread: VirtualThread, site: Site, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call code that cannot be seen, with what stands in for what it is given."""
    ids_given_to(thread, site, function, args, kwargs)
    args = tuple(handed_over(site, a) for a in args)
    kwargs = {name: handed_over(site, value) for name, value in kwargs.items()}
    return address_in(thread, site, function(*with_stand_ins(thread, args), **named_stand_ins(thread, kwargs)))

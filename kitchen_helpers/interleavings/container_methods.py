"""Calls of the methods of containers that are written in C: which of them read, which write, which call Python back."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from typing import Any

from . import containers
from .accesses import Inside, record, use
from .callbacks import calling_back, seen
from .iteration import iterate
from .kinds import DEEP, READERS, deep
from .leaks import address_in
from .naming import short
from .set_orders import refuse_order
from .sites import Site
from .threads import READ, WRITE, Access, VirtualThread

PASS_ON = frozenset(
    {"append", "add", "appendleft", "insert", "setdefault", "get", "pop", "popleft", "__setitem__", "__getitem__"}
)
"""Methods that only pass a reference on."""
_CALL_NOBODY = frozenset({"append", "appendleft", "popleft"})
"""And that of a list or deque never call Python back: they neither compare nor let go of an item."""


def passing_on(
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
    mode, _ = _how(name, owner)
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


def _how(name: str, owner: Any) -> tuple[int, bool]:
    """How a method of a container uses it, and whether it looks at what is inside."""
    reads = name in READERS and not (isinstance(owner, Counter | defaultdict) and name == "__getitem__")
    return (READ if reads else WRITE), name in DEEP


def container_method(
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
    if name in PASS_ON:
        return passing_on(thread, site, function, owner, name, arguments, args, kwargs)
    mode, looks_inside = _how(name, owner)
    for value in arguments:
        thread.run.session.ensure_callable(value)
        if not isinstance(owner, set):
            refuse_order(thread, site, value)
    for value in kwargs.values():
        thread.run.session.ensure_callable(value)
    if "key" in kwargs:
        kwargs = {**kwargs, "key": seen(site, kwargs["key"])}
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
        return address_in(thread, site, function(*args, **kwargs))
    kwargs = {key: calling_back(thread, value) for key, value in kwargs.items()}
    with Inside(thread, site, owner, accesses):
        value = function(*args, **kwargs)
    record(thread, site, doing, owner, _named(thread, name, arguments), value)
    return address_in(thread, site, value)

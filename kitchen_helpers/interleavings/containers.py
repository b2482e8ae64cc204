"""The hooks for containers: items, operators, truth, texts and unpacking."""

from __future__ import annotations

import inspect
import types
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from . import generators
from .accesses import Inside, opaque, record, use
from .identities import Identity
from .items import use_item
from .kinds import (
    CLASS,
    CONTAINER,
    FUNCTION,
    INSTANCE,
    OPAQUE,
    SCALAR,
    SCALARS,
    VIEW,
    attributes_of,
    deep,
    is_unseen,
    kind_of,
    module_of,
    reachable,
    underlying,
)
from .leaks import address_in, ids_given_to
from .naming import short
from .set_orders import refuse_order
from .sites import Site
from .threads import READ, WRITE, VirtualThread, current

Peek = Callable[[], Any]
_WHOLE = frozenset({list, tuple, str, bytes, bytearray})
"""What is stored in a slice in one piece."""


def is_plain(obj: Any, method: str) -> bool:
    """Is this method of a container the built-in one, and not one of the reader's subclass?"""
    cls = type(obj)
    return module_of(cls) in ("builtins", "collections") or not isinstance(
        inspect.getattr_static(cls, method, None), types.FunctionType
    )


def use_container(thread: VirtualThread, site: Site, value: Any, mode: int, doing: str = "") -> None:
    use(thread, site, doing or ("read" if mode == READ else "write"), value, ((id(value), mode),), value)


def _at(thread: VirtualThread, index: Any) -> str:
    """The index as it is shown, in a run that is (a reader's own `__repr__` may have steps)."""
    if thread.run.log is None:
        return ""
    return f"[{index!r}]" if type(index) in SCALARS or type(index) is slice else f"[{short(index)}]"


def load_item(site: Site, obj: Any, index: Any) -> Any:
    thread = current()
    if thread is None:
        return obj[index]
    kind = kind_of(type(obj))
    if kind == CONTAINER and is_plain(obj, "__getitem__"):
        makes = isinstance(obj, defaultdict) and obj.default_factory is not None
        if makes:
            use_container(thread, site, obj, WRITE)
        else:
            use_item(thread, site, obj, index, READ)
        if type(index) in SCALARS:
            value = obj[index]
        else:
            with Inside(thread, site, obj, ((id(obj), WRITE if makes else READ),)):
                value = obj[index]
        record(thread, site, "read", obj, _at(thread, index), value)
    else:
        if is_unseen(type(obj)):
            opaque(thread, site, obj)
        elif kind == VIEW:
            read_all(thread, site, [underlying(obj)])
        value = obj[index]
    if kind_of(type(value)) in (FUNCTION, CLASS):
        thread.run.session.ensure(value)
    return value


def store_item(site: Site, value: Any, obj: Any, index: Any) -> None:
    thread = current()
    if thread is not None:
        kind = kind_of(type(obj))
        if kind == CONTAINER and is_plain(obj, "__setitem__"):
            if type(index) is slice:
                refuse_order(thread, site, value)
                others = containers_of(value)
                use(thread, site, "write", obj, ((id(obj), WRITE), *((id(o), READ) for o in others)), [obj, *others])
            else:
                use_item(thread, site, obj, index, WRITE)
            if type(index) in SCALARS and (type(index) is not slice or type(value) in _WHOLE):
                obj[index] = value
            else:
                with Inside(thread, site, obj, ((id(obj), WRITE),)):
                    obj[index] = value
            record(thread, site, "write", obj, _at(thread, index), value)
            return
        if is_unseen(type(obj)):
            opaque(thread, site, obj)
    obj[index] = value


def delete_item(site: Site, obj: Any, index: Any) -> None:
    thread = current()
    if thread is not None:
        kind = kind_of(type(obj))
        if kind == CONTAINER and is_plain(obj, "__delitem__"):
            use_container(thread, site, obj, WRITE, "delete")
            record(thread, site, "delete", obj, _at(thread, index), None)
            with Inside(thread, site, obj, ((id(obj), WRITE),)):
                del obj[index]
            return
        if is_unseen(type(obj)):
            opaque(thread, site, obj)
    del obj[index]


def containers_of(*values: Any) -> list[Any]:
    """The containers that a shallow operation on these values reads."""
    found = []
    for value in values:
        kind = kind_of(type(value))
        if kind == CONTAINER:
            found.append(value)
        elif kind == VIEW:
            found.append(underlying(value))
    return found


def read_all(thread: VirtualThread, site: Site, values: list[Any], doing: str = "read") -> None:
    """One step that reads several containers."""
    if len(values) == 1:
        use(thread, site, doing, values[0], ((id(values[0]), READ),), values[0])
    elif values:
        unique = {id(v): v for v in values}
        use(
            thread,
            site,
            doing,
            next(iter(unique.values())),
            tuple((key, READ) for key in unique),
            list(unique.values()),
        )


def touch(site: Site, value: Any) -> Any:
    """The whole value is read right after this."""
    thread = current()
    if thread is not None and type(value) not in SCALARS:
        kind = kind_of(type(value))
        for item in (value, *deep(value)):
            refuse_order(thread, site, item)
        if kind != SCALAR or isinstance(value, tuple):
            compared(thread, site, value, names=SHOWING)
        if is_unseen(type(value)):
            opaque(thread, site, value)
        elif isinstance(value, types.GeneratorType):
            generators.asked(thread, site, value)
        elif kind != INSTANCE:
            found = deep(value)
            read_all(thread, site, found)
            if found:
                record(thread, site, "read", value, "", value)
    return value


def formatted(site: Site, text: str) -> str:
    """An f-string was put together."""
    thread = current()
    return text if thread is None else address_in(thread, site, text)


def truth(site: Site, value: Any) -> Any:
    """The truth of the value is asked right after this."""
    thread = current()
    if thread is not None and type(value) not in SCALARS:
        found = containers_of(value)
        if found:
            read_all(thread, site, found)
            record(thread, site, "read", value, "", value)
        elif is_unseen(type(value)):
            opaque(thread, site, value)
    return value


def unpack(site: Site, value: Any) -> Any:
    """The value is unpacked right after this."""
    thread = current()
    if thread is not None:
        refuse_order(thread, site, value)
        if isinstance(value, types.GeneratorType):
            generators.asked(thread, site, value)
    return truth(site, value)


def operate(site: Site, function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if type(left) in SCALARS and type(right) in SCALARS and type(right) is not Identity:
        return function(left, right)
    thread = current()
    if thread is None:
        return function(left, right)
    name = function.__name__
    if name == "mod" and isinstance(left, str | bytes):
        # `%d` takes the number past everything that an id has been taught.
        ids_given_to(thread, site, function, (right,), {})
        for item in (right, *deep(right)):
            refuse_order(thread, site, item)
    shallow = name in ("is_in", "is_not_in")
    if shallow:
        found = [*containers_of(right), *deep(left)]
        # `in` compares with what is inside
        if not isinstance(right, dict | set | frozenset) and kind_of(type(right)) in (CONTAINER, VIEW, SCALAR):
            found.extend(deep(right)[1:] if kind_of(type(right)) == CONTAINER else deep(right))
    else:
        found = [*deep(left), *deep(right)]
    compared(thread, site, left, right)
    if shallow and isinstance(right, types.GeneratorType):
        generators.asked(thread, site, right)
    if is_unseen(type(left)) or is_unseen(type(right)):
        opaque(thread, site, left, right)
    read_all(thread, site, found)
    if not found:
        return address_in(thread, site, function(left, right)) if name == "mod" else function(left, right)
    with Inside(thread, site, found[0], tuple((id(f), READ) for f in found)):
        value = function(left, right)
    if name == "mod":
        address_in(thread, site, value)
    record(thread, site, "read", found[0], "", found[0])
    return value


def chain(site: Site, functions: tuple[Callable[[Any, Any], Any], ...], left: Any, right: Any, *later: Peek) -> Any:
    """`a < b < c`: each operand once, and the rest only as long as it holds."""
    result = operate(site, functions[0], left, right)
    for function, peek in zip(functions[1:], later, strict=True):
        if not result:
            return result
        left, right = right, peek()
        result = operate(site, function, left, right)
    return result


def wrong(
    site: Site, function: Callable[[Any, Any], Any], left: Any, right: Any, text: str, *told: str
) -> AssertionError | None:
    """The error of a comparison that a bare `assert` of several parts makes; None if it is so."""
    if operate(site, function, left, right):
        return None
    values = [f"{side} is {short(value)}" for side, value in zip(told, (left, right), strict=True) if side]
    return untrue(text, ", ".join(values))


def untrue(text: str, values: str = "") -> AssertionError:
    """The error of one part of a bare `assert`: it has no text, as the real one, but knows what is not so."""
    error = AssertionError()
    error.is_not_so = f"{text} is not so" + (f": {values}" if values else "")  # type: ignore[attr-defined]
    return error


def update(site: Site, function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """`left += right`: changes a container in one step."""
    if kind_of(type(left)) != CONTAINER or not hasattr(type(left), f"__{function.__name__}__"):
        return operate(site, function, left, right)
    thread = current()
    if thread is None:
        return function(left, right)
    if not isinstance(left, set):
        refuse_order(thread, site, right)
    others = containers_of(right)
    accesses = ((id(left), WRITE), *((id(o), READ) for o in others if o is not left))
    use(thread, site, "write", left, accesses, [left, *others])
    with Inside(thread, site, left, accesses):
        value = function(left, right)
    record(thread, site, "write", left, "", value)
    return value


COMPARING = ("__eq__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__")
SHOWING = ("__repr__", "__str__", "__format__")


def compared(thread: VirtualThread, site: Site, *values: Any, names: tuple[str, ...] = COMPARING) -> None:
    """C code is about to compare or to show these values, and the objects in them."""
    if thread.run.solo:
        return
    seen: set[int] = set()
    pending = [v for v in values if type(v) not in SCALARS]
    while pending:
        item = pending.pop()
        cls = type(item)
        if cls in SCALARS or id(item) in seen:
            continue
        seen.add(id(item))
        kind = kind_of(cls)
        if issubclass(cls, types.SimpleNamespace):
            for name, inside in attributes_of(item).items():
                thread.run.sharing.opaque(thread, (id(item), name), site, item, "SimpleNamespace", READ)
                pending.append(inside)
        elif kind == INSTANCE and hasattr(cls, "__dataclass_fields__") and generated(thread, site, item, *names):
            inner = [getattr(item, field, None) for field in cls.__dataclass_fields__]
            for container in deep(inner)[1:]:
                thread.run.sharing.opaque(thread, id(container), site, container, f"{cls.__name__}, a dataclass,", READ)
            pending.extend(inner)
        elif isinstance(item, dict):
            pending.extend([*dict.keys(item), *dict.values(item)])
        elif isinstance(item, tuple | frozenset) or (kind == CONTAINER and not isinstance(item, bytearray)):
            pending.extend(item)
        elif kind == VIEW:
            pending.append(underlying(item))


def generated(thread: VirtualThread, site: Site, value: Any, *names: str) -> bool:
    """Methods that `dataclass` made have no source: what they read is seen, but not between two fields."""
    found = False
    if kind_of(type(value)) == INSTANCE and hasattr(type(value), "__dataclass_fields__") and not thread.run.solo:
        for name in names:
            mode = WRITE if name in ("__init__", "__setattr__", "__delattr__", "__setstate__") else READ
            method = inspect.getattr_static(type(value), name, None)
            method = getattr(method, "__wrapped__", method)
            if isinstance(method, types.FunctionType) and method.__code__.co_filename == "<string>":
                found = True
                for field in value.__dataclass_fields__:
                    what = f"{type(value).__name__}.{name}, which dataclass made,"
                    thread.run.sharing.opaque(thread, (id(value), field), site, value, what, mode)
    return found


def matched(site: Site, value: Any) -> Any:
    """A `match` statement looks at the value: fine for plain data, not for attributes of shared objects."""
    thread = current()
    if thread is not None and not thread.run.solo:
        read_all(thread, site, deep(value))
        for item in reachable(value):
            if kind_of(type(item)) in (INSTANCE, OPAQUE):
                opaque(thread, site, item)
    return value

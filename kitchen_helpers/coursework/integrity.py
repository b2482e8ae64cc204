"""While an answer is checked in the same process, what checks it must stay as it is."""

from __future__ import annotations

import ctypes
import functools
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from .offered import MODULES
from .questions import Verdict

_IMMUTABLE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE: attributes of the class cannot be set
_BASE = 1 << 10  # Py_TPFLAGS_BASETYPE: it can have subclasses
_NETWORK = {
    *("connect_accepted_socket", "create_connection", "create_datagram_endpoint", "create_server", "create_unix_connection"),
    *("create_unix_server", "sendfile", "sock_accept", "sock_connect", "sock_recv", "sock_sendall", "sock_sendfile", "start_tls"),
}
"""What makes real sockets, through which numbers of pipes could be sent."""
_OURS = "kitchen_helpers"
_TOPS = {name.partition(".")[0] for name in MODULES} | {_OURS}
_KEEP_BOOKS = {"finalize"}
"""Classes of the standard library that note something down in themselves."""


def _modules() -> list[types.ModuleType]:
    """The modules that check, and those that an answer gets something of; a class may stand in a part of them."""
    found = []
    for name, module in list(sys.modules.items()):
        if isinstance(module, types.ModuleType) and (name.partition(".")[0] in _TOPS or name == "builtins"):
            found.append(module)
    return found


def _flags_offset() -> int | None:
    """Where a class keeps its flags; None where that is not to be found out for certain."""
    word = ctypes.sizeof(ctypes.c_ulong)
    if ctypes.sizeof(ctypes.c_void_p) != word:
        return None
    samples = [type(name, (base,), {}) for name, base in (("A", object), ("B", int), ("C", dict), ("D", Exception))]
    for offset in range(0, object.__basicsize__ + 40 * word, word):
        if all(ctypes.c_ulong.from_address(id(cls) + offset).value == cls.__flags__ for cls in samples):
            return offset
    return None


def freeze() -> None:
    """No attribute of a class that is there now can be replaced any more in this process."""
    if "asyncio" in sys.modules:
        _guard_loops()
    offset = _flags_offset()
    if offset is None:
        return
    for cls in dict.fromkeys(_classes(object)):
        flags = ctypes.c_ulong.from_address(id(cls) + offset)
        flags.value |= _IMMUTABLE
    # A class of numbers in memory says in a text what they are: an answer's own could say that they are objects.
    number: type = ctypes.c_ulong.__mro__[1]
    for cls in (number, *_classes(number)):
        flags = ctypes.c_ulong.from_address(id(cls) + offset)
        flags.value &= ~_BASE


class _Fixed(property):
    """A method of an event loop: whatever is set on the loop itself, or written among its attributes, does not replace it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(functools.partial(types.MethodType, function))

    def __set__(self, loop: object, value: object) -> NoReturn:
        raise AttributeError("a method of an event loop cannot be replaced")


@functools.cache  # once in a process
def _guard_loops() -> None:
    """The event loop that checks is the one in which the answer runs: its methods stay, and it has no network."""
    from asyncio.base_events import BaseEventLoop

    for cls in [BaseEventLoop, *_classes(BaseEventLoop)]:
        for name, part in list(vars(cls).items()):
            if isinstance(part, types.FunctionType) and not name.startswith("__"):
                setattr(cls, name, _Fixed(_no_network if name in _NETWORK else part))


async def _no_network(*_: object, **__: object) -> NoReturn:
    raise OSError("an answer has no network")


def _classes(root: type) -> Iterator[type]:
    """All below it."""
    pending: list[type] = [root]
    seen: set[type] = set()
    while pending:
        below: list[type] = type.__subclasses__(pending.pop())
        for cls in below:
            if cls not in seen:
                seen.add(cls)
                pending.append(cls)
                if cls.__name__ not in _KEEP_BOOKS:
                    yield cls


def fingerprint() -> dict[str, Any]:
    """What is called by name in those modules: functions with their code, classes with their methods."""
    found: dict[str, Any] = {}
    for module in _modules():
        for name, value in list(vars(module).items()):
            if isinstance(value, types.FunctionType):
                found[f"{module.__name__}.{name}"] = (value, value.__code__, value.__defaults__)
            elif isinstance(value, type) and value.__module__ == module.__name__:
                for key, part in list(vars(value).items()):
                    if isinstance(part, types.FunctionType):
                        found[f"{module.__name__}.{name}.{key}"] = (part, part.__code__, part.__defaults__)
                found[f"{module.__name__}.{name}"] = value
            elif isinstance(value, types.BuiltinFunctionType):
                found[f"{module.__name__}.{name}"] = value
    return found


def tampering(before: dict[str, Any]) -> Verdict | None:
    """The verdict on an answer that has changed what is not its own."""
    name = changed(before)
    return Verdict("refused", f"the answer changes {name}, which is not its own") if name else None


def changed(before: dict[str, Any]) -> str:
    """The name of something that is no longer as it was; "" if all is."""
    after = fingerprint()
    for name, value in before.items():
        now = after.get(name)
        if isinstance(value, tuple):
            same = isinstance(now, tuple) and all(a is b for a, b in zip(value, now, strict=True))
        else:
            same = now is value
        if not same:
            return name
    return ""

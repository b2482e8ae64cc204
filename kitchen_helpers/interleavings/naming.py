"""What the reader calls the objects of a run, and values in a few characters."""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from .identities import Identity
from .kinds import CLASS, FUNCTION, INSTANCE, SCALARS, attributes_of, is_a, is_library, is_readers, kind_of
from .models.base import Model
from .models.conditions import Condition
from .threads import VirtualThread

LONGEST = 40
"""Characters of a value that are shown."""


def short(value: Any, depth: int = 0) -> str:
    """A value in a few characters, without addresses."""
    cls = type(value)
    if cls is Identity:
        text = int.__repr__(value)
    elif value is None or cls in SCALARS:
        text = repr(value)
    elif depth > 3:
        text = "…"
    elif is_a(value, dict):
        text = (
            "{" + ", ".join(f"{short(k, depth + 1)}: {short(v, depth + 1)}" for k, v in list(value.items())[:8]) + "}"
        )
    elif is_a(value, tuple | list | set | frozenset | deque):
        inner = ", ".join(short(v, depth + 1) for v in list(value)[:8])
        opening, closing = {"tuple": ("(", ")"), "set": ("{", "}"), "frozenset": ("{", "}")}.get(
            cls.__name__, ("[", "]")
        )
        text = opening + inner + ("," if cls is tuple and len(value) == 1 else "") + closing
    elif is_a(value, VirtualThread):
        text = value.name
    elif kind_of(cls) in (FUNCTION, CLASS):
        text = str(getattr(value, "__name__", cls.__name__))
    elif is_a(value, Model):
        text = f"a {value.what}"
    elif is_a(value, BaseException):
        text = f"{cls.__name__}({', '.join(short(a, depth + 1) for a in value.args)})"
    else:
        text = f"a {cls.__name__}"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


class Names:
    """Names of objects: the variables that hold them, and from there the attributes and items."""

    def __init__(self, program: Callable[[], Any]):
        self.program = program
        self.found: dict[int, str] = {}
        self.roots: list[tuple[str, Any]] = []
        self.seen: set[int] = set()

    def look_at(self, frame: types.FrameType | None) -> None:
        """Remember the variables of the reader's functions that are running, the outermost first."""
        frames = []
        while frame is not None:
            if "interleavings" not in frame.f_code.co_filename and frame.f_globals.get("__name__") != "threading":
                frames.append(frame)
            frame = frame.f_back
        for level in reversed(frames):
            for name, value in dict(level.f_locals).items():
                if name not in ("self", "cls") and not name.startswith(("_kitchen", "@")):
                    self.root(name, value)

    def root(self, name: str, value: Any) -> None:
        if id(value) not in self.seen and type(value) not in SCALARS and kind_of(type(value)) not in (FUNCTION, CLASS):
            self.seen.add(id(value))
            self.roots.append((name, value))

    def complete(self, shadows: dict[int, tuple[Any, Any]]) -> None:
        """Follow the variables to what hangs on them."""
        level = [*self.roots, *self._outer_variables()]
        for _ in range(4):
            following: list[tuple[str, Any]] = []
            for name, value in level:
                if kind_of(type(value)) in (FUNCTION, CLASS) or type(value) in SCALARS or id(value) in self.found:
                    continue
                self.found[id(value)] = name
                if id(value) in shadows:
                    self.found[id(shadows[id(value)][1])] = name
                following.extend(_parts(name, value))
            level = following

    def _outer_variables(self) -> Iterator[tuple[str, Any]]:
        """The closure variables and globals that the program uses, then those of the functions and methods it names."""
        pending = [getattr(self.program, "__func__", self.program)]
        seen: set[int] = set()
        while pending:
            function = pending.pop(0)
            if isinstance(function, type) and is_readers(function):
                pending.extend(vars(function).values())
            if id(function) in seen or not isinstance(function, types.FunctionType):
                continue
            seen.add(id(function))
            if is_library(function.__code__.co_filename, function.__module__):
                continue
            for name, value in _variables(function):
                yield name, value
                pending.append(value)

    def of(self, value: Any, otherwise: str = "") -> str:
        return self.found.get(id(value), otherwise)


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if kind_of(type(value)) == INSTANCE:
        for attribute, part in attributes_of(value).items():
            yield f"{name}.{attribute}", part
    elif is_a(value, Condition):
        yield name, value.lock
    if is_a(value, list | tuple):
        for index, part in enumerate(value[:20]):
            yield f"{name}[{index}]", part
    elif is_a(value, dict):
        for key, part in list(value.items())[:20]:
            if type(key) in SCALARS:
                yield f"{name}[{key!r}]", part


def _variables(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """The closure variables and the globals of a function."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:
            continue
    for name in sorted(_names_in(function.__code__)):
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _names_in(code: types.CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_in(constant)
    return names

"""Find the reader's functions, rewrite them, put the rewritten code in place for an exploration and take it out again."""

from __future__ import annotations
import __future__ as futures

import ast
import functools
import linecache
import types
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from .expressions import INVENTED_LINE, MARK, NotRewritten
from .kinds import CLASS, FUNCTION, is_library, kind_of, module_of
from .rewrite import rewrite

_FUTURES = functools.reduce(
    lambda flags, name: flags | getattr(futures, name).compiler_flag, futures.all_feature_names, 0
)


Pairs = dict[Any, tuple[types.CodeType, types.CodeType]]
"""The original and the rewritten code objects of a top-level statement."""


NO_FINALIZERS = "when the __del__ of an object runs is not explored"


class CannotRewrite(Exception):
    """The source of a function is not to be had, or is not what is running."""


class Source:
    """A file or a notebook cell: its lines and its syntax tree, read once for as long as they stay the same."""

    def __init__(self, file: str, lines: list[str]):
        self.file = file
        self.lines = lines
        self.text = "".join(lines)
        self.tree = ast.parse(self.text)
        self.rebound = {n for node in ast.walk(self.tree) if isinstance(node, ast.Global) for n in node.names}
        self.spare: list[ast.stmt | None] = []
        """A second tree, to be changed."""
        self.rewritten: dict[int, Pairs] = {}
        self.plain_globals: set[str] = set()
        self.codes: list[types.CodeType] | None = None


def _lines(statement: ast.stmt) -> tuple[int, int]:
    first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
    return first, statement.end_lineno or statement.lineno


_sources: dict[str, Source] = {}
_rewritten: dict[int, types.CodeType] = {}
"""All rewritten code, by id."""


def source_of(function: types.FunctionType) -> Source:
    code = function.__code__
    file = code.co_filename
    linecache.checkcache(file)
    lines = linecache.getlines(file, function.__globals__)
    if not lines:
        raise CannotRewrite(f"the source of {code.co_qualname}() cannot be had")
    known = _sources.get(file)
    if known is None or known.lines != lines:
        try:
            known = _sources[file] = Source(file, lines)
        except SyntaxError as error:
            raise CannotRewrite(f"the source of {code.co_qualname}() cannot be read: {error}") from None
    return known


def rewritten_code(function: types.FunctionType, hooks: Mapping[str, Callable[..., Any]]) -> types.CodeType:
    """The rewritten code of a function, equal to its own but for the hooks."""
    code = function.__code__
    source = source_of(function)
    for number, statement in enumerate(source.tree.body):
        first, last = _lines(statement)
        if first <= code.co_firstlineno <= last:
            pairs = source.rewritten.get(number)
            if pairs is None:
                pairs = _rewrite(source, number, function, hooks)
            new = _match(code, pairs)
            if new is not None:
                if new.co_freevars != code.co_freevars:
                    break
                return new
    raise CannotRewrite(
        f"the source of {code.co_qualname}() is not what runs: was the file changed? Run its cell again"
    )


def _rewrite(
    source: Source, number: int, function: types.FunctionType, hooks: Mapping[str, Callable[..., Any]]
) -> Pairs:
    flags = function.__code__.co_flags & _FUTURES
    if source.codes is None:
        # The whole file: how a call is compiled depends on its imports.
        source.codes = _codes(compile(source.tree, source.file, "exec", flags, dont_inherit=True))
    if not source.spare or source.spare[number] is None:
        source.spare = list(ast.parse(source.text).body)
    statement, source.spare[number] = source.spare[number], None
    assert statement is not None
    try:
        rewriter = rewrite(statement, source.file, source.lines, function.__globals__, source.rebound)
    except NotRewritten as reason:
        raise CannotRewrite(str(reason)) from None
    source.plain_globals |= rewriter.plain_globals
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = compile(ast.Module([statement], []), source.file, "exec", flags, dont_inherit=True)
    constants = {**rewriter.constants, **{f"{MARK}@{name}": hook for name, hook in hooks.items()}}
    changed = _with_constants(raw, constants)
    first, last = _lines(source.tree.body[number])
    # A script is compiled whole, a notebook cell statement by statement: how a call is compiled can differ.
    alone = compile(ast.Module([source.tree.body[number]], []), source.file, "exec", flags, dont_inherit=True)
    news = _codes(changed)
    pairs: Pairs = {}
    for olds in ([c for c in source.codes if first <= c.co_firstlineno <= last], _codes(alone)):
        if [c.co_qualname for c in olds] != [c.co_qualname for c in news]:
            raise CannotRewrite(f"{function.__code__.co_qualname}() cannot be rewritten")
        for old, new in zip(olds, news, strict=True):
            pairs.setdefault(_identity(old), (old, new))
            _rewritten[id(new)] = new
    source.rewritten[number] = pairs
    return pairs


def _identity(code: types.CodeType) -> Any:
    """What makes two code objects the same: their own equality also compares caches (3.11)."""
    constants = tuple(_identity(c) if isinstance(c, types.CodeType) else (type(c), repr(c)) for c in code.co_consts)
    return (
        (code.co_qualname, code.co_firstlineno, code.co_flags, code.co_code),
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount),
        (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars),
        constants,
    )


def _codes(code: types.CodeType) -> list[types.CodeType]:
    """The code objects inside a code object, in source order, without those that the rewriting added."""
    found = []
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_firstlineno < INVENTED_LINE:
                found.append(constant)
            found.extend(_codes(constant))
    return found


def _with_constants(code: types.CodeType, constants: Mapping[str, Any]) -> types.CodeType:
    def replaced(constant: Any) -> Any:
        if isinstance(constant, types.CodeType):
            return _with_constants(constant, constants)
        if isinstance(constant, str) and constant.startswith(MARK):
            return constants[constant]
        return tuple(map(replaced, constant)) if isinstance(constant, tuple) else constant

    return code.replace(co_consts=tuple(map(replaced, code.co_consts)))


def _match(code: types.CodeType, pairs: Pairs) -> types.CodeType | None:
    found = pairs.get(_identity(code))
    if found is not None:
        return found[1]
    # pytest rewrites the asserts of test modules: then the names have to do.
    if any(
        name.startswith("@py") for name in (*code.co_varnames, *code.co_names, *code.co_consts) if isinstance(name, str)
    ):
        for old, candidate in pairs.values():
            same = (old.co_qualname, old.co_firstlineno, old.co_argcount, old.co_freevars)
            if same == (code.co_qualname, code.co_firstlineno, code.co_argcount, code.co_freevars):
                return candidate
    return None


def is_new_code(code: types.CodeType) -> bool:
    """Is it the rewritten code of a function of the reader's?"""
    return id(code) in _rewritten


def is_rewritten(value: Any) -> bool:
    """Is it rewritten already, or made by rewritten code in the run that is going on, or built in?"""
    if isinstance(value, types.FunctionType):
        return id(value.__code__) in _rewritten
    if isinstance(value, type):
        own = [v for v in value.__dict__.values() if isinstance(v, types.FunctionType)]
        return bool(own) and "<locals>" in value.__qualname__ and all(id(f.__code__) in _rewritten for f in own)
    return isinstance(value, types.BuiltinFunctionType)


class Collector:
    """Swaps the code of every function that a program reaches, and puts the old code back at the end."""

    def __init__(self, hooks: Mapping[str, Callable[..., Any]], refused: Callable[[str], None]):
        self.hooks = hooks
        self.refused = refused
        self.swapped: dict[types.FunctionType, types.CodeType] = {}
        self.known: set[int] = set()
        self.watched: set[str] = set()
        """Names that some function declares global: they are read with a hook, whatever they name."""
        self.kept: list[Any] = []
        self.new_functions: list[types.FunctionType] = []
        """Functions found since somebody last looked: their globals may have to be restored after a run."""

    def ensure(self, value: Any) -> None:
        """Rewrite a function, the methods of a class, or whatever a callable wraps."""
        if id(value) in self.known:
            return
        pending = [value]
        while pending:
            item = pending.pop()
            if id(item) in self.known:
                continue
            self.known.add(id(item))
            self.kept.append(item)  # its id must not be given to another object
            pending.extend(self._parts(item))

    def _parts(self, item: Any) -> list[Any]:
        """Rewrite one function; returns the callables that belong to it."""
        if isinstance(item, types.FunctionType):
            if not is_library(item.__code__.co_filename, item.__module__):
                self.new_functions.append(item)
            return [*self._function(item), *_in_cells(item), *_defaults(item)]
        if isinstance(item, types.MethodType):
            return [item.__func__, type(item.__self__)]
        if isinstance(item, functools.partial):
            return [item.func, *item.args, *item.keywords.values()]
        if isinstance(item, staticmethod | classmethod):
            return [item.__func__]
        if isinstance(item, property):
            return [f for f in (item.fget, item.fset, item.fdel) if f is not None]
        if isinstance(item, type):
            return self._class(item)
        wrapped = getattr(item, "__wrapped__", None) if callable(item) else None
        if wrapped is not None:
            return [wrapped]
        return [type(item)] if callable(item) and not isinstance(item, types.BuiltinFunctionType) else []

    def _function(self, function: types.FunctionType) -> list[Any]:
        code = function.__code__
        wrapped = [function.__wrapped__] if hasattr(function, "__wrapped__") else []
        if is_library(code.co_filename, function.__module__) or function in self.swapped:
            return wrapped
        if id(code) in _rewritten:
            return wrapped  # made by rewritten code
        if str(function.__globals__.get("__name__")).startswith("namedtuple_"):
            return wrapped  # makes a tuple, which nobody can change
        if code.co_filename == "<string>" and code.co_name.startswith("__"):
            return wrapped  # what dataclass makes: judged where it is used
        try:
            new = rewritten_code(function, self.hooks)
        except CannotRewrite as reason:
            self.refused(str(reason))
            return wrapped
        self.swapped[function] = code
        self.watched |= source_of(function).rebound
        function.__code__ = new
        names = {*code.co_names, *(n for c in code.co_consts if isinstance(c, types.CodeType) for n in c.co_names)}
        return wrapped + [
            value
            for name in names
            if (value := function.__globals__.get(name)) is not None and kind_of(type(value)) in (FUNCTION, CLASS)
        ]

    def _class(self, cls: type) -> list[Any]:
        found: list[Any] = []
        for owner in [*cls.__mro__, *type.mro(type(cls))]:
            if module_of(owner) == "builtins" or is_library(_file(owner), module_of(owner)):
                continue
            if "__del__" in owner.__dict__:
                self.refused(f"{NO_FINALIZERS} (class {owner.__name__})")
            for value in list(owner.__dict__.values()):
                if kind_of(type(value)) in (FUNCTION, CLASS) or isinstance(
                    value, staticmethod | classmethod | property
                ):
                    found.append(value)
                elif hasattr(type(value), "__get__") or hasattr(value, "__wrapped__"):
                    found.extend([type(value), *_wrapped(value)])
        return found

    def restore(self) -> None:
        for function, code in self.swapped.items():
            function.__code__ = code
        self.swapped.clear()
        self.known.clear()
        self.kept.clear()


def _wrapped(value: Any) -> list[Any]:
    return [f for name in ("func", "__wrapped__", "fget") if (f := getattr(value, name, None)) is not None]


def _file(cls: type) -> str | None:
    import sys

    return getattr(sys.modules.get(module_of(cls)), "__file__", None)


def _in_cells(function: types.FunctionType) -> list[Any]:
    """Functions and classes in a closure: what a decorator wraps, for one."""
    found = []
    for cell in function.__closure__ or ():
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        if kind_of(type(value)) in (FUNCTION, CLASS):
            found.append(value)
        elif isinstance(value, list | tuple):
            found.extend(v for v in value if kind_of(type(v)) in (FUNCTION, CLASS))
        elif isinstance(value, dict):
            found.extend(v for v in value.values() if kind_of(type(v)) in (FUNCTION, CLASS))
    return found


def _defaults(function: types.FunctionType) -> list[Any]:
    values = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    return [v for v in values if kind_of(type(v)) in (FUNCTION, CLASS)]

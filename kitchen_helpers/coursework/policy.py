"""What an answer may import and touch, decided on its syntax tree before anything of it runs.

The rules are made so that an answer to the question never meets them: they forbid what leads out of the answer and into the
interpreter (frames, code objects, namespaces, attributes by names that are computed), and changing what is not its own.
They are the first of three walls: behind them stand the stand-ins of `offered`, and the sandbox.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import re
import symtable
from collections.abc import Iterator

from .offered import MODULES, OURS, TAKEN_AWAY, _words, names_of
from .records import records_of

LONGEST = 100_000
"""Characters of an answer."""

# Special methods and attributes that an answer may define and use; all others are refused.
_SPECIAL = _words("""
    __init__ __new__ __del__ __call__ __enter__ __exit__ __aenter__ __aexit__ __await__ __aiter__ __anext__
    __iter__ __next__ __len__ __length_hint__ __contains__ __getitem__ __setitem__ __delitem__ __missing__ __reversed__
    __bool__ __int__ __float__ __index__ __complex__ __round__ __trunc__ __floor__ __ceil__ __abs__ __neg__ __pos__ __invert__
    __str__ __repr__ __bytes__ __format__ __hash__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__
    __add__ __sub__ __mul__ __truediv__ __floordiv__ __mod__ __divmod__ __pow__ __matmul__ __lshift__ __rshift__ __and__ __or__
    __xor__ __radd__ __rsub__ __rmul__ __rtruediv__ __rfloordiv__ __rmod__ __rdivmod__ __rpow__ __rmatmul__ __rlshift__
    __rrshift__ __rand__ __ror__ __rxor__ __iadd__ __isub__ __imul__ __itruediv__ __ifloordiv__ __imod__ __ipow__ __imatmul__
    __ilshift__ __irshift__ __iand__ __ior__ __ixor__ __post_init__ __init_subclass__ __class_getitem__ __set_name__
    __get__ __set__ __delete__ __getattr__ __setattr__ __delattr__ __dir__ __sizeof__ __copy__ __deepcopy__
    __slots__ __all__ __doc__ __author__ __version__
""")
_READ_ONLY = _words(
    "__class__ __name__ __qualname__ __module__ __cause__ __context__ __suppress_context__ __notes__ __traceback__ __debug__"
)
# What pickling needs, for questions whose answers travel between processes.
_PICKLING = _words("__reduce__ __reduce_ex__ __getstate__ __setstate__ __getnewargs__ __getnewargs_ex__")

# Attributes that lead from ordinary objects into the interpreter, or from a library's object to a whole module.
_INSIDES = _words("""
    gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await cr_origin ag_frame ag_code ag_await tb_frame tb_next tb_lasti
    f_back f_builtins f_code f_globals f_locals f_trace f_trace_lines f_trace_opcodes f_generator f_lineno
    co_code co_consts co_names func_globals func_code mro register
    get_coro get_stack print_stack get_context_frame walk_stack walk_tb reducer set_executable set_forkserver_preload
    subprocess_exec subprocess_shell connect_read_pipe connect_write_pipe add_reader add_writer set_task_factory
    set_exception_handler default_exception_handler
    _convert_ _current_frames _getframe _fut_waiter _coro _ready _scheduled _selector _ssock _csock _actual_context
    acting call_site take_again give_all
    from_address from_buffer from_buffer_copy from_param in_dll _type_ _fields_ _length_ _anonymous_ _pack_
    _evaluate eval_str from_callable _make_subprocess_transport _make_read_pipe_transport _make_write_pipe_transport
""")
OWN_IS_FINE = _words("register mro _ready _scheduled _selector")
"""Of these, names that an answer may well give to something of its own."""
_NEVER = _INSIDES - OWN_IS_FINE

# Attributes of the explorer's stand-ins for locks and threads. Written out, the explorer itself stops them; given as a string
# or in a pattern, nobody would.
_EXPLORERS = _words("acting owner step workers waiters thread run session search")

# Called by hand, they take the name of an attribute, too; an answer's own are called by Python.
_HANDS_OUT = _words("__getattr__ __setattr__ __delattr__")

# Functions to which the name of an attribute is given as a string: it must stand there, to be read. The number is its place.
_BY_NAME = {"getattr": 1, "setattr": 1, "delattr": 1, "attrgetter": 0, "methodcaller": 0, "namedtuple": 1}


def bound_by(tree: ast.Module) -> frozenset[str]:
    """The names that an answer binds, wherever: variables, functions, classes, attributes. Imports are none."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
    return frozenset(found)


def leads_inside(name: str) -> bool:
    """Is it a name that no answer may use, whatever it calls its own?"""
    return name in _NEVER or name.startswith("__")


class Refused(Exception):
    """An answer touches what is not its own."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}" if line else what)
        self.line = line
        self.what = what


def parse(source: str) -> ast.Module:
    """The syntax tree of an answer. Raises SyntaxError, or Refused for what cannot be read at all."""
    if len(source) > LONGEST:
        raise Refused(0, f"the answer has {len(source):,} characters; no answer needs more than {LONGEST:,}")
    try:
        return ast.parse(source)
    except (RecursionError, MemoryError):
        raise Refused(0, "the answer is nested too deeply to be read") from None
    except ValueError as error:  # null bytes
        raise SyntaxError(str(error)) from None


def check_policy(tree: ast.Module, *, pickling: bool = False) -> None:
    """Raises Refused, with the line, for the first thing that the answer may not do."""
    try:
        _Reader(tree, pickling).visit(tree)
    except RecursionError:
        raise Refused(0, "the answer is nested too deeply to be read") from None


def loose_names(source: str) -> list[str]:
    """The names that an answer takes from outside itself, as from another cell; builtins are none."""
    table = symtable.symtable(source, "answer", "exec")
    bound = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    used: dict[str, None] = {}

    def walk(scope: symtable.SymbolTable) -> Iterator[str]:
        for symbol in scope.get_symbols():
            at_top = scope.get_type() == "module"
            if symbol.is_declared_global() and symbol.is_assigned():
                bound.add(symbol.get_name())
            if symbol.is_referenced() and (symbol.is_global() or (at_top and not symbol.is_assigned())):
                yield symbol.get_name()
        for child in scope.get_children():
            yield from walk(child)

    for name in walk(table):
        used[name] = None
    starred = any(isinstance(n, ast.ImportFrom) and n.names[0].name == "*" for n in ast.walk(ast.parse(source)))
    if starred:  # nobody knows what came that way
        return []
    return [n for n in used if n not in bound and not hasattr(builtins, n) and not n.startswith("__")]


class _Reader(ast.NodeVisitor):
    def __init__(self, tree: ast.Module, pickling: bool) -> None:
        self.special = _SPECIAL | (_PICKLING if pickling else frozenset())
        self.imported: set[str] = set()
        self.starred: set[str] = set()
        self.modules: dict[str, str] = {}
        """Which module a name stands for."""
        self.own = bound_by(tree)
        self.classes: set[str] = set()
        """Names of class statements."""
        self.types: set[int] = set()
        """Where `type` stands for the class of something, and not for a way to make classes."""
        self.bases: set[int] = set()
        """What stands in the place of a base class."""
        self.records = records_of(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.imported.update((a.asname or a.name).partition(".")[0] for a in node.names)
                self.starred |= _starred_by(node)
                self.modules.update(_modules_of(node))
            self.types.update(map(id, _as_class(node)))
            if isinstance(node, ast.ClassDef):
                self.bases.update(map(id, node.bases))
                self.classes.add(node.name)

    def is_own(self, name: str) -> bool:
        """Does it stand for something of the answer's wherever it stands? What is built in is replaced then (see `loading`)."""
        return name in self.own - self.imported - self.starred

    def name(self, node: ast.AST, name: str | None, *, store: bool = False) -> None:
        """Refuse a name that leads into the interpreter, wherever it stands."""
        if name is None:
            return
        if name in _INSIDES and not (name in OWN_IS_FINE and name in self.own):
            raise Refused(_line(node), f"{name} is none of an answer's business")
        if name.startswith("__") and name.endswith("__") and name not in self.special and (store or name not in _READ_ONLY):
            raise Refused(_line(node), f"{name} is none of an answer's business")

    # -- imports ---------------------------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.partition(".")[0] != OURS and alias.name not in MODULES:
                raise Refused(_line(node), f"{alias.name} may not be imported")
            self.name(node, alias.asname, store=True)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if not node.level and module.partition(".")[0] == OURS:
            return
        if node.level or module not in MODULES:
            raise Refused(_line(node), f"{'.' * node.level}{module} may not be imported")
        for alias in node.names:
            if alias.name == "*" or f"{module}.{alias.name}" in MODULES:
                continue
            if alias.name in (*_BY_NAME, "NamedTuple") and alias.asname not in (None, alias.name):
                raise Refused(_line(node), f"{alias.name} under another name")
            if module != "__future__" and alias.name not in names_of(module):
                raise Refused(_line(node), f"{module}.{alias.name} may not be imported")
            self.name(node, alias.asname, store=True)

    # -- names -----------------------------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> None:
        self.name(node, node.id, store=not isinstance(node.ctx, ast.Load))
        if node.id in _BY_NAME and not self.is_own(node.id):
            raise Refused(_line(node), f"{node.id} may only be called, with the name as it stands")
        if node.id == "type" and node.id not in self.own and id(node) not in self.types:
            raise Refused(_line(node), "type may only be called, with one argument")
        if node.id in TAKEN_AWAY and node.id not in self.own:
            raise Refused(_line(node), f"{node.id} may not be used")
        self.only_as_base(node, node.id)

    def only_as_base(self, node: ast.expr, name: str) -> None:
        if name == "NamedTuple" and id(node) not in self.bases and name not in self.own:
            raise Refused(_line(node), "NamedTuple may only be the base of a class, with the names as they stand")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        store = not isinstance(node.ctx, ast.Load)
        self.name(node, node.attr, store=store)
        if node.attr in _BY_NAME:
            raise Refused(_line(node), f"{node.attr} may only be called, with the name as it stands")
        self.only_as_base(node, node.attr)
        if node.attr in _HANDS_OUT and not self.is_super(node.value):
            raise Refused(_line(node), f"{node.attr} may only be called, with the name as it stands")
        if store:
            self.not_imported(node)
        module = self.module_of(node.value)
        if module and node.attr not in names_of(module) and f"{module}.{node.attr}" not in MODULES and _has(module, node.attr):
            raise Refused(_line(node), f"{module}.{node.attr} may not be used")
        self.visit(node.value)

    def is_super(self, node: ast.expr) -> bool:
        """What a method of the answer's own class inherits: `super()`, or `super(Class, self)`."""
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super") or "super" in self.own:
            return False
        return not node.args or (isinstance(node.args[0], ast.Name) and node.args[0].id in self.classes)

    def module_of(self, node: ast.expr) -> str:
        """The module for which an expression stands; "" if for none."""
        if isinstance(node, ast.Name) and node.id not in self.own:
            return self.modules.get(node.id, node.id if node.id in MODULES else "")
        if isinstance(node, ast.Attribute):
            name = f"{self.module_of(node.value)}.{node.attr}"
            return name if name in MODULES else ""
        return ""

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.not_imported(node)
        self.generic_visit(node)

    def not_imported(self, node: ast.Attribute | ast.Subscript) -> None:
        root: ast.expr = node
        while isinstance(root, ast.Attribute | ast.Subscript):
            root = root.value
        if isinstance(root, ast.Name) and root.id in self.imported:
            raise Refused(_line(node), f"{ast.unparse(node)} is changed, which is not the answer's own")

    def visit_keyword(self, node: ast.keyword) -> None:
        self.name(node.value, node.arg)
        self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> None:
        self.name(node, node.arg, store=True)
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        for name in node.names:
            self.name(node, name, store=True)

    visit_Nonlocal = visit_Global

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.name(node, node.name, store=True)
        self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.name(node, node.name, store=True)
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in ("type", "ABCMeta", "EnumType", "EnumMeta"):
                raise Refused(_line(node), f"class {node.name} makes classes, which no answer needs to")
        for keyword in node.keywords:
            if keyword.arg == "metaclass" and ast.unparse(keyword.value) not in ("ABCMeta", "abc.ABCMeta"):
                raise Refused(_line(node), f"class {node.name} has a metaclass")
            if keyword.arg is None:
                raise Refused(_line(node), f"class {node.name} has keywords that cannot be read")
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.name(node, node.name, store=True)
        self.generic_visit(node)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        for name in node.kwd_attrs:
            self.name(node, name)
            if name in _EXPLORERS or name in _HANDS_OUT:
                raise Refused(_line(node), f"{name} in a pattern may be none of an answer's business")
        if node.patterns and not (isinstance(node.cls, ast.Name) and node.cls.id in (self.records | _OF_ONE - self.own)):
            raise Refused(_line(node), f"{ast.unparse(node)}: which attributes that reads cannot be seen; name them")
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self.name(node, node.name, store=True)
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.name(node, node.rest, store=True)
        self.generic_visit(node)

    # -- calls -----------------------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        called = function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
        if called in _BY_NAME and not (isinstance(function, ast.Name) and self.is_own(called)):
            self.by_name(node, called, _BY_NAME[called])
            if isinstance(function, ast.Attribute):
                self.visit(function.value)
        elif called in ("__setattr__", "__delattr__") and isinstance(function, ast.Attribute) and not self.is_super(function.value):
            # (object.__setattr__(self, "name", value), or self.__setattr__("name", value))
            self.by_name(node, called, max(0, len(node.args) - (2 if called == "__setattr__" else 1)))
            self.visit(function.value)
        else:
            if called == "type" and isinstance(function, ast.Name) and (len(node.args) != 1 or node.keywords or _starred(node)):
                raise Refused(_line(node), "type makes a class here, which is what class statements are for")
            self.visit(function)
        for argument in node.args:
            self.visit(argument)
        for keyword in node.keywords:
            self.visit(keyword)

    def by_name(self, node: ast.Call, called: str, place: int) -> None:
        if _starred(node) or (called == "namedtuple" and any(k.arg in ("field_names", None) for k in node.keywords)):
            raise Refused(_line(node), f"{called} with names that cannot be read")
        asked = node.args[place:] if called == "attrgetter" else node.args[place : place + 1]
        if not asked:
            raise Refused(_line(node), f"{called} with names that cannot be read")
        for argument in asked:
            parts = argument.elts if isinstance(argument, ast.Tuple | ast.List) else [argument]
            for part in parts:
                if not (isinstance(part, ast.Constant) and isinstance(part.value, str)):
                    raise Refused(_line(node), f"{called} with names that cannot be read")
                for name in re.split(r"[\s,.]+", part.value):
                    if called in ("attrgetter", "methodcaller") and name in _EXPLORERS or name in (*_HANDS_OUT, "_handle"):
                        raise Refused(_line(node), f"{called} of {name} may be none of an answer's business")
                    self.name(node, name, store=called in ("setattr", "delattr", "__setattr__", "__delattr__"))


_OF_ONE = _words("bool bytearray bytes dict float frozenset int list set str tuple")
"""Classes that stand for themselves in a pattern, `str(name)`."""


def _starred_by(node: ast.Import | ast.ImportFrom) -> frozenset[str]:
    """What `from … import *` binds."""
    all_of_it = isinstance(node, ast.ImportFrom) and node.names[0].name == "*" and node.module in MODULES
    return names_of(node.module or "") if all_of_it and isinstance(node, ast.ImportFrom) else frozenset()


def _modules_of(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    if isinstance(node, ast.Import):
        named = {a.asname or a.name.partition(".")[0]: a.name if a.asname else a.name.partition(".")[0] for a in node.names}
    else:
        named = {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return {name: module for name, module in named.items() if module in MODULES}


def _has(module: str, name: str) -> bool:
    return hasattr(importlib.import_module(module), name)


def _as_class(node: ast.AST) -> Iterator[ast.AST]:
    """Where `type` may stand below a node: called, asked for, compared, subscripted, or in an annotation."""
    if isinstance(node, ast.Call):
        yield node.func
        if isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass"):
            for argument in node.args[1:]:
                yield from ast.walk(argument)
    elif isinstance(node, ast.Subscript):
        yield node.value
    elif isinstance(node, ast.Compare):
        yield from node.comparators
    elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
        yield from ast.walk(node.annotation)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
        yield from ast.walk(node.returns)


def _starred(node: ast.Call) -> bool:
    return any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords)


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)

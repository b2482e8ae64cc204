"""Rewrite expressions so that every use of state that threads could share calls a hook.

The hooks are named by placeholder constants, which `collect` replaces by the hooks themselves after compiling: so the
rewritten code needs no name of ours in the reader's globals, and means what it meant before.
"""

from __future__ import annotations

import ast
import builtins
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .scopes import Scope, resolve
from .sites import Site

Node = TypeVar("Node", bound=ast.AST)

MARK = "\x00kitchen:"
INVENTED_LINE = 1_000_000
"""Line of the small lambdas that we add: tells them from the reader's own."""

# Called as they are: they look at the frame that calls them, or they cannot matter.
LEFT_ALONE = {"super", "range", "isinstance", "issubclass", "callable", "object", "slice", "locals", "property"}
UNJUDGED = {"eval", "exec", "globals", "vars", "compile", "__import__", "input", "open", "memoryview"}

BINARY: Mapping[type[ast.operator], tuple[Callable[..., Any], Callable[..., Any]]] = {
    ast.Add: (operator.add, operator.iadd),
    ast.Sub: (operator.sub, operator.isub),
    ast.Mult: (operator.mul, operator.imul),
    ast.Div: (operator.truediv, operator.itruediv),
    ast.FloorDiv: (operator.floordiv, operator.ifloordiv),
    ast.Mod: (operator.mod, operator.imod),
    ast.Pow: (operator.pow, operator.ipow),
    ast.MatMult: (operator.matmul, operator.imatmul),
    ast.LShift: (operator.lshift, operator.ilshift),
    ast.RShift: (operator.rshift, operator.irshift),
    ast.BitOr: (operator.or_, operator.ior),
    ast.BitXor: (operator.xor, operator.ixor),
    ast.BitAnd: (operator.and_, operator.iand),
}


def is_in(item: Any, container: Any) -> bool:
    return item in container


def is_not_in(item: Any, container: Any) -> bool:
    return item not in container


COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: is_in,
    ast.NotIn: is_not_in,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}


class NotRewritten(Exception):
    """A function that nobody has visited: what it does would not be seen."""


class ExpressionRewriter(ast.NodeTransformer):
    """Rewrites the expressions of one top-level statement; `constants` then says what each placeholder stands for."""

    def __init__(self, statement: ast.stmt, file: str, lines: list[str], module: Mapping[str, Any], rebound: set[str]):
        self.scopes = resolve(statement)
        self.scope: Scope = self.scopes[statement] if not opens_scope(statement) else root(self.scopes[statement])
        self.file = file
        self.lines = lines
        self.module = module
        self.rebound = rebound
        self.class_name = ""
        self.idle = False
        self.hashing = False
        """The function at hand is a `__hash__`."""
        self.printed = False
        """The text at hand is only printed."""
        self.called_by_c = False
        """The function at hand is one that C code calls: it says so where it returns."""
        self.visited: set[ast.AST] = set()
        """The functions and lambdas that were rewritten."""
        self.constants: dict[str, Any] = {}
        self.site_numbers = 0
        self.temporaries = 0
        self.plain_globals: set[str] = set()
        """Global names that are read without a hook, because they name a function, a class or a module."""

    def constant(self, value: Any, name: str) -> ast.Constant:
        self.constants[MARK + name] = value
        return ast.Constant(MARK + name)

    def text(self, node: ast.AST) -> str:
        """An expression as the reader wrote it; "…" stands for its further lines."""
        line, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
        if not 0 < line <= len(self.lines):
            return ""
        encoded = self.lines[line - 1].encode()
        first = node.col_offset  # type: ignore[attr-defined]
        if end == line:
            return encoded[first : node.end_col_offset].decode()  # type: ignore[attr-defined]
        return encoded[first:].decode().rstrip() + " …"

    def site(self, node: ast.AST, text: str) -> ast.Constant:
        line = getattr(node, "lineno", 0)
        source = self.lines[line - 1].strip() if 0 < line <= len(self.lines) else ""
        site = Site(self.file, line, text, source, self.site_numbers)
        site.idle, site.hashing = self.idle, self.hashing
        self.site_numbers += 1
        return self.constant(site, f"#{site.number}")

    def hook(self, at: ast.AST, name: str, *args: ast.expr) -> ast.Call:
        call = ast.Call(ast.Constant(f"{MARK}@{name}"), list(args), [])
        return located(call, at)

    def temporary(self) -> str:
        self.temporaries += 1
        return f"_kitchen_{self.temporaries}"

    def peek(self, name: str) -> ast.Lambda:
        """`lambda: name`: gives a hook the variable itself (its closure cell, its globals), and its value."""
        nothing = ast.arguments([], [], None, [], [], None, [])
        peek = ast.Lambda(nothing, ast.Name(name, ast.Load()))
        for node in ast.walk(peek):
            node.lineno = node.end_lineno = INVENTED_LINE  # type: ignore[attr-defined]
            node.col_offset = node.end_col_offset = 0  # type: ignore[attr-defined]
        return peek

    def visible(self, node: ast.expr) -> ast.expr:
        return self.visit(node)  # type: ignore[no-any-return]

    def is_builtin(self, name: str) -> bool:
        return self.scope.owner(name) is None and name not in self.module and hasattr(builtins, name)

    def is_variable(self, name: str) -> bool:
        """Is `name`, used here, a variable that other threads can see change?"""
        if self.scope.kind == "class" and name in self.scope.bound:
            return False
        if self.scope.owner(name) is not None:
            return self.scope.is_shared_cell(name)
        if name in self.rebound:
            return True
        if name not in self.module:
            return not hasattr(builtins, name)
        value = self.module[name]
        if callable(value) or isinstance(value, type(ast)):
            self.plain_globals.add(name)
            return False
        return True

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if not isinstance(node.ctx, ast.Load):
            return node
        if node.id in UNJUDGED and self.is_builtin(node.id):
            return self.hook(node, "unjudged", self.site(node, node.id), node)
        if not self.is_variable(node.id):
            return node
        return self.hook(node, "load_variable", self.site(node, node.id), self.peek(node.id))

    def mangled(self, name: str) -> str:
        if self.class_name and name.startswith("__") and not name.endswith("__"):
            return f"_{self.class_name.lstrip('_')}{name}" if self.class_name.strip("_") else name
        return name

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if not isinstance(node.ctx, ast.Load):
            return node
        site = self.site(node, self.text(node))
        return self.hook(node, "load", site, self.visible(node.value), ast.Constant(self.mangled(node.attr)))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if not isinstance(node.ctx, ast.Load):
            return node
        site = self.site(node, self.text(node.value))
        return self.hook(node, "load_item", site, self.visible(node.value), self.index(node.slice))

    def index(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Slice):
            parts = [
                self.visible(p) if p is not None else ast.Constant(None) for p in (node.lower, node.upper, node.step)
            ]
            return located(ast.Call(self.constant(slice, "slice"), parts, []), node)
        if isinstance(node, ast.Tuple):
            return located(ast.Tuple([self.index(e) for e in node.elts], ast.Load()), node)
        return self.visible(node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        func, looks = node.func, self.may_look(node)
        outer = self.idle
        self.idle = outer or getattr(func, "attr", getattr(func, "id", "")) == "sleep"
        prints = isinstance(func, ast.Name) and func.id == "print" and self.is_builtin("print") and not node.keywords
        args = [self.printable(a) if prints else self.visible(a) for a in node.args]
        self.idle = outer
        keywords = [
            ast.keyword(k.arg, self.visible(k.value) if k.arg else self.touched(k.value)) for k in node.keywords
        ]
        if isinstance(func, ast.Name) and func.id in LEFT_ALONE and self.is_builtin(func.id) and not looks:
            call = located(ast.Call(func, args, keywords), node)
            return self.hook(node, "own_names", call) if func.id == "locals" and self.scope.kind != "class" else call
        if isinstance(func, ast.Name) and func.id == "breakpoint" and self.is_builtin("breakpoint"):
            return located(ast.Call(self.hook(node, "debugger"), args, keywords), node)
        call = self.hook(node, "call", self.site(node, self.text(func)), self.visible(func), *args)
        call.keywords = keywords
        return call

    def may_look(self, node: ast.Call) -> bool:
        """Does what is left alone have to be looked at, all the same?

        `isinstance` may look at the attributes of what it is asked about, though not for the built-in classes; and
        `range` may get an id, though not in a constant.
        """
        name = getattr(node.func, "id", "")
        if name == "range":
            return not all(isinstance(argument, ast.Constant) for argument in node.args)
        if name not in ("isinstance", "issubclass") or len(node.args) != 2:
            return False
        names = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
        return not all(isinstance(name, ast.Name) and self.is_builtin(name.id) for name in names)

    def printable(self, node: ast.expr) -> ast.expr:
        """An argument of `print`: nobody looks at an address in it."""
        self.printed = isinstance(node, ast.JoinedStr)
        return self.visible(node)

    def visit_Starred(self, node: ast.Starred) -> ast.expr:
        if isinstance(node.ctx, ast.Load):
            node.value = self.touched(node.value)
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.expr:
        node.values = [
            self.visible(v) if k is not None else self.touched(v) for k, v in zip(node.keys, node.values, strict=True)
        ]
        node.keys = [self.visible(k) if k is not None else None for k in node.keys]
        return node

    def touched(self, node: ast.expr) -> ast.expr:
        """The whole of the value is read right after."""
        if isinstance(node, ast.Constant | ast.JoinedStr):
            return self.visible(node)
        return self.hook(node, "touch", self.site(node, self.text(node)), self.visible(node))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        printed, self.printed = self.printed, False
        node.values = [self.visible(value) for value in node.values]
        if printed or not any(isinstance(value, ast.FormattedValue) for value in node.values):
            return node
        return self.hook(node, "formatted", self.site(node, self.text(node)), node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.expr:
        node.value = self.touched(node.value)
        if node.format_spec is not None:
            self.generic_visit(node.format_spec)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visible(node.left), self.visible(node.right)
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            return located(ast.BinOp(left, node.op, right), node)
        name = type(node.op).__name__
        function = self.constant(BINARY[type(node.op)][0], name)
        return self.hook(node, "operate", self.site(node, self.text(node)), function, left, right)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        rest = [n for o in node.comparators[1:] for n in ast.walk(o)]
        if all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
            return self.generic_visit(node)  # type: ignore[return-value]
        if any(isinstance(n, ast.Yield | ast.YieldFrom | ast.NamedExpr | ast.Await) for n in rest):
            return self.compared_one_by_one(node)
        operators = [self.constant(COMPARISONS[type(op)], type(op).__name__) for op in node.ops]
        operands = [self.visible(o) for o in (node.left, *node.comparators)]
        site = self.site(node, self.text(node))
        if len(operators) == 1:
            return self.hook(node, "operate", site, operators[0], *operands)
        later = [located(ast.Lambda(ast.arguments([], [], None, [], [], None, []), o), o) for o in operands[2:]]
        for peek in later:
            peek.lineno = peek.end_lineno = INVENTED_LINE
        return self.hook(
            node,
            "chain",
            site,
            located(ast.Tuple(list(operators), ast.Load()), node),
            *operands[:2],
            *later,
        )

    def compared_one_by_one(self, node: ast.Compare) -> ast.expr:
        """`a < b < c` as `a < (t := b) and t < c`, where the operands do what they could not do in a lambda."""
        if self.scope.kind != "function":
            raise NotRewritten(f"the comparison in line {node.lineno} cannot be rewritten")
        parts: list[ast.expr] = []
        left = self.visible(node.left)
        for number, (op, comparator) in enumerate(zip(node.ops, node.comparators, strict=True)):
            right = self.visible(comparator)
            name = self.temporary()
            if number < len(node.ops) - 1:
                right = located(ast.NamedExpr(located(ast.Name(name, ast.Store()), node), right), node)
            function = self.constant(COMPARISONS[type(op)], type(op).__name__)
            parts.append(self.hook(node, "operate", self.site(node, self.text(node)), function, left, right))
            left = located(ast.Name(name, ast.Load()), node)
        return located(ast.BoolOp(ast.And(), parts), node) if len(parts) > 1 else parts[0]

    def tested(self, node: ast.expr) -> ast.expr:
        """An expression whose truth decides."""
        if isinstance(node, ast.BoolOp):
            node.values = [self.tested(v) for v in node.values]
            return node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            node.operand = self.tested(node.operand)
            return node
        if isinstance(node, ast.Constant | ast.Compare):
            return self.visible(node)
        return self.hook(node, "truth", self.site(node, self.text(node)), self.visible(node))

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        node.values = [*(self.tested(v) for v in node.values[:-1]), self.visible(node.values[-1])]
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        if isinstance(node.op, ast.Not):
            return self.tested(node)
        if isinstance(node.operand, ast.Constant):
            return node
        node.operand = self.hook(node, "truth", self.site(node, self.text(node)), self.visible(node.operand))
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        node.test = self.tested(node.test)
        node.body = self.visible(node.body)
        node.orelse = self.visible(node.orelse)
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        node.value = self.stored(node, node.target.id, self.visible(node.value))
        return node

    def stored(self, node: ast.AST, name: str, value: ast.expr) -> ast.expr:
        """What to store in the variable `name`: through a hook if others can see it."""
        if not self.is_variable(name):
            return value
        return self.hook(node, "store_variable", self.site(node, name), self.peek(name), value)

    def visit_Yield(self, node: ast.Yield) -> ast.expr:
        value = self.visible(node.value) if node.value is not None else ast.Constant(None)
        node.value = self.hook(node, "yielding", self.site(node, "yield"), value)
        return node

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.expr:
        site = self.site(node.value, self.text(node.value))
        node.value = self.hook(node.value, "delegate", site, self.visible(node.value))
        return node

    def inside(self, node: ast.AST) -> Scope:
        outer, self.scope = self.scope, self.scopes[node]
        return outer

    def defaults(self, arguments: ast.arguments) -> None:
        if not self.runs:
            self.functions_in(arguments)
            return
        arguments.defaults = [self.visible(d) for d in arguments.defaults]
        arguments.kw_defaults = [self.visible(d) if d is not None else None for d in arguments.kw_defaults]

    @property
    def runs(self) -> bool:
        """Does the code at this place run while the program is explored? It does in a function."""
        scope: Scope | None = self.scope
        while scope is not None and scope.kind == "class":
            scope = scope.parent
        return scope is not None and scope.kind != "module"

    def functions_in(self, *nodes: ast.AST) -> None:
        """Rewrite only the functions in code that has run already, such as defaults and decorators."""
        raise NotImplementedError

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        self.defaults(node.args)
        self.visited.add(node)
        outer = self.inside(node)
        node.body = self.visible(node.body)
        self.scope = outer
        return node

    def comprehension(self, node: Any) -> ast.expr:
        for number, generator in enumerate(node.generators):
            if number == 0:
                generator.iter = self.iterated(generator.iter)
        outer = self.inside(node)
        for number, generator in enumerate(node.generators):
            if number:
                generator.iter = self.iterated(generator.iter)
            generator.ifs = [self.tested(test) for test in generator.ifs]
        if isinstance(node, ast.DictComp):
            node.key, node.value = self.visible(node.key), self.visible(node.value)
        else:
            node.elt = self.visible(node.elt)
        self.scope = outer
        return node  # type: ignore[no-any-return]

    def iterated(self, node: ast.expr) -> ast.expr:
        return self.hook(node, "iterate", self.site(node, self.text(node)), self.visible(node))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = comprehension


def opens_scope(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def root(scope: Scope) -> Scope:
    while scope.parent is not None:
        scope = scope.parent
    return scope


def located(node: Node, at: ast.AST) -> Node:
    return ast.copy_location(node, at)

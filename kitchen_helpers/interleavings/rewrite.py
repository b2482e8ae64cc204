"""Rewrite the syntax tree of a statement so that every step on state that threads could share calls a hook.

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


class Rewriter(ast.NodeTransformer):
    """Rewrites one top-level statement; `constants` then says what each placeholder stands for."""

    def __init__(self, statement: ast.stmt, file: str, lines: list[str], module: Mapping[str, Any], rebound: set[str]):
        self.scopes = resolve(statement)
        self.scope: Scope = self.scopes[statement] if not _opens_scope(statement) else _root(self.scopes[statement])
        self.file = file
        self.lines = lines
        self.module = module
        self.rebound = rebound
        self.class_name = ""
        self.constants: dict[str, Any] = {}
        self.site_numbers = 0
        self.temporaries = 0
        self.plain_globals: set[str] = set()
        """Global names that are read without a hook, because they name a function, a class or a module."""

    # -- building blocks ------------------------------------------------------------------------------------------

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
        self.site_numbers += 1
        return self.constant(site, f"#{site.number}")

    def closed(self, placeholder: ast.Constant) -> None:
        """All sites made since the one of this placeholder are inside its loop."""
        self.constants[str(placeholder.value)].last = self.site_numbers

    def hook(self, at: ast.AST, name: str, *args: ast.expr) -> ast.Call:
        call = ast.Call(ast.Constant(f"{MARK}@{name}"), list(args), [])
        return _located(call, at)

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
        if self.scope.kind == "class":
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

    # -- names and attributes -------------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if not isinstance(node.ctx, ast.Load):
            return node
        if node.id == "id" and self.is_builtin("id"):
            return _located(ast.Constant(f"{MARK}@virtual_id"), node)
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
            return _located(ast.Call(self.constant(slice, "slice"), parts, []), node)
        if isinstance(node, ast.Tuple):
            return _located(ast.Tuple([self.index(e) for e in node.elts], ast.Load()), node)
        return self.visible(node)

    # -- calls and operators --------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> ast.expr:
        func = node.func
        args = [self.visible(a) for a in node.args]
        keywords = [
            ast.keyword(k.arg, self.visible(k.value) if k.arg else self.touched(k.value)) for k in node.keywords
        ]
        if isinstance(func, ast.Name) and func.id in LEFT_ALONE and self.is_builtin(func.id):
            return _located(ast.Call(func, args, keywords), node)
        if isinstance(func, ast.Name) and func.id == "breakpoint" and self.is_builtin("breakpoint"):
            return _located(ast.Call(self.hook(node, "debugger"), args, keywords), node)
        call = self.hook(node, "call", self.site(node, self.text(func)), self.visible(func), *args)
        call.keywords = keywords
        return call

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

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.expr:
        node.value = self.touched(node.value)
        if node.format_spec is not None:
            node.format_spec = self.visible(node.format_spec)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visible(node.left), self.visible(node.right)
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            return _located(ast.BinOp(left, node.op, right), node)
        name = type(node.op).__name__
        function = self.constant(BINARY[type(node.op)][0], name)
        return self.hook(node, "operate", self.site(node, self.text(node)), function, left, right)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        rest = [n for o in node.comparators[1:] for n in ast.walk(o)]
        if all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops) or any(
            isinstance(n, ast.Yield | ast.YieldFrom | ast.NamedExpr | ast.Await) for n in rest
        ):
            return self.generic_visit(node)  # type: ignore[return-value]
        operators = [self.constant(COMPARISONS[type(op)], type(op).__name__) for op in node.ops]
        operands = [self.visible(o) for o in (node.left, *node.comparators)]
        site = self.site(node, self.text(node))
        if len(operators) == 1:
            return self.hook(node, "operate", site, operators[0], *operands)
        later = [_located(ast.Lambda(ast.arguments([], [], None, [], [], None, []), o), o) for o in operands[2:]]
        for peek in later:
            peek.lineno = peek.end_lineno = INVENTED_LINE
        return self.hook(
            node,
            "chain",
            site,
            _located(ast.Tuple(list(operators), ast.Load()), node),
            *operands[:2],
            *later,
        )

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
        return self.tested(node) if isinstance(node.op, ast.Not) else self.generic_visit(node)  # type: ignore[return-value]

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        node.test = self.tested(node.test)
        node.body = self.visible(node.body)
        node.orelse = self.visible(node.orelse)
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        node.value = self.stored(node, node.target.id, self.visible(node.value))
        return node

    # -- storing --------------------------------------------------------------------------------------------------

    def stored(self, node: ast.AST, name: str, value: ast.expr) -> ast.expr:
        """What to store in the variable `name`: through a hook if others can see it."""
        if not self.is_variable(name):
            return value
        return self.hook(node, "store_variable", self.site(node, name), self.peek(name), value)

    def assignment(self, target: ast.expr, value: ast.expr) -> list[ast.stmt]:
        """`target = value`, the value being rewritten already."""
        if isinstance(target, ast.Name):
            name = ast.Name(target.id, ast.Store())
            return [_located(ast.Assign([name], self.stored(target, target.id, value)), target)]
        if isinstance(target, ast.Attribute):
            attribute = ast.Constant(self.mangled(target.attr))
            site = self.site(target, self.text(target))
            return [_statement(self.hook(target, "store", site, value, self.visible(target.value), attribute))]
        if isinstance(target, ast.Subscript):
            site = self.site(target, self.text(target.value))
            index = self.index(target.slice)
            return [_statement(self.hook(target, "store_item", site, value, self.visible(target.value), index))]
        after: list[ast.stmt] = []
        pattern = self.pattern(target, after)
        touched = self.hook(target, "unpack", self.site(target, self.text(target)), value)
        return [_located(ast.Assign([pattern], touched), target), *after]

    def pattern(self, target: ast.expr, after: list[ast.stmt]) -> ast.expr:
        """A target with plain names only; what it really stores goes to the statements after."""
        if isinstance(target, ast.Name) and not self.is_variable(target.id):
            return target
        if isinstance(target, ast.Tuple | ast.List):
            return _located(type(target)([self.pattern(e, after) for e in target.elts], ast.Store()), target)
        if isinstance(target, ast.Starred):
            return _located(ast.Starred(self.pattern(target.value, after), ast.Store()), target)
        name = self.temporary()
        after.extend(self.assignment(target, _located(ast.Name(name, ast.Load()), target)))
        return _located(ast.Name(name, ast.Store()), target)

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        value = self.visible(node.value)
        if len(node.targets) == 1:
            return self.assignment(node.targets[0], value)
        name = self.temporary()
        first = _located(ast.Assign([ast.Name(name, ast.Store())], value), node)
        rest = [s for t in node.targets for s in self.assignment(t, _located(ast.Name(name, ast.Load()), t))]
        return [first, *rest]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | list[ast.stmt]:
        if node.value is None:
            return node
        return self.assignment(node.target, self.visible(node.value))

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        before: list[ast.stmt] = []

        def once(part: ast.expr) -> Callable[[], ast.expr]:
            name = self.temporary()
            before.append(_located(ast.Assign([ast.Name(name, ast.Store())], part), node))
            return lambda: _located(ast.Name(name, ast.Load()), node)

        target = node.target
        value: ast.expr
        write: Callable[[ast.expr], ast.stmt]
        if isinstance(target, ast.Name):
            value = self.visit_Name(_located(ast.Name(target.id, ast.Load()), target))
            write = lambda new: self.assignment(target, new)[0]  # noqa: E731
        elif isinstance(target, ast.Attribute):
            whole = once(self.visible(target.value))
            text, attribute = self.text(target), ast.Constant(self.mangled(target.attr))
            value = self.hook(target, "load", self.site(target, text), whole(), attribute)
            write = lambda new: _statement(  # noqa: E731
                self.hook(target, "store", self.site(target, text), new, whole(), attribute)
            )
        else:
            whole, index = once(self.visible(target.value)), once(self.index(target.slice))
            text = self.text(target.value)
            value = self.hook(target, "load_item", self.site(target, text), whole(), index())
            write = lambda new: _statement(  # noqa: E731
                self.hook(target, "store_item", self.site(target, text), new, whole(), index())
            )
        function = self.constant(BINARY[type(node.op)][1], "i" + type(node.op).__name__)
        site = self.site(node, self.text(target))
        return [*before, write(self.hook(node, "update", site, function, value, self.visible(node.value)))]

    def visit_Delete(self, node: ast.Delete) -> list[ast.stmt]:
        statements: list[ast.stmt] = []
        for target in node.targets:
            if isinstance(target, ast.Attribute):
                site, name = self.site(target, self.text(target)), ast.Constant(self.mangled(target.attr))
                statements.append(_statement(self.hook(target, "delete", site, self.visible(target.value), name)))
            elif isinstance(target, ast.Subscript):
                site, index = self.site(target, self.text(target.value)), self.index(target.slice)
                statements.append(_statement(self.hook(target, "delete_item", site, self.visible(target.value), index)))
            elif isinstance(target, ast.Name):
                if self.is_variable(target.id):
                    site = self.site(target, target.id)
                    statements.append(_statement(self.hook(target, "delete_variable", site, self.peek(target.id))))
                statements.append(_located(ast.Delete([target]), node))
            else:
                statements.extend(self.visit_Delete(_located(ast.Delete(list(target.elts)), node)))  # type: ignore[attr-defined]
        return statements

    # -- control flow ---------------------------------------------------------------------------------------------

    def body(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        result: list[ast.stmt] = []
        for statement in statements:
            new = self.visit(statement)
            result.extend(new if isinstance(new, list) else [new])
        return result

    def visit_If(self, node: ast.If) -> ast.stmt:
        node.test, node.body, node.orelse = self.tested(node.test), self.body(node.body), self.body(node.orelse)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        node.test = self.tested(node.test)
        node.msg = self.visible(node.msg) if node.msg is not None else None
        return node

    def visit_While(self, node: ast.While) -> list[ast.stmt]:
        constant = self.site(node, "while " + self.text(node.test))
        back = self.hook(node, "loop", constant)
        endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        node.test = back if endless else _located(ast.BoolOp(ast.And(), [back, self.tested(node.test)]), node)
        node.body, node.orelse = self.body(node.body), self.body(node.orelse)
        self.closed(constant)
        return [_statement(self.hook(node, "enter_loop", constant)), node]

    def visit_For(self, node: ast.For) -> ast.stmt:
        constant = self.site(node.iter, self.text(node.iter))
        node.iter = self.hook(node.iter, "iterate", constant, self.visible(node.iter))
        before: list[ast.stmt] = []
        node.target = self.pattern(node.target, before)
        node.body, node.orelse = [*before, *self.body(node.body)], self.body(node.orelse)
        self.closed(constant)
        return node

    def visit_With(self, node: ast.With) -> ast.stmt:
        before: list[ast.stmt] = []
        for item in node.items:
            site = self.site(item.context_expr, self.text(item.context_expr))
            item.context_expr = self.hook(item.context_expr, "manage", site, self.visible(item.context_expr))
            if item.optional_vars is not None:
                item.optional_vars = self.pattern(item.optional_vars, before)
        node.body = [*before, *self.body(node.body)]
        return node

    def visit_Try(self, node: ast.Try) -> ast.stmt:
        node.body, node.orelse = self.body(node.body), self.body(node.orelse)
        for handler in node.handlers:
            if handler.type is not None:
                handler.type = self.visible(handler.type)
            # A thread that is being ended must not be kept alive by an `except:` of the reader's.
            handler.body = [_statement(self.hook(handler, "alive")), *self.body(handler.body)]
        node.finalbody = self.body(node.finalbody)
        return node

    visit_TryStar = visit_Try  # type: ignore[assignment]

    def visit_Match(self, node: ast.Match) -> ast.stmt:
        site = self.site(node.subject, self.text(node.subject))
        node.subject = self.hook(node.subject, "matched", site, self.visible(node.subject))
        for case in node.cases:
            if case.guard is not None:
                case.guard = self.tested(case.guard)
            case.body = self.body(case.body)
        return node

    def visit_Yield(self, node: ast.Yield) -> ast.expr:
        value = self.visible(node.value) if node.value is not None else ast.Constant(None)
        node.value = self.hook(node, "yielding", self.site(node, "yield"), value)
        return node

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.expr:
        site = self.site(node.value, self.text(node.value))
        node.value = self.hook(node.value, "delegate", site, self.visible(node.value))
        return node

    # -- what opens a scope ---------------------------------------------------------------------------------------

    def inside(self, node: ast.AST) -> Scope:
        outer, self.scope = self.scope, self.scopes[node]
        return outer

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        at_module = self.scope.kind == "module"
        if not at_module:
            node.decorator_list = [self.hook(d, "ensure", self.visible(d)) for d in node.decorator_list]
            self.defaults(node.args)
        outer = self.inside(node)
        docstring = node.body[:1] if ast.get_docstring(node, clean=False) is not None else []
        node.body = [*docstring, *self.body(node.body[len(docstring) :])]
        self.scope = outer
        return node

    def defaults(self, arguments: ast.arguments) -> None:
        if self.scope.kind != "class":
            arguments.defaults = [self.visible(d) for d in arguments.defaults]
            arguments.kw_defaults = [self.visible(d) if d is not None else None for d in arguments.kw_defaults]

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return node  # `call` refuses coroutines: what runs in an event loop is not explored.

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        self.defaults(node.args)
        outer = self.inside(node)
        node.body = self.visible(node.body)
        self.scope = outer
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        if self.scope.kind == "function":
            node.decorator_list = [self.hook(d, "ensure", self.visible(d)) for d in node.decorator_list]
        outer, outer_class = self.inside(node), self.class_name
        self.class_name = node.name
        # The body of a class runs once and alone; only the functions in it are rewritten.
        node.body = [_one(self.visit(s)) if _opens_scope(s) else _ClassStatement(self).visit(s) for s in node.body]
        self.scope, self.class_name = outer, outer_class
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


class _ClassStatement(ast.NodeTransformer):
    """Finds the lambdas and functions in the plain statements of a class body."""

    def __init__(self, rewriter: Rewriter):
        self.rewriter = rewriter

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return self.rewriter.visit_Lambda(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        return self.rewriter.visit_FunctionDef(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        return self.rewriter.visit_ClassDef(node)


def rewrite(statement: ast.stmt, file: str, lines: list[str], module: Mapping[str, Any], rebound: set[str]) -> Rewriter:
    """Rewrite a top-level statement in place.

    `module` are the globals it runs in, `rebound` the names that some function of the file declares global.
    """
    rewriter = Rewriter(statement, file, lines, module, rebound)
    if _opens_scope(statement):
        rewriter.visit(statement)
    else:
        _ClassStatement(rewriter).visit(statement)
    ast.fix_missing_locations(statement)
    return rewriter


def _opens_scope(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _root(scope: Scope) -> Scope:
    while scope.parent is not None:
        scope = scope.parent
    return scope


def _located(node: Node, at: ast.AST) -> Node:
    return ast.copy_location(node, at)


def _statement(call: ast.expr) -> ast.Expr:
    return _located(ast.Expr(call), call)


def _one(result: ast.stmt | list[ast.stmt]) -> ast.stmt:
    assert isinstance(result, ast.stmt)
    return result

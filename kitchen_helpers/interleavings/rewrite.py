"""Rewrite the syntax tree of a statement: storing, control flow, and what opens a scope."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .expressions import BINARY, COMPARISONS, ExpressionRewriter, NotRewritten, located, opens_scope

CALLED_BY_C = frozenset(
    f"__{name}__"
    for name in "eq ne lt le gt ge hash index int float bool len contains getitem iter next str repr format".split()
) | frozenset(f"__{side}{name}__" for side in ("", "r", "i") for name in "add sub mul or and xor mod".split())
"""Methods that a C call on a container calls on what is inside."""


class Rewriter(ExpressionRewriter):
    """Rewrites one top-level statement; `constants` then says what each placeholder stands for."""

    def closed(self, placeholder: ast.Constant) -> None:
        """All sites made since the one of this placeholder are inside its loop."""
        self.constants[str(placeholder.value)].last = self.site_numbers

    def assignment(self, target: ast.expr, value: ast.expr) -> list[ast.stmt]:
        """`target = value`, the value being rewritten already."""
        if isinstance(target, ast.Name):
            name = ast.Name(target.id, ast.Store())
            return [located(ast.Assign([name], self.stored(target, target.id, value)), target)]
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
        return [located(ast.Assign([pattern], touched), target), *after]

    def pattern(self, target: ast.expr, after: list[ast.stmt]) -> ast.expr:
        """A target with plain names only; what it really stores goes to the statements after."""
        if isinstance(target, ast.Name) and not self.is_variable(target.id):
            return target
        if isinstance(target, ast.Tuple | ast.List):
            return located(type(target)([self.pattern(e, after) for e in target.elts], ast.Store()), target)
        if isinstance(target, ast.Starred):
            return located(ast.Starred(self.pattern(target.value, after), ast.Store()), target)
        name = self.temporary()
        after.extend(self.assignment(target, located(ast.Name(name, ast.Load()), target)))
        return located(ast.Name(name, ast.Store()), target)

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        value = self.visible(node.value)
        if len(node.targets) == 1:
            return self.assignment(node.targets[0], value)
        name = self.temporary()
        first = located(ast.Assign([ast.Name(name, ast.Store())], value), node)
        rest = [s for t in node.targets for s in self.assignment(t, located(ast.Name(name, ast.Load()), t))]
        return [first, *rest]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | list[ast.stmt]:
        if node.value is None:
            return node
        if self.scope.kind == "class" and isinstance(node.target, ast.Name) and not self.is_variable(node.target.id):
            node.value = self.visible(node.value)  # its annotation counts: it may be the field of a dataclass
            return node
        return self.assignment(node.target, self.visible(node.value))

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        before: list[ast.stmt] = []

        def once(part: ast.expr) -> Callable[[], ast.expr]:
            name = self.temporary()
            before.append(located(ast.Assign([ast.Name(name, ast.Store())], part), node))
            return lambda: located(ast.Name(name, ast.Load()), node)

        target = node.target
        value: ast.expr
        write: Callable[[ast.expr], ast.stmt]
        if isinstance(target, ast.Name):
            value = self.visit_Name(located(ast.Name(target.id, ast.Load()), target))
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
                statements.append(located(ast.Delete([target]), node))
            else:
                statements.extend(self.visit_Delete(located(ast.Delete(list(target.elts)), node)))  # type: ignore[attr-defined]
        return statements

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
        test = node.test
        if node.msg is None and isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) and self.scope.kind == "function":
            # One after the other, so that it can be said which of them is not so.
            parts = [self.asserted(part) for part in test.values]
            return located(ast.If(located(ast.Name("__debug__", ast.Load()), node), parts, []), node)
        node.test = self.tested(node.test)
        node.msg = self.visible(node.msg) if node.msg is not None else None
        return node

    def asserted(self, part: ast.expr) -> ast.stmt:
        """`assert part`, with an error that knows the part, and the values that were compared."""
        text = ast.Constant(self.text(part))
        if isinstance(part, ast.Compare) and len(part.ops) == 1 and not isinstance(part.ops[0], ast.Is | ast.IsNot):
            sides = [part.left, part.comparators[0]]
            told = [ast.Constant("" if isinstance(side, ast.Constant) else self.text(side)) for side in sides]
            function = self.constant(COMPARISONS[type(part.ops[0])], type(part.ops[0]).__name__)
            site = self.site(part, str(text.value))
            wrong: ast.expr = self.hook(part, "wrong", site, function, *(self.visible(side) for side in sides), text, *told)
        else:
            holds = located(ast.UnaryOp(ast.Not(), self.tested(part)), part)
            wrong = located(ast.IfExp(holds, self.hook(part, "untrue", text), ast.Constant(None)), part)
        name = self.temporary()
        error = located(ast.NamedExpr(located(ast.Name(name, ast.Store()), part), wrong), part)
        there = located(ast.Compare(error, [ast.IsNot()], [ast.Constant(None)]), part)
        raised = located(ast.Raise(located(ast.Name(name, ast.Load()), part), None), part)
        return located(ast.If(there, [raised], []), part)

    def visit_While(self, node: ast.While) -> list[ast.stmt]:
        constant = self.site(node, "while " + self.text(node.test))
        back = self.hook(node, "loop", constant)
        endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        node.test = back if endless else located(ast.BoolOp(ast.And(), [back, self.tested(node.test)]), node)
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
            body = self.body(handler.body)
            if handler.name is not None and self.is_variable(handler.name):
                body = self.caught(handler, handler.name, body)
            # A thread that is being ended must not be kept alive by an `except:` of the reader's.
            handler.body = [_statement(self.hook(handler, "alive")), *body]
        node.finalbody = self.body(node.finalbody)
        return node

    visit_TryStar = visit_Try  # type: ignore[assignment]

    def caught(self, handler: ast.ExceptHandler, name: str, body: list[ast.stmt]) -> list[ast.stmt]:
        """The body of `except … as name` where others see the name: stored first, deleted at the end."""
        handler.name = self.temporary()
        target = located(ast.Name(name, ast.Store()), handler)
        first = self.assignment(target, located(ast.Name(handler.name, ast.Load()), handler))
        last = [
            *self.assignment(target, located(ast.Constant(None), handler)),
            *self.visit_Delete(located(ast.Delete([located(ast.Name(name, ast.Del()), handler)]), handler)),
        ]
        return [*first, located(ast.Try(body, [], [], last), handler)]

    def visit_Match(self, node: ast.Match) -> ast.stmt:
        site = self.site(node.subject, self.text(node.subject))
        node.subject = self.hook(node.subject, "matched", site, self.visible(node.subject))
        for case in node.cases:
            stores: list[ast.stmt] = []
            self.captures(case.pattern, stores)
            if stores and case.guard is not None:
                raise NotRewritten(f"the case in line {case.pattern.lineno} binds a shared variable before its guard")
            if case.guard is not None:
                case.guard = self.tested(case.guard)
            case.body = [*stores, *self.body(case.body)]
        return node

    def captures(self, pattern: ast.pattern, stores: list[ast.stmt]) -> None:
        """Names in a pattern that others can see: temporary ones take their place, and are stored from there."""
        for part in ast.walk(pattern):
            attribute = "rest" if isinstance(part, ast.MatchMapping) else "name"
            name = getattr(part, attribute, None)
            if name is not None and self.is_variable(name):
                setattr(part, attribute, self.temporary())
                value = located(ast.Name(getattr(part, attribute), ast.Load()), part)
                stores.extend(self.assignment(located(ast.Name(name, ast.Store()), part), value))

    def defined(self, node: ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom, name: str) -> list[ast.stmt]:
        """The step before a def, a class or an import that binds a name that others can see; nothing otherwise."""
        if not self.runs or not self.is_variable(name):
            return []
        if isinstance(node, ast.ClassDef) or (
            isinstance(node, ast.FunctionDef)
            and (node.decorator_list or node.args.defaults or any(node.args.kw_defaults))
        ):
            raise NotRewritten(f"{name}, in line {node.lineno}, is defined in several steps while others can see it")
        nothing = located(ast.Constant(None), node)
        return [_statement(self.hook(node, "store_variable", self.site(node, name), self.peek(name), nothing))]

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> list[ast.stmt]:
        names = [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
        return [*(s for name in names for s in self.defined(node, name)), node]

    visit_ImportFrom = visit_Import

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt | list[ast.stmt]:
        before = self.defined(node, node.name)
        if self.runs:
            node.decorator_list = [self.hook(d, "ensure", self.visible(d)) for d in node.decorator_list]
        else:
            self.functions_in(*node.decorator_list)
        self.defaults(node.args)
        outer = self.inside(node)
        self.visited.add(node)
        docstring = node.body[:1] if ast.get_docstring(node, clean=False) is not None else []
        within, self.called_by_c = self.called_by_c, node.name in CALLED_BY_C
        hashing, self.hashing = self.hashing, node.name == "__hash__"
        last = [_statement(self.hook(node, "called_back"))] if self.called_by_c else []
        node.body = [*docstring, *self.body(node.body[len(docstring) :]), *last]
        self.scope, self.called_by_c, self.hashing = outer, within, hashing
        return [*before, node] if before else node

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        if node.value is not None:
            node.value = self.visible(node.value)
        if self.called_by_c:
            node.value = self.hook(node, "called_back", node.value or located(ast.Constant(None), node))
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return node  # `call` refuses coroutines: what runs in an event loop is not explored.

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        runs = self.runs
        self.defined(node, node.name)
        if runs:
            node.decorator_list = [self.hook(d, "ensure", self.visible(d)) for d in node.decorator_list]
            node.bases = [self.visible(b) for b in node.bases]
            for keyword in node.keywords:
                keyword.value = self.visible(keyword.value)
        else:
            self.functions_in(*node.decorator_list, *node.bases, *node.keywords)
        outer, outer_class = self.inside(node), self.class_name
        self.class_name = node.name
        if runs:
            node.body = self.body(node.body)
        else:  # It has run already: only the functions in it matter.
            node.body = [self.visit(s) if opens_scope(s) else _ClassStatement(self).visit(s) for s in node.body]
        self.scope, self.class_name = outer, outer_class
        return node

    def functions_in(self, *nodes: ast.AST) -> None:
        """Rewrite only the functions in code that has run already, such as defaults and decorators."""
        for node in nodes:
            _ClassStatement(self).visit(node)


class _ClassStatement(ast.NodeTransformer):
    """Finds the lambdas and functions in code that has run already: module level, class bodies, defaults, decorators."""

    def __init__(self, rewriter: Rewriter):
        self.rewriter = rewriter

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return self.rewriter.visit_Lambda(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt | list[ast.stmt]:
        return self.rewriter.visit_FunctionDef(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        return self.rewriter.visit_ClassDef(node)


def rewrite(statement: ast.stmt, file: str, lines: list[str], module: Mapping[str, Any], rebound: set[str]) -> Rewriter:
    """Rewrite a top-level statement in place.

    `module` are the globals it runs in, `rebound` the names that some function of the file declares global.
    """
    rewriter = Rewriter(statement, file, lines, module, rebound)
    functions = list(_functions_in(statement))
    if opens_scope(statement):
        rewriter.visit(statement)
    else:
        _ClassStatement(rewriter).visit(statement)
    missed = [f for f in functions if f not in rewriter.visited]
    if missed:
        raise NotRewritten(f"a function in line {missed[0].lineno} cannot be rewritten")
    ast.fix_missing_locations(statement)
    return rewriter


def _functions_in(node: ast.AST) -> Iterator[ast.FunctionDef | ast.Lambda]:
    """All functions and lambdas, but for those in coroutines, which are refused."""
    if isinstance(node, ast.AsyncFunctionDef):
        return
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        yield node
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _functions_in(child)


def _statement(call: ast.expr) -> ast.Expr:
    return located(ast.Expr(call), call)

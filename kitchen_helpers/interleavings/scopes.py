"""Which variable a name means: the scoping rules of Python, for one top-level statement of a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass
class Scope:
    """The names of a function, a class body, a comprehension, or (kind "module") of the file."""

    kind: str
    parent: Scope | None
    bound: set[str] = field(default_factory=set)
    """Names that the scope binds in any way."""
    assigned: set[str] = field(default_factory=set)
    """Those bound by an assignment, a loop, a with, an except: not parameters, nor what is defined once."""
    declared_global: set[str] = field(default_factory=set)
    declared_nonlocal: set[str] = field(default_factory=set)
    captured: set[str] = field(default_factory=set)
    """Names of this scope that a nested function, lambda or generator uses."""

    def define(self, name: str) -> None:
        """A def, a class or an import: nobody sees the name change, unless it is there already."""
        if name in self.bound:
            self.assigned.add(name)
        self.bound.add(name)

    def owner(self, name: str) -> Scope | None:
        """The function scope whose variable `name` is when used here; None for a global or a builtin."""
        scope: Scope | None = self
        while scope is not None and scope.kind != "module":
            if name in scope.declared_global:
                return None
            if (scope.kind != "class" or scope is self) and name in scope.bound and name not in scope.declared_nonlocal:
                return scope
            scope = scope.parent
        return None

    def is_shared_cell(self, name: str) -> bool:
        """Can `name`, used here, be a closure variable that several threads see change?"""
        owner = self.owner(name)
        return (
            owner is not None
            and owner.kind in ("function", "generator")
            and name in owner.captured
            and name in owner.assigned
        )


def resolve(statement: ast.stmt) -> dict[ast.AST, Scope]:
    """Map every function, class and comprehension of a top-level statement, and the statement itself, to its scope."""
    module = Scope("module", None)
    scopes: dict[ast.AST, Scope] = {}
    pending: list[tuple[ast.Name, Scope]] = []
    _bind(statement, module, scopes, pending)
    uses: list[tuple[str, Scope]] = []
    while pending:
        node, scope = pending.pop()
        uses.append((node.id, scope))
    for name, scope in uses:
        owner = scope.owner(name)
        if owner is not None and _function_of(scope) is not _function_of(owner):
            owner.captured.add(name)
    for scope in {id(s): s for s in scopes.values()}.values():
        for name in scope.declared_nonlocal:  # whatever binds it there binds the variable of its owner, a parameter, too
            owner = scope.owner(name)
            if owner is not None:
                owner.assigned.add(name)
                owner.captured.add(name)
    scopes[statement] = scopes.get(statement, module)
    return scopes


def _function_of(scope: Scope) -> Scope:
    """The scope that runs as one piece: list comprehensions belong to their function, generators do not."""
    while scope.kind == "comprehension" and scope.parent is not None:
        scope = scope.parent
    return scope


def _bind(node: ast.AST, scope: Scope, scopes: dict[ast.AST, Scope], uses: list[tuple[ast.Name, Scope]]) -> None:
    """Walk a node in its scope: note what it binds and uses, open scopes for what is nested."""
    if isinstance(node, FUNCTIONS):
        if not isinstance(node, ast.Lambda):
            scope.define(node.name)
            for part in node.decorator_list:
                _bind(part, scope, scopes, uses)
        inner = scopes[node] = Scope("function", scope)
        arguments = node.args
        for default in (*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)):
            _bind(default, scope, scopes, uses)
        inner.bound.update(argument.arg for argument in parameters(arguments))
        inside: list[ast.AST] = list(node.body) if isinstance(node.body, list) else [node.body]
        for statement in inside:
            _bind(statement, inner, scopes, uses)
        return
    if isinstance(node, ast.ClassDef):
        scope.define(node.name)
        inner = scopes[node] = Scope("class", scope)
        for part in (*node.decorator_list, *node.bases, *(k.value for k in node.keywords)):
            _bind(part, scope, scopes, uses)
        for statement in node.body:
            _bind(statement, inner, scopes, uses)
        return
    if isinstance(node, COMPREHENSIONS):
        # A generator expression may run in another thread than the function that made it.
        inner = scopes[node] = Scope("generator" if isinstance(node, ast.GeneratorExp) else "comprehension", scope)
        for number, generator in enumerate(node.generators):
            _bind(generator.iter, inner if number else scope, scopes, uses)
            _bind(generator.target, inner, scopes, uses)
            for test in generator.ifs:
                _bind(test, inner, scopes, uses)
        for part in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
            _bind(part, inner, scopes, uses)
        return
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load):
            uses.append((node, scope))
        else:
            scope.bound.add(node.id)
            scope.assigned.add(node.id)
            uses.append((node, scope))
    elif isinstance(node, ast.NamedExpr):
        home = scope
        while home.kind in ("comprehension", "generator") and home.parent is not None:
            home = home.parent
        home.bound.add(node.target.id)
        home.assigned.add(node.target.id)
        uses.append((node.target, scope))
        _bind(node.value, scope, scopes, uses)
        return
    elif isinstance(node, ast.Global):
        scope.declared_global.update(node.names)
        return
    elif isinstance(node, ast.Nonlocal):
        scope.declared_nonlocal.update(node.names)
        return
    elif isinstance(node, ast.alias):
        scope.define((node.asname or node.name).partition(".")[0])
        return
    elif isinstance(node, ast.ExceptHandler) and node.name:
        scope.bound.add(node.name)
        scope.assigned.add(node.name)
    elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
        scope.bound.add(node.name)
        scope.assigned.add(node.name)
    elif isinstance(node, ast.MatchMapping) and node.rest:
        scope.bound.add(node.rest)
        scope.assigned.add(node.rest)
    if isinstance(node, ast.For | ast.While):
        for part_ in ast.walk(node):  # what is defined in a loop is defined again in its next round
            if isinstance(part_, ast.FunctionDef | ast.ClassDef):
                scope.define(part_.name)
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.arg | ast.AnnAssign) and child is node.annotation:
            continue
        _bind(child, scope, scopes, uses)


def parameters(arguments: ast.arguments) -> Iterator[ast.arg]:
    """All parameters of a function, in the order of the signature."""
    yield from arguments.posonlyargs
    yield from arguments.args
    if arguments.vararg:
        yield arguments.vararg
    yield from arguments.kwonlyargs
    if arguments.kwarg:
        yield arguments.kwarg

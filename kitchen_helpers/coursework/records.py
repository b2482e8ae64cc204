"""Classes whose attributes can be read off the statement that makes them: only those may stand in a pattern, `case Order(guest, dish)`.

Which attributes such a pattern reads is said by the class when it runs; nobody would see the names beforehand. So it must be
certain that the class is what its statement says: nothing else of that name, and nothing made by a class of classes.
"""

from __future__ import annotations

import ast

_MAKERS = {"dataclass": "dataclasses", "NamedTuple": "typing", "namedtuple": "collections"}


def records_of(tree: ast.Module) -> frozenset[str]:
    """The names that stand for such a class wherever they stand."""
    names = _bound(tree)
    makers = {maker for maker, module in _MAKERS.items() if not {maker, module} & set(names)}
    made: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and _is_record(node, makers):
            made.append(node.name)
        elif isinstance(node, ast.Assign) and _is_called(node.value, "namedtuple", makers) and len(node.targets) == 1:
            made += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return frozenset(name for name in made if names.count(name) == 1)


def _is_record(node: ast.ClassDef, makers: set[str]) -> bool:
    """A dataclass or a NamedTuple, and nothing else."""
    if node.keywords:
        return False
    if node.bases:
        return len(node.bases) == 1 and _is_called(node.bases[0], "NamedTuple", makers) and not node.decorator_list
    return len(node.decorator_list) == 1 and _is_called(node.decorator_list[0], "dataclass", makers)


def _is_called(expression: ast.expr, maker: str, makers: set[str]) -> bool:
    if isinstance(expression, ast.Call):
        expression = expression.func
    return maker in makers and ast.unparse(expression) in (maker, f"{_MAKERS[maker]}.{maker}")


def _bound(tree: ast.Module) -> list[str]:
    """Names that are, or could be, bound: each as often as it is."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.append(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names += [bound for a in node.names if (bound := (a.asname or a.name).partition(".")[0]) not in _as_itself(node, a)]
        elif isinstance(node, ast.arg):
            names.append(node.arg)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            names.append(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names.append(node.rest)
    return names


def _as_itself(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> set[str]:
    """What an import binds to what has that name: `import typing`, `from typing import NamedTuple`."""
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0]} if alias.asname in (None, alias.name) else set()
    return {alias.name} if _MAKERS.get(alias.name) == node.module else set()

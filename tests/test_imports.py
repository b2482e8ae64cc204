"""Imports point one way: no circle is loaded, and the two halves of the package do not know each other."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import kitchen_helpers as kh

PACKAGE = Path(kh.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def imports(nodes: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Those that are carried out when the module is loaded: none in functions, none for the type checker alone."""
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from imports(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for block in ("body", "orelse", "finalbody", "handlers"):
                yield from imports(getattr(node, block, []))


def loaded_by(module: str, nodes: list[ast.stmt]) -> set[str]:
    """Full names of the modules of ours, and first names of others, that these statements load."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in imports(nodes):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
            continue
        base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        source = ".".join([*base, *([node.module] if node.module else [])])
        for alias in node.names:
            inside = f"{source}.{alias.name}"
            found.add(inside if inside in MODULES else source if node.level else source.partition(".")[0])
    return found


LOADS = {name: loaded_by(name, ast.parse(path.read_text("utf-8")).body) for name, path in MODULES.items()}


def everywhere(path: Path) -> set[str]:
    """First names of all modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    return found


def test_no_module_is_needed_to_load_itself() -> None:
    order = list(TopologicalSorter({name: used & MODULES.keys() for name, used in LOADS.items()}).static_order())
    assert set(order) == MODULES.keys()  # (a circle raises CycleError, which names its modules)


def test_measuring_and_exploring_do_not_know_each_other() -> None:
    def half(name: str) -> str:
        place = name.removeprefix("kitchen_helpers").removeprefix(".").partition(".")[0]
        # What stands above both, or serves both: the coursework, the widgets, the plugin for pytest, the package itself.
        both = {"", "coursework", "widgets", "pytest_plugin", "describing", "drawn", "tables"}
        return "" if place in both else "exploring" if place == "interleavings" else "measuring"

    crossing = {(a, b) for a, used in LOADS.items() for b in used & MODULES.keys() if half(a) and half(b) and half(a) != half(b)}
    assert not crossing
    assert {half(name) for name in MODULES} == {"", "exploring", "measuring"}


def test_the_explorer_needs_the_standard_library_alone() -> None:
    others = {
        name: everywhere(path) - sys.stdlib_module_names
        for name, path in MODULES.items()
        if name.startswith("kitchen_helpers.interleavings")
    }
    assert others and not any(others.values()), others

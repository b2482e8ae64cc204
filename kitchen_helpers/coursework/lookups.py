"""What is looked up by a name that is only known when it runs: by an answer, or by the standard library in its place.

`copy`, `dataclasses`, `typing` and others take names from objects that an answer has made, and get, set or run what goes by
them. In the process of a check they do so under the rules of an answer: a name that it may not write, it may not have looked up.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

from .offered import makes, offered_builtins
from .policy import OWN_IS_FINE, Refused, check_policy, leads_inside, parse

_MODULES = {
    "contextlib": "getattr setattr",
    "copy": "getattr setattr",
    "dataclasses": "getattr setattr delattr exec",
    "multiprocessing.managers": "getattr exec",
    "typing": "getattr setattr",
}
_OF_MODULES = {"contextlib"}
"""Looks up parts of modules: only what is named in its own source."""
_OF_NAMESPACES = {"__getattribute__", "__setattr__", "__delattr__"}
"""What a manager calls for its proxies of a namespace, and of nothing else."""
_OWN = re.compile(r"\b__(create_fn|dataclass_\w+?)__\b")
"""Names of the functions that `dataclasses` writes, and of what it gives them."""


def close() -> None:
    """From now on in this process."""
    for name, functions in _MODULES.items():
        for function in functions.split() if name in sys.modules else ():
            module = sys.modules[name]
            if function not in vars(module):
                setattr(module, function, _exec_for(name) if function == "exec" else checked(function, name))
    if managers := sys.modules.get("multiprocessing.managers"):
        managers.all_methods = _all_methods  # type: ignore[attr-defined]


@functools.cache
def checked(function: str, module: str = "") -> Callable[..., Any]:
    """`getattr` and the like, for names that an answer may write, or that are named in a module's own source."""
    real, known = getattr(builtins, function), _named_in(module)

    def look_up(item: Any, name: Any, *rest: Any) -> Any:
        inside = type(name) is not str or (name not in known and (module in _OF_MODULES or leads_inside(name)))
        if inside or (module == "multiprocessing.managers" and name in _OF_NAMESPACES and not _is_namespace(item)):
            raise AttributeError(f"{function} of {name} is none of an answer's business")
        return real(item, name, *rest)

    return look_up


def _all_methods(item: object) -> list[str]:
    """What a manager wants to know of an object: names only."""
    return [name for name in dir(item) if callable(getattr(item, name, None))]


def _is_namespace(item: object) -> bool:
    from multiprocessing.managers import Namespace

    return type(item) is Namespace


def _named_in(module: str) -> frozenset[str]:
    """All names that stand in the source of a module as texts."""
    if not module:
        return frozenset()
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return frozenset(text for text in texts if text.isidentifier())


def _exec_for(module: str) -> Callable[..., None]:
    def run(text: str, names: dict[str, Any], found: dict[str, Any] | None = None) -> None:
        if module != "dataclasses" or makes.a_dataclass_of_an_answer:
            own = "".join(f"{name} = None\n" for name in sorted(OWN_IS_FINE))
            try:
                check_policy(parse(own + _OWN.sub(r"own_\1", text).replace("super(cls, self)", "super()")))
            except (Refused, SyntaxError) as error:
                raise TypeError(f"what this class is made of may not be run: {error}") from None
            if found is None:
                names["__builtins__"] = offered_builtins()
            elif names.get("__builtins__") is not offered_builtins():
                names = {"__builtins__": offered_builtins()}
        exec(text, names, found)

    return run

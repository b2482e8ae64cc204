"""An answer cell becomes a module: in the grader's process, and in the worker processes that this starts."""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import linecache
import os
import re
import sys
import types
from pathlib import Path
from typing import Any

from . import integrity, lookups, unpickling
from .offered import MODULES, guarded_import, offer, offered_builtins
from .policy import bound_by, check_policy, loose_names, parse
from .questions import Question

MODULE = "answer"
SOURCE = "KITCHEN_ANSWER"
"""Environment variable: where worker processes find the source, which is read again in each of them."""
GUARDED = "KITCHEN_GUARDED"
_COMMAND = re.compile(r"\s*([%!]|\?\S)|.*\S\?{1,2}\s*$")
# What stands in the file that worker processes import: they are to get the answer in the same way as their parent did.
_STUB = "from kitchen_helpers.coursework.loading import load_again\n\nload_again(globals())\n"


def plain(source: str) -> str:
    """Without IPython's own commands (`%time`, `!ls`, `name?`), in as many lines as before."""
    lines = source.split("\n")
    if _is_python(source):
        return source
    without = "\n".join("" if _COMMAND.match(line) else line for line in lines)
    return without if _is_python(without) else source


def _is_python(source: str) -> bool:
    try:
        compile(source, "answer", "exec", flags=1024, dont_inherit=True)  # PyCF_ONLY_AST
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def read(source: str, question: Question) -> None:
    """Raises SyntaxError, or Refused for what the answer may not do."""
    check_policy(parse(source), pickling=question.needs_module)


def enclose(source: str) -> None:
    """What the answer will meet in this process is loaded, and from now on stays as it is."""
    for module in _asked_for(source):
        importlib.import_module(module)
    if "multiprocessing" in sys.modules or "concurrent.futures" in sys.modules:
        unpickling.close()
    lookups.close()
    integrity.freeze()


def _asked_for(source: str) -> set[str]:
    found = set(loose_names(source))
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    return found & MODULES


def load(source: str, file: str, *, guarded: bool = True, scratch: Path | None = None) -> dict[str, Any]:
    """Runs an answer cell; returns its names. Whatever it raises comes out.

    `file` is the name under which its lines are shown. `scratch`: a folder on the path of worker processes, which can then
    import the answer as a module.
    """
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    if scratch is not None:
        (scratch / "answer.txt").write_text(source, encoding="utf-8")
        (scratch / f"{MODULE}.py").write_text(_STUB, encoding="utf-8")
        os.environ[SOURCE], os.environ[GUARDED] = str(scratch / "answer.txt"), "1" if guarded else ""
        path = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(scratch), path]))
        sys.path.insert(0, str(scratch))
        module.__file__ = str(scratch / f"{MODULE}.py")
        if guarded:  # a worker begins by importing what its parent is said to have been started with
            sys.modules["__main__"].__spec__ = importlib.util.find_spec(f"{__package__}.worker")
    _run(source, file, module.__dict__, guarded)
    return module.__dict__


def load_again(names: dict[str, Any]) -> None:
    """In a worker process, in the module that stands for the answer."""
    path, guarded = Path(os.environ[SOURCE]), bool(os.environ[GUARDED])
    source = path.read_text(encoding="utf-8")
    if guarded:
        enclose(source)
    _run(source, str(path), names, guarded)


def enclose_worker() -> None:
    """In a worker process, before anything of the answer arrives in it."""
    enclose(Path(os.environ[SOURCE]).read_text(encoding="utf-8"))


def _run(source: str, file: str, names: dict[str, Any], guarded: bool) -> None:
    # Without a time of change: what reads it takes it as it stands, as it does a notebook's cell.
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    code = compile(source, file, "exec", dont_inherit=True)
    if guarded:
        own = bound_by(parse(source)) & {"getattr", "setattr", "delattr"}
        names["__builtins__"] = {**offered_builtins(), **{name: lookups.checked(name) for name in own}} if own else offered_builtins()
    else:
        names["__builtins__"] = vars(builtins)
    # Most notebooks import these in their first cell.
    for name in loose_names(source):
        if name in MODULES:
            names[name] = offer(name) if guarded else __import__(name)
        elif name == "kh":
            names[name] = guarded_import("kitchen_helpers")
    exec(code, names)

"""`run_under`: the same comparison here and under another Python of this machine, such as a free-threaded one.

The other Python needs no packages: this one and the few that it needs are plain Python and are lent to it. Byte code means
nothing to another version, so functions travel as source, with what they use of their module.
"""

from __future__ import annotations

import base64
import dis
import inspect
import os
import pickle
import shutil
import signal
import subprocess
import sys
import textwrap
import types
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from .checks import Reference, check_items
from .comparison import Comparison, compare
from .runs import short
from .workloads import rounds_per_second

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SideBySide", "run_under"]

LENT = ("kitchen_helpers", "loky", "cloudpickle", "tqdm")
# (tuple, …: pickled at protocol 4, which Python 3.8 and later read, they mean the same to any version)
PLAIN = (int, float, complex, bool, str, bytes, type(None))

_THERE = """
import pickle, sys
order, answer = sys.argv[1:]
if __name__ == "__main__":
    with open(order, "rb") as file:
        order = pickle.load(file)
    exec(order["source"], globals())
    options = {name: globals()[own] for name, own in order["functions"].items()}
    try:
        import kitchen_helpers
        outcome = kitchen_helpers.compare(items=order["items"], **options, **order["options"])
        told = ""
    except Exception as error:
        import traceback
        outcome, told = error, traceback.format_exc()
        try:
            pickle.loads(pickle.dumps(outcome))
        except Exception:
            outcome = RuntimeError(told)
    with open(answer, "wb") as file:
        pickle.dump((outcome, told), file)
"""


@dataclass(frozen=True, eq=False)
class SideBySide:
    """One comparison under two Pythons, measured one after the other on the same machine.

    Attributes: here and there, each a `Comparison` with its own machine card. Speedups are against the sequential run of
    the same Python. Between the two, runs were not interleaved: a machine that got busier meanwhile would not show.
    """

    here: Comparison
    there: Comparison

    @property
    def sequential_ratio(self) -> float:
        """How many times as long as here one worker takes there, by the medians."""
        return self.there.seconds("sequential") / self.here.seconds("sequential")

    def plot(self) -> tuple[Axes, Axes]:
        """Both Pythons, one above the other on one scale, each with its machine below it."""
        from .plots import plot_side_by_side

        return plot_side_by_side(self)

    def _note(self) -> str:
        return (
            f"One worker takes {self.sequential_ratio:.2f} times as long under Python {self.there.machine.python} "
            f"as under {self.here.machine.python}."
        )

    def __str__(self) -> str:
        return f"{self.here}\n\n{self.there}\n\n{self._note()}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"{self.here._repr_html_()}{self.there._repr_html_()}<p>{self._note()}</p>"


def run_under(
    interpreter: str | os.PathLike[str],
    task: Callable[[Any], Any],
    items: Iterable[Any],
    *,
    seconds: float = 300,
    **options: Any,
) -> SideBySide:
    """Compare here, then under `interpreter` (a command such as "python3.14t", or a path), with the same work.

    Args:
        task, items, options: as for `compare`. Functions are sent as source: they may use modules, plain data and other
            functions of their own module, but no variables of a function round them. Items must be plain data.
        seconds: after so long the other Python is ended.

    Raises:
        ValueError: there is no such interpreter, it is older than 3.11, or a function uses what cannot be sent.
        ResultsDiffer: the two Pythons do not give the same results.
        TimeoutError: the other Python took too long.
        TaskFailed and the others of `compare`, from here or from there.
    """
    command = _found(interpreter)
    things = check_items(items)
    functions = {"task": task, **{name: options[name] for name in ("async_task", "equal") if options.get(name)}}
    plain = {name: value for name, value in options.items() if name not in functions}
    transplant = _Transplant()
    order = {
        "functions": {name: transplant.add(function) for name, function in functions.items()},
        "source": "\n\n".join(transplant.parts),
        "items": things,
        "options": plain,
    }
    try:
        packed = pickle.dumps(order, protocol=4)
    except Exception as error:
        raise ValueError(f"items and options must be plain data to be sent to another Python: {error}") from error
    rounds_per_second()  # the amount of work of a `computing` second is this Python's, for both
    here = compare(task, things, **options)
    there = _ask(command, packed, seconds)
    reference = Reference(things, options.get("equal"))
    reference.check("sequential", here.results)
    reference.check(f"under Python {there.machine.python}", there.results)
    return SideBySide(here, there)


def _found(interpreter: str | os.PathLike[str]) -> str:
    command = shutil.which(os.fspath(interpreter))
    if command is None:
        raise ValueError(f"there is no Python {os.fspath(interpreter)!r} here: give a command on the PATH, or a path")
    asked = [command, "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True).stdout
        version = tuple(map(int, told.split()))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise ValueError(f"{command} does not answer as a Python: {error}") from error
    if version < (3, 11):
        raise ValueError(f"{command} is Python {'.'.join(map(str, version))}: 3.11 or newer is needed")
    return command


def _ask(command: str, order: bytes, seconds: float) -> Comparison:
    """Let the other Python do it, in a group of processes that ends with it, whatever happens."""
    with TemporaryDirectory(prefix="run-under-", ignore_cleanup_errors=True) as folder:
        lent, script = Path(folder, "lent"), Path(folder, "there.py")
        for name in LENT:
            spec = find_spec(name)
            assert spec is not None and spec.origin is not None
            shutil.copytree(Path(spec.origin).parent, lent / name, ignore=shutil.ignore_patterns("__pycache__", "tests"))
        script.write_text(_THERE)
        Path(folder, "order").write_bytes(order)
        environment = {**os.environ, "PYTHONPATH": str(lent), "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("PYTHONHOME", None)
        process = subprocess.Popen(
            [command, str(script), str(Path(folder, "order")), str(Path(folder, "answer"))],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{command} was not done after {seconds:g} s: give fewer items, or more seconds") from None
        finally:
            _end(process)
        try:
            outcome, told = pickle.loads(Path(folder, "answer").read_bytes())
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            last = said.decode(errors="replace")[-2000:]
            raise RuntimeError(f"{command} ended with exit code {process.returncode} and no answer:\n{last}") from error
    if isinstance(outcome, Exception):
        outcome.add_note(f"under {command}:\n{told}")
        raise outcome
    assert isinstance(outcome, Comparison)
    return outcome


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.communicate()


class _Transplant:
    """The source of functions, and of what they use, in an order in which it can be executed."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.known: dict[str, Any] = {}

    def add(self, function: Any) -> str:
        """Have the function there; returns its name there."""
        name = getattr(function, "__name__", None)
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"{short(function)} cannot be sent to another Python: give it a name, with def")
        self._have(name, function, name)
        return name

    def _have(self, name: str, value: Any, user: str) -> None:
        if name in self.known:
            if self.known[name] is not value:
                raise ValueError(f"{name} means two things in what {user} uses: rename one of them")
            return
        self.known[name] = value
        if isinstance(value, types.ModuleType):
            self.parts.append(f"import {value.__name__} as {name}" if "." not in value.__name__ else _submodule(value, name))
        elif isinstance(value, types.FunctionType | type) and not _is_there(value):
            self._source(name, value)
        elif _is_there(value):
            self.parts.append(f"from {value.__module__} import {value.__qualname__} as {name}")
        elif _is_plain(value):
            packed = base64.b64encode(pickle.dumps(value, protocol=4)).decode()
            self.parts.append(f"import base64, pickle\n{name} = pickle.loads(base64.b64decode({packed!r}))")
        else:
            raise ValueError(f"{user} uses {name}, {short(value)}, which cannot be sent to another Python: make it inside")

    def _source(self, name: str, value: Any) -> None:
        if isinstance(value, types.FunctionType) and value.__closure__:
            around = ", ".join(value.__code__.co_freevars)
            raise ValueError(f"{name} uses {around} of the function round it: make them globals, or arguments")
        try:
            source = textwrap.dedent(inspect.getsource(value))
            names = _globals_of(compile(source, name, "exec"))
        except (OSError, TypeError, SyntaxError) as error:
            remedy = "put the class into a file" if isinstance(value, type) else "define it with def, in a cell or a file"
            raise ValueError(f"the source of {name} cannot be had: {error}; {remedy}") from error
        home = value.__globals__ if isinstance(value, types.FunctionType) else vars(sys.modules[value.__module__])
        for used in sorted(names):
            if used in home and home[used] is not value:
                self._have(used, home[used], name)
        self.parts.append(source)


def _globals_of(code: types.CodeType) -> set[str]:
    """The globals that code and the functions in it load."""
    names = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return names.union(*(_globals_of(inner) for inner in code.co_consts if isinstance(inner, types.CodeType)))


def _submodule(module: types.ModuleType, name: str) -> str:
    return f"import {module.__name__}\n{name} = sys.modules[{module.__name__!r}]"


def _is_there(value: Any) -> bool:
    """Can any Python that has been lent our packages import it?"""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not module or not name or "." in name:
        return False
    root = module.partition(".")[0]
    return root != "__main__" and (root in sys.stdlib_module_names or root in LENT)


def _is_plain(value: Any) -> bool:
    if type(value) in (list, tuple, set, frozenset):
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(map(_is_plain, (*value, *value.values())))
    return type(value) in PLAIN

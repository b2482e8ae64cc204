"""What an answer may import: a table of modules and their public names, and the stand-ins through which it gets them.

Nobody who answers a question needs more than this. What is left out either runs code or opens files by a name that is only
known when it runs (`typing.get_type_hints`, `logging.FileHandler`, `asyncio.create_subprocess_exec`), or hands out frames
and the interpreter's insides (`sys._getframe`, `threading.settrace`, `gc`).
"""

from __future__ import annotations

import builtins
import dataclasses
import functools
import importlib
import inspect
import threading
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CONSTANTS = "<constants>"
"""Stands for every name in capitals."""

_WHOLE = """
    __future__ abc array base64 bisect calendar cmath collections collections.abc concurrent.futures datetime decimal
    errno fractions hashlib heapq html itertools json keyword math numbers operator queue random re secrets statistics
    struct textwrap time urllib.parse zlib
"""
_WITHOUT = {
    # The policy makes the loops, those of the checks too, and so could return whatever it likes for them.
    "asyncio": "create_subprocess_exec create_subprocess_shell SubprocessProtocol open_unix_connection start_unix_server"
    " AbstractEventLoopPolicy DefaultEventLoopPolicy get_event_loop_policy set_event_loop_policy get_child_watcher"
    " set_child_watcher",
    "contextlib": "chdir redirect_stdin",
    "dataclasses": "make_dataclass",
    "threading": "settrace setprofile settrace_all_threads setprofile_all_threads gettrace getprofile excepthook",
    "typing": "get_type_hints get_args ForwardRef evaluate_forward_ref",
}
# Public, but forgotten in `__all__` by some versions.
_ALSO = {
    "asyncio": "TaskGroup timeout timeout_at",
    "contextlib": "AsyncContextDecorator",
    "threading": "activeCount currentThread",
}
_ONLY = {
    "concurrent": "",
    "concurrent.futures.process": "BrokenProcessPool ProcessPoolExecutor",
    "concurrent.futures.thread": "BrokenThreadPool ThreadPoolExecutor",
    "contextvars": "ContextVar Token",
    "copy": "copy deepcopy replace error",
    "enum": "Enum IntEnum StrEnum Flag IntFlag auto unique",
    "functools": "cache cached_property cmp_to_key lru_cache partial partialmethod reduce total_ordering",
    "http": "HTTPStatus HTTPMethod",
    "inspect": "isasyncgen isasyncgenfunction isawaitable isclass iscoroutine iscoroutinefunction isfunction isgenerator"
    " isgeneratorfunction ismethod",
    "io": "BytesIO StringIO",
    "logging": f"{_CONSTANTS} getLogger debug info warning error exception critical log",
    "loky": "ProcessPoolExecutor get_reusable_executor cpu_count wait as_completed TimeoutError CancelledError",
    "multiprocessing": "Array Barrier BoundedSemaphore Condition Event JoinableQueue Lock Manager Pipe Pool Process Queue RLock"
    " RawArray RawValue Semaphore SimpleQueue Value active_children cpu_count current_process freeze_support get_all_start_methods"
    " get_context get_start_method parent_process set_start_method AuthenticationError BufferTooShort ProcessError TimeoutError",
    "multiprocessing.connection": "wait",
    "multiprocessing.pool": "Pool ThreadPool",
    "multiprocessing.queues": "Queue JoinableQueue SimpleQueue",
    "os": "cpu_count process_cpu_count getpid getppid kill sched_getaffinity",
    "pickle": "dumps HIGHEST_PROTOCOL DEFAULT_PROTOCOL PickleError PicklingError UnpicklingError",
    "signal": f"{_CONSTANTS} Signals strsignal",
    "socket": f"{_CONSTANTS} error timeout gaierror",
    "string": "ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable punctuation whitespace",
    "sys": "exc_info exception exit float_info getrecursionlimit getswitchinterval hexversion implementation int_info maxsize"
    " platform setswitchinterval version version_info",
    "traceback": "format_exc format_exception format_exception_only print_exc print_exception",
    "types": "AsyncGeneratorType CoroutineType EllipsisType GeneratorType GenericAlias MappingProxyType NoneType NotImplementedType"
    " SimpleNamespace TracebackType UnionType",
    "urllib": "",
    "warnings": "warn",
    "weakref": "ReferenceType WeakKeyDictionary WeakMethod WeakSet WeakValueDictionary finalize proxy ref",
}
MODULES = frozenset([*_WHOLE.split(), *_WITHOUT, *_ONLY])
OURS = "kitchen_helpers"
"""May be imported, too: what an answer cell tries out with it is passed over by the grader."""

TAKEN_AWAY = _words("__import__ breakpoint compile eval exec globals help input locals open vars copyright credits license")


class Sink:
    """A text stream that forgets what is written."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return False


class TryOut:
    """Stands for `kitchen_helpers` in an answer: whatever is tried out with it does nothing, and is no error."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: object, **__: object) -> Any:
        return self

    def __iter__(self) -> Any:
        return iter(())

    def __str__(self) -> str:
        return ""

    def __repr__(self) -> str:
        return ""


def _wraps(wrapped: Any) -> Callable[[Any], Any]:
    """`functools.wraps`, which can also copy attributes whose names nobody has seen before, and to classes."""

    def copied(wrapper: Any) -> Any:
        if isinstance(wrapper, type):
            raise TypeError("wraps is for functions here")
        return functools.wraps(wrapped)(wrapper)

    return copied


def _signature(function: Any) -> inspect.Signature:
    """`inspect.signature`, which can also run annotations that are text."""
    return inspect.signature(function)


class _Makes(threading.local):
    """What this thread is at."""

    a_dataclass_of_an_answer = False


makes = _Makes()


def _dataclass(cls: Any = None, /, **how: Any) -> Any:
    """`dataclasses.dataclass`, which puts the names of fields into source that it runs: they are to be names."""

    def made(cls: type) -> type:
        names: list[object] = []
        for base in cls.__mro__:
            names += vars(base).get("__annotations__", ())
            for name, known in vars(base).get("__dataclass_fields__", {}).items():
                names += [name] if type(known.name) is str and known.name == name else [None]
        if not all(type(name) is str and name.isidentifier() for name in names):
            raise TypeError("a field has a name that is none")
        outer, makes.a_dataclass_of_an_answer = makes.a_dataclass_of_an_answer, True
        try:
            return dataclasses.dataclass(cls, **how)
        finally:
            makes.a_dataclass_of_an_answer = outer

    return made if cls is None else made(cls)


class _CatchWarnings:
    """`warnings.catch_warnings`, which holds the module. Here nobody sees warnings anyhow."""

    def __init__(self, *, record: bool = False, **_: object) -> None:
        self._seen: list[object] | None = [] if record else None

    def __enter__(self) -> list[object] | None:
        return self._seen

    def __exit__(self, *_: object) -> None: ...


def _filter(*_: object, **__: object) -> None:
    """`warnings.simplefilter`, `warnings.filterwarnings`."""


def _signal(number: int, handler: Any) -> None:
    """`signal.signal` for what a worker process wants of it: to ignore a signal, or no longer."""
    import signal

    if type(handler) is not type(signal.SIG_IGN):
        raise ValueError("an answer may set SIG_IGN or SIG_DFL, and no handlers of its own")
    signal.signal(number, handler)


def _basic_config(**_: object) -> None:
    """`logging.basicConfig`: what is logged is not kept."""


_OWN: dict[str, dict[str, Any]] = {
    "dataclasses": {"dataclass": _dataclass},
    "functools": {"wraps": _wraps},
    "inspect": {"signature": _signature},
    "logging": {"basicConfig": _basic_config},
    "signal": {"signal": _signal},
    "sys": {"stdout": Sink(), "stderr": Sink()},
    "warnings": {"catch_warnings": _CatchWarnings, "filterwarnings": _filter, "simplefilter": _filter},
}


def names_of(module: str) -> frozenset[str]:
    """The names that an answer gets of a module."""
    real = importlib.import_module(module)
    if module in _ONLY:
        only = _words(_ONLY[module])
        names = {name for name in dir(real) if name in only or (_CONSTANTS in only and name.isupper())}
    else:
        public = [name for name in getattr(real, "__all__", dir(real)) if not name.startswith("_")]
        names = (set(public) | _words(_ALSO.get(module, ""))) - _words(_WITHOUT.get(module, ""))
    return frozenset(
        name for name in names if hasattr(real, name) and not isinstance(getattr(real, name), types.ModuleType)
    ) | frozenset(_OWN.get(module, ()))


@functools.cache
def offer(module: str) -> types.ModuleType:
    """The stand-in of a module: it has the public names, and no way to the real one."""
    if module not in MODULES:
        raise ImportError(f"an answer may not import {module}")
    real = importlib.import_module(module)
    stand_in = types.ModuleType(module, real.__doc__)
    if file := getattr(real, "__file__", None):
        stand_in.__file__ = file
    own = _OWN.get(module, {})
    for name in names_of(module):
        setattr(stand_in, name, own[name] if name in own else getattr(real, name))
    stand_in.__dict__["__all__"] = sorted(names_of(module))
    parent, _, last = module.rpartition(".")
    if parent:
        setattr(offer(parent), last, stand_in)
    return stand_in


def guarded_import(
    name: str,
    globals: Mapping[str, object] | None = None,
    locals: Mapping[str, object] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> Any:
    """What `import` calls in an answer."""
    top = name.partition(".")[0]
    if level == 0 and top == OURS:
        return TryOut()
    if level or name not in MODULES:
        raise ImportError(f"an answer may not import {name}")
    module = offer(name)
    if not fromlist:
        return offer(top)
    for wanted in fromlist:  # from concurrent import futures
        if wanted != "*" and f"{name}.{wanted}" in MODULES:
            offer(f"{name}.{wanted}")
    return module


@functools.cache
def offered_builtins() -> dict[str, Any]:
    """The builtins of an answer: without those that run text, open files or show namespaces."""
    kept = {name: value for name, value in vars(builtins).items() if name not in TAKEN_AWAY}
    return {**kept, "__import__": guarded_import}

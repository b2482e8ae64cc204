"""What comes through a pipe or a queue is read as data, and never as orders.

A pickle can name any function and have it called, and an answer can send whatever bytes it likes to itself. So in the process
of a check and in the workers of its answer, pickles may name what an answer may have anyhow, the checks' own tasks, exceptions,
and what `multiprocessing` needs to put its own objects together again. Pipes lead only where `multiprocessing` has laid them.
"""

from __future__ import annotations

import functools
import importlib
import io
import pickle
import sys
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any, ClassVar, NoReturn

from .lookups import checked
from .offered import MODULES, OURS, names_of, offer, offered_builtins
from .policy import leads_inside

_ANSWER = "answer"
_OF_THE_CHECKS = {
    f"{OURS}.coursework.a1_processes": "place burns_at_two",
    f"{OURS}.coursework.a1_results": "Burnt",
    f"{OURS}.coursework.a6_stages": "source transform sink Burnt",
}
"""What checks give an answer that takes it to its workers."""
_PLUMBING = {
    "array": "_array_reconstructor",
    "concurrent.futures.process": "_CallItem _ExceptionWithTraceback _RemoteTraceback _ResultItem _process_chunk _rebuild_exc",
    "copyreg": "_reconstructor",
    "loky.backend.reduction": "_rebuild_partial",
    "loky.process_executor": "_CallItem _ExceptionWithTraceback _RemoteTraceback _ResultItem _process_chunk _rebuild_exc",
    "multiprocessing.connection": "rebuild_connection",
    "multiprocessing.managers": "AcquirerProxy ArrayProxy AutoProxy BarrierProxy ConditionProxy DictProxy EventProxy IteratorProxy"
    " ListProxy Namespace NamespaceProxy PoolProxy RebuildProxy Token ValueProxy",
    "multiprocessing.pool": "ExceptionWithTraceback RemoteTraceback mapstar rebuild_exc starmapstar",
    "multiprocessing.queues": "JoinableQueue Queue SimpleQueue",
    "multiprocessing.reduction": "_rebuild_partial",
    "multiprocessing.resource_sharer": "DupFd",
    "multiprocessing.synchronize": "Barrier BoundedSemaphore Condition Event Lock RLock Semaphore",
    "re": "_compile",
}
"""By which functions and classes objects that travel are made anew."""
_BUILT_IN = {"posix": "os", "nt": "os", "_operator": "operator", "_io": "io", "_queue": "queue", "_random": "random"}
_BY_NAME = {"attrgetter", "methodcaller", "namedtuple", "getattr", "setattr", "delattr", "type"}
"""What takes names, or makes classes of them."""


class _Reader(pickle._Unpickler):  # (the one in C sets attributes by whatever name it is given)
    stack: list[Any]
    dispatch: ClassVar[dict[int, Callable[..., None]]] = dict(pickle._Unpickler.dispatch)

    def load_build(self) -> None:
        """The state of an object: its `__setstate__`, or its attributes."""
        state = self.stack.pop()
        item = self.stack[-1]
        if (set_state := getattr(item, "__setstate__", None)) is not None:
            set_state(state)
            return
        if isinstance(item, type | FunctionType):
            raise pickle.UnpicklingError("a class or a function has no state that could come out of a pipe")
        named, slots = state if type(state) is tuple and len(state) == 2 else (state, None)
        if named:
            item.__dict__.update({sys.intern(name) if type(name) is str else name: part for name, part in named.items()})
        for name, part in (slots or {}).items():
            checked("setattr")(item, name, part)

    dispatch[pickle.BUILD[0]] = load_build

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "getattr"):  # a method travels as its object and its name
            return _attribute
        found = _permitted(module, *name.split("."))
        if found is None:
            raise pickle.UnpicklingError(f"{module}.{name} may not come out of a pipe")
        return found


def _permitted(module: str, first: str, *rest: str) -> Any:
    """What goes by that name; None if it is none of an answer's business."""
    if first in _BY_NAME or any(map(leads_inside, (first, *rest))):
        return None
    module = _BUILT_IN.get(module, module)
    found: Any = None
    if module == _ANSWER:
        found = getattr(importlib.import_module(_ANSWER), first, None)
    elif module == "builtins":
        found = offered_builtins().get(first)
    elif first in (_OF_THE_CHECKS.get(module, "") + " " + _PLUMBING.get(module, "")).split():
        found = getattr(importlib.import_module(module), first, None)
    elif module in MODULES and first in names_of(module):
        found = getattr(offer(module), first)
    elif module.partition(".")[0] != OURS and _is_exception(loaded := getattr(sys.modules.get(module), first, None)):
        found = loaded
    for name in rest:
        found = getattr(found, name, None)
    return None if isinstance(found, ModuleType) else found


def _is_exception(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, BaseException)


def _attribute(item: Any, name: str) -> Any:
    try:
        return checked("getattr")(item, name)
    except AttributeError as error:
        raise pickle.UnpicklingError(f"a name may not come out of a pipe: {error}") from None


def loads(pickled: Any) -> Any:
    return _Reader(io.BytesIO(pickled)).load()


def close() -> None:
    """From now on in this process, and in those that are forked from it."""
    for module in _LATE:
        importlib.import_module(module)
    from multiprocessing import connection, managers, reduction, resource_sharer

    if reduction.ForkingPickler.loads is loads:
        return
    pickler: Any = reduction.ForkingPickler
    manager: Any = managers.BaseManager
    pickler.loads, manager.register = staticmethod(loads), _registered
    # A pipe that is made of a number would lead to the verdict, or into a process that has only just begun.
    base: Any = connection._ConnectionBase
    loky = "loky" in sys.modules and sys.platform != "win32"
    plumbers = [connection, importlib.import_module("loky.backend._posix_reduction")] if loky else [connection]
    base.__init__ = _only_from(base.__init__, *plumbers)
    base.__setattr__ = _only_from(base.__setattr__, connection)
    sharer: Any = resource_sharer
    if sys.platform != "win32":
        pipes: Any = connection
        pipes.rebuild_connection = _rebuilding(pipes.rebuild_connection, sharer.DupFd)
        sharer.DupFd.__init__ = _only_from(sharer.DupFd.__init__, reduction)
    # What listens is a real socket, through which numbers of pipes could be sent.
    listening = [found for name in ("managers", "resource_sharer", "forkserver") if (found := sys.modules.get(f"multiprocessing.{name}"))]
    listener: Any = connection.Listener
    listener.__init__ = _only_from(listener.__init__, *listening)
    if loky:
        _close_loky()


# What is otherwise loaded while the answer runs, and could not be kept as it is any more.
_LATE = ["concurrent.futures.process", "concurrent.futures.thread"]
_LATE += [f"multiprocessing.{name}" for name in ("connection", "managers", "pool", "queues", "resource_sharer")]
_LATE += ["multiprocessing.sharedctypes", "multiprocessing.synchronize"]
if sys.platform != "win32":
    _LATE += [f"multiprocessing.{name}" for name in "forkserver popen_fork popen_forkserver popen_spawn_posix".split()]


def _registered(*_: object, **__: object) -> NoReturn:
    raise TypeError("an answer's manager has what every manager has")


def _only_from(method: Callable[..., None], *modules: ModuleType) -> Callable[..., None]:
    allowed = [vars(module) for module in modules]

    def guarded(self: object, *arguments: Any, **named: Any) -> None:
        caller = sys._getframe(1).f_globals
        if not any(caller is names for names in allowed):
            raise AttributeError("a connection is made by Pipe, and stays as it is")
        method(self, *arguments, **named)

    return guarded


def _rebuilding(rebuild: Callable[..., Any], shared: type) -> Callable[..., Any]:
    @functools.wraps(rebuild)
    def guarded(handle: Any, *how: Any) -> Any:
        # (what a process gets when it is started does not come through a pipe of the answer's)
        if sys._getframe(1).f_globals is vars(pickle) and type(handle) is not shared:
            raise pickle.UnpicklingError("a pipe that is made of a number may not come out of a pipe")
        return rebuild(handle, *how)

    return guarded


def _close_loky() -> None:
    """Its workers begin as all others do, and in the same environment."""
    fork_exec: Any = importlib.import_module("loky.backend.fork_exec")
    spawn: Any = importlib.import_module("loky.backend.spawn")
    start, prepare = fork_exec.fork_exec, spawn.get_preparation_data
    fork_exec.fork_exec = lambda command, pipes, env=None: start(command, pipes)
    spawn.get_preparation_data = lambda name, init_main_module=True: prepare(name)

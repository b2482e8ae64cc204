"""What is called in place of the real thing, and what is not called at all while exploring."""

from __future__ import annotations

import _thread
import abc
import concurrent.futures
import contextlib
import inspect
import os
import queue
import secrets
import sys
import threading
import time
import uuid
import warnings
from collections.abc import Callable
from typing import Any

from .models import executors, threads
from .models.conditions import Barrier, Condition
from .models.locks import BoundedSemaphore, Event, Lock, RLock, Semaphore
from .models.queues import LifoQueue, PriorityQueue, Queue, SimpleQueue

# What is called in place of the real thing.
STAND_INS: dict[Any, Callable[..., Any]] = {
    threading.Lock: Lock,
    _thread.allocate_lock: Lock,
    threading.RLock: RLock,
    threading.Condition: Condition,
    threading.Semaphore: Semaphore,
    threading.BoundedSemaphore: BoundedSemaphore,
    threading.Event: Event,
    threading.Barrier: Barrier,
    threading.local: threads.Local,
    threading.Thread.start: threads.start,
    threading.Thread.join: threads.join,
    threading.Thread.is_alive: threads.is_alive,
    threading.Timer.cancel: threads.cancel,
    threading.current_thread: threads.current_thread,
    threading.get_ident: threads.get_ident,
    _thread.get_ident: threads.get_ident,
    threading.enumerate: threads.alive_threads,
    threading.active_count: threads.active_count,
    queue.Queue: Queue,
    queue.LifoQueue: LifoQueue,
    queue.PriorityQueue: PriorityQueue,
    queue.SimpleQueue: SimpleQueue,
    concurrent.futures.ThreadPoolExecutor: executors.Executor,
    concurrent.futures.Future: executors.Future,
    concurrent.futures.wait: executors.wait,
    concurrent.futures.as_completed: executors.as_completed,
    time.sleep: threads.sleep,
    time.time: threads.clock,
    time.monotonic: threads.clock,
    time.perf_counter: threads.clock,
    time.process_time: threads.clock,
    time.thread_time: threads.clock,
    time.time_ns: threads.clock_ns,
    time.monotonic_ns: threads.clock_ns,
    time.perf_counter_ns: threads.clock_ns,
}

# Nobody can say what these do to the other threads, or they would wait for the world outside.
REFUSED: dict[Any, str] = {
    function: f"{name} cannot be explored"
    for name, function in {
        "os.fork": getattr(os, "fork", None),
        "os.urandom": os.urandom,
        "uuid.uuid4": uuid.uuid4,
        "uuid.uuid1": uuid.uuid1,
        "secrets.token_hex": secrets.token_hex,
        "_thread.start_new_thread": _thread.start_new_thread,
    }.items()
    if function is not None
}
REFUSED.update(
    {
        function: f"os.{name} cannot be explored"
        for name in (
            "read",
            "pread",
            "readv",
            "wait",
            "wait3",
            "wait4",
            "waitid",
            "waitpid",
            "system",
            "popen",
            "kill",
            "_exit",
            "getrandom",
        )
        if (function := getattr(os, name, None)) is not None
    }
)
REFUSED_MODULES = {
    "socket",
    "_socket",
    "subprocess",
    "asyncio",
    "select",
    "signal",
    "ctypes",
    "_ctypes",
    "multiprocessing",
    "secrets",
    "atexit",
    "gc",
}

UNJUDGED = {eval, exec, globals, vars, compile, __import__, input, open, memoryview}
"""Built-in functions that can do what no step shows."""
REFUSED.update(
    {
        sys._getframe: "frames are those of the explorer",
        sys._current_frames: "frames are those of the explorer",
        inspect.currentframe: "frames are those of the explorer",
        inspect.stack: "frames are those of the explorer",
        threading.get_native_id: "the number of a thread is not the same in every run",
        sys.getrefcount: "how many references there are is not the same while it is explored",
        contextlib.redirect_stdout: "what is printed is not written while it is explored",
        contextlib.redirect_stderr: "what is printed is not written while it is explored",
        warnings.catch_warnings: "which warnings are shown is up to the whole process",
        warnings.simplefilter: "which warnings are shown is up to the whole process",
        warnings.filterwarnings: "which warnings are shown is up to the whole process",
        abc.ABCMeta.register: "what is registered with an abstract class is not put back between two runs",
        contextlib.chdir: "the folder is that of the whole process",
    }
)

HARMLESS = {
    print, isinstance, issubclass, callable, type, object, super, range, staticmethod, classmethod, property,
    ord, chr, abs, round, divmod, pow, bin, hex, oct,
}  # fmt: skip
# These look at an object only by calling its methods, which are rewritten.
LOOKS_BY_METHODS = {
    len, bool, str, repr, format, ascii, sorted, min, max, sum, any, all, list, tuple, set, frozenset, dict, next, int,
    float, complex, bytes, bytearray, reversed, enumerate, zip, map, filter, iter, id, hash,
}  # fmt: skip
LAZY = {enumerate, zip, map, filter, reversed, iter}
ATTRIBUTE = {getattr, setattr, delattr, hasattr}
READS_DEEP = {str, repr, print, format, ascii}

# Functions of these modules pass on what they get, and do not look inside.
QUIET_MODULES = {
    "contextlib", "functools", "typing", "abc", "enum", "threading", "types", "logging", "warnings", "itertools",
    "kitchen_helpers", "random",
}  # fmt: skip

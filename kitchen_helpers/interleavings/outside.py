"""What a program has to do with the world outside of it: files, clocks, how long objects live. No run can put that back."""

from __future__ import annotations

import datetime
import types
from typing import Any

_LOOKS_AT_NOTHING = frozenset(
    """fspath _fspath fsencode fsdecode getpid getppid cpu_count process_cpu_count sched_getaffinity sched_yield strerror
    getenv getenvb get_exec_path get_terminal_size getuid getgid times getloadavg""".split()
)
"""Functions of `os` that do not touch files."""
_TOUCH_FILES = frozenset("realpath abspath relpath ismount lexists expanduser isdevdrive isjunction".split())
"""And those of `os.path` that do; so do all that it takes from `genericpath`."""
_ONLY_NAMES = frozenset(
    "as_posix as_uri is_absolute is_relative_to is_reserved joinpath match full_match relative_to with_name with_segments "
    "with_stem with_suffix".split()
)
"""Methods of a path that only look at its name."""
_FILES = frozenset("shutil tempfile glob zipfile tarfile fileinput dbm shelve mmap fcntl".split())
NO_WEAK_REFERENCES = "a weak reference tells how long an object lives, which is not explored"
_CLOCKS = frozenset("localtime gmtime ctime asctime strftime clock_gettime clock_gettime_ns process_time_ns thread_time_ns".split())
_WEAK = frozenset({"weakref", "_weakref", "_weakrefset"})


def _names(function: Any) -> tuple[str, str]:
    module = getattr(function, "__module__", None) or type(function).__module__
    return str(module).partition(".")[0], str(getattr(function, "__name__", ""))


def uses_files(function: Any) -> bool:
    """Does a function of the standard library look at files, or change them?"""
    root, name = _names(function)
    if root in ("posix", "nt", "os"):
        return isinstance(function, types.FunctionType | types.BuiltinFunctionType) and name not in _LOOKS_AT_NOTHING
    if root in ("posixpath", "ntpath"):
        return name in _TOUCH_FILES
    if root == "genericpath":
        return name != "commonprefix"
    if root == "pathlib":
        return isinstance(function, types.FunctionType) and name not in _ONLY_NAMES and name[:2] != "__"
    return root in _FILES


def asks_the_time(function: Any) -> bool:
    owner = getattr(function, "__self__", None)
    if isinstance(owner, type) and issubclass(owner, datetime.date):
        return function.__name__ in ("now", "today", "utcnow")
    root, name = _names(function)
    return (root == "time" and name in _CLOCKS) or (root in ("posix", "nt") and name in ("times", "getloadavg"))


def is_weak(function: Any) -> bool:
    """Is it a weak reference, or does it make one? It tells that an object is gone, which we may have kept alive."""
    return _names(function)[0] in _WEAK or type(function).__module__ in _WEAK

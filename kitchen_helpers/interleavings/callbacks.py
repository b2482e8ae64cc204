"""Functions that C code, or code that cannot be seen, is going to call: what they do has to be seen all the same."""

from __future__ import annotations

import functools
import types
from typing import Any

from .accesses import called_back
from .kinds import CONTAINER, OPAQUE, is_library, kind_of
from .sites import Site
from .threads import VirtualThread


def seen(site: Site, value: Any) -> Any:
    """A function that C code is going to call for each item (a key, what `map` maps), so that its looks are seen."""
    if value is None:
        return None
    function = value.__func__ if isinstance(value, types.MethodType) else value
    if isinstance(function, types.FunctionType) and not is_library(function.__code__.co_filename, function.__module__):
        return value
    return _through_hook(site, value)


def hooked(site: Site, value: Any) -> Any:
    """A method of a container, or a function of the library (`Thread.start`), that C code is going to call."""
    function = value.__func__ if isinstance(value, types.MethodType) else value
    if isinstance(function, types.FunctionType) and is_library(function.__code__.co_filename, function.__module__):
        return _through_hook(site, value)
    return handed_over(site, value)


def handed_over(site: Site, value: Any) -> Any:
    """`id`, `hash` and methods written in C, which code that cannot be seen is going to call."""
    return _through_hook(site, value) if value is id or value is hash or _is_method_of_c(value) else value


def _is_method_of_c(value: Any) -> bool:
    """Is it, such as `basket.append`, the method of something that threads could share?"""
    while isinstance(value, functools.partial):
        value = value.func
    if not isinstance(value, types.BuiltinMethodType | types.MethodWrapperType):
        return False
    return kind_of(type(value.__self__)) in (CONTAINER, OPAQUE)


def _through_hook(site: Site, value: Any) -> Any:
    from .calls import call

    return lambda *args, **kwargs: call(site, value, *args, **kwargs)


def calling_back(thread: VirtualThread, value: Any) -> Any:
    """A function that C code is going to call: where it comes back, others may see what the C call has done so far."""
    if not isinstance(value, types.FunctionType | types.MethodType | functools.partial):
        return value

    def called(*args: Any, **kwargs: Any) -> Any:
        result = value(*args, **kwargs)
        called_back()
        return result

    return called

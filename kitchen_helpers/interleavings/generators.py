"""Generators: where one is, as a location, and that nobody but the program keeps it: it is closed when that lets go of it."""

from __future__ import annotations

import itertools
import types
import weakref
from typing import Any

from .accesses import opaque, use
from .iterators import own_copy
from .sites import Site
from .threads import WRITE, VirtualThread

_serials = itertools.count()


def generator_key(thread: VirtualThread, generator: types.GeneratorType[Any, Any, Any]) -> Any:
    """The location of a generator; `yielding`, in the generator's own code, knows only its frame."""
    generators = thread.run.generators
    known = generators.get(id(generator))
    if known is None or known[0]() is not generator:
        known = generators[id(generator)] = (weakref.ref(generator), ("generator", next(_serials)))
    if generator.gi_frame is not None:
        generators[id(generator.gi_frame)] = known
    return known[1]


def key_of_frame(thread: VirtualThread, frame: types.FrameType) -> tuple[Any, Any]:
    """The location of the generator that runs in a frame, and what to keep alive for it.

    Of one that only the library asks (a context manager) nobody knows but its frame.
    """
    reference, key = thread.run.generators.get(id(frame), (lambda: None, None))
    generator = reference()
    return (key, None) if generator is not None and generator.gi_frame is frame else (id(frame), frame)


def in_this_run(thread: VirtualThread, site: Site, iterator: Any) -> Any:
    """What to take from in place of an iterator: a copy, if it is older than the program."""
    if not thread.run.session.is_old(iterator):
        return iterator
    found = own_copy(thread, iterator)
    if found is None:
        opaque(thread, site, iterator)
        return iterator
    return found


def asked(thread: VirtualThread, site: Site, generator: types.GeneratorType[Any, Any, Any]) -> None:
    """C code is about to ask a generator for items."""
    in_this_run(thread, site, generator)
    use(thread, site, "read", None, ((generator_key(thread, generator), WRITE),), None)

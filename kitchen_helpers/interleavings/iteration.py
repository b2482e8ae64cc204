"""The hooks for iteration: every item that is taken is a step on what it comes from."""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable, Iterator
from typing import Any

from .accesses import opaque, record, use
from .containers import is_plain
from .generators import generator_key, in_this_run
from .kinds import CLASS, CONTAINER, FUNCTION, OPAQUE, VIEW, is_unseen, kind_of, underlying
from .set_orders import some_order, unsteady
from .sites import Site
from .threads import READ, WRITE, VirtualThread, current

_serials = itertools.count()


class Iterating:
    """An iterator for which every item is a step on what it comes from; it begins with the first of them."""

    __slots__ = ("begin", "begun", "key", "keeps", "mode", "noted_at", "noted_by", "own", "shown", "site", "source")

    def __init__(self, site: Site, source: Any, begin: Callable[[], Iterator[Any]], key: Any, mode: int):
        self.site = site
        self.source = source
        self.begin = begin
        self.begun: Iterator[Any] | None = None
        self.key = key
        self.mode = mode
        self.noted_by: VirtualThread | None = None
        """Which thread used it last, and in which epoch."""
        self.noted_at = 0
        self.own: Any = id(self)
        """Its own location."""
        self.shown: Any = source
        self.keeps = True
        if isinstance(source, types.GeneratorType):
            # It is closed as soon as the program lets go of it: nobody else may hold it.
            self.own, self.shown, self.keeps = ("iterator", next(_serials)), None, False

    @property
    def kept(self) -> Any:
        """What a run is to keep (an attribute of its own would be a circle of references, in every run)."""
        return (self.source, self) if self.keeps else None

    @property
    def iterator(self) -> Iterator[Any]:
        if self.begun is None:
            self.begun = self.begin()
        return self.begun

    def __iter__(self) -> Iterating:
        return self

    def __next__(self) -> Any:
        thread = current()
        if thread is None:
            return next(self.iterator)
        run, site = thread.run, self.site
        run.session.turn(thread)
        if self.noted_by is thread and self.noted_at == thread.epoch and not site.visible:
            thread.writes += 1  # nothing new for the explorer (loops over a thread's own lists: 2 % of a schedule)
        else:
            if not run.solo:
                self.noted_by, self.noted_at = thread, thread.epoch
            # Two threads may share the iterator, and not only what it comes from.
            use(thread, site, "read", self.shown, ((self.key, self.mode), (self.own, WRITE)), self.kept)
        value = next(self.iterator if self.begun is None else self.begun)
        if site.visible:
            record(thread, site, "read", self.shown, site.text if self.shown is None else "", value)
        if kind_of(type(value)) in (FUNCTION, CLASS):
            thread.run.session.ensure(value)
        return value

    def __length_hint__(self) -> int:
        hint = getattr(self.begun, "__length_hint__", None)
        return hint() if hint is not None else 0


def iterate(site: Site, value: Any, backwards: bool = False) -> Any:
    """What to iterate over in place of `value`."""
    thread = current()
    cls = type(value)
    begin: Callable[[Any], Iterator[Any]] = reversed if backwards else iter
    if thread is not None and (cls is set or cls is frozenset) and (cls is set or unsteady(value)):
        return Iterating(site, value, lambda: some_order(thread, site, value), id(value), READ)
    if thread is None or (cls in (range, str, bytes, tuple, frozenset, Iterating) and not backwards):
        return begin(value) if backwards else value
    kind = kind_of(cls)
    if kind == CONTAINER and is_plain(value, "__reversed__" if backwards else "__iter__"):
        return Iterating(site, value, lambda: begin(value), id(value), READ)
    if kind == VIEW:
        source = underlying(value)
        return Iterating(site, source, lambda: begin(value), id(source), READ)
    if is_unseen(cls) and not isinstance(value, Iterator):
        opaque(thread, site, value)
    iterator = begin(value)
    if isinstance(iterator, Iterating):
        return iterator
    if isinstance(iterator, types.GeneratorType):
        in_this_run(thread, site, iterator)
        return Iterating(site, iterator, lambda: iterator, generator_key(thread, iterator), WRITE)
    if kind_of(type(iterator)) == OPAQUE:
        iterator = in_this_run(thread, site, iterator)
        return Iterating(site, iterator, lambda: iterator, id(iterator), WRITE)
    return iterator


def delegate(site: Site, value: Any) -> Any:
    """`yield from value`: a generator has to stay one, for `send` and `throw`."""
    if not isinstance(value, types.GeneratorType):
        return iterate(site, value)
    thread = current()
    if thread is not None:
        in_this_run(thread, site, value)
    return value

"""The hooks for variables that others can see: globals that some function stores, and closures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .accesses import record, use
from .kinds import CLASS, FUNCTION, kind_of
from .sites import Site
from .threads import READ, WRITE, current

Peek = Callable[[], Any]


def variable_key(peek: Peek, site: Site) -> tuple[Any, Any]:
    """The location of a closure variable (its cell) or a global, and what to keep alive for it."""
    cells = peek.__closure__
    if cells:
        return id(cells[0]), cells[0]
    return (id(peek.__globals__), site.text), None


def load_variable(site: Site, peek: Peek) -> Any:
    thread = current()
    if thread is None:
        return peek()
    run = thread.run
    key, keep = variable_key(peek, site)
    use(thread, site, "read", None, ((key, READ),), keep)
    value = peek()
    if site.visible:
        record(thread, site, "read", None, site.text, value)
    if kind_of(type(value)) in (FUNCTION, CLASS):
        run.session.ensure(value)
    return value


def store_variable(site: Site, peek: Peek, value: Any) -> Any:
    thread = current()
    if thread is not None:
        key, keep = variable_key(peek, site)
        if keep is None:
            thread.run.session.global_stored(site, peek.__globals__, site.text)
        use(thread, site, "write", None, ((key, WRITE),), keep)
        if site.visible:
            record(thread, site, "write", None, site.text, value)
    return value


def delete_variable(site: Site, peek: Peek) -> None:
    thread = current()
    if thread is not None:
        key, keep = variable_key(peek, site)
        use(thread, site, "delete", None, ((key, WRITE),), keep)
        record(thread, site, "delete", None, site.text, None)

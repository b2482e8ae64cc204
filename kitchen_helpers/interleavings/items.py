"""Items of a list or a dict as locations of their own: cooks who each count in their own place do not meet.

A step on an item uses the container, too, in a way that commutes with itself only: so it depends on every step that uses
the container as a whole, such as `len`, `append`, a slice or a loop, and not on one on another item. That is right
whatever the container and the site; but as a load then depends on `len`, it is done only where items are stored at all.
"""

from __future__ import annotations

from typing import Any

from .accesses import use
from .sites import Site
from .threads import ADD, READ, WRITE, Access, VirtualThread

Item = tuple[str, int, Any]


def item_of(thread: VirtualThread, site: Site, obj: Any, index: Any, mode: int) -> Item | None:
    """The location of an item if the step is on nothing else; None if the container is to be used as a whole.

    A negative index is none: which item it means depends on what happens until the step is taken.
    """
    cls = type(obj)
    if cls is list:
        if type(index) is not int or index < 0:
            return None
    elif cls is not dict or type(index) not in (int, str) or (mode == WRITE and index not in obj):
        return None
    sharing = thread.run.sharing
    if not sharing.items:
        if mode == WRITE and site.visible and not thread.run.solo:
            sharing.items = sharing.learned = True
        return None
    return None if cls is dict and sharing.resized else ("[]", id(obj), index)


def use_item(thread: VirtualThread, site: Site, obj: Any, index: Any, mode: int) -> None:
    """An item is about to be loaded, or one that is there to be stored: a step, if the container is shared."""
    item = item_of(thread, site, obj, index, mode) if site.visible else None
    run = thread.run
    whole = id(obj)
    doing = "read" if mode == READ else "write"
    if item is None or run.solo:
        use(thread, site, doing, obj, ((whole, mode),), obj)
        return
    run.sharing.note(thread, whole, mode, site, obj)
    accesses: tuple[Access, ...] = ((whole, ADD), (item, mode))
    run.step(thread, site, doing, obj, accesses)
    thread.steps += 1
    if mode == READ:
        thread.looked += ((key, run.versions.get(key, 0)) for key, _ in accesses)
        return
    thread.writes += 1
    for key, _ in accesses:
        run.changed(thread, key)
    if type(obj) is dict and index not in obj:
        # It has gone while this thread was parked: the dict grows, which is no step on an item.
        run.sharing.resized = run.sharing.learned = True

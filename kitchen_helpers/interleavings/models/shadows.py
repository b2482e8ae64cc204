"""Models for primitives that were made before the exploration: a module's lock, a dataclass's default, a closure's queue."""

from __future__ import annotations

import _thread
import queue
import threading
from typing import Any

from .base import Model
from .conditions import Barrier, Condition
from .locks import BoundedSemaphore, Event, Lock, RLock, Semaphore
from .queues import LifoQueue, PriorityQueue, Queue, SimpleQueue
from .threads import Local

LOCKS = (_thread.LockType, type(threading.RLock()))
SHADOWED: tuple[type, ...] = (
    *LOCKS,
    threading.Condition,
    threading.Semaphore,
    threading.Event,
    threading.Barrier,
    threading.local,
    queue.Queue,
    queue.SimpleQueue,
)


class CannotShadow(Exception):
    """The primitive is in a state, or of a class, that has no model."""


def shadow(real: Any, find: Any) -> Model:
    """A model in the state of a real primitive; `find` gives the models of the locks that it is made of."""
    cls = type(real)
    if cls is LOCKS[0]:
        lock = Lock()
        lock.taken = real.locked()
        return lock
    if cls is LOCKS[1]:
        return RLock()
    if cls is threading.Condition:
        return Condition(find(real._lock))
    if cls in (threading.Semaphore, threading.BoundedSemaphore):
        if cls is threading.Semaphore:
            return Semaphore(real._value)
        bounded = BoundedSemaphore(real._initial_value)
        bounded.value = real._value
        return bounded
    if cls is threading.Event:
        event = Event()
        event.flag = real.is_set()
        return event
    if cls is threading.Barrier:
        return Barrier(real._parties, real._action, real._timeout)
    if cls is threading.local:
        return Local()
    for name, model in (("Queue", Queue), ("LifoQueue", LifoQueue), ("PriorityQueue", PriorityQueue)):
        if cls is getattr(queue, name):
            made = model(real.maxsize)
            made.items = type(made.items)(real.queue)
            made.unfinished = real.unfinished_tasks
            return made
    if cls is queue.SimpleQueue:
        if real.qsize():
            raise CannotShadow("a SimpleQueue that is not empty before the program starts cannot be explored")
        return SimpleQueue()
    raise CannotShadow(f"a class derived from {cls.__mro__[1].__name__} cannot be explored")

import sys

from . import planted

TWO_CONDITIONS = """
from collections import deque
from threading import Condition, Lock

class Closed(Exception):
    pass

class Pass:
    def __init__(self, capacity):
        self.capacity = capacity
        self.dishes = deque()
        self.closed = False
        lock = Lock()
        self.not_full = Condition(lock)
        self.not_empty = Condition(lock)

    def put(self, dish):
        with self.not_full:
            while len(self.dishes) >= self.capacity and not self.closed:
                self.not_full.wait()
            if self.closed:
                raise Closed
            self.dishes.append(dish)
            self.not_empty.notify()

    def take(self):
        with self.not_empty:
            while not self.dishes and not self.closed:
                self.not_empty.wait()
            if not self.dishes:
                raise Closed
            dish = self.dishes.popleft()
            self.not_full.notify()
            return dish

    def close(self):
        with self.not_full:
            self.closed = True
            self.not_full.notify_all()
            self.not_empty.notify_all()
"""

ONE_CONDITION = """
import threading

class Closed(RuntimeError):
    '''The pass is closed.'''

class Pass:
    def __init__(self, capacity):
        self.capacity = capacity
        self.dishes = []
        self.open = True
        self.changed = threading.Condition()

    def put(self, dish):
        with self.changed:
            self.changed.wait_for(lambda: not self.open or len(self.dishes) < self.capacity)
            if not self.open:
                raise Closed("no more dishes, please")
            self.dishes.append(dish)
            self.changed.notify_all()

    def take(self):
        with self.changed:
            self.changed.wait_for(lambda: self.dishes or not self.open)
            if self.dishes:
                self.changed.notify_all()
                return self.dishes.pop(0)
            raise Closed("that was all")

    def close(self):
        with self.changed:
            self.open = False
            self.changed.notify_all()
"""

SEMAPHORES = """
from collections import deque
from threading import Lock, Semaphore

class Closed(Exception):
    pass

class Pass:
    '''Closing hands out one permit too many of each kind, which everybody passes on.'''

    def __init__(self, capacity):
        self.free = Semaphore(capacity)
        self.full = Semaphore(0)
        self.dishes = deque()
        self.lock = Lock()
        self.closed = False

    def put(self, dish):
        self.free.acquire()
        with self.lock:
            if self.closed:
                self.free.release()
                raise Closed
            self.dishes.append(dish)
        self.full.release()

    def take(self):
        self.full.acquire()
        with self.lock:
            if not self.dishes:
                self.full.release()
                raise Closed
            dish = self.dishes.popleft()
        self.free.release()
        return dish

    def close(self):
        with self.lock:
            if not self.closed:
                self.closed = True
                self.free.release()
                self.full.release()
"""

POLLING = """
import time
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from threading import Lock

class Closed(Exception):
    pass

class Pass:
    def __init__(self, capacity):
        self.queue = Queue(capacity)
        self.lock = Lock()
        self.closed = False

    def put(self, dish):
        while True:
            with self.lock:
                if self.closed:
                    raise Closed()
                try:
                    return self.queue.put_nowait(dish)
                except Full:
                    pass
            time.sleep(0.01)

    def take(self):
        while True:
            with self.lock:
                try:
                    return self.queue.get_nowait()
                except Empty:
                    if self.closed:
                        raise Closed() from None
            time.sleep(0.01)

    def close(self):
        with self.lock:
            self.closed = True
"""

SENTINEL = """
from queue import SimpleQueue
from threading import Lock

class Closed(Exception):
    pass

class Pass:
    '''Trays go round; the end is a tray of its own, and whoever finds it puts it back for the next one.'''

    def __init__(self, capacity):
        self.trays, self.dishes = SimpleQueue(), SimpleQueue()
        self.lock, self.closed = Lock(), False
        self.end = object()
        for _ in range(capacity):
            self.trays.put(None)

    def put(self, dish):
        tray = self.trays.get()
        with self.lock:
            if not self.closed:
                self.dishes.put(dish)
                return
        self.trays.put(tray)
        raise Closed

    def take(self):
        dish = self.dishes.get()
        if dish is self.end:
            self.dishes.put(dish)
            raise Closed
        self.trays.put(None)
        return dish

    def close(self):
        with self.lock:
            if self.closed:
                return
            self.closed = True
            self.dishes.put(self.end)
            self.trays.put(None)
"""

BELLS = """
from contextlib import contextmanager
from threading import Event, Lock

class Closed(Exception):
    pass

class Pass:
    '''Everybody who has to wait hangs up an event; every change sets them all.'''

    def __init__(self, capacity):
        self._capacity, self._dishes, self._closed = capacity, [], False
        self._lock, self._bells = Lock(), []

    @contextmanager
    def _when(self, possible):
        while True:
            with self._lock:
                if possible():
                    yield
                    bells, self._bells = self._bells, []
                    for bell in bells:
                        bell.set()
                    return
                bell = Event()
                self._bells.append(bell)
            bell.wait()

    def put(self, dish):
        with self._when(lambda: self._closed or len(self._dishes) < self._capacity):
            if self._closed:
                raise Closed
            self._dishes.append(dish)

    def take(self):
        with self._when(lambda: self._closed or self._dishes):
            if not self._dishes:
                raise Closed
            return self._dishes.pop(0)

    def close(self):
        with self._when(lambda: True):
            self._closed = True
"""

SHUTDOWN = """
import queue

class Closed(Exception):
    pass

class Pass:
    def __init__(self, capacity):
        self._queue = queue.Queue(capacity)

    def put(self, dish):
        try:
            self._queue.put(dish)
        except queue.ShutDown:
            raise Closed from None

    def take(self):
        try:
            return self._queue.get()
        except queue.ShutDown as end:
            raise Closed from end

    def close(self):
        self._queue.shutdown()
"""

RIGHT = {
    "two conditions": TWO_CONDITIONS,
    "one condition": ONE_CONDITION,
    "semaphores that are passed on": SEMAPHORES,
    "asking again and again": POLLING,
    "simple queues and a sentinel": SENTINEL,
    "an event for each who waits": BELLS,
}
if sys.version_info >= (3, 13):
    RIGHT["Queue.shutdown"] = SHUTDOWN

_BLOCKED = ": the pass is closed; "

WRONG = {
    "close wakes one taker only": (
        planted(TWO_CONDITIONS, "self.not_empty.notify_all()", "self.not_empty.notify()"),
        _BLOCKED,
    ),
    "close wakes one putter only": (
        planted(TWO_CONDITIONS, "self.not_full.notify_all()", "self.not_full.notify()"),
        _BLOCKED,
    ),
    "close wakes takers only": (
        planted(
            TWO_CONDITIONS,
            """            self.not_full.notify_all()
""",
            "",
        ),
        "Ana and Ben wait for room, and",
    ),
    "close wakes nobody": (
        planted(
            ONE_CONDITION,
            """            self.open = False
            self.changed.notify_all()
""",
            """            self.open = False
""",
        ),
        _BLOCKED,
    ),
    "a waiting put does not look whether it was closed": (
        planted(
            TWO_CONDITIONS,
            """            while len(self.dishes) >= self.capacity and not self.closed:
                self.not_full.wait()
            if self.closed:
                raise Closed
""",
            """            if self.closed:
                raise Closed
            while len(self.dishes) >= self.capacity:
                self.not_full.wait()
""",
        ),
        _BLOCKED,
    ),
    "a waiting put squeezes its dish in": (
        planted(
            TWO_CONDITIONS,
            """            while len(self.dishes) >= self.capacity and not self.closed:
                self.not_full.wait()
            if self.closed:
                raise Closed
""",
            """            if self.closed:
                raise Closed
            while len(self.dishes) >= self.capacity and not self.closed:
                self.not_full.wait()
""",
        ),
        "put on a full pass that is closed must raise Closed",
    ),
    "take does not drain": (
        planted(
            TWO_CONDITIONS,
            """            if not self.dishes:
                raise Closed""",
            """            if self.closed:
                raise Closed""",
        ),
        "must give ['soup', 'fish'] and then raise Closed",
    ),
    "close throws away what is there": (
        planted(
            TWO_CONDITIONS,
            """            self.closed = True
""",
            """            self.closed = True
            self.dishes.clear()
""",
        ),
        "must give ['soup', 'fish'] and then raise Closed",
    ),
    "put is still possible while there is room": (
        planted(
            TWO_CONDITIONS,
            """            if self.closed:
                raise Closed
            self.dishes.append""",
            """            if self.closed and len(self.dishes) >= self.capacity:
                raise Closed
            self.dishes.append""",
        ),
        "put on a closed pass with room must raise Closed",
    ),
    "closing twice is an error": (
        planted(
            TWO_CONDITIONS,
            """            self.closed = True
""",
            """            if self.closed:
                raise Closed
            self.closed = True
""",
        ),
        "closing twice is harmless",
    ),
    "take returns None at the end": (
        planted(
            TWO_CONDITIONS,
            """            if not self.dishes:
                raise Closed""",
            """            if not self.dishes:
                return None""",
        ),
        "must give ['soup', 'fish'] and then raise Closed",
    ),
    "close waits for room": (
        planted(
            SENTINEL,
            """SimpleQueue
""",
            """SimpleQueue, Queue
""",
            "self.trays, self.dishes = SimpleQueue(), SimpleQueue()",
            "self.trays, self.dishes = SimpleQueue(), Queue(capacity)",
        ),
        "close, put or take waits although it need not",
    ),
    "one sentinel, which the first one keeps": (
        planted(
            SENTINEL,
            """            self.dishes.put(dish)
            raise Closed""",
            "            raise Closed",
        ),
        "waits",
    ),
    "put looks before it locks": (
        planted(
            SENTINEL,
            """        with self.lock:
            if not self.closed:
                self.dishes.put(dish)
                return
""",
            """        if not self.closed:
            self.dishes.put(dish)
            return
""",
        ),
        "after a put of soup that came back",
    ),
    "one condition and notify for dishes": (
        planted(
            ONE_CONDITION,
            """            self.dishes.append(dish)
            self.changed.notify_all()""",
            """            self.dishes.append(dish)
            self.changed.notify()""",
            """                self.changed.notify_all()
                return""",
            """                self.changed.notify()
                return""",
        ),
        "Ana puts two dishes, Ben and Cem take one each: Cem waits for ever",
    ),
    "if instead of while": (
        planted(TWO_CONDITIONS, "while not self.dishes and not self.closed", "if not self.dishes and not self.closed"),
        "Ben raises Closed (line ",
    ),
    "the other exception": (
        planted(
            TWO_CONDITIONS,
            """            if not self.dishes:
                raise Closed""",
            """            if not self.dishes:
                raise IndexError('closed')""",
        ),
        "IndexError",
    ),
    "a flag of all passes": (planted(ONE_CONDITION, "self.open", "Pass.open"), "a pass was closed, and another one raised Closed"),
    "Closed is no exception": (
        planted(ONE_CONDITION, "class Closed(RuntimeError):", "class Closed:"),
        "Closed must be a class of exceptions",
    ),
    "a permit is kept": (
        planted(
            SEMAPHORES,
            """            if self.closed:
                self.free.release()
""",
            """            if self.closed:
""",
        ),
        _BLOCKED,
    ),
}

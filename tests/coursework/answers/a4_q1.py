from . import planted

CONDITION = """
from contextlib import contextmanager
from threading import Condition

class OvenPool:
    def __init__(self, make, size):
        self.make = make
        self.size = size
        self.free = []
        self.made = 0
        self.used = 0
        self.closed = False
        self.changed = Condition()

    @contextmanager
    def oven(self):
        oven = self.take()
        try:
            yield oven
        finally:
            with self.changed:
                self.free.append(oven)
                self.used -= 1
                self.changed.notify_all()

    def take(self):
        with self.changed:
            while not self.closed and not self.free and self.made == self.size:
                self.changed.wait()
            if self.closed:
                raise RuntimeError("the pool is closed")
            self.used += 1
            if self.free:
                return self.free.pop()
            self.made += 1
        try:
            return self.make()
        except BaseException:
            with self.changed:
                self.made -= 1
                self.used -= 1
                self.changed.notify_all()
            raise

    def close(self):
        with self.changed:
            self.closed = True
            self.changed.notify_all()
            while self.used:
                self.changed.wait()
"""

SEMAPHORE = """
from threading import Lock, Semaphore

class Loan:
    def __init__(self, pool):
        self.pool = pool

    def __enter__(self):
        self.oven = self.pool._borrow()
        return self.oven

    def __exit__(self, *exc_info):
        self.pool._idle.append(self.oven)
        self.pool._places.release()

class OvenPool:
    '''close() collects all places, and so waits for those in use.'''

    def __init__(self, make, size):
        self._make, self._size = make, size
        self._idle = []
        self._places = Semaphore(size)
        self._closing = Lock()
        self._closed = False

    def oven(self):
        return Loan(self)

    def _borrow(self):
        self._places.acquire()
        if self._closed:
            self._places.release()
            raise RuntimeError("closed")
        try:
            try:
                return self._idle.pop()
            except IndexError:
                return self._make()
        except BaseException:
            self._places.release()
            raise

    def close(self):
        self._closed = True
        with self._closing:
            for _ in range(self._size):
                self._places.acquire()
            self._places.release(self._size)
"""

QUEUE = """
import queue
import threading
from contextlib import contextmanager

class OvenPool:
    '''A queue of places; in each there is an oven, or None where none was made yet.'''

    def __init__(self, make, size):
        self.make, self.size = make, size
        self.places = queue.LifoQueue(size)
        for _ in range(size):
            self.places.put(None)
        self.closed = threading.Event()
        self.closing = threading.Lock()

    @contextmanager
    def oven(self):
        oven = self.places.get()
        try:
            if self.closed.is_set():
                raise RuntimeError("no more baking")
            if oven is None:
                oven = self.make()
            yield oven
        finally:
            self.places.put(oven)

    def close(self):
        self.closed.set()
        with self.closing:
            ovens = [self.places.get() for _ in range(self.size)]
            for oven in ovens:
                self.places.put(oven)
"""

POLLING = """
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock

@dataclass
class OvenPool:
    make: object
    size: int
    idle: list = field(default_factory=list)
    busy: list = field(default_factory=list)
    open: bool = True
    lock: RLock = field(default_factory=RLock)

    def _try(self):
        with self.lock:
            if not self.open:
                raise RuntimeError("closed")
            if not self.idle and len(self.busy) < self.size:
                self.idle.append(self.make())
            if self.idle:
                oven = self.idle.pop()
                self.busy.append(oven)
                return oven

    @contextmanager
    def oven(self):
        while (oven := self._try()) is None:
            time.sleep(0.001)
        try:
            yield oven
        finally:
            with self.lock:
                self.busy.remove(oven)
                self.idle.append(oven)

    def close(self):
        with self.lock:
            self.open = False
        while True:
            with self.lock:
                if not self.busy:
                    return
            time.sleep(0.001)
"""

RIGHT = {
    "a condition": CONDITION,
    "a semaphore": SEMAPHORE,
    "a queue of places": QUEUE,
    "asking again and again": POLLING,
}

WRONG = {
    "made at once": (
        planted(
            CONDITION,
            """        self.free = []
        self.made = 0
""",
            """        self.free = [make() for _ in range(size)]
        self.made = size
""",
        ),
        "made on demand",
    ),
    "no bound": (planted(CONDITION, " and self.made == self.size", " and False"), "was made"),
    "one too many": (planted(CONDITION, "self.made == self.size", "self.made > self.size"), "was made"),
    "always a new one": (
        planted(
            CONDITION,
            """            if self.free:
                return self.free.pop()
""",
            "",
            """                self.free.append(oven)
""",
            """                self.made -= 1
""",
        ),
        "was made",
    ),
    "an exception keeps the oven": (
        planted(
            CONDITION,
            """        try:
            yield oven
        finally:
            with self.changed:""",
            """        yield oven
        if True:
            with self.changed:""",
        ),
        "An exception in the body of with",
        "are they reached whatever happens",
    ),
    "an exception is swallowed": (
        planted(
            SEMAPHORE,
            """        self.pool._places.release()

class""",
            """        self.pool._places.release()
        return True

class""",
        ),
        "must reach the caller",
    ),
    "a failed make keeps its place": (
        planted(
            CONDITION,
            """                self.made -= 1
""",
            "",
        ),
        "the place of a failed make() is lost",
    ),
    "a failed make is counted as used": (
        planted(
            CONDITION,
            """                self.made -= 1
                self.used -= 1
""",
            """                self.made -= 1
""",
        ),
        "the place of a failed make() is lost",
    ),
    "a failed make wakes nobody": (
        planted(
            CONDITION,
            """                self.used -= 1
                self.changed.notify_all()
            raise""",
            """                self.used -= 1
            raise""",
        ),
        "who is in line waits for ever",
    ),
    "if instead of while": (planted(CONDITION, "while not self.closed and", "if not self.closed and"), "was made"),
    "an oven that comes back wakes nobody": (
        planted(
            CONDITION,
            """                self.used -= 1
                self.changed.notify_all()

""",
            """                self.used -= 1

""",
        ),
        "waits for",
    ),
    "close does not wait": (
        planted(
            CONDITION,
            """            while self.used:
                self.changed.wait()
""",
            "",
        ),
        "close() came back while",
    ),
    "close waits once": (
        planted(
            CONDITION,
            """            while self.used:
""",
            """            if self.used:
""",
        ),
        "close() came back while",
    ),
    "an oven after closing": (
        planted(
            CONDITION,
            """            if self.closed:
                raise RuntimeError("the pool is closed")
""",
            "",
        ),
        "oven() of a closed pool must raise RuntimeError",
    ),
    "who was in line still gets an oven": (
        planted(
            CONDITION,
            "            while not self.closed and not self.free",
            """            if self.closed:
                raise RuntimeError
            while not self.free""",
            """            if self.closed:
                raise RuntimeError("the pool is closed")
""",
            "",
        ),
        "after close() had come back",
    ),
    "close twice keeps the places": (
        planted(
            SEMAPHORE,
            """            self._places.release(self._size)
""",
            "",
        ),
        "waits for",
    ),
    "two who close take each other's places": (
        planted(
            QUEUE,
            """        with self.closing:
""",
            """        if True:
""",
        ),
        "Ana and Ben close while Dan uses an oven",
    ),
    "no lock": (
        planted(
            POLLING,
            """    def _try(self):
        with self.lock:
""",
            """    def _try(self):
        if True:
""",
        ),
        "IndexError",
    ),
    "who is in line after closing keeps the place": (
        planted(
            SEMAPHORE,
            """            self._places.release()
            raise RuntimeError""",
            "            raise RuntimeError",
        ),
        "waits for",
    ),
    "the same oven for all": (planted(CONDITION, "return self.free.pop()", "return self.free[-1]"), "got the same one"),
}

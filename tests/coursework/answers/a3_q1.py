from . import planted

TWO_CONDITIONS = """
from collections import deque
from threading import Condition, Lock

class Pass:
    def __init__(self, capacity):
        self.capacity = capacity
        self.dishes = deque()
        lock = Lock()
        self.not_full = Condition(lock)
        self.not_empty = Condition(lock)

    def put(self, dish):
        with self.not_full:
            while len(self.dishes) >= self.capacity:
                self.not_full.wait()
            self.dishes.append(dish)
            self.not_empty.notify()

    def take(self):
        with self.not_empty:
            while not self.dishes:
                self.not_empty.wait()
            dish = self.dishes.popleft()
            self.not_full.notify()
            return dish
"""

ONE_CONDITION = """
import threading

class Pass:
    def __init__(self, capacity):
        self.capacity = capacity
        self.dishes = []
        self.changed = threading.Condition()

    def put(self, dish):
        with self.changed:
            self.changed.wait_for(lambda: len(self.dishes) < self.capacity)
            self.dishes.append(dish)
            self.changed.notify_all()

    def take(self):
        with self.changed:
            self.changed.wait_for(lambda: self.dishes)
            dish = self.dishes.pop(0)
            self.changed.notify_all()
        return dish
"""

SEMAPHORES = """
from collections import deque
from threading import Semaphore

class Pass:
    def __init__(self, capacity):
        self.free = Semaphore(capacity)
        self.full = Semaphore(0)
        self.dishes = deque()

    def put(self, dish):
        self.free.acquire()
        self.dishes.append(dish)
        self.full.release()

    def take(self):
        self.full.acquire()
        dish = self.dishes.popleft()
        self.free.release()
        return dish
"""

RING = """
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock, Semaphore

@dataclass
class Pass:
    capacity: int
    first: int = 0
    last: int = 0
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self):
        self.places = [None] * self.capacity
        self.free = BoundedSemaphore(self.capacity)
        self.filled = Semaphore(0)

    def put(self, dish):
        self.free.acquire()
        with self.lock:
            self.places[self.last] = dish
            self.last = (self.last + 1) % self.capacity
        self.filled.release()

    def take(self):
        self.filled.acquire()
        with self.lock:
            dish, self.places[self.first] = self.places[self.first], None
            self.first = (self.first + 1) % self.capacity
        self.free.release()
        return dish
"""
QUEUE = """
import queue

class Pass:
    def __init__(self, capacity):
        self._queue = queue.Queue(maxsize=capacity)

    def put(self, dish):
        self._queue.put(dish)

    def take(self):
        return self._queue.get()
"""

SIMPLE_QUEUES = """
from queue import SimpleQueue

class Pass:
    '''Empty trays wait in one queue, full ones in the other.'''

    def __init__(self, capacity):
        self.trays = SimpleQueue()
        self.dishes = SimpleQueue()
        for tray in range(capacity):
            self.trays.put(tray)

    def put(self, dish):
        tray = self.trays.get()
        self.dishes.put((tray, dish))

    def take(self):
        tray, dish = self.dishes.get()
        self.trays.put(tray)
        return dish
"""

POLLING = """
import time
from threading import Lock

class Pass:
    '''Asks again and again: wasteful, but right.'''

    def __init__(self, capacity):
        self.capacity = capacity
        self.dishes = []
        self.lock = Lock()

    def put(self, dish):
        while True:
            with self.lock:
                if len(self.dishes) < self.capacity:
                    self.dishes.append(dish)
                    return
            time.sleep(0.001)

    def take(self):
        while True:
            with self.lock:
                if self.dishes:
                    return self.dishes.pop(0)
            time.sleep(0.001)
"""

TIMED = """
from collections import deque
from threading import Condition

class Pass:
    def __init__(self, capacity):
        self.capacity, self.dishes, self.cond = capacity, deque(), Condition()

    def put(self, dish):
        with self.cond:
            while len(self.dishes) == self.capacity:
                self.cond.wait(timeout=0.1)
            self.dishes.append(dish)
            self.cond.notify()

    def take(self):
        with self.cond:
            while not self.dishes:
                self.cond.wait(timeout=0.1)
            self.cond.notify()
            return self.dishes.popleft()
"""

BELLS = """
from threading import Lock

class Pass:
    '''Whoever has to wait hangs up a locked bell, and is rung when something changes.'''

    def __init__(self, capacity):
        self._capacity = capacity
        self._dishes = []
        self._lock = Lock()
        self._bells = []

    def _until(self, possible):
        self._lock.acquire()
        while not possible():
            bell = Lock()
            bell.acquire()
            self._bells.append(bell)
            self._lock.release()
            bell.acquire()
            self._lock.acquire()

    def _done(self):
        bells, self._bells = self._bells, []
        for bell in bells:
            bell.release()
        self._lock.release()

    def put(self, dish):
        self._until(lambda: len(self._dishes) < self._capacity)
        try:
            self._dishes.append(dish)
        finally:
            self._done()

    def take(self):
        self._until(lambda: len(self._dishes) > 0)
        try:
            return self._dishes.pop(0)
        finally:
            self._done()
"""

RIGHT = {
    "two conditions": TWO_CONDITIONS,
    "one condition and notify_all": ONE_CONDITION,
    "two semaphores and a deque": SEMAPHORES,
    "a ring, semaphores and a lock": RING,
    "a queue": QUEUE,
    "two simple queues and trays": SIMPLE_QUEUES,
    "asking again and again": POLLING,
    "a lock for each who waits": BELLS,
}

TOO_LARGE = {"timed waits": TIMED}

UNEXPLORABLE = {
    "a queue of its own": (
        """
from queue import Queue

class Pass(Queue):
    take = Queue.get
""",
        "a class derived from Queue",
        "hold a Queue in an attribute",
    ),
    "a log of objects": (
        planted(
            ONE_CONDITION,
            "import threading",
            "import logging, threading",
            """            self.dishes.append(dish)
""",
            """            self.dishes.append(dish)
            logging.info("%s is on %s", dish, self)
""",
            """    def take""",
            """    def __repr__(self):
        return f"<Pass {len(self.dishes)}/{self.capacity}>"

    def take""",
        ),
        "logging holds a lock of its own",
        "plain texts and numbers",
    ),
    "the lock of another condition": (
        planted(
            TWO_CONDITIONS,
            """        lock = Lock()
        self.not_full = Condition(lock)
        self.not_empty = Condition(lock)""",
            """        self.not_full = Condition()
        self.not_empty = Condition(self.not_full._lock)""",
        ),
        "_lock of a condition has no model",
        "Condition(self.lock)",
    ),
}

WRONG = {
    "no bound": (
        planted(
            TWO_CONDITIONS,
            """            while len(self.dishes) >= self.capacity:
                self.not_full.wait()
""",
            "",
        ),
        "there is room for 1, and put number 2 came back",
    ),
    "one dish too many": (planted(TWO_CONDITIONS, ">= self.capacity", "> self.capacity"), "put number 2 came back"),
    "one dish too few": (
        planted(TWO_CONDITIONS, ">= self.capacity", ">= self.capacity - 1"),
        "put or take waits although it need not",
        "For how many dishes is there room",
    ),
    "capacity is always 1": (
        planted(SEMAPHORES, "Semaphore(capacity)", "Semaphore(1)"),
        "put or take waits although it need not",
    ),
    "last in, first out": (planted(TWO_CONDITIONS, "popleft()", "pop()"), "must give"),
    "if instead of while in put": (planted(TWO_CONDITIONS, "while len", "if len"), "there is room for"),
    "if instead of while in take": (planted(TWO_CONDITIONS, "while not", "if not"), "IndexError"),
    "one condition and notify": (planted(ONE_CONDITION, "notify_all()", "notify()"), "Cem waits for ever"),
    "take wakes nobody": (
        planted(
            ONE_CONDITION,
            """            dish = self.dishes.pop(0)
            self.changed.notify_all()
""",
            """            dish = self.dishes.pop(0)
""",
        ),
        "Ana and Ben wait for ever",
    ),
    "put wakes nobody": (
        planted(
            TWO_CONDITIONS,
            """            self.not_empty.notify()
""",
            "",
        ),
        "Ana and Ben wait for ever",
        "who is woken by which of your lines",
    ),
    "notifies only when it was empty": (
        planted(
            TWO_CONDITIONS,
            """            self.not_empty.notify()
""",
            """            if len(self.dishes) == 1:
                self.not_empty.notify()
""",
        ),
        "Cem waits for ever",
    ),
    "notifies only when it was full": (
        planted(
            TWO_CONDITIONS,
            """            self.not_full.notify()
""",
            """            if len(self.dishes) == self.capacity - 1:
                self.not_full.notify()
""",
        ),
        "Ana and Ben wait for two places, and Cem takes two dishes: Ben waits for ever",
    ),
    "raises when there is nothing": (
        planted(
            TWO_CONDITIONS,
            """            while not self.dishes:
                self.not_empty.wait()
""",
            "",
        ),
        "IndexError",
    ),
    "returns None when there is nothing": (
        planted(QUEUE, "self._queue.get()", "self._queue.get_nowait() if not self._queue.empty() else None"),
        "take returned None",
    ),
    "two putters for one index": (
        planted(RING, "        with self.lock:", "        if True:"),
        "a dish is lost or doubled",
    ),
    "two locks, two conditions": (
        planted(TWO_CONDITIONS, "Condition(lock)", "Condition()"),
        "RuntimeError",
        "which lock has each of your conditions",
    ),
    "asks again and again, and keeps the lock meanwhile": (
        planted(
            POLLING,
            """        while True:
            with self.lock:
                if self.dishes:
                    return self.dishes.pop(0)
            time.sleep(0.001)""",
            """        with self.lock:
            while not self.dishes:
                time.sleep(0.001)
            return self.dishes.pop(0)""",
        ),
        "Ben goes round in circles",
        "What does it ask for again and again",
    ),
    "looks, then takes": (
        planted(
            POLLING,
            """            with self.lock:
                if self.dishes:
                    return self.dishes.pop(0)""",
            """            if self.dishes:
                with self.lock:
                    return self.dishes.pop(0)""",
        ),
        "IndexError",
    ),
    "waits with the lock held": (
        planted(
            SEMAPHORES,
            "import Semaphore",
            "import Lock, Semaphore",
            "self.dishes = deque()",
            """self.dishes = deque()
        self.lock = Lock()""",
            """        self.free.acquire()
        self.dishes.append(dish)""",
            """        with self.lock:
            self.free.acquire()
            self.dishes.append(dish)""",
            """        self.full.acquire()
        dish = self.dishes.popleft()""",
            """        with self.lock:
            self.full.acquire()
            dish = self.dishes.popleft()""",
        ),
        "Ana and Ben wait for ever",
        "hold meanwhile",
    ),
    "says so before it is there": (
        planted(
            SEMAPHORES,
            """        self.dishes.append(dish)
        self.full.release()
""",
            """        self.full.release()
        self.dishes.append(dish)
""",
        ),
        "IndexError",
        "whyever it was woken",
    ),
    "a set of dishes": (
        planted(SEMAPHORES, "deque()", "set()", ".append(dish)", ".add(repr(dish))", "popleft()", "pop()"),
        "KeyError",
        "what does it expect, and what does it find",
    ),
    "an empty dish is none": (
        planted(
            TWO_CONDITIONS,
            """            dish = self.dishes.popleft()
""",
            """            dish = self.dishes.popleft() or 'nothing'
""",
        ),
        "must give",
    ),
    "one pass for all": (
        planted(
            SEMAPHORES,
            """        self.dishes = deque()
""",
            "",
            "class Pass:",
            """class Pass:
    dishes = deque()""",
        ),
        "must give",
        "what to the class",
    ),
    "sleeps instead of waiting": (
        planted(TIMED, "while len(self.dishes) == self.capacity:", "if len(self.dishes) == self.capacity:"),
        "there is room for",
    ),
}

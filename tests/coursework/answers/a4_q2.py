from . import planted

GENERATION = """
from threading import Condition

class ServiceBell:
    def __init__(self, cooks):
        self.cooks = cooks
        self.here = 0
        self.round = 0
        self.cond = Condition()

    def wait(self):
        with self.cond:
            mine = self.round
            self.here += 1
            if self.here == self.cooks:
                self.here = 0
                self.round += 1
                self.cond.notify_all()
            while mine == self.round:
                self.cond.wait()
"""

TURNSTILES = """
import threading

class ServiceBell:
    '''Two turnstiles: one to come in, one to go out.'''

    def __init__(self, cooks):
        self.cooks, self.count = cooks, 0
        self.mutex = threading.Lock()
        self.first = threading.Semaphore(0)
        self.second = threading.Semaphore(0)

    def wait(self):
        with self.mutex:
            self.count += 1
            if self.count == self.cooks:
                self.first.release(self.cooks)
        self.first.acquire()
        with self.mutex:
            self.count -= 1
            if self.count == 0:
                self.second.release(self.cooks)
        self.second.acquire()
"""

EVENTS = """
from threading import Event, Lock

class ServiceBell:
    '''Each round has an event of its own.'''

    def __init__(self, cooks):
        self.cooks = cooks
        self.lock = Lock()
        self.missing = cooks
        self.rung = Event()

    def wait(self):
        with self.lock:
            rung = self.rung
            self.missing -= 1
            if self.missing == 0:
                self.missing = self.cooks
                self.rung = Event()
                rung.set()
                return
        rung.wait()
"""

QUEUES = """
from queue import SimpleQueue
from threading import Lock

class ServiceBell:
    '''The last one sends everybody of the round a note, through a queue of this round.'''

    def __init__(self, cooks):
        self.cooks = cooks
        self.lock = Lock()
        self.here = []

    def wait(self):
        note = SimpleQueue()
        with self.lock:
            self.here.append(note)
            if len(self.here) == self.cooks:
                for other in self.here:
                    other.put("go")
                self.here = []
        note.get()
"""

PARITY = """
from dataclasses import dataclass, field
from threading import Condition, RLock

@dataclass
class ServiceBell:
    cooks: int
    sense: bool = False
    count: int = 0
    changed: Condition = field(default_factory=lambda: Condition(RLock()))

    def wait(self):
        with self.changed:
            sense = self.sense
            self.count += 1
            if self.count < self.cooks:
                self.changed.wait_for(lambda: self.sense is not sense)
            else:
                self.count = 0
                self.sense = not sense
                self.changed.notify_all()
"""

POLLING = """
import time
from threading import Lock

class ServiceBell:
    def __init__(self, cooks):
        self.cooks = cooks
        self.came = 0
        self.lock = Lock()

    def wait(self):
        with self.lock:
            self.came += 1
            needed = -(-self.came // self.cooks) * self.cooks
        while True:
            with self.lock:
                if self.came >= needed:
                    return
            time.sleep(0.001)
"""

RIGHT = {
    "a number for each round": GENERATION,
    "two turnstiles": TURNSTILES,
    "an event for each round": EVENTS,
    "a note for each cook": QUEUES,
    "a sense that turns round": PARITY,
    "asking again and again": POLLING,
}

_SIMPLE = """
from threading import Condition

class ServiceBell:
    def __init__(self, cooks):
        self.cooks = cooks
        self.here = 0
        self.cond = Condition()

    def wait(self):
        with self.cond:
            self.here += 1
            if self.here == self.cooks:
                self.cond.notify_all()
            while self.here < self.cooks:
                self.cond.wait()
"""

WRONG = {
    "rings once": (_SIMPLE, "passed round 2 before"),
    "counts back when leaving": (
        planted(
            _SIMPLE,
            """                self.cond.wait()
""",
            """                self.cond.wait()
            self.here -= 1
""",
        ),
        "everybody has come; ",
    ),
    "set back by the last one, and waited for by the count": (
        planted(GENERATION, "while mine == self.round:", "while self.here:"),
        "everybody has come; ",
    ),
    "set back by the last one before the others have looked": (
        planted(
            _SIMPLE,
            """                self.cond.notify_all()
""",
            """                self.cond.notify_all()
                self.here = 0
                return
""",
        ),
        "everybody has come; ",
    ),
    "if instead of while": (planted(GENERATION, "while mine ==", "if mine =="), "somebody passed"),
    "notify wakes one": (planted(GENERATION, "notify_all()", "notify()"), "Three cooks, one round"),
    "the last one wakes nobody": (
        planted(
            GENERATION,
            """                self.cond.notify_all()
""",
            "",
        ),
        "everybody has come; ",
    ),
    "one too few": (planted(GENERATION, "== self.cooks:", "== self.cooks - 1 or self.cooks == 1:"), "somebody passed"),
    "no lock": (
        planted(
            EVENTS,
            """        with self.lock:
""",
            """        if True:
""",
        ),
        "everybody has come; ",
    ),
    "one turnstile": (
        planted(
            TURNSTILES,
            """        with self.mutex:
            self.count -= 1
            if self.count == 0:
                self.second.release(self.cooks)
        self.second.acquire()
""",
            """        with self.mutex:
            self.count -= 1
""",
        ),
        "passed round 2 before",
    ),
    "one event for all rounds": (
        planted(
            EVENTS,
            """                self.rung = Event()
                rung.set()
                return
""",
            """                rung.set()
                return
""",
        ),
        "round 2 before",
    ),
    "two events by turns, which stay set": (
        planted(
            EVENTS,
            """self.rung = Event()

    def""",
            """self.rung, self.other = Event(), Event()

    def""",
            """self.rung = Event()
                rung.set()""",
            """self.rung, self.other = self.other, self.rung
                rung.set()""",
        ),
        "Ana passed round 3",
    ),
    "an event that is cleared": (
        planted(
            EVENTS,
            """                self.rung = Event()
                rung.set()
                return
""",
            """                rung.set()
                rung.clear()
                return
""",
        ),
        "everybody has come; ",
    ),
    "sleeps and hopes": (
        planted(
            POLLING,
            """        while True:
            with self.lock:
                if self.came >= needed:
                    return
            time.sleep(0.001)""",
            "        time.sleep(0.001)",
        ),
        "somebody passed",
    ),
    "a barrier": (
        """import threading

class ServiceBell:
    def __init__(self, cooks):
        self.barrier = threading.Barrier(cooks)

    def wait(self):
        self.barrier.wait()
""",
        "threading.Barrier is not allowed",
    ),
    "a barrier by another name": (
        """from threading import Barrier as Bell

class ServiceBell(Bell):
    pass
""",
        "threading.Barrier is not allowed",
    ),
}

from . import planted

CONDITION = """
from contextlib import contextmanager
from threading import Condition

class MenuBoard:
    def __init__(self):
        self.text = ""
        self.readers = 0
        self.writing = False
        self.waiting = 0
        self.changed = Condition()

    def start_read(self):
        with self.changed:
            while self.writing or self.waiting:
                self.changed.wait()
            self.readers += 1

    def end_read(self):
        with self.changed:
            self.readers -= 1
            self.changed.notify_all()

    def start_write(self):
        with self.changed:
            self.waiting += 1
            while self.writing or self.readers:
                self.changed.wait()
            self.waiting -= 1
            self.writing = True

    def end_write(self):
        with self.changed:
            self.writing = False
            self.changed.notify_all()

    @contextmanager
    def read(self):
        self.start_read()
        try:
            yield self.text
        finally:
            self.end_read()

    @contextmanager
    def write(self, text):
        self.start_write()
        try:
            self.text = text
            yield
        finally:
            self.end_write()
"""

_CONTEXTS = """
    @contextmanager
    def read(self):
        self.start_read()
        try:
            yield self.text
        finally:
            self.end_read()

    @contextmanager
    def write(self, text):
        self.start_write()
        try:
            self.text = text
            yield
        finally:
            self.end_write()
"""

TURNSTILE = (
    """
from contextlib import contextmanager
from threading import Lock, Semaphore

class MenuBoard:
    '''The turnstile of the Little Book of Semaphores: a waiting writer closes it.'''

    def __init__(self):
        self.text = ""
        self.turnstile = Lock()
        self.empty = Semaphore(1)
        self.mutex = Lock()
        self.readers = 0

    def start_read(self):
        with self.turnstile:
            pass
        with self.mutex:
            self.readers += 1
            if self.readers == 1:
                self.empty.acquire()

    def end_read(self):
        with self.mutex:
            self.readers -= 1
            if self.readers == 0:
                self.empty.release()

    def start_write(self):
        self.turnstile.acquire()
        self.empty.acquire()

    def end_write(self):
        self.turnstile.release()
        self.empty.release()
"""
    + _CONTEXTS
)

DOOR = (
    """
from contextlib import contextmanager
from threading import Condition, Lock

class MenuBoard:
    '''One lock as the door: a writer keeps it while it waits and while it writes.'''

    def __init__(self):
        self.text = ""
        self.door = Lock()
        self.inside = 0
        self.left = Condition()

    def start_read(self):
        with self.door, self.left:
            self.inside += 1

    def end_read(self):
        with self.left:
            self.inside -= 1
            self.left.notify()

    def start_write(self):
        self.door.acquire()
        with self.left:
            self.left.wait_for(lambda: self.inside == 0)

    def end_write(self):
        self.door.release()
"""
    + _CONTEXTS
)

TICKETS = """
from collections import deque
from threading import Condition

class Reading:
    def __init__(self, board):
        self.board = board

    def __enter__(self):
        self.board.start_read()
        return self.board.text

    def __exit__(self, *exc_info):
        self.board.end_read()
        return False

class Writing(Reading):
    def __init__(self, board, text):
        super().__init__(board)
        self.text = text

    def __enter__(self):
        self.board.start_write()
        self.board.text = self.text

    def __exit__(self, *exc_info):
        self.board.end_write()

class MenuBoard:
    '''Strictly in the order of arrival.'''

    text = ""

    def __init__(self):
        self.cond = Condition()
        self.line = deque()
        self.readers = self.writers = 0

    def _come_in(self, possible):
        me = object()
        self.line.append(me)
        self.cond.wait_for(lambda: self.line[0] is me and possible())
        self.line.popleft()
        self.cond.notify_all()

    def start_read(self):
        with self.cond:
            self._come_in(lambda: self.writers == 0)
            self.readers += 1

    def end_read(self):
        with self.cond:
            self.readers -= 1
            self.cond.notify_all()

    def start_write(self):
        with self.cond:
            self._come_in(lambda: self.writers == 0 and self.readers == 0)
            self.writers += 1

    def end_write(self):
        with self.cond:
            self.writers -= 1
            self.cond.notify_all()

    def read(self):
        return Reading(self)

    def write(self, text):
        return Writing(self, text)
"""

PERMITS = (
    """
from contextlib import contextmanager
from threading import Lock, Semaphore

MANY = 3

class MenuBoard:
    '''A reader takes one permit, a writer all of them; one who takes several is let through alone.'''

    def __init__(self):
        self.text = ""
        self.permits = Semaphore(MANY)
        self.door = Lock()

    def start_read(self):
        with self.door:
            self.permits.acquire()

    def end_read(self):
        self.permits.release()

    def start_write(self):
        with self.door:
            for _ in range(MANY):
                self.permits.acquire()

    def end_write(self):
        self.permits.release(MANY)
"""
    + _CONTEXTS
)

POLLING = (
    """
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

@dataclass
class MenuBoard:
    text: str = ""
    readers: int = 0
    writer: bool = False
    claims: int = 0
    lock: Lock = field(default_factory=Lock, repr=False)

    def start_read(self):
        while True:
            with self.lock:
                if not self.writer and not self.claims:
                    self.readers += 1
                    return
            time.sleep(0.001)

    def end_read(self):
        with self.lock:
            self.readers -= 1

    def start_write(self):
        with self.lock:
            self.claims += 1
        while True:
            with self.lock:
                if not self.writer and not self.readers:
                    self.writer = True
                    self.claims -= 1
                    return
            time.sleep(0.001)

    def end_write(self):
        with self.lock:
            self.writer = False
"""
    + _CONTEXTS
)

TWO_CONDITIONS = (
    """
import threading
from contextlib import contextmanager

class MenuBoard:
    def __init__(self):
        self.text = ""
        self._lock = threading.RLock()
        self._may_read = threading.Condition(self._lock)
        self._may_write = threading.Condition(self._lock)
        self._active = 0            # -1 for a writer, otherwise the number of readers
        self._writers_waiting = 0

    def start_read(self):
        with self._lock:
            while self._active < 0 or self._writers_waiting > 0:
                self._may_read.wait()
            self._active += 1

    def end_read(self):
        with self._lock:
            self._active -= 1
            if self._active == 0:
                self._may_write.notify()

    def start_write(self):
        with self._lock:
            self._writers_waiting += 1
            try:
                while self._active != 0:
                    self._may_write.wait()
            finally:
                self._writers_waiting -= 1
            self._active = -1

    def end_write(self):
        with self._lock:
            self._active = 0
            if self._writers_waiting:
                self._may_write.notify()
            else:
                self._may_read.notify_all()
"""
    + _CONTEXTS
)

RIGHT = {
    "one condition and a count of waiting writers": CONDITION,
    "a turnstile and semaphores": TURNSTILE,
    "a door that a writer keeps": DOOR,
    "in the order of arrival": TICKETS,
    "permits": PERMITS,
    "asking again and again": POLLING,
    "two conditions": TWO_CONDITIONS,
}

WRONG = {
    "readers first": (
        planted(CONDITION, "while self.writing or self.waiting:", "while self.writing:"),
        "was let in before her",
    ),
    "readers first, with semaphores": (
        planted(
            TURNSTILE,
            """        with self.turnstile:
            pass
""",
            "",
        ),
        "was let in before her",
    ),
    "the writer waits outside the turnstile": (
        planted(
            TURNSTILE,
            """        self.turnstile.acquire()
        self.empty.acquire()""",
            """        self.empty.acquire()
        self.turnstile.acquire()""",
        ),
        "was let in before her",
    ),
    "one at a time": (
        planted(
            DOOR,
            """        with self.door, self.left:
            self.inside += 1""",
            "        self.door.acquire()",
            """        with self.left:
            self.inside -= 1
            self.left.notify()""",
            "        self.door.release()",
        ),
        "one reader waits for the other one to leave",
    ),
    "a writer does not look for readers": (
        planted(CONDITION, "while self.writing or self.readers:", "while self.writing:"),
        "was writing while Ben was reading",
    ),
    "a writer does not look for writers": (
        planted(CONDITION, "while self.writing or self.readers:", "while self.readers:"),
        "was writing while",
    ),
    "a reader does not look for writers": (
        planted(CONDITION, "while self.writing or self.waiting:", "while self.waiting:"),
        "reading while Ana was writing",
    ),
    "if instead of while for writers": (
        planted(
            CONDITION, "            while self.writing or self.readers:", "            if self.writing or self.readers:"
        ),
        "writing while",
    ),
    "if instead of while for readers": (
        planted(
            CONDITION, "            while self.writing or self.waiting:", "            if self.writing or self.waiting:"
        ),
        "reading while",
    ),
    "a writer who leaves wakes one": (
        planted(
            CONDITION,
            """            self.writing = False
            self.changed.notify_all()""",
            """            self.writing = False
            self.changed.notify()""",
        ),
        "somebody waits for the board for ever",
    ),
    "a reader who leaves wakes nobody": (
        planted(
            CONDITION,
            """            self.readers -= 1
            self.changed.notify_all()""",
            "            self.readers -= 1",
        ),
        "somebody waits for the board for ever",
    ),
    "a writer who leaves forgets the readers": (
        planted(TWO_CONDITIONS, "                self._may_read.notify_all()", "                pass"),
        "somebody waits for the board for ever",
    ),
    "a writer who leaves wakes one reader": (
        planted(TWO_CONDITIONS, "_may_read.notify_all()", "_may_read.notify()"),
        "Two readers wait for Dan, who writes: somebody waits",
    ),
    "a writer who leaves forgets the writers": (
        planted(
            TWO_CONDITIONS,
            """            if self._writers_waiting:
                self._may_write.notify()
            else:
                self._may_read.notify_all()""",
            "            self._may_read.notify_all()",
        ),
        "somebody waits for the board for ever",
    ),
    "a writer stays counted as waiting": (
        planted(
            CONDITION,
            """            self.waiting -= 1
""",
            "",
        ),
        "somebody waits",
    ),
    "an exception does not free the board": (
        planted(
            CONDITION,
            """        try:
            self.text = text
            yield
        finally:
            self.end_write()""",
            """        self.text = text
        yield
        self.end_write()""",
        ),
        "the board is not free after an exception",
    ),
    "an exception of a reader does not free the board": (
        planted(
            CONDITION,
            """        try:
            yield self.text
        finally:
            self.end_read()""",
            """        yield self.text
        self.end_read()""",
        ),
        "the board is not free after an exception",
    ),
    "exceptions are swallowed": (
        planted(TICKETS, "        return False", "        return True"),
        "must reach the caller",
    ),
    "the text is set before the writer may": (
        planted(
            CONDITION,
            """        self.start_write()
        try:
            self.text = text
""",
            """        self.text = text
        self.start_write()
        try:
""",
        ),
        "the board must show",
    ),
    "the text is set when the writer leaves": (
        planted(
            CONDITION,
            """            self.text = text
            yield
""",
            """            yield
            self.text = text
""",
        ),
        "the board must show 'soup'",
    ),
    "the text is read before the reader may": (
        planted(
            CONDITION,
            """        self.start_read()
        try:
            yield self.text""",
            """        text = self.text
        self.start_read()
        try:
            yield text""",
        ),
        "the board must show",
    ),
    "the count of readers without a lock": (planted(TURNSTILE, "with self.mutex:", "if True:"), "one reader waits for the other"),
    "the last reader is forgotten": (
        planted(
            TURNSTILE,
            """            if self.readers == 0:
                self.empty.release()
""",
            "",
        ),
        "waits for",
    ),
    "writers take the permits one by one": (
        planted(
            PERMITS,
            """        with self.door:
            for _""",
            """        if True:
            for _""",
        ),
        "somebody waits for the board for ever",
    ),
    "one text for all boards": (
        planted(TICKETS, "self.board.text = self.text", "MenuBoard.text = self.text"),
        "on another one",
    ),
}

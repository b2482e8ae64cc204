from . import planted

LOCK = """
from threading import Lock

class Till:
    def __init__(self, balance=0):
        self.balance = balance
        self.lock = Lock()

    def sell(self, amount):
        if not amount > 0:
            raise ValueError("not positive")
        with self.lock:
            self.balance += amount

    def refund(self, amount):
        if not amount > 0:
            raise ValueError("not positive")
        with self.lock:
            if self.balance < amount:
                return False
            self.balance -= amount
            return True
"""

PROPERTY = """
import threading

class Till:
    __slots__ = ("_balance", "_lock")

    def __init__(self, balance=0):
        self._balance = balance
        self._lock = threading.RLock()

    @property
    def balance(self):
        with self._lock:
            return self._balance

    @staticmethod
    def _check(amount):
        if not amount > 0:
            raise ValueError(f"{amount} is not positive")

    def sell(self, amount):
        with self._lock:
            self._check(amount)
            self._balance += amount

    def refund(self, amount):
        with self._lock:
            self._check(amount)
            if self.balance >= amount:
                self._balance -= amount
                return True
        return False
"""

DATACLASS = """
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Semaphore

@dataclass
class Till:
    balance: float = 0
    _key: Semaphore = field(default_factory=Semaphore, repr=False, compare=False)

    @contextmanager
    def mine(self, amount):
        if amount != amount or amount <= 0:
            raise ValueError("amount must be positive")
        self._key.acquire()
        try:
            yield
        finally:
            self._key.release()

    def sell(self, amount: float) -> None:
        with self.mine(amount):
            self.balance = self.balance + amount

    def refund(self, amount: float) -> bool:
        with self.mine(amount):
            enough = amount <= self.balance
            if enough:
                self.balance = self.balance - amount
        return enough
"""

BOOK = """
import math
from threading import Lock

class Till:
    '''Keeps a book of what came in and went out; adding to a list is one step.'''

    def __init__(self, balance=0):
        self.book = [balance]
        self.paying_out = Lock()

    @property
    def balance(self):
        return sum(self.book)

    def sell(self, amount):
        if math.isnan(amount) or amount <= 0:
            raise ValueError
        self.book.append(amount)

    def refund(self, amount):
        if math.isnan(amount) or amount <= 0:
            raise ValueError
        with self.paying_out:
            if self.balance < amount:
                return False
            self.book.append(-amount)
        return True
"""

TOKEN = """
import queue

class Till:
    '''Whoever has the cash box from the queue may use it.'''

    def __init__(self, balance=0):
        self.balance = balance
        self.boxes = queue.Queue(1)
        self.boxes.put("box")

    def change(self, amount, sign):
        if not amount > 0:
            raise ValueError("not positive")
        box = self.boxes.get()
        try:
            if self.balance + sign * amount < 0:
                return False
            self.balance += sign * amount
            return True
        finally:
            self.boxes.put(box)

    def sell(self, amount):
        self.change(amount, 1)

    def refund(self, amount):
        return self.change(amount, -1)
"""

DECIMAL = """
from decimal import Decimal
from threading import Condition

class Till:
    def __init__(self, balance=0):
        self.cond = Condition()
        self._cents = Decimal(balance)

    balance = property(lambda self: self._cents)

    def sell(self, amount):
        amount = Decimal(amount)
        if amount.is_nan() or amount <= 0:
            raise ValueError("not positive")
        self.cond.acquire()
        self._cents += amount
        self.cond.release()

    def refund(self, amount):
        amount = Decimal(amount)
        if amount.is_nan() or amount <= 0:
            raise ValueError("not positive")
        with self.cond:
            if amount > self._cents:
                return False
            self._cents -= amount
        return True
"""

DECORATED = """
from functools import wraps
from threading import Lock

def guarded(method):
    @wraps(method)
    def inner(self, amount):
        if not amount > 0:
            raise ValueError("amount must be positive")
        with Till._lock:
            return method(self, amount)
    return inner

class Till:
    _lock = Lock()          # one for all tills: slow, but right

    def __init__(self, balance: int = 0) -> None:
        self.balance = balance

    @guarded
    def sell(self, amount):
        self.balance += amount

    @guarded
    def refund(self, amount):
        if self.balance - amount < 0:
            return False
        self.balance -= amount
        return True
"""

RIGHT = {
    "a lock": LOCK,
    "a re-entrant lock, a property and slots": PROPERTY,
    "a dataclass with a semaphore in a context manager": DATACLASS,
    "a list of entries": BOOK,
    "a token in a queue": TOKEN,
    "decimals and a condition": DECIMAL,
    "a decorator and one lock for all": DECORATED,
}

_TEST_FIRST = """
        if self.balance < amount:
            return False
        with self.lock:
            self.balance -= amount
            return True
"""
_TEST_INSIDE = """
        with self.lock:
            if self.balance < amount:
                return False
            self.balance -= amount
            return True
"""
_TAKE_FIRST = """
        with self.lock:
            self.balance -= amount
            if self.balance < 0:
                self.balance += amount
                return False
            return True
"""

WRONG = {
    "no lock": (planted(LOCK, "with self.lock:", "if True:"), "balance must be 3"),
    "a lock in refund only": (
        planted(
            LOCK,
            """with self.lock:
            self.balance += amount""",
            "self.balance += amount",
        ),
        "balance must be 3",
    ),
    "a new lock for each call": (planted(LOCK, "with self.lock", "with Lock()"), "balance must be 3"),
    "a lock each for sell and refund": (
        planted(
            LOCK,
            "self.lock = Lock()",
            "self.lock = Lock(); self.other = Lock()",
            """with self.lock:
            self.balance +=""",
            """with self.other:
            self.balance +=""",
        ),
        "A sale and a refund at once",
    ),
    "looks before it locks": (planted(LOCK, _TEST_INSIDE, _TEST_FIRST), "of two refunds of 10"),
    "takes first and looks then": (planted(LOCK, _TEST_INSIDE, _TAKE_FIRST), "never be below 0"),
    "NaN is let through": (planted(LOCK, "not amount > 0", "amount <= 0"), "sell(nan) must raise ValueError"),
    "0 is let through": (planted(LOCK, "not amount > 0", "not amount >= 0"), "sell(0) must raise ValueError"),
    "the exact balance is refused": (
        planted(LOCK, "self.balance < amount", "self.balance <= amount"),
        "must return True",
    ),
    "returns None when there is not enough": (planted(LOCK, "return False", "return None"), "must return False"),
    "raises when there is not enough": (
        planted(LOCK, "return False", "raise ValueError('not enough')"),
        "ValueError: not enough",
    ),
    "refund does not look": (planted(LOCK, "if self.balance < amount", "if False"), "must return False"),
    "keeps the lock when it raises": (
        planted(
            DECIMAL,
            """amount = Decimal(amount)
        if""",
            """amount = Decimal(amount)
        self.cond.acquire()
        if""",
            """        self.cond.acquire()
        self._cents""",
            "        self._cents",
            "Condition()",
            "Condition(Lock())",
            "import Condition",
            "import Condition, Lock",
        ),
        "does not come back; Ana waits for ever",
        "It waits for what it holds itself",
    ),
    "a property that takes the lock again": (
        planted(PROPERTY, "threading.RLock()", "threading.Lock()"),
        "does not come back; Ana waits for ever",
    ),
    "a balance of all tills": (
        planted(LOCK, "self.balance", "Till.balance"),
        "the balance must be 15",
    ),
    "sells no amount before it looks at it": (
        planted(
            LOCK,
            """with self.lock:
            self.balance += amount""",
            """with self.lock:
            pass""",
        ),
        "the balance must be 15",
    ),
    "looks at the amount after it has sold": (
        planted(
            LOCK,
            """        if not amount > 0:
            raise ValueError("not positive")
        with self.lock:
            self.balance += amount
""",
            """        with self.lock:
            self.balance += amount
        if not amount > 0:
            raise ValueError("not positive")
""",
        ),
        "after amounts that were rejected",
    ),
    "a refund is not read back": (
        planted(
            LOCK,
            """            self.balance -= amount
            return True""",
            """            left = self.balance - amount
        self.balance = left
        return True""",
        ),
        "at once",
    ),
    "threads in a row": (
        planted(
            LOCK,
            "with self.lock:\n            self.balance += amount",
            """if True:
            for thread in threading.enumerate():
                if thread.name in ("Ana", "Ben", "Cem") and thread.name < threading.current_thread().name:
                    thread.join()
            self.balance += amount""",
        ).replace("from threading import Lock", "import threading\nfrom threading import Lock"),
        "a sale waits for more than other sales",
    ),
}

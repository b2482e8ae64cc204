from . import planted
from .a2_q1 import LOCK as TILL

TWO_STEPS = (
    TILL
    + """
def transfer(a, b, amount):
    if not a.refund(amount):
        return False
    b.sell(amount)
    return True
"""
)

ORDERED = (
    TILL
    + """
def transfer(a, b, amount):
    if not amount > 0:
        raise ValueError("not positive")
    if a is b:
        return True
    first, second = sorted((a, b), key=id)
    with first.lock, second.lock:
        if a.balance < amount:
            return False
        a.balance -= amount
        b.balance += amount
        return True
"""
)

SERIAL = """
import threading
from contextlib import ExitStack

class Till:
    made = 0
    counting = threading.Lock()

    def __init__(self, balance=0):
        with Till.counting:
            Till.made += 1
            self.number = Till.made
        self.mutex = threading.RLock()
        self._balance = balance

    @property
    def balance(self):
        with self.mutex:
            return self._balance

    def sell(self, amount):
        if amount > 0:
            with self.mutex:
                self._balance += amount
        else:
            raise ValueError("amount must be positive")

    def refund(self, amount):
        if not amount > 0:
            raise ValueError("amount must be positive")
        with self.mutex:
            if self._balance >= amount:
                self._balance -= amount
                return True
            return False

def transfer(a, b, amount):
    with ExitStack() as stack:
        for till in sorted({a, b}, key=lambda till: till.number):
            stack.enter_context(till.mutex)
        if a.refund(amount):
            b.sell(amount)
            return True
        return False
"""

ONE_LOCK = """
from threading import RLock

class Till:
    lock = RLock()

    def __init__(self, balance=0):
        self.balance = balance

    def sell(self, amount):
        if not amount > 0:
            raise ValueError
        with Till.lock:
            self.balance += amount

    def refund(self, amount):
        if not amount > 0:
            raise ValueError
        with Till.lock:
            if self.balance < amount:
                return False
            self.balance -= amount
            return True

def transfer(a, b, amount):
    with Till.lock:
        paid = a.refund(amount)
        if paid:
            b.sell(amount)
        return paid
"""

GATE = (
    TILL
    + """
gate = Lock()

def transfer(a, b, amount):
    if amount != amount or amount <= 0:
        raise ValueError("not positive")
    if a is b:
        return False
    with gate:                   # only one transfer at a time takes two locks
        a.lock.acquire()
        b.lock.acquire()
    try:
        enough = a.balance >= amount
        if enough:
            a.balance, b.balance = a.balance - amount, b.balance + amount
        return enough
    finally:
        b.lock.release()
        a.lock.release()
"""
)

CONDITION = """
from dataclasses import dataclass, field
from threading import Condition

@dataclass(eq=False)
class Till:
    balance: int = 0
    cond: Condition = field(default_factory=Condition)
    busy: bool = False

    def __enter__(self):
        with self.cond:
            self.cond.wait_for(lambda: not self.busy)
            self.busy = True
        return self

    def __exit__(self, *exc):
        with self.cond:
            self.busy = False
            self.cond.notify()

    def sell(self, amount):
        check(amount)
        with self:
            self.balance += amount

    def refund(self, amount):
        check(amount)
        with self:
            return self.take(amount)

    def take(self, amount):
        if self.balance < amount:
            return False
        self.balance -= amount
        return True

def check(amount):
    if not amount > 0:
        raise ValueError(f"{amount} is not positive")

def transfer(a, b, amount):
    check(amount)
    with a:
        if not a.take(amount):
            return False
    with b:
        b.balance += amount
    return True
"""

RIGHT = {
    "refund, then sell": TWO_STEPS,
    "two locks in the order of id": ORDERED,
    "re-entrant locks in the order of a serial number": SERIAL,
    "one lock for all": ONE_LOCK,
    "a gate before the two locks": GATE,
    "a condition, one till at a time": CONDITION,
}

_AFTER = """    first, second = sorted((a, b), key=id)
    with first.lock, second.lock:"""

IN_A_ROW = """
import threading

def in_a_row():
    for thread in threading.enumerate():
        if thread.name in ("Ana", "Ben", "Cem") and thread.name < threading.current_thread().name:
            thread.join()

class Till:
    def __init__(self, balance=0):
        self.balance = balance

    def sell(self, amount):
        if not amount > 0:
            raise ValueError("not positive")
        in_a_row()
        self.balance += amount

    def refund(self, amount):
        if not amount > 0:
            raise ValueError("not positive")
        in_a_row()
        if self.balance < amount:
            return False
        self.balance -= amount
        return True

def transfer(a, b, amount):
    done = a.refund(amount)
    if done:
        b.sell(amount)
    return done
"""

UNEXPLORABLE = {
    "tills in the order that dataclass makes": (
        planted(
            ORDERED,
            """class Till:
    def __init__(self, balance=0):
        self.balance = balance
        self.lock = Lock()
""",
            """from dataclasses import dataclass, field
from itertools import count

@dataclass(order=True)
class Till:
    balance: float = field(default=0, compare=False)
    number: int = field(default_factory=count().__next__, init=False)
    lock: object = field(default_factory=Lock, init=False, compare=False)
""",
            "sorted((a, b), key=id)",
            "sorted((a, b))",
        ),
        "which dataclass made",
        "sort by a key",
    ),
}

WRONG = {
    "the locks in the order of the arguments": (
        planted(ORDERED, _AFTER, "    with a.lock, b.lock:"),
        "Ana and Ben wait for ever",
        "make a circle impossible",
    ),
    "to itself, it takes its lock twice": (
        planted(
            ORDERED,
            """    if a is b:
        return True
""",
            "",
        ),
        "A transfer of a till to itself: a transfer does not come back",
    ),
    "the locks in the order of the balances": (
        planted(ORDERED, "key=id", "key=lambda till: till.balance"),
        "a transfer does not come back",
    ),
    "a lock of its own, which sell and refund do not take": (
        planted(
            GATE,
            """    with gate:                   # only one transfer at a time takes two locks
""",
            """    with gate:
        pass
    if True:
""",
            "a.lock.acquire()",
            "pass",
            "b.lock.acquire()",
            "gate.acquire()",
            "b.lock.release()",
            "gate.release()",
            """        a.lock.release()
""",
            "",
        ),
        "A transfer while others sell and refund",
    ),
    "looks, then takes": (
        planted(
            TWO_STEPS,
            """    if not a.refund(amount):
        return False
""",
            """    if a.balance < amount:
        return False
    a.refund(amount)
""",
        ),
        "money was made",
    ),
    "does not ask whether the refund was possible": (
        planted(
            TWO_STEPS,
            """    if not a.refund(amount):
        return False
""",
            """    a.refund(amount)
""",
        ),
        "must return False",
    ),
    "brings the money before it takes it": (
        planted(
            TWO_STEPS,
            """    if not a.refund(amount):
        return False
    b.sell(amount)
    return True""",
            """    b.sell(amount)
    if a.refund(amount):
        return True
    b.refund(amount)
    return False""",
        ),
        "money was made: the tills were empty",
    ),
    "no lock for the till that gets it": (
        planted(TWO_STEPS, "b.sell(amount)", "b.balance += amount"),
        "money was",
        "can another thread take or bring money",
    ),
    "lets amounts through that are not positive": (
        planted(
            ORDERED,
            """    if not amount > 0:
        raise ValueError("not positive")
    if a is b""",
            "    if a is b",
        ),
        "must raise ValueError",
    ),
    "lets NaN through": (
        planted(
            ORDERED,
            """    if not amount > 0:
        raise ValueError("not positive")
    if a is b""",
            """    if amount <= 0:
        raise ValueError("not positive")
    if a is b""",
        ),
        "transfer(a, b, nan) must raise ValueError",
    ),
    "tries, gives way and tries again": (
        planted(
            ORDERED,
            _AFTER,
            """    while True:
        a.lock.acquire()
        if b.lock.acquire(blocking=False):
            break
        a.lock.release()
    b.lock.release()
    a.lock.release()
    with sorted((a, b), key=id)[0].lock, sorted((a, b), key=id)[1].lock:""",
        ),
        "round in circles",
        "Nobody sleeps, and yet nobody gets through",
    ),
    "keeps the locks when there is not enough": (
        planted(
            GATE,
            """    try:
        enough = a.balance >= amount
""",
            """    enough = a.balance >= amount
    if not enough:
        return False
    try:
""",
        ),
        "a transfer does not come back",
    ),
    "to itself, it doubles the money": (
        planted(
            ONE_LOCK,
            """        paid = a.refund(amount)
        if paid:
            b.sell(amount)
        return paid""",
            """        if not amount > 0:
            raise ValueError
        left, right = a.balance - amount, b.balance + amount
        if left < 0:
            return False
        a.balance = left
        b.balance = right
        return True""",
        ),
        "A transfer of a till to itself",
    ),
    "gives up when a till is busy": (
        planted(
            ORDERED,
            _AFTER,
            """    first, second = sorted((a, b), key=id)
    if first.lock.locked():
        return False
    with first.lock, second.lock:""",
        ),
        "must return True",
        "What does yours do when a till is busy",
    ),
    "returns nothing": (
        planted(
            TWO_STEPS,
            """    return True
""",
            "",
            """            self.balance -= amount
""",
            """            self.balance -= amount
            return True
""",
        ),
        "must return True",
    ),
    "a sale without a lock": (
        planted(
            TWO_STEPS,
            """        with self.lock:
            self.balance += amount""",
            "        self.balance += amount",
        ),
        "money was",
    ),
    "threads in a row": (IN_A_ROW, "a transfer waits for more than other transfers"),
}

from . import planted

LOCK_PER_KEY = """
from threading import Lock

class StockCache:
    def __init__(self, cook):
        self.cook = cook
        self.dishes = {}
        self.locks = {}
        self.lock = Lock()

    def get(self, key):
        with self.lock:
            mine = self.locks.setdefault(key, Lock())
        with mine:
            if key not in self.dishes:
                self.dishes[key] = self.cook(key)
            return self.dishes[key]
"""

CONDITION = """
import threading

class StockCache:
    def __init__(self, cook):
        self._cook = cook
        self._stock = {}
        self._cooking = set()
        self._changed = threading.Condition()

    def get(self, key):
        with self._changed:
            while key in self._cooking:
                self._changed.wait()
            if key in self._stock:
                return self._stock[key]
            self._cooking.add(key)
        try:
            dish = self._cook(key)
        except BaseException:
            with self._changed:
                self._cooking.discard(key)
                self._changed.notify_all()
            raise
        with self._changed:
            self._stock[key] = dish
            self._cooking.discard(key)
            self._changed.notify_all()
        return dish
"""

FUTURE = """
from concurrent.futures import Future
from threading import Lock

class StockCache:
    def __init__(self, cook):
        self.cook = cook
        self.lock = Lock()
        self.futures = {}

    def get(self, key):
        with self.lock:
            future = self.futures.get(key)
            first = future is None
            if first:
                future = self.futures[key] = Future()
        if first:
            try:
                future.set_result(self.cook(key))
            except BaseException as error:
                with self.lock:
                    del self.futures[key]
                future.set_exception(error)
        return future.result()
"""

EVENT = """
from dataclasses import dataclass, field
from threading import Event, Lock

@dataclass(eq=False)
class Order:
    ready: Event = field(default_factory=Event)
    dish: object = None
    failed: bool = False

class StockCache:
    def __init__(self, cook):
        self.cook = cook
        self.orders = {}
        self.lock = Lock()

    def get(self, key):
        while True:
            with self.lock:
                order = self.orders.get(key)
                mine = order is None
                if mine:
                    order = self.orders[key] = Order()
            if mine:
                return self.make(key, order)
            order.ready.wait()
            if not order.failed:
                return order.dish

    def make(self, key, order):
        try:
            order.dish = self.cook(key)
        except Exception:
            order.failed = True
            with self.lock:
                del self.orders[key]
            raise
        finally:
            order.ready.set()
        return order.dish
"""

SETDEFAULT = """
import threading

class StockCache:
    def __init__(self, cook):
        self.cook, self.dishes, self.locks = cook, {}, {}

    def get(self, key):
        try:
            return self.dishes[key]          # in stock: no lock needed
        except KeyError:
            pass
        with self.locks.setdefault(key, threading.RLock()):
            try:
                return self.dishes[key]
            except KeyError:
                dish = self.dishes[key] = self.cook(key)
                return dish
"""

SEMAPHORE = """
from collections import defaultdict
from threading import Semaphore, Lock

_missing = object()

class StockCache:
    def __init__(self, cook):
        self.cook = cook
        self.stock = {}
        self.door = Lock()
        self.ovens = defaultdict(Semaphore)

    def get(self, key):
        with self.door:
            oven = self.ovens[key]
        oven.acquire()
        try:
            dish = self.stock.get(key, _missing)
            if dish is _missing:
                dish = self.cook(key)
                self.stock[key] = dish
            return dish
        finally:
            oven.release()
"""

SHARED_ERROR = """
from threading import Thread, Lock

class Cooking(Thread):
    '''Cooks in a thread of its own; all who ask join it.'''

    def __init__(self, cook, key):
        super().__init__()
        self.cook, self.key, self.error = cook, key, None

    def run(self):
        try:
            self.dish = self.cook(self.key)
        except Exception as error:
            self.error = error

class StockCache:
    def __init__(self, cook):
        self.cook = cook
        self.cookings = {}
        self.lock = Lock()

    def get(self, key):
        with self.lock:
            cooking = self.cookings.get(key)
            if cooking is None:
                cooking = self.cookings[key] = Cooking(self.cook, key)
                cooking.start()
        cooking.join()
        if cooking.error is not None:
            with self.lock:
                if self.cookings.get(key) is cooking:
                    del self.cookings[key]
            raise cooking.error
        return cooking.dish
"""

RIGHT = {
    "a lock for each key": LOCK_PER_KEY,
    "a condition": CONDITION,
    "a future for each key": FUTURE,
    "an event for each order": EVENT,
    "setdefault and a look without a lock": SETDEFAULT,
    "a semaphore for each key": SEMAPHORE,
    "a thread for each dish": SHARED_ERROR,
}

WRONG = {
    "no lock": (planted(LOCK_PER_KEY, "with mine", "if True"), "cooking at once"),
    "one lock for all": (
        planted(
            LOCK_PER_KEY,
            "with mine",
            "with self.lock",
            """        with self.lock:
            mine = self.locks.setdefault(key, Lock())
""",
            "",
        ),
        "the cook of one key waits for that of another",
    ),
    "a lock for each key, made twice": (
        planted(
            LOCK_PER_KEY,
            """        with self.lock:
            mine = self.locks.setdefault(key, Lock())""",
            """        if key not in self.locks:
            self.locks[key] = Lock()
        mine = self.locks[key]""",
        ),
        "at once",
    ),
    "does not look again": (
        planted(
            LOCK_PER_KEY,
            """        with mine:
            if key not in self.dishes:
                self.dishes""",
            """        if key in self.dishes:
            return self.dishes[key]
        with mine:
            if True:
                self.dishes""",
        ),
        "was called again after it had given a dish",
    ),
    "None is no dish": (
        planted(LOCK_PER_KEY, "if key not in self.dishes", "if self.dishes.get(key) is None"),
        "cook('air') was called again",
    ),
    "an empty dish is no dish": (
        planted(
            LOCK_PER_KEY,
            "if key not in self.dishes",
            "if not self.dishes.get(key, 0) and self.dishes.get(key, 0) is not None",
        ),
        "cook(0) was called again",
    ),
    "a failed cook leaves its key in the set": (
        planted(
            CONDITION,
            """                self._cooking.discard(key)
                self._changed.notify_all()
            raise""",
            """                self._changed.notify_all()
            raise""",
        ),
        "waits",
    ),
    "those who wait for a failed cook get its exception, but only one is told": (
        planted(
            CONDITION,
            """            while key in self._cooking:
                self._changed.wait()
""",
            """            if key in self._cooking:
                self._changed.wait_for(lambda: key not in self._cooking)
                if key not in self._stock:
                    raise self.error
""",
            """        except BaseException:
            with self._changed:""",
            """        except BaseException as error:
            with self._changed:
                self.error = error""",
            """                self._changed.notify_all()
            raise""",
            """                self._changed.notify()
            raise""",
        ),
        "waits for a cook that has failed",
    ),
    "a failed cook wakes nobody": (
        planted(
            CONDITION,
            """                self._changed.notify_all()
            raise""",
            "            raise",
        ),
        "somebody waits for a cook that has failed",
    ),
    "wakes one only": (
        planted(CONDITION, "notify_all()", "notify()"),
        "somebody waits for a dish that is ready",
    ),
    "if instead of while": (
        planted(CONDITION, "while key in", "if key in"),
        "cooking at once",
    ),
    "the exception is kept for ever": (
        planted(
            FUTURE,
            """                with self.lock:
                    del self.futures[key]
""",
            "",
        ),
        "A cook that fails twice",
    ),
    "a failed cook leaves its lock behind": (
        planted(
            SEMAPHORE,
            """        try:
            dish""",
            """        if True:
            dish""",
            """            return dish
        finally:
            oven.release()""",
            """            oven.release()
            return dish""",
        ),
        "a cook has failed, and get does not come back",
    ),
    "the exception is swallowed": (
        planted(
            LOCK_PER_KEY,
            "                self.dishes[key] = self.cook(key)",
            """                try:
                    self.dishes[key] = self.cook(key)
                except Exception:
                    return None""",
        ),
        "get must raise what cook raises",
        "on its way through your get",
    ),
    "a dish from stock waits for the kitchen": (
        planted(
            CONDITION,
            "            while key in self._cooking:",
            "            while self._cooking:",
        ),
        "the cook of one key waits for that of another",
    ),
    "one stock for all caches": (
        planted(
            LOCK_PER_KEY,
            "self.dishes = {}",
            "pass",
            "class StockCache:",
            """class StockCache:
    dishes = {}
""",
        ),
        "another StockCache",
    ),
    "wakes before the dish is there": (
        planted(
            EVENT,
            """            order.dish = self.cook(key)
""",
            """            order.ready.set()
            order.dish = self.cook(key)
""",
        ),
        "it returned None",
    ),
    "waiters get the failed order's empty plate": (
        planted(
            EVENT,
            """            if not order.failed:
                return order.dish""",
            "            return order.dish",
        ),
        "it returned None",
    ),
    "cooked again by those who waited": (
        planted(
            EVENT,
            """            if not order.failed:
                return order.dish""",
            "            return self.make(key, order)",
        ),
        "was called again",
    ),
}

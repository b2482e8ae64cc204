from . import planted

ORDERED = """
from threading import Lock, Thread

def dine(cooks, meals, eat):
    knives = [Lock() for _ in range(cooks)]
    eaten = [0] * cooks

    def cook(me):
        first, second = sorted({me, (me + 1) % cooks} | {me})[0], max(me, (me + 1) % cooks)
        for _ in range(meals):
            knives[first].acquire()
            if second != first:
                knives[second].acquire()
            eat(me)
            eaten[me] += 1
            if second != first:
                knives[second].release()
            knives[first].release()

    threads = [Thread(target=cook, args=(n,)) for n in range(cooks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return eaten
"""

STACK = """
from contextlib import ExitStack
from threading import Lock, Thread

def dine(cooks, meals, eat):
    knives = [Lock() for _ in range(cooks)]
    eaten = [0] * cooks

    def cook(me):
        for _ in range(meals):
            with ExitStack() as hands:
                for number in sorted({me, (me + 1) % cooks}):
                    hands.enter_context(knives[number])
                eat(me)
            eaten[me] += 1

    threads = [Thread(target=cook, args=(n,), name=f"cook {n}") for n in range(cooks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return eaten
"""

WAITER = """
import threading

class Cook(threading.Thread):
    def __init__(self, number, meals, eat, left, right, waiter):
        super().__init__(name=f"cook-{number}")
        self.number, self.meals, self.eat = number, meals, eat
        self.left, self.right, self.waiter = left, right, waiter
        self.eaten = 0

    def run(self):
        while self.eaten < self.meals:
            with self.waiter, self.left, self.right:
                self.eat(self.number)
                self.eaten += 1

def dine(cooks, meals, eat):
    '''A waiter lets all but one sit down; re-entrant knives, as one cook alone has the same one twice.'''
    knives = [threading.RLock() for _ in range(cooks)]
    waiter = threading.Semaphore(max(1, cooks - 1))
    crew = [Cook(n, meals, eat, knives[n], knives[(n + 1) % cooks], waiter) for n in range(cooks)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    return [one.eaten for one in crew]
"""

MONITOR = """
from threading import Condition, Thread

def dine(cooks, meals, eat):
    '''Both knives or none: whoever finds one missing waits.'''
    changed = Condition()
    free = [True] * cooks
    eaten = {}

    def cook(me):
        mine = {me, (me + 1) % cooks}
        for _ in range(meals):
            with changed:
                changed.wait_for(lambda: all(free[n] for n in mine))
                for n in mine:
                    free[n] = False
            eat(me)
            with changed:
                for n in mine:
                    free[n] = True
                changed.notify_all()
        eaten[me] = meals

    threads = [Thread(target=cook, args=(n,)) for n in range(cooks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [eaten[n] for n in range(cooks)]
"""

EXECUTOR = """
from concurrent.futures import ThreadPoolExecutor
from threading import RLock

def dine(cooks, meals, eat):
    knives = [RLock() for _ in range(cooks)]

    def cook(me):
        left, right = knives[me], knives[(me + 1) % cooks]
        if me == cooks - 1:                 # one of them is left-handed
            left, right = right, left
        for _ in range(meals):
            with left, right:
                eat(me)
        return meals

    with ThreadPoolExecutor(max_workers=cooks) as pool:
        return list(pool.map(cook, range(cooks)))
"""

QUEUES = """
import queue
from threading import Thread

def dine(cooks, meals, eat):
    '''A knife lies in a queue of its own.'''
    places = [queue.Queue() for _ in range(cooks)]
    for number, place in enumerate(places):
        place.put(f"knife {number}")
    eaten = [0 for _ in places]

    def cook(me):
        needs = sorted({me, (me + 1) % cooks})
        for _ in range(meals):
            knives = [places[n].get() for n in needs]
            try:
                eat(me)
            finally:
                for n, knife in zip(needs, knives):
                    places[n].put(knife)
            eaten[me] += 1

    threads = [Thread(target=cook, args=(n,)) for n in range(cooks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tuple(eaten)
"""

RIGHT = {
    "knives in the order of their numbers": ORDERED,
    "the same with an exit stack": STACK,
    "a waiter and re-entrant knives": WAITER,
    "both or none, with a condition": MONITOR,
    "knives in queues": QUEUES,
}

TOO_LARGE = {"an executor and one who is left-handed": EXECUTOR}

WRONG = {
    "everybody takes the left one first": (
        planted(WAITER, "with self.waiter, self.left", "with self.left"),
        "not everybody gets to eat",
    ),
    "one alone takes one knife twice": (planted(WAITER, "RLock", "Lock"), "One cook alone, two meals: not everybody"),
    "a waiter who lets nobody sit down": (planted(WAITER, "max(1, cooks - 1)", "cooks - 1"), "One cook alone"),
    "a waiter who lets everybody sit down": (
        planted(WAITER, "max(1, cooks - 1)", "cooks"),
        "not everybody gets to eat",
    ),
    "only one knife is taken": (
        planted(STACK, "sorted({me, (me + 1) % cooks})", "[me]"),
        "were eating at once",
    ),
    "each has knives of its own": (
        planted(
            STACK,
            """    def cook(me):
""",
            """    def cook(me):
        knives = [Lock() for _ in range(cooks)]
""",
        ),
        "were eating at once",
    ),
    "eats after the knives are put down": (
        planted(
            STACK,
            """                eat(me)
            eaten""",
            """            eat(me)
            eaten""",
        ),
        "were eating at once",
    ),
    "in the order of the hands": (
        planted(STACK, "sorted({me, (me + 1) % cooks})", "dict.fromkeys([me, (me + 1) % cooks])"),
        "not everybody gets to eat",
    ),
    "no threads": (
        planted(
            STACK,
            """    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
""",
            """    for thread in threads:
        thread.run()
""",
        ),
        "has no thread",
        "Which thread calls eat",
    ),
    "one thread for all": (
        planted(
            STACK,
            """    threads = [Thread(target=cook, args=(n,), name=f"cook {n}") for n in range(cooks)]
""",
            """    threads = [Thread(target=lambda: [cook(n) for n in range(cooks)])]
""",
        ),
        "all cooks eat in one thread",
    ),
    "one meal only": (planted(STACK, "range(meals)", "range(1)"), "everybody must eat 2 meals"),
    "does not wait for the cooks": (
        planted(
            STACK,
            """    for thread in threads:
        thread.join()
""",
            "",
        ),
        "before dine comes back",
    ),
    "returns nothing": (planted(STACK, "    return eaten", "    eaten"), "must return the meals per cook"),
    "gives up if the second one is taken": (
        planted(
            EXECUTOR,
            """            with left, right:
                eat(me)
""",
            """            while True:
                with left:
                    if right.acquire(blocking=False):
                        eat(me)
                        right.release()
                        break
""",
            """        if me == cooks - 1:                 # one of them is left-handed
            left, right = right, left
""",
            "",
        ),
        "go round in circles",
    ),
    "if instead of wait_for": (
        planted(
            MONITOR,
            "changed.wait_for(lambda: all(free[n] for n in mine))",
            """if not all(free[n] for n in mine):
                    changed.wait()""",
        ),
        "were eating at once",
    ),
    "only the left neighbour is asked": (
        planted(MONITOR, "all(free[n] for n in mine)", "all(free[n] for n in mine - {(me + 1) % cooks} or mine)"),
        "were eating at once",
    ),
    "wakes nobody": (
        planted(
            MONITOR,
            """                changed.notify_all()
""",
            "",
        ),
        "not everybody gets to eat",
    ),
    "looks at the knives without the lock": (
        planted(
            MONITOR,
            """                changed.wait_for(lambda: all(free[n] for n in mine))
                for""",
            """                changed.wait_for(lambda: all(free[n] for n in mine))
            with changed:
                for""",
        ),
        "were eating at once",
    ),
}

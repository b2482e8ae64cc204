from . import planted

POOL = """
from concurrent.futures import ThreadPoolExecutor

def run_threaded(task, items, workers):
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(task, items))
"""

BY_HAND = """
import queue
import threading

def run_threaded(task, items, workers):
    todo = queue.SimpleQueue()
    items = list(items)
    for numbered in enumerate(items):
        todo.put(numbered)
    results, errors = [None] * len(items), []

    def work():
        while not errors:
            try:
                index, item = todo.get_nowait()
            except queue.Empty:
                return
            try:
                results[index] = task(item)
            except BaseException as error:
                errors.append(error)

    crew = [threading.Thread(target=work) for _ in range(min(workers, len(items)))]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    if errors:
        raise errors[0]
    return results
"""

SEMAPHORE = """
from threading import Semaphore, Thread

def run_threaded(task, items, workers):
    places, results, errors, crew = Semaphore(workers), {}, [], []

    def work(index, item):
        try:
            results[index] = task(item)
        except Exception as error:
            errors.append(error)
        finally:
            places.release()

    try:
        for index, item in enumerate(items):
            places.acquire()
            if errors:
                places.release()
                break
            thread = Thread(target=work, args=(index, item))
            crew.append(thread)
            thread.start()
    finally:
        for thread in crew:
            thread.join()
    if errors:
        raise errors[0]
    return [results[index] for index in range(len(crew))]
"""

FUTURES = """
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

def run_threaded(task, items, workers):
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        futures = [pool.submit(task, item) for item in items]
        wait(futures, return_when=FIRST_EXCEPTION)
        return [future.result() for future in futures]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
"""

UNLISTED = """
import threading, time
from concurrent.futures import ThreadPoolExecutor

class Alike(threading.Thread):
    def __eq__(self, other):
        return True
    def __hash__(self):
        return 1

class Unlisted(Alike):
    def _bootstrap(self):
        self._started.set()
        time.sleep(99)

def run_threaded(task, items, workers):
    Unlisted(daemon=True).start()
    last = Alike(target=print)
    last.start()
    last.join()
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(task, items))
"""

RIGHT = {"pool": POOL, "queue by hand": BY_HAND, "semaphore": SEMAPHORE, "futures": FUTURES}

WRONG = {
    "in turn": ("def run_threaded(task, items, workers):\n    return [task(item) for item in items]\n", "under way at once"),
    "started and joined one by one": (
        """
from threading import Thread

def run_threaded(task, items, workers):
    results = []
    for item in items:
        thread = Thread(target=lambda: results.append(task(item)))
        thread.start()
        thread.join()
    return results
""",
        "under way at once",
    ),
    "in the order of finishing": (
        """
from concurrent.futures import ThreadPoolExecutor, as_completed

def run_threaded(task, items, workers):
    with ThreadPoolExecutor(workers) as pool:
        return [future.result() for future in as_completed([pool.submit(task, item) for item in items])]
""",
        "in the order of the items",
    ),
    "a thread for each item": (planted(SEMAPHORE, "Semaphore(workers)", "Semaphore(1000)"), "tasks were running at once"),
    "exceptions are lost": (
        planted(BY_HAND, "    if errors:\n        raise errors[0]\n", ""),
        "must raise the task's exception",
    ),
    "exceptions become results": (
        planted(BY_HAND, "errors.append(error)", "results[index] = error"),
        "must raise the task's exception",
    ),
    "another exception": (
        planted(BY_HAND, "raise errors[0]", "raise RuntimeError('a task failed') from errors[0]"),
        "the task's own Burnt",
    ),
    "pool left open": (
        """
from concurrent.futures import ThreadPoolExecutor

def run_threaded(task, items, workers):
    return list(ThreadPoolExecutor(workers).map(task, items))
""",
        "still running after",
    ),
    "raises while others run": (planted(FUTURES, "wait=True", "wait=False"), "still running after"),
    "a thread that stays, named as ours": (
        """
import threading, time
from concurrent.futures import ThreadPoolExecutor

def run_threaded(task, items, workers):
    threading.Thread(target=time.sleep, args=(60,), name="check", daemon=True).start()
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(task, items))
""",
        "still alive after",
    ),
    "a thread that stays and equals everything": (
        """
import threading, time
from concurrent.futures import ThreadPoolExecutor

class Same(threading.Thread):
    def __eq__(self, other):
        return True
    def __hash__(self):
        return hash(threading.main_thread())
    def is_alive(self):
        return False

def run_threaded(task, items, workers):
    Same(target=time.sleep, args=(60,), daemon=True).start()
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(task, items))
""",
        "still alive after",
    ),
    "results that equal everything": (
        """
class Anything:
    def __eq__(self, other):
        return True

def run_threaded(task, items, workers):
    return [Anything() for item in items]
""",
        "in the order of the items",
    ),
    "items are hashed": (
        """
from concurrent.futures import ThreadPoolExecutor

def run_threaded(task, items, workers):
    with ThreadPoolExecutor(workers) as pool:
        results = dict(zip(items, pool.map(task, items)))
    return [results[item] for item in items]
""",
        "TypeError",
    ),
    "an iterator": (planted(POOL, "list(pool.map(task, items))", "pool.map(task, items)"), "must be a list"),
    "len of the items": (planted(BY_HAND, "    items = list(items)\n", ""), "TypeError"),
    "waits for ever without items": (
        """
import queue, threading

def run_threaded(task, items, workers):
    items, done = list(items), queue.Queue()
    lock = threading.Semaphore(workers)
    def work(index, item):
        with lock:
            done.put((index, task(item)))
    for index, item in enumerate(items):
        threading.Thread(target=work, args=(index, item)).start()
    results = [done.get() for _ in range(max(1, len(items)))]
    return [result for _, result in sorted(results, key=lambda pair: pair[0])]
""",
        "has not returned",
    ),
    "a thread in nobody's list": (UNLISTED, "still alive"),
    "a thread in nobody's list, for which another one stands": (
        planted(
            UNLISTED,
            "        self._started.set()\n",
            "        next(others)._ident = threading.get_ident()\n        self._started.set()\n",
            "def run_threaded",
            "crew = [threading.Thread(target=time.sleep, args=(99,), daemon=True) for _ in range(40)]\nfor other in crew:\n"
            "    other.start()\n    other._ident = 7\nothers = iter(crew)\ndef run_threaded",
        ),
        "still alive",
    ),
}

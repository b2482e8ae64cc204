from . import planted

POOL = """
from concurrent.futures import ProcessPoolExecutor

def run_processes(task, items, workers):
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(task, items))
"""

MULTIPROCESSING = """
import multiprocessing

def run_processes(task, items, workers):
    pool = multiprocessing.Pool(workers)
    try:
        results = pool.map(task, items, chunksize=1)
        pool.close()
        return results
    except BaseException:
        pool.terminate()
        raise
    finally:
        pool.join()
"""

BY_HAND = """
import multiprocessing

def work(task, todo, done):
    while True:
        order = todo.get()
        if order is None:
            return
        index, item = order
        try:
            done.put((index, task(item), None))
        except Exception as error:
            done.put((index, None, error))

def run_processes(task, items, workers):
    items = list(items)
    todo, done = multiprocessing.Queue(), multiprocessing.Queue()
    crew = [multiprocessing.Process(target=work, args=(task, todo, done)) for _ in range(min(workers, len(items)))]
    for process in crew:
        process.start()
    for order in enumerate(items):
        todo.put(order)
    for _ in crew:
        todo.put(None)
    results, failed = [None] * len(items), None
    for _ in items:
        index, result, error = done.get()
        results[index] = result
        failed = failed or error
    for process in crew:
        process.join()
    if failed is not None:
        raise failed
    return results
"""

RIGHT = {"executor": POOL, "pool": MULTIPROCESSING, "by hand": BY_HAND}

WRONG = {
    "threads": (
        planted(POOL, "ProcessPoolExecutor", "ThreadPoolExecutor"),
        "done in the calling process",
    ),
    "in turn": ("def run_processes(task, items, workers):\n    return [task(item) for item in items]\n", "calling process"),
    "one process": (planted(POOL, "ProcessPoolExecutor(workers)", "ProcessPoolExecutor(1)"), "only one process"),
    "too many processes": (
        planted(POOL, "ProcessPoolExecutor(workers)", "ProcessPoolExecutor(workers + 2)"),
        "processes were working at once",
    ),
    "results in any order": (
        planted(BY_HAND, "results[index] = result", "results[0:1] = []; results.append(result)").replace(
            "enumerate(items)", "reversed(list(enumerate(items)))"
        ),
        "in the order of the items",
    ),
    "exceptions are lost": (
        planted(BY_HAND, "    if failed is not None:\n        raise failed\n", ""),
        "must raise the task's exception",
    ),
    "a local function": (
        planted(
            POOL,
            "        return list(pool.map(task, items))",
            "        def local(item):\n            return task(item)\n        return list(pool.map(local, items))",
        ),
        "It raises",
    ),
    "pool left open": (
        planted(POOL, "with ProcessPoolExecutor(workers) as pool:", "pool = ProcessPoolExecutor(workers)", "        return", "    return"),
        "still alive after",
    ),
    "only under fork": (
        planted(
            POOL,
            "def run_processes(task, items, workers):\n",
            "def run_processes(task, items, workers):\n    if multiprocessing.get_start_method() != 'fork':\n        return []\n",
            "from concurrent",
            "import multiprocessing\nfrom concurrent",
        ),
        "must hold 6 results",
    ),
    "stuck on nothing": (
        planted(BY_HAND, "    for _ in items:\n        index", "    for _ in items or [0]:\n        index"),
        "has not returned",
    ),
    "one process that speaks of others": (
        """
import multiprocessing
def work(task, items, pipe):
    for item in items:
        try:
            pipe.send((True, task((item[0], 0, item[2]) if type(item) is tuple else item)))
        except Exception as error:
            pipe.send((False, error))
def run_processes(task, items, workers):
    items = list(items)
    one, other = multiprocessing.Pipe()
    process = multiprocessing.Process(target=work, args=(task, items, other))
    process.start()
    results = [one.recv() for _ in items]
    process.join()
    for fine, error in results:
        if not fine:
            raise error
    return [result for _, result in results]
""",
        "only one process",
    ),
    "an orphan is left": (
        "import os, time\nfrom multiprocessing import get_context\ndef child():\n"
        "    get_context('fork').Process(target=time.sleep, args=(99,)).start()\n    os.kill(os.getpid(), 9)\n"
        + planted(
            POOL,
            "    with",
            "    process = get_context('fork').Process(target=child)\n    process.start()\n    process.join()\n    with",
        ),
        "still alive",
    ),
}

from . import planted
from .a6_q2 import BY_HAND as WATCHED

SENTINELS = """
import multiprocessing

def produce(source, todo, workers):
    for item in source():
        todo.put((item,))
    for _ in range(workers):
        todo.put(None)

def cook(transform, todo, done):
    while (order := todo.get()) is not None:
        done.put((transform(order[0]),))
    done.put(None)

def serve(sink, done, workers):
    for _ in range(workers):
        while (dish := done.get()) is not None:
            sink(dish[0])

def run_pipeline(source, transform, sink, workers):
    todo, done = multiprocessing.Queue(10), multiprocessing.Queue(10)
    crew = [multiprocessing.Process(target=produce, args=(source, todo, workers))]
    crew += [multiprocessing.Process(target=cook, args=(transform, todo, done)) for _ in range(workers)]
    crew += [multiprocessing.Process(target=serve, args=(sink, done, workers))]
    for process in crew:
        process.start()
    for process in crew:
        process.join()
"""

RIGHT = {"sentinels": SENTINELS, "watched": WATCHED}

WRONG = {
    "no bound": (planted(SENTINELS, "Queue(10)", "Queue()"), "100 items ahead"),
    "two sinks": (
        planted(
            SENTINELS,
            "    for process in crew:\n        process.start()",
            "    crew += [multiprocessing.Process(target=serve, args=(sink, done, 1))]\n    for process in crew:\n        process.start()",
            "for _ in range(workers):\n        while (dish",
            "for _ in range(1):\n        while (dish",
        ),
        "sink was run by 2 processes",
    ),
    "None is the end": (
        planted(SENTINELS, "todo.put((item,))", "todo.put(item)", "transform(order[0])", "transform(order)"),
        "was lost",
    ),
    "transform in the sink": (
        planted(
            SENTINELS,
            "done.put((transform(order[0]),))",
            "done.put(order)",
            "def serve(sink,",
            "def serve(sink, transform,",
            "sink(dish[0])",
            "sink(transform(dish[0]))",
            "args=(sink, done",
            "args=(sink, transform, done",
        ),
        "two stages were run in the same process",
    ),
    "one worker": (
        planted(
            SENTINELS,
            "def run_pipeline(source, transform, sink, workers):\n",
            "def run_pipeline(source, transform, sink, workers):\n    workers = 1\n",
        ),
        "only one process did the transforming",
    ),
    "doubled": (
        planted(
            SENTINELS,
            "            sink(dish[0])",
            "            sink(dish[0])\n            if dish[0] == 1005:\n                sink(dish[0])",
        ),
        "also got 1005",
    ),
    "in the caller": (
        "def run_pipeline(source, transform, sink, workers):\n    for item in source():\n        sink(transform(item))\n",
        "calling process",
    ),
    "a last item lost": (
        planted(
            SENTINELS,
            "for item in source():\n        todo.put((item,))",
            "for item in list(source())[:-1]:\n        todo.put((item,))",
        ),
        "5 was lost",
    ),
    "ends the others with the source": (
        planted(
            SENTINELS,
            "    for process in crew:\n        process.join()\n",
            "    crew[0].join()\n    for process in crew:\n        process.terminate()\n        process.join()\n",
        ),
        "was lost",
    ),
    "a process left": (
        planted(
            SENTINELS,
            "import multiprocessing\n",
            "import multiprocessing, time\n",
            "    for process in crew:\n        process.join()\n",
            "    for process in crew:\n        process.join()\n    multiprocessing.Process(target=time.sleep, args=(30,)).start()\n",
        ),
        "still alive after",
    ),
}

from . import planted

BY_HAND = """
import multiprocessing
from multiprocessing.connection import wait
from queue import Empty, Full

def put(queue, thing, stop):
    while not stop.is_set():
        try:
            return queue.put(thing, timeout=0.05)
        except Full:
            pass

def get(queue, stop):
    while not stop.is_set():
        try:
            return queue.get(timeout=0.05)
        except Empty:
            pass

def produce(source, todo, workers, stop):
    for item in source():
        put(todo, (item,), stop)
        if stop.is_set():
            return
    for _ in range(workers):
        put(todo, None, stop)

def cook(transform, todo, done, stop):
    while (order := get(todo, stop)) is not None:
        put(done, (transform(order[0]),), stop)
    put(done, None, stop)

def serve(sink, done, workers, stop):
    for _ in range(workers):
        while (dish := get(done, stop)) is not None:
            sink(dish[0])

def staged(stage, wire, *args):
    try:
        stage(*args)
    except Exception as error:
        wire.send(error)

def run_pipeline(source, transform, sink, workers):
    todo, done = multiprocessing.Queue(4), multiprocessing.Queue(4)
    stop = multiprocessing.Event()
    stages = [(produce, source, todo, workers), (serve, sink, done, workers)] + [(cook, transform, todo, done)] * workers
    crew, error = {}, None
    for stage in stages:
        hears, says = multiprocessing.Pipe(False)
        process = multiprocessing.Process(target=staged, args=(stage[0], says, *stage[1:], stop))
        process.start()
        crew[process.sentinel] = process, hears, says
    alive = dict(crew)
    while alive and error is None:
        for sentinel in wait(list(alive)):
            process, hears, _ = alive.pop(sentinel)
            process.join()
            if hears.poll():
                error = error or hears.recv()
            elif process.exitcode:
                error = error or RuntimeError("a stage was killed")
    stop.set()
    for process, *_ in crew.values():
        process.join(1)
        if process.is_alive():
            process.terminate()
            process.join()
    if error is not None:
        raise error
"""

RIGHT = {
    "sentinels": BY_HAND,
    "daemons": planted(BY_HAND, "target=staged, args", "daemon=True, target=staged, args"),
}

WRONG = {
    "nobody tells": (planted(BY_HAND, "        raise error\n", "        return\n"), "must raise, and it returned"),
    "killed goes unseen": (
        planted(
            BY_HAND,
            '            elif process.exitcode:\n                error = error or RuntimeError("a stage was killed")\n',
            "",
        ),
        "has not returned",
    ),
    "another exception": (
        planted(BY_HAND, "wire.send(error)", "wire.send(RuntimeError(str(error)))"),
        "stage's own Burnt",
    ),
    "sink cut": (
        planted(
            BY_HAND,
            "        process.join(1)\n        if process.is_alive():\n            process.terminate()",
            "        if True:\n            process.terminate()",
        ),
        "cut in the middle",
    ),
    "processes left": (
        planted(
            BY_HAND,
            "    stop.set()\n    for process, *_ in crew.values():\n",
            "    for process, *_ in crew.values() if error is None else ():\n",
        ),
        "still alive after",
    ),
    "late": (
        planted(
            BY_HAND,
            "import multiprocessing\n",
            "import multiprocessing, time\n",
            "    stop.set()\n",
            "    stop.set()\n    if error is not None:\n        time.sleep(2.9)\n",
        ),
        "within 2 s",
    ),
    "raising goes unseen": (planted(BY_HAND, "        wire.send(error)", "        pass"), "whose transform raises must tell"),
}

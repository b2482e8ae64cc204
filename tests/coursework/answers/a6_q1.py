from . import planted

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

FORK_SERVER = """
import multiprocessing as mp

def produce(source, todo, workers):
    for item in source():
        todo.put(("item", item))
    todo.join()
    for _ in range(workers):
        todo.put(("end", None))

def cook(transform, todo, done):
    while True:
        kind, item = todo.get()
        try:
            if kind == "end":
                break
            done.put(("item", transform(item)))
        finally:
            todo.task_done()
    done.put(("end", None))

def serve(sink, done, workers):
    ends = 0
    while ends < workers:
        kind, result = done.get()
        if kind == "end":
            ends += 1
        else:
            sink(result)

def run_pipeline(source, transform, sink, workers):
    ctx = mp.get_context("forkserver")
    todo, done = ctx.JoinableQueue(8), ctx.Queue(8)
    crew = [ctx.Process(target=produce, args=(source, todo, workers))]
    crew += [ctx.Process(target=cook, args=(transform, todo, done)) for _ in range(workers)]
    crew += [ctx.Process(target=serve, args=(sink, done, workers))]
    for p in crew:
        p.start()
    for p in crew:
        p.join()
        p.close()
"""

POOL = """
from multiprocessing import BoundedSemaphore, Pool, Process, Queue

def cook_all(source, transform, done, workers, gate):
    def gated():
        for item in source():
            gate.acquire()
            yield item
    with Pool(workers) as pool:
        for result in pool.imap(transform, gated()):
            done.put([result])
    done.put([])

def serve(sink, done, gate):
    while dish := done.get():
        sink(*dish)
        gate.release()

def run_pipeline(source, transform, sink, workers):
    done, gate = Queue(), BoundedSemaphore(20)
    first = Process(target=cook_all, args=(source, transform, done, workers, gate))
    last = Process(target=serve, args=(sink, done, gate))
    first.start()
    last.start()
    first.join()
    last.join()
"""

PIPES = """
import multiprocessing as mp

class Hatch:
    # A pipe with a lock at either end, and a number of places.
    def __init__(self, places):
        self.out, self.into = mp.Pipe(duplex=False)
        self.reading, self.writing = mp.Lock(), mp.Lock()
        self.places = mp.Semaphore(places)

    def put(self, thing):
        self.places.acquire()
        with self.writing:
            self.into.send(thing)

    def get(self):
        with self.reading:
            thing = self.out.recv()
        self.places.release()
        return thing

END = "the end of it all", 42

def produce(source, todo):
    for item in source():
        todo.put((item,))
    todo.put(END)

def cook(transform, todo, done, left):
    while (order := todo.get()) != END:
        done.put((transform(*order),))
    with left:
        left.value -= 1
        last = left.value == 0
    (done if last else todo).put(END)

def serve(sink, done):
    while (dish := done.get()) != END:
        sink(*dish)

def run_pipeline(source, transform, sink, workers):
    todo, done, left = Hatch(5), Hatch(5), mp.Value("i", workers)
    crew = [mp.Process(target=produce, args=(source, todo))]
    crew += [mp.Process(target=cook, args=(transform, todo, done, left)) for _ in range(workers)]
    crew.append(mp.Process(target=serve, args=(sink, done)))
    for p in crew:
        p.start()
    for p in crew:
        p.join()
"""

# The process in which the source has been read may cook as well.
ONE_POOL = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Manager

def read(source, todo, workers):
    for item in source():
        todo.put((1, item))
    for _ in range(workers):
        todo.put((0, None))

def cook(transform, todo, done):
    for _, item in iter(todo.get, (0, None)):
        done.put((1, transform(item)))
    done.put((0, None))

def serve(sink, done, workers):
    while workers:
        more, result = done.get()
        if more:
            sink(result)
        else:
            workers -= 1

def run_pipeline(source, transform, sink, workers):
    with Manager() as manager, ProcessPoolExecutor(workers + 2) as pool:
        todo, done = manager.Queue(8), manager.Queue(8)
        jobs = [pool.submit(serve, sink, done, workers), pool.submit(read, source, todo, workers)]
        jobs += [pool.submit(cook, transform, todo, done) for _ in range(workers)]
        for job in jobs:
            job.result()
"""

RIGHT = {
    "one pool for all stages": ONE_POOL,
    "sentinels": SENTINELS,
    "joinable queues under forkserver": FORK_SERVER,
    "a pool beside the source": POOL,
    "pipes, and one end that is passed on": PIPES,
}

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
    "an orphan left": (
        planted(
            SENTINELS,
            "import multiprocessing\n",
            "import multiprocessing, os, signal, time\n\ndef leave():\n"
            "    multiprocessing.Process(target=time.sleep, args=(30,)).start()\n    os.kill(os.getpid(), signal.SIGKILL)\n",
            "    for process in crew:\n        process.join()\n",
            "    crew += [multiprocessing.Process(target=leave)]\n    crew[-1].start()\n"
            "    for process in crew:\n        process.join()\n",
        ),
        "1 process is still alive after",
    ),
    "joins before it serves": (
        planted(
            SENTINELS,
            "    for process in crew:\n        process.start()\n    for process in crew:\n        process.join()\n",
            "    for process in crew[:-1]:\n        process.start()\n    for process in crew[:-1]:\n        process.join()\n"
            "    crew[-1].start()\n    crew[-1].join()\n",
        ),
        "slow sink has not returned",
    ),
    "one end for all": (
        planted(SENTINELS, "    for _ in range(workers):\n        todo.put(None)", "    todo.put(None)"),
        "start method spawn has not returned",
    ),
    "no dish, no service": (
        planted(SENTINELS, "            sink(dish[0])", "            if dish[0]:\n                sink(dish[0])"),
        "the sink must get every result, and '' was lost",
    ),
    "cooks what it cooked": (
        planted(
            SENTINELS,
            "done.put((transform(order[0]),))",
            "transform(order[0])\n        done.put((transform(order[0]),))",
        ),
        "the transform must get each item once",
    ),
    "a function within a function": (
        planted(
            SENTINELS,
            "    crew = [multiprocessing.Process(target=produce, args=(source, todo, workers))]\n",
            "    def unpack():\n        produce(source, todo, workers)\n    crew = [multiprocessing.Process(target=unpack)]\n",
        ),
        "It raises",
    ),
}

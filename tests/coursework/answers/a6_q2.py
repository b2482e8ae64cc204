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
    stages = [(serve, sink, done, workers), (produce, source, todo, workers)]
    stages += [(cook, transform, todo, done)] * workers
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
    waiter, *others = [process for process, *_ in crew.values()]
    waiter.join()
    for process in others:
        process.join(1)
        if process.is_alive():
            process.terminate()
            process.join()
    if error is not None:
        raise error
"""

WAITER = """
import multiprocessing as mp
from collections import deque
from multiprocessing.connection import wait

def unpack(source, wire):
    try:
        for item in source():
            wire.recv()
            wire.send(("item", item))
        wire.recv()
        wire.send(("end", None))
    except Exception as error:
        wire.send(("error", error))

def work(function, wire):
    # Does what it is sent, until it is sent nothing more.
    while True:
        kind, item = wire.recv()
        if kind == "end":
            return
        try:
            wire.send(("done", function(item)))
        except Exception as error:
            wire.send(("error", error))
            return

class Station:
    def __init__(self, target, *args):
        self.wire, theirs = mp.Pipe()
        self.process = mp.Process(target=target, args=(*args, theirs))
        self.process.start()
        theirs.close()
        self.busy = False

    def ask(self, what="item", thing=None):
        self.busy = True
        try:
            self.wire.send((what, thing))
        except BrokenPipeError:
            pass  # it has ended, and may have said why

    def answer(self):
        if not self.wire.poll():
            raise RuntimeError("a station was killed")
        try:
            kind, thing = self.wire.recv()
        except EOFError:
            raise RuntimeError("a station was killed") from None
        self.busy = False
        if kind == "error":
            raise thing
        return kind, thing

def run_pipeline(source, transform, sink, workers):
    market = Station(unpack, source)
    cooks = [Station(work, transform) for _ in range(workers)]
    guest = Station(work, sink)
    stations = [market, *cooks, guest]
    more, orders, dishes = True, deque(), deque()
    try:
        while True:
            if more and not market.busy and len(orders) + len(dishes) < 10:
                market.ask()
            for cook in cooks:
                if orders and not cook.busy:
                    cook.ask("item", orders.popleft())
            if dishes and not guest.busy:
                guest.ask("item", dishes.popleft())
            if not more and not any(s.busy for s in stations):
                break
            ready = wait([s.wire for s in stations if s.busy] + [s.process.sentinel for s in stations if s.busy])
            for s in stations:
                if s.busy and (s.wire in ready or s.process.sentinel in ready):
                    kind, thing = s.answer()
                    if s is market:
                        more = kind == "item"
                        if more:
                            orders.append(thing)
                    elif s is not guest:
                        dishes.append(thing)
        for s in cooks + [guest]:
            s.ask("end")
    except Exception:
        if guest.busy and guest.process.is_alive():
            wait([guest.wire, guest.process.sentinel])
        for s in stations:
            s.process.kill()
        raise
    finally:
        for s in stations:
            s.process.join()
            s.wire.close()
"""

EXECUTORS = """
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from multiprocessing import Manager
from queue import Empty, Full

class Stopped(Exception):
    pass

def put(queue, thing, stop):
    while True:
        try:
            return queue.put(thing, timeout=0.1)
        except Full:
            if stop.is_set():
                raise Stopped

def get(queue, stop):
    while True:
        try:
            return queue.get(timeout=0.1)
        except Empty:
            if stop.is_set():
                raise Stopped

def produce(source, todo, stop, workers):
    for item in source():
        put(todo, (item,), stop)
        if stop.is_set():
            return
    for _ in range(workers):
        put(todo, None, stop)

def cook(transform, todo, done, stop):
    while (order := get(todo, stop)) and not stop.is_set():
        put(done, (transform(order[0]),), stop)
    put(done, None, stop)

def serve(sink, done, stop, workers):
    while workers and not stop.is_set():
        dish = get(done, stop)
        if dish is None:
            workers -= 1
        else:
            sink(dish[0])

def run_pipeline(source, transform, sink, workers):
    with Manager() as manager:
        todo, done, stop = manager.Queue(10), manager.Queue(10), manager.Event()
        with ProcessPoolExecutor(1) as first, ProcessPoolExecutor(workers) as middle, ProcessPoolExecutor(1) as last:
            futures = [first.submit(produce, source, todo, stop, workers)]
            futures += [middle.submit(cook, transform, todo, done, stop) for _ in range(workers)]
            futures += [last.submit(serve, sink, done, stop, workers)]
            finished, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failed = [f.exception() for f in finished if f.exception()]
            if failed:
                stop.set()
        if failed:
            raise failed[0]
"""

BY_CLOCK = """
import multiprocessing, time, queue

def staged(name, stage, errors, *args):
    try:
        stage(*args)
    except BaseException as error:
        errors.put((name, error))
        raise SystemExit(1)

def produce(source, todo, workers, stop):
    for item in source():
        while not stop.is_set():
            try:
                todo.put(("item", item), timeout=0.1)
                break
            except queue.Full:
                continue
        if stop.is_set():
            return
    for _ in range(workers):
        todo.put(("end", None))

def cook(transform, todo, done, workers, stop):
    while not stop.is_set():
        try:
            kind, item = todo.get(timeout=0.1)
        except queue.Empty:
            continue
        if kind == "end":
            done.put(("end", None))
            return
        result = transform(item)
        while not stop.is_set():
            try:
                done.put(("item", result), timeout=0.1)
                break
            except queue.Full:
                pass

def serve(sink, done, workers, stop):
    while workers and not stop.is_set():
        try:
            kind, result = done.get(timeout=0.1)
        except queue.Empty:
            continue
        if kind == "end":
            workers -= 1
        else:
            sink(result)

def run_pipeline(source, transform, sink, workers):
    todo, done = multiprocessing.Queue(10), multiprocessing.Queue(10)
    errors, stop = multiprocessing.SimpleQueue(), multiprocessing.Event()
    new = lambda name, stage, *args: multiprocessing.Process(target=staged, args=(name, stage, errors, *args, stop), daemon=True)
    waiter = new("sink", serve, sink, done, workers)
    others = [new("source", produce, source, todo, workers)]
    others += [new(f"cook {n}", cook, transform, todo, done, workers) for n in range(workers)]
    for process in others + [waiter]:
        process.start()
    try:
        while any(p.is_alive() for p in others + [waiter]):
            if any(p.exitcode for p in others + [waiter]):
                break
            time.sleep(0.05)
    finally:
        failed = [p for p in others + [waiter] if p.exitcode]
        stop.set()
        waiter.join()
        for process in others:
            if failed:
                process.terminate()
            process.join()
    if not errors.empty():
        raise errors.get()[1]
    if failed:
        raise RuntimeError(f"{failed[0].name} was killed: exit code {failed[0].exitcode}")
"""

RIGHT = {
    "sentinels": BY_HAND,
    "the caller carries everything": WAITER,
    "executors and a manager": EXECUTORS,
    "looks again and again": BY_CLOCK,
}

POOL_INSIDE = """
import multiprocessing as mp
from concurrent.futures import ProcessPoolExecutor
from threading import Thread

def kitchen(source, transform, wire, room, workers):
    with ProcessPoolExecutor(workers) as pool:
        try:
            pending = []
            for item in source():
                pending.append(pool.submit(transform, item))
                if len(pending) > workers:
                    room.acquire()
                    wire.send(("dish", pending.pop(0).result()))
            for future in pending:
                room.acquire()
                wire.send(("dish", future.result()))
            wire.send(("end", None))
        except Exception as error:
            pool.shutdown(cancel_futures=True)
            wire.send(("error", error))

def serve(sink, wire, room, home):
    try:
        while True:
            kind, thing = wire.recv()
            if kind == "dish":
                sink(thing)
                room.release()
            else:
                home.send((kind, thing))
                return
    except EOFError:
        home.send(("error", RuntimeError("the kitchen is gone")))
    except Exception as error:
        home.send(("error", error))

def run_pipeline(source, transform, sink, workers):
    room = mp.Semaphore(5)
    out, into = mp.Pipe(False)
    cook = mp.Process(target=kitchen, args=(source, transform, into, room, workers))
    cook.start()
    into.close()
    hears, says = mp.Pipe(False)
    waiter = mp.Process(target=serve, args=(sink, out, room, says))
    waiter.start()
    out.close(), says.close()
    try:
        kind, thing = hears.recv()
    except EOFError:
        kind, thing = "error", RuntimeError("the waiter is gone")
    if kind == "error":
        for _ in range(1000):
            room.release()
    waiter.join()
    cook.join()
    if kind == "error":
        raise thing
"""

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
        planted(BY_HAND, "    waiter.join()\n", "    waiter.terminate()\n    waiter.join()\n"),
        "was not finished: it was cut",
    ),
    "processes left": (
        planted(BY_HAND, "    stop.set()\n", "    if error is not None:\n        raise error\n    stop.set()\n"),
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
    "raising goes unseen": (
        planted(BY_HAND, "        wire.send(error)", "        pass"),
        "whose transform raises must tell",
    ),
    "served again when it stops": (
        planted(
            BY_HAND,
            "            sink(dish[0])\n",
            "            sink(dish[0])\n            if stop.is_set():\n                sink(dish[0])\n",
        ),
        "the sink must get each result once",
    ),
    "waits for the end of a pipe that it holds itself": (
        planted(
            WAITER,
            "        theirs.close()\n",
            "        self.theirs = theirs\n",
            " + [s.process.sentinel for s in stations if s.busy]",
            "",
        ),
        "whose transform is killed must tell",
    ),
    "a pool whose owner is killed": (POOL_INSIDE, "whose source is killed must tell"),
    "its own Burnt": (
        planted(
            BY_HAND,
            "def staged(stage",
            "class Burnt(Exception): ...\n\ndef staged(stage",
            "wire.send(error)",
            "wire.send(Burnt(str(error)))",
        ),
        "raise the stage's own Burnt, and it raised another one",
    ),
    "gives up after a while": (
        planted(
            BY_HAND,
            "import multiprocessing\n",
            "import multiprocessing, time\n",
            "    alive = dict(crew)\n",
            "    alive, latest = dict(crew), time.monotonic() + 1.0\n",
            "wait(list(alive)):\n",
            "wait(list(alive), 0.1):\n",
            "    while alive and error is None:\n",
            "    while alive and error is None:\n        if time.monotonic() > latest:\n"
            "            error = RuntimeError('it takes too long')\n",
        ),
        "It raises RuntimeError: it takes too long",
    ),
    "nobody waits for the sink": (planted(BY_HAND, "    waiter.join()\n", ""), "or nobody waited for it"),
}

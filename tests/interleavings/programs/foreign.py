"""What no explorer of visible steps can judge: it has to say so, by name, and never that it holds."""

import asyncio
import ctypes
import functools
import os
import signal
import socket
import subprocess
import sys
import threading
import types
from multiprocessing import Process
from threading import Lock

import numpy

from .helper import Box, Unlocked, in_threads
from .table import never_holds, unfinished

# -- async code


@unfinished(reason="async", traced=False)
def async_code():
    till = Box()

    async def sell():
        value = till.value
        await asyncio.sleep(0)
        till.value = value + 1

    async def both():
        await asyncio.gather(sell(), sell())

    asyncio.run(both())
    assert till.value <= 2


@unfinished(reason="async", traced=False)
def async_code_in_a_thread():
    async def sell():
        await asyncio.sleep(0)

    in_threads(lambda: asyncio.run(sell()))


# -- code that has no source

_LATE = {}
exec("def sell(till):\n    till.value += 1\n", _LATE)  # noqa: S102


# Both threads do all in code that nobody can read.
@never_holds(traced=False)
def function_without_source():
    till = Box()
    in_threads(lambda: _LATE["sell"](till), lambda: _LATE["sell"](till))
    assert till.value == 2


@unfinished(traced=False)
def function_without_source_locked():
    till, lock = Box(), Lock()

    def sell():
        with lock:
            _LATE["sell"](till)

    in_threads(sell, sell)
    assert till.value == 2


@never_holds(traced=False)
def exec_in_the_thread():
    till = Box()

    def sell():
        exec("till.value += 1", {"till": till})  # noqa: S102

    in_threads(sell, sell)
    assert till.value == 2


@unfinished(reason="exec", traced=False)
def exec_in_the_thread_locked():
    till, lock = Box(), Lock()

    def sell():
        with lock:
            exec("till.value += 1", {"till": till})  # noqa: S102

    in_threads(sell, sell)
    assert till.value == 2


@never_holds(traced=False)
def eval_in_the_thread():
    till = Box()

    def sell():
        till.value = eval("till.value", {"till": till}) + 1  # noqa: S307

    in_threads(sell, sell)
    assert till.value == 2


@unfinished(reason="eval", traced=False)
def eval_in_the_thread_locked():
    till, lock = Box(), Lock()

    def sell():
        with lock:
            till.value = eval("till.value", {"till": till}) + 1  # noqa: S307

    in_threads(sell, sell)
    assert till.value == 2


@never_holds(traced=False)
def compiled_in_the_thread():
    till = Box()

    def sell():
        names = {"till": till}
        code = compile("till.value += 1", "nowhere", "exec")
        types.FunctionType(code, names)()

    in_threads(sell, sell)
    assert till.value == 2


def _sell_elsewhere():
    return None


# Its source is there, but it is not what runs.
_sell_elsewhere.__code__ = compile("def f():\n  total[0] += 1\n", "<nowhere>", "exec").co_consts[0]
total = [0]


@never_holds(traced=False, ends=False)
def function_whose_source_is_another_one():
    total[0] = 0
    in_threads(_sell_elsewhere, _sell_elsewhere)
    assert total[0] == 2


# -- arrays

def _array_shared(guard):
    totals = numpy.zeros(1, dtype=int)

    def sell():
        with guard:
            totals[0] = totals[0] + 1

    in_threads(sell, sell)
    assert totals[0] == 2


@never_holds()
def array_item():
    _array_shared(Unlocked())


@never_holds()
def array_changed_by_a_call():
    totals = numpy.zeros(1, dtype=int)

    def sell():
        seen = int(totals.sum())
        totals.fill(seen + 1)

    in_threads(sell, sell)
    assert totals[0] == 2


@never_holds()
def array_changed_through_a_view():
    totals = numpy.zeros(2, dtype=int)
    left = totals[:1]

    def sell():
        left[0] = totals[0] + 1

    in_threads(sell, sell)
    assert totals[0] == 2


@never_holds()
def array_given_to_a_function():
    totals = numpy.zeros(1, dtype=int)

    def sell():
        seen = numpy.add(totals, 1)
        numpy.copyto(totals, seen)

    in_threads(sell, sell)
    assert totals[0] == 2


@never_holds()
def array_given_as_out():
    totals = numpy.zeros(1, dtype=int)

    def sell():
        seen = totals + 1
        numpy.multiply(seen, 1, out=totals)

    in_threads(sell, sell)
    assert totals[0] == 2


# -- C code that keeps what it is given, or calls back

class _Reading:
    """Its __index__ reads shared state, whoever asks for it."""

    def __init__(self, till):
        self.till = till

    def __index__(self):
        return self.till.value


@never_holds()
def index_called_by_range():
    till = Box()

    def sell():
        till.value = len(range(_Reading(till))) + 1

    in_threads(sell, sell)
    assert till.value == 2


@never_holds()
def cmp_to_key():
    till, seen = Box(), []

    def compare(left, right):
        seen.append(till.value)
        return left - right

    def tidy():
        sorted([3, 1, 2], key=functools.cmp_to_key(compare))

    def sell():
        till.value = 1

    in_threads(tidy, sell)
    assert len(set(seen)) == 1


@never_holds(traced=False)
def regular_expression_that_calls_back():
    import re

    till, seen = Box(), []

    def replace(match):
        seen.append(till.value)
        return "x"

    def work():
        re.sub("a", replace, "aaa")

    def sell():
        till.value = 1

    in_threads(work, sell)
    assert len(set(seen)) == 1


@never_holds(traced=False)
def json_that_calls_back():
    import json

    till, seen = Box(), []

    def default(thing):
        seen.append(till.value)
        return 1

    def work():
        json.dumps([object(), object()], default=default)

    def sell():
        till.value = 1

    in_threads(work, sell)
    assert len(set(seen)) == 1


@never_holds(traced=False)
def weak_reference_that_calls_back():
    import weakref

    class Dish:
        pass

    till = Box()

    def work():
        dish = Dish()

        def gone(reference):
            till.value += 1

        kept = weakref.ref(dish, gone)
        del dish
        assert kept() is None

    in_threads(work, work)
    assert till.value == 2


@never_holds(traced=False)
def finalizer_that_sells():
    till = Box()

    class Dish:
        def __del__(self):
            till.value += 1

    def work():
        Dish()

    in_threads(work, work)
    assert till.value == 2


@never_holds(traced=False)
def trace_function_that_sells():
    till = Box()

    def trace(frame, event, arg):
        till.value += 1

    def work():
        sys.setprofile(trace)
        sys.setprofile(None)

    in_threads(work, work)
    assert till.value == 0


@unfinished(traced=False, ends=False)
def ctypes_memory():
    memory = ctypes.c_int(0)

    def sell():
        memory.value = memory.value + 1

    in_threads(sell, sell)
    assert memory.value in (1, 2)


@unfinished(traced=False, ends=False)
def ctypes_pointer():
    memory = (ctypes.c_int * 1)()
    pointer = ctypes.cast(memory, ctypes.POINTER(ctypes.c_int))

    def sell():
        pointer[0] = memory[0] + 1

    in_threads(sell, sell)
    assert memory[0] in (1, 2)


# -- other processes, the network, signals

@unfinished(reason="fork", traced=False, ends=False)
def forked():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


@unfinished(reason="fork", traced=False, ends=False)
def forked_in_a_thread():
    def work():
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)

    in_threads(work)


@unfinished(reason="subprocess", traced=False, ends=False)
def process_started():
    subprocess.run([sys.executable, "-c", ""], check=True)


@unfinished(traced=False, ends=False)
def process_of_multiprocessing():
    process = Process(target=print)
    process.start()
    process.join()


@unfinished(reason="socket", traced=False, ends=False)
def sockets():
    left, right = socket.socketpair()

    def serve():
        right.recv(1)
        right.close()

    thread = threading.Thread(target=serve)
    thread.start()
    left.send(b"x")
    thread.join()
    left.close()


@unfinished(traced=False, ends=False)
def pipes():
    reading, writing = os.pipe()

    def serve():
        os.read(reading, 1)

    thread = threading.Thread(target=serve)
    thread.start()
    os.write(writing, b"x")
    thread.join()
    os.close(reading)
    os.close(writing)


@unfinished(traced=False, ends=False)
def signals():
    rung = []
    signal.signal(signal.SIGUSR1, lambda number, frame: rung.append(1))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)


# -- threads that are started by another door

@never_holds(traced=False, ends=False)
def thread_of_the_low_level_module():
    import _thread

    till, done = Box(), threading.Semaphore(0)

    def sell():
        till.value += 1
        done.release()

    _thread.start_new_thread(sell, ())
    _thread.start_new_thread(sell, ())
    done.acquire()
    done.acquire()
    assert till.value == 2


@never_holds(traced=False)
def lock_of_the_low_level_module_on_one_side_only():
    import _thread

    till, lock = Box(), _thread.allocate_lock()

    def careful():
        with lock:
            till.value += 1

    def careless():
        till.value += 1

    in_threads(careful, careless)
    assert till.value == 2


@never_holds(traced=False, ends=False)
def pool_of_multiprocessing_threads():
    from multiprocessing.pool import ThreadPool

    till = Box()

    def sell(number):
        till.value += 1

    with ThreadPool(2) as pool:
        pool.map(sell, [1, 2])
    assert till.value == 2


@never_holds(traced=False, ends=False)
def memory_of_multiprocessing():
    from multiprocessing import Value

    till = Value("i", 0)

    def sell():
        till.value += 1

    in_threads(sell, sell)
    assert till.value == 2


# -- files, which are shared too

@never_holds(traced=False, ends=False)
def file_read_and_written():
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "till")
        with open(path, "w") as file:
            file.write("0")

        def sell():
            with open(path) as file:
                value = int(file.read() or 0)
            with open(path, "w") as file:
                file.write(str(value + 1))

        in_threads(sell, sell)
        with open(path) as file:
            assert file.read() == "2"


@never_holds(traced=False, ends=False)
def environment_read_and_written():
    os.environ["KITCHEN_TILL"] = "0"

    def sell():
        os.environ["KITCHEN_TILL"] = str(int(os.environ["KITCHEN_TILL"]) + 1)

    in_threads(sell, sell)
    assert os.environ.pop("KITCHEN_TILL") == "2"


@never_holds(traced=False)
def text_in_memory():
    import io

    page = io.StringIO()

    def write():
        seen = len(page.getvalue())
        page.seek(0)
        page.write("x" * (seen + 1))

    in_threads(write, write)
    assert len(page.getvalue()) == 2


@never_holds(traced=False)
def database_in_memory():
    import sqlite3

    kitchen = sqlite3.connect(":memory:", check_same_thread=False)
    kitchen.execute("create table till (value integer)")
    kitchen.execute("insert into till values (0)")

    def sell():
        (value,) = kitchen.execute("select value from till").fetchone()
        kitchen.execute("update till set value = ?", (value + 1,))

    in_threads(sell, sell)
    (value,) = kitchen.execute("select value from till").fetchone()
    assert value == 2


@never_holds(traced=False)
def context_variable_of_a_shared_context():
    import contextvars

    till = contextvars.ContextVar("till", default=Box())

    def sell():
        till.get().value += 1

    in_threads(sell, sell)
    assert till.get().value == 2

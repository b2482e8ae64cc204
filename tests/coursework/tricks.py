"""Hostile answers to a2.q1, the till: each would like its points without having earned them, or to do harm.

TRICKS: name -> (source, the verdicts that it may get). What is told beforehand by its line is "refused"; the rest is run.
"""

from __future__ import annotations

RACY = '''
class Till:
    def __init__(self, balance=0):
        self.balance = balance
    def sell(self, amount):
        if not amount > 0:
            raise ValueError("positive")
        self.balance += amount
    def refund(self, amount):
        if not amount > 0:
            raise ValueError("positive")
        if self.balance < amount:
            return False
        self.balance -= amount
        return True
'''


def inside(trick: str) -> str:
    """The racy till, with a trick that is done when it is first made, in the midst of the check."""
    body = "\n".join("        " + line for line in trick.strip().splitlines())
    return RACY.replace("        self.balance = balance\n", f"        self.balance = balance\n{body}\n")


def with_lock(trick: str) -> str:
    """The same, with a lock that is held."""
    return inside(f"import threading\nl = threading.Lock()\nl.acquire()\n{trick}")


def before(trick: str) -> str:
    """The racy till, with a trick that is done when its cell is run."""
    return f"{trick.strip()}\n{RACY}"


WRONG, REFUSED, LIMIT = {"wrong"}, {"refused"}, {"time limit"}
HARMLESS = {"wrong", "unfinished", "died", "missing"}

_ALWAYS = """
class Always{base}:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return False
    def __gt__(self, other): return True
    def __le__(self, other): return True
    def __ge__(self, other): return True
    def __bool__(self): return True
    def __hash__(self): return 1
    def __add__(self, other): return self
    def __sub__(self, other): return self
    def __iadd__(self, other): return self
    def __isub__(self, other): return self
    def __radd__(self, other): return self
    def __repr__(self): return "3"
"""


def always(base: str) -> str:
    return _ALWAYS.format(base=base) + RACY.replace("self.balance = balance", "self.balance = Always()")


def kept_by(make: str, get: str, put: str) -> str:
    """A racy till whose balance is in something that is no list and no attribute of its own."""
    return (
        RACY.replace("self.balance = balance", make)
        .replace("self.balance += amount", put.format(f"{get} + amount"))
        .replace("self.balance -= amount", put.format(f"{get} - amount"))
        .replace("self.balance <", f"{get} <")
        + f"    @property\n    def balance(self):\n        return {get}\n"
    )


TRICKS: dict[str, tuple[str, set[str]]] = {
    # -- objects that lie -------------------------------------------------------------------------------------------
    "a balance that equals everything": (always(""), WRONG),
    "an int that equals everything": (always("(int)"), WRONG),
    "a float that equals everything": (always("(float)"), WRONG),
    "a Decimal that equals everything": ("import decimal\n" + always("(decimal.Decimal)"), WRONG),
    "a class that says it is another": (always("").replace("def __bool__", "__class__ = int\n    def __bool__"), REFUSED),
    "a refund that is true to everybody": (
        always("") + RACY.replace("return False", "return Always()").replace("return True", "return Always()"),
        WRONG,
    ),
    "a till that equals everything": (
        RACY + "    def __eq__(self, other): return True\n    def __hash__(self): return 0\n",
        WRONG,
    ),
    "a till that is a mock": (
        "class Till:\n    balance = 3\n    def __init__(self, *a, **k): pass\n"
        "    def __getattr__(self, name): return lambda *a, **k: True\n",
        WRONG,
    ),
    "its own ValueError": ("class ValueError(Exception): pass\n" + RACY, WRONG),
    "something else than a class": ("Till = 3", HARMLESS),
    "no class at all": ("Till = None", HARMLESS),
    "a balance that is kept by an exception": (
        kept_by("self.kept = Exception(balance)", "self.kept.args[0]", "self.kept.args = ({},)"),
        WRONG,
    ),
    "a balance that is kept by a context": (
        "import decimal\n" + kept_by("self.kept = decimal.Context(prec=balance + 1)", "self.kept.prec - 1", "self.kept.prec = {} + 1"),
        HARMLESS,
    ),
    "a balance that is kept by a logger": (
        "import logging\n"
        + kept_by(
            "self.kept = logging.getLogger(str(id(self)))\n        self.kept.setLevel(balance)",
            "self.kept.level",
            "self.kept.setLevel({})",
        ),
        HARMLESS,
    ),
    # -- leaving ----------------------------------------------------------------------------------------------------
    "os._exit": (inside("import os\nos._exit(0)"), REFUSED),
    "sys.exit in the cell": (before("import sys\nsys.exit(0)"), WRONG),
    "sys.exit in a method": (inside("import sys\nsys.exit(0)"), WRONG),
    "SystemExit with a verdict": (inside('raise SystemExit(\'{"status": "right"}\')'), WRONG),
    "GeneratorExit": (inside("raise GeneratorExit"), HARMLESS),
    "KeyboardInterrupt": (inside("raise KeyboardInterrupt"), HARMLESS),
    "an exception of its own from BaseException": (
        before("class Gone(BaseException):\n    pass") + inside("raise Gone"),
        HARMLESS,
    ),
    "killing itself": (before("import os\nos.kill(os.getpid(), 9)"), {"died"}),
    "somebody who thinks that it is the check": (
        before(
            "import multiprocessing, os\nclass Clone(multiprocessing.get_context('fork').Process):\n"
            "    def _bootstrap(self, **_): return 'no number'\nhere, clone = os.getpid(), Clone()\n"
            "try: clone.start()\nexcept TypeError: raise SystemExit('another verdict')\nclone.join()"
        ),
        WRONG,
    ),
    "killing its parent": (before("import os\nos.kill(os.getppid(), 9)"), HARMLESS),
    "killing everybody": (before("import os\nos.kill(-1, 9)"), {"died", "wrong"}),
    "stopping itself": (before("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"), LIMIT),
    "a stack that overflows": (inside("def deeper(n): return deeper(n + 1) + 1\ndeeper(0)"), HARMLESS),
    "an exception that raises when it is printed": (
        before("class Odd(Exception):\n    def __str__(self): raise SystemExit(0)\n    __repr__ = __str__")
        + inside("raise Odd"),
        HARMLESS,
    ),
    # -- endless ----------------------------------------------------------------------------------------------------
    "an endless loop in the cell": (before("while True: pass"), LIMIT),
    "an endless loop that swallows interrupts": (
        before("while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
        LIMIT,
    ),
    "an endless loop in a method": (inside("while True: pass"), HARMLESS),
    "an endless wait": (inside("import threading\nthreading.Event().wait()"), WRONG),
    "an endless power": (before("x = 10\nx ** x ** x"), LIMIT),
    "a regular expression that never ends": (before("import re\nre.match('(a+)+$', 'a' * 60 + 'b')"), LIMIT),
    "an endless sum": (inside("import itertools\nsum(itertools.count())"), HARMLESS | LIMIT),
    "sleeping for ever": (before("import time\ntime.sleep(10 ** 6)"), LIMIT),
    # -- floods -----------------------------------------------------------------------------------------------------
    "a flood of output": (before("while True: print('x' * 100_000)"), LIMIT),
    "a flood of memory": (before("x = [0]\nwhile True: x += x"), WRONG | LIMIT),
    "one large block of memory": (before("x = bytearray(10 ** 12)"), WRONG),
    "memory of many processes": (
        before(
            "import multiprocessing, time\n"
            "def eat():\n    x = bytearray(10 ** 9)\n    for i in range(0, 10 ** 9, 4096): x[i] = 1\n    time.sleep(60)\n"
            "for _ in range(8): multiprocessing.get_context('fork').Process(target=eat).start()\ntime.sleep(60)"
        ),
        {"died"} | LIMIT,
    ),
    "a flood of processes": (
        before(
            "import multiprocessing, time\n"
            "def more():\n    while True: multiprocessing.get_context('fork').Process(target=more).start()\nmore()"
        ),
        HARMLESS | LIMIT,
    ),
    "a flood of threads": (
        before("import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(99,)).start()"),
        HARMLESS,
    ),
    "a number without end in its text": (inside("raise ValueError('9' * 10 ** 7)"), HARMLESS),
    "a cell without end": ("x = 1\n" * 100_000 + RACY, REFUSED),
    "brackets without end": ("(" * 5_000 + ")" * 5_000 + RACY, {"refused", "wrong"}),
    "signs without end": ("x = " + "-" * 50_000 + "1\n" + RACY, {"refused", "wrong", "died"}),
    "a sum without end": ("x = " + "+".join(["1"] * 40_000) + "\n" + RACY, {"refused", "wrong", "died"}),
    # -- outliving --------------------------------------------------------------------------------------------------
    "a thread that outlives": (before("import threading, time\nthreading.Thread(target=time.sleep, args=(999,)).start()"), WRONG),
    "a daemon process that outlives": (
        before("import multiprocessing, time\nmultiprocessing.get_context('fork').Process(target=time.sleep, args=(999,)).start()"),
        WRONG,
    ),
    "something to do at the end": (before("import weakref\nclass X: pass\nx = X()\nweakref.finalize(x, print, 'right')"), WRONG),
    "atexit": (before("import atexit\natexit.register(print)"), REFUSED),
    # -- forging ----------------------------------------------------------------------------------------------------
    "a verdict on standard output": (before('print(\'{"question": "a2.q1", "status": "right", "message": "", "share": 1}\')'), WRONG),
    "a verdict on every pipe": (
        before(
            "import multiprocessing\nr, w = multiprocessing.Pipe(duplex=False)\nkeep = []\n"
            "for n in range(3, 64):\n    try:\n        c = type(w)(n, readable=False)\n        keep.append(c)\n"
            "        c.send_bytes(b'0' * 64 + b'\\n{\"status\": \"right\"}\\n')\n    except Exception: pass"
        ),
        WRONG,
    ),
    "a verdict from the package": (before("from kitchen_helpers.coursework import Verdict\nVerdict('right', '')"), WRONG),
    "the package under its feet": (before("import kitchen_helpers.coursework.a2 as a2\na2.check_till = 1"), REFUSED),
    "an exploration that always holds": (before("import kitchen_helpers as kh\nkh.explore.holds = True"), REFUSED),
    # -- changing what is not its own -------------------------------------------------------------------------------
    "another Thread.start": (before("import threading\nthreading.Thread.start = lambda self: None"), REFUSED),
    "another Thread.start under a name": (before("import threading\nT = threading.Thread\nT.start = lambda self: None"), WRONG),
    "another Thread.start, by setattr": (
        before("import threading\nT = threading.Thread\nsetattr(T, 'start', lambda self: None)"),
        WRONG,
    ),
    "another Thread": (before("import threading\nthreading.Thread = object"), REFUSED),
    "another sleep": (before("import time\ntime.sleep = lambda s: None"), REFUSED),
    "another Queue.get": (before("from queue import Queue\nfor q in [Queue]: q.get = None"), WRONG),
    "another isinstance": (before("import builtins\nbuiltins.isinstance = lambda *a: True"), REFUSED),
    "other builtins": (before("__builtins__['sorted'] = lambda *a, **k: ['False', 'True']"), REFUSED),
    "its own builtins": (before("sorted = lambda *a, **k: ['False', 'True']\nisinstance = lambda *a: True"), WRONG),
    "another globals": (before("globals()['__builtins__'].clear()"), REFUSED),
    # -- ways into the interpreter ----------------------------------------------------------------------------------
    "subclasses": (before("().__class__.__base__.__subclasses__()"), REFUSED),
    "globals of a function": (before("def f(): pass\nf.__globals__"), REFUSED),
    "a computed name": (before("def f(): pass\ngetattr(f, '__glo' + 'bals__')"), REFUSED),
    "getattr under another name": (before("look = getattr\nlook(1, 'real')"), REFUSED),
    "getattr with arguments from a list": (before("getattr(*[print, '__self__'])"), REFUSED),
    "a written-out forbidden name": (before("getattr(print, '__self__')"), REFUSED),
    "attrgetter": (before("from operator import attrgetter\nattrgetter('gi_' + 'frame')"), REFUSED),
    "attrgetter under another name": (before("from operator import attrgetter as look"), REFUSED),
    "a dunder in other letters": (before("def f(): pass\nf.__ｇlobals__"), REFUSED),
    "a traceback's frame": (inside("try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame.f_back"), REFUSED),
    "a generator's frame": (inside("g = (x for x in ())\ng.gi_frame.f_back"), REFUSED),
    "sys._getframe": (inside("import sys\nsys._getframe(1).f_locals"), REFUSED),
    "a frame in a pattern": (inside("match self:\n    case object(f_back=x): pass"), REFUSED),
    "names for patterns": (before("class P:\n    __match_args__ = ('f_back',)"), REFUSED),
    "names for patterns, from a namedtuple": (
        before("from collections import namedtuple\nP = namedtuple('P', ['f_' + 'back'])"),
        REFUSED,
    ),
    "a class without a class statement": (before("X = type('X', (), {'__match' + '_args__': ('f_back',)})"), REFUSED),
    "type under another name": (before("make = type\nmake('X', (), {})"), REFUSED),
    "a metaclass": (before("class Meta(type):\n    def __instancecheck__(cls, x): return True"), REFUSED),
    "format": (before("def f(): pass\n'{0.__globals__[Till]}'.format(f)"), WRONG),
    "type hints that are run": (before("import typing\ntyping.get_type_hints(print)"), REFUSED),
    "an enum that moves in": (before("import enum\nenum.IntEnum._convert_('X', 'kitchen_helpers.coursework.a2', bool)"), REFUSED),
    "global_enum": (before("from enum import global_enum"), REFUSED),
    "wraps that copies more": (
        before("import functools\nclass C:\n    pass\nfunctools.wraps(print, assigned=('__se' + 'lf__',), updated=())(C())"),
        WRONG,
    ),
    "update_wrapper": (before("import functools\nfunctools.update_wrapper"), REFUSED),
    "copying with a state": (before("class C:\n    def __reduce_ex__(self, p): return print, ()"), REFUSED),
    "setting by a computed name": (before("class C: pass\nobject.__setattr__(C(), '__cla' + 'ss__', int)"), REFUSED),
    "a module in a context": (before("import multiprocessing\nmultiprocessing.get_context('fork').reducer.sys"), REFUSED),
    "a private part of a module": (before("import threading\nthreading._sys.modules"), REFUSED),
    "a private part, of a module under a name": (before("import threading\nfor m in [threading]: m._sys.modules"), WRONG),
    "a module inside a module": (before("import asyncio\nfor m in [asyncio]: m.events.sys"), WRONG),
    # -- ways into the explorer: these made a racy till "hold" after its first schedule, once --------------------------
    "the thread that a lock knows": (with_lock("l.acting().run.strategy.advance = lambda: False"), REFUSED),
    "the thread that steps": (with_lock("l.step('', ())[0].run.strategy.advance = lambda: False"), HARMLESS),
    "the owner of a lock": (with_lock("l.owner.run.strategy.advance = lambda: False"), HARMLESS),
    "the owner, seen through a proxy": (
        with_lock("import weakref\nweakref.proxy(l).owner.run.strategy.advance = lambda: False"),
        HARMLESS,
    ),
    "the owner, by getattr": (with_lock("getattr(l, 'owner').run.strategy.advance = lambda: False"), HARMLESS),
    "the owner, by attrgetter": (
        with_lock("import operator\noperator.attrgetter('owner')(l).run.strategy.advance = lambda: False"),
        REFUSED,
    ),
    "the owner, in a pattern": (
        with_lock("match l:\n    case object(owner=o): o.run.strategy.advance = lambda: False"),
        REFUSED,
    ),
    "the threads of the explorer": (
        inside("import threading\nfor t in threading.enumerate():\n    t._target, t._args = None, ()"),
        HARMLESS,
    ),
    "swallowing the end of a run": (
        inside("import threading\nwhile True:\n    try: threading.Event().wait()\n    except BaseException: pass"),
        HARMLESS | LIMIT,
    ),
    "running for itself": (inside("import kitchen_helpers as kh\nkh.explore(lambda: None)\nkh.check('a2.q1', Till)"), WRONG),
    # -- ways into the event loop of a check ------------------------------------------------------------------------
    "its own event loops": (before("import asyncio\nasyncio.set_event_loop_policy(None)"), REFUSED),
    "the policy's own event loops": (before("import asyncio\nasyncio.get_event_loop_policy()._loop_factory = print"), REFUSED),
    "no running loop": (before("import asyncio\nasyncio._set_running_loop(None)"), REFUSED),
    "the future for which a check waits": (before("import asyncio\nasyncio.current_task()._fut_waiter.set_result(1)"), REFUSED),
    # -- modules that it may not have -------------------------------------------------------------------------------
    **{
        f"import {name}": (before(f"import {name}"), REFUSED)
        for name in (
            *("ctypes", "gc", "subprocess", "sqlite3", "importlib", "builtins", "shutil", "pathlib", "pty", "_thread"),
            *("nbgrader", "pickletools", "code", "runpy", "faulthandler", "resource", "mmap", "os.path", "__main__", "answer"),
        )
    },
    "a relative import": (before("from . import a2"), REFUSED),
    "__import__": (before("__import__('os').system('true')"), REFUSED),
    "eval": (before("eval('1')"), REFUSED),
    "exec in a list": (before("for f in [exec]: f('1')"), REFUSED),
    "open": (inside("open('/etc/passwd').read()"), REFUSED),
    "a file to log to": (before("import logging\nlogging.FileHandler('/tmp/x')"), REFUSED),
    "a shell": (before("import asyncio\nasyncio.run(asyncio.create_subprocess_shell('true'))"), REFUSED),
    "a shell from the loop": (
        before("import asyncio\nasync def f(loop): await loop.subprocess_shell(asyncio.Protocol, 'true')"),
        REFUSED,
    ),
    "a socket": (before("import socket\nsocket.create_connection(('example.org', 80))"), REFUSED),
    "a connection to the outside": (
        before("import asyncio\nasyncio.run(asyncio.wait_for(asyncio.open_connection('1.1.1.1', 80), 2))"),
        WRONG,
    ),
    "a trace of all threads": (before("import threading\nthreading.settrace(print)"), REFUSED),
    "a signal handler": (before("import signal\nsignal.signal(signal.SIGALRM, lambda *a: None)"), WRONG),
    "pickle.loads": (before("import pickle\npickle.loads(b'cos\\nsystem\\n.')"), REFUSED),
    # -- what only a notebook would take ----------------------------------------------------------------------------
    "an input transformer": (before("get_ipython().input_transformers_post.append(lambda lines: [])"), WRONG),
    "a shell command": (before("!cat /etc/passwd"), WRONG),
    "a magic": (before("%run /etc/passwd"), WRONG),
    "a null byte": (before("x = '\0'"), WRONG),
    "another encoding": (before("# -*- coding: rot13 -*-"), WRONG),
    "a lone surrogate": (before("x = '\ud800'"), HARMLESS),
    "no Python": ("class Till:\n  def sell(self:", WRONG),
}

# Hostile answers to a1.q2, which runs in the event loop of its check: a loop whose clock or whose tasks are its own.
LOOP_TRICKS = {
    what: f"""
import asyncio
async def run_async(async_task, items, limit):
    loop = asyncio.get_running_loop()
    {what} = lambda *a, **k: 0
    return [None for item in items]
"""
    for what in ("loop.time", "loop.create_task", "loop.call_soon", "loop.run_until_complete")
}

# -- a5: answers that share an event loop with their check --------------------------------------------------------------

_ALWAYS_200 = r"""
import asyncio
async def handle(reader, writer):
    {trick}
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    writer.close()
"""
_ONE_BY_ONE = """
import asyncio, time
async def fetch_all(fetch, urls, limit, deadline):
    loop = asyncio.get_running_loop()
    {trick}
    return [await fetch(url) for url in urls]
"""
# Fetches far too many orders, and is right otherwise.
_GREEDY = """
import asyncio
{before}
async def kitchen(orders, cook, workers, queue_size):
    loop = asyncio.get_running_loop()
    {trick}
    places, dishes = asyncio.Semaphore(workers), []
    async def one(number, order):
        async with places:
            dishes[number] = await cook(order)
    try:
        async with asyncio.TaskGroup() as group:
            if hasattr(orders, "__aiter__"):
                orders = [order async for order in orders]
            for number, order in enumerate(orders):
                dishes.append(None)
                group.create_task(one(number, order))
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0]
    return dishes
"""


def at_the_door(trick: str) -> tuple[str, str]:
    return "a5.q1", _ALWAYS_200.replace("{trick}", trick.strip().replace("\n", "\n    "))


def among_prices(trick: str) -> tuple[str, str]:
    return "a5.q2", _ONE_BY_ONE.replace("{trick}", trick.strip().replace("\n", "\n    "))


def in_the_kitchen(trick: str, before: str = "") -> tuple[str, str]:
    return "a5.q3", _GREEDY.replace("{trick}", trick.strip().replace("\n", "\n    ")).replace("{before}", before)


# Right, but for what is done first, and what is done when one fails.
_IN_PARALLEL = """
import asyncio
{before}
async def run_async(async_task, items, limit):
    {trick}
    free = asyncio.Semaphore(limit)
    async def one(item):
        async with free:
            return await async_task(item)
    tasks = [asyncio.ensure_future(one(item)) for item in items]
    try:
        return list(await asyncio.gather(*tasks))
    except Exception:
        {ending}
        raise
"""
_CANCELS = "for task in tasks: task.cancel()\nawait asyncio.gather(*tasks, return_exceptions=True)"


def in_parallel(ending: str, before: str = "", trick: str = "pass") -> tuple[str, str]:
    filled = _IN_PARALLEL.replace("{ending}", ending.replace("\n", "\n        ")).replace("{before}", before)
    return "a1.q2", filled.replace("{trick}", trick)


ASYNC_TRICKS: dict[str, tuple[tuple[str, str], set[str]]] = {
    # -- the time ---------------------------------------------------------------------------------------------------
    "a loop without time": (among_prices("loop.time = lambda: 0"), WRONG),
    "a class of loops without time": (among_prices("type(loop).time = lambda self: 0"), WRONG),
    "a module without time": (among_prices("time.monotonic = lambda: 0"), REFUSED),
    "a module without time, under a name": (among_prices("for m in [time]: m.monotonic = m.sleep = lambda *a: 0"), WRONG),
    "a sleep that blocks": (among_prices("time.sleep(30)"), WRONG),
    "a sleep without asyncio's": (among_prices("asyncio.sleep = lambda *a: None"), REFUSED),
    # -- the loop ---------------------------------------------------------------------------------------------------
    "a loop that is stopped": (among_prices("loop.stop()"), WRONG),
    "a loop that is stopped again and again": (
        among_prices("def stop():\n    loop.stop()\n    loop.call_soon(stop)\nstop()\nawait asyncio.sleep(1)"),
        WRONG,
    ),
    "a loop that is closed": (among_prices("loop._thread_id = None\nloop.close()"), WRONG),
    "no more turns": (among_prices("loop._stopping = True\nawait asyncio.sleep(1)"), WRONG),
    "the timers of the loop": (
        in_the_kitchen("for handle in loop._scheduled: handle.cancel()", "_scheduled = 1"),
        WRONG,
    ),
    "what the timers of the loop know": (
        in_the_kitchen("for handle in loop._scheduled:\n    for part in handle._args or (): part.clear()", "_scheduled = 1"),
        WRONG,
    ),
    "the selector of the loop": (in_the_kitchen("loop._selector._to_come = []\nloop._selector.now = 99", "_selector = 1"), WRONG),
    "timers whose time has come": (
        in_the_kitchen("def hurry():\n    for h in loop._scheduled: h._when = 0\n    loop.call_soon(hurry)\nhurry()", "_scheduled = 1"),
        WRONG,
    ),
    "a clock that is not exact": (in_the_kitchen("loop._clock_resolution = 1e9"), WRONG),
    "a nap until nobody looks": (in_the_kitchen("await asyncio.sleep(25)"), WRONG),
    "a selector that is asked until nobody looks": (
        in_the_kitchen("for _ in range(50): loop._selector.select(0.5)", "_selector = 1"),
        WRONG,
    ),
    "coroutines that are driven by hand": (
        in_the_kitchen(
            "rightly = cook\ncook = lambda order: by_hand(rightly(order))",
            """
async def by_hand(coroutine):
    while True:
        try: coroutine.send(None).set_result(None)
        except StopIteration as end: return end.value
""",
        ),
        WRONG,
    ),
    "what is ready": (in_the_kitchen("loop._ready.clear()", "_ready = 1"), WRONG),
    "a queue, a barrier and a timeout of its own make": (
        in_the_kitchen("", "async def f(self, *a): return 0\nfor C in [asyncio.Queue, asyncio.Barrier, asyncio.Event]: C.get = C.wait = f"),
        WRONG,
    ),
    "tasks of its own make": (
        in_the_kitchen("loop._task_factory = lambda loop, coro, **k: coro.close() or loop.create_future()"),
        WRONG,
    ),
    "a loop without time, written into it": (
        among_prices(
            "import functools\nno_time = functools.cached_property(lambda self: lambda: 0)\n"
            "no_time.attrname = 'time'\nno_time.__get__(loop)\nobject.__setattr__(loop, 'call_soon', None)"
        ),
        WRONG,
    ),
    "tasks that tidy up too soon": (
        in_parallel(
            "for task in tasks: task.cancel()\n"
            "for _ in range(3): await asyncio.sleep(0)\n"
            "for handle in asyncio.get_running_loop()._scheduled: handle._when = 0\n"
            "for _ in range(5): await asyncio.sleep(0)",
            "_scheduled = 1",
        ),
        WRONG,
    ),
    # -- tasks ------------------------------------------------------------------------------------------------------
    "a task that goes on and says that it is done": (
        in_parallel(
            _CANCELS,
            "async def for_ever():\n    while True: await asyncio.sleep(1)\n"
            "class Done(asyncio.Task):\n    def done(self): return True",
            "Done(for_ever(), loop=asyncio.get_running_loop())",
        ),
        WRONG,
    ),
    "a task that is in nobody's list": (in_parallel(_CANCELS, "", "asyncio._unregister_task(asyncio.current_task())"), REFUSED),
    "the coroutine of the check": (among_prices("for t in asyncio.all_tasks(): t.get_coro().cr_frame.f_locals.clear()"), REFUSED),
    "the frames of all tasks": (among_prices("for t in asyncio.all_tasks(): t.get_stack()"), REFUSED),
    "the coroutine, under a computed name": (
        among_prices("for t in asyncio.all_tasks(): getattr(t, 'get' + '_coro')()"),
        REFUSED,
    ),
    "the coroutine, in a pattern": (among_prices("match fetch('x'):\n    case object(cr_frame=f): f.f_locals.clear()"), REFUSED),
    "what the coroutine function keeps": (among_prices("fetch.__closure__[0].cell_contents.most = 1"), REFUSED),
    "whose method it is": (among_prices("fetch.__self__.gauge.most = 1"), REFUSED),
    "what a format shows of it": (among_prices("return ['{0.cr_frame.f_locals}'.format(fetch(u)) for u in urls]"), WRONG),
    "cancelling everybody": (among_prices("for t in asyncio.all_tasks(): t.cancel()"), WRONG),
    "no cancel, ever": (
        among_prices("while True:\n    try: await asyncio.sleep(1)\n    except BaseException: pass"),
        WRONG,
    ),
    "no cancel, ever, and no turn for anybody": (
        among_prices("while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
        WRONG | LIMIT,
    ),
    "tasks that outlive and say that they are done": (
        (
            "a5.q2",
            """
import asyncio
class Done(asyncio.Task):
    def done(self): return True
    def cancelled(self): return True
    def __eq__(self, other): return True
    def __hash__(self): return 1
async def fetch_all(fetch, urls, limit, deadline):
    urls, results, free = list(urls), {}, asyncio.Semaphore(limit)
    async def one(place, url):
        async with free:
            try: results[place] = await fetch(url)
            except Exception as error: results[place] = error
    tasks = [Done(one(p, u), loop=asyncio.get_running_loop()) for p, u in enumerate(urls)]
    end = asyncio.get_running_loop().time() + deadline
    while len(results) < len(urls) and asyncio.get_running_loop().time() < end: await asyncio.sleep(0.01)
    return [results.get(p, TimeoutError()) for p in range(len(urls))]
""",
        ),
        WRONG,
    ),
    "a thread that outlives its coroutine": (
        among_prices("import threading\nthreading.Thread(target=threading.Event().wait, args=(99,), daemon=True).start()"),
        WRONG,
    ),
    "a thread of the loop that outlives": (
        among_prices("import threading\nloop.run_in_executor(None, threading.Event().wait, 99)"),
        WRONG,
    ),
    "the thread that waits for the loop": (
        among_prices("import threading\nfor t in threading.enumerate():\n    if hasattr(t, '_target') and t._target: t._target()"),
        WRONG,
    ),
    # -- leaving ----------------------------------------------------------------------------------------------------
    **{
        f"{name} in a coroutine": (among_prices(f"raise {name}"), WRONG)
        for name in ("SystemExit(0)", "KeyboardInterrupt", "GeneratorExit", "StopIteration", "asyncio.CancelledError")
    },
    "an exception that does not end when it is printed": (
        ("a5.q1", "class Odd(Exception):\n    def __str__(self):\n        while True: pass\nasync def handle(r, w): raise Odd"),
        LIMIT,
    ),
    "an exception that leaves when it is printed": (
        ("a5.q1", "class Odd(Exception):\n    def __str__(self): raise SystemExit\nasync def handle(r, w): raise Odd"),
        WRONG,
    ),
    "an awaitable that yields anything": (
        ("a5.q1", "class A:\n    def __await__(self): yield 7\ndef handle(r, w): return A()"),
        WRONG,
    ),
    # -- what it returns --------------------------------------------------------------------------------------------
    "results that equal everything": (
        (
            "a5.q2",
            _ALWAYS.format(base="") + "async def fetch_all(fetch, urls, limit, deadline): return [Always() for url in urls]",
        ),
        WRONG,
    ),
    "a list that equals everything": (
        (
            "a5.q3",
            _ALWAYS.format(base="(list)") + "async def kitchen(orders, cook, workers, size): return Always()",
        ),
        WRONG,
    ),
    "errors that say they are another": (
        ("a5.q2", "class E(Exception):\n    __class__ = TimeoutError\nasync def fetch_all(f, urls, l, d): return [E()] * len(urls)"),
        REFUSED,
    ),
    "orders that are cleared": (("a5.q3", "async def kitchen(orders, *a):\n    orders.clear()\n    return []"), WRONG),
    # -- the wire ---------------------------------------------------------------------------------------------------
    "a writer that lies": (at_the_door("writer.close = lambda: None\nwriter.is_closing = lambda: True"), WRONG),
    "a wire that lies": (at_the_door("writer.transport.closed = 1"), WRONG),
    "a class of wires that lies": (at_the_door("type(writer.transport).close = lambda self: None"), WRONG),
    "a writer that is closed twice": (
        at_the_door("writer.close()\nwriter.transport.abort()\nwriter._protocol.connection_lost(None)"),
        WRONG,
    ),
    "a reader that reads for itself": (at_the_door("reader.feed_data(b'GET / HTTP/1.1')\nreader.feed_eof()"), WRONG),
    "who is at the other end": (at_the_door("writer.transport.__class__.__init__.__globals__['_at'].clear()"), REFUSED),
    "a reader of its own class": (at_the_door("type(reader).read = type(reader).readuntil = None"), WRONG),
}

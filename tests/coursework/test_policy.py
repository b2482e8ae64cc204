"""An honest student never meets the policy: what people write in answers to such questions is let through, and runs."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace

import pytest

from kitchen_helpers.coursework import QUESTIONS
from kitchen_helpers.coursework.boxes import run_box
from kitchen_helpers.coursework.loading import load, read
from kitchen_helpers.coursework.offered import MODULES, names_of, offer
from kitchen_helpers.coursework.policy import loose_names

from .classroom import right

TILL = QUESTIONS["a2.q1"]

HONEST = {
    "a dataclass": "from dataclasses import dataclass, field\n@dataclass(order=True)\nclass T:\n    n: int = 0\n"
    "    lock: object = field(default_factory=threading.Lock, repr=False, compare=False)\nT()",
    "private names": "class T:\n    def __init__(self):\n        self.__a, self._b = 1, 2\n    def f(self, other):\n"
    "        return self.__a + other._b\nT().f(T())",
    "a context manager": "from contextlib import contextmanager, ExitStack\n@contextmanager\ndef c():\n    try:\n"
    "        yield 1\n"
    "    finally:\n        pass\nwith ExitStack() as s:\n    s.enter_context(c())",
    "enter and exit by hand": "lock = threading.Lock()\nlock.__enter__()\nlock.__exit__(None, None, None)",
    "a subclass that calls its parent": "class Closed(Exception):\n    def __init__(self, why='closed'):\n"
    "        super().__init__(why)\n        self.why = why\ntry:\n    raise Closed() from None\nexcept Closed as e:\n"
    "    str(e), e.__cause__",
    "names of types": "def f(x: type[int], y: type = int) -> type:\n    return type(x)\n"
    "assert type(3) is int and isinstance(int, type)\n"
    "type(f).__name__, f.__name__, f.__doc__",
    "annotations": "from __future__ import annotations\nfrom typing import Any, Callable, Generic, Optional, TypeVar, Protocol\n"
    "from collections.abc import Iterable\nT = TypeVar('T')\nclass Box(Generic[T]):\n    x: Optional[T] = None\nBox[int]()",
    "getattr with a default": "class A: x = 1\ngetattr(A(), 'x', None), hasattr(A, 'y'), setattr(A, 'z', 2)",
    "sorting by an attribute": "from operator import attrgetter, itemgetter\nclass A:\n    number = 1\n"
    "sorted([A(), A()], key=attrgetter('number'))",
    "a namedtuple": "from collections import namedtuple\nOrder = namedtuple('Order', 'guest dish')\nOrder('Ana', 'soup').dish\n"
    "Two = namedtuple('Two', ['a', 'b'], defaults=[1])",
    "an enum": "from enum import Enum, auto\nclass S(Enum):\n    OPEN = auto()\n    CLOSED = auto()\nS.OPEN.name",
    "an abstract class": "from abc import ABC, ABCMeta, abstractmethod\nclass A(ABC):\n    @abstractmethod\n"
    "    def f(self): ...\n"
    "class B(metaclass=ABCMeta): ...",
    "a decorator": "from functools import wraps, partial, lru_cache, reduce\nimport functools\ndef locked(f):\n    @wraps(f)\n"
    "    def g(*args, **kwargs):\n        return f(*args, **kwargs)\n    return g\n@locked\ndef h(x):\n    'says x'\n"
    "    return x\n"
    "assert h(3) == 3 and h.__doc__ == 'says x'\n@functools.wraps(h)\ndef k(): ...",
    "a match statement": "match ('a', 1):\n    case (str() as name, int(n)) if n:\n        pass\n    case _:\n        pass",
    "a thread of its own class": "class W(threading.Thread):\n    def __init__(self):\n        super().__init__(daemon=True)\n"
    "        self._ready = threading.Event()\n    def run(self):\n        self._ready.set()\nw = W()\nw.start()\nw.join()",
    "futures": "from concurrent.futures import ThreadPoolExecutor, as_completed, wait\nimport concurrent.futures\n"
    "with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:\n    list(as_completed([pool.submit(abs, -1)]))",
    "from concurrent import futures": "from concurrent import futures\nfutures.FIRST_COMPLETED",
    "asyncio": "async def f():\n    async with asyncio.timeout(5), asyncio.TaskGroup() as g:\n"
    "        t = g.create_task(asyncio.sleep(0))\n"
    "    return [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]\nasyncio.run(f())",
    "async streams": "async def handle(reader, writer):\n    try:\n        await asyncio.wait_for(reader.readuntil(b'\\r\\n"
    "\\r\\n'), 2)\n"
    "    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):\n        pass\n    finally:\n"
    "        writer.close()\n        await writer.wait_closed()",
    "http": "from http import HTTPStatus\nHTTPStatus(413).phrase\nimport re, json, urllib.parse\nurllib.parse.urlsplit('/a?b')",
    "processes": "import multiprocessing as mp\nfrom multiprocessing import Process, Queue, Event\n"
    "from multiprocessing.connection import wait\n"
    "context = mp.get_context('spawn')\nmp.cpu_count()\nimport os\nos.cpu_count(), os.getpid()\nctx = mp.get_context\n"
    "ctx('fork').Queue",
    "processes that ignore the stop button": "import signal\ndef initializer():\n"
    "    signal.signal(signal.SIGINT, signal.SIG_IGN)",
    "tracebacks": "import traceback, sys\ntry:\n    1 / 0\nexcept ZeroDivisionError as e:\n    traceback.print_exc()\n"
    "    traceback.format_exception(type(e), e, e.__traceback__)\n    try:\n        raise e.with_traceback(None)\n"
    "    except Exception:\n"
    "        sys.exc_info()",
    "prints": "import sys\nprint('x', file=sys.stderr, flush=True)\nsys.stdout.write('y')\nimport logging\n"
    "logging.basicConfig(level=logging.INFO)\nlog = logging.getLogger(__name__)\nlog.info('x %s', 1)",
    "trying out": "import kitchen_helpers as kh\nfrom kitchen_helpers import explore\nkh.check('a2.q1', 3)\n"
    "assert kh.check('a2.q1', 3).passed\nassert kh.explore(lambda: None).holds\n"
    "for step in explore(print).counterexample or ():\n    print(step)",
    "trying out, without an import": "kh.check('a2.q1', 3)",
    "only when run as a program": "if __name__ == '__main__':\n    print('x')",
    "its own open and input": "class Oven:\n    def open(self): ...\n    def register(self): ...\noven = Oven()\noven.open()\n"
    "oven.register()\n"
    "def f(input, vars=()):\n    return input, vars\ndef eval_(compile): return compile",
    "weak references": "import weakref\nclass A: ...\na = A()\nweakref.ref(a), weakref.WeakKeyDictionary()\n"
    "weakref.finalize(a, print)",
    "frozen": "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass A:\n    x: int = 0\n"
    "    def __post_init__(self):\n"
    "        object.__setattr__(self, 'x', 1)\nclass B:\n    def __setattr__(self, name, value):\n"
    "        super().__setattr__(name, value)\nA(), B()",
    "slots and equality": "class A:\n    __slots__ = ('x', '__weakref__')\n    __hash__ = None\n    def __eq__(self, other):\n"
    "        return isinstance(other, A)\n    __radd__ = __add__ = lambda self, other: 1",
    "closures and globals": "count = 0\ndef f():\n    global count\n    count += 1\n    def g():\n        nonlocal_ = count\n"
    "        return nonlocal_\n"
    "    return g()\nf()",
    "a module-level lock and a cache": "from collections import defaultdict, deque, OrderedDict, Counter\nimport collections\n"
    "locks = defaultdict(threading.Lock)\nlocks['a'], collections.deque(maxlen=3)",
    "copying": "import copy\ncopy.deepcopy([1]), copy.copy({})",
    "dataclasses of all kinds": "from dataclasses import dataclass, field, InitVar, asdict, replace, KW_ONLY, FrozenInstanceError\n"
    "from typing import ClassVar\n"
    "@dataclass(frozen=True, order=True, slots=True)\nclass A:\n    type: str = 'soup'\n    open: int = 0\n    _ready: bool = False\n"
    "@dataclass(unsafe_hash=True, kw_only=True)\nclass B:\n    register: list = field(default_factory=list, hash=False)\n"
    "    n: InitVar[int] = 3\n    most: ClassVar[int] = 7\n    def __post_init__(self, n): self.register.append(n)\n"
    "@dataclass\nclass C(B):\n    _: KW_ONLY\n    self_: int\n    input: int = field(default=1, repr=False, compare=False)\n"
    "assert A() < A('tea') and asdict(replace(A(), open=2)) == {'type': 'soup', 'open': 2, '_ready': False}\n"
    "assert repr(B()) == 'B(register=[3])' and hash(B()) == hash(B(n=4)) and C(self_=1) == C(self_=1, input=2)\n"
    "try:\n    A().open = 3\nexcept FrozenInstanceError: ...\nelse: assert False",
    "records in patterns": "from collections import namedtuple\nimport collections, typing, dataclasses\n"
    "EndNote = namedtuple('EndNote', '')\nDishNote = namedtuple('DishNote', ['place', 'what'])\n"
    "PairNote = collections.namedtuple('PairNote', 'a b')\n"
    "class ErrorNote(typing.NamedTuple):\n    place: int\n    error: str\n"
    "@dataclasses.dataclass(frozen=True)\nclass OrderNote:\n    guest: str\n"
    "def read(what):\n    match what:\n        case EndNote(): return 0\n"
    "        case DishNote(place, what): return place\n        case PairNote(a, b) | ErrorNote(a, b): return a\n"
    "        case OrderNote(guest): return guest\n"
    "assert [read(x) for x in (EndNote(), DishNote(1, 2), PairNote(3, 4), ErrorNote(5, ''), OrderNote('Ana'))] == [0, 1, 3, 5, 'Ana']",
    "a namedtuple that is a queue's item": "import queue\nfrom collections import namedtuple\n"
    "def getter(attr, type=None): return attr, type\nJob = namedtuple('Job', 'n', defaults=[0])\n"
    "Job()._replace(n=1)._asdict(), getattr(Job(), 'n'), type(Job()).__name__",
    "states that are copied": "import copy\nclass Slots:\n    __slots__ = ('a', '_ready')\n"
    "    def __init__(self): self.a = self._ready = [1]\n"
    "assert copy.deepcopy(Slots())._ready == copy.copy(Slots()).a == [1]",
    "output that goes elsewhere": "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as out: print('x')\n"
    "with contextlib.redirect_stderr(out), contextlib.suppress(ValueError): raise ValueError",
    "everything of a module": "from threading import *\nfrom queue import *\nLock(), Queue(), Empty",
    "types for tests": "import types, inspect\ntypes.SimpleNamespace(a=1).a, inspect.iscoroutinefunction(print)",
    "generators and assertions": "def g():\n    x = yield 1\nnext(g())\nassert True, f'{1!r:>5}'\ndel g",
    "commas and walrus": "if (n := 3) > 2: print(n)\nx = [y for y in range(3)]; x[0] += 1; x[:] = []",
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_what_honest_students_write_is_let_through_and_runs(name: str) -> None:
    read(HONEST[name], TILL)
    load(HONEST[name], f"<honest {name}>")


@pytest.mark.usefixtures("sandbox")
def test_what_honest_students_write_runs_behind_all_walls() -> None:
    cells = [source for source in HONEST.values() if "__future__" not in source]
    source = "\n".join(["import asyncio, threading", "import kitchen_helpers as kh", *cells, right("a2.q1")])
    found = run_box(TILL, source, "<honest>", sandboxed=True)
    assert found.status == "right", found


def test_pickling_by_hand_is_for_what_travels_between_processes() -> None:
    source = "class Failed(Exception):\n    def __reduce__(self):\n        return Failed, ('x',)"
    read(source, replace(TILL, needs_module=True))


def test_every_offered_module_can_be_had_and_shows_no_other() -> None:
    for module in sorted(MODULES):
        stand_in = offer(module)
        for name in names_of(module):
            assert hasattr(stand_in, name)
        inside = [n for n, v in vars(stand_in).items() if isinstance(v, type(re)) and f"{module}.{n}" not in MODULES]
        assert inside == []


def test_the_builtins_that_are_left_do_not_lead_back() -> None:
    names = load("import threading, sys\nfrom collections import deque", "<builtins>")
    assert not {"open", "eval", "exec", "compile", "globals", "breakpoint"} & names["__builtins__"].keys()
    with pytest.raises(ImportError, match="may not import os.path"):
        names["__builtins__"]["__import__"]("os.path")


@pytest.mark.parametrize(
    ("source", "loose"),
    [
        ("def f(): return helper()", ["helper"]),
        ("import threading\nx = threading", []),
        ("def f():\n    def g(): return y\n    y = 1", []),
        ("class A:\n    b = 1\n    def f(self): return b", ["b"]),
        ("def f():\n    global z\n    z = 1\ndef g(): return z", []),
        ("print(len(x)); x = 1", []),
        ("[i for i in range(3)], (lambda k: k + m)", ["m"]),
        ("from math import *\npi", []),
        ("try: 1\nexcept E as e: e", ["E"]),
    ],
)
def test_names_from_other_cells(source: str, loose: list[str]) -> None:
    assert loose_names(source) == loose


def test_the_policy_costs_little_and_loads_no_explorer() -> None:
    code = (
        "import sys\nfrom kitchen_helpers.coursework.policy import check_policy, parse\ncheck_policy(parse('import threading'))\n"
        "print(sorted(n for n in sys.modules if n.startswith('kitchen_helpers.interleavings')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"

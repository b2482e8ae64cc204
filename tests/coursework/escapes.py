"""Ways from what an answer may import to code of its own choice in the process of its check, all of which were open once.

ESCAPES: name -> (source, words of the reason why it is closed). Whoever gets through passes `RUN_ME` to the real `exec`.
"""

from __future__ import annotations

RUN_ME = """
import gc
from kitchen_helpers.coursework.questions import Question, Verdict
for found in gc.get_objects():
    if type(found) is Question:
        object.__setattr__(found, "check", lambda *_: Verdict("right", "escaped"))
"""

_PATTERNS = """
register = 1
def gen():
    yield
found = gen()
X.register(type(found))
match found:
    case X(frame):
        raise SystemExit(frame)
"""

ESCAPES: dict[str, tuple[str, str]] = {
    # -- text that is run -------------------------------------------------------------------------------------------
    "annotations that are run": ("import inspect\ndef f(x: '1'): ...\ninspect.signature(f, eval_str=True)", "eval_str"),
    "annotations that are run, by an argument that is not seen": (
        "import inspect\ndef f(x: '1'): ...\ninspect.signature(f, **{'eval_' + 'str': True})",
        "unexpected keyword argument",
    ),
    "annotations that are run, by the class of signatures": (
        "import inspect\ndef f(x: '1'): ...\ntype(inspect.signature(f)).from_callable(f)",
        "from_callable",
    ),
    "a reference to what is not there yet": (
        "import typing\ntyping.get_args(typing.Optional['1'])",
        "get_args",
    ),
    "a reference to what is not there yet, found elsewhere": (
        "import typing\nclass T(typing.NamedTuple):\n    x: '1'\nfor r in [T]: r._evaluate({}, {}, frozenset())",
        "_evaluate",
    ),
    "a field whose name is code": (
        "from dataclasses import dataclass, field\nf = field(default=1)\n@dataclass\nclass A:\n    x: int = f\n"
        "f.name = 'x=print(1)'\n@dataclass\nclass B(A): ...",
        "a field has a name that is none",
    ),
    "a field whose name says that it is another": (
        "from dataclasses import dataclass, field\nclass N(str):\n    def __eq__(self, other): return True\n"
        "    __hash__ = str.__hash__\nf = field(default=1)\n@dataclass\nclass A:\n    x: int = f\nf.name = N('x=print(1)')\n"
        "@dataclass\nclass B(A): ...",
        "a field has a name that is none",
    ),
    "annotations from something that is no function": (
        "import functools\nclass W:\n    def __getattr__(self, name):\n"
        "        return {'x=print(1)': int} if name == '__anno' + 'tations__' else name\n"
        "class C: ...\nfunctools.wraps(W())(C)",
        "wraps is for functions",
    ),
    # -- attributes by names that nobody has seen -------------------------------------------------------------------
    "names for patterns, from typing": (
        "import abc, typing\nN = typing.NamedTuple('N', [('gi_' + 'frame', int)])\nclass X(N, metaclass=abc.ABCMeta): ...\n" + _PATTERNS,
        "NamedTuple may only be the base",
    ),
    "names for patterns, from typing under a name": ("from typing import NamedTuple as N\nN('N', [])", "NamedTuple under another name"),
    "names for patterns, in a class that a class makes": (
        "import abc\nX = abc.ABCMeta('X', (), {'__match' + '_args__': ('gi_' + 'frame',)})\n" + _PATTERNS,
        "cannot be seen",
    ),
    "names for patterns, in a class that is another one later": (
        "import abc\nfrom dataclasses import dataclass\n@dataclass\nclass X:\n    x: int\n"
        "X = abc.ABCMeta('X', (), {'__match' + '_args__': ('gi_' + 'frame',)})\n" + _PATTERNS,
        "cannot be seen",
    ),
    "names for patterns, from a base class": (
        "from dataclasses import dataclass\nB = (int,)[0]\n@dataclass\nclass X(B): ...\n" + _PATTERNS,
        "cannot be seen",
    ),
    "names for patterns, from a decorator of its own": (
        "from dataclasses import dataclass as d\ndef dataclass(cls): return cls\n@dataclass\nclass X: ...\n" + _PATTERNS,
        "cannot be seen",
    ),
    "an alias that passes names on": (
        "import typing\nclass A:\n    x = 1\ntype(typing.Dict[int, str])(A, (int,)).__getattr__('x')",
        "__getattr__",
    ),
    "an alias that passes names on, in a pattern": ("match 1:\n    case object(__getattr__=get): get('x')", "__getattr__ in a pattern"),
    "setting by a computed name, in a pattern": (
        "match 1:\n    case object(__setattr__=set_it): set_it('x', 1)",
        "__setattr__ in a pattern",
    ),
    "setting by a computed name, by getattr": ("getattr(print, '__setattr__')('x', 1)", "__setattr__"),
    "a manager that shows more": (
        "import multiprocessing\nregister = 1\n"
        "type(multiprocessing.Manager()).register('X', print, exposed=['__getattribute__'])",
        "what every manager has",
    ),
    # -- memory, and modules ----------------------------------------------------------------------------------------
    "memory at an address": (
        "import multiprocessing\ntype(multiprocessing.RawValue('L', 0)).from_address(id(print)).value = 0",
        "from_address",
    ),
    "an object at an address": (
        "import multiprocessing\nclass O(type(multiprocessing.RawValue('L', 0))):\n    _type_ = 'O'",
        "_type_",
    ),
    "the module behind a context": (
        f"import warnings\nreal = warnings.catch_warnings()._module.sys.modules['builtins']\n"
        f"real.exec({RUN_ME!r}, {{'__builtins__': real}})",
        "has no attribute '_module'",
    ),
    "a process that the loop starts": (
        "import asyncio\nasync def f(loop): await loop._make_subprocess_transport(print, ['python'], False, None, None, None, 0)",
        "_make_subprocess_transport",
    ),
    # -- pipes ------------------------------------------------------------------------------------------------------
    "orders through a pipe": (
        f"""
import multiprocessing
one, other = multiprocessing.Pipe()
code = {RUN_ME!r}.encode()
one.send_bytes(b"cbuiltins\\nexec\\n(X" + len(code).to_bytes(4, "little") + code + b"tR.")
other.recv()
""",
        "builtins.exec may not come out of a pipe",
    ),
    "orders through a queue": (
        "import multiprocessing\nq = multiprocessing.SimpleQueue()\nq._writer.send_bytes(b'cos\\nsystem\\n(S\"true\"\\ntR.')\nq.get()",
        "os.system may not come out of a pipe",
    ),
    "the inside of a method through a pipe": (
        "import multiprocessing\none, other = multiprocessing.Pipe()\n"
        "one.send_bytes(b'cbuiltins\\ngetattr\\n(cbuiltins\\nprint\\nS\"__self__\"\\ntR.')\nother.recv()",
        "a name may not come out of a pipe",
    ),
    "a module through a pipe": (
        "import multiprocessing\none, other = multiprocessing.Pipe()\n"
        "one.send_bytes(b'\\x80\\x04\\x8c\\x06answer\\x8c\\x0fmultiprocessing\\x93.')\nother.recv()",
        "answer.multiprocessing may not come out of a pipe",
    ),
    "a pipe that is made of a number": (
        "import multiprocessing\none, other = multiprocessing.Pipe()\ntype(one)(5)",
        "a connection is made by Pipe",
    ),
    "a pipe that leads elsewhere": (
        "import multiprocessing\none, other = multiprocessing.Pipe()\none._handle = 5",
        "a connection is made by Pipe",
    ),
    "a pipe that leads elsewhere, by setattr": (
        "import multiprocessing\none, other = multiprocessing.Pipe()\nobject.__setattr__(one, '_handle', 5)",
        "_handle",
    ),
}  # fmt: skip

# What the checks of a1 and a6, and the classes of the standard library, are made of, in every part of a package.
UNCHANGED = {
    "a future": "import concurrent.futures as c\nF = type(c.Future())\nF.result = lambda self, timeout=None: 1",
    "an executor": "from concurrent.futures import Executor\nfor E in [Executor]: E.map = None",
    "a pool": "from multiprocessing.pool import ThreadPool\nfor P in [ThreadPool]: P.map = None",
    "a process": "from multiprocessing import Process\nfor P in [Process]: P.start = P.join = lambda self, *a: None",
    "a process of another kind": "import multiprocessing\nP = multiprocessing.get_context('spawn').Process\nP.start = None",
    "what is behind a process": "import multiprocessing\np = multiprocessing.get_context('fork').Process()\np.start()\n"
    "P = type(p._popen)\nP.wait = lambda self, *a: 0",
    "a queue between processes": "import multiprocessing\nQ = type(multiprocessing.Queue())\nQ.get = None",
    "a lock between processes": "import multiprocessing\nL = type(multiprocessing.Lock())\nL.acquire = None",
    "a context": "import multiprocessing\nC = type(multiprocessing.get_context('spawn'))\nC.Queue = None",
    "an encoder": "import json\nE = json.JSONEncoder\nfor E in [E]: E.encode = lambda self, o: '[]'",
    "a set of weak references": "import weakref\nfor W in [weakref.WeakSet]: W.__len__ = lambda self: 0",
    "a condition": "import threading\nC = type(threading.Condition())\nC.wait = None",
    "a stack of exits": "import contextlib\nfor E in [contextlib.ExitStack]: E.close = None",
    "a base class of containers": "from collections.abc import Mapping\nfor M in [Mapping]: M.get = None",
}

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

_GENERATOR = """
def gen():
    yield
"""

_PICKLED = """
import multiprocessing
class X: ...
class Handle:
    typeid = "x"
    def detach(self): return 5
handle = Handle()
one, other = multiprocessing.Pipe()
one.send_bytes({pickled!r})
other.recv()
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
    "getattr, which is somebody's argument elsewhere": (
        _GENERATOR + "def unused(getattr): ...\nlook = getattr\nlook(gen, '__glo' + 'bals__')",
        "getattr of __globals__",
    ),
    "setattr, which is a variable elsewhere": (
        "class A: ...\ndef unused():\n    setattr = 1\nput = setattr\nput(A, '__cla' + 'ss__', int)",
        "setattr of __class__",
    ),
    "attrgetter, which is somebody's argument elsewhere": (
        _GENERATOR + "from operator import attrgetter\ndef unused(attrgetter): ...\nattrgetter('gi_' + 'frame')(gen())",
        "attrgetter with names that cannot be read",
    ),
    "attrgetter, which came with all the others": (
        _GENERATOR + "from operator import *\ndef unused(attrgetter): ...\nattrgetter('gi_' + 'frame')(gen())",
        "attrgetter with names that cannot be read",
    ),
    **{
        f"getattr, which is something else {where}": (
            f"{statement}\ngetattr(print, '__se' + 'lf__')",
            "getattr ",
        )
        for where, statement in {
            "in a pattern": "match 1:\n    case 2 as getattr: ...",
            "in the rest of a pattern": "match {}:\n    case {'x': 1, **getattr}: ...",
            "as long as an exception is handled": "try: 1 / 0\nexcept Exception as getattr: ...",
            "until it is deleted": "import time as getattr\ndel getattr",
        }.items()
    },
    "names for patterns, from an enum": (
        "import enum\nX = enum.Enum('X', {'A': 1, '__match' + '_args__': ('gi_' + 'frame',)})\n" + _PATTERNS,
        "cannot be seen",
    ),
    "names for patterns, in a class below a record": (
        "from dataclasses import dataclass\n@dataclass\nclass R:\n    x: int\nclass X(R): ...\n" + _PATTERNS,
        "cannot be seen",
    ),
    "an exception of the checks, through a pipe": (
        _PICKLED.format(pickled=b"ckitchen_helpers.coursework.realtime\nBroken\n."),
        "may not come out of a pipe",
    ),
    "names for patterns, from a decorator in a class of that name": (
        "import abc\nclass dataclasses:\n    dataclass = staticmethod(lambda cls: abc.ABCMeta('X', (), {}))\n"
        "@dataclasses.dataclass\nclass X: ...\n" + _PATTERNS,
        "cannot be seen",
    ),
    "names for patterns, from a base class in a class of that name": (
        "class typing:\n    NamedTuple = (int,)[0]\nclass X(typing.NamedTuple): ...\n" + _PATTERNS,
        "cannot be seen",
    ),
    "names for patterns, in a class that takes others in": (
        "import abc\nfrom dataclasses import dataclass\n@dataclass\nclass X(metaclass=abc.ABCMeta):\n    x: int\n" + _PATTERNS,
        "cannot be seen",
    ),
    "names for patterns, from another namedtuple": (
        "def namedtuple(*names): return int\nX = namedtuple('X', ['frame'])\n" + _PATTERNS,
        "cannot be seen",
    ),
    "names for patterns, in a namedtuple that is another one later": (
        "from collections import namedtuple\nX = namedtuple('X', ['frame'])\nX = (int,)[0]\n" + _PATTERNS,
        "cannot be seen",
    ),
    "setting by a computed name, in the name of the parent's class": (
        "import abc\nclass X(metaclass=abc.ABCMeta): ...\nsuper(abc.ABCMeta, X).__setattr__('__match' + '_args__', ())",
        "__setattr__ with names that cannot be read",
    ),
    "setting by a computed name, in the name of a parent of its own": (
        "def super(): return int.__class__\nclass X: ...\nsuper().__setattr__(X, '__match' + '_args__', ())",
        "__setattr__ with names that cannot be read",
    ),
    "setting by a computed name, by a copy": (
        "import abc, copy\nclass X: ...\n"
        "C = abc.ABCMeta('C', (), {'__reduce' + '_ex__': lambda self, p: ((lambda: X), (), (None, {'__class__': int}))})\n"
        "copy.copy(C())",
        "setattr of __class__",
    ),
    "setting by a computed name, through a pipe": (
        _PICKLED.format(pickled=b"canswer\nX\n(N(S'__match_args__'\nS'x'\ndtb."),
        "has no state that could come out of a pipe",
    ),
    "setting by a computed name, on an object through a pipe": (
        _PICKLED.format(pickled=b"canswer\nhandle\n(N(S'__class__'\ncanswer\nX\ndtb."),
        "setattr of __class__",
    ),
    "builtins from the rest of a pattern": ("match {'a': 1}:\n    case {**__builtins__}: ...", "__builtins__"),
    "a module that a context takes something of": (
        "import contextlib\nout = contextlib.redirect_stdout(None)\nout._stream = 'modules'\nout.__enter__()",
        "getattr of modules",
    ),
    "an attribute by the name of a field": (
        _GENERATOR
        + """
import types, dataclasses
from dataclasses import dataclass, fields
@dataclass
class A:
    x: int = 1
class P(A, types.GenericAlias): ...
fields(A)[0].name = "gi_" + "frame"
names = {"__dataclass" + "_fields__": {"x": fields(A)[0]}}
import abc
G = abc.ABCMeta("G", (), {**names, "__getattr__": lambda self, name: name})
dataclasses.replace(G())
""",
        "getattr of gi_frame",
    ),
    "a field whose name is code, in a class that a class makes": (
        """
import abc
from dataclasses import dataclass, field, fields
@dataclass
class A:
    x: int = 1
class Lies(dict):
    def items(self): return ()
f = fields(A)[0]
f.name = "x=(1).__class__.__base__"
B = abc.ABCMeta("B", (), {"__dataclass" + "_fields__": Lies(x=f), "__dataclass" + "_params__": A.__name__})
class Frozen:
    frozen = False
B = abc.ABCMeta("B", (), {"__dataclass" + "_fields__": Lies(x=f), "__dataclass" + "_params__": Frozen})
dataclass(abc.ABCMeta("C", (B,), {"__module__": "builtins"}))
""",
        "may not be run",
    ),
    "a method of a manager's whose name is code": (
        _PICKLED.format(
            pickled=b"cmultiprocessing.managers\nRebuildProxy\n(cmultiprocessing.managers\nAutoProxy\n"
            b"canswer\nhandle\nS'pickle'\n(S'exposed'\n(S'a(x=print.__self__): pass\\ndef b'\ntdtR."
        ),
        "may not be run",
    ),
    "an attribute by a manager's server": (
        _GENERATOR
        + """
import multiprocessing
class Pipe:
    def __init__(self): self.said = []
    def recv(self):
        if self.said: raise EOFError
        return "x", "gi_frame", (), {}
    def send(self, said): self.said.append(said)
    def close(self): ...
server = type(multiprocessing.Manager())().get_server()
server.stop_event = multiprocessing.Event()
server.id_to_obj["x"] = gen(), {"gi_frame"}, {}
pipe = Pipe()
try:
    server.serve_client(pipe)
except SystemExit:
    raise ValueError(str(pipe.said).partition("AttributeError")[2][:99])
""",
        "getattr of gi_frame",
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
    "a pipe that is made of a number, through a pipe": (
        _PICKLED.format(pickled=b"cmultiprocessing.connection\nrebuild_connection\n(canswer\nhandle\nI01\nI01\ntR."),
        "a pipe that is made of a number may not come out",
    ),
    "the copy of a number, through a pipe": (
        _PICKLED.format(pickled=b"cmultiprocessing.resource_sharer\nDupFd\n(I0\ntR."),
        "a connection is made by Pipe",
    ),
    "a socket that a manager would listen at": (
        "import multiprocessing\nmultiprocessing.Manager()._Listener('/tmp/x', 'AF_UNIX')._listener._socket",
        "a connection is made by Pipe",
    ),
    "a socket of an event loop": (
        "import asyncio\nasync def f(): return (await asyncio.start_server(print, '127.0.0.1', 0)).sockets[0]._sock\nasyncio.run(f())",
        "an answer has no network",
    ),
    "numbers in memory that say that they are objects": (
        "import multiprocessing\nnumber = type(multiprocessing.RawValue('L', 0))\n"
        "class Own:\n    def __init_subclass__(cls): ...\n"
        "type(number)('O', (Own, number), {'_ty' + 'pe_': 'O'})",
        "not an acceptable base type",
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

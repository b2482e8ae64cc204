"""A second opinion: slow, simple, and sharing nothing with the explorer.

It runs the unchanged bytecode with the standard library's own Condition, Event, Queue, executor and so on, upon locks
and thread starts that hand a baton on, and may switch threads before every bytecode that could touch shared state. It proves
nothing, but whatever failure or final state it meets is real: an explorer that says otherwise is wrong.

    python -m tests.interleavings.second_opinion counters.two_increments     # from the root of the repository
"""

from __future__ import annotations

import _thread
import collections
import concurrent.futures.thread
import dis
import queue
import random
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_QUIET = {
    "LOAD_FAST", "STORE_FAST", "LOAD_CONST", "POP_TOP", "RETURN_VALUE", "RETURN_CONST", "RESUME", "CACHE", "NOP", "PUSH_NULL",
    "PRECALL", "KW_NAMES", "COPY", "SWAP", "JUMP_FORWARD", "COPY_FREE_VARS", "MAKE_CELL", "LOAD_CLOSURE", "MAKE_FUNCTION",
    "BUILD_TUPLE", "BUILD_LIST", "LOAD_FAST_CHECK", "STORE_FAST_STORE_FAST", "LOAD_FAST_LOAD_FAST", "STORE_FAST_LOAD_FAST",
    "SET_FUNCTION_ATTRIBUTE", "PUSH_EXC_INFO", "POP_EXCEPT", "RERAISE", "CHECK_EXC_MATCH", "LOAD_BUILD_CLASS", "BUILD_MAP",
    "BUILD_STRING", "EXTENDED_ARG", "LOAD_FAST_AND_CLEAR", "BUILD_SLICE", "LOAD_ASSERTION_ERROR", "DELETE_FAST",
}  # fmt: skip
_sleep = time.sleep
_FAIR = 400  # steps of one thread while others could run, after which one of them must


class _Abandoned(BaseException):
    """Ends a parked thread once the run is over."""


@dataclass
class Run:
    """One run under one schedule."""

    kind: str
    """ "ok", "exception", "deadlock" or "livelock"."""
    value: Any = None
    error: BaseException | None = None
    choices: list[tuple[int, int, bool]] = field(default_factory=list)
    """(taken, how many there were, whether the thread that ran could have gone on) at each place."""

    @property
    def final(self) -> str:
        if self.kind == "ok":
            return repr(self.value)
        return f"exception: {type(self.error).__name__}" if self.kind == "exception" else self.kind


class _Task:
    def __init__(self, number: int, thread: Any) -> None:
        self.number = number
        self.thread = thread
        self.gate = _thread.allocate_lock()
        self.gate.acquire()
        self.can_go: Callable[[], bool] | None = None
        self.timed = False
        self.ended = False

    @property
    def daemon(self) -> bool:
        return bool(self.thread.daemon)

    def enabled(self) -> bool:
        return not self.ended and (self.can_go is None or self.timed or self.can_go())


class _World:
    """One run: a baton, and whoever has it asks at each place who is next."""

    def __init__(self, choose: Callable[[int, bool], int], strict: bool, limit: int) -> None:
        self.choose = choose
        self.strict = strict
        self.limit = limit
        self.tasks: list[_Task] = []
        self.by_ident: dict[int, _Task] = {}
        self.over = _thread.allocate_lock()
        self.over.acquire()
        self.aborting = False
        self.run = Run("ok")
        self.steps = 0
        self.alone = 0
        self.clock = 1000.0
        self.spurious_left = 2 if strict else 0

    # -- the baton
    def current(self) -> _Task | None:
        return self.by_ident.get(_thread.get_ident())

    def point(self) -> None:
        me = self.current()
        if me is None:
            return
        if self.aborting:
            raise _Abandoned
        self.steps += 1
        if self.steps > self.limit:
            self.finish("livelock")
            raise _Abandoned
        self.pass_on(me)

    def pass_on(self, me: _Task) -> None:
        enabled = [task for task in self.tasks if task.enabled()]
        if not enabled:
            if all(task.daemon for task in self.tasks if not task.ended):
                self.finish("ok")
            else:
                self.finish("deadlock")
            if not me.ended:
                raise _Abandoned
            return
        if all(task.daemon for task in self.tasks if not task.ended):  # only daemons are left: cut off
            self.finish("ok")
            if not me.ended:
                raise _Abandoned
            return
        mine = me in enabled
        if mine:
            enabled.remove(me)
            enabled.insert(0, me)
        if len(enabled) > 1:
            self.alone += 1
            if mine and self.alone > _FAIR:  # fairness: somebody else has to go, round and round
                others = enabled[1:]
                later = [task for task in others if task.number > me.number]
                chosen = (later or others)[0]
            else:
                taken = self.choose(len(enabled), mine)
                self.run.choices.append((taken, len(enabled), mine))
                chosen = enabled[taken]
        else:
            chosen = enabled[0]
        if chosen is not me:
            self.alone = 0
            chosen.gate.release()
            if not me.ended:
                me.gate.acquire()
                if self.aborting:
                    raise _Abandoned

    def wait_until(self, can_go: Callable[[], bool], timed: bool = False) -> bool:
        """Give the baton away until it can go on; False if it was a timed wait that ran out."""
        me = self.current()
        if me is None or can_go():
            return True
        me.can_go, me.timed = can_go, timed
        try:
            self.point()
        finally:
            me.can_go, me.timed = None, False
        return can_go()

    # -- beginnings and ends
    def spawn(self, body: Callable[[], Any], thread: Any) -> _Task:
        task = _Task(len(self.tasks), thread)
        self.tasks.append(task)

        def begin() -> None:
            task.gate.acquire()
            self.by_ident[_thread.get_ident()] = task
            threading._active[_thread.get_ident()] = thread
            if thread is not threading.main_thread():
                thread._ident = _thread.get_ident()
            try:
                if not self.aborting:
                    body()
            except _Abandoned:
                pass
            except SystemExit as error:
                if thread is threading.main_thread():
                    self.finish("exception", error)  # in any other thread it just ends the thread
            except BaseException as error:
                self.finish("exception", error)
            finally:
                sys.settrace(None)
                threading._active.pop(_thread.get_ident(), None)
                task.ended = True
                if not self.aborting:
                    try:
                        self.pass_on(task)
                    except _Abandoned:
                        pass

        _thread.start_new_thread(begin, ())
        return task

    def finish(self, kind: str, error: BaseException | None = None) -> None:
        if self.aborting:
            return
        self.aborting = True
        self.run.kind, self.run.error = kind, error
        me = self.current()
        for task in self.tasks:
            if task is not me and not task.ended and task.gate.locked():
                task.gate.release()
        self.over.release()


class _Lock:
    """threading.Lock upon the baton."""

    def __init__(self, world: _World) -> None:
        self._world = world
        self._locked = False

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        self._world.point()
        if self._locked:
            if not blocking or timeout == 0:
                return False
            if not self._world.wait_until(lambda: not self._locked, timed=timeout > 0):
                self._world.clock += timeout
                return False
        self._locked = True
        return True

    __enter__ = acquire

    def release(self) -> None:
        self._world.point()
        if not self._locked:
            raise RuntimeError("release unlocked lock")
        self._locked = False

    def __exit__(self, *details: Any) -> None:
        self.release()

    def locked(self) -> bool:
        self._world.point()
        return self._locked

    def _at_fork_reinit(self) -> None:
        self._locked = False


@contextmanager
def _staged(world: _World) -> Iterator[None]:
    """Put the baton under threading, queue, time and the executors for as long as the run takes."""

    def lock() -> _Lock:
        return _Lock(world)

    def rlock() -> Any:
        return threading._PyRLock()

    def start(self: Any) -> None:
        if not self._initialized:
            raise RuntimeError("thread.__init__() not called")
        if getattr(self, "_task", None) is not None:
            raise RuntimeError("threads can only be started once")
        me = world.current()

        def body() -> None:
            self._started._flag = True
            sys.settrace(trace)
            self.run()

        trace = world.trace
        self._task = world.spawn(body, self)
        assert me is not None
        world.point()

    def join(self: Any, timeout: float | None = None) -> None:
        task = getattr(self, "_task", None)
        if task is None:
            raise RuntimeError("cannot join thread before it is started")
        if task is world.current():
            raise RuntimeError("cannot join current thread")
        world.point()
        if not world.wait_until(lambda: task.ended, timed=timeout is not None):
            world.clock += max(timeout, 0)

    def is_alive(self: Any) -> bool:
        world.point()
        task = getattr(self, "_task", None)
        return task is not None and not task.ended

    def sleep(seconds: float) -> None:
        world.point()
        world.clock += seconds

    def monotonic() -> float:
        return world.clock

    def wait(self: Any, timeout: float | None = None) -> bool:
        """Condition.wait as documented: may also wake up without a reason."""
        if not self._is_owned():
            raise RuntimeError("cannot wait on un-acquired lock")
        waiter = [False]
        self._waiters.append(waiter)
        saved = self._release_save()
        try:
            if world.spurious_left > 0 and random_bit(world):
                world.spurious_left -= 1
                world.point()
                return True
            woken = world.wait_until(lambda: waiter[0], timed=timeout is not None)
            if not woken:
                world.clock += timeout
            return woken
        finally:
            self._waiters = collections.deque(one for one in self._waiters if one is not waiter)
            self._acquire_restore(saved)

    def notify(self: Any, n: int = 1) -> None:
        if not self._is_owned():
            raise RuntimeError("cannot notify on un-acquired lock")
        while self._waiters and n > 0:
            at = random_index(world, len(self._waiters))
            self._waiters[at][0] = True
            del self._waiters[at]
            n -= 1

    changes: list[tuple[Any, str, Any]] = [
        (threading, "_allocate_lock", lock), (threading, "Lock", lock), (threading, "RLock", rlock), (threading, "_CRLock", None),
        (threading.Thread, "start", start), (threading.Thread, "join", join), (threading.Thread, "is_alive", is_alive),
        (threading, "_time", monotonic), (queue, "time", monotonic), (time, "monotonic", monotonic), (time, "time", monotonic),
        (time, "perf_counter", monotonic), (time, "sleep", sleep), (queue, "SimpleQueue", queue._PySimpleQueue),
        (concurrent.futures.thread, "_global_shutdown_lock", lock()),
        (concurrent.futures.thread, "_threads_queues", {}),
    ]  # fmt: skip
    if world.strict:
        original = threading.Condition
        loose = type("Condition", (original,), {"wait": wait, "notify": notify})

        def condition(lock: Any = None) -> Any:
            """Events, barriers and queues are made of conditions too, but those wake nobody without a reason."""
            inside = sys._getframe(1).f_globals["__name__"] in ("threading", "queue", "concurrent.futures._base")
            return (original if inside else loose)(lock)

        changes += [(threading, "Condition", condition)]
    missing = object()
    before = [(where, name, getattr(where, name, missing)) for where, name, _ in changes]
    for where, name, value in changes:
        setattr(where, name, value)
    try:
        yield
    finally:
        for where, name, value in before:
            if value is missing:
                delattr(where, name)
            else:
                setattr(where, name, value)


def random_bit(world: _World) -> bool:
    taken = world.choose(2, True)
    world.run.choices.append((taken, 2, True))
    return bool(taken)


def random_index(world: _World, count: int) -> int:
    if count == 1:
        return 0
    taken = world.choose(count, False)
    world.run.choices.append((taken, count, False))
    return taken


class Program:
    """A module-level function, loaded afresh for every run, so that nothing that a run leaves behind matters."""

    def __init__(self, source: str, file: str, name: str, package: str | None = None) -> None:
        self.code = compile(source, file, "exec", dont_inherit=True)
        self.source, self.file, self.name, self.package = source, file, name, package
        self.stored: set[str] = set()
        stores: collections.Counter[str] = collections.Counter()
        codes = [self.code]
        while codes:
            code = codes.pop()
            codes += [const for const in code.co_consts if isinstance(const, types.CodeType)]
            for instruction in dis.get_instructions(code):
                if instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                    self.stored.add(instruction.argval)
                if instruction.opname in ("STORE_DEREF", "DELETE_DEREF"):
                    stores[instruction.argval] += 2 if instruction.argval in code.co_freevars else 1
        self.cells = {name for name, number in stores.items() if number > 1}
        self.places: dict[types.CodeType, frozenset[int]] = {}

    @classmethod
    def of(cls, function: Callable[[], Any]) -> Program:
        module = sys.modules[function.__module__]
        with open(module.__file__, encoding="utf-8") as file:  # type: ignore[arg-type]
            return cls(file.read(), module.__file__, function.__name__, module.__package__)  # type: ignore[arg-type]

    def interesting(self, code: types.CodeType) -> frozenset[int]:
        if code not in self.places:
            found = set()
            for instruction in dis.get_instructions(code):
                name = instruction.opname
                if name in _QUIET:
                    continue
                if name in ("LOAD_GLOBAL", "LOAD_NAME") and instruction.argval not in self.stored:
                    continue
                if name.endswith("_DEREF") and instruction.argval not in self.cells:
                    continue
                found.add(instruction.offset)
            self.places[code] = frozenset(found)
        return self.places[code]

    def run(self, choose: Callable[[int, bool], int], strict: bool = False, limit: int = 20_000) -> Run:
        world = _World(choose, strict, limit)

        def local_trace(frame: Any, event: str, arg: Any) -> Any:
            if event == "opcode" and frame.f_lasti in self.interesting(frame.f_code):
                world.point()
            return local_trace

        def trace(frame: Any, event: str, arg: Any) -> Any:
            if frame.f_code.co_filename != self.file:
                return None
            frame.f_trace_opcodes = True
            return local_trace

        world.trace = trace  # type: ignore[attr-defined]
        names = {"__name__": (self.package + "." if self.package else "") + "copy", "__package__": self.package, "__file__": self.file}
        with _staged(world):
            module = types.ModuleType(names["__name__"])
            module.__dict__.update(names)
            sys.modules[names["__name__"]] = module
            exec(self.code, module.__dict__)

            def body() -> None:
                sys.settrace(trace)
                world.run.value = module.__dict__[self.name]()

            task = world.spawn(body, threading.main_thread())
            task.gate.release()
            if not world.over.acquire(timeout=20):
                world.run.kind = "hung"
                world.aborting = True
            for _ in range(2000):
                if all(task.ended for task in world.tasks):
                    break
                _sleep(0.0005)
            del sys.modules[names["__name__"]]
        return world.run


@dataclass
class Opinion:
    kinds: collections.Counter[str]
    finals: collections.Counter[str]
    preemptions: int | None
    """The fewest with which a failure was met by the bounded search; None if it met none."""
    failure: Run | None
    covered: int
    """Every schedule with at most this many preemptions was run; -1 if not even those without any."""


def ask(program: Program, *, strict: bool = False, bound: int = 1, most: int = 3000, tries: int = 300, seed: int = 0,
        until_failure: bool = True) -> Opinion:  # fmt: skip
    """Run every schedule with 0, 1, … `bound` preemptions (up to `most` runs each), then `tries` random ones."""
    kinds: collections.Counter[str] = collections.Counter()
    finals: collections.Counter[str] = collections.Counter()
    failure = None
    covered = -1

    def note(run: Run) -> bool:
        nonlocal failure
        if run.kind == "hung":
            raise RuntimeError("a run hung: something blocks for real")
        kinds[run.kind] += 1
        finals[run.final] += 1
        if run.kind != "ok" and failure is None:
            failure = run
        return run.kind != "ok" and until_failure

    for preemptions in range(bound + 1):
        runs = 0
        prefix: list[int] | None = []
        while prefix is not None and runs < most:
            given = list(prefix)
            at = 0

            def choose(count: int, mine: bool, given: list[int] = given) -> int:
                nonlocal at
                at += 1
                return given[at - 1] if at <= len(given) else 0

            run = program.run(choose, strict)
            runs += 1
            if note(run):
                return Opinion(kinds, finals, preemptions, failure, covered)
            prefix = _next_prefix(run.choices, preemptions)
        if prefix is None:
            covered = preemptions
        else:
            break
    for period in range(1, 25) if tries else ():  # in step: whoever gives way for ever does so here
        at = 0

        def in_step(count: int, mine: bool, period: int = period) -> int:
            nonlocal at
            at += 1
            return 1 if mine and at % period == 0 else 0

        if note(program.run(in_step, strict, limit=4000)):
            return Opinion(kinds, finals, None, failure, covered)
    dice = random.Random(seed)
    for number in range(tries):
        rate = (0.5, 0.2, 0.05)[number % 3]

        def roll(count: int, mine: bool, rate: float = rate) -> int:
            if mine:
                return 0 if dice.random() > rate else dice.randrange(1, count)
            return dice.randrange(count)

        if note(program.run(roll, strict)):
            break
    return Opinion(kinds, finals, None, failure, covered)


def _next_prefix(choices: list[tuple[int, int, bool]], bound: int) -> list[int] | None:
    """Depth first: the last place where another choice is left that keeps to the bound."""
    costs = [0]
    for taken, _count, mine in choices:
        costs.append(costs[-1] + (1 if mine and taken else 0))
    for at in range(len(choices) - 1, -1, -1):
        taken, count, mine = choices[at]
        if taken + 1 < count and costs[at] + (1 if mine else 0) <= bound:
            return [choice[0] for choice in choices[:at]] + [taken + 1]
    return None


def disagreement(case: Any, *, bound: int | None = None, most: int = 800, tries: int = 150) -> str:
    """What the table expects and a real run contradicts; "" if nothing."""
    program = Program.of(case.program)
    found = []
    for strict in (False, True):
        expected = case.strict if strict else (case.kind or case.verdict)
        if expected == "unfinished" or (strict and (expected == case.kind or "Condition" not in program.source)):
            continue
        if bound is None:
            bound = 1 if case.preemptions is None else max(case.preemptions, 1)
        opinion = ask(program, strict=strict, bound=bound, most=most, tries=tries, until_failure=case.verdict == "fails")
        bad = opinion.failure
        name = "strict: " if strict else ""
        if expected == "holds" and bad is not None:
            found.append(f"{name}meant to hold, but {bad.final} {bad.error}")
        rare = case.preemptions is not None and case.preemptions > opinion.covered
        if expected != "holds" and bad is None and not rare:
            found.append(f"{name}meant to fail ({expected}), but {dict(opinion.kinds)} and nothing else")
        if expected != "holds" and bad is not None and bad.kind != expected and not strict:
            found.append(f"{name}meant to fail with {expected}, but {bad.final} {bad.error}")
        if bad is not None and case.error and case.error not in f"{type(bad.error).__name__}: {bad.error}":
            found.append(f"{name}meant to say {case.error}, but {type(bad.error).__name__}: {bad.error}")
        fewest = opinion.preemptions
        if not strict and case.preemptions is not None and not rare and fewest != case.preemptions:
            found.append(f"meant to need {case.preemptions} preemptions, but {fewest}")
        if not strict and case.final_states is not None and set(opinion.finals) != case.final_states:
            found.append(f"meant to end in {sorted(case.final_states)}, but {sorted(opinion.finals)}")
    return "; ".join(found)


if __name__ == "__main__":
    from .programs import load_all

    for case in load_all().values():
        if case.traced and case.runs_here and (len(sys.argv) == 1 or any(word in case.name for word in sys.argv[1:])):
            contradiction = disagreement(case)
            print(f"{case.name}: {contradiction}" if contradiction else f"{case.name} ✓", flush=True)

"""Run a program in real threads of which only one runs at a time: whoever holds the baton.

A thread gives the baton away only at a visible step, when it has to wait, or when it ends. Between two visible steps
it runs on without anybody noticing, so at every decision each thread is parked before its next visible step, or waits
for another thread to end or to change something.
"""

from __future__ import annotations

import _thread
import contextvars
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .sites import Site

if TYPE_CHECKING:
    from .locations import Sharing

READ, WRITE, ADD = 1, 2, 3
"""How a step uses a location. Reads commute with reads, additions (a semaphore's release) with additions."""
Access = tuple[Any, int]
get_ident = _thread.get_ident


class Kill(BaseException):
    """Ends a thread of the program wherever it is parked."""


class VirtualThread:
    """A thread of the program in one run."""

    def __init__(self, run: Run, number: int, path: tuple[int, ...], name: str, job: Callable[[], Any], daemon: bool):
        self.run = run
        self.number = number
        """The same for the same thread in every run of an exploration."""
        self.path = path
        """How it came to be: its parent's path, and which of the parent's children it is."""
        self.name = name
        self.job = job
        self.daemon = daemon
        self.worker: Worker | None = None
        self.ident = 0
        self.children = 0
        self.made = 0
        self.done = False
        self.joined = False
        self.error: BaseException | None = None
        self.error_site: Site | None = None
        self.real: Any = None
        """The `threading.Thread` object that the program made."""
        # The visible step before which it is parked.
        self.parked = False
        self.site: Site | None = None
        self.doing = ""
        self.target: Any = None
        self.accesses: tuple[Access, ...] = ()
        self.uses: Callable[[], tuple[Access, ...]] | None = None
        """Says what `accesses` are by now, where that changes while the thread is parked."""
        self.doubt: Any = None
        """What it was like when it woke up for no reason."""
        self.ready: Callable[[], bool] | None = None
        self.alternatives: Callable[[], int] | None = None
        self.alternative = 0
        self.rescue: Callable[[], bool] | None = None
        """The step cannot be relied upon (a spurious wake-up): a state with nothing else is a deadlock."""
        # What it waits for without a step of its own: another thread's end, or a change (a spinning loop).
        self.waiting: tuple[str, Any] | None = None
        self.call_site: Site | None = None
        """Where the reader's code called the model that is at work."""
        self.in_c = 0
        """How deep in C calls that may call Python back."""
        self.clock: list[int] = []
        """For each thread, the last of its steps that happened before this thread's present."""
        self.epoch = 0
        self.seen: dict[int, int] = {}
        """For each thread, up to which epoch all it did was before this thread's present (by start and join)."""
        self.held: list[Any] = []
        self.loops: dict[Any, Any] = {}
        self.patience: tuple[dict[Any, int], set[Any]] | None = None
        """It goes round in circles: what has to change first, and the locks that it gives away on the way."""
        self.impatient = False
        """Its pending step waits for such a change."""
        self.writes = 0
        self.steps = 0
        self.looked: list[tuple[Any, int]] = []
        """Which locations it read, and which version of them."""
        self.gave: list[Any] = []
        """Which locks it released."""
        self.trail = 0
        """A hash of what it saw since the head of its loop."""
        self.turns = 0
        """How often it went round a loop, or called a function, without a step."""
        self.turned_at = 0
        self.ticks = 0
        self.locals: dict[int, Any] = {}
        self.random: Any = None
        self.generators: list[Any] = []
        self.started = False

    def enabled(self) -> bool:
        return self.parked and (self.ready is None or self.ready())

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Worker:
    """A real thread that is used for many virtual ones: starting one takes longer than a whole run."""

    def __init__(self, pool: Pool):
        self.pool = pool
        self.baton = _thread.allocate_lock()
        self.baton.acquire()
        self.job: VirtualThread | None = None
        self.ident = 0
        self.thread = threading.Thread(target=self.serve, name="explorer", daemon=True)
        self.thread.start()

    def serve(self) -> None:
        self.ident = get_ident()
        self.pool.pin()
        while True:
            self.baton.acquire()
            thread, self.job = self.job, None
            if thread is None:
                return
            contextvars.Context().run(thread.run.live, thread)
            del thread


class Pool:
    """The workers of one exploration, all on one processor: passing the baton is then several times as fast."""

    def __init__(self) -> None:
        self.idle: list[Worker] = []
        self.all: list[Worker] = []
        self.cpu: set[int] | None = None
        if hasattr(os, "sched_getaffinity"):
            try:
                cpus = sorted(os.sched_getaffinity(0))
                self.cpu = {cpus[os.getpid() % len(cpus)]}
            except OSError:
                self.cpu = None

    def pin(self) -> None:
        if self.cpu is not None:
            try:
                os.sched_setaffinity(0, self.cpu)
            except OSError:
                self.cpu = None

    def take(self) -> Worker:
        if self.idle:
            return self.idle.pop()
        worker = Worker(self)
        self.all.append(worker)
        return worker

    def close(self) -> None:
        for worker in self.all:
            if worker in self.idle:
                worker.baton.release()
        for worker in self.all:
            if worker in self.idle:
                worker.thread.join()


class _Now:
    """Who runs: the thread with the baton, or the one that is being ended."""

    __slots__ = ("dying", "thread")

    def __init__(self) -> None:
        self.thread: VirtualThread | None = None
        self.dying = 0


now = _Now()


def current() -> VirtualThread | None:
    """The virtual thread that calls; None outside an exploration."""
    thread = now.thread
    if thread is not None and thread.ident == get_ident():
        return thread
    if now.dying and now.dying == get_ident():
        raise Kill
    return None


class Strategy:
    """Decides who takes the next step. The search, a replay and the shrinking are strategies."""

    def decide(self, run: Run) -> VirtualThread | None:
        """The thread whose step is next, with `alternative` set; None if the run ends here."""
        raise NotImplementedError

    def also(self, run: Run, thread: VirtualThread, accesses: tuple[Access, ...]) -> None:
        """The step that `thread` is taking uses more locations than it had said."""
        raise NotImplementedError

    def learn(self, thread: VirtualThread, clock: list[int]) -> None:
        """What `thread` has just done comes after all that this vector clock names (a lock's last release)."""
        raise NotImplementedError

    def repeated(self, run: Run, depth: int) -> None:
        """The run came back to the state that it had at this depth, in a way that was not fair."""
        raise NotImplementedError


class Run:
    """One execution of the program under one schedule."""

    def __init__(
        self,
        program: Callable[[], Any],
        strategy: Strategy,
        pool: Pool,
        numbers: dict[tuple[int, ...], int],
        sharing: Sharing,
        *,
        explorer: Any,
        strict: bool,
        log: list[Any] | None = None,
        deadline: float = float("inf"),
    ):
        self.program = program
        self.strategy = strategy
        self.pool = pool
        self.numbers = numbers
        self.sharing = sharing
        self.explorer = explorer
        self.strict = strict
        self.log = log
        self.deadline = deadline
        self.threads: list[VirtualThread] = []
        self.unsettled: deque[VirtualThread] = deque()
        self.ending = ""
        """Why the run was ended before its threads: "stuck", "cut", "livelock", "refused", "time"; "" if it was not."""
        self.detail: Any = None
        self.solo = True
        """Nobody but the calling thread is alive, so nothing it does is a step."""
        self.value: Any = None
        self.spurious = 2 if strict else 0
        self.versions: dict[Any, int] = {}
        self.shadows: dict[int, tuple[Any, Any]] = {}
        self.identities: dict[int, tuple[Any, int]] = {}
        self.keep: list[Any] = []
        self.over = False
        self.states: dict[Any, int] = {}
        self.thread_names = 0
        self.quiet = log is None or not log.loud
        self.main = self.add((), "main", program, None, False)

    # -- threads --------------------------------------------------------------------------------------------------

    def add(
        self, path: tuple[int, ...], name: str, job: Callable[[], Any], parent: VirtualThread | None, daemon: bool
    ) -> VirtualThread:
        number = self.numbers.setdefault(path, len(self.numbers))
        thread = VirtualThread(self, number, path, name, job, daemon)
        thread.started = True
        self.threads.append(thread)
        if parent is not None:
            thread.clock = list(parent.clock)
            thread.seen = {**parent.seen, parent.number: parent.epoch}
            parent.epoch += 1
            self.solo = False
            self.unsettled.append(thread)
        return thread

    def execute(self) -> None:
        """Run the program to its end, in the calling thread and those of the pool."""
        main = self.main
        main.worker = _Driver(main)
        main.ident = get_ident()
        now.thread = main
        threading.current_thread()._daemonic = False  # type: ignore[attr-defined]
        try:
            self.value = self.program()
        except Kill:
            pass
        except BaseException as error:  # noqa: BLE001 - whatever the program raises is its outcome
            if not self.over:
                main.error, main.error_site = error, main.site
        if not self.over:
            self.end(main)
            if not self.over:
                self.pass_on(main)
        self.kill()
        now.thread = None

    def live(self, thread: VirtualThread) -> None:
        """What a worker does with a virtual thread."""
        now.thread = thread
        # The threads that it makes inherit this.
        threading.current_thread()._daemonic = thread.daemon  # type: ignore[attr-defined]
        try:
            thread.job()
        except Kill:
            pass
        except SystemExit:
            pass  # as threading does
        except BaseException as error:  # noqa: BLE001 - reported as the failure of the run
            if not self.over:
                thread.error, thread.error_site = error, thread.site
        worker = thread.worker
        assert worker is not None
        if self.over:
            self.pool.idle.append(worker)
            self.hand(self.main)
            return
        self.end(thread)
        following = self.next_thread()
        self.pool.idle.append(worker)
        if following is None:
            self.finish()
        else:
            self.hand(following)

    def end(self, thread: VirtualThread) -> None:
        """Note that a thread has come to its end, and wake who waits for that."""
        thread.done = True
        for other in self.threads:
            if other.waiting is not None and other.waiting == ("end", thread):
                other.waiting = None
                self.unsettled.append(other)

    def joined(self, thread: VirtualThread, other: VirtualThread) -> None:
        """`thread` has seen the end of `other`: all that `other` did is in its past."""
        merge(thread.clock, other.clock)
        for number, epoch in other.seen.items():
            if thread.seen.get(number, -1) < epoch:
                thread.seen[number] = epoch
        thread.seen[other.number] = other.epoch
        other.joined = True
        self.solo = all(t.joined or t is thread for t in self.threads)

    def next_thread_name(self) -> int:
        self.thread_names += 1
        return self.thread_names

    # -- passing the baton ----------------------------------------------------------------------------------------

    def next_thread(self) -> VirtualThread | None:
        if self.unsettled:
            return self.unsettled.popleft()
        if self.over:
            return None
        return self.strategy.decide(self)

    def hand(self, thread: VirtualThread) -> None:
        if thread.worker is None:
            worker = thread.worker = self.pool.take()
            worker.job = thread
            while not worker.ident:
                time.sleep(0)
            thread.ident = worker.ident
        if not self.over:
            now.thread = thread
        thread.worker.baton.release()

    def pass_on(self, thread: VirtualThread) -> None:
        """Let whoever is next run, and come back when it is this thread's turn again."""
        following = self.next_thread()
        if following is thread:
            return
        if following is None:
            self.finish()
            if thread is self.main:
                if not thread.done:
                    raise Kill
                return
        else:
            self.hand(following)
        assert thread.worker is not None
        thread.worker.baton.acquire()
        if self.over:
            if not thread.done:
                raise Kill
            return
        now.thread = thread

    def finish(self) -> None:
        """The run is over: the main thread is told, and ends the others."""
        self.over = True
        now.thread = None
        now.dying = self.main.ident
        if get_ident() != self.main.ident:
            assert self.main.worker is not None
            self.main.worker.baton.release()

    def kill(self) -> None:
        """End whoever is still parked, one after the other."""
        self.over = True
        now.thread = None
        assert self.main.worker is not None
        for thread in self.threads:
            if thread is self.main or thread.done or thread.worker is None:
                continue
            now.dying = thread.ident
            thread.worker.baton.release()
            self.main.worker.baton.acquire()
        now.dying = 0

    # -- steps ----------------------------------------------------------------------------------------------------

    def step(
        self,
        thread: VirtualThread,
        site: Site | None,
        doing: str,
        target: Any,
        accesses: tuple[Access, ...],
        ready: Callable[[], bool] | None = None,
        alternatives: Callable[[], int] | None = None,
    ) -> int:
        """A visible step is about to happen: returns when it is its turn, with the alternative to take."""
        thread.site = site
        thread.doing = doing
        thread.target = target
        thread.accesses = accesses
        thread.ready = ready
        thread.alternatives = alternatives
        if thread.patience is not None and not thread.patience[1].intersection(thread.held):
            known, thread.patience = thread.patience[0], None
            thread.ready = self.after_change(known, ready)
            thread.impatient = True
        thread.parked = True
        self.pass_on(thread)
        thread.parked = thread.impatient = False
        thread.rescue = thread.uses = None
        return thread.alternative

    def after_change(self, known: dict[Any, int], ready: Callable[[], bool] | None) -> Callable[[], bool]:
        versions = self.versions

        def changed() -> bool:
            return any(versions.get(k, 0) != v for k, v in known.items()) and (ready is None or ready())

        return changed

    def wait(self, thread: VirtualThread, site: Site | None, what: str, target: Any) -> None:
        """Wait, without a step, until `target` ends or changes."""
        thread.site = site
        thread.waiting = (what, target)
        self.pass_on(thread)

    def stop(self, thread: VirtualThread, why: str, detail: Any = None) -> None:
        """End the run here: called by the running thread, does not return."""
        self.ending, self.detail = why, detail
        self.finish()
        if thread is not self.main:
            assert thread.worker is not None
            thread.worker.baton.acquire()
        raise Kill

    def changed(self, thread: VirtualThread, key: Any) -> None:
        """Somebody changed a location: threads that spin on it look again."""
        self.versions[key] = self.versions.get(key, 0) + 1
        for other in self.threads:
            if other.waiting is not None and other.waiting[0] == "change" and key in other.waiting[1]:
                other.waiting = None
                self.unsettled.append(other)


class _Driver(Worker):
    """The calling thread in the role of a worker: it runs the program itself."""

    def __init__(self, main: VirtualThread):
        self.baton = _thread.allocate_lock()
        self.baton.acquire()
        self.ident = get_ident()


def merge(clock: list[int], other: list[int]) -> None:
    """Make a vector clock the later of itself and another one, thread by thread."""
    if len(clock) < len(other):
        clock.extend([-1] * (len(other) - len(clock)))
    for index, value in enumerate(other):
        if value > clock[index]:
            clock[index] = value

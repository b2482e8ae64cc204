"""Run a program in real threads of which only one runs at a time: whoever holds the baton.

A thread gives the baton away only at a visible step, when it has to wait, or when it ends. Between two visible steps
it runs on without anybody noticing, so at every decision each thread is parked before its next visible step, or waits
for another thread to end or to change something.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from .locations import Sharing
from .pool import Driver, Pool
from .sites import Site
from .threads import WRITE, Access, Kill, VirtualThread, get_ident, merge, now

if TYPE_CHECKING:
    from .session import Session


class StepLog(Protocol):
    """Writes down the steps of a run that is to be shown."""

    loud: bool

    def begun(self, thread: VirtualThread) -> None: ...

    def append(
        self, thread: VirtualThread, site: Site | None, doing: str, target: Any, name: str, value: Any
    ) -> None: ...


class Strategy:
    """Decides who takes the next step. The search, a replay and the shrinking are strategies."""

    depth = 0
    """How many steps the run has taken."""
    nodes: list[Any]
    """The states in which somebody was chosen."""

    def decide(self, run: Run) -> VirtualThread | None:
        """The thread whose step is next, with `alternative` set; None if the run ends here."""
        raise NotImplementedError

    def learn(self, thread: VirtualThread, clock: list[int]) -> None:
        """What `thread` has just done comes after all that this vector clock names (a lock's last release)."""
        raise NotImplementedError

    def foresee(self, run: Run, thread: VirtualThread) -> None:
        """The step before which `thread` is parked is about to become another one."""
        raise NotImplementedError

    def repeated(self, run: Run, depth: int) -> None:
        """The run came back to the state that it had at this depth, in a way that was not fair."""
        raise NotImplementedError


class Run:
    """One execution of the program under one schedule."""

    # (as those of a thread: there are more than a dict shares with that of the next run)
    __slots__ = (
        "abandoned", "asked", "deadline", "detail", "ending", "failed", "generators", "hash_varies", "identities",
        "ids_given", "keep", "log", "main", "numbered", "numbers", "over", "pool", "program", "quiet", "ranks", "session",
        "set_orders", "shadows", "sharing", "solo", "spurious", "states", "strategy", "strict", "thread_names", "threads",
        "unjoined", "unnumbered", "unsettled", "value", "versions", "watching",
    )  # fmt: skip

    def __init__(
        self,
        program: Callable[[], Any],
        strategy: Strategy,
        pool: Pool,
        numbers: dict[tuple[int, ...], int],
        sharing: Sharing,
        *,
        session: Session,
        strict: bool,
        log: StepLog | None = None,
        deadline: float = float("inf"),
    ):
        self.program = program
        self.strategy = strategy
        self.pool = pool
        self.numbers = numbers
        self.sharing = sharing
        self.session = session
        self.strict = strict
        self.log = log
        self.deadline = deadline
        self.threads: list[VirtualThread] = []
        self.numbered: dict[int, VirtualThread] = {}
        self.unjoined = 0
        self.unsettled: deque[VirtualThread] = deque()
        self.watching = 0
        """How many threads wait for a change."""
        self.ending = ""
        """Why the run was ended before its threads: "stuck", "cut", "livelock", "refused", "time"; "" if it was not."""
        self.detail: Any = None
        self.solo = True
        """Nobody but the calling thread is alive, so nothing it does is a step."""
        self.value: Any = None
        self.spurious = 2 if strict else 0
        self.versions: dict[Any, int] = {}
        self.shadows: dict[int, tuple[Any, Any]] = {}
        self.identities: dict[int, tuple[type, int]] = {}
        """The classes of objects and their numbers, by their ids: one that nobody has asked for is not kept alive."""
        self.unnumbered: set[int] = set()
        """Objects whose number in `identities` says who asked for it first, as they were made by no call."""
        self.asked: dict[int, Any] = {}
        """The objects whose ids were asked for, by their numbers."""
        self.ids_given = False
        """The program has got an id, or a hash that varies."""
        self.hash_varies = False
        """The `__hash__` that is running has looked at a hash or an id that is not the same in every run of Python."""
        self.ranks: dict[int, int] = {}
        """Which place each of these numbers has in the order of ids, in this run."""
        self.keep: list[Any] = []
        self.generators: dict[int, tuple[Any, Any]] = {}
        """id of a generator, or of its frame -> a weak reference to it, and its location."""
        self.set_orders: dict[int, tuple[Any, tuple[Any, ...]]] = {}
        """Sets of objects that were gone through, and in which order."""
        self.over = False
        self.abandoned = False
        self.failed: VirtualThread | None = None
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
        self.threads.append(thread)
        self.numbered[number] = thread
        self.unjoined += 1
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
        main.worker = Driver(main)
        main.ident = get_ident()
        now.thread = main
        threading.current_thread()._daemonic = False  # type: ignore[attr-defined]
        try:
            self.value = self.program()
        except Kill:
            pass
        except BaseException as error:
            if not self.over:
                self.fail(main, error)
        if not self.over:
            self.end(main)
            if not self.over:
                self.pass_on(main)
        self.kill()

    def live(self, thread: VirtualThread) -> None:
        """What a worker does with a virtual thread."""
        now.thread = thread
        worker = thread.worker
        assert worker is not None
        # The threads that it makes inherit this.
        worker.thread._daemonic = thread.daemon  # type: ignore[attr-defined]
        if not self.quiet:
            worker.thread.name = thread.name  # for a debugger that stops in it
        try:
            thread.job()
        except Kill:
            pass
        except SystemExit:
            pass  # as threading does
        except BaseException as error:
            if not self.over:
                self.fail(thread, error)
        if self.sharing.thread_ends and not self.over:
            try:
                self.step(thread, thread.site, "end", thread, ((thread.end_key, WRITE),))
                self.changed(thread, thread.end_key)
            except Kill:
                pass
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

    def fail(self, thread: VirtualThread, error: BaseException) -> None:
        """An exception that nobody caught: the first one is what the run is told to fail by."""
        thread.error = error
        if self.failed is None:
            self.failed = thread

    def end(self, thread: VirtualThread) -> None:
        """Note that a thread has come to its end, and wake who waits for that."""
        thread.done = True
        for other in self.threads:
            if other.waiting is not None and other.waiting[1] is thread:
                other.waiting = None
                self.unsettled.append(other)

    def joined(self, thread: VirtualThread, other: VirtualThread) -> None:
        """`thread` has seen the end of `other`: all that `other` did is in its past."""
        merge(thread.clock, other.clock)
        for number, epoch in other.seen.items():
            if thread.seen.get(number, -1) < epoch:
                thread.seen[number] = epoch
        thread.seen[other.number] = other.epoch
        if not other.joined:
            other.joined = True
            self.unjoined -= 1
        self.solo = self.unjoined == 1

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
        worker = thread.worker
        if worker is None:
            worker = thread.worker = self.pool.take()
            worker.job = thread
            while not worker.ident:
                time.sleep(0)
            thread.ident = worker.ident
        if not self.over:
            now.thread = thread
        if worker.baton.locked():
            worker.baton.release()

    def pass_on(self, thread: VirtualThread) -> None:
        """Let whoever is next run, and come back when it is this thread's turn again."""
        # (next_thread would say the same; most steps are spared that call)
        following = self.next_thread() if self.unsettled or self.over else self.strategy.decide(self)
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
            if self.main.worker.baton.locked():
                self.main.worker.baton.release()

    def abandon(self) -> None:
        """Another real thread gives up on this run: nothing of it may go on when it comes back."""
        self.over = self.abandoned = True
        workers = [t.worker for t in self.threads if t.worker is not None]
        now.abandoned.update(worker.ident for worker in workers)
        now.thread = None
        for worker in workers:
            if worker.baton.locked():
                worker.baton.release()

    def kill(self) -> None:
        """End whoever is still parked, one after the other."""
        if self.abandoned:
            return
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

    def forget(self) -> None:
        """Undo the circles of references in a run that nobody looks at any more: its memory is free at once.

        Otherwise the garbage collector would have to look for them, after every run, for a tenth of the time.
        """
        if not self.abandoned:
            for thread in self.threads:
                thread.forget()

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
        if thread.c_calls:
            accesses = self.in_c(thread, accesses)
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
        if self.log is not None:
            self.log.begun(thread)
        thread.rescue = thread.uses = None
        return thread.alternative

    def choose(self, ways: int) -> int:
        """What is up to chance is settled, before the program begins: returns the alternative to take."""
        main = self.main
        main.doing, main.alternatives = "chance", lambda: ways
        main.parked = True
        self.pass_on(main)
        main.parked, main.alternatives = False, None
        return main.alternative

    def in_c(self, thread: VirtualThread, accesses: tuple[Access, ...]) -> tuple[Access, ...]:
        """The accesses of a step in the middle of a C call."""
        more = tuple(access for site, _, used in thread.c_calls if site.visible for access in used)
        if thread.uses is not None:
            now_ = thread.uses
            thread.uses = lambda: (*now_(), *more)
        return (*accesses, *more)

    def after_change(self, known: dict[Any, int], ready: Callable[[], bool] | None) -> Callable[[], bool]:
        versions = self.versions

        def changed() -> bool:
            return any(versions.get(k, 0) != v for k, v in known.items()) and (ready is None or ready())

        return changed

    def wait(self, thread: VirtualThread, site: Site | None, what: str, target: Any) -> None:
        """Wait, without a step, until `target` ends or changes."""
        thread.site = site
        thread.waiting = (what, target)
        if what == "change":
            self.watching += 1
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
        if self.watching:
            for other in self.threads:
                if other.waiting is not None and other.waiting[0] == "change" and key in other.waiting[1]:
                    other.waiting = None
                    self.watching -= 1
                    self.unsettled.append(other)

"""A thread of the program under exploration, and which one is running now."""

from __future__ import annotations

import _thread
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .sites import Site

if TYPE_CHECKING:
    from .pool import Worker
    from .scheduler import Run

READ, WRITE, ADD = 1, 2, 3
"""How a step uses a location. Reads commute with reads, additions (a semaphore's release) with additions."""
Access = tuple[Any, int]
get_ident = _thread.get_ident


class Kill(BaseException):
    """Ends a thread of the program wherever it is parked."""


class VirtualThread:
    """A thread of the program in one run."""

    # So many attributes are slow in a dict: with slots a schedule takes 3 % less time on Python 3.12 and 3.13.
    __slots__ = (
        "accesses", "alternative", "alternatives", "c_calls", "call_site", "children", "clock", "daemon", "doing",
        "done", "doubt", "epoch", "error", "gave", "head", "held", "ident", "impatient", "job", "joined",
        "locals", "looked", "loops", "made", "name", "number", "parked", "path", "patience", "random", "ready",
        "real", "rescue", "route", "run", "seen", "site", "steps", "target", "ticks", "trail", "turned_at",
        "turns", "uses", "waiting", "worker", "writes",
    )  # fmt: skip

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
        self.c_calls: list[tuple[Site, Any, tuple[Access, ...]]] = []
        """The C calls that it is in and that may call Python back: what they use, they use at each step inside."""
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
        self.route = 0
        """How it got to the head of the loop that it was at last, as a hash."""
        self.head = 0
        """How many steps it had taken there."""
        self.trail = 0
        """A hash of what it saw since the head of its loop."""
        self.turns = 0
        """How often it went round a loop, or called a function, without a step."""
        self.turned_at = 0
        self.ticks = 0
        self.locals: dict[int, Any] = {}
        self.random: Any = None

    @property
    def end_key(self) -> tuple[str, int]:
        """The location that says whether it is alive."""
        return "end", id(self if self.real is None else self.real)

    def enabled(self) -> bool:
        return self.parked and (self.ready is None or self.ready())

    def forget(self) -> None:
        """Undo the circles of references that a thread of a finished run is part of."""
        del self.run, self.job, self.worker, self.error, self.real, self.target, self.uses, self.ready
        del self.alternatives, self.rescue, self.waiting, self.doubt, self.held, self.loops, self.c_calls, self.gave

    def __repr__(self) -> str:
        return f"<{self.name}>"


class _Now:
    """Who runs: the thread with the baton, or the one that is being ended."""

    __slots__ = ("abandoned", "dying", "stranger", "thread")

    def __init__(self) -> None:
        self.thread: VirtualThread | None = None
        self.dying = 0
        self.stranger = False
        """A thread that the explorer did not start has run rewritten code, at the same time as one of its own."""
        self.abandoned: set[int] = set()
        """Real threads that did not come back in time: they end at their next step."""


now = _Now()


def current() -> VirtualThread | None:
    """The virtual thread that calls; None outside an exploration."""
    thread = now.thread
    if thread is not None and thread.ident == get_ident():
        return thread
    if (now.dying and now.dying == get_ident()) or (now.abandoned and get_ident() in now.abandoned):
        raise Kill
    if thread is not None:
        now.stranger = True
    return None


def merge(clock: list[int], other: list[int]) -> None:
    """Make a vector clock the later of itself and another one, thread by thread."""
    if len(clock) < len(other):
        clock.extend([-1] * (len(other) - len(clock)))
    for index, value in enumerate(other):
        if value > clock[index]:
            clock[index] = value

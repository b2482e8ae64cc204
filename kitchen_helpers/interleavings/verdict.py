"""What an exploration returns: frozen results that say what was found, and print and draw themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, overload

Verdict = Literal["holds", "fails", "unfinished"]
Kind = Literal["exception", "deadlock", "livelock", "none"]


@dataclass(frozen=True)
class Step:
    """One visible step of a schedule."""

    number: int
    """1 for the first step of the schedule."""
    thread: str
    """The thread's own name; the function that was explored runs in a thread called "main"."""
    kind: str
    """One of read, write, acquire, release, wait, notify, wake, try, expire, sleep, start, join, end, call, fail."""
    action: str
    """In words, ready to be read after the thread's name: "reads value → 0", "acquires lock", "waits for lock"."""
    object: str
    """What it is done to, as the reader would write it: "till.value", "lock", "queue"; "" if to nothing."""
    value: str | None
    """The (shortened) repr of the value read, or of the value that the object has after the step; None if it has none."""
    line: int
    """Line number in the reader's file or cell."""
    source: str
    """That line, stripped."""
    file: str = ""
    switch: str = ""
    """Why another thread went before this one: "" (no switch), "preempted", "blocked", "ended",
    or "spins": the other one goes round a loop until something changes."""
    holds: tuple[str, ...] = ()
    """Names of the locks that this thread holds after the step."""
    blocked: tuple[str, ...] = ()
    """Names of the threads that are blocked after the step."""
    note: str = ""
    """A remark on this step, such as "Ben's update is lost"; "" for most."""


@dataclass(frozen=True)
class Wait:
    """A thread that can go no further: what it waits for, and who has that (deadlocks)."""

    thread: str
    waits_for: str
    """ "lock", "queue (empty)", "the end of Ana", …"""
    held_by: tuple[str, ...]
    """Threads that hold it; () when nobody does and nobody is left to bring it."""
    line: int
    """0 if it waits in no line of the program."""
    source: str
    holds: tuple[str, ...] = ()
    """What this thread itself holds."""
    file: str = ""


@dataclass(frozen=True)
class Failure:
    """What went wrong in a schedule."""

    kind: Kind
    message: str
    """One sentence for the reader."""
    thread: str | None = None
    """The thread that raised; None for a deadlock."""
    line: int | None = None
    waits: tuple[Wait, ...] = ()
    """Everybody who waits for ever."""
    cycle: tuple[str, ...] = ()
    """The threads of the circle of waiting, in order (each waits for the next, the last for the first), or ()."""
    exception: BaseException | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Schedule(Sequence[Step]):
    """One way in which the threads take turns, from the start to the end. A sequence of its steps."""

    steps: tuple[Step, ...]
    preemptions: int
    schedule: str
    """A short string to give to `replay`."""
    threads: tuple[str, ...]
    """Names in the order in which the threads were started; "main" only if it takes part in the steps."""
    failure: Failure
    """How it ends; of the kind "none" if nothing fails."""
    program: str
    """The name of the function that was explored; "" if the reader has none for it, and so cannot repeat the schedule."""
    loop: int = 0
    """For a livelock: the number of the step from which the schedule repeats itself; 0 if it does not."""

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Step, ...]: ...
    def __getitem__(self, index: int | slice) -> Step | tuple[Step, ...]:
        return self.steps[index]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __str__(self) -> str:
        from .lanes import text_lanes

        return text_lanes(self)

    def _repr_html_(self) -> str:
        from .drawing import svg_lanes

        return svg_lanes(self)


@dataclass(frozen=True)
class Counterexample(Schedule):
    """The simplest failing schedule: fewest preemptions, then fewest steps."""


@dataclass(frozen=True, repr=False)
class Exploration:
    """What `explore` found. `assert explore(program).holds` shows the failing schedule under pytest."""

    program: str
    verdict: Verdict
    reason: str
    """Why "unfinished"; "" otherwise."""
    schedules: int
    """How many were run to the end."""
    outcomes: Mapping[str, int]
    """How the runs ended: "ok", "exception", "deadlock", "livelock"."""
    failure: Failure | None
    counterexample: Counterexample | None
    reduced: bool
    """True if schedules that differ only in the order of independent steps were run once."""
    strict: bool
    seconds: float
    """Wall-clock time that the exploration took."""
    notes: tuple[str, ...] = ()
    """Further remarks, such as what the shrinking could not finish."""
    final_states: Mapping[Any, int] = field(default_factory=dict, compare=False)
    replayed: Schedule | None = None
    """The steps of a schedule that was replayed and did not fail."""

    @property
    def holds(self) -> bool:
        """True only for "holds": every interleaving of the visible steps was covered and none failed."""
        return self.verdict == "holds"

    def __str__(self) -> str:
        from .lanes import text_report

        return text_report(self)

    def __repr__(self) -> str:
        return f"<Exploration of {self.program}: {self.verdict}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        from .drawing import html_report

        return html_report(self)

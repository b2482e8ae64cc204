"""What an engine is given and what it hands back: Job, Outcome, Run, Span, and the errors that name engine and item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any

__all__ = ["Engine", "Job", "Outcome", "Run", "Span", "TaskFailed", "Unavailable", "WorkerDied", "name_of", "short"]


@dataclass(frozen=True, slots=True)
class Span:
    """One item's time with one worker.

    Attributes:
        worker: number of the worker, from 0; `async` has one worker, 0, whose spans overlap.
        item: index of the item in `items`.
        start, end: seconds on the clock of this process's `time.perf_counter`, whoever did the work.
        cpu_seconds: CPU time the worker's own thread spent on the item (`time.thread_time`; on Windows in steps
            of about 16 ms). The rest of the span it waited: for a clock, a device, the GIL, or a free CPU.
    """

    worker: int
    item: int
    start: float
    end: float
    cpu_seconds: float


@dataclass(frozen=True)
class Run:
    """All items done once by one engine.

    Attributes:
        seconds: from the moment the workers, already standing ready, got the order until every result was here.
        startup_seconds: what starting the workers took, not part of `seconds`. `threads` start anew for every run;
            the loop of `async` and the pool of `processes` start once per comparison, and each run carries that figure.
        spans: one per item, in the order of the items.
        workers: how many workers took part.
        started: when the order came in, on the clock of the spans.
        starved_seconds: how long the workers, taken together, could have gone on but had no CPU, as other programs, a
            limit or each other kept it from them. Only Linux tells, and `async` does not ask; 0 elsewhere.
    """

    seconds: float
    startup_seconds: float
    spans: tuple[Span, ...]
    workers: int = 1
    started: float = 0.0
    starved_seconds: float = 0.0


@dataclass
class Job:
    """What one engine is to do again and again.

    Attributes:
        workers: how many the reader asked for, None for the engine's own default.
        cpus: usable CPUs.
        item_seconds: length of one item as far as measured, for engines that hand out batches.
    """

    task: Callable[[Any], Any]
    items: Sequence[Any]
    async_task: Callable[[Any], Any] | None = None
    workers: int | None = None
    cpus: int = 1
    item_seconds: float | None = None
    engine: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Outcome:
    """The results of one run, in the order of the items, and how it went."""

    results: list[Any]
    run: Run


# Entering starts the workers; what it yields does the whole job once per call; leaving ends the workers.
Engine = Callable[[Job], AbstractContextManager[Callable[[], Outcome]]]


class Unavailable(Exception):
    """Raised by an engine on entering: it cannot run here, for the reason given."""


class WorkerDied(RuntimeError):
    """A worker process ended in the middle of its work: killed, crashed, or `os._exit`.

    Attributes: engine; items, the indices that were under way or handed out (one of them may be the culprit).
    """

    def __init__(self, message: str, engine: str = "processes", items: tuple[int, ...] = ()) -> None:
        super().__init__(message)
        self.engine = engine
        self.items = items


class TaskFailed(Exception):
    """The task raised on one item.

    It is caught by `except TaskFailed` and, as it also derives from the type of the original exception, by
    `except ValueError` (or whatever the task raised), with the attributes of the original (`errno`, …). The
    original itself is `__cause__`.

    Attributes: engine; index of the item; item itself.
    """

    engine: str
    index: int
    item: Any

    # The other base's own constructor may want other arguments; `of` sets the attributes.
    def __init__(self, *args: Any) -> None:
        BaseException.__init__(self, *args)

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""

    @staticmethod
    def of(engine: str, index: int, item: Any, cause: BaseException, happened: str = "raised") -> TaskFailed:
        """An exception ready to be raised, whose type is both TaskFailed and the type of `cause`."""
        text = f"engine {engine!r}, item {index} ({short(item)}) {happened} {type(cause).__name__}: {cause}"
        kind: type[TaskFailed] = TaskFailed
        # SystemExit and the like must not end the notebook, StopIteration must not end a loop; some types cannot be
        # combined: plain TaskFailed then.
        if isinstance(cause, Exception) and not isinstance(cause, TaskFailed | StopIteration | StopAsyncIteration):
            with suppress(TypeError):
                kind = type("TaskFailed", (TaskFailed, type(cause)), {"__module__": TaskFailed.__module__})
        try:
            failed = kind(text)
        except Exception:
            failed = TaskFailed(text)
        _copy_attributes(cause, failed)
        failed.engine, failed.index, failed.item = engine, index, item
        failed.__cause__ = cause
        return failed

    def __reduce__(self) -> tuple[Any, ...]:
        # A type made on the fly has no address to pickle it by: make it again from its cause.
        return TaskFailed._again, (self.args, self.engine, self.index, self.item, self.__cause__)

    @staticmethod
    def _again(args: tuple[Any, ...], engine: str, index: int, item: Any, cause: BaseException) -> TaskFailed:
        failed = TaskFailed.of(engine, index, item, cause)
        failed.args = args
        return failed


def _copy_attributes(source: BaseException, target: BaseException) -> None:
    """What `except OSError as error: error.errno` looks for; some of it is kept in C, outside `__dict__`."""
    kept_in_c = (MemberDescriptorType, GetSetDescriptorType)
    names = [name for name in dir(type(source)) if isinstance(getattr(type(source), name, None), kept_in_c)]
    for name in [*names, *vars(source)]:
        if not name.startswith("__") and name != "args":
            with suppress(Exception):
                setattr(target, name, getattr(source, name))


def name_of(task: Callable[[Any], Any]) -> str:
    """What to call a task in tables and figures."""
    inner = getattr(task, "func", task)  # of a functools.partial
    return getattr(inner, "__name__", None) or type(inner).__name__


def short(value: Any, width: int = 60) -> str:
    """`repr(value)`, cut to `width` characters, also of objects whose `repr` fails."""
    try:
        text = repr(value)
    except Exception:
        text = object.__repr__(value)
    return text if len(text) <= width else text[: width - 1] + "…"

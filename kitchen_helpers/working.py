"""The innermost loop, the same for every engine that calls the task item by item, here or in a worker process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter, thread_time
from typing import Any

from .runs import Job, Span, TaskFailed

# index of the item, start, end, CPU seconds: plain tuples, as making a Span costs more than all else in the loop.
Row = tuple[int, float, float, float]


class Failure(Exception):
    """Inside an engine: the item with this index raised `error`."""

    def __init__(self, index: int, error: BaseException, happened: str = "raised") -> None:
        super().__init__(index, error, happened)
        self.index = index
        self.error = error
        self.happened = happened


class Stopped(BaseException):
    """Thrown into a worker to end it. Not an Exception, so that a task's `except Exception` lets it through."""


def work_through(
    task: Callable[[Any], Any], indices: Iterable[int], items: Sequence[Any], results: list[Any], rows: list[Row]
) -> None:
    """Do the items with these indices, one after the other; put results at their index, and a row for each.

    One reading of the clocks ends an item and starts the next: `thread_time` is what costs most here.
    """
    index = -1
    cpu, start = thread_time(), perf_counter()
    try:
        for index in indices:
            results[index] = task(items[index])
            end, used = perf_counter(), thread_time()
            rows.append((index, start, end, used - cpu))
            start, cpu = end, used
    except Stopped:
        raise
    except KeyboardInterrupt:
        raise  # the stop button, not a fault of the task
    except BaseException as error:
        raise Failure(index, error) from error


def starved() -> float:
    """Seconds that this thread has been ready to run without a CPU to run on, since it began; 0 where nobody tells."""
    try:
        with open("/proc/thread-self/schedstat") as file:
            return int(file.read().split()[1]) / 1e9  # (time on a CPU, time waiting for one, turns), in nanoseconds
    except (OSError, ValueError, IndexError):
        return 0.0


def as_spans(items: int, rows_of: Iterable[tuple[int, Iterable[Row]]]) -> tuple[Span, ...]:
    """(worker, its rows) pairs, in which each item stands once, as Spans in the order of the items."""
    spans: list[Any] = [None] * items
    for worker, rows in rows_of:
        for index, start, end, cpu in rows:
            spans[index] = Span(worker, index, start, end, cpu)
    return tuple(spans)


@contextmanager
def naming(job: Job) -> Iterator[None]:
    """Turn the Failure inside an engine into the TaskFailed that the reader sees."""
    try:
        yield
    except Failure as failure:
        failed = TaskFailed.of(job.engine, failure.index, job.items[failure.index], failure.error, failure.happened)
        for note in getattr(failure, "__notes__", ()):
            failed.add_note(note)
    else:
        return
    raise failed

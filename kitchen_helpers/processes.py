"""The `processes` engine: worker processes that also take functions and lambdas from notebook cells.

The pool is loky's, of this comparison only: it starts for the comparison (so that its start-up is measured each time),
stays warm between the repeats, is nobody else's, and has ended when `compare` returns.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from .dealing import Dealer, packed_task, remember
from .runs import Job, Outcome, Unavailable

# Set in a worker process: there, nobody is to start workers of their own.
WORKER = "KITCHEN_WORKER"
# Workers whose parent has vanished without a word leave after this many idle seconds.
ORPHANED = 300.0


@contextmanager
def processes(job: Job) -> Iterator[Callable[[], Outcome]]:
    """Worker processes, one per usable CPU by default; short items travel in batches."""
    workers = min(job.workers or job.cpus, max(1, len(job.items)))
    task = packed_task(job)
    begun = perf_counter()
    pool = _open_pool(workers, task)
    dealer = Dealer(job, pool.submit, workers, None, died=(BrokenProcessPool,))
    healthy = False
    try:
        try:
            dealer.greet()
        except (NotImplementedError, OSError, AssertionError) as error:  # no semaphores; a daemon has no children
            raise Unavailable(f"worker processes cannot be started here: {error}") from error
        startup = perf_counter() - begun
        yield lambda: dealer.run(startup)
        healthy = True
    finally:
        # After any error the workers may be deep in an item: nothing is to go on running behind the reader's back.
        pool.shutdown(wait=True, kill_workers=not healthy)


def _open_pool(workers: int, task: bytes) -> Any:
    try:
        from loky import ProcessPoolExecutor

        return ProcessPoolExecutor(workers, timeout=ORPHANED, initializer=_prepare, initargs=(task,))
    except (ImportError, NotImplementedError, OSError, RuntimeError) as error:
        raise Unavailable(f"worker processes cannot be started here: {error}") from error


def _prepare(task: bytes) -> None:
    """In the worker process."""
    remember(task)
    # The stop button reaches the whole group of processes; the parent ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ[WORKER] = "1"

"""The `interpreters` engine: several Pythons in one process, each with modules, globals and a GIL of its own.

Python 3.14 has them (PEP 734). Starting one costs less than a process, but it shares as little: task, items and results
are packed and sent all the same, and modules are imported anew in each. Extension modules that keep their state in one
place for the whole process (NumPy's among them) refuse to be imported there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from time import perf_counter

from .dealing import Dealer, packed_task, remember
from .runs import Job, Outcome, Unavailable


@contextmanager
def interpreters(job: Job) -> Iterator[Callable[[], Outcome]]:
    """Threads that each run an interpreter of their own, one per usable CPU by default; short items travel in batches."""
    try:
        from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]
    except ImportError:
        raise Unavailable("it needs Python 3.14 or newer") from None
    workers = min(job.workers or job.cpus, max(1, len(job.items)))
    task = packed_task(job)
    begun = perf_counter()
    pool = InterpreterPoolExecutor(workers, "worker-interpreter", initializer=remember, initargs=(task,))
    try:
        dealer = Dealer(job, pool.submit, workers, None)
        try:
            dealer.greet()
        except BrokenExecutor:
            raise Unavailable(
                "a new interpreter cannot import kitchen_helpers: install it, as a changed sys.path does not get there"
            ) from None
        startup = perf_counter() - begun
        yield lambda: dealer.run(startup)
    finally:
        # Nothing can stop an item in the middle, in an interpreter as in a thread: no other one is begun.
        pool.shutdown(wait=True, cancel_futures=True)

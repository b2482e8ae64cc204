"""The `dask` engine: the workers of a Dask cluster, on this machine or on hundreds.

With a `distributed.Client` open, its cluster does the work, wherever it is; without one, a cluster of this machine's own
starts for the comparison and ends with it. The workers need this package, too. A worker that dies loses nothing: Dask
has its items done again by another one, so they may be done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from .dealing import Dealer, packed_task
from .runs import Job, Outcome, Unavailable


@contextmanager
def dask(job: Job) -> Iterator[Callable[[], Outcome]]:
    """One thread of a Dask worker is one worker: all that the cluster has, or `workers` of them; items travel in batches."""
    try:
        from distributed import Client
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise Unavailable("it needs Dask: pip install 'kitchen-helpers[cluster]'") from None
    task = packed_task(job)
    begun = perf_counter()
    with ExitStack() as stack:
        try:
            client: Any = Client.current()
        except ValueError:
            client = stack.enter_context(_own_client(min(job.workers or job.cpus, max(1, len(job.items)))))
        threads = client.nthreads()
        if not threads:
            raise Unavailable(f"the cluster at {client.scheduler.address} has no workers yet")
        chosen, workers = _chosen(threads, min(job.workers or sum(threads.values()), max(1, len(job.items))))
        pool = client.get_executor(pure=False, workers=chosen, allow_other_workers=True)
        healthy = False
        try:
            dealer = Dealer(job, pool.submit, workers, task, died=(KilledWorker,))
            dealer.greet()
            startup = perf_counter() - begun
            yield lambda: dealer.run(startup)
            healthy = True
        finally:
            # After an error: what has not begun will not begin. A worker of somebody else's cluster ends its item first.
            pool.shutdown(wait=healthy)


def _chosen(threads: dict[str, int], most: int) -> tuple[list[str], int]:
    """So many of the cluster's workers that they have `most` threads, or a few more; and how many that are."""
    chosen: list[str] = []
    count = 0
    for address, own in threads.items():
        if count < most:
            chosen.append(address)
            count += own
    return chosen, count


@contextmanager
def _own_client(workers: int) -> Iterator[Any]:
    import dask.config
    from distributed import Client, LocalCluster

    # Any port for the dashboard, as the usual one may be taken; one thread each, as several would share one GIL.
    # A folder of its own, as Dask leaves locks behind in the usual one.
    with (
        TemporaryDirectory(prefix="kitchen-dask-", ignore_cleanup_errors=True) as scratch,
        dask.config.set(temporary_directory=scratch),
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client

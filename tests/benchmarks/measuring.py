"""What measuring itself costs, as ratios beside the standard library's executors and joblib: `make bench`.

Medians of interleaved rounds. What happens in one process is measured in CPU time, what happens in several by the clock:
on a machine that is busy with other things those ratios waver, their order rarely does.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from math import inf
from statistics import median
from time import perf_counter, process_time
from typing import Any

import kitchen_helpers as kh
from kitchen_helpers.engines import ENGINES
from kitchen_helpers.runs import Job

ROUNDS = 9


def nothing(item: int) -> int:
    return item


async def async_nothing(item: int) -> int:
    return item


def ten_microseconds(item: int) -> int:
    kh.workloads.computing(10e-6)
    return item


def fifty_milliseconds(item: int) -> int:
    kh.workloads.computing(0.05)
    return item


def seconds_of(call: Callable[[], Any], clock: Callable[[], float] = perf_counter) -> float:
    begun = clock()
    call()
    return clock() - begun


def cpu_seconds_of(call: Callable[[], Any]) -> float:
    return seconds_of(call, process_time)


def interleaved(contenders: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Median seconds of each, after one round that does not count."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS + 1):
        for name, call in contenders.items():
            taken[name].append(call())
    return {name: median(own[1:]) for name, own in taken.items()}


def line(what: str, figure: str, goal: str = "") -> None:
    print(f"  {what:58} {figure:>12}  {goal}", flush=True)


def importing() -> None:
    print("importing, CPU time in a fresh Python")
    own = "import kitchen_helpers"
    others = {
        "its compare and explore, loaded when first used": f"{own} as kh; kh.compare, kh.explore",
        "json, threading, concurrent.futures, multiprocessing": "import json, threading, concurrent.futures, multiprocessing",
        "numpy": "import numpy",
        "joblib": "import joblib",
    }
    taken = interleaved(
        {"kitchen_helpers": lambda: import_seconds(own)}
        | {name: lambda statement=statement: import_seconds(statement) for name, statement in others.items()}
    )
    line("kitchen_helpers", f"{taken['kitchen_helpers'] * 1e3:.1f} ms", "goal: < 60 ms")
    for name in others:
        if taken[name] < inf:
            line(name, f"{taken[name] * 1e3:.1f} ms", f"{taken[name] / taken['kitchen_helpers']:.1f} ×")


def import_seconds(statement: str) -> float:
    """For ever where it is not installed."""
    code = f"from time import process_time as now; t = now(); {statement}; print(now() - t)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout or inf)


def overhead(count: int = 20_000) -> None:
    print(f"CPU time per item of a task that does nothing, {count:,} items")
    items = range(count)

    async def awaiting() -> list[int]:
        return [await async_nothing(item) for item in items]

    async def gathering() -> list[int]:
        return await asyncio.gather(*(async_nothing(item) for item in items))

    with ExitStack() as stack:
        contenders: dict[str, Callable[[], float]] = {
            "plain loop": lambda: cpu_seconds_of(lambda: [nothing(item) for item in items]),
            "plain await": lambda: cpu_seconds_of(lambda: asyncio.run(awaiting())),
        }
        for name in ("sequential", "threads", "async"):
            run = stack.enter_context(ENGINES[name](Job(nothing, list(items), async_nothing, 4, engine=name)))
            # All of it, also what is not part of Run.seconds: starting threads, making spans.
            contenders[name] = lambda run=run: cpu_seconds_of(run)
        executor = stack.enter_context(ThreadPoolExecutor(4))
        contenders["ThreadPoolExecutor.map"] = lambda: cpu_seconds_of(lambda: list(executor.map(nothing, items)))
        contenders["asyncio.gather"] = lambda: cpu_seconds_of(lambda: asyncio.run(gathering()))
        taken = interleaved(contenders)
    for name in ("sequential", "threads", "async", "ThreadPoolExecutor.map", "asyncio.gather"):
        base = taken["plain await" if name in ("async", "asyncio.gather") else "plain loop"]
        goal = "goal: < 3 µs" if name in ENGINES else ""
        line(name, f"{(taken[name] - base) / count * 1e6:.2f} µs", goal)
    each = ("sequential", "threads", "async")
    whole = cpu_seconds_of(lambda: kh.compare(nothing, items, async_nothing, each)) / (6 * len(each) * count)
    line("compare as a whole, per item and run", f"{whole * 1e6:.2f} µs")


def small_items(count: int = 10_000) -> None:
    cpus = kh.machine_card().cpus_usable
    print(f"{count:,} items of about 10 µs in {cpus} processes, warm")
    items = list(range(count))
    each = median([seconds_of(lambda: ten_microseconds(1)) for _ in range(1000)])
    with ExitStack() as stack:
        job = Job(ten_microseconds, items, cpus=cpus, item_seconds=each, engine="processes")
        run = stack.enter_context(ENGINES["processes"](job))
        pool = stack.enter_context(ProcessPoolExecutor(cpus))
        size = count // (4 * cpus)
        contenders: dict[str, Callable[[], float]] = {
            "sequential": lambda: seconds_of(lambda: [ten_microseconds(item) for item in items]),
            "processes engine": lambda: run().run.seconds,
            f"ProcessPoolExecutor.map(chunksize={size})": lambda: seconds_of(
                lambda: list(pool.map(ten_microseconds, items, chunksize=size))
            ),
            "ProcessPoolExecutor.map": lambda: seconds_of(lambda: list(pool.map(ten_microseconds, items))),
        }
        try:
            import joblib

            parallel = stack.enter_context(joblib.Parallel(cpus))
            contenders["joblib"] = lambda: seconds_of(
                lambda: parallel(joblib.delayed(ten_microseconds)(item) for item in items)
            )
        except ImportError:
            line("joblib", "not installed")
        taken = interleaved(contenders)
    for name, seconds in taken.items():
        line(name, f"{seconds * 1e3:.0f} ms")
    if "joblib" in taken:
        line("processes engine / joblib", f"{taken['processes engine'] / taken['joblib']:.2f} ×", "goal: < 1.2 ×")


def alone(start: Any, done: Any, share: list[int]) -> None:
    """A process of its own, that knows nothing of the others but when to start; ends when told to."""
    while start.wait() is not None:
        for item in share:
            fifty_milliseconds(item)
        done.put(None)


def share_of_ideal(count: int = 20) -> None:
    cpus = kh.machine_card().cpus_usable
    print(f"{count} items of about 50 ms, {cpus} workers against {cpus} independent processes")
    kh.workloads.computing(0.001)
    context = multiprocessing.get_context("spawn")
    start, done = context.Barrier(cpus + 1), context.SimpleQueue()
    shares = [list(range(count))[n::cpus] for n in range(cpus)]
    crew = [context.Process(target=alone, args=(start, done, share), daemon=True) for share in shares]
    for process in crew:
        process.start()

    def independent() -> float:
        start.wait()
        begun = perf_counter()
        for _ in crew:
            done.get()
        return perf_counter() - begun

    with ENGINES["processes"](
        Job(fifty_milliseconds, list(range(count)), cpus=cpus, item_seconds=0.05, engine="processes")
    ) as run:
        contenders: dict[str, Callable[[], float]] = {
            "sequential": lambda: seconds_of(lambda: [fifty_milliseconds(item) for item in range(count)]),
            "independent processes": independent,
            "processes engine": lambda: run().run.seconds,
        }
        taken = interleaved(contenders)
    for process in crew:
        process.terminate()
        process.join()
    for name, seconds in taken.items():
        line(name, f"{seconds * 1e3:.0f} ms")
    reached = taken["independent processes"] / taken["processes engine"]
    line("share of the ideal speedup that the engine reaches", f"{reached:.0%}")


def main() -> None:
    print(kh.machine_card().caption)
    importing()
    overhead()
    small_items()
    share_of_ideal()


if __name__ == "__main__":
    main()

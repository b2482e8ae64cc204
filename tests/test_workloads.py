"""The workloads: their results, their lengths as far as a busy machine lets one say, and how they travel."""

from __future__ import annotations

import asyncio
import inspect
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import kitchen_helpers as kh
from kitchen_helpers import workloads

ROOT = Path(kh.__file__).parents[1]


@pytest.mark.parametrize("name", ["waiting", "computing", "mixed"])
def test_plain_and_async_form_give_the_same(name: str) -> None:
    plain, other = getattr(workloads, name), getattr(workloads, f"async_{name}")
    assert plain(0.01) == asyncio.run(other(0.01)) == 0.01
    assert inspect.iscoroutinefunction(other)
    assert pickle.loads(pickle.dumps(plain)) is plain


@pytest.mark.parametrize("task", [workloads.waiting, workloads.mixed])
def test_waiting_lasts_at_least_that_long(task: Callable[[float], float]) -> None:
    begun = time.perf_counter()
    workloads.waiting(0.02)
    assert time.perf_counter() - begun >= 0.019


def test_computing_needs_about_that_much_cpu_and_waiting_none() -> None:
    workloads.computing(0.001)
    needed = []
    for _ in range(5):
        begun = time.thread_time()
        workloads.computing(0.05)
        needed.append(time.thread_time() - begun)
    # A fixed amount of work: on a busy machine it costs more CPU time (caches, shared cores), but not several times.
    assert 0.025 < min(needed) < 0.15
    begun = time.thread_time()
    workloads.waiting(0.05)
    assert time.thread_time() - begun < 0.025


def test_work_is_proportional_to_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []
    monkeypatch.setenv(workloads.VARIABLE, "1e6")
    monkeypatch.setattr(workloads, "_compute", rounds.append)
    workloads.computing(0.05)
    workloads.mixed(0.05)
    workloads.mixed(0.05, 1.0)
    workloads.mixed(0.001, 0)
    assert rounds == [50_000, 10_000, 50_000, 0]


def test_calibrated_once_for_this_process_and_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(workloads.VARIABLE, raising=False)
    rate = workloads.rounds_per_second()
    assert rate > 1000
    assert workloads.rounds_per_second() == rate
    ask = "import kitchen_helpers as kh; print(kh.workloads.rounds_per_second())"
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    child = subprocess.run([sys.executable, "-c", ask], env=os.environ | {"PYTHONPATH": paths}, capture_output=True)
    assert float(child.stdout) == rate
    assert set(kh.compare(lambda item: kh.workloads.rounds_per_second(), [1], repeats=1).results) == {rate}


def test_others_go_on_while_one_waits_but_not_while_it_computes() -> None:
    async def first_to_end(task: Callable[[float], float]) -> str:
        order: list[str] = []

        async def slow() -> None:
            await task(0.05)  # type: ignore[misc]
            order.append("slow")

        async def quick() -> None:
            order.append("quick")

        await asyncio.gather(slow(), quick())
        return order[0]

    assert asyncio.run(first_to_end(workloads.async_waiting)) == "quick"
    assert asyncio.run(first_to_end(workloads.async_mixed)) == "quick"
    assert asyncio.run(first_to_end(workloads.async_computing)) == "slow"

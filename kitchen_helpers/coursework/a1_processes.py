"""The check of a1.q3: one task over many items, in processes."""

from __future__ import annotations

import functools
import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .a1_results import LIMIT, Burnt, raised, same
from .questions import RuleBroken, Verdict
from .realtime import Called, call, no_new_processes, processes, tidied, tried

_TASK = 0.05
_COMING = 4.0
"""Seconds within which a second process has to come."""
_ENOUGH = "enough"
"""A note that nobody has to wait any longer."""
_STARTING = 8.0
"""Seconds for a call that starts processes, on a machine that is busy."""


def place(order: tuple[str, float, Any]) -> Any:
    """Does an item, and notes where and when; it waits for a second process to come, at most until some time of the day."""
    folder, patience, item = order
    begun = time.monotonic()
    Path(folder, str(os.getpid())).touch()
    while len({note.split()[0] for note in os.listdir(folder)}) < 2 and time.time() < patience:  # (_ENOUGH is a second one, too)
        time.sleep(0.005)
    time.sleep(_TASK)
    Path(folder, f"{os.getpid()} {begun} {time.monotonic()}").touch()
    return item


def _enough_after(note: Path, seconds: float) -> None:
    if seconds > _COMING:
        note.touch()


def burns_at_two(item: int) -> int:
    time.sleep(_TASK)
    if item == 2:
        raise Burnt("the third dish")
    return item


def check_processes(run: Any) -> Verdict:
    """a1.q3: `run_processes(task, items, workers)`."""

    def elsewhere(
        task: Callable[[Any], Any],
        items: Any,
        workers: int,
        what: str,
        longest: float = _STARTING,
        looks: Callable[[float], object] = lambda seconds: None,
    ) -> Called:
        before = processes()
        called = call(what, lambda: run(task, items, workers), longest, looks)
        no_new_processes(before, what)
        return called

    def under(method: str, items: list[Any], workers: int) -> None:
        multiprocessing.set_start_method(method, force=True)
        what = f"the result of {len(items)} items with {workers} workers under the start method {method}"
        with TemporaryDirectory(prefix="a1-") as folder:
            patience = time.time() + 10 * _STARTING
            looks = functools.partial(_enough_after, Path(folder, _ENOUGH))
            answers = elsewhere(place, ((folder, patience, item) for item in items), workers, what, looks=looks).value()
            # (what the tasks have noted, and not what the answer says of them)
            notes = [note.split() for note in os.listdir(folder) if " " in note]
        same(answers, items, what)
        if len(notes) != len(items):
            raise RuleBroken(f"of {len(items)} items, tasks were run {len(notes)} times: each item is done once")
        pids = {int(pid) for pid, *_ in notes}
        if os.getpid() in pids:
            raise RuleBroken("the work is done in the calling process", "A thread is no process: which pool has its own Python?")
        if len(pids) < min(2, workers, len(items)):
            raise RuleBroken(f"with workers={workers} only one process did all the work", "Are all started before the first is awaited?")
        starts = sorted((float(begun), 1) for _, begun, _ in notes)
        ends = sorted((float(ended), -1) for *_, ended in notes)
        inside = most = 0
        for _, change in sorted(starts + ends, key=lambda moment: (moment[0], moment[1])):
            inside += change
            most = max(most, inside)
        if most > workers or len(pids) > workers and most >= workers + 1:
            raise RuleBroken(f"with workers={workers}, {most} processes were working at once", LIMIT)

    def spawned() -> None:
        under("spawn", [[1], "a", "a", None, 0, ""], 2)

    def nothing() -> None:
        same(elsewhere(place, [], 2, "a call without items", 3.0).value(), [], "the result of no items")

    def others() -> None:
        for method in multiprocessing.get_all_start_methods():
            if method != "spawn":
                under(method, [1, 2, 3], 2)

    def failing() -> None:
        multiprocessing.set_start_method("spawn", force=True)
        what = "a call whose third task raises"
        raised(elsewhere(burns_at_two, range(4), 2, what), Burnt, what)

    with tidied():
        return tried(
            [spawned, nothing, failing, others],
            "Results in order, done in other processes under every start method, exceptions come out, no process is left",
            "What does a fresh Python have to import or receive before it can do the task, and who tells it that all is done?",
        )

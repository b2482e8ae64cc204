"""The checks of assignment 6: a pipeline of three stages in processes, and what becomes of it when a stage fails.

What happened is read from a record that the check's own stages append to, one line of JSON each; nothing that the
answer's processes send is unpickled here.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .questions import Question, Verdict
from .realtime import Broken, Called, call, exactly, no_new_processes, processes, tried

_AHEAD = 100
_MEETING = 2.5
"""Seconds within which a second worker has to come, or a sink to begin."""
_STILL = 0.5
"""Seconds without a new item after which the source is taken for held back."""
_CALL = 0.3
"""Seconds that a call of the slow sink takes."""
_SOON = 2.0
_END = "How does a stage learn that nothing more will come, and could an item look the same?"
_BOUND = "Who makes the source wait when the sink is slow? Look at each queue, and at what reads ahead."
_ERROR = "Who in the calling process would notice, and how does it learn what was raised?"


class Burnt(Exception):
    """What the stages of the checks raise."""


@dataclass(frozen=True)
class Plan:
    """What the stages do; it travels into their processes."""

    folder: str
    caller: int
    items: tuple[Any, ...]
    meet: float = 0.0
    slow: float = 0.0
    held: bool = False
    fails: str = ""
    killed: bool = False


def _note(plan: Plan, stage: str, what: str, value: Any = None) -> None:
    line = json.dumps([stage, what, os.getpid(), time.monotonic(), value if _plain(value) else type(value).__name__])
    record = os.open(Path(plan.folder, "record"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(record, line.encode() + b"\n")
    finally:
        os.close(record)


def _plain(value: Any) -> bool:
    return value is None or type(value) in (int, str)


def _notes(folder: str) -> list[list[Any]]:
    path = Path(folder, "record")
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def _seen(plan: Plan, stage: str, what: str) -> list[list[Any]]:
    return [note for note in _notes(plan.folder) if note[:2] == [stage, what]]


def _wait(until: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not until() and time.monotonic() < deadline:
        time.sleep(0.01)


def _fail(plan: Plan, stage: str) -> None:
    """The stage raises or is killed; not before the sink is in the middle of a call, where there is one."""
    if stage != "sink":
        _wait(lambda: len(_seen(plan, "sink", "begins")) > 0, _MEETING)
    _note(plan, stage, "fails")
    if plan.killed and os.getpid() != plan.caller:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    raise Burnt(stage)


def source(plan: Plan) -> Iterator[Any]:
    for number, item in enumerate(plan.items):
        if plan.fails == "source" and number == 3:
            _fail(plan, "source")
        _note(plan, "source", "gives", item)
        yield item


def transform(plan: Plan, item: Any) -> Any:
    _note(plan, "transform", "begins", item)
    if plan.fails == "transform" and item == 3:
        _fail(plan, "transform")
    if plan.meet:
        _wait(lambda: len({note[2] for note in _seen(plan, "transform", "begins")}) > 1, plan.meet - time.monotonic())
    _note(plan, "transform", "ends", item)
    return item


def sink(plan: Plan, result: Any) -> None:
    first = plan.held and not _seen(plan, "sink", "begins")
    _note(plan, "sink", "begins", result)
    if plan.fails == "sink" and result == 1:
        _fail(plan, "sink")
    if first:
        _hold(plan)
    if plan.slow:
        time.sleep(plan.slow)
    _note(plan, "sink", "ends", result)


def _hold(plan: Plan) -> None:
    """Until the source has run far ahead, or stands still."""
    given, since = -1, time.monotonic()
    while given <= _AHEAD + 10 and time.monotonic() - since < _STILL:
        now = len(_seen(plan, "source", "gives"))
        if now != given:
            given, since = now, time.monotonic()
        time.sleep(0.02)


def _nothing() -> None: ...


def _start_up() -> float:
    """Seconds that a new process takes on this machine, now."""
    begun = time.monotonic()
    process = multiprocessing.get_context("spawn").Process(target=_nothing)
    process.start()
    process.join()
    return time.monotonic() - begun


def _run(
    run: Any, method: str, items: Sequence[Any], workers: int, what: str, longest: float, **plans: Any
) -> tuple[Called, float, list[list[Any]]]:
    """One call of the answer, under a start method: how it ended, when, and what its stages have noted by then."""
    multiprocessing.set_start_method(method, force=True)
    with TemporaryDirectory(prefix="a6-") as folder:
        plan = Plan(folder, os.getpid(), tuple(items), **plans)
        before = processes()
        called = call(
            what, lambda: run(partial(source, plan), partial(transform, plan), partial(sink, plan), workers), longest
        )
        ended, notes = time.monotonic(), _notes(plan.folder)
        no_new_processes(before, what)
    return called, ended, notes


def _whole(
    run: Any, method: str, items: Sequence[Any], workers: int, what: str, longest: float, **plans: Any
) -> list[list[Any]]:
    """The notes of a run in which nothing fails, and nothing may be missing."""
    called, _, notes = _run(run, method, items, workers, what, longest, **plans)
    called.value()
    _apart(notes, what)
    _at_most_once(notes, items, True, what)
    return notes


def _at_most_once(notes: Sequence[list[Any]], items: Sequence[Any], whole: bool, what: str) -> None:
    """Nothing doubled or made up in the sink; with `whole`, nothing lost either."""
    kept = [note[4] for note in notes if note[:2] == ["sink", "begins"]]
    wanted, got = Counter(map(repr, items)), Counter(map(repr, kept))
    if lost := wanted - got:
        if whole:
            raise Broken(f"in {what} the sink must get every result, and {', '.join(lost)} was lost", _END)
    if more := got - wanted:
        twice = f"in {what} the sink must get each result once, and it also got {', '.join(more)}"
        raise Broken(twice, "Who else might hand on the same item, or something that is no item?")


def _apart(notes: Sequence[list[Any]], what: str) -> None:
    """Each stage in processes of its own; one of them for the source and one for the sink."""
    at = {stage: {note[2] for note in notes if note[0] == stage} for stage in ("source", "transform", "sink")}
    for stage, pids in at.items():
        if os.getpid() in pids:
            raise Broken(f"in {what} the {stage} was run in the calling process", "Which process executes each line?")
    for stage in ("source", "sink"):
        if len(at[stage]) > 1:
            raise Broken(f"in {what} the {stage} was run by {len(at[stage])} processes, not by one", "Who calls it?")
    if at["source"] & at["sink"] or at["transform"] & (at["source"] | at["sink"]):
        raise Broken(f"in {what} two stages were run in the same process", "Which process executes each line?")


def check_pipeline(run: Any) -> Verdict:
    """a6.q1: `run_pipeline(source, transform, sink, workers)`."""
    unit = _start_up()

    def under(method: str, items: Sequence[Any], workers: int, what: str, **plans: Any) -> list[list[Any]]:
        return _whole(run, method, items, workers, f"{what} under the start method {method}", 4.0 + 8 * unit, **plans)

    def meeting() -> None:
        what = "a pipeline with 2 workers"
        notes = under("spawn", range(6), 2, what, meet=time.monotonic() + _MEETING + 4 * unit)
        if len({note[2] for note in notes if note[0] == "transform"}) < 2:
            rule = f"in {what} only one process did the transforming: two must be at work at once"
            raise Broken(rule, "How many processes take items from the same place?")
        _no_more_than(notes, 2, what)

    def held_back() -> None:
        notes = under(_quickest(), range(250), 2, "a pipeline with a slow sink", held=True)
        ahead = 0
        for stage, what, *_ in notes:
            ahead += (stage, what) == ("source", "gives")
            ahead -= (stage, what) == ("sink", "begins")
            if ahead >= _AHEAD:
                raise Broken(
                    f"the source ran {_AHEAD} items ahead of the sink: the queues have no bound, or a wide one", _BOUND
                )

    def empty_things() -> None:
        under(_quickest(), [None, 0, "", 7, None, "", 0, 8], 2, 'a pipeline whose items are None, 0 and ""', slow=0.05)
        under(_quickest(), [], 2, "a pipeline without items")
        _no_more_than(under(_quickest(), range(5), 1, "a pipeline with 1 worker"), 1, "a pipeline with 1 worker")

    return tried(
        [meeting, empty_things, held_back],
        "Three stages in processes, every result once in one sink, the source is held back, no process is left",
        "Which process does what, and how does each learn that it is done?",
    )


def _no_more_than(notes: Sequence[list[Any]], workers: int, what: str) -> None:
    inside = 0
    for stage, step, *_ in notes:
        inside += (stage, step) == ("transform", "begins")
        inside -= (stage, step) == ("transform", "ends")
        if inside > workers:
            raise Broken(f"in {what} {inside} transforms were running at once", "What decides how many there are?")


def _quickest() -> str:
    return "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"


def check_failing(run: Any) -> Verdict:
    """a6.q2: the same when a stage raises or its process is killed."""
    unit = _start_up()
    longest, items = 4.0 + 6 * unit, range(40)

    def under(method: str, stage: str, killed: bool) -> None:
        what = f"a pipeline whose {stage} {'is killed' if killed else 'raises'}"
        called, ended, notes = _run(run, method, items, 2, what, longest, slow=_CALL, fails=stage, killed=killed)
        _apart(notes, what)
        failed = [note[3] for note in notes if note[1] == "fails"]
        if called.error is None:
            raise Broken(f"{what} must raise, and it returned", _ERROR)
        if not failed:
            called.value()
        if not killed and not exactly(type(called.error).__name__, "Burnt"):
            raise Broken(
                f"{what} must raise the stage's own Burnt, and it raised {type(called.error).__name__}", _ERROR
            )
        if ended - failed[0] > _SOON + 2 * unit:
            raise Broken(
                f"{what} must tell the caller within {_SOON:g} s, and it took {ended - failed[0]:.1f} s", _ERROR
            )
        _at_most_once(notes, items, False, what)
        if stage != "sink":
            begun, done = (sum(note[:2] == ["sink", step] for note in notes) for step in ("begins", "ends"))
            if begun != done:
                raise Broken(
                    f"in {what} a call of the sink was cut in the middle",
                    "Who may be ended at once, and who asked to stop?",
                )

    def working() -> None:
        _whole(run, _quickest(), range(6), 2, "a pipeline in which nothing fails", longest)

    def raising() -> None:
        for stage in ("source", "transform", "sink"):
            under(_quickest(), stage, False)

    def killing() -> None:
        for stage in ("transform", "sink", "source"):
            under(_quickest(), stage, True)

    return tried(
        [working, raising, killing, lambda: under("spawn", "transform", True)],
        "An error and a killed process reach the caller soon, the sink's call is finished, no process is left",
        _ERROR,
    )


QUESTIONS = (
    Question("a6.q1", ("run_pipeline",), 3.0, check_pipeline, alone=True, seconds=60.0, needs_module=True),
    Question("a6.q2", ("run_pipeline",), 3.0, check_failing, alone=True, seconds=60.0, needs_module=True),
)

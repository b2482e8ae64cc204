"""Every engine on real threads, loops and processes: overlap, order, errors, the stop button, nothing left behind."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import loky
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kitchen_helpers as kh
from kitchen_helpers import workloads
from kitchen_helpers.dealing import batches, clock_offset
from kitchen_helpers.engines import ENGINES, USUAL, taking
from kitchen_helpers.runs import Job, Run, short
from tests.samples import unhurried

MAIN = os.getpid()
NAMES = list(USUAL)  # the others: test_engines_elsewhere.py
PLENTY = 60.0  # seconds for what should come at once, on a machine that is busy with other things
posix = pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")


async def async_same(item: Any) -> Any:
    return item


def once(task: Callable[[Any], Any], items: Any, engine: str, **options: Any) -> Run:
    """One run of one engine, after the sequential one."""
    options.setdefault("async_task", async_same)
    return kh.compare(task, items, engines=[engine], repeats=1, warmup=0, **options).runs(engine)[0]


def in_worker(engine: str) -> Callable[[], bool]:
    """Whether this is run by a worker of this engine, not by the sequential run that comes first."""
    main = MAIN
    if engine == "processes":
        return lambda: os.getpid() != main
    return lambda: os.getpid() == main and (threading.current_thread() is not threading.main_thread())


def seen_by(engine: str, happens: Callable[[Any], Any]) -> dict[str, Any]:
    """task= and async_task= of which `happens` comes true in this engine only; elsewhere an item is its own result."""
    if engine == "sequential":
        return {"task": happens}
    if engine == "async":

        async def async_happens(item: Any) -> Any:
            await asyncio.sleep(0)
            return happens(item)

        return {"task": lambda item: item, "async_task": async_happens}
    here = in_worker(engine)
    return {"task": lambda item: happens(item) if here() else item}


def children() -> list[str]:
    """Commands of the processes that this one has started, but for the trackers that stay for its life."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            command = " ".join(process.cmdline())
            if "resource_tracker" not in command and process.status() != psutil.STATUS_ZOMBIE:
                found.append(command)
        except psutil.Error:
            pass
    return found


@pytest.fixture
def stop_button() -> Iterator[None]:
    """SIGINT as Python handles it: tests that run in the background of a shell inherit that it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def nothing_left() -> Iterator[None]:
    threads, processes = set(threading.enumerate()), set(children())
    yield
    deadline = time.monotonic() + PLENTY
    while set(threading.enumerate()) - threads or set(children()) - processes:
        assert time.monotonic() < deadline, (set(threading.enumerate()) - threads, set(children()) - processes)
        time.sleep(0.01)


# ---- The work ----


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("engine", NAMES)
@pytest.mark.parametrize("count", [0, 1, 7])
def test_every_engine_gives_results_in_order_and_one_span_per_item(engine: str, count: int) -> None:
    async def double(item: int) -> int:
        await asyncio.sleep(0)
        return 2 * item

    comparison = kh.compare(lambda item: 2 * item, range(count), double, [engine], workers=2, repeats=2)
    assert comparison.results == [2 * item for item in range(count)]
    for run in (*comparison.runs(engine), *comparison.warmups(engine)):
        assert [span.item for span in run.spans] == list(range(count))
        assert run.seconds > 0
        assert run.startup_seconds >= 0
        for span in run.spans:
            assert run.started <= span.start <= span.end <= run.started + run.seconds
            assert 0 <= span.worker < run.workers
            assert 0 <= span.cpu_seconds <= span.end - span.start + 0.02


@pytest.mark.parametrize("engine", NAMES)
def test_ten_thousand_items(engine: str) -> None:
    run = once(lambda item: item, range(10_000), engine)
    assert [span.item for span in run.spans] == list(range(10_000))


@pytest.mark.parametrize("engine", NAMES)
def test_items_may_come_from_a_generator_and_be_unhashable(engine: str) -> None:
    comparison = kh.compare(lambda item: item, ([n] for n in range(3)), async_same, [engine], repeats=1)
    assert comparison.results == [[0], [1], [2]]


def test_threads_work_at_the_same_time() -> None:
    meeting, here = threading.Barrier(4), in_worker("threads")

    def task(item: int) -> int:
        if here():
            meeting.wait(PLENTY)  # passes only when four are in here
        return item

    run = once(task, range(8), "threads", workers=4)
    assert {span.worker for span in run.spans} == {0, 1, 2, 3}
    first = run.spans[:4]
    assert max(span.start for span in first) < min(span.end for span in first)


def test_async_has_all_items_under_way_at_once() -> None:
    meeting = asyncio.Barrier(300)

    async def task(item: int) -> int:
        async with asyncio.timeout(PLENTY):
            await meeting.wait()
        return item

    run = once(lambda item: item, range(300), "async", async_task=task)
    assert max(span.start for span in run.spans) < min(span.end for span in run.spans)
    assert {span.worker for span in run.spans} == {0}


def test_processes_work_at_the_same_time(tmp_path: Path) -> None:
    here, plenty = in_worker("processes"), PLENTY

    def task(item: int) -> int:
        if here():
            (tmp_path / str(item)).touch()
            deadline = time.monotonic() + plenty
            while len(list(tmp_path.iterdir())) < 2:
                assert time.monotonic() < deadline
                time.sleep(0.001)
        return item

    run = once(task, range(2), "processes", workers=2)
    one, two = run.spans
    assert one.worker != two.worker
    assert max(one.start, two.start) < min(one.end, two.end)  # on one clock


def test_cpu_seconds_tell_waiting_from_computing_and_whose_it_was() -> None:
    workloads.computing(0.001)

    async def task(item: str) -> str:
        if item == "compute":
            await asyncio.sleep(0)
            workloads.computing(0.1)
        else:
            await asyncio.sleep(0.1)
        return item

    waits, computes = once(lambda item: item, ["wait", "compute"], "async", async_task=task).spans
    assert waits.cpu_seconds < 0.05 < computes.cpu_seconds
    for engine in ("sequential", "threads", "processes"):
        waits, computes = once(lambda s: workloads.mixed(0.1, s), [0.0, 1.0], engine, equal=lambda a, b: True).spans
        assert waits.cpu_seconds < 0.05 < computes.cpu_seconds


@pytest.mark.skipif(not Path("/proc/thread-self/schedstat").exists(), reason="only Linux tells")
def test_what_is_neither_waiting_nor_computing_is_starving() -> None:
    run = once(workloads.mixed, [0.1, 0.1], "sequential", equal=lambda a, b: True)
    computed = sum(span.cpu_seconds for span in run.spans)
    waited = 0.16  # by sleeping, which may last a little longer
    assert -0.01 <= run.seconds - computed - run.starved_seconds - waited < PLENTY
    assert 0 <= run.starved_seconds <= run.seconds - waited


def test_async_lanes_open_only_when_one_waits_and_go_on_after_it() -> None:
    tasks: set[str] = set()

    async def task(item: int) -> int:
        current = asyncio.current_task()
        assert current
        tasks.add(current.get_name())
        if item % 1000 == 0:
            await asyncio.sleep(0)
        return item

    once(lambda item: item, range(5000), "async", async_task=task)
    assert len(tasks) < 50


@unhurried
@given(st.integers(0, 3000), st.integers(1, 20), st.none() | st.floats(0, 1))
def test_batches_cover_all_items_once_in_order_and_get_no_larger(count: int, workers: int, seconds: float | None) -> None:
    parts = list(batches(count, workers, seconds))
    assert [index for part in parts for index in part] == list(range(count))
    sizes = [len(part) for part in parts]
    assert all(one >= next_one for one, next_one in pairwise(sizes))
    if seconds is not None and seconds >= 0.03:
        assert set(sizes) <= {1}
    if count >= workers:
        assert len(parts) >= min(workers, count)


@unhurried
@given(st.floats(-1e6, 1e6), st.lists(st.tuples(*[st.floats(1e-5, 1.0)] * 3), min_size=1))
def test_the_offset_of_a_clock_is_bounded_by_what_must_come_first(ahead: float, trips: list[tuple[float, ...]]) -> None:
    readings, now = [], 0.0
    for there, work, back in trips:
        sent, begun, ended, now = now, now + there, now + there + work, now + there + work + back
        readings.append((sent, begun + ahead, ended + ahead, now))
    closest = min(there for there, _, _ in trips) + min(back for _, _, back in trips)
    assert abs(clock_offset(readings) - ahead) <= closest + 1e-6


def test_clocks_that_may_be_the_same_are_taken_as_the_same() -> None:
    assert clock_offset([(0.0, 0.1, 0.2, 0.3), (1.0, 1.4, 1.5, 1.6)]) == 0.0
    assert clock_offset([(0.0, 10.1, 10.2, 0.3)]) == pytest.approx(10.0)


def test_taking_shares_out_each_index_once() -> None:
    todo, taken = deque(range(20_000)), [list[int]() for _ in range(4)]
    crew = [threading.Thread(target=lambda own=own: own.extend(taking(todo))) for own in taken]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert sorted(index for own in taken for index in own) == list(range(20_000))


# ---- What goes wrong ----


def no_soup(item: int) -> int:
    if item == 2:
        raise ValueError("no soup today")
    return item


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("engine", NAMES)
def test_an_exception_comes_back_with_engine_and_item(engine: str) -> None:
    with pytest.raises(kh.TaskFailed) as caught:
        kh.compare(**seen_by(engine, no_soup), items=range(4), engines=[engine], warmup=0)
    error = caught.value
    assert (error.engine, error.index, error.item) == (engine, 2, 2)
    assert str(error) == f"engine {engine!r}, item 2 (2) raised ValueError: no soup today"
    assert isinstance(error, ValueError)
    assert type(error.__cause__) is ValueError
    assert error.__cause__.args == ("no soup today",)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.index, type(copy.__cause__)) == (str(error), 2, ValueError)


@pytest.mark.parametrize("engine", NAMES)
def test_the_others_stop_after_an_exception(engine: str) -> None:
    begun = time.monotonic()

    def fail_or_last(item: int) -> int:
        if item == 0:
            raise ValueError
        while True:  # until it is stopped
            time.sleep(0.001)

    with pytest.raises(ValueError):
        kh.compare(**seen_by(engine, fail_or_last), items=range(2), engines=[engine], workers=2, warmup=0)
    assert time.monotonic() - begun < PLENTY


class Awkward(Exception):
    """Can be pickled, but not unpickled: a classic that used to break process pools."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} and {two}")


@pytest.mark.parametrize("engine", NAMES)
@pytest.mark.parametrize(
    ("kind", "args", "caught_as"),
    [
        (FileNotFoundError, (2, "gone", "soup.txt"), OSError),
        (UnicodeDecodeError, ("utf-8", b"\xff", 0, 1, "bad"), UnicodeDecodeError),
        (KeyError, ("salt",), KeyError),
        (StopIteration, (3,), kh.TaskFailed),
        (SystemExit, (3,), kh.TaskFailed),
        (ExceptionGroup, ("two", [ValueError(), KeyError()]), kh.TaskFailed),
        (Awkward, ("one", "two"), kh.TaskFailed),
    ],
)
def test_unusual_exceptions(engine: str, kind: Any, args: tuple[Any, ...], caught_as: type[BaseException]) -> None:
    def fail(item: int) -> int:
        raise kind(*args)

    with pytest.raises(caught_as) as caught:
        kh.compare(**seen_by(engine, fail), items=[1], engines=[engine], warmup=0)
    assert isinstance(caught.value, kh.TaskFailed)
    assert not isinstance(caught.value, SystemExit | StopIteration)
    if kind is FileNotFoundError:
        assert (caught.value.errno, caught.value.filename) == (2, "soup.txt")  # type: ignore[attr-defined]
    if kind is Awkward:
        assert "one and two" in str(caught.value)


@pytest.mark.usefixtures("nothing_left")
def test_a_killed_worker_is_named_and_the_next_comparison_works() -> None:
    main = MAIN

    def killed(item: int) -> int:
        if item == 1 and os.getpid() != main:
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        return item

    with pytest.raises(kh.WorkerDied, match=r"processes.*1") as caught:
        kh.compare(killed, range(3), engines=["processes"], workers=2)
    assert caught.value.engine == "processes"
    assert 1 in caught.value.items
    assert kh.compare(abs, [-1, 2], engines=["processes"], repeats=1).results == [1, 2]


def test_the_remote_traceback_is_shown() -> None:
    with pytest.raises(kh.TaskFailed) as caught:
        kh.compare(**seen_by("processes", no_soup), items=[2], engines=["processes"], warmup=0)
    assert any("no_soup" in note for note in caught.value.__cause__.__notes__)  # type: ignore[union-attr]


def test_what_cannot_be_sent_is_named() -> None:
    lock = threading.Lock()
    with pytest.raises(TypeError, match=r"'processes' cannot send the task .*lock.*engines="):
        kh.compare(lambda item: lock and item, [1])
    with pytest.raises(TypeError, match=r"'processes', item 1 \(<unlocked .*cannot be sent to another process") as caught:
        kh.compare(lambda item: 0, [1, lock, 2])
    assert isinstance(caught.value, kh.TaskFailed)
    assert caught.value.index == 1
    here = in_worker("processes")
    with pytest.raises(TypeError, match=r"item 2 \(2\) gave <unlocked .* cannot be sent back") as caught:
        kh.compare(lambda item: threading.Lock() if here() and item == 2 else item, [0, 1, 2])
    assert caught.value.index == 2


def test_an_engine_that_cannot_run_is_left_out_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def unable(*_: Any, **__: Any) -> Any:
        raise NotImplementedError("no semaphores")

    monkeypatch.setattr(loky, "ProcessPoolExecutor", unable)
    comparison = kh.compare(abs, [1], repeats=1)
    assert comparison.engines == ("sequential", "threads")
    assert "no semaphores" in comparison.left_out["processes"]
    assert "async_task" in comparison.left_out["async"]
    with pytest.raises(ValueError, match="no semaphores"):
        comparison.runs("processes")
    with pytest.raises(RuntimeError, match="no semaphores"):
        kh.scale(abs, [1])


def in_daemon(answers: Any) -> None:
    answers.put(dict(kh.compare(abs, [1], repeats=1).left_out))


@posix
def test_a_daemonic_process_cannot_have_workers() -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    process = context.Process(target=in_daemon, args=(answers,), daemon=True)
    process.start()
    assert "daemonic" in answers.get()["processes"]
    process.join()


@posix
@pytest.mark.usefixtures("nothing_left", "stop_button")
@pytest.mark.parametrize("engine", NAMES)
@pytest.mark.parametrize("busy", [True, False], ids=["computing", "waiting"])
def test_the_stop_button_ends_every_engine(engine: str, busy: bool) -> None:
    main, press = MAIN, signal.SIGINT
    release = threading.Event()
    begun = time.monotonic()

    def stopped(item: int) -> int:
        os.kill(main, press)
        while busy or os.getpid() != main:
            pass
        release.wait(PLENTY)
        return item

    async def async_stopped(item: int) -> None:
        os.kill(main, press)
        while busy:
            pass
        await asyncio.sleep(PLENTY)

    task = seen_by(engine, stopped)
    if engine == "processes":  # an Event cannot be sent
        here = in_worker(engine)

        def elsewhere(item: int) -> int:
            if here():
                os.kill(main, press)
                while busy:
                    pass
                time.sleep(1000)
            return item

        task = {"task": elsewhere}
    if engine == "async":
        task["async_task"] = async_stopped
    with pytest.raises(KeyboardInterrupt) as caught:
        # one item: a single signal, so that none is left for whatever comes next
        kh.compare(**task, items=[1], engines=[engine])
    assert time.monotonic() - begun < PLENTY / 2
    if engine == "threads" and not busy:
        assert "could not be stopped" in caught.value.__notes__[0]
    release.set()
    assert kh.compare(abs, [1], engines=[engine], async_task=async_same, repeats=1).results == [1]


# ---- The surroundings ----


def test_inside_a_running_loop_and_without_a_trace() -> None:
    import random

    async def cell() -> None:
        loop = asyncio.get_running_loop()
        assert kh.compare(abs, [-1], async_same_abs, repeats=1, workers=1).results == [1]
        assert asyncio.get_running_loop() is loop
        await asyncio.sleep(0)

    async def async_same_abs(item: int) -> int:
        await asyncio.sleep(0)
        return abs(item)

    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    numbers = random.getstate()
    asyncio.run(cell())
    assert {number: signal.getsignal(number) for number in signal.valid_signals()} == handlers
    assert random.getstate() == numbers


SCRIPT = """
import multiprocessing, sys, threading
import kitchen_helpers as kh
import kitchen_helpers.progress
kitchen_helpers.progress.WORTH_A_BAR = 0  # the bar leaves no trace either
sys.stderr.isatty = lambda: True
if sys.argv[1] != "default":
    multiprocessing.set_start_method(sys.argv[1])

class Dish:
    def __init__(self, name): self.name = name
    def __eq__(self, other): return isinstance(other, Dish) and self.name == other.name

def helper(name):
    return name.upper()

def task(name):
    return Dish(helper(name))

card = kh.machine_card()
comparison = kh.compare(task, ["soup", "stew"], repeats=3)
assert "tqdm" in sys.modules
assert [thread.name for thread in threading.enumerate()] == ["MainThread"]
assert "processes" in comparison.engines, comparison.left_out
assert [dish.name for dish in comparison.results] == ["SOUP", "STEW"]
assert kh.compare(lambda n: n + len(comparison.engines), [1], repeats=1).results == [4]
now = multiprocessing.get_start_method(allow_none=True)
assert now == (None if sys.argv[1] == "default" else sys.argv[1]), now
assert card.start_method == multiprocessing.get_start_method()
print("served")
"""


@pytest.mark.parametrize("method", ["default", *multiprocessing.get_all_start_methods()])
def test_functions_of_a_script_without_a_main_guard_under_every_start_method(method: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    paths = os.pathsep.join(filter(None, [str(Path(kh.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, str(script), method]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths}, timeout=150)
    assert done.stdout == "served\n", done.stdout + done.stderr


CELL = """
import kitchen_helpers as kh, os, asyncio

class Dish:
    def __init__(self, name): self.name = name
    def __eq__(self, other): return isinstance(other, Dish) and self.name == other.name

prefix = "hot "

def cook(name):
    return Dish(prefix + name)

async def async_cook(name):
    await asyncio.sleep(0)
    return Dish(prefix + name)

comparison = kh.compare(cook, ["soup", "stew"], async_cook, repeats=1)
assert comparison.engines == ("sequential", "threads", "async", "processes"), comparison.left_out
assert [dish.name for dish in comparison.results] == ["hot soup", "hot stew"]
assert kh.compare(lambda name: prefix + name, ["tea"], repeats=1).results == ["hot tea"]
comparison
"""

STOPPED_CELL = """
def endless(item):
    while True:
        pass

print("begun", flush=True)
kh.compare(endless, range(4))
"""


def test_functions_of_a_notebook_and_its_stop_button() -> None:
    from jupyter_client.manager import start_new_kernel

    paths = os.pathsep.join(filter(None, [str(Path(kh.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    manager, client = start_new_kernel(env=os.environ | {"PYTHONPATH": paths}, startup_timeout=150)
    try:
        outputs: list[dict[str, Any]] = []
        reply = client.execute_interactive(CELL, timeout=150, output_hook=outputs.append)
        assert reply["content"]["status"] == "ok", reply["content"]["traceback"]
        (shown,) = [m["content"]["data"] for m in outputs if m["msg_type"] == "execute_result"]
        assert "<table>" in shown["text/html"]
        assert "processes" in shown["text/plain"]

        def stop(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                manager.interrupt_kernel()

        reply = client.execute_interactive(STOPPED_CELL, timeout=150, output_hook=stop)
        assert reply["content"]["ename"] == "KeyboardInterrupt"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_other_users_of_loky_are_not_disturbed() -> None:
    pool = loky.get_reusable_executor(max_workers=1)
    try:
        before = pool.submit(os.getpid).result()
        kh.compare(abs, [1, 2], engines=["processes"], repeats=1)
        assert loky.get_reusable_executor(max_workers=1).submit(os.getpid).result() == before
    finally:
        pool.shutdown(kill_workers=True)


def test_an_engine_by_itself() -> None:
    with ENGINES["threads"](Job(abs, [-1, -2], workers=2, engine="threads")) as work:
        assert work().results == [1, 2]


def test_short_survives_any_repr() -> None:
    class Shy:
        def __repr__(self) -> str:
            raise RuntimeError

    assert "Shy" in short(Shy())
    assert len(short("x" * 1000)) == 60

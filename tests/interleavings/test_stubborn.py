"""Programs that do not want to end: a verdict or a clear error in time, the program as before, and no thread left behind."""

from __future__ import annotations

import _thread
import hashlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from threading import Lock, Thread
from typing import Any

import pytest

import kitchen_helpers as kh
from kitchen_helpers.interleavings import explorer, loops, own_thread
from kitchen_helpers.interleavings.story import Log

from .programs.helper import Box, in_threads

LATE = 0.5
"""Seconds by which a budget may be missed."""
BUSY = 3.0
"""And by which a busy machine may miss it; the sharp test is in `test_patience.py`."""


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(20)
    assert set(threading.enumerate()) == before
    assert kh.explore(_two_sales).failure is not None, "the next exploration works"


def _two_sales() -> None:
    till = Box()

    def sell() -> None:
        till.value += 1

    in_threads(sell, sell)
    assert till.value == 2


def _in_time(program: Callable[[], Any], seconds: float, **more: Any) -> kh.Exploration:
    code = program.__code__  # type: ignore[attr-defined]
    begun = time.perf_counter()
    exploration = kh.explore(program, seconds=seconds, **more)
    assert time.perf_counter() - begun < seconds + BUSY
    assert program.__code__ is code  # type: ignore[attr-defined]
    return exploration


def _work_in_c() -> None:
    hashlib.pbkdf2_hmac("sha256", b"salt", b"pepper", 3_000_000)  # seconds, in which other threads can run


def test_a_call_of_c_that_does_not_return() -> None:
    def program() -> None:
        in_threads(_work_in_c, _work_in_c)

    exploration = _in_time(program, 0.2)
    assert exploration.verdict == "unfinished"
    assert "does not return" in exploration.reason and "pbkdf2" in exploration.reason


def test_a_run_that_is_given_up_is_no_failure() -> None:
    def program() -> None:
        done = []
        in_threads(lambda: (_work_in_c(), done.append(1)), lambda: done.append(2))
        assert len(done) == 2

    for reduce in (True, False):
        assert _in_time(program, 0.2, reduce=reduce).verdict == "unfinished"


def test_a_failure_that_is_given_up_while_it_is_told_stays_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads of a run that is left in the middle are in no deadlock."""
    given_up = time.perf_counter() + 0.5 + 0.25

    class Slow(Log):
        def append(self, *step: Any) -> None:
            time.sleep(max(0.0, given_up + 0.07 - time.perf_counter()))
            super().append(*step)

    monkeypatch.setattr(explorer, "Log", Slow)
    exploration = kh.explore(_two_sales, seconds=0.5)
    assert exploration.failure is not None and exploration.failure.kind == "exception"


def test_an_endless_loop_without_a_step() -> None:
    def program() -> None:
        def spin() -> None:
            while True:
                pass

        in_threads(spin)

    exploration = _in_time(program, 5)
    assert exploration.failure is not None and exploration.failure.kind == "livelock"


def test_an_endless_loop_without_a_step_that_counts() -> None:
    def program() -> None:
        def spin() -> None:
            number = 0
            while True:
                number += 1

        in_threads(spin)

    exploration = _in_time(program, 10)
    assert exploration.verdict == "unfinished" and "while True" in exploration.reason


def test_an_endless_generator_that_c_uses_up() -> None:
    def program() -> None:
        def forever() -> Iterator[int]:
            while True:
                yield 0

        in_threads(lambda: sum(forever()))

    assert _in_time(program, 2).verdict != "holds"


@pytest.mark.parametrize("reduce", [True, False])
def test_threads_that_swallow_everything(reduce: bool) -> None:
    def program() -> None:
        lock = Lock()

        def stubborn() -> None:
            while True:
                try:
                    with lock:
                        lock.acquire()
                except:  # noqa: E722, S110
                    pass
                finally:
                    try:
                        lock.locked()
                    except BaseException:  # noqa: BLE001, S110
                        pass

        in_threads(stubborn, stubborn, stubborn)

    exploration = _in_time(program, 3, reduce=reduce)
    assert exploration.failure is not None and exploration.failure.kind == "deadlock"


def test_ten_threads_that_share_nothing() -> None:
    def program() -> None:
        def cook() -> None:
            dish = Box()
            dish.value += 1

        in_threads(*[cook] * 10)

    assert _in_time(program, 10).schedules == 1


def test_ten_threads_that_share_a_lock() -> None:
    def program() -> None:
        till, lock = Box(), Lock()

        def sell() -> None:
            with lock:
                till.value += 1

        in_threads(*[sell] * 10)
        assert till.value == 10

    exploration = _in_time(program, 1)
    assert exploration.verdict == "unfinished" and exploration.reason == "the time is spent"


def test_ten_threads_without_a_lock() -> None:
    def program() -> None:
        till = Box()

        def sell() -> None:
            till.value += 1

        in_threads(*[sell] * 10)
        assert till.value == 10

    exploration = _in_time(program, 2)
    assert exploration.counterexample is not None and exploration.counterexample.preemptions == 1


def _many_sales(locked: bool) -> Callable[[], None]:
    def program() -> None:
        till, lock = Box(), Lock()

        def sell() -> None:
            for _ in range(5_000):
                till.value += 1

        def once() -> None:
            till.value += 1

        def careful(sale: Callable[[], None]) -> Callable[[], None]:
            def work() -> None:
                with lock:
                    sale()

            return work

        if locked:
            in_threads(careful(sell), careful(once))
        else:
            in_threads(sell, once)
        assert till.value == 5_001

    return program


def test_ten_thousand_steps_that_fail() -> None:
    exploration = _in_time(_many_sales(locked=False), 5)
    assert exploration.failure is not None and exploration.failure.kind == "exception"


def test_ten_thousand_steps_that_hold() -> None:
    exploration = _in_time(_many_sales(locked=True), 60)
    assert exploration.holds and exploration.schedules == 2


def test_more_steps_than_a_run_may_have() -> None:
    def program() -> None:
        till = Box()

        def sell() -> None:
            for _ in range(60_000):
                till.value += 1

        in_threads(sell, lambda: till.value)

    exploration = _in_time(program, 60)
    assert exploration.verdict == "unfinished" and "100000 steps" in exploration.reason


@pytest.fixture
def interrupts() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, also in what a shell has started in the background, where it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("endless", ["steps", "no steps", "schedules"])
def test_the_stop_button(endless: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "QUIET_ROUNDS", 10**12)  # or it would end by itself

    def program() -> None:
        till = Box()

        def work() -> None:
            for _ in range(6):
                till.value += 1
            if endless == "steps":
                while True:
                    till.value += 1
            if endless == "no steps":
                number = 0
                while True:
                    number += 1

        in_threads(work, work, work)

    code = program.__code__
    stop = threading.Timer(0.1, _thread.interrupt_main)
    stop.start()
    begun, computed = time.perf_counter(), time.process_time()
    with pytest.raises(KeyboardInterrupt):
        kh.explore(program, reduce=endless != "schedules", seconds=60)
    stop.join()
    # (What has not stopped computes; on a busy machine the clock says more about the others.)
    assert time.process_time() - computed < 0.1 + BUSY
    assert time.perf_counter() - begun < 30, "it waits for something that does not come"
    assert program.__code__ is code


@pytest.mark.parametrize("after", [False, True], ids=["before its thread starts", "while its thread starts"])
def test_the_stop_button_at_the_very_beginning(after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it is pressed: the next exploration works (which the fixture tries), and deep calls are as deep as before."""
    real, depth = own_thread.start, sys.getrecursionlimit()

    def interrupted(work: Callable[[], None]) -> None:
        if after:
            real(work)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(own_thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            kh.explore(_two_sales, seconds=60)
    assert sys.getrecursionlimit() == depth


def test_one_exploration_at_a_time() -> None:
    """Another thread waits for its turn; a program that explores is told that it cannot."""
    found: list[kh.Exploration] = []
    threads = [Thread(target=lambda: found.append(kh.explore(_two_sales))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [exploration.schedules for exploration in found] == [found[0].schedules] * 3

    def program() -> None:
        kh.explore(_two_sales)

    exploration = kh.explore(program)
    assert exploration.verdict != "holds"

"""The semantics that every verdict rests on: each sentence of it with a test of its own, named after it."""

from __future__ import annotations

import decimal
import gc
import itertools
import logging
import queue
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Condition, Event, Lock, RLock, Semaphore, Thread, Timer

import pytest

import kitchen_helpers as kh

from .programs.helper import Box, in_threads


def _every(program, **options):
    """All schedules, one by one."""
    exploration = kh.explore(program, reduce=False, seconds=60, **options)
    assert exploration.verdict != "unfinished", exploration.reason
    return exploration


# -- 1. Failure


def test_failure_is_an_exception_that_nobody_catches_in_a_thread():
    def program():
        in_threads(lambda: 1 / 0)

    failure = kh.explore(program).failure
    assert failure.kind == "exception"
    assert isinstance(failure.exception, ZeroDivisionError)
    assert failure.thread and failure.thread != "main"


def test_failure_is_an_exception_that_nobody_catches_in_the_program():
    def program():
        in_threads(lambda: None)
        raise KeyError("soup")

    failure = kh.explore(program).failure
    assert failure.kind == "exception"
    assert isinstance(failure.exception, KeyError)
    assert failure.thread == "main"


def test_failure_in_a_thread_that_nobody_joins():
    def program():
        Thread(target=lambda: 1 / 0).start()

    assert kh.explore(program).failure.kind == "exception"


def test_exception_that_is_caught_is_no_failure():
    def program():
        def work():
            try:
                raise ZeroDivisionError
            except ZeroDivisionError:
                pass

        in_threads(work, work)

    assert kh.explore(program).holds


def test_exception_is_the_kind_if_others_then_wait_for_ever_and_the_waiting_ones_are_listed():
    def program():
        barrier = Barrier(3)
        threads = [Thread(target=barrier.wait, name=name) for name in ("Ana", "Ben")]

        def die():
            raise KeyError("soup")

        threads.append(Thread(target=die, name="Cleo"))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    exploration = kh.explore(program)
    assert exploration.failure.kind == "exception"
    assert exploration.failure.thread == "Cleo"
    assert set(exploration.outcomes) == {"exception"}
    waiting = {wait.thread for wait in exploration.failure.waits}
    assert {"Ana", "Ben"} <= waiting
    assert "Cleo" not in waiting


# -- 2. Deadlock


def test_deadlock_is_when_no_thread_can_run_while_one_is_alive_joined():
    def program():
        lock = Lock()
        lock.acquire()
        in_threads(lock.acquire)

    failure = kh.explore(program).failure
    assert failure.kind == "deadlock" and failure.thread is None and failure.exception is None


def test_deadlock_is_when_no_thread_can_run_while_one_is_alive_not_joined():
    def program():
        lock = Lock()
        lock.acquire()
        Thread(target=lock.acquire, name="Ana").start()

    failure = kh.explore(program).failure
    assert failure.kind == "deadlock"
    assert [wait.thread for wait in failure.waits] == ["Ana"]


def test_deadlock_names_the_circle():
    def program():
        first, second = Lock(), Lock()

        def ana():
            with first:
                with second:
                    pass

        def ben():
            with second:
                with first:
                    pass

        threads = [Thread(target=ana, name="Ana"), Thread(target=ben, name="Ben")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    failure = kh.explore(program).failure
    assert set(failure.cycle) == {"Ana", "Ben"}
    by_name = {wait.thread: wait for wait in failure.waits}
    assert by_name["Ana"].held_by == ("Ben",) and by_name["Ben"].held_by == ("Ana",)
    assert by_name["Ana"].holds and by_name["Ben"].holds


def test_daemon_that_waits_at_the_end_is_no_failure():
    def program():
        Thread(target=Event().wait, daemon=True).start()

    assert kh.explore(program).holds


def test_daemon_that_others_wait_for_is_one():
    def program():
        thread = Thread(target=Event().wait, daemon=True)
        thread.start()
        thread.join()

    assert kh.explore(program).failure.kind == "deadlock"


# -- 3. Livelock


def test_livelock_is_a_cycle_in_which_every_thread_that_can_run_does_run_and_none_leaves():
    def program():
        left, right = Box(True), Box(True)

        def ana():
            while left.value:
                right.value = True

        def ben():
            while right.value:
                left.value = True

        in_threads(ana, ben)

    exploration = kh.explore(program)
    assert exploration.failure.kind == "livelock"
    assert "livelock" in exploration.outcomes


def test_livelock_of_one_thread_that_waits_for_what_nobody_will_do():
    def program():
        flag = Box(False)

        def spin():
            while not flag.value:
                pass

        in_threads(spin)

    assert kh.explore(program).failure.kind == "livelock"


def test_unfair_spin_is_neither_a_livelock_nor_a_reason_for_unfinished():
    def program():
        flag = Box(False)

        def spin():
            while not flag.value:
                pass

        def set_it():
            flag.value = True

        in_threads(spin, set_it)

    for reduce in (True, False):
        exploration = kh.explore(program, reduce=reduce)
        assert exploration.holds, exploration
        assert set(exploration.outcomes) == {"ok"}


def test_unfair_spin_with_the_setter_started_first():
    def program():
        flag = Box(False)

        def set_it():
            flag.value = True

        thread = Thread(target=set_it)
        thread.start()
        while not flag.value:
            pass
        thread.join()

    assert kh.explore(program).holds


# A spin that counts its rounds is never twice in the same state: how often it goes round makes a difference.
def test_spin_that_counts_does_not_hold_for_any_count():
    def program():
        flag = Box(False)

        def spin():
            rounds = 0
            while not flag.value:
                rounds += 1
            assert rounds < 3

        def set_it():
            flag.value = True

        in_threads(spin, set_it)

    exploration = kh.explore(program, seconds=3)
    assert not exploration.holds
    assert exploration.verdict == "unfinished" or exploration.failure.kind == "exception"


def test_spin_that_counts_elsewhere_does_not_hold_for_any_count():
    def program():
        flag, rounds = Box(False), [0]

        def spin():
            while not flag.value:
                rounds[0] += 1

        def set_it():
            flag.value = True

        in_threads(spin, set_it)
        assert rounds[0] < 3

    exploration = kh.explore(program, seconds=3)
    assert not exploration.holds


def test_spin_that_collects_does_not_hold_for_any_count():
    def program():
        flag, seen = Box(False), []

        def spin():
            while not flag.value:
                seen.append(1)

        def set_it():
            flag.value = True

        in_threads(spin, set_it)
        assert len(seen) < 3

    assert not kh.explore(program, seconds=3).holds


def test_spin_that_gives_up_does():
    def program():
        flag = Box(False)

        def spin():
            for _ in range(3):
                if flag.value:
                    return
            raise TimeoutError

        def set_it():
            flag.value = True

        in_threads(spin, set_it)

    exploration = kh.explore(program)
    assert exploration.failure.kind == "exception"


def test_cycle_that_another_choice_escapes_is_a_livelock_too_and_the_message_says_so():
    def program():
        fork, knife = Lock(), Lock()

        def polite(first, second):
            while True:
                with first:
                    if second.acquire(blocking=False):
                        second.release()
                        return

        in_threads(lambda: polite(fork, knife), lambda: polite(knife, fork))

    exploration = kh.explore(program)
    assert exploration.failure.kind == "livelock"
    assert "escape" in exploration.failure.message.lower() or "other" in exploration.failure.message.lower()


def test_endless_work_is_never_said_to_hold():
    def counts():
        def work():
            number = 0
            while True:
                number += 1

        in_threads(work)

    def stands():
        def work():
            while True:
                pass

        in_threads(work)

    for program in (counts, stands):
        exploration = kh.explore(program, seconds=3)
        assert not exploration.holds
        assert exploration.verdict == "unfinished" or exploration.failure.kind == "livelock"


# -- 4. Atomic


def _two_at_once(change, make=list):
    def program():
        thing = make()
        in_threads(lambda: change(thing), lambda: change(thing))

    return program


def _in_place_add(shelf):
    shelf += [1]


WHOLE = {
    "append": (list, lambda shelf: shelf.append(1)),
    "pop": (lambda: [1, 2], lambda shelf: shelf.pop()),
    "setdefault": (dict, lambda menu: menu.setdefault("soup", 5)),
    "next": (lambda: iter([1, 2]), lambda things: next(things)),
    "in-place list +=": (list, _in_place_add),
    "extend": (list, lambda shelf: shelf.extend([1, 2, 3])),
    "update": (dict, lambda menu: menu.update(soup=5, stew=6)),
    "sort": (lambda: [2, 1], lambda shelf: shelf.sort()),
    "popleft": (lambda: deque([1, 2]), lambda line: line.popleft()),
    "add": (set, lambda tables: tables.add(1)),
}


@pytest.mark.parametrize("name", WHOLE)
def test_one_c_call_on_a_container_is_one_step(name):
    make, change = WHOLE[name]
    assert _every(_two_at_once(change, make)).schedules == 2


@pytest.mark.parametrize("look", [sum, len, sorted, max, list, tuple, set, str], ids=lambda look: look.__name__)
def test_one_c_call_that_looks_at_a_container_is_one_step(look):
    def program():
        shelf = [1]
        in_threads(lambda: look(shelf), lambda: shelf.append(2))

    assert _every(program).schedules == 2


# The list has 2 items or 3; each item is a step, and so is finding that there is none left: the append comes before
# the first, the second, or the end, or after it.
def test_for_over_a_shared_container_is_one_step_per_item():
    def program():
        shelf, seen = [1, 2], []

        def walk():
            for thing in shelf:
                seen.append(thing)

        in_threads(walk, lambda: shelf.append(3))
        return seen

    exploration = _every(program)
    assert exploration.schedules == 4
    assert dict(exploration.final_states) == {"[1, 2, 3]": 3, "[1, 2]": 1}


def test_comprehension_over_a_shared_container_is_one_step_per_item():
    def program():
        shelf, seen = [1, 2], []

        def walk():
            seen.append([thing for thing in shelf])

        in_threads(walk, lambda: shelf.append(3))
        return seen

    exploration = _every(program)
    assert dict(exploration.final_states) == {"[[1, 2, 3]]": 3, "[[1, 2]]": 1}


def test_sort_with_a_key_is_not_atomic():
    def program():
        shelf, rate, seen = [2, 1], Box(1), []

        def key(thing):
            seen.append(rate.value)
            return thing

        def change():
            rate.value = 2

        in_threads(lambda: shelf.sort(key=key), change)
        assert len(set(seen)) == 1

    exploration = kh.explore(program)
    assert exploration.verdict == "fails", exploration


def test_eq_called_by_c_is_not_atomic():
    class Dish:
        def __init__(self, price):
            self.price = price

        def __eq__(self, other):
            return self.price == other.price

        __hash__ = None

    def program():
        first, second, found = Dish(0), Dish(5), []
        shelf = [first, second]

        def move():
            first.price = 5
            second.price = 0

        in_threads(lambda: found.append(Dish(5) in shelf), move)
        assert found == [True]

    assert kh.explore(program).verdict == "fails"


def test_hash_called_by_c_is_not_atomic():
    class Dish:
        def __init__(self, price):
            self.price = price
            self.rate = 1

        def __hash__(self):
            first = self.rate
            second = self.rate
            assert first == second
            return 1

    def program():
        dish = Dish(5)

        def change():
            dish.rate = 2

        in_threads(lambda: {dish}, change)

    assert kh.explore(program).verdict == "fails"


class _Property:
    def __init__(self):
        self.inner = 0

    @property
    def value(self):
        return self.inner

    @value.setter
    def value(self, value):
        self.inner = value


def _augment(till):
    till.value += 1


def _augment_by_name(till):
    setattr(till, "value", getattr(till, "value") + 1)


@pytest.mark.parametrize("make", [Box, _Property], ids=["attribute", "property"])
@pytest.mark.parametrize("change", [_augment, _augment_by_name], ids=["augmented", "getattr and setattr"])
def test_augmented_assignment_is_a_read_and_a_write(make, change):
    def program():
        till = make()
        in_threads(lambda: change(till), lambda: change(till))
        assert till.value == 2

    exploration = _every(program)
    assert (exploration.schedules, exploration.outcomes["ok"]) == (6, 2)


def _cooked(error):
    error.args = (error.args[0] + 1,)


def _precise(context):
    context.prec += 1


def _logged(logger):
    logger.level += 1


def _logged_by_call(logger):
    logger.setLevel(logger.level + 1)


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (lambda: ValueError(0), _cooked),
        (lambda: decimal.Context(prec=1), _precise),
        (lambda: logging.Logger("till"), _logged),
        (lambda: logging.Logger("till"), _logged_by_call),
    ],
    ids=["an exception's arguments", "a decimal context", "a logger", "a logger, by a call"],
)
def test_what_c_code_or_a_library_keeps_for_threads_never_holds_unseen(make, change):
    def program():
        kept = make()
        in_threads(lambda: change(kept), lambda: change(kept))
        assert getattr(kept, "args", None) in (None, (2,)) and getattr(kept, "prec", 3) == 3 and getattr(kept, "level", 2) == 2

    assert kh.explore(program).verdict in ("fails", "unfinished")


def test_second_next_on_a_running_generator_raises():
    def program():
        till = Box()

        def sales():
            till.value += 1
            yield
            till.value += 1
            yield

        shared = sales()
        in_threads(lambda: next(shared), lambda: next(shared))

    failure = kh.explore(program).failure
    assert isinstance(failure.exception, ValueError)
    assert "generator already executing" in str(failure.exception)


# -- 5. Timeouts


def _timed_lock():
    lock = Lock()
    lock.acquire()
    threading.Thread(target=lock.release).start()
    return lock.acquire(timeout=5)


def _timed_rlock():
    lock, held, done = RLock(), Event(), Event()

    def hold():
        with lock:
            held.set()
            done.wait()

    thread = Thread(target=hold)
    thread.start()
    held.wait()
    Thread(target=done.set).start()
    return lock.acquire(timeout=5)


def _timed_condition():
    cond, ready = Condition(), Box(False)

    def prepare():
        with cond:
            ready.value = True
            cond.notify()

    Thread(target=prepare).start()
    with cond:
        return True if ready.value else cond.wait(timeout=5)


def _timed_wait_for():
    cond, ready = Condition(), Box(False)

    def prepare():
        with cond:
            ready.value = True
            cond.notify()

    Thread(target=prepare).start()
    with cond:
        return cond.wait_for(lambda: ready.value, timeout=5)


def _timed_event():
    event = Event()
    Thread(target=event.set).start()
    return event.wait(timeout=5)


def _timed_semaphore():
    permit = Semaphore(0)
    Thread(target=permit.release).start()
    return permit.acquire(timeout=5)


def _timed_get():
    orders = queue.Queue()
    Thread(target=orders.put, args=(1,)).start()
    try:
        orders.get(timeout=5)
    except queue.Empty:
        return False
    return True


def _timed_put():
    orders = queue.Queue(1)
    orders.put(1)
    Thread(target=orders.get).start()
    try:
        orders.put(2, timeout=5)
    except queue.Full:
        return False
    return True


def _timed_simple_get():
    orders = queue.SimpleQueue()
    Thread(target=orders.put, args=(1,)).start()
    try:
        orders.get(timeout=5)
    except queue.Empty:
        return False
    return True


def _timed_join():
    thread = Thread(target=lambda: None)
    thread.start()
    thread.join(timeout=5)
    return not thread.is_alive()


def _timed_result():
    with ThreadPoolExecutor(1) as pool:
        try:
            pool.submit(lambda: 1).result(timeout=5)
        except TimeoutError:
            return False
    return True


def _timed_barrier():
    barrier, seen = Barrier(2), []

    def come():
        try:
            barrier.wait()
        except threading.BrokenBarrierError:
            pass

    thread = Thread(target=come)
    thread.start()
    try:
        barrier.wait(timeout=5)
    except threading.BrokenBarrierError:
        seen.append(1)
    thread.join()
    return not seen


TIMED = [
    _timed_lock, _timed_rlock, _timed_condition, _timed_wait_for, _timed_event, _timed_semaphore, _timed_get, _timed_put,
    _timed_simple_get, _timed_join, _timed_result, _timed_barrier,
]  # fmt: skip


@pytest.mark.parametrize("program", TIMED, ids=lambda program: program.__name__[7:])
def test_timed_wait_may_expire_at_any_point_at_which_it_would_block(program):
    exploration = _every(program)
    assert set(exploration.final_states) == {"True", "False"}, exploration


def test_timed_wait_that_would_not_block_does_not_expire():
    def program():
        lock, permit, event, orders = Lock(), Semaphore(1), Event(), queue.Queue()
        orders.put(1)
        event.set()
        assert lock.acquire(timeout=1)
        assert permit.acquire(timeout=1)
        assert event.wait(timeout=1)
        assert orders.get(timeout=1) == 1
        thread = Thread(target=lambda: None)
        thread.start()
        thread.join()
        thread.join(timeout=1)
        assert not thread.is_alive()

    exploration = _every(program)
    assert exploration.holds and exploration.schedules == 1


def test_sleep_takes_no_time():
    def program():
        in_threads(lambda: time.sleep(3600), lambda: time.sleep(3600))

    begun = time.perf_counter()
    assert kh.explore(program).holds
    assert time.perf_counter() - begun < 5


def test_sleep_is_a_scheduling_point_on_a_virtual_clock():
    """Of the clock one sequence is tried, so nothing that asks for it is said to hold: "virtual, or refused"."""

    def program():
        begun = time.monotonic()
        time.sleep(100)
        assert time.monotonic() - begun >= 100

    exploration = kh.explore(program)
    assert exploration.verdict == "unfinished"
    assert "the time" in exploration.reason and exploration.seconds < 100


@pytest.mark.parametrize("clock", [time.monotonic, time.time, time.perf_counter], ids=lambda clock: clock.__name__)
def test_what_hangs_on_the_clock_never_holds(clock):
    def program():
        box, begun = Box(False), clock()

        def late():
            box.value = True

        def wait():
            deadline = begun + 5
            while not box.value and clock() < deadline:
                time.sleep(0.1)

        in_threads(wait, late)
        assert clock() < deadline_that_a_busy_machine_misses

    deadline_that_a_busy_machine_misses = 10**12
    exploration = kh.explore(program)
    assert exploration.verdict == "unfinished" and "the time" in exploration.reason


def test_sleep_puts_nobody_in_order():
    def program():
        order = []

        def late():
            time.sleep(100)
            order.append("late")

        in_threads(late, lambda: order.append("soon"))
        return order

    assert set(_every(program).final_states) == {"['late', 'soon']", "['soon', 'late']"}


def test_timer_may_fire_at_any_time_after_its_start():
    def program():
        rung = []
        timer = Timer(100, rung.append, args=(1,))
        timer.start()
        seen = len(rung)
        timer.cancel()
        timer.join()
        return seen, len(rung)

    assert set(_every(program).final_states) == {"(0, 0)", "(0, 1)", "(1, 1)"}


def test_timer_does_not_fire_before_its_start():
    def program():
        rung = []
        timer = Timer(0, rung.append, args=(1,))
        assert not rung
        timer.start()
        timer.join()
        assert rung

    assert kh.explore(program).holds


def test_endless_loop_of_timed_waits_holds_if_it_ends_in_every_fair_schedule():
    def program():
        ready = Event()

        def wait():
            while not ready.wait(timeout=0.01):
                pass

        in_threads(wait, ready.set)

    for reduce in (True, False):
        assert kh.explore(program, reduce=reduce).holds


def test_endless_loop_of_timed_waits_is_a_livelock_if_nobody_ends_it():
    def program():
        ready = Event()

        def wait():
            while not ready.wait(timeout=0.01):
                pass

        in_threads(wait)

    assert kh.explore(program).failure.kind == "livelock"


# -- 6. State

_count = 0
_shelf: list[int] = []
_nested = {"menu": {"soup": [5]}}


class _Kitchen:
    opened = 0
    tables: list[int] = []


def test_globals_are_restored_before_the_next_run_and_after_the_last():
    def program():
        global _count

        def add():
            global _count
            _count += 1

        assert _count == 0
        in_threads(add, add)
        return _count

    exploration = _every(program)
    assert exploration.holds and set(exploration.final_states) == {"1", "2"}
    assert _count == 0


def test_containers_in_globals_are_restored():
    def program():
        assert _shelf == [] and _nested == {"menu": {"soup": [5]}}
        in_threads(lambda: _shelf.append(1), lambda: _nested["menu"]["soup"].append(6))
        _nested["stew"] = {}

    shelf, inner = _shelf, _nested["menu"]["soup"]
    assert _every(program).holds
    assert _shelf is shelf and _shelf == []
    assert _nested["menu"]["soup"] is inner and inner == [5] and list(_nested) == ["menu"]


def test_class_attributes_are_restored():
    def program():
        assert _Kitchen.opened == 0 and _Kitchen.tables == [] and not hasattr(_Kitchen, "extra")

        def open_it():
            _Kitchen.opened += 1
            _Kitchen.tables.append(1)

        in_threads(open_it, open_it)
        _Kitchen.extra = 1

    assert _every(program).holds
    assert _Kitchen.opened == 0 and _Kitchen.tables == [] and not hasattr(_Kitchen, "extra")


def test_modules_are_restored():
    from .programs import corner_variables_elsewhere as elsewhere

    elsewhere.total = 0

    def program():
        assert elsewhere.total == 0

        def add():
            elsewhere.total += 1

        in_threads(add, add)
        elsewhere.made = 1

    assert _every(program).holds
    assert elsewhere.total == 0 and not hasattr(elsewhere, "made")


def test_state_is_restored_after_a_failure():
    def program():
        _shelf.append(1)
        in_threads(lambda: _shelf.append(2))
        raise KeyError("soup")

    assert kh.explore(program).verdict == "fails"
    assert _shelf == []


def test_closures_around_the_program_are_restored():
    kept = []
    number = 0

    def program():
        nonlocal number
        assert kept == [] and number == 0
        number += 1
        in_threads(lambda: kept.append(1), lambda: kept.append(2))

    assert _every(program).holds
    assert kept == [] and number == 0


_lock = Lock()
_orders: queue.Queue = queue.Queue()
_mine = threading.local()
_permit = Semaphore(1)
_event = Event()
_cond = Condition()


def test_locks_queues_and_locals_made_at_import_work():
    def program():
        till, other = Box(), Box()

        def sell():
            with _lock:
                till.value += 1
            with _permit, _cond:
                other.value += 1
            _mine.name = "sold"
            _orders.put(_mine.name)

        in_threads(sell, sell)
        _event.set()
        assert till.value == other.value == 2 and _orders.qsize() == 2 and not hasattr(_mine, "name")

    assert kh.explore(program).holds
    assert _orders.qsize() == 0 and not _event.is_set() and not _lock.locked()
    assert _lock.acquire(blocking=False)
    _lock.release()


def test_lock_that_a_failed_run_leaves_locked_is_free_afterwards():
    def program():
        _lock.acquire()
        in_threads(_lock.acquire)

    assert kh.explore(program).failure.kind == "deadlock"
    assert not _lock.locked()
    assert kh.explore(program).failure.kind == "deadlock"


def test_builtin_bound_methods_as_a_threads_target():
    def program():
        shelf = []
        threads = [Thread(target=shelf.append, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return shelf

    assert dict(_every(program).final_states) == {"[0, 1]": 1, "[1, 0]": 1}


# -- 7. Locks


def test_lock_may_be_released_by_another_thread():
    def program():
        lock = Lock()
        lock.acquire()
        in_threads(lock.release)
        assert not lock.locked()

    assert kh.explore(program).holds


def test_rlock_may_not():
    def program():
        lock = RLock()
        lock.acquire()
        in_threads(lock.release)

    assert isinstance(kh.explore(program).failure.exception, RuntimeError)


def _woken(notifications):
    """Ana lies down before Ben; main notifies; who woke up?"""
    cond, lying, woken = Condition(), Semaphore(0), []

    def guest(name):
        with cond:
            lying.release()
            cond.wait()
            woken.append(name)

    threads = []
    for name in ("Ana", "Ben"):
        thread = Thread(target=guest, args=(name,), daemon=True)
        threads.append(thread)
        thread.start()
        lying.acquire()
    with cond:
        cond.notify(notifications)
    with cond:
        pass
    threads[0].join(timeout=1)
    with cond:
        return sorted(woken)


def _woken_by_one():
    return _woken(1)


def _never_woken():
    return _woken(0)


def test_by_default_the_first_one_in_is_woken_first_and_nobody_without_a_reason():
    states = set(_every(_woken_by_one).final_states)
    assert states == {"['Ana']", "[]"}  # [] if she has not come round to it in time
    assert set(_every(_never_woken).final_states) == {"[]"}


def test_strictly_any_waiter_may_be_woken():
    states = set(kh.explore(_woken_by_one, strict=True, _all=True, seconds=60).final_states)
    assert "['Ben']" in states and "['Ana']" in states


def _wakes_up(times):
    cond, rounds = Condition(), []

    def wait():
        with cond:
            for _ in range(times):
                cond.wait()
                rounds.append(1)
            raise AssertionError("woken too often")

    in_threads(wait)


def _wakes_up_once():
    _wakes_up(1)


def _wakes_up_twice():
    _wakes_up(2)


def _wakes_up_three_times():
    _wakes_up(3)


def test_strictly_up_to_two_wake_ups_per_run_are_spurious():
    assert set(kh.explore(_wakes_up_once, strict=True, _all=True).outcomes) == {"deadlock", "exception"}
    assert set(kh.explore(_wakes_up_twice, strict=True, _all=True).outcomes) == {"deadlock", "exception"}
    assert set(kh.explore(_wakes_up_three_times, strict=True, _all=True).outcomes) == {"deadlock"}


def test_by_default_none_is():
    assert set(kh.explore(_wakes_up_once, _all=True).outcomes) == {"deadlock"}


# -- 8. Holds, and simplest


def _handshake(rounds):
    """Fails only if the two alternate in every round: it takes 2 * rounds - 2 preemptions."""
    box = Box()

    def ana():
        for number in range(rounds):
            if box.value == 2 * number:
                box.value = 2 * number + 1

    def ben():
        for number in range(rounds):
            if box.value == 2 * number + 1:
                box.value = 2 * number + 2

    in_threads(ana, ben)
    assert box.value != 2 * rounds


def _handshake_of_two():
    _handshake(2)


def _handshake_of_four():
    _handshake(4)


# Ana, [switch] Ben, [switch] Ana, and she has ended: Ben. With four rounds there are four more switches.
@pytest.mark.parametrize(("program", "preemptions"), [(_handshake_of_two, 2), (_handshake_of_four, 6)])
def test_no_hidden_bound_on_preemptions(program, preemptions):
    exploration = kh.explore(program, seconds=60)
    assert exploration.verdict == "fails"
    assert exploration.counterexample.preemptions == preemptions


def test_no_hidden_bound_on_steps():
    def program():
        flag = Box(False)

        def look():
            for number in range(300):
                seen = flag.value
                assert not (seen and number == 299)
                if seen:
                    return

        def set_it():
            flag.value = True

        in_threads(look, set_it)

    exploration = kh.explore(program, seconds=60)
    assert exploration.verdict == "fails"
    assert len(exploration.counterexample) == 301  # 299 looks, the flag, and the look that fails


def test_holds_over_many_steps():
    def program():
        till, lock = Box(), Lock()

        def sell():
            for _ in range(100):
                with lock:
                    till.value += 1

        in_threads(sell)
        in_threads(sell)
        assert till.value == 200

    exploration = kh.explore(program)
    assert exploration.holds


# Cleo fails at once if Ana was the last one to write, and after six looks if it was Ben; who is tried first is Ben.
def test_simplest_is_the_one_of_fewest_steps_among_those_of_as_many_preemptions():
    def program():
        box = Box()

        def ana():
            box.value = 1

        def ben():
            box.value = 2

        def cleo():
            seen = box.value
            if seen == 2:
                for _ in range(5):
                    seen = box.value
            assert seen == 0

        in_threads(ana, ben, cleo)

    for reduce in (True, False):
        example = kh.explore(program, reduce=reduce).counterexample
        assert example.preemptions == 0
        assert len(example) <= 3  # Ben may still write when Cleo has failed


# With no preemption at all it takes nine steps; with one it could be had in three.
def test_simplest_is_the_one_of_fewest_preemptions_even_if_it_has_more_steps():
    def program():
        flag, box = Box(), Box()

        def ana():
            flag.value = 1
            flag.value = 0
            for _ in range(5):
                box.value = 1

        def ben():
            if flag.value == 1:
                raise AssertionError("short, but Ana had to be stopped")
            if box.value == 1:
                raise AssertionError("long, but nobody had to be stopped")

        in_threads(ana, ben)

    for reduce in (True, False):
        exploration = kh.explore(program, reduce=reduce)
        assert exploration.counterexample.preemptions == 0
        assert "long" in str(exploration.failure.exception)


def test_simplest_of_a_lost_update_is_the_one_of_four_steps():
    def program():
        till = Box()

        def sell():
            till.value += 1

        in_threads(sell, sell)
        assert till.value == 2

    example = kh.explore(program).counterexample
    assert example.preemptions == 1
    assert [step.kind for step in example] == ["read", "read", "write", "write"]
    first, second = example.threads[:2]
    assert [step.thread for step in example] == [first, second, second, first]
    assert [step.switch for step in example] == ["", "preempted", "", "ended"]


def test_simplest_needs_no_preemption_where_order_alone_is_wrong():
    def program():
        dish = Box()

        def cook():
            dish.value = "soup"

        def serve():
            assert dish.value == "soup"

        in_threads(cook, serve)

    assert kh.explore(program).counterexample.preemptions == 0


@pytest.mark.parametrize(
    ("threads", "steps", "schedules"),
    [(2, 1, 2), (2, 2, 6), (2, 3, 20), (3, 1, 6), (3, 2, 90), (4, 1, 24)],
)
def test_every_schedule_is_counted_once(threads, steps, schedules):
    """n threads of k steps: (nk)! / (k!)^n orders."""

    def program():
        box = Box()

        def write():
            for _ in range(steps):
                box.value = 1

        in_threads(*[write] * threads)

    exploration = _every(program)
    assert exploration.schedules == schedules == exploration.outcomes["ok"]


def test_starts_joins_releases_and_private_steps_are_no_steps():
    """(Operations on a primitive are steps whoever has it, but for a release.)"""

    def program():
        till = Box()

        def sell():
            mine = Box()
            mine.value += 1
            numbers = [1, 2, 3]
            numbers.append(sum(numbers))
            till.value += 1

        in_threads(sell, sell)
        assert till.value == 2

    exploration = _every(program)
    assert (exploration.schedules, exploration.outcomes["ok"]) == (6, 2)


def test_release_of_a_lock_is_no_step():
    def program():
        lock = Lock()

        def work():
            with lock:
                pass

        in_threads(work, work)

    assert _every(program).schedules == 2


def test_what_main_does_before_and_after_is_no_choice():
    def program():
        till = Box()
        till.value = 5
        till.value = 0

        def sell():
            till.value += 1

        in_threads(sell, sell)
        seen = till.value
        assert seen == till.value == 2

    assert _every(program).schedules == 6


def test_reduced_search_needs_no_more_schedules_than_there_are():
    for program in (_handshake_of_two, _woken_by_one):
        reduced, every = kh.explore(program, _all=True), _every(program)
        assert reduced.schedules <= every.schedules
        assert set(reduced.final_states) == set(every.final_states)


def test_same_exploration_twice_gives_the_same_numbers_and_the_same_picture():
    def program():
        till, names = Box(), {object(): number for number in range(5)}

        def sell():
            for thing in names:
                names[thing] += 1
            till.value += 1

        in_threads(sell, sell)
        assert till.value == 2

    seen = [kh.explore(program) for _ in range(3)]
    assert len({exploration.schedules for exploration in seen}) == 1
    assert len({exploration.counterexample.schedule for exploration in seen}) == 1
    assert len({str(exploration.counterexample) for exploration in seen}) == 1


def test_schedules_are_sequentially_consistent():
    def program():
        x, y, seen = Box(), Box(), {}

        def ana():
            x.value = 1
            seen["Ana"] = y.value

        def ben():
            y.value = 1
            seen["Ben"] = x.value

        in_threads(ana, ben)
        return seen["Ana"], seen["Ben"]

    assert set(_every(program).final_states) == {"(0, 1)", "(1, 0)", "(1, 1)"}


def test_iterators_of_c_are_shared_state():
    def program():
        numbers, drawn = itertools.count(), []

        def draw():
            first = next(numbers)
            drawn.append((first, next(numbers)))

        in_threads(draw, draw)
        assert sorted(drawn) == [(0, 1), (2, 3)]

    assert kh.explore(program).verdict == "fails"


def test_a_run_leaves_no_circles_to_the_garbage_collector():
    """Else it would have to look for them after every run, for a tenth of the time."""

    def program():
        box = Box()

        def work():
            for number in [1, 2]:
                box.value += number

        in_threads(work, work)

    collected = []

    def count(phase, info):
        collected.append(info["collected"] if phase == "stop" else 0)

    gc.collect()
    gc.callbacks.append(count)
    try:
        exploration = kh.explore(program, reduce=False)
        gc.collect()
    finally:
        gc.callbacks.remove(count)
    assert exploration.schedules == 70
    assert sum(collected) / exploration.schedules < 30  # (what the rewriting itself leaves; with a circle in each run, 90)

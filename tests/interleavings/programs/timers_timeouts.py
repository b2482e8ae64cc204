"""Timers, sleeps and time limits: time is no order."""

import random
import threading
import time
from queue import Empty, Queue
from threading import Condition, Event, Lock, Thread, Timer
from time import monotonic, sleep

from .helper import Box, in_threads
from .table import fails, holds, never_holds

# -- sleeping puts nobody in order

@fails(preemptions=0)
def sleep_instead_of_an_order():
    dish = Box()

    def cook():
        dish.value = "soup"

    def serve():
        time.sleep(0.05)
        assert dish.value == "soup"

    in_threads(serve, cook)


@holds
def event_instead_of_a_sleep():
    dish, ready = Box(), Event()

    def cook():
        dish.value = "soup"
        ready.set()

    def serve():
        ready.wait()
        assert dish.value == "soup"

    in_threads(serve, cook)


# The longer sleep may well be over first: threads that should run are not always let run.
@fails()
def longer_sleep_instead_of_an_order():
    order = []

    def wait(seconds):
        time.sleep(seconds)
        order.append(seconds)

    in_threads(lambda: wait(0.05), lambda: wait(0.1))
    assert order == [0.05, 0.1]


@fails()
def sleep_between_read_and_write():
    till = Box()

    def sell():
        value = till.value
        sleep(0.01)
        till.value = value + 1

    in_threads(sell, sell)
    assert till.value == 2


@holds
def sleep_between_read_and_write_locked():
    till, lock = Box(), Lock()

    def sell():
        with lock:
            value = till.value
            sleep(0.01)
            till.value = value + 1

    in_threads(sell, sell)
    assert till.value == 2


# Sleeping takes time on the clock that can be read.
@holds(or_unfinished=True)
def sleep_takes_its_time():
    def work():
        start = time.monotonic()
        time.sleep(0.05)
        assert time.monotonic() - start >= 0.05 - 0.001

    in_threads(work, work)


@holds(or_unfinished=True)
def clock_never_goes_back():
    def look():
        first = monotonic()
        second = monotonic()
        assert first <= second

    in_threads(look, look)


@holds(or_unfinished=True)
def perf_counter_never_goes_back():
    first = time.perf_counter()
    in_threads(lambda: time.sleep(0.001))
    assert time.perf_counter() >= first


@holds
def polling_with_sleeps():
    ready = Box(False)

    def prepare():
        ready.value = True

    def wait():
        while not ready.value:
            time.sleep(0.001)

    in_threads(wait, prepare)


@fails("livelock")
def polling_with_sleeps_for_what_never_comes():
    ready = Box(False)

    def wait():
        while not ready.value:
            time.sleep(0.001)

    in_threads(wait)


@fails(preemptions=0)
def polling_a_few_times():
    ready = Box(False)

    def prepare():
        ready.value = True

    def wait():
        for _ in range(3):
            if ready.value:
                return
            time.sleep(0.001)
        raise AssertionError("not ready in time")

    in_threads(wait, prepare)


# -- deadlines

@never_holds()
def deadline_that_is_missed():
    ready = Box(False)

    def prepare():
        ready.value = True

    def wait():
        deadline = time.monotonic() + 0.05
        while not ready.value and time.monotonic() < deadline:
            time.sleep(0.01)
        assert ready.value

    in_threads(wait, prepare)


@holds(or_unfinished=True)
def deadline_that_may_be_missed():
    ready = Box(False)

    def prepare():
        ready.value = True

    def wait():
        deadline = time.monotonic() + 0.05
        while not ready.value and time.monotonic() < deadline:
            time.sleep(0.01)
        assert ready.value or time.monotonic() >= deadline

    in_threads(wait, prepare)


@never_holds(preemptions=0)
def condition_with_a_deadline():
    cond, ready = Condition(), Box(False)

    def prepare():
        with cond:
            ready.value = True
            cond.notify()

    def wait():
        with cond:
            deadline = monotonic() + 0.05
            while not ready.value:
                left = deadline - monotonic()
                if left <= 0:
                    break
                cond.wait(left)
            assert ready.value

    in_threads(wait, prepare)


# -- timers may ring at any time

@fails()
def timer_rings_before_it_is_cancelled():
    rung = []
    timer = Timer(60, rung.append, args=(1,))
    timer.start()
    timer.cancel()
    assert not rung


@fails(preemptions=0)
def timer_has_rung_when_it_is_asked():
    rung = []
    timer = Timer(0.01, rung.append, args=(1,))
    timer.start()
    assert rung
    timer.join()


@holds
def timer_joined():
    rung = []
    timer = Timer(0.01, rung.append, args=(1,))
    timer.start()
    timer.join()
    assert rung == [1]


@holds(final_states=["[1]", "[]"])
def timer_cancelled_in_time_or_too_late():
    rung = []
    timer = Timer(60, rung.append, args=(1,))
    timer.start()
    timer.cancel()
    timer.join()
    return rung


# Cancelled before it was started: it never rings.
@holds
def timer_cancelled_before_its_start():
    rung = []
    timer = Timer(0.01, rung.append, args=(1,))
    timer.cancel()
    timer.start()
    timer.join()
    assert rung == []


@fails(preemptions=1)
def timer_shares_a_till():
    till = Box()

    def sell():
        till.value += 1

    timer = Timer(0.01, sell)
    timer.start()
    sell()
    timer.join()
    assert till.value == 2


@holds
def timer_shares_a_till_locked():
    till, lock = Box(), Lock()

    def sell():
        with lock:
            till.value += 1

    timer = Timer(0.01, sell)
    timer.start()
    sell()
    timer.join()
    assert till.value == 2


# The shorter one need not be first.
@fails()
def timers_ring_in_any_order():
    rung = []
    timers = [Timer(0.01, rung.append, args=("short",)), Timer(0.05, rung.append, args=("long",))]
    for timer in timers:
        timer.start()
    for timer in timers:
        timer.join()
    assert rung == ["short", "long"]


@fails(preemptions=0, error="ZeroDivisionError")
def timer_that_fails():
    Timer(0.01, lambda: 1 / 0).start()


# A watchdog that ends the waiting.
@holds
def timer_ends_the_waiting():
    done = Event()
    timer = Timer(0.01, done.set)
    timer.start()
    done.wait()
    timer.join()


@fails("deadlock", preemptions=0)
def timer_takes_a_lock_that_is_held_while_it_is_joined():
    lock = Lock()

    def ring():
        with lock:
            pass

    timer = Timer(0.01, ring)
    with lock:
        timer.start()
        timer.join()


@holds
def timer_with_keywords():
    menu = {}
    timer = Timer(0.01, menu.update, kwargs={"soup": 5})
    timer.start()
    timer.join()
    assert menu == {"soup": 5}


# It sets itself again for ever: there is no end to this, and no state comes back, with one thread more each time.
@never_holds("livelock", traced=False, seconds=1)
def timer_that_sets_itself_again():
    rung = Box()

    def ring():
        rung.value = 1
        Timer(0.01, ring).start()

    ring()


# -- time limits again

@fails()
def lock_waited_for_for_a_while():
    lock = Lock()

    def hold():
        with lock:
            time.sleep(0.01)

    def want():
        got = lock.acquire(timeout=1)
        assert got
        lock.release()

    in_threads(hold, want)


@holds
def lock_waited_for_for_a_while_and_asked():
    lock, till = Lock(), Box()

    def sell():
        if lock.acquire(timeout=1):
            till.value += 1
            lock.release()

    in_threads(sell, sell)
    assert till.value in (1, 2)


# A time limit on a lock that is free does not run out.
@holds
def lock_waited_for_alone():
    lock = Lock()
    assert lock.acquire(timeout=0.01)
    assert not lock.acquire(timeout=0.01)


@holds
def event_waited_for_in_slices():
    stop, beats = Event(), Box(False)

    def beat():
        while not stop.wait(0.01):
            beats.value = True

    in_threads(beat, stop.set)


@fails("livelock")
def event_waited_for_in_slices_for_ever():
    stop = Event()

    def beat():
        while not stop.wait(0.01):
            pass

    in_threads(beat)


@holds
def queue_with_a_time_limit_until_closed():
    orders, closed, eaten = Queue(), Event(), []

    def eat():
        while True:
            try:
                eaten.append(orders.get(timeout=0.01))
            except Empty:
                if closed.is_set():
                    return

    def cook():
        orders.put("soup")
        closed.set()

    in_threads(eat, cook)


# The queue was empty, [switch] the last order comes and the kitchen closes, it is closed: the order is left behind.
@fails(preemptions=1)
def queue_with_a_time_limit_loses_the_last_order():
    orders, closed, eaten = Queue(), Event(), []

    def eat():
        while True:
            try:
                eaten.append(orders.get(timeout=0.01))
            except Empty:
                if closed.is_set():
                    return

    def cook():
        orders.put("soup")
        closed.set()

    in_threads(eat, cook)
    assert eaten == ["soup"]


# Everybody waits at most for a while, and gives up: no deadlock.
@holds
def crossed_waits_that_give_up():
    ana, ben, given_up = Event(), Event(), []

    def wait(mine, other):
        if not other.wait(timeout=0.01):
            given_up.append(1)
        mine.set()

    in_threads(lambda: wait(ana, ben), lambda: wait(ben, ana))
    assert given_up


# -- chance: another number might come

@holds(or_unfinished=True)
def chance_that_does_not_matter():
    till, lock = Box(), Lock()

    def sell():
        amount = random.randint(1, 6)
        with lock:
            till.value += 1 if amount else 0

    in_threads(sell, sell)
    assert till.value == 2


@never_holds(preemptions=1)
def chance_beside_a_lost_update():
    till = Box()

    def sell():
        random.random()
        till.value += 1

    in_threads(sell, sell)
    assert till.value == 2


# It fails in one of a million runs, whatever the schedule is: nobody may say that it holds.
@never_holds(traced=False, ends=False)
def chance_that_matters():
    def work():
        assert random.randrange(10**6) != 7

    in_threads(work)


# A generator with a seed of its own is no chance.
@holds(or_unfinished=True)
def seeded_chance():
    results = []

    def work():
        dice = random.Random(1)
        results.append(dice.randrange(6))

    in_threads(work, work)
    assert results[0] == results[1]


def _later(seconds, action):
    thread = Thread(target=lambda: (time.sleep(seconds), action()))
    thread.start()
    return thread


@holds
def sleep_in_a_thread_of_its_own():
    ready = threading.Event()
    thread = _later(0.01, ready.set)
    ready.wait()
    thread.join()


class _Pass:
    """A hatch whose threads look again and again, by timed waits."""

    def __init__(self, capacity):
        self.capacity = capacity
        self.dishes = []
        self.changed = Condition()

    def put(self, dish):
        with self.changed:
            while len(self.dishes) == self.capacity:
                self.changed.wait(timeout=0.1)
            self.dishes.append(dish)
            self.changed.notify()

    def take(self):
        with self.changed:
            while not self.dishes:
                self.changed.wait(timeout=0.1)
            self.changed.notify()
            return self.dishes.pop(0)


# One of the two is served, and the other one looks for ever: a daemon that waits at the end is no failure.
@holds(ends=False)
def daemons_that_look_again_for_ever():
    hatch = _Pass(1)
    hatch.put("soup")
    for name in ("Ana", "Ben"):
        Thread(target=hatch.put, args=(name,), name=name, daemon=True).start()
    assert hatch.take() == "soup"


@fails("livelock")
def cooks_that_look_again_for_ever():
    hatch = _Pass(1)
    hatch.put("soup")
    for name in ("Ana", "Ben"):
        Thread(target=hatch.put, args=(name,), name=name).start()
    assert hatch.take() == "soup"


# Going round, a daemon does not keep the others from being judged.
@fails("deadlock", preemptions=0)
def program_that_waits_beside_a_daemon():
    hatch, ready = _Pass(1), Event()
    Thread(target=hatch.take, daemon=True).start()
    ready.wait()


# Who looks again gives the lock back in every round, so the cook who waits for it gets it in the end.
@holds
def lock_that_is_given_back_in_every_round():
    hatch = _Pass(1)
    taker = Thread(target=hatch.take)
    taker.start()
    hatch.put("soup")
    taker.join()
    assert not hatch.dishes


@holds(seconds=120)
def two_who_look_again_and_one_who_serves_them():
    hatch = _Pass(2)
    takers = [Thread(target=hatch.take), Thread(target=hatch.take)]
    for taker in takers:
        taker.start()
    with hatch.changed:
        hatch.dishes += ["soup", "fish"]
        hatch.changed.notify_all()
    for taker in takers:
        taker.join()


# The same without giving it back: whoever looks keeps the lock, and nobody can serve.
@fails("livelock")
def lock_that_is_kept_in_every_round():
    dishes, lock, bell = [], Lock(), Event()

    def take():
        with lock:
            while not dishes:
                bell.wait(timeout=0.1)

    def serve():
        with lock:
            dishes.append("soup")

    in_threads(take, serve)


# A daemon that fails after the end of all others still fails.
@fails()
def daemon_that_looks_again_and_fails():
    hatch = _Pass(1)

    def look():
        while True:
            assert hatch.take() != "bones"

    Thread(target=look, daemon=True).start()
    hatch.put("bones")

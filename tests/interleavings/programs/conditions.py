"""Conditions: lost wake-ups, thieves, the wrong sleeper woken, and what the documentation allows beyond CPython."""

from collections import deque
from threading import Condition, Lock, RLock, Semaphore, Thread

from .helper import Box, in_threads
from .table import fails, holds


# A notification that nobody waits for is gone: Ben may simply be first.
@fails("deadlock", preemptions=0)
def notification_before_the_wait():
    cond = Condition()

    def ana():
        with cond:
            cond.wait()

    def ben():
        with cond:
            cond.notify()

    in_threads(ana, ben)


@holds
def notification_kept_in_a_variable():
    cond, ready = Condition(), Box(False)

    def ana():
        with cond:
            while not ready.value:
                cond.wait()

    def ben():
        with cond:
            ready.value = True
            cond.notify()

    in_threads(ana, ben)


# CPython never wakes anybody without a reason; the documentation of other systems, and of wait(), leaves it open.
@holds(strict="exception")
def one_if_before_the_wait():
    cond, ready = Condition(), Box(False)

    def ana():
        with cond:
            if not ready.value:
                cond.wait()
            assert ready.value

    def ben():
        with cond:
            ready.value = True
            cond.notify()

    in_threads(ana, ben)


# The thief: Ana waits, the dish comes and wakes her, but Ben is in before her and takes it.
@fails(preemptions=0, error="IndexError")
def one_if_and_two_takers():
    cond, dishes = Condition(), []

    def take():
        with cond:
            if not dishes:
                cond.wait()
            dishes.pop()

    def cook():
        with cond:
            dishes.append("soup")
            cond.notify()

    in_threads(take, take, cook, cook)


@holds
def one_while_and_two_takers():
    cond, dishes = Condition(), []

    def take():
        with cond:
            while not dishes:
                cond.wait()
            dishes.pop()

    def cook():
        with cond:
            dishes.append("soup")
            cond.notify()

    in_threads(take, take, cook, cook)
    assert not dishes


@holds
def wait_for_and_two_takers():
    cond, dishes = Condition(), []

    def take():
        with cond:
            cond.wait_for(lambda: dishes)
            dishes.pop()

    def cook():
        with cond:
            dishes.append("soup")
            cond.notify()

    in_threads(take, take, cook, cook)
    assert not dishes


# Both are woken, one dish is there.
@fails(preemptions=0, error="IndexError")
def one_if_and_notify_all():
    cond, dishes = Condition(), []

    def take():
        with cond:
            if not dishes:
                cond.wait()
            dishes.pop()

    def cook():
        with cond:
            dishes.append("soup")
            cond.notify_all()

    in_threads(take, take, cook, cook)


# One notification, two sleepers that both could go on.
@fails("deadlock", preemptions=0)
def notify_where_all_are_meant():
    cond, opened = Condition(), Box(False)

    def guest():
        with cond:
            while not opened.value:
                cond.wait()

    def door():
        with cond:
            opened.value = True
            cond.notify()

    in_threads(guest, guest, door)


@holds
def notify_all_where_all_are_meant():
    cond, opened = Condition(), Box(False)

    def guest():
        with cond:
            while not opened.value:
                cond.wait()

    def door():
        with cond:
            opened.value = True
            cond.notify_all()

    in_threads(guest, guest, door)


@holds
def notify_two_where_two_are_meant():
    cond, opened = Condition(), Box(False)

    def guest():
        with cond:
            while not opened.value:
                cond.wait()

    def door():
        with cond:
            opened.value = True
            cond.notify(2)

    in_threads(guest, guest, door)


# Each guest who comes through wakes the next one.
@holds
def notification_handed_on():
    cond, opened = Condition(), Box(False)

    def guest():
        with cond:
            while not opened.value:
                cond.wait()
            cond.notify()

    def door():
        with cond:
            opened.value = True
            cond.notify()

    in_threads(guest, guest, door)


# The waiter looks without the lock, [switch] the dish comes and nobody is told, the waiter lies down for ever.
@fails("deadlock", preemptions=1)
def looking_without_the_lock():
    cond, dishes = Condition(), []

    def take():
        while not dishes:
            with cond:
                cond.wait()

    def cook():
        with cond:
            dishes.append("soup")
            cond.notify()

    in_threads(take, cook)


# Looks wrong, but is not: the flag is up before the notification, and whoever sees it down has the lock until he sleeps.
@holds
def flag_without_the_lock_but_before_the_notification():
    cond, ready = Condition(), Box(False)

    def wait():
        with cond:
            while not ready.value:
                cond.wait()

    def prepare():
        ready.value = True
        with cond:
            cond.notify()

    in_threads(wait, prepare)


# Ana sleeps, Ben notifies, [switch] she looks, sees nothing and sleeps again, and then the flag comes up.
@fails("deadlock", preemptions=1)
def flag_after_the_notification():
    cond, ready = Condition(), Box(False)

    def wait():
        with cond:
            while not ready.value:
                cond.wait()

    def prepare():
        with cond:
            cond.notify()
        ready.value = True

    in_threads(wait, prepare)


# Inside the lock the order of the two does not matter.
@holds
def flag_after_the_notification_inside_the_lock():
    cond, ready = Condition(), Box(False)

    def wait():
        with cond:
            while not ready.value:
                cond.wait()

    def prepare():
        with cond:
            cond.notify()
            ready.value = True

    in_threads(wait, prepare)


@fails(preemptions=0, error="RuntimeError")
def notify_without_the_lock():
    cond = Condition()
    cond.notify()


@fails(preemptions=0, error="RuntimeError")
def notify_all_without_the_lock():
    cond = Condition()
    in_threads(cond.notify_all)


@fails(preemptions=0, error="RuntimeError")
def wait_without_the_lock():
    cond = Condition()
    cond.wait()


# -- one buffer of one place

def _one_condition_buffer(wake, takers):
    """`takers` takers of one dish each, and one cook who brings as many."""
    cond, dishes, taken = Condition(), deque(), []

    def put(dish):
        with cond:
            while len(dishes) == 1:
                cond.wait()
            dishes.append(dish)
            wake(cond)

    def take():
        with cond:
            while not dishes:
                cond.wait()
            dish = dishes.popleft()
            wake(cond)
        taken.append(dish)

    def cook():
        for number in range(takers):
            put(number)

    in_threads(*[take] * takers, cook)
    assert sorted(taken) == list(range(takers))


# Both takers wait; the cook puts, wakes the first, fills... the buffer is full, so he waits too; the first takes, and
# its notification goes to the second taker, who was first in line; it finds nothing; everybody waits. No preemption.
@fails("deadlock", preemptions=0)
def one_condition_for_takers_and_cook():
    _one_condition_buffer(lambda cond: cond.notify(), 2)


@holds
def one_condition_and_notify_all():
    _one_condition_buffer(lambda cond: cond.notify_all(), 2)


# With one taker nobody else can be woken.
@holds
def one_condition_for_one_taker_and_cook():
    _one_condition_buffer(lambda cond: cond.notify(), 1)


def _two_condition_buffer(lock_of_full):
    lock = Lock()
    not_empty, not_full = Condition(lock), Condition(lock_of_full(lock))
    dishes, taken = deque(), []

    def put(dish):
        with not_full:
            while len(dishes) == 1:
                not_full.wait()
            dishes.append(dish)
            not_empty.notify()

    def take():
        with not_empty:
            while not dishes:
                not_empty.wait()
            dish = dishes.popleft()
            not_full.notify()
        taken.append(dish)

    def cook():
        put(0)
        put(1)

    in_threads(take, take, cook)
    assert sorted(taken) == [0, 1]


@holds
def two_conditions_on_one_lock():
    _two_condition_buffer(lambda lock: lock)


# Two conditions with a lock each: whoever notifies does not hold the other one's lock.
@fails(preemptions=0, error="RuntimeError", ends=False)
def two_conditions_on_two_locks():
    _two_condition_buffer(lambda lock: Lock())


# -- what the lock under a condition is

@fails("deadlock", preemptions=0)
def condition_on_a_plain_lock_entered_twice():
    cond = Condition(Lock())
    with cond:
        with cond:
            pass


@holds
def condition_is_reentrant_and_waits_with_all_of_it_given_back():
    cond, ready = Condition(), Box(False)

    def wait():
        with cond:
            with cond:
                while not ready.value:
                    cond.wait()

    def prepare():
        with cond:
            ready.value = True
            cond.notify()

    in_threads(wait, prepare)


@holds
def condition_shares_an_rlock_with_others():
    lock = RLock()
    cond, ready = Condition(lock), Box(False)

    def wait():
        with lock:
            while not ready.value:
                cond.wait()

    def prepare():
        with lock:
            ready.value = True
            cond.notify()

    in_threads(wait, prepare)


# wait() gives back its own lock, not the one around it.
@fails("deadlock", preemptions=0)
def waiting_inside_another_lock():
    kitchen, cond, ready = Lock(), Condition(), Box(False)

    def wait():
        with kitchen:
            with cond:
                while not ready.value:
                    cond.wait()

    def prepare():
        with kitchen:
            with cond:
                ready.value = True
                cond.notify()

    in_threads(wait, prepare)


@holds
def waiting_outside_another_lock():
    kitchen, cond, ready = Lock(), Condition(), Box(False)

    def wait():
        with cond:
            while not ready.value:
                cond.wait()
        with kitchen:
            pass

    def prepare():
        with kitchen:
            with cond:
                ready.value = True
                cond.notify()

    in_threads(wait, prepare)


# The data are read, the lock is given back by wait(), and they are used as if nothing could have happened.
@fails(preemptions=0)
def read_before_the_wait_used_after_it():
    cond, till, ready = Condition(), Box(), Box(False)

    def ana():
        with cond:
            value = till.value
            while not ready.value:
                cond.wait()
            till.value = value + 1

    def ben():
        with cond:
            till.value += 1
            ready.value = True
            cond.notify()

    in_threads(ana, ben)
    assert till.value == 2


@holds
def read_after_the_wait():
    cond, till, ready = Condition(), Box(), Box(False)

    def ana():
        with cond:
            while not ready.value:
                cond.wait()
            till.value += 1

    def ben():
        with cond:
            till.value += 1
            ready.value = True
            cond.notify()

    in_threads(ana, ben)
    assert till.value == 2


# -- timed waits may run out whenever they block

@fails(preemptions=0)
def timed_wait_taken_for_a_notification():
    cond, ready = Condition(), Box(False)

    def wait():
        with cond:
            if not ready.value:
                cond.wait(timeout=0.01)
            assert ready.value

    def prepare():
        with cond:
            ready.value = True
            cond.notify()

    in_threads(wait, prepare)


@fails(preemptions=0)
def result_of_a_timed_wait_expected_to_be_true():
    cond, ready = Condition(), Box(False)

    def wait():
        with cond:
            assert cond.wait_for(lambda: ready.value, timeout=0.01)

    def prepare():
        with cond:
            ready.value = True
            cond.notify()

    in_threads(wait, prepare)


@holds
def result_of_a_timed_wait_heeded():
    cond, ready, served = Condition(), Box(False), Box(None)

    def wait():
        with cond:
            served.value = cond.wait_for(lambda: ready.value, timeout=0.01)
            assert not served.value or ready.value

    def prepare():
        with cond:
            ready.value = True
            cond.notify()

    in_threads(wait, prepare)
    assert served.value in (True, False)


# It may run out often, but not for ever while the other one is kept from running.
@holds
def timed_waits_until_it_is_there():
    cond, ready = Condition(), Box(False)

    def wait():
        with cond:
            while not ready.value:
                cond.wait(timeout=0.01)

    def prepare():
        with cond:
            ready.value = True
            cond.notify()

    in_threads(wait, prepare)


# Even a notification that is lost does no harm if everybody looks again now and then.
@holds
def timed_waits_survive_a_lost_notification():
    cond, ready = Condition(), Box(False)

    def wait():
        while not ready.value:
            with cond:
                cond.wait(timeout=0.01)

    def prepare():
        with cond:
            ready.value = True
            cond.notify()

    in_threads(wait, prepare)


@fails("livelock")
def timed_waits_for_what_never_comes():
    cond, ready = Condition(), Box(False)

    def wait():
        with cond:
            while not ready.value:
                cond.wait(timeout=0.01)

    in_threads(wait)


# -- who is woken

def _first_come(check):
    """Both wait; main wakes one when both lie there, and then the other."""
    cond, came, woken = Condition(), [], []
    lying, served = Semaphore(0), Semaphore(0)

    def guest(name):
        with cond:
            came.append(name)
            lying.release()
            cond.wait()
            woken.append(name)
            served.release()

    guests = [Thread(target=guest, args=(name,)) for name in ("Ana", "Ben")]
    for one in guests:
        one.start()
    lying.acquire()
    lying.acquire()
    with cond:
        cond.notify()
    served.acquire()
    with cond:
        cond.notify()
    for one in guests:
        one.join()
    check(came, woken)


def _in_order(came, woken):
    assert came == woken


# As CPython does it: first in, first out. The documentation says that one must not rely on it.
@holds(strict="exception")
def first_come_first_served():
    _first_come(_in_order)


# -- taking turns

def _ping_pong(wait):
    cond, turn, said = Condition(), Box("ping"), []

    def say(word, other):
        for _ in range(2):
            with cond:
                wait(cond, lambda: turn.value == word)
                said.append(word)
                turn.value = other
                cond.notify()

    in_threads(lambda: say("ping", "pong"), lambda: say("pong", "ping"))
    assert said == ["ping", "pong", "ping", "pong"]


def _wait_while(cond, predicate):
    while not predicate():
        cond.wait()


def _wait_once(cond, predicate):
    if not predicate():
        cond.wait()


@holds
def ping_pong():
    _ping_pong(_wait_while)


# With two threads CPython's wake-ups are exact, so the `if` is enough by luck. Woken for no reason one says its word
# twice and is gone, and the other one waits for ever.
@holds(strict="deadlock")
def ping_pong_with_if():
    _ping_pong(_wait_once)

"""Attributes where one does not expect them: on primitives, exceptions, partial functions; and what is inside a primitive."""

import functools
import queue
import threading
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from threading import Event, Lock, Semaphore

from .helper import in_threads
from .table import fails, holds, pair


def _count(thing, guard):
    thing.sold = 0

    def sell():
        with guard:
            thing.sold += 1

    in_threads(sell, sell)
    assert thing.sold == 2


@pair(preemptions=1, schedules=6, ok=2)
def attribute_of_an_exception(guard):
    _count(ValueError(), guard)


@pair(preemptions=1, schedules=6, ok=2)
def attribute_of_a_partial_function(guard):
    _count(functools.partial(print), guard)


@pair(preemptions=1, schedules=6, ok=2)
def attribute_of_a_queue(guard):
    _count(queue.Queue(), guard)


@pair(preemptions=1, schedules=6, ok=2)
def attribute_of_an_event(guard):
    _count(Event(), guard)


@pair(preemptions=1, schedules=6, ok=2)
def attribute_of_a_thread(guard):
    _count(threading.Thread(), guard)


# -- the inside of a primitive has no model: it is refused by name


@holds(or_unfinished=True, reason="mutex")
def queue_cleared_under_its_own_lock():
    orders = queue.Queue()

    def clear():
        with orders.mutex:
            orders.queue.clear()

    in_threads(clear, lambda: orders.put(1))


# Not empty, [switch] the other one clears what holds the orders, nothing is there.
@fails(error="Empty", or_unfinished=True)
def queue_cleared_past_the_queue():
    orders = queue.Queue()
    orders.put(1)

    def take():
        if not orders.empty():
            orders.get_nowait()

    in_threads(orders.queue.clear, take)


@holds
def queue_looked_into_at_the_end():
    orders = queue.Queue()
    in_threads(lambda: orders.put("soup"), lambda: orders.put("soup"))
    assert list(orders.queue) == ["soup", "soup"]


@holds(or_unfinished=True)
def semaphore_asked_for_its_value():
    plates = Semaphore(1)

    def work():
        with plates:
            assert plates._value == 0

    in_threads(work, work)


@holds(or_unfinished=True)
def executor_asked_for_its_workers():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int)
        assert pool._max_workers == 1


# -- tasks that wait for ever keep the program from ending, joined or not


@fails("deadlock", traced=False)
def task_that_waits_for_ever_and_nobody_asks():
    pool = ThreadPoolExecutor(1)
    pool.submit(Event().wait)


@fails("deadlock", preemptions=1, traced=False)
def tasks_that_wait_for_each_other_and_nobody_asks():
    salt, pepper = Lock(), Lock()

    def season(first, second):
        with first:
            with second:
                pass

    pool = ThreadPoolExecutor(2)
    pool.submit(season, salt, pepper)
    pool.submit(season, pepper, salt)


@holds(traced=False)
def pool_that_nobody_shuts_down():
    pool = ThreadPoolExecutor(2)
    assert pool.submit(lambda: 3).result() == 3


@holds(traced=False)
def pool_whose_workers_cannot_begin():
    def begin():
        raise OSError("no apron")

    with ThreadPoolExecutor(1, initializer=begin) as pool:
        try:
            pool.submit(lambda: 3).result()
        except BrokenExecutor:
            return
        raise AssertionError("it should be broken")


# -- recursion: the explorer's own frames do not count


@holds(traced=False)
def deep_recursion():
    def factorial(number):
        return 1 if number == 0 else number * factorial(number - 1)

    in_threads(lambda: factorial(700))


@fails(error="RecursionError", traced=False)
def recursion_without_an_end():
    def dig():
        return dig()

    in_threads(dig)


class _Mirror:
    def __getattr__(self, name):
        return getattr(self, name)


# Its frames are C's as well: there must be room for them.
@fails(error="RecursionError", traced=False)
def recursion_without_an_end_through_attributes():
    in_threads(lambda: _Mirror().face)

"""What others see while a C call that calls Python back is not over yet."""

import heapq
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from queue import PriorityQueue
from threading import Event

from .helper import Box, in_threads
from .table import fails, holds


class _Key:
    """Its hash takes two steps."""

    def __init__(self, first, second, name="soup"):
        self.first, self.second, self.name = first, second, name

    def __hash__(self):
        self.first.value = 1
        self.second.value = 1
        return 1

    def __eq__(self, other):
        return self.name == other.name

    def __repr__(self):
        return self.name


def _look_between(change, first, dishes, seen):
    """Another thread looks how many there are between the two steps, and looks after that at nothing."""

    def look():
        if first.value:
            seen.append(len(dishes))

    in_threads(change, look)


@fails()
def item_stored_by_a_key_with_steps():
    first, second, dishes, seen = Box(), Box(), {"fish": 1}, []

    def change():
        dishes[_Key(first, second)] = 2

    _look_between(change, first, dishes, seen)
    assert seen != [1]


@fails()
def item_deleted_by_a_key_with_steps():
    first, second, seen = Box(), Box(), []
    dishes = {_Key(Box(), Box()): 1}

    def change():
        del dishes[_Key(first, second)]

    _look_between(change, first, dishes, seen)
    assert seen != [1]


@fails(error="KeyError")
def item_loaded_by_a_key_with_steps():
    first, second = Box(), Box()
    dishes = {_Key(Box(), Box()): 1}

    def clear():
        if first.value and not second.value:
            dishes.clear()

    in_threads(lambda: dishes[_Key(first, second)], clear)


def _two(first, second):
    first.value = 1
    yield 1
    second.value = 1
    yield 2


@fails()
def slice_stored_from_a_generator():
    first, second, dishes, seen = Box(), Box(), [], []

    def change():
        dishes[:] = _two(first, second)

    _look_between(change, first, dishes, seen)
    assert seen != [0]


@fails()
def deque_extended_by_a_generator():
    first, second, dishes, seen = Box(), Box(), deque(), []
    _look_between(lambda: dishes.extend(_two(first, second)), first, dishes, seen)
    assert seen != [1]


# -- executors --------------------------------------------------------------------------------------------------------


@fails()
def list_that_grows_while_it_is_mapped():
    dishes = [1]

    def cook(dish):
        if dish < 3:
            dishes.append(dish + 1)
        return dish

    with ThreadPoolExecutor(1) as pool:
        done = list(pool.map(cook, dishes))
    assert done == [1]


# Nobody tells the waiting that a future was cancelled but the worker that comes to it.
@fails("deadlock")
def wait_for_a_cancelled_future():
    future = Future()
    future.cancel()
    wait([future])


@fails("deadlock")
def cancelled_future_never_completes():
    future = Future()
    future.cancel()
    list(as_completed([future]))


@fails("deadlock")
def wait_for_what_the_shutdown_cancelled():
    bell = Event()
    pool = ThreadPoolExecutor(1)
    pool.submit(bell.wait)
    later = pool.submit(int)
    pool.shutdown(wait=False, cancel_futures=True)
    bell.set()
    wait([later])


@holds
def wait_for_a_cancelled_task():
    bell = Event()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(bell.wait)
        later = pool.submit(int)
        assert later.cancel() and later.cancelled() and later.done()
        bell.set()
        assert wait([first, later]).not_done == set()
        assert len(list(as_completed([first, later]))) == 2


@holds
def cancelled_future_that_is_taken_up():
    future = Future()
    assert future.cancel() and future.cancel()
    assert not future.set_running_or_notify_cancel() and future.cancelled()
    assert wait([future]).done == {future}


# -- queues that compare ----------------------------------------------------------------------------------------------


class _Order:
    """It is compared in two steps."""

    def __init__(self, number, board):
        self.number, self.board = number, board

    def __lt__(self, other):
        self.board.value += 0
        return self.number < other.number


def _ordered(push, pop):
    board = Box()
    for number in (5, 3):
        push(_Order(number, board))

    def order(number):
        board.value = number
        push(_Order(number, board))

    in_threads(lambda: order(1), lambda: order(2))
    assert [pop().number for _ in range(4)] == [1, 2, 3, 5]


@holds
def priority_queue_lets_nobody_in_while_it_compares():
    orders = PriorityQueue()
    _ordered(orders.put, orders.get)


@fails()
def heap_lets_others_in_while_it_compares():
    orders = []
    _ordered(lambda order: heapq.heappush(orders, order), lambda: heapq.heappop(orders))


@fails("deadlock")
def priority_queue_that_is_used_while_it_compares():
    orders = PriorityQueue()

    class Greedy:
        def __lt__(self, other):
            return orders.empty()

    orders.put(Greedy())
    orders.put(Greedy())

"""Queues: sentinels, joins, tests that are out of date, and things that are shared although they were handed over."""

import queue
from queue import Empty, Full, LifoQueue, PriorityQueue, Queue, SimpleQueue
from threading import Thread

from .helper import Box, in_threads
from .table import fails, holds, never_holds


def _consumers(count, sentinels, hand_on=False):
    orders, eaten = Queue(), []

    def consume():
        while True:
            order = orders.get()
            if order is None:
                if hand_on:
                    orders.put(None)
                return
            eaten.append(order)

    consumers = [Thread(target=consume) for _ in range(count)]
    for consumer in consumers:
        consumer.start()
    orders.put("soup")
    for _ in range(sentinels):
        orders.put(None)
    for consumer in consumers:
        consumer.join()
    assert eaten == ["soup"]


# Whoever takes the sentinel removes it; the other one waits for ever.
@fails("deadlock", preemptions=0)
def one_sentinel_for_two():
    _consumers(2, 1)


@holds
def a_sentinel_each():
    _consumers(2, 2)


@holds
def sentinel_handed_on():
    _consumers(2, 1, hand_on=True)


# Main puts the sentinel as soon as it has started the cooks: a dish may come behind it.
@fails(preemptions=0)
def sentinel_before_the_last_order():
    orders, eaten = Queue(), []

    def cook():
        orders.put("soup")

    def consume():
        while (order := orders.get()) is not None:
            eaten.append(order)

    threads = [Thread(target=consume), Thread(target=cook)]
    for thread in threads:
        thread.start()
    orders.put(None)
    for thread in threads:
        thread.join()
    assert eaten == ["soup"]


@holds
def sentinel_after_the_last_order():
    orders, eaten = Queue(), []

    def cook():
        orders.put("soup")

    def consume():
        while (order := orders.get()) is not None:
            eaten.append(order)

    threads = [Thread(target=consume), Thread(target=cook)]
    for thread in threads:
        thread.start()
    threads[1].join()
    orders.put(None)
    threads[0].join()
    assert eaten == ["soup"]


# A dish that is falsy is taken for the end.
@fails("deadlock", preemptions=0)
def sentinel_that_looks_like_an_order():
    orders, done = Queue(), Queue()

    def consume():
        while order := orders.get():
            done.put(order)

    thread = Thread(target=consume)
    thread.start()
    for order in (1, 0, 2, None):
        orders.put(order)
    for _ in range(3):
        done.get()
    thread.join()


@holds
def sentinel_told_apart_by_identity():
    orders, done = Queue(), Queue()
    end = object()

    def consume():
        while (order := orders.get()) is not end:
            done.put(order)

    thread = Thread(target=consume)
    thread.start()
    for order in (1, 0, 2, end):
        orders.put(order)
    assert [done.get() for _ in range(3)] == [1, 0, 2]
    thread.join()


# -- tests that are out of date when they are acted upon

@fails("deadlock", preemptions=1)
def empty_asked_before_get():
    orders = Queue()
    orders.put("soup")

    def take():
        if not orders.empty():
            orders.get()

    in_threads(take, take)


@fails(preemptions=1, error="Empty")
def empty_asked_before_get_nowait():
    orders = Queue()
    orders.put("soup")

    def take():
        if not orders.empty():
            orders.get_nowait()

    in_threads(take, take)


@fails(preemptions=1, error="Empty")
def size_asked_before_get_nowait():
    orders = Queue()
    orders.put("soup")

    def take():
        if orders.qsize() > 0:
            orders.get_nowait()

    in_threads(take, take)


@holds(final_states=["1"])
def get_nowait_that_may_fail():
    orders, refused = Queue(), []
    orders.put("soup")

    def take():
        try:
            orders.get_nowait()
        except Empty:
            refused.append(1)

    in_threads(take, take)
    return len(refused)


@fails(preemptions=1)
def size_asked_before_put():
    orders = Queue()

    def order():
        if orders.qsize() < 1:
            orders.put("soup")

    in_threads(order, order)
    assert orders.qsize() == 1


@holds
def size_bounded_by_the_queue_itself():
    orders, refused = Queue(maxsize=1), []

    def order():
        try:
            orders.put_nowait("soup")
        except Full:
            refused.append(1)

    in_threads(order, order)
    assert orders.qsize() == 1 and len(refused) == 1


@fails(preemptions=1, error="Full")
def full_asked_before_put_nowait():
    orders = Queue(1)

    def order():
        if not orders.full():
            orders.put_nowait("soup")

    in_threads(order, order)


# The list inside is public in practice, but looking at it does not reserve anything.
@never_holds(preemptions=1, error="Empty")
def inner_deque_asked_before_get_nowait():
    orders = Queue()
    orders.put("soup")

    def take():
        if orders.queue:
            orders.get_nowait()

    in_threads(take, take)


# -- join and task_done

def _worker(finish):
    orders, served = Queue(), []

    def work():
        order = orders.get()
        finish(orders, served, order)

    thread = Thread(target=work)
    thread.start()
    orders.put("soup")
    orders.join()
    assert served == ["soup"]
    thread.join()


def _serve_then_tell(orders, served, order):
    served.append(order)
    orders.task_done()


def _tell_then_serve(orders, served, order):
    orders.task_done()
    served.append(order)


def _serve_only(orders, served, order):
    served.append(order)


def _tell_twice(orders, served, order):
    served.append(order)
    orders.task_done()
    orders.task_done()


def _tell_unless_it_fails(orders, served, order):
    try:
        if order == "soup":
            raise OSError("spilt")
        orders.task_done()
    except OSError:
        served.append(order)


def _tell_in_any_case(orders, served, order):
    try:
        if order == "soup":
            raise OSError("spilt")
    except OSError:
        served.append(order)
    finally:
        orders.task_done()


@holds
def join_after_task_done():
    _worker(_serve_then_tell)


# The worker tells main that it is done, [switch] main looks.
@fails(preemptions=1, error="AssertionError")
def task_done_before_it_is_done():
    _worker(_tell_then_serve)


@fails("deadlock", preemptions=0)
def task_done_forgotten():
    _worker(_serve_only)


@fails(preemptions=0, error="ValueError")
def task_done_twice():
    _worker(_tell_twice)


@fails("deadlock", preemptions=0)
def task_done_skipped_by_an_exception():
    _worker(_tell_unless_it_fails)


@holds
def task_done_in_finally():
    _worker(_tell_in_any_case)


# join() counts what was put and not yet done; a queue that is empty is no reason to go on.
@fails(preemptions=1, error="AssertionError")
def waiting_for_an_empty_queue_instead():
    orders, served = Queue(), []

    def work():
        order = orders.get()
        served.append(order)

    orders.put("soup")
    thread = Thread(target=work)
    thread.start()
    while not orders.empty():
        pass
    assert served == ["soup"]
    thread.join()


# The producer is still at work when the queue is empty for the first time.
@fails(preemptions=0, error="AssertionError")
def join_before_everything_was_put():
    orders, served = Queue(), []

    def cook():
        orders.put("soup")
        orders.put("stew")

    def work():
        for _ in range(2):
            served.append(orders.get())
            orders.task_done()

    threads = [Thread(target=cook), Thread(target=work)]
    for thread in threads:
        thread.start()
    orders.join()
    assert len(served) == 2
    for thread in threads:
        thread.join()


# -- bounded queues

@fails("deadlock", preemptions=0)
def joining_the_producer_before_taking():
    dishes = Queue(maxsize=1)

    def cook():
        dishes.put("soup")
        dishes.put("stew")

    thread = Thread(target=cook)
    thread.start()
    thread.join()
    assert [dishes.get(), dishes.get()] == ["soup", "stew"]


@holds
def taking_before_joining_the_producer():
    dishes = Queue(maxsize=1)

    def cook():
        dishes.put("soup")
        dishes.put("stew")

    thread = Thread(target=cook)
    thread.start()
    assert [dishes.get(), dishes.get()] == ["soup", "stew"]
    thread.join()


def _crossed(size):
    to_kitchen, to_table = Queue(size), Queue(size)

    def table():
        to_kitchen.put(1)
        to_kitchen.put(2)
        to_table.get()
        to_table.get()

    def kitchen():
        to_table.put(1)
        to_table.put(2)
        to_kitchen.get()
        to_kitchen.get()

    in_threads(table, kitchen)


@fails("deadlock", preemptions=0)
def both_put_before_they_take():
    _crossed(1)


@holds
def both_put_before_they_take_with_room():
    _crossed(2)


@fails(preemptions=0, error="Full")
def put_nowait_into_a_full_queue():
    dishes = Queue(maxsize=1)
    in_threads(lambda: dishes.put_nowait("soup"), lambda: dishes.put_nowait("stew"))


@holds
def ping_pong_over_two_queues():
    pings, pongs, said = Queue(), Queue(), []

    def ping():
        for _ in range(2):
            said.append("ping")
            pings.put(1)
            pongs.get()

    def pong():
        for _ in range(2):
            pings.get()
            said.append("pong")
            pongs.put(1)

    in_threads(ping, pong)
    assert said == ["ping", "pong", "ping", "pong"]


# -- time-outs

@fails(preemptions=0, error="Empty")
def get_with_a_time_out():
    dishes = Queue()
    in_threads(lambda: dishes.get(timeout=0.01), lambda: dishes.put("soup"))


@fails(preemptions=0, error="Empty")
def get_with_a_positional_time_out():
    dishes = Queue()
    in_threads(lambda: dishes.get(True, 0.01), lambda: dishes.put("soup"))


@holds
def get_with_a_time_out_again_and_again():
    dishes, eaten = Queue(), []

    def eat():
        while True:
            try:
                eaten.append(dishes.get(timeout=0.01))
                return
            except Empty:
                continue

    in_threads(eat, lambda: dishes.put("soup"))
    assert eaten == ["soup"]


@fails("livelock")
def get_with_a_time_out_from_nobody():
    dishes = Queue()

    def eat():
        while True:
            try:
                return dishes.get(timeout=0.01)
            except Empty:
                pass

    in_threads(eat)


@fails(preemptions=0, error="Full")
def put_with_a_time_out():
    dishes = Queue(1)
    dishes.put("soup")
    in_threads(lambda: dishes.put("stew", timeout=0.01), dishes.get)


# -- other queues

@holds
def priority_queue_sorts_what_is_there():
    orders = PriorityQueue()
    in_threads(lambda: orders.put((2, "stew")), lambda: orders.put((1, "soup")))
    assert [orders.get()[1], orders.get()[1]] == ["soup", "stew"]


@fails(preemptions=0, error="AssertionError")
def priority_queue_cannot_know_what_comes():
    orders, first = PriorityQueue(), []

    def cook():
        orders.put((2, "stew"))
        orders.put((1, "soup"))

    def take():
        first.append(orders.get()[1])

    in_threads(cook, lambda: [orders.put((3, "fish"))], take)
    assert first == ["soup"]


# Equal priorities: the tuples go on to compare the dishes, which have no order.
@fails(preemptions=0, error="TypeError")
def priority_queue_of_what_has_no_order():
    orders = PriorityQueue()
    in_threads(lambda: orders.put((1, {"soup": 1})), lambda: orders.put((1, {"stew": 1})))


@holds
def priority_queue_with_a_number_between():
    orders = PriorityQueue()
    in_threads(lambda: orders.put((1, 1, {"soup": 1})), lambda: orders.put((1, 2, {"stew": 1})))
    assert orders.get()[1] == 1


@holds(final_states=["['soup', 'stew']", "['stew', 'soup']"])
def lifo_queue():
    orders = LifoQueue()
    in_threads(lambda: orders.put("soup"), lambda: orders.put("stew"))
    return [orders.get(), orders.get()]


@holds
def simple_queue():
    orders, eaten = SimpleQueue(), []

    def eat():
        eaten.append(orders.get())

    in_threads(eat, eat, lambda: orders.put("soup"), lambda: orders.put("stew"))
    assert sorted(eaten) == ["soup", "stew"] and orders.empty()


@fails("deadlock", preemptions=0)
def simple_queue_with_too_little():
    orders = SimpleQueue()
    in_threads(orders.get, orders.get, lambda: orders.put("soup"))


@fails(preemptions=0, error="Empty")
def simple_queue_get_nowait():
    orders = SimpleQueue()
    in_threads(orders.get_nowait, lambda: orders.put("soup"))


# -- what is handed over is still shared if somebody keeps it

# The cook changes the dish after he has given it away, before it is looked at.
@fails(preemptions=0)
def dish_changed_after_it_was_handed_over():
    dishes = Queue()

    def cook():
        dish = {"hot": True}
        dishes.put(dish)
        dish["hot"] = False

    def eat():
        assert dishes.get()["hot"]

    in_threads(cook, eat)


@holds
def copy_of_the_dish_handed_over():
    dishes = Queue()

    def cook():
        dish = {"hot": True}
        dishes.put(dict(dish))
        dish["hot"] = False

    def eat():
        assert dishes.get()["hot"]

    in_threads(cook, eat)


# Whoever has the token may change the till: a lock made of a queue.
@holds
def token_in_a_queue():
    till, token = Box(), Queue()
    token.put("token")

    def sell():
        mine = token.get()
        till.value += 1
        token.put(mine)

    in_threads(sell, sell)
    assert till.value == 2


@fails(preemptions=1)
def two_tokens_in_a_queue():
    till, token = Box(), Queue()
    token.put("token")
    token.put("token")

    def sell():
        mine = token.get()
        till.value += 1
        token.put(mine)

    in_threads(sell, sell)
    assert till.value == 2


# -- shutting down (Python 3.13)

@holds(since=(3, 13))
def shutdown_wakes_everybody():
    orders, eaten = Queue(), []

    def eat():
        try:
            while True:
                eaten.append(orders.get())
        except queue.ShutDown:
            pass

    def close():
        orders.put("soup")
        orders.shutdown()

    in_threads(eat, eat, close)
    assert eaten == ["soup"]


@fails(preemptions=0, since=(3, 13), error="AssertionError")
def immediate_shutdown_throws_away():
    orders, eaten = Queue(), []

    def eat():
        try:
            while True:
                eaten.append(orders.get())
        except queue.ShutDown:
            pass

    def close():
        orders.put("soup")
        orders.shutdown(immediate=True)

    in_threads(eat, close)
    assert eaten == ["soup"]


@fails(preemptions=0, since=(3, 13), error="ShutDown")
def put_after_shutdown():
    orders = Queue()
    in_threads(lambda: orders.put("soup"), orders.shutdown)

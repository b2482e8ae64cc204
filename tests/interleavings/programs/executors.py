"""Thread pools: results, exceptions that nobody asks for, and tasks that wait for tasks of their own pool."""

from concurrent.futures import (
    FIRST_COMPLETED,
    FIRST_EXCEPTION,
    CancelledError,
    Future,
    InvalidStateError,
    ThreadPoolExecutor,
    TimeoutError,
    as_completed,
    wait,
)
from threading import Barrier, Event, Lock, Thread, current_thread

from .helper import Box, in_threads
from .table import fails, holds, never_holds, pair


@holds
def submit_and_result():
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(pow, 2, 3), pool.submit(lambda: 4)
    assert (first.result(), second.result()) == (8, 4)


@pair(preemptions=1)
def shared_till(guard):
    till = Box()

    def sell():
        with guard:
            till.value += 1

    with ThreadPoolExecutor(2) as pool:
        pool.submit(sell)
        pool.submit(sell)
    assert till.value == 2


# One worker does one thing after the other: that is a lock, too.
@holds
def shared_till_and_one_worker():
    till = Box()

    def sell():
        till.value += 1

    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(sell)
        pool.submit(sell)
    assert till.value == 2


# Looked at before the pool has been left.
@fails(preemptions=0)
def shared_till_looked_at_too_early():
    till = Box()

    def sell():
        till.value += 1

    with ThreadPoolExecutor(1) as pool:
        pool.submit(sell)
        assert till.value == 1


@holds
def shared_till_looked_at_after_the_result():
    till = Box()

    def sell():
        till.value += 1

    with ThreadPoolExecutor(1) as pool:
        pool.submit(sell).result()
        assert till.value == 1


# map keeps the order of the input, whoever is first.
@holds
def map_keeps_the_order():
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda number: number * 10, [1, 2, 3])) == [10, 20, 30]


# The first worker takes the first one, [switch] the second worker does the second one.
@fails(preemptions=1)
def the_work_itself_comes_in_any_order():
    done = []
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(done.append, [1, 2]))
    assert done == [1, 2]


@holds
def the_work_of_one_worker_comes_in_order():
    done = []
    with ThreadPoolExecutor(1) as pool:
        list(pool.map(done.append, [1, 2]))
    assert done == [1, 2]


@holds(final_states=["[1, 2]", "[2, 1]"])
def as_completed_comes_in_any_order():
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(lambda number=number: number) for number in (1, 2)]
        return [future.result() for future in as_completed(futures)]


# In which order those come that are done already, nobody knows: they are kept in a set.
@fails()
def as_completed_expected_in_order():
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(lambda number=number: number) for number in (1, 2)]
        assert [future.result() for future in as_completed(futures)] == [1, 2]


# -- exceptions

@fails(preemptions=0, error="ZeroDivisionError")
def exception_comes_with_the_result():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: 1 / 0).result()


# Nobody asks: it stays in the future.
@holds
def exception_that_nobody_asks_for():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: 1 / 0)


@holds
def exception_asked_for():
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: 1 / 0)
        assert isinstance(future.exception(), ZeroDivisionError)


# The results of map that nobody takes are exceptions that nobody sees.
@holds
def exception_of_a_map_that_nobody_reads():
    with ThreadPoolExecutor(1) as pool:
        pool.map(lambda number: 1 / number, [0])


@fails(preemptions=0, error="ZeroDivisionError")
def exception_of_a_map():
    with ThreadPoolExecutor(1) as pool:
        list(pool.map(lambda number: 1 / number, [1, 0]))


# -- waiting

@holds(final_states=["[1]", "[1, 2]", "[2]"])
def wait_for_the_first():
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(lambda number=number: number) for number in (1, 2)]
        done, _ = wait(futures, return_when=FIRST_COMPLETED)
        return sorted(future.result() for future in done)


@holds
def wait_for_all():
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(lambda number=number: number) for number in (1, 2)]
        done, not_done = wait(futures)
        assert len(done) == 2 and not not_done


@holds
def wait_for_the_first_exception():
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(lambda number=number: 1 / number) for number in (0, 1)]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        assert futures[0] in done


# A time limit may be over before the work is.
@fails(preemptions=0, error="TimeoutError")
def result_with_a_time_limit():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: 1).result(timeout=0.01)


@holds
def result_with_a_time_limit_caught():
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: 1)
        try:
            assert future.result(timeout=0.01) == 1
        except TimeoutError:
            pass
    assert future.result() == 1


@fails(preemptions=0)
def wait_with_a_time_limit():
    with ThreadPoolExecutor(1) as pool:
        done, not_done = wait([pool.submit(lambda: 1)], timeout=0.01)
        assert not not_done


@fails(preemptions=0)
def done_asked_at_once():
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: 1)
        assert future.done()


@holds
def done_asked_again_and_again():
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: 1)
        while not future.done():
            pass
        assert future.result() == 1


# -- cancelling: only what has not begun

@holds(final_states=["(False, 1)", "(True, None)"])
def cancel_in_time_or_too_late():
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: 1)
        cancelled = future.cancel()
    return cancelled, None if cancelled else future.result()


# The worker may have it already.
@fails()
def cancel_expected_to_succeed():
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: 1).cancel()


@fails(preemptions=0, error="CancelledError")
def result_of_a_cancelled_one():
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: 1)
        future.cancel()
        future.result()


@holds
def result_of_a_cancelled_one_caught():
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: 1)
        future.cancel()
        try:
            assert future.result() == 1
        except CancelledError:
            assert future.cancelled()


# It runs: it cannot be cancelled.
@holds
def running_one_is_not_cancelled():
    started, go_on = Event(), Event()

    def work():
        started.set()
        go_on.wait()
        return 1

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        started.wait()
        assert not future.cancel()
        go_on.set()
    assert future.result() == 1


@holds
def shutdown_that_cancels():
    started, go_on = Event(), Event()

    def work():
        started.set()
        go_on.wait()

    pool = ThreadPoolExecutor(1)
    first, second = pool.submit(work), pool.submit(lambda: 1)
    started.wait()
    pool.shutdown(wait=False, cancel_futures=True)
    go_on.set()
    first.result()
    assert second.cancelled()


# -- tasks that wait for tasks

def _nested(workers):
    with ThreadPoolExecutor(max_workers=workers) as pool:

        def outer():
            return pool.submit(lambda: 1).result()

        assert pool.submit(outer).result() == 1


# The only worker waits for work that only it could do.
@fails("deadlock", preemptions=0)
def nested_with_one_worker():
    _nested(1)


@holds
def nested_with_two_workers():
    _nested(2)


# Two workers, two who wait: nobody is left.
@fails("deadlock", preemptions=0)
def nested_twice_with_two_workers():
    with ThreadPoolExecutor(max_workers=2) as pool:

        def outer():
            return pool.submit(lambda: 1).result()

        first, second = pool.submit(outer), pool.submit(outer)
        assert first.result() + second.result() == 2


@holds
def nested_without_waiting():
    futures = []
    with ThreadPoolExecutor(max_workers=1) as pool:

        def outer():
            futures.append(pool.submit(lambda: 1))

        pool.submit(outer).result()
        assert futures[0].result() == 1


# As many as the barrier needs, or nobody gets through.
@fails("deadlock", preemptions=0)
def barrier_for_more_than_there_are_workers():
    barrier = Barrier(2)
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(barrier.wait)
        pool.submit(barrier.wait)


@holds
def barrier_for_as_many_as_there_are_workers():
    barrier = Barrier(2)
    with ThreadPoolExecutor(max_workers=2) as pool:
        pool.submit(barrier.wait)
        pool.submit(barrier.wait)


@fails("deadlock", preemptions=0)
def result_waited_for_with_the_lock_that_the_task_needs():
    lock = Lock()

    def work():
        with lock:
            return 1

    with ThreadPoolExecutor(1) as pool:
        with lock:
            pool.submit(work).result()


@holds
def result_waited_for_without_the_lock():
    lock = Lock()

    def work():
        with lock:
            return 1

    with ThreadPoolExecutor(1) as pool:
        with lock:
            future = pool.submit(work)
        assert future.result() == 1


# -- the life of a pool

@fails(preemptions=0, error="RuntimeError")
def submitted_after_the_shutdown():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    pool.submit(lambda: 1)


# Idle workers of a pool that nobody shuts down are woken when the program ends.
@holds(or_unfinished=True)
def pool_never_shut_down():
    pool = ThreadPoolExecutor(1)
    assert pool.submit(lambda: 1).result() == 1


@holds
def shutdown_waits_for_the_work():
    till = Box()

    def sell():
        till.value += 1

    pool = ThreadPoolExecutor(1)
    pool.submit(sell)
    pool.shutdown()
    assert till.value == 1


@fails(preemptions=0)
def shutdown_that_does_not_wait():
    till = Box()

    def sell():
        till.value += 1

    pool = ThreadPoolExecutor(1)
    pool.submit(sell)
    pool.shutdown(wait=False)
    assert till.value == 1


@holds
def initializer_runs_first():
    tables = Box()

    def set_tables():
        tables.value = 4

    with ThreadPoolExecutor(1, initializer=set_tables) as pool:
        assert pool.submit(lambda: tables.value).result() == 4


@holds
def prefix_of_the_workers_names():
    with ThreadPoolExecutor(1, thread_name_prefix="cook") as pool:
        assert pool.submit(lambda: current_thread().name).result() == "cook_0"


# The callback runs in whichever thread finishes the future, or at once if it is finished.
@pair(preemptions=1)
def callback_shares_a_till(guard):
    till = Box()

    def sell(future):
        with guard:
            till.value += 1

    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            pool.submit(lambda: 1).add_done_callback(sell)
    assert till.value == 2


# What a callback raises is logged and forgotten.
@holds(or_unfinished=True)
def callback_that_fails():
    seen = []

    def fail(future):
        seen.append(1)
        raise OSError("spilt")

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: 1).add_done_callback(fail)
    assert seen == [1]


# -- futures by hand

@holds
def future_set_by_a_thread():
    future = Future()
    thread = Thread(target=future.set_result, args=(3,))
    thread.start()
    assert future.result() == 3
    thread.join()


@fails("deadlock", preemptions=0)
def future_that_nobody_sets():
    Future().result()


@fails(preemptions=0, error="InvalidStateError")
def future_set_twice():
    future = Future()
    in_threads(lambda: future.set_result(1), lambda: future.set_result(2))


@holds
def future_set_twice_caught():
    future, refused = Future(), []

    def set_result(number):
        try:
            future.set_result(number)
        except InvalidStateError:
            refused.append(number)

    in_threads(lambda: set_result(1), lambda: set_result(2))
    assert len(refused) == 1 and future.result() + refused[0] == 3


@fails(preemptions=0, error="ValueError")
def future_with_an_exception():
    future = Future()
    thread = Thread(target=future.set_exception, args=(ValueError("spilt"),))
    thread.start()
    thread.join()
    future.result()


# Asked and then set: two steps.
@fails(preemptions=1, error="InvalidStateError")
def future_set_if_not_done():
    future = Future()

    def set_result():
        if not future.done():
            future.set_result(1)

    in_threads(set_result, set_result)


# A submit from two threads.
@holds
def submitted_by_two():
    results = []
    with ThreadPoolExecutor(1) as pool:

        def order(number):
            results.append(pool.submit(lambda: number).result())

        in_threads(lambda: order(1), lambda: order(2))
    assert sorted(results) == [1, 2]


# The pool is closed between the question and the submit.
@never_holds(preemptions=0, error="RuntimeError")
def submitted_while_somebody_shuts_down():
    pool = ThreadPoolExecutor(1)
    in_threads(lambda: pool.submit(lambda: 1), pool.shutdown)

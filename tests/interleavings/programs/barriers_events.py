"""Events and barriers: pulses that are missed, rounds that run into one another."""

import threading
from threading import Barrier, BrokenBarrierError, Condition, Event, Lock, Thread

from .helper import Box, Unlocked, in_threads
from .table import fails, holds, never_holds


@holds
def event_gives_an_order():
    dish, ready = Box(), Event()

    def cook():
        dish.value = "soup"
        ready.set()

    def serve():
        ready.wait()
        assert dish.value == "soup"

    in_threads(cook, serve)


@fails(preemptions=1)
def event_set_too_early():
    dish, ready = Box(), Event()

    def cook():
        ready.set()
        dish.value = "soup"

    def serve():
        ready.wait()
        assert dish.value == "soup"

    in_threads(cook, serve)


# Whoever comes after the pulse waits for ever.
@fails("deadlock", preemptions=0)
def event_set_and_cleared_at_once():
    ready = Event()

    def ring():
        ready.set()
        ready.clear()

    in_threads(ready.wait, ring)


@holds
def event_left_set():
    ready = Event()
    in_threads(ready.wait, ready.set)


# A sleeper that was woken by the pulse goes on, although the event is clear again when it looks.
@holds(final_states=["False"])
def event_pulse_after_everybody_lies_down():
    ready, rung = Event(), Box(False)

    def ring():
        rung.value = True
        ready.set()

    in_threads(ready.wait, ring)
    ready.clear()
    return ready.is_set()


def _take_all(clear_first):
    bell, dishes, taken = Event(), [], []

    def cook(dish):
        dishes.append(dish)
        bell.set()

    def waiter():
        while len(taken) < 2:
            bell.wait()
            if clear_first:
                bell.clear()
            while dishes:
                taken.append(dishes.pop())
            if not clear_first:
                bell.clear()

    in_threads(waiter, lambda: cook("soup"), lambda: cook("stew"))


# The waiter has found the shelf empty, [switch] the second dish comes and rings, the waiter takes the bell back.
@fails("deadlock", preemptions=1)
def bell_cleared_after_taking():
    _take_all(clear_first=False)


@holds
def bell_cleared_before_taking():
    _take_all(clear_first=True)


@fails(preemptions=0)
def event_waited_for_a_while():
    dish, ready = Box(), Event()

    def cook():
        dish.value = "soup"
        ready.set()

    def serve():
        ready.wait(timeout=0.01)
        assert dish.value == "soup"

    in_threads(serve, cook)


@holds
def event_waited_for_a_while_and_asked():
    dish, ready = Box(), Event()

    def cook():
        dish.value = "soup"
        ready.set()

    def serve():
        if ready.wait(timeout=0.01):
            assert dish.value == "soup"

    in_threads(serve, cook)


# The spinning one may be kept from the setter's turn for long, but not for ever.
@holds
def event_polled():
    dish, ready = Box(), Event()

    def cook():
        dish.value = "soup"
        ready.set()

    def serve():
        while not ready.is_set():
            pass
        assert dish.value == "soup"

    in_threads(serve, cook)


@fails("livelock")
def event_polled_that_nobody_sets():
    ready = Event()

    def serve():
        while not ready.is_set():
            pass

    in_threads(serve)


@fails("deadlock", preemptions=0)
def event_that_nobody_sets():
    ready = Event()
    in_threads(ready.wait)


# Two events for two threads, each waits before it sets.
@fails("deadlock", preemptions=0)
def both_wait_before_they_set():
    ana, ben = Event(), Event()

    def first():
        ben.wait()
        ana.set()

    def second():
        ana.wait()
        ben.set()

    in_threads(first, second)


@holds
def both_set_before_they_wait():
    ana, ben = Event(), Event()

    def first():
        ana.set()
        ben.wait()

    def second():
        ben.set()
        ana.wait()

    in_threads(first, second)


# is_set and set are two steps.
def _claim(guard):
    claimed, winners = Event(), []

    def claim(name):
        with guard:
            if not claimed.is_set():
                claimed.set()
                winners.append(name)

    in_threads(lambda: claim("Ana"), lambda: claim("Ben"))
    assert len(winners) == 1


@fails(preemptions=1)
def event_as_a_claim():
    _claim(Unlocked())


@holds
def event_as_a_claim_locked():
    _claim(Lock())


# -- barriers

def _two_phases(meet):
    left, right, sums = Box(), Box(), []

    def cook(mine, other):
        mine.value = 1
        meet()
        sums.append(mine.value + other.value)

    in_threads(lambda: cook(left, right), lambda: cook(right, left))
    assert sums == [2, 2]


@fails(preemptions=0)
def two_phases_without_a_barrier():
    _two_phases(lambda: None)


@holds
def two_phases_with_a_barrier():
    _two_phases(Barrier(2).wait)


@fails("deadlock", preemptions=0)
def barrier_for_one_too_many():
    _two_phases(Barrier(3).wait)


# Nobody is held up.
@fails(preemptions=0, error="AssertionError")
def barrier_for_one_too_few():
    _two_phases(Barrier(1).wait)


@holds
def barrier_used_for_two_rounds():
    barrier, board = Barrier(2), [0, 0]

    def cook(mine, other):
        for number in (1, 2):
            board[mine] = number
            barrier.wait()
            assert board[other] == number
            barrier.wait()

    in_threads(lambda: cook(0, 1), lambda: cook(1, 0))


# Without the second meeting the faster one writes its next number before the other one has looked.
@fails(preemptions=0, error="AssertionError", ends=False)
def barrier_once_per_round():
    barrier, board = Barrier(2), [0, 0]

    def cook(mine, other):
        for number in (1, 2):
            board[mine] = number
            barrier.wait()
            assert board[other] == number

    in_threads(lambda: cook(0, 1), lambda: cook(1, 0))


@holds
def barrier_numbers_its_threads():
    barrier, leaders = Barrier(3), []

    def cook():
        if barrier.wait() == 0:
            leaders.append(1)

    in_threads(cook, cook, cook)
    assert len(leaders) == 1


@holds
def barrier_action_runs_once_before_anybody_goes_on():
    meals = Box()

    def serve():
        meals.value += 1

    barrier = Barrier(2, action=serve)

    def cook():
        barrier.wait()
        assert meals.value == 1

    in_threads(cook, cook)


# The action runs in the last one to come, and its exception breaks the barrier for the other one.
@fails(preemptions=0)
def barrier_action_fails():
    def serve():
        raise OSError("spilt")

    barrier = Barrier(2, action=serve)
    in_threads(barrier.wait, barrier.wait)


@holds
def barrier_action_fails_and_everybody_knows():
    seen = []

    def serve():
        raise OSError("spilt")

    barrier = Barrier(2, action=serve)

    def cook():
        try:
            barrier.wait()
        except (OSError, BrokenBarrierError) as error:
            seen.append(type(error).__name__)

    in_threads(cook, cook)
    assert sorted(seen) == ["BrokenBarrierError", "OSError"] and barrier.broken


@fails(preemptions=0, error="BrokenBarrierError")
def barrier_aborted():
    barrier = Barrier(2)
    in_threads(barrier.wait, barrier.abort)


@holds
def barrier_aborted_and_everybody_knows():
    barrier = Barrier(2)

    def cook():
        try:
            barrier.wait()
        except BrokenBarrierError:
            return
        raise AssertionError("nobody else can have come")

    in_threads(cook, barrier.abort)


@fails(preemptions=0, error="BrokenBarrierError")
def barrier_with_a_time_out():
    barrier = Barrier(2)
    in_threads(lambda: barrier.wait(timeout=0.01), barrier.wait)


@fails(preemptions=0, error="BrokenBarrierError")
def barrier_with_a_time_out_of_its_own():
    barrier = Barrier(2, timeout=0.01)
    in_threads(barrier.wait, barrier.wait)


# Reset while one waits: that one gets the exception. Reset before or after: a wait for ever, or nothing at all.
@fails(preemptions=0)
def barrier_reset_while_in_use():
    barrier = Barrier(2)
    in_threads(barrier.wait, barrier.wait, barrier.reset)


@holds
def barrier_reset_after_a_failure():
    barrier = Barrier(2)
    barrier.abort()
    barrier.reset()
    in_threads(barrier.wait, barrier.wait)


# The exception is what went wrong; that somebody waits for ever is only its consequence.
@fails("exception", preemptions=0, ends=False, error="KeyError")
def thread_dies_before_the_barrier():
    barrier, recipe = Barrier(2), {}

    def cook():
        recipe["soup"]
        barrier.wait()

    in_threads(cook, barrier.wait)


@never_holds(preemptions=1, error="AssertionError")
def barrier_asked_how_many_wait():
    barrier = Barrier(2)

    def cook():
        first = barrier.n_waiting == 0
        assert (barrier.wait() == 0) == first

    in_threads(cook, cook)


# -- home-made barriers

def _rounds(meet):
    passed = [0, 0]

    def cook(mine, other):
        for number in (1, 2):
            passed[mine] = number
            meet()
            assert passed[other] >= number

    in_threads(lambda: cook(0, 1), lambda: cook(1, 0))


# Ana waits; Ben is the second, sets the count back, wakes her, goes on, and is already the first of the next round
# when she looks: the count is not 0 for her, so she sleeps again. Nobody is preempted.
@fails("deadlock", preemptions=0)
def barrier_that_waits_for_the_count():
    cond, count = Condition(), Box()

    def meet():
        with cond:
            count.value += 1
            if count.value == 2:
                count.value = 0
                cond.notify_all()
            else:
                while count.value != 0:
                    cond.wait()

    _rounds(meet)


@holds
def barrier_that_waits_for_the_round():
    cond, count, round_number = Condition(), Box(), Box()

    def meet():
        with cond:
            mine = round_number.value
            count.value += 1
            if count.value == 2:
                count.value = 0
                round_number.value += 1
                cond.notify_all()
            else:
                while round_number.value == mine:
                    cond.wait()

    _rounds(meet)


# A turnstile that stays open: in the second round nobody waits for anybody.
@fails(preemptions=0, error="AssertionError")
def barrier_that_opens_once():
    lock, count, opened = Lock(), Box(), Event()

    def meet():
        with lock:
            count.value += 1
            if count.value == 2:
                opened.set()
        opened.wait()

    _rounds(meet)


# -- latches

def _latch(guard):
    left, done = Box(2), Event()

    def cook():
        with guard:
            left.value -= 1
            if left.value == 0:
                done.set()

    threads = [Thread(target=cook) for _ in range(2)]
    for thread in threads:
        thread.start()
    done.wait()
    for thread in threads:
        thread.join()


# Both read 2, both write 1: nobody opens.
@fails("deadlock", preemptions=1)
def latch_without_a_lock():
    _latch(Unlocked())


@holds
def latch_with_a_lock():
    _latch(Lock())


@holds
def starting_gun():
    start, ran = Event(), []

    def run():
        start.wait()
        ran.append(start.is_set())

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert ran == []
    start.set()
    for thread in threads:
        thread.join()
    assert ran == [True, True]


# A daemon that waits at the end is nobody's failure; any other thread is.
@holds(ends=False)
def daemon_waits_at_the_end():
    Thread(target=Event().wait, daemon=True).start()


@fails("deadlock", preemptions=0)
def thread_waits_at_the_end_and_nobody_joins_it():
    Thread(target=Event().wait).start()


@fails("deadlock", preemptions=0)
def main_joins_a_daemon_that_waits():
    thread = Thread(target=threading.Event().wait, daemon=True)
    thread.start()
    thread.join()

"""State that only one thread has, and that a loop changes out of sight: the loop is not going round in circles."""

import array
import functools
import io
import itertools
import queue
import random
import threading
from threading import Event, Lock

from .helper import Box, in_threads
from .table import fails, holds, never_holds

# -- loops that end by what nobody sees change


@holds
def loop_over_an_array_of_ones_own():
    def work():
        numbers = array.array("i", [0])
        while numbers[0] < 100:
            numbers[0] += 1

    in_threads(work)
    work()


@holds
def loop_until_the_dice_say_so():
    dice = random.Random(1)
    while dice.random() < 0.9:
        pass


@holds
def loop_over_the_lines_of_a_text():
    def work():
        page = io.StringIO("soup\ncake\n" * 50)
        while page.readline():
            pass

    in_threads(work)


# -- spins that count where one does not look: no number of rounds is the last one


def _spin(count, limit):
    """Whether `limit()` still is so depends on how long the other one takes."""
    flag = Box(False)

    def wait():
        while not flag.value:
            count()
        assert limit()

    def end():
        flag.value = True

    in_threads(wait, end)


@never_holds(seconds=1, traced=False)
def spin_that_counts_in_an_array():
    rounds = array.array("i", [0])

    def count():
        rounds[0] += 1

    _spin(count, lambda: rounds[0] < 3)


@never_holds(seconds=1, traced=False)
def spin_that_counts_in_a_closure():
    def counter():
        rounds = 0

        def count():
            nonlocal rounds
            rounds += 1
            return rounds

        return count

    count = counter()
    _spin(count, lambda: count() < 4)


@never_holds(seconds=1, traced=False)
def spin_that_counts_in_thread_local_data():
    mine, flag = threading.local(), Box(False)

    def wait():
        mine.rounds = 0
        while not flag.value:
            mine.rounds += 1
        assert mine.rounds < 3

    def end():
        flag.value = True

    in_threads(wait, end)


@never_holds(seconds=1, traced=False)
def spin_that_counts_with_itertools():
    numbers = itertools.count()
    _spin(lambda: next(numbers), lambda: next(numbers) < 3)


@never_holds(seconds=1, traced=False)
def spin_that_counts_in_a_generator():
    def count():
        number = 0
        while True:
            yield number
            number += 1

    numbers = count()
    _spin(lambda: next(numbers), lambda: next(numbers) < 3)


@fails(traced=False, ends=False)
def spin_that_uses_up_an_iterator():
    numbers = iter([1] * 4)
    _spin(lambda: next(numbers, None), lambda: next(numbers, None) == 1)


@never_holds(seconds=1, traced=False)
def spin_that_counts_in_an_attribute_of_a_function():
    def count():
        count.rounds += 1

    count.rounds = 0
    _spin(count, lambda: count.rounds < 3)


@never_holds(seconds=1, traced=False)
def spin_that_counts_in_an_exception():
    error = ValueError()
    error.rounds = 0

    def count():
        error.rounds += 1

    _spin(count, lambda: error.rounds < 3)


@never_holds(seconds=1, traced=False)
def spin_that_counts_in_a_partial():
    def count(box):
        box[0] += 1

    work = functools.partial(count, [0])
    _spin(work, lambda: work.args[0][0] < 3)


# -- the same again, but one item further


@holds
def iterator_of_ones_own_gets_on():
    seen = Box()

    def work():
        numbers = iter([1, 2, 3])
        while True:
            try:
                next(numbers)
            except StopIteration:
                break
            seen.value = 1

    in_threads(work, work)


@holds
def generator_of_ones_own_gets_on():
    seen = Box()

    def work():
        def count():
            number = 0
            while number < 3:
                yield
                number += 1

        numbers = count()
        while next(numbers, 1) is None:
            seen.value = 1

    in_threads(work, work)


@holds
def queue_of_ones_own_gets_empty():
    seen = Box()

    def work():
        orders = queue.SimpleQueue()
        orders.put(1)
        orders.put(1)
        while not orders.empty():
            orders.get()
        seen.value = 1

    in_threads(work, lambda: setattr(seen, "value", 1))


@holds
def data_of_ones_own_counts():
    seen, mine = Box(), threading.local()

    def work():
        mine.rounds = 0
        while mine.rounds < 3:
            mine.rounds += 1
            seen.value = 1

    in_threads(work, work)


# Each time the same lock, for the same kind of dish: but there is one dish less to cook.
@holds
def equal_dishes_one_after_the_other():
    lock, cooked = Lock(), Box()

    def cook():
        for _ in ("soup", "soup"):
            while not lock.acquire(blocking=False):
                pass
            cooked.value = 1
            lock.release()

    in_threads(cook, cook)


@holds
def equal_dishes_while_somebody_polls():
    cooked, done = Box(), Event()

    def cook():
        [setattr(cooked, "value", 1) for _ in ("soup", "soup", "soup")]
        done.set()

    def watch():
        while not done.wait(0.1):
            cooked.value = 1

    in_threads(cook, watch)

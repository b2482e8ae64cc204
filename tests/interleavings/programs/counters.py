"""Updates that get lost, tests that are out of date when they are acted upon, and what the memory model promises."""

from threading import Lock, Thread

from .helper import Box, Unlocked, in_threads
from .table import fails, holds

# Counts with reduce=False: a schedule is the order of the visible steps, and only reads and writes of something that
# two threads touch (one of them writing) are steps here. n threads with k steps each have (nk)!/(k!)^n schedules.


# (2*2)!/(2!*2!) = 6 orders of read, write | read, write; right are the 2 in which a whole increment comes first.
# Simplest: A reads, [switch] B reads and writes and ends, A writes: one preemption.
@fails(preemptions=1, schedules=6, ok=2)
def two_increments():
    till = Box()

    def sell():
        till.value += 1

    ana = Thread(target=sell, name="Ana")
    ben = Thread(target=sell, name="Ben")
    ana.start()
    ben.start()
    ana.join()
    ben.join()
    assert till.value == 2


# Only the order of the two acquires is free: once one has the lock, nobody else can go before it has finished.
@holds(schedules=2, ok=2)
def two_increments_locked():
    till = Box()
    lock = Lock()

    def sell():
        with lock:
            till.value += 1

    ana = Thread(target=sell, name="Ana")
    ben = Thread(target=sell, name="Ben")
    ana.start()
    ben.start()
    ana.join()
    ben.join()
    assert till.value == 2


# 6!/(2!)^3 = 90 schedules, 3! = 6 of them right.
@fails(preemptions=1, schedules=90, ok=6)
def three_increments():
    till = Box()

    def sell():
        till.value += 1

    in_threads(sell, sell, sell)
    assert till.value == 3


# 3! orders of the acquires.
@holds(schedules=6, ok=6)
def three_increments_locked():
    till = Box()
    lock = Lock()

    def sell():
        with lock:
            till.value += 1

    in_threads(sell, sell, sell)
    assert till.value == 3


# 8!/(4!*4!) = 70. The value is 4 only if each read sees the write just before it, so right are the orders of four
# unbroken increments: 4!/(2!*2!) = 6.
@fails(preemptions=1, schedules=70, ok=6)
def two_increments_each():
    till = Box()

    def sell():
        till.value += 1
        till.value += 1

    in_threads(sell, sell)
    assert till.value == 4


@holds(schedules=1, ok=1)
def one_thread_alone():
    till = Box()

    def sell():
        till.value += 1
        till.value += 1

    in_threads(sell)
    assert till.value == 2


@holds(schedules=1, ok=1)
def no_thread_at_all():
    till = Box()
    till.value += 1
    assert till.value == 1


# No interleaving is needed: it fails in the only schedule that there is.
@fails(preemptions=0, schedules=1, ok=0)
def wrong_without_threads():
    till = Box()
    till.value += 1
    assert till.value == 2


# One write each: 2 schedules, the last one wins.
@holds(schedules=2, ok=2, final_states=["'Ana'", "'Ben'"])
def last_writer_wins():
    menu = Box("")

    def ana():
        menu.value = "Ana"

    def ben():
        menu.value = "Ben"

    in_threads(ana, ben)
    return menu.value


# 2 schedules, 1 of them right. Ana may just be the later one: no preemption is needed.
@fails(preemptions=0, schedules=2, ok=1)
def last_writer_is_nobody_in_particular():
    menu = Box("")

    def ana():
        menu.value = "Ana"

    def ben():
        menu.value = "Ben"

    in_threads(ana, ben)
    assert menu.value == "Ben"


@holds(schedules=1, ok=1)
def last_writer_is_the_one_started_after_the_other_ended():
    menu = Box("")

    def ana():
        menu.value = "Ana"

    def ben():
        menu.value = "Ben"

    in_threads(ana)
    in_threads(ben)
    assert menu.value == "Ben"


# Everybody has a lock, but not the same one.
@fails(preemptions=1)
def two_increments_two_locks():
    till = Box()
    locks = [Lock(), Lock()]

    def sell(lock):
        with lock:
            till.value += 1

    in_threads(lambda: sell(locks[0]), lambda: sell(locks[1]))
    assert till.value == 2


@fails(preemptions=1)
def lock_made_inside_the_function():
    till = Box()

    def sell():
        lock = Lock()
        with lock:
            till.value += 1

    in_threads(sell, sell)
    assert till.value == 2


# The read and the write each have the lock, the increment has not.
@fails(preemptions=1)
def lock_taken_twice():
    till = Box()
    lock = Lock()

    def sell():
        with lock:
            value = till.value
        with lock:
            till.value = value + 1

    in_threads(sell, sell)
    assert till.value == 2


@fails(preemptions=1)
def lock_on_one_side_only():
    till = Box()
    lock = Lock()

    def careful():
        with lock:
            till.value += 1

    def careless():
        till.value += 1

    in_threads(careful, careless)
    assert till.value == 2


# A test again just before the write is not the same as no gap.
@fails(preemptions=1)
def optimistic_without_compare_and_set():
    till = Box()

    def sell():
        while True:
            value = till.value
            if till.value == value:
                till.value = value + 1
                return

    in_threads(sell, sell)
    assert till.value == 2


@holds
def optimistic_with_compare_and_set():
    till = Box()
    lock = Lock()

    def compare_and_set(old, new):
        with lock:
            if till.value != old:
                return False
            till.value = new
            return True

    def sell():
        while True:
            value = till.value
            if compare_and_set(value, value + 1):
                return

    in_threads(sell, sell)
    assert till.value == 2


def _last_portion(guard):
    stock = Box(1)

    def take():
        with guard:
            if stock.value > 0:
                stock.value -= 1

    in_threads(take, take)
    assert stock.value == 0


@fails(preemptions=1)
def last_portion_sold_twice():
    _last_portion(Unlocked())


@holds
def last_portion_sold_once():
    _last_portion(Lock())


def _two_portions(guard):
    stock = Box(2)

    def take():
        with guard:
            if stock.value > 0:
                left = stock.value
                stock.value = left - 1
                return

    in_threads(take, take, take)
    assert stock.value == 0


@fails(preemptions=1)
def two_portions_for_three():
    _two_portions(Unlocked())


@holds
def two_portions_for_three_locked():
    _two_portions(Lock())


def _transfer(guard):
    ana, ben = Box(10), Box(10)

    def move(source, target):
        with guard:
            source.value -= 3
            target.value += 3

    in_threads(lambda: move(ana, ben), lambda: move(ben, ana))
    assert ana.value + ben.value == 20


@fails(preemptions=1)
def transfers_lose_money():
    _transfer(Unlocked())


@holds
def transfers_keep_money():
    _transfer(Lock())


def _record(guard):
    best = Box(0)

    def report(score):
        with guard:
            if score > best.value:
                best.value = score

    in_threads(lambda: report(1), lambda: report(2))
    assert best.value == 2


@fails(preemptions=1)
def record_is_overwritten_by_a_lower_score():
    _record(Unlocked())


@holds
def record_keeps_the_highest_score():
    _record(Lock())


# Each thread counts for itself: nothing is shared until both have ended.
@holds
def sum_of_private_counts():
    counts = [Box(), Box()]

    def count(box):
        for _ in range(3):
            box.value += 1

    in_threads(lambda: count(counts[0]), lambda: count(counts[1]))
    assert counts[0].value + counts[1].value == 6


class _Plate:
    def __init__(self):
        self.left, self.right = "fish", "chips"


def _swap(guard):
    plate = _Plate()

    def turn():
        with guard:
            plate.left, plate.right = plate.right, plate.left

    in_threads(turn, turn)
    assert {plate.left, plate.right} == {"fish", "chips"}


@fails(preemptions=1)
def swap_in_one_line():
    _swap(Unlocked())


@holds
def swap_in_one_line_locked():
    _swap(Lock())


# -- what sequential consistency promises

# The reader's second step exists only if it read 1: its read comes before both writes (1 schedule: r w w), between
# them (1: w r w), or after them (1: w w r r). 3 schedules.
@holds(schedules=3, ok=3)
def message_passing():
    data, ready = Box(), Box()

    def writer():
        data.value = 1
        ready.value = 1

    def reader():
        if ready.value:
            assert data.value == 1

    in_threads(writer, reader)


# With the two writes the other way round the reader reads 1 unless it comes first: r w w, w r r w, w r w r, w w r r.
# Of these 4 only the second is wrong.
@fails(preemptions=1, schedules=4, ok=3)
def message_passing_flag_first():
    data, ready = Box(), Box()

    def writer():
        ready.value = 1
        data.value = 1

    def reader():
        if ready.value:
            assert data.value == 1

    in_threads(writer, reader)


# 4!/(2!*2!) = 6 orders of two writes and two reads; the second read never sees less than the first.
@holds(schedules=6, ok=6)
def reads_never_go_back_in_time():
    clock = Box()

    def ticker():
        clock.value = 1
        clock.value = 2

    def reader():
        first = clock.value
        second = clock.value
        assert first <= second

    in_threads(ticker, reader)


def _store_buffering():
    x, y, seen_by_ana, seen_by_ben = Box(), Box(), Box(), Box()

    def ana():
        x.value = 1
        seen_by_ana.value = y.value

    def ben():
        y.value = 1
        seen_by_ben.value = x.value

    in_threads(ana, ben)
    return seen_by_ana.value, seen_by_ben.value


# Both reads come after both writes, or one thread ran first; (0, 0) would need both reads before both writes.
@holds(final_states=["(0, 1)", "(1, 0)", "(1, 1)"])
def store_buffering():
    seen = _store_buffering()
    assert seen != (0, 0)
    return seen


@fails(preemptions=1)
def store_buffering_one_of_them_comes_later():
    seen = _store_buffering()
    assert seen != (1, 1)


@fails(preemptions=0)
def store_buffering_not_always_the_same():
    seen = _store_buffering()
    assert seen == (0, 1)


@holds(final_states=["(0, 0)", "(0, 1)", "(1, 0)"])
def load_buffering():
    x, y, seen_by_ana, seen_by_ben = Box(), Box(), Box(), Box()

    def ana():
        seen_by_ana.value = x.value
        y.value = 1

    def ben():
        seen_by_ben.value = y.value
        x.value = 1

    in_threads(ana, ben)
    assert (seen_by_ana.value, seen_by_ben.value) != (1, 1)
    return seen_by_ana.value, seen_by_ben.value


# Two readers cannot see two independent writes in opposite orders.
@holds
def independent_reads_of_independent_writes():
    x, y, first, second = Box(), Box(), Box(), Box()

    def write_x():
        x.value = 1

    def write_y():
        y.value = 1

    def read_x_then_y():
        first.value = (x.value, y.value)

    def read_y_then_x():
        second.value = (y.value, x.value)

    in_threads(write_x, write_y, read_x_then_y, read_y_then_x)
    assert not (first.value == (1, 0) and second.value == (1, 0))

"""Small programs with one wrong schedule among many: a reduction, or a step that is not seen in time, passes it by."""

from .helper import Box, in_threads
from .table import fails, holds


# Ben's third step exists only if he reads 1, that is after his own write, Ana's read of it, and her write of y. Orders
# of r w w and w r: 5!/(3!*2!) = 10; in 2 of them (w r w w r, w r w r w) he reads 1 and goes on, which can be before or
# after Ana's last write in the second: 11 in all. Only w r w r r w, where he reads his own 1 again, is wrong.
# (Found by the generated programs: his last read touches a field that was known to be shared before anybody had seen
# him touch it there, and was not taken for a step.)
@fails(preemptions=2, schedules=11, ok=10)
def step_that_exists_in_few_schedules():
    x, y = Box(), Box()

    def ana():
        y.value = x.value
        x.value = 2

    def ben():
        x.value = 1
        if y.value == 1:
            assert x.value != 1

    in_threads(ana, ben)


# 7!/(3!*3!*1!) = 140 orders of r(y) w(y) w(x), r(x) r(y) w(x), and w(y). x == 0 needs Ben to read y before anybody has
# written it, and to write x after Ana has; y == 2 needs Cleo to write before Ana reads: Ben Ben Cleo Ana Ana Ana Ben is
# the only one.
# (Found by the generated programs: with sleep sets, trying Ana before Ben's last write is not enough, as she is asleep
# there; Cleo, who wakes her, has to be tried.)
@fails(preemptions=1, schedules=140, ok=139)
def sleeper_that_a_third_one_has_to_wake():
    x, y = Box(), Box()

    def ana():
        y.value += 1
        x.value = 1

    def ben():
        x.value
        x.value = y.value

    def cleo():
        y.value = 1

    in_threads(ana, ben, cleo)
    assert (x.value, y.value) != (0, 2)


# Three writers of three places; the reader fails only if it sees each of them half done: 1, 0, 1 at its three looks.
# Each of its looks must come in a window of its own: write a, look, look, write b, write c, look.
@fails(preemptions=1)
def three_windows_in_a_row():
    a, b, c = Box(), Box(), Box()

    def write_a():
        a.value = 1

    def write_b_and_c():
        b.value = 1
        c.value = 1

    def look():
        assert (a.value, b.value, c.value) != (1, 0, 1)

    in_threads(write_a, write_b_and_c, look)


# The chain: each waits for the value of the one before, without locks; only the one order of five threads fails.
def _chain(length):
    places = [Box() for _ in range(length + 1)]
    places[0].value = 1

    def step(number):
        if places[number].value:
            places[number + 1].value = 1

    in_threads(*[lambda number=number: step(number) for number in reversed(range(length))])
    assert not places[length].value


# Started in the opposite order, and yet no preemption is needed: each may go first when its time comes.
@fails(preemptions=0)
def chain_of_four():
    _chain(4)


# The same with the last link missing.
@holds
def chain_of_three_that_is_broken():
    places = [Box() for _ in range(4)]

    def step(number):
        if places[number].value:
            places[number + 1].value = 1

    in_threads(lambda: step(2), lambda: step(1), lambda: step(0))
    assert not places[3].value


# A write of the same value is a write: Ben sees 1 only between Ana's two writes.
@fails(preemptions=2)
def value_that_is_there_for_a_moment():
    x, y = Box(), Box()

    def ana():
        x.value = 1
        x.value = 0

    def ben():
        if x.value == 1:
            y.value = 1
            assert x.value == 1

    in_threads(ana, ben)


# Independent in most schedules: the index that one thread uses is what the other one writes.
@fails(preemptions=0)
def location_that_depends_on_a_value():
    shelf, where = [Box(), Box()], Box(0)

    def move():
        where.value = 1

    def put():
        shelf[where.value].value = "soup"

    def look():
        assert shelf[1].value != "soup"

    in_threads(move, put, look)


# One thread starts the other in the middle: what it does before cannot come after.
@holds
def started_in_the_middle():
    x = Box()

    def child():
        assert x.value >= 1

    def parent():
        x.value = 1
        in_threads(child)
        x.value = 2

    in_threads(parent)


@fails(preemptions=0)
def started_too_early():
    x = Box()

    def child():
        assert x.value == 1

    def parent():
        in_threads(child)
        x.value = 1

    in_threads(parent)

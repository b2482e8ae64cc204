"""Iterators that are older than the program: their state is put back before each run, and each `next` is one step.

(What says `ends=False` comes to an end, too. But a real run moves the iterators of this module on.)
"""

import itertools
from fractions import Fraction
from threading import Lock

from .helper import Box, in_threads
from .table import fails, holds, unfinished

_next_number = itertools.count().__next__
_numbers = itertools.count(7, 3)
_word = iter("ab")
_weeks = iter(range(2))
_turns = itertools.cycle(["Ana", "Ben"])
_thirds = itertools.count(Fraction(1, 3))
_made = iter([1, 2])


class _Till:
    _numbers = itertools.count()

    def __init__(self):
        self.number = next(_Till._numbers)
        self.lock = Lock()
        self.value = 10


def _transfer(source, target):
    first, second = sorted((source, target), key=lambda till: till.number)
    with first.lock, second.lock:
        source.value -= 1
        target.value += 1


@holds
def locks_by_a_serial_number():
    one, other = _Till(), _Till()
    in_threads(lambda: _transfer(one, other), lambda: _transfer(other, one))
    assert (one.number, other.number) == (0, 1)
    assert (one.value, other.value) == (10, 10)


@fails("deadlock")
def locks_by_no_number():
    one, other = _Till(), _Till()

    def transfer(source, target):
        with source.lock, target.lock:
            source.value -= 1

    in_threads(lambda: transfer(one, other), lambda: transfer(other, one))


# One C call: no two get the same number.
@holds(final_states={"[0, 1]", "[1, 0]"}, ends=False)
def numbers_drawn_at_once():
    drawn = [None, None]

    def draw(me):
        drawn[me] = _Till().number

    in_threads(lambda: draw(0), lambda: draw(1))
    assert drawn[0] != drawn[1]
    return drawn


@fails(schedules=2, ok=1, ends=False)
def first_come_first_served():
    drawn = []
    mine = Box()

    def ana():
        mine.value = next(_numbers)

    def ben():
        next(_numbers)

    in_threads(ana, ben)
    drawn.append(next(_numbers))
    assert drawn == [13] and mine.value == 7


@holds(final_states={"(7, 10, 13)"}, ends=False)
def drawn_by_one_thread():
    return next(_numbers), next(_numbers), _numbers.__next__()


@holds(final_states={"[0, 1, 2]"}, ends=False)
def bound_method_of_a_count():
    drawn = []
    in_threads(*[lambda: drawn.append(_next_number())] * 3)
    return sorted(drawn)


@holds(final_states={"[(7, 'x'), (10, 'y')]"}, ends=False)
def zipped_with_a_count():
    return list(zip(_numbers, "xy", strict=False))


@holds(final_states={"[7, 10]"}, ends=False)
def slice_of_a_count():
    return list(itertools.islice(_numbers, 2))


@holds(final_states={"7"}, ends=False)
def loop_over_a_count():
    for number in _numbers:
        return number


@holds(final_states={"('a', 'b', 0, 1, None)"}, ends=False)
def letters_and_weeks():
    return next(_word), next(_word), next(_weeks), next(_weeks), next(_weeks, None)


# What has been drawn is not yet written down: another one may draw, and write, in between.
@fails(ends=False)
def drawn_and_written_down():
    box = Box()

    def draw():
        box.value = next(_numbers)

    in_threads(draw, draw)
    assert box.value == 10


@holds(ends=False)
def drawn_and_written_down_locked():
    box, lock = Box(), Lock()

    def draw():
        with lock:
            box.value = next(_numbers)

    in_threads(draw, draw)
    assert box.value == 10


@unfinished(reason="cycle keeps its state")
def turns_of_a_cycle():
    assert next(_turns) in ("Ana", "Ben")


@unfinished(reason="count")
def count_in_fractions():
    assert next(_thirds) > 0


@unfinished(reason="keeps its state")
def items_of_an_old_list():
    assert next(_made) in (1, 2)


_put_down = [].append
_first_of = ["soup"].__getitem__


# The list can only be got at by its method: it is put back all the same.
@holds(final_states={"('soup', None)"}, ends=False)
def list_behind_a_bound_method():
    in_threads(lambda: _put_down(1))
    assert len(_put_down.__self__) == 1
    return _first_of(0), _put_down(2)

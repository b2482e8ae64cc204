"""Shared variables that are no attributes: globals, module attributes, closures, defaults, and what a run leaves in them."""

import sys
from collections import deque
from threading import Lock, Thread

from . import corner_variables_elsewhere as elsewhere
from .corner_variables_elsewhere import add_one_elsewhere, read_elsewhere
from .helper import Box, Unlocked, in_threads
from .table import fails, holds, never_holds

_LOCK = Lock()
_ORDERS = []
_PRICES = {"soup": 5}
_LINE = deque()


def _twice(change, read, guard, start=0):
    """Two threads call `change()`, which is to add one to what `read()` returns."""
    def sell():
        with guard:
            change()

    in_threads(sell, sell)
    assert read() == start + 2


# -- globals

total = 0


def _set_total(value):
    global total
    total = value


def _add_one_to_total():
    global total
    total += 1


def _total():
    return total


@fails(preemptions=1, schedules=6, ok=2)
def global_augmented():
    _set_total(0)
    _twice(_add_one_to_total, _total, Unlocked())


@holds
def global_augmented_locked():
    _set_total(0)
    _twice(_add_one_to_total, _total, Lock())


@holds
def global_augmented_under_a_global_lock():
    _set_total(0)
    _twice(_add_one_to_total, _total, _LOCK)


# The lock was made when the module was imported, long before anybody explored anything.
@fails("deadlock", preemptions=0)
def global_lock_taken_twice():
    with _LOCK:
        with _LOCK:
            pass


# What the first schedule leaves behind must not meet the second one.
counted = 0


@holds(ends=False)
def global_starts_afresh_in_each_schedule():
    global counted

    def count():
        global counted
        with _LOCK:
            counted += 1

    in_threads(count, count)
    assert counted == 2


@holds(ends=False)
def global_list_starts_afresh_in_each_schedule():
    in_threads(lambda: _ORDERS.append("soup"), lambda: _ORDERS.append("stew"))
    assert len(_ORDERS) == 2


@fails(preemptions=0, ends=False)
def global_list_depends_on_the_order():
    in_threads(lambda: _ORDERS.append("soup"), lambda: _ORDERS.append("stew"))
    assert _ORDERS == ["soup", "stew"]


@holds(ends=False)
def global_dict_starts_afresh_in_each_schedule():
    def dearer():
        with _LOCK:
            _PRICES["soup"] += 1

    in_threads(dearer, dearer)
    assert _PRICES == {"soup": 7}


@fails(preemptions=1, ends=False)
def global_dict_unlocked():
    def dearer():
        _PRICES["soup"] += 1

    in_threads(dearer, dearer)
    assert _PRICES == {"soup": 7}


@holds(ends=False)
def global_deque_starts_afresh_in_each_schedule():
    in_threads(lambda: _LINE.append(1), lambda: _LINE.append(1))
    assert len(_LINE) == 2


class _Shop:
    opened = 0
    orders: list = []


@holds(ends=False)
def class_attribute_starts_afresh_in_each_schedule():
    def open_it():
        with _LOCK:
            _Shop.opened += 1

    in_threads(open_it, open_it)
    assert _Shop.opened == 2


# One list for all instances.
@fails(preemptions=0, ends=False)
def list_of_the_class_shared_by_the_instances():
    in_threads(lambda: _Shop().orders.append("soup"), lambda: _Shop().orders.append("stew"))
    assert _Shop.orders == ["soup", "stew"]


# A global that did not exist before.
@holds(ends=False)
def global_made_by_the_program():
    global _made

    def make():
        global _made
        _made = "soup"

    try:
        assert not _made
    except NameError:
        in_threads(make, make)
    assert _made == "soup"


# A global that is deleted.
reserve = "soup"


@fails(preemptions=1, ends=False)
def global_deleted_between_two_looks():
    seen = []

    def eat():
        global reserve
        del reserve

    def look():
        for _ in range(2):
            try:
                seen.append(reserve)
            except NameError:
                seen.append("")

    in_threads(eat, look)
    assert seen[0] == seen[1]


def _read_total_twice():
    first = total
    return first, total


# Read in a function that does not say `global`, written in another one.
@fails(preemptions=1)
def global_read_twice():
    _set_total(0)
    seen = []
    in_threads(lambda: _set_total(1), lambda: seen.append(_read_total_twice()))
    assert seen[0] in ((0, 0), (1, 1))


@never_holds()
def global_through_globals():
    _set_total(0)

    def sell():
        globals()["total"] = total + 1

    in_threads(sell, sell)
    assert total == 2


@never_holds(preemptions=1)
def global_through_globals_read():
    _set_total(0)

    def sell():
        _set_total(globals()["total"] + 1)

    in_threads(sell, sell)
    assert total == 2


@never_holds(preemptions=1)
def global_through_the_module():
    _set_total(0)
    module = sys.modules[__name__]

    def sell():
        module.total = total + 1

    in_threads(sell, sell)
    assert total == 2


@holds(or_unfinished=True)
def global_through_the_module_locked():
    _set_total(0)
    module = sys.modules[__name__]

    def sell():
        with _LOCK:
            module.total = total + 1

    in_threads(sell, sell)
    assert total == 2


# -- attributes of modules

@fails(preemptions=1, schedules=6, ok=2)
def module_attribute():
    elsewhere.total = 0

    def sell():
        elsewhere.total += 1

    in_threads(sell, sell)
    assert elsewhere.total == 2


@holds
def module_attribute_locked():
    elsewhere.total = 0

    def sell():
        with _LOCK:
            elsewhere.total += 1

    in_threads(sell, sell)
    assert elsewhere.total == 2


# From outside an attribute, from inside a global: one place.
@fails(preemptions=1)
def module_attribute_and_its_own_global():
    elsewhere.total = 0

    def sell():
        elsewhere.total += 1

    in_threads(sell, add_one_elsewhere)
    assert read_elsewhere() == 2


@fails(preemptions=1, schedules=6, ok=2, traced=False)
def global_of_another_module():
    elsewhere.total = 0
    in_threads(add_one_elsewhere, add_one_elsewhere)
    assert read_elsewhere() == 2


@holds
def global_of_another_module_under_its_own_lock():
    elsewhere.total = 0
    in_threads(elsewhere.add_one_elsewhere_locked, elsewhere.add_one_elsewhere_locked)
    assert read_elsewhere() == 2


# -- closures

@fails(preemptions=1, schedules=6, ok=2)
def nonlocal_augmented():
    value = 0

    def sell():
        nonlocal value
        value += 1

    in_threads(sell, sell)
    assert value == 2


@holds
def nonlocal_augmented_locked():
    value, lock = 0, Lock()

    def sell():
        nonlocal value
        with lock:
            value += 1

    in_threads(sell, sell)
    assert value == 2


# Written by the function that has it, read by the one inside.
@fails()
def variable_of_the_program_read_inside():
    ready = False
    seen = []

    def look():
        seen.append(ready)
        seen.append(ready)

    thread = Thread(target=look)
    thread.start()
    ready = True
    thread.join()
    assert seen[0] == seen[1]


@holds
def variable_of_the_program_written_before():
    ready = False
    ready = True
    seen = []

    def look():
        seen.append(ready)
        seen.append(ready)

    in_threads(look)
    assert seen == [True, True]


# Three functions deep.
@fails(preemptions=1, schedules=6, ok=2)
def nonlocal_through_two_levels():
    value = 0

    def till():
        def sell():
            nonlocal value
            value += 1

        sell()

    in_threads(till, till)
    assert value == 2


def _make_till():
    value = 0

    def add_one():
        nonlocal value
        value += 1

    def add_one_locked():
        with _LOCK:
            add_one()

    def read():
        return value

    def reset():
        nonlocal value
        value = 0

    return add_one, add_one_locked, read, reset


_add_one, _add_one_locked, _read, _reset = _make_till()


# The closure was made when the module was imported.
@fails(preemptions=1, schedules=6, ok=2)
def closure_made_before_the_exploration():
    _reset()
    in_threads(_add_one, _add_one)
    assert _read() == 2


@holds
def closure_made_before_the_exploration_locked():
    _reset()
    in_threads(_add_one_locked, _add_one_locked)
    assert _read() == 2


_add, _, _look, _ = _make_till()


# Like a global, it starts afresh in each schedule.
@holds(ends=False)
def closure_starts_afresh_in_each_schedule():
    def sell():
        with _LOCK:
            _add()

    in_threads(sell, sell)
    assert _look() == 2


# Each call makes a variable of its own.
@holds(schedules=1, ok=1)
def closures_of_two_calls_share_nothing():
    first, _, read_first, _ = _make_till()
    second, _, read_second, _ = _make_till()
    in_threads(first, second)
    assert (read_first(), read_second()) == (1, 1)


# The loop variable is one for all: whoever starts late sees the last value.
@fails(preemptions=0)
def loop_variable_captured():
    seen, threads = [], []
    for number in range(2):
        thread = Thread(target=lambda: seen.append(number))
        threads.append(thread)
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [0, 1]


@holds
def loop_variable_captured_as_a_default():
    seen, threads = [], []
    for number in range(2):
        thread = Thread(target=lambda number=number: seen.append(number))
        threads.append(thread)
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [0, 1]


@holds
def loop_variable_handed_over():
    seen, threads = [], []
    for number in range(2):
        thread = Thread(target=seen.append, args=(number,))
        threads.append(thread)
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [0, 1]


# -- defaults

def _sell_into(box=[0]):  # noqa: B006
    box[0] += 1
    return box


@fails(preemptions=1)
def default_argument_shared():
    _sell_into.__defaults__[0][0] = 0
    in_threads(_sell_into, _sell_into)
    assert _sell_into()[0] == 3


def _remember(dish, seen=[]):  # noqa: B006
    seen.append(dish)
    return list(seen)


@holds(ends=False)
def default_argument_starts_afresh_in_each_schedule():
    in_threads(lambda: _remember("soup"), lambda: _remember("stew"))
    assert len(_remember("fish")) == 3


@fails(preemptions=1, schedules=6, ok=2)
def default_argument_of_an_inner_function():
    def sell(box=Box()):  # noqa: B008
        box.value += 1
        return box

    in_threads(sell, sell)
    assert sell.__defaults__[0].value == 2


def _counted(*, count=Box()):
    with _LOCK:
        count.value += 1
        return count.value


@holds(ends=False)
def keyword_default_starts_afresh_in_each_schedule():
    in_threads(_counted, _counted)
    assert _counted() == 3


# -- local variables are nobody else's

@holds(schedules=1, ok=1)
def locals_are_private():
    results = [None, None]

    def work(me):
        total = 0
        numbers = []
        for number in range(5):
            numbers.append(number)
            total += number
        assert total == sum(numbers)

    in_threads(lambda: work(0), lambda: work(1))
    assert results == [None, None]


@holds(schedules=1, ok=1)
def recursion_is_private():
    def factorial(number):
        return 1 if number == 0 else number * factorial(number - 1)

    def work():
        assert factorial(5) == 120

    in_threads(work, work)


# Recursion with something shared at the bottom.
@fails(preemptions=1, schedules=6, ok=2)
def recursion_to_something_shared():
    till = Box()

    def dig(depth):
        if depth:
            dig(depth - 1)
        else:
            till.value += 1

    in_threads(lambda: dig(3), lambda: dig(3))
    assert till.value == 2


# Nested classes and functions made inside the threads.
@fails(preemptions=1, schedules=6, ok=2)
def class_made_inside_the_thread():
    till = Box()

    def work():
        class Seller:
            def sell(self):
                def add():
                    till.value += 1

                add()

        Seller().sell()

    in_threads(work, work)
    assert till.value == 2


# The body of a class runs in the thread, too.
@fails(preemptions=1, schedules=6, ok=2)
def class_body_sells():
    till = Box()

    def work():
        class Seller:
            till.value += 1

        return Seller

    in_threads(work, work)
    assert till.value == 2


# A module imported in the thread is a module that was imported before.
@holds
def import_inside_the_thread():
    seen = []

    def work():
        import math

        seen.append(math.floor(2.5))

    in_threads(work, work)
    assert seen == [2, 2]


@fails(preemptions=1)
def import_of_a_shared_module_inside_the_thread():
    elsewhere.total = 0

    def work():
        from . import corner_variables_elsewhere

        corner_variables_elsewhere.total += 1

    in_threads(work, work)
    assert elsewhere.total == 2

"""Variables that are bound by something else than an assignment, and changed where one does not look."""

from threading import Lock

from .helper import Box, Unlocked, in_threads
from .table import fails, holds, pair

# -- a parameter is a variable like any other


@pair(preemptions=1, schedules=6, ok=2)
def parameter_changed_by_nested_functions(guard):
    def till(total):
        def sell():
            nonlocal total
            with guard:
                total += 1

        in_threads(sell, sell)
        return total

    assert till(0) == 2


@pair(preemptions=1)
def star_parameter_changed_by_nested_functions(guard):
    def till(*sold):
        def sell():
            nonlocal sold
            with guard:
                sold += (1,)

        in_threads(sell, sell)
        return sold

    assert len(till()) == 2


# -- a def is one, too


@pair(preemptions=1)
def function_defined_anew_by_threads(guard):
    def total():
        return 0

    def sell():
        nonlocal total
        with guard:
            before = total()

            def total():
                return before + 1

    in_threads(sell, sell)
    assert total() == 2


def _total():
    return 0


@pair(preemptions=1)
def global_function_defined_anew_by_threads(guard):
    def sell():
        global _total
        with guard:
            before = _total()

            def _total():
                return before + 1

    in_threads(sell, sell)
    assert _total() == 2


@fails()
def function_defined_twice_while_a_thread_calls_it():
    seen = []

    def act():
        return 1

    def call():
        seen.append(act())

    def define():
        nonlocal act

        def act():
            return 2

    in_threads(call, define)
    assert seen == [1]


# -- so is the name in a case, and after an except


@pair(preemptions=1, schedules=6, ok=2)
def case_binds_a_shared_variable(guard):
    total = 0

    def sell():
        nonlocal total
        with guard:
            match total + 1:
                case total:
                    pass

    in_threads(sell, sell)
    assert total == 2


_sold = 0


@pair(preemptions=1)
def case_binds_a_global(guard):
    global _sold
    _sold = 0

    def sell():
        global _sold
        with guard:
            match [_sold + 1]:
                case [_sold]:
                    pass

    in_threads(sell, sell)
    assert _sold == 2


@pair(preemptions=1)
def case_binds_the_rest_to_a_shared_variable(guard):
    orders = {}

    def sell():
        nonlocal orders
        with guard:
            match {"first": 0, **orders, len(orders): 1}:
                case {"first": 0, **orders}:
                    pass

    in_threads(sell, sell)
    assert len(orders) == 2


# The name is gone at the end of the except: there it is stored and deleted.
@fails()
def except_binds_a_shared_variable():
    error, seen = None, []

    def fail():
        nonlocal error
        try:
            raise ValueError
        except ValueError as error:
            pass

    def look():
        try:
            seen.append(error)
        except NameError:
            seen.append("gone")

    in_threads(fail, look)
    assert seen == [None]


@holds
def except_binds_a_name_of_its_own():
    error, seen = None, []

    def fail():
        try:
            raise ValueError
        except ValueError as error:
            assert error

    in_threads(fail, lambda: seen.append(error))
    assert seen == [None]


# -- looks in unusual operators


@fails()
def chain_of_comparisons_with_a_walrus():
    orders, seen = [], []

    def look():
        seen.append([] == (now := orders) == [])
        assert now is orders

    in_threads(look, lambda: orders.append(1))
    assert seen == [True]


# The last comparison is only made if the first one is so, and each operand is asked for once.
@holds
def chain_of_comparisons_stops_early():
    asked = []

    def ask(number):
        asked.append(number)
        return number

    assert not ask(2) < (one := ask(1)) < ask(3)
    assert asked == [2, 1] and one == 1
    assert ask(1) < (two := ask(2)) < ask(3) and two == 2


@fails()
def unary_plus_of_a_counter():
    from collections import Counter

    orders, seen = Counter(soup=1), []

    def look():
        seen.append((+orders)["soup"])

    def change():
        orders["soup"] = 5

    in_threads(look, change)
    assert seen == [1]


# -- records made while the program runs have the fields that they say


@pair(preemptions=1, schedules=6, ok=2)
def dataclass_defined_in_the_program(guard):
    from dataclasses import dataclass

    @dataclass
    class Till:
        value: int = 0
        owner: str = "Ana"

    till = Till(0, owner="Ben")

    def sell():
        with guard:
            till.value += 1

    in_threads(sell, sell)
    assert till.value == 2 and till.owner == "Ben"


@holds
def attribute_of_a_function_starts_afresh_in_each_schedule():
    lock = Lock()
    _counted.calls = getattr(_counted, "calls", 0)

    def sell():
        with lock:
            _counted.calls += 1

    in_threads(sell, sell)
    assert _counted.calls == 2
    del _counted.calls


def _counted():
    return None


@holds
def guards_that_are_none_guard_nothing():
    with Unlocked():
        assert Box().value == 0

"""Functions of every kind: decorated, generating, managing a context, raising, catching, recursing, called by C."""

import contextlib
import copy
import functools
import sys
import threading
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from functools import cached_property, lru_cache, partial, partialmethod, singledispatch, wraps
from threading import Lock, Thread

from .helper import Box, Unlocked, in_threads
from .table import fails, holds, never_holds, pair


def _twice(change, read, guard):
    def go():
        with guard:
            change()

    in_threads(go, go)
    assert read() == 2


# -- decorators

def _plain(function):
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def _named(function):
    @wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def _with_parameter(times):
    def decorate(function):
        def wrapper(*args):
            for _ in range(times):
                function(*args)

        return wrapper

    return decorate


class _Counting:
    """A decorator that is a class, with state of its own."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *args):
        self.calls += 1
        return self.function(*args)


@_plain
def _sell_decorated(till):
    till.value += 1


@_named
def _sell_with_its_name(till):
    till.value += 1


@_with_parameter(1)
def _sell_with_parameter(till):
    till.value += 1


@_plain
@_named
def _sell_decorated_twice(till):
    till.value += 1


@pair(preemptions=1, schedules=6, ok=2)
def decorated(guard):
    till = Box()
    _twice(lambda: _sell_decorated(till), lambda: till.value, guard)


@pair(preemptions=1, schedules=6, ok=2)
def decorated_with_wraps(guard):
    till = Box()
    _twice(lambda: _sell_with_its_name(till), lambda: till.value, guard)


@pair(preemptions=1, schedules=6, ok=2)
def decorated_with_a_parameter(guard):
    till = Box()
    _twice(lambda: _sell_with_parameter(till), lambda: till.value, guard)


@pair(preemptions=1, schedules=6, ok=2)
def decorated_twice(guard):
    till = Box()
    _twice(lambda: _sell_decorated_twice(till), lambda: till.value, guard)


@pair(preemptions=1, schedules=6, ok=2)
def decorated_by_a_class(guard):
    @_Counting
    def order():
        pass

    _twice(order, lambda: order.calls, guard)


@pair(preemptions=1, schedules=6, ok=2)
def decorated_inside_the_program(guard):
    till = Box()

    @_plain
    def sell():
        till.value += 1

    _twice(sell, lambda: till.value, guard)


# A decorator that takes a lock is a cure.
def _locked(lock):
    def decorate(function):
        @wraps(function)
        def wrapper(*args):
            with lock:
                return function(*args)

        return wrapper

    return decorate


@holds
def decorated_with_a_lock():
    till = Box()

    @_locked(Lock())
    def sell():
        till.value += 1

    _twice(sell, lambda: till.value, Unlocked())


# A lock per call is none.
@fails(preemptions=1)
def decorated_with_a_lock_per_call():
    till = Box()

    def locked(function):
        def wrapper():
            with Lock():
                function()

        return wrapper

    @locked
    def sell():
        till.value += 1

    _twice(sell, lambda: till.value, Unlocked())


# lru_cache keeps its own books straight, but lets two compute at once.
@pair(preemptions=1, unfinished_too=True)
def cached_function_called_twice(guard):
    cooked, kitchen = [], Box()

    @lru_cache
    def cook(dish):
        kitchen.value = dish
        cooked.append(dish)
        return dish

    def go():
        with guard:
            assert cook("soup") == "soup"

    in_threads(go, go)
    assert cooked == ["soup"]


@pair(preemptions=1, unfinished_too=True)
def cached_function_with_brackets(guard):
    cooked = []

    @functools.cache
    def cook(dish):
        cooked.append(dish)
        return dish

    def go():
        with guard:
            cook("soup")

    in_threads(go, go)
    assert cooked == ["soup"]


# What is cached may be out of date.
@fails(preemptions=0, or_unfinished=True)
def cached_function_of_something_that_changes():
    price = Box(5)

    @lru_cache
    def ask():
        return price.value

    def dearer():
        price.value = 6

    in_threads(ask, dearer)
    assert ask() == 6


class _Kitchen:
    def __init__(self):
        self.cooked = []

    @cached_property
    def stock(self):
        self.cooked.append("stock")
        return object()


_LOCKED_CACHED_PROPERTY = sys.version_info < (3, 12)  # until 3.11 a cached_property had a lock of its own


def _cached_property(guard):
    kitchen, seen = _Kitchen(), []

    def go():
        with guard:
            seen.append(kitchen.stock)

    in_threads(go, go)
    assert len(kitchen.cooked) == 1 and seen[0] is seen[1]


@(holds(traced=False) if _LOCKED_CACHED_PROPERTY else fails(preemptions=1))
def cached_property_computed_by_two():
    _cached_property(Unlocked())


@holds(traced=not _LOCKED_CACHED_PROPERTY)
def cached_property_computed_under_a_lock():
    _cached_property(Lock())


@pair(preemptions=1, schedules=6, ok=2)
def partial_function(guard):
    till = Box()

    def sell(box, amount):
        box.value += amount

    _twice(partial(sell, till, amount=1), lambda: till.value, guard)


@pair(preemptions=1, unfinished_too=True)
def partial_method(guard):
    class Till(Box):
        def add(self, amount):
            self.value += amount

        add_one = partialmethod(add, 1)

    till = Till()
    _twice(lambda: till.add_one(), lambda: till.value, guard)


@pair(preemptions=1, unfinished_too=True)
def single_dispatch(guard):
    till = Box()

    @singledispatch
    def sell(dish):
        raise TypeError

    @sell.register
    def _(dish: int):
        till.value += dish

    _twice(lambda: sell(1), lambda: till.value, guard)


@pair(preemptions=1, schedules=6, ok=2)
def lambda_with_setattr(guard):
    till = Box()
    sell = lambda: setattr(till, "value", till.value + 1)  # noqa: E731
    _twice(sell, lambda: till.value, guard)


@pair(preemptions=1, schedules=6, ok=2)
def bound_method_in_a_variable(guard):
    class Till(Box):
        def add_one(self):
            self.value += 1

    till = Till()
    add_one = till.add_one
    _twice(add_one, lambda: till.value, guard)


@pair(preemptions=1, schedules=6, ok=2)
def functions_in_a_dict(guard):
    till = Box()

    def sell():
        till.value += 1

    actions = {"sell": sell}
    _twice(lambda: actions["sell"](), lambda: till.value, guard)


@pair(preemptions=1, schedules=6, ok=2)
def function_got_by_name(guard):
    class Till(Box):
        def add_one(self):
            self.value += 1

    till = Till()
    _twice(lambda: getattr(till, "add_" + "one")(), lambda: till.value, guard)


@pair(preemptions=1, schedules=6, ok=2)
def callable_object_as_a_target(guard):
    class Seller:
        def __init__(self):
            self.value = 0

        def __call__(self):
            with guard:
                self.value += 1

    seller = Seller()
    in_threads(seller, seller)
    assert seller.value == 2


# A class as a target: its __init__ runs in the thread.
@pair(preemptions=1, schedules=6, ok=2)
def class_as_a_target(guard):
    till = Box()

    class Sale:
        def __init__(self):
            with guard:
                till.value += 1

    in_threads(Sale, Sale)
    assert till.value == 2


@pair(preemptions=1, schedules=6, ok=2)
def new_does_the_work(guard):
    till = Box()

    class Sale:
        def __new__(cls):
            with guard:
                till.value += 1
            return super().__new__(cls)

    in_threads(Sale, Sale)
    assert till.value == 2


@pair(preemptions=1, schedules=6, ok=2)
def keyword_arguments(guard):
    till = Box()

    def sell(*, box, amount=1):
        with guard:
            box.value += amount

    threads = [Thread(target=sell, kwargs={"box": till}) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert till.value == 2


# Default values, arguments and operands are worked out from left to right, each in a step of its own.
@fails(preemptions=1)
def arguments_are_read_one_after_the_other():
    left, right, seen = Box(0), Box(0), []

    def change():
        left.value = 1
        right.value = 1

    def look():
        seen.append((left.value, right.value))

    in_threads(change, look)
    assert seen[0] in ((0, 0), (1, 1))


# The right order of reading makes (1, 0) impossible here: right is written first and read last.
@holds
def arguments_are_read_from_left_to_right():
    left, right, seen = Box(0), Box(0), []

    def change():
        right.value = 1
        left.value = 1

    def look():
        seen.append((left.value, right.value))

    in_threads(change, look)
    assert seen[0] in ((0, 0), (0, 1), (1, 1))


# Only the branch that is taken is read.
@holds
def conditional_expression_reads_one_branch():
    ready, data = Box(False), Box(None)

    def write():
        data.value = "soup"
        ready.value = True

    def look():
        dish = data.value.upper() if ready.value else "nothing"
        assert dish in ("SOUP", "nothing")

    in_threads(write, look)


@fails(preemptions=1, error="AttributeError")
def conditional_expression_with_the_flag_first():
    ready, data = Box(False), Box(None)

    def write():
        ready.value = True
        data.value = "soup"

    def look():
        dish = data.value.upper() if ready.value else "nothing"
        assert dish in ("SOUP", "nothing")

    in_threads(write, look)


# `a and b` does not read b if a is false.
@holds
def and_stops_early():
    ready, data = Box(False), Box(0)

    def write():
        data.value = 1
        ready.value = True

    def look():
        assert not (ready.value and data.value == 0)

    in_threads(write, look)


@fails(preemptions=1)
def and_reads_in_order():
    ready, data = Box(False), Box(0)

    def write():
        data.value = 1
        ready.value = True

    def look():
        assert not (data.value == 0 and ready.value)

    in_threads(write, look)


@fails(preemptions=1)
def chained_comparison_reads_in_order():
    low, high = Box(1), Box(2)

    def write():
        high.value = 12
        low.value = 11

    def look():
        assert low.value < high.value or low.value > 10
        assert not (high.value == 2 and low.value == 11)

    in_threads(write, look)


# The middle of a chained comparison is read once.
@holds
def chained_comparison_reads_the_middle_once():
    middle = Box(1)

    def write():
        middle.value = 10

    def look():
        assert not 2 < middle.value < 9

    in_threads(write, look)


@fails(preemptions=1)
def comparison_written_out_reads_the_middle_twice():
    middle = Box(10)

    def write():
        middle.value = 1

    def look():
        assert not (middle.value > 2 and middle.value < 9)

    in_threads(write, look)


@fails(preemptions=1)
def walrus_keeps_the_first_look_only():
    dish = Box("soup")

    def eat():
        dish.value = None

    def look():
        if dish.value is not None:
            assert dish.value.upper() == "SOUP"

    in_threads(eat, look)


@holds
def walrus_keeps_what_it_saw():
    dish = Box("soup")

    def eat():
        dish.value = None

    def look():
        if (seen := dish.value) is not None:
            assert seen.upper() == "SOUP"

    in_threads(eat, look)


# A comprehension's condition and its element are two reads.
@fails(preemptions=1)
def comprehension_reads_condition_and_element():
    dishes = [Box("soup")]

    def eat():
        dishes[0].value = None

    def look():
        names = [dish.value for dish in dishes if dish.value is not None]
        assert names in (["soup"], [])

    in_threads(eat, look)


@holds
def comprehension_with_a_walrus():
    dishes = [Box("soup")]

    def eat():
        dishes[0].value = None

    def look():
        names = [name for dish in dishes if (name := dish.value) is not None]
        assert names in (["soup"], [])

    in_threads(eat, look)


@fails(preemptions=1)
def match_reads_subject_once_and_guard_again():
    dish = Box("soup")

    def eat():
        dish.value = None

    def look():
        match dish.value:
            case str() if dish.value is None:
                raise AssertionError

    in_threads(eat, look)


@holds
def match_reads_its_subject_once():
    dish = Box("soup")

    def eat():
        dish.value = None

    def look():
        match dish.value:
            case str() as name:
                assert name == "soup"
            case None:
                pass

    in_threads(eat, look)


# -- generators

def _numbers():
    number = 0
    while True:
        yield number
        number += 1


class _Numbers:
    """A generator with a shared step inside."""

    def __init__(self):
        self.value = 0

    def run(self):
        while True:
            number = self.value
            self.value = number + 1
            yield number


# While one is inside, the other one's next() raises: that is what a generator does.
@fails(preemptions=1, error="ValueError")
def generator_shared_by_two():
    numbers, drawn = _Numbers().run(), []

    def draw():
        drawn.append(next(numbers))

    in_threads(draw, draw)


@holds
def generator_shared_by_two_locked():
    numbers, drawn, lock = _Numbers().run(), [], Lock()

    def draw():
        with lock:
            drawn.append(next(numbers))

    in_threads(draw, draw)
    assert sorted(drawn) == [0, 1]


# It need not touch anything shared for that: a switch may come anywhere inside.
@never_holds(preemptions=1, error="ValueError")
def generator_of_its_own_shared_by_two():
    numbers, drawn = _numbers(), []

    def draw():
        drawn.append(next(numbers))

    in_threads(draw, draw)


@holds(or_unfinished=True)
def generator_of_its_own_shared_by_two_locked():
    numbers, drawn, lock = _numbers(), [], Lock()

    def draw():
        with lock:
            drawn.append(next(numbers))

    in_threads(draw, draw)
    assert sorted(drawn) == [0, 1]


@fails(preemptions=1, error="ValueError")
def generator_looped_by_two():
    till, seen = Box(3), []

    def dishes():
        while till.value:
            till.value -= 1
            yield till.value

    shared = dishes()

    def eat():
        for dish in shared:
            seen.append(dish)

    in_threads(eat, eat)


@fails(preemptions=1, error="ValueError")
def generator_sent_to_by_two():
    till = Box()

    def add():
        while True:
            amount = yield
            till.value += amount

    adder = add()
    next(adder)
    in_threads(lambda: adder.send(1), lambda: adder.send(1))


@holds
def generator_sent_to_by_two_locked():
    till, lock = Box(), Lock()

    def add():
        while True:
            amount = yield
            till.value += amount

    adder = add()
    next(adder)

    def send():
        with lock:
            adder.send(1)

    in_threads(send, send)
    assert till.value == 2


# One generator each: no trouble but for what they share.
@pair(preemptions=1)
def generators_of_two_threads(guard):
    till = Box()

    def sales():
        for _ in range(1):
            till.value += 1
            yield

    def go():
        with guard:
            for _ in sales():
                pass

    in_threads(go, go)
    assert till.value == 2


@pair(preemptions=1)
def yield_from(guard):
    till = Box()

    def inner():
        till.value += 1
        yield

    def outer():
        yield from inner()

    def go():
        with guard:
            list(outer())

    in_threads(go, go)
    assert till.value == 2


# It waits at its yield with the lock held: whoever goes on with it gives the lock back.
@holds
def generator_that_holds_a_lock():
    till, lock = Box(), Lock()

    def sale():
        with lock:
            yield
            till.value += 1

    def go():
        for _ in sale():
            pass

    in_threads(go, go)
    assert till.value == 2


# Nobody goes on with it, but it is kept: the lock is never given back.
@fails("deadlock", preemptions=0)
def generator_kept_with_a_lock():
    lock, kept = Lock(), []

    def sale():
        with lock:
            yield

    def go():
        mine = sale()
        next(mine)
        kept.append(mine)

    in_threads(go, go)


@holds
def generator_closed_with_a_lock():
    lock = Lock()

    def sale():
        with lock:
            yield

    def go():
        mine = sale()
        next(mine)
        mine.close()

    in_threads(go, go)


# -- context managers

@pair(preemptions=1, schedules=6, ok=2)
def context_manager_of_a_generator(guard):
    till = Box()

    @contextmanager
    def sale():
        value = till.value
        yield
        till.value = value + 1

    def go():
        with guard:
            with sale():
                pass

    in_threads(go, go)
    assert till.value == 2


@pair(preemptions=1, schedules=6, ok=2)
def context_manager_of_a_class(guard):
    till = Box()

    class Sale:
        def __enter__(self):
            self.seen = till.value

        def __exit__(self, *details):
            till.value = self.seen + 1

    def go():
        with guard:
            with Sale():
                pass

    in_threads(go, go)
    assert till.value == 2


# A lock behind a context manager of one's own.
@holds
def context_manager_that_locks():
    till, lock = Box(), Lock()

    @contextmanager
    def locked():
        lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def go():
        with locked():
            till.value += 1

    in_threads(go, go)
    assert till.value == 2


@fails("deadlock", preemptions=0)
def context_manager_that_forgets_the_finally():
    lock = Lock()

    @contextmanager
    def locked():
        lock.acquire()
        yield
        lock.release()

    def go():
        with suppress(OSError):
            with locked():
                raise OSError

    in_threads(go, go)


@holds
def exit_stack():
    locks, till = [Lock(), Lock()], Box()

    def go():
        with ExitStack() as stack:
            for lock in locks:
                stack.enter_context(lock)
            till.value += 1

    in_threads(go, go)
    assert till.value == 2


@fails("deadlock", preemptions=1)
def exit_stack_in_opposite_directions():
    locks = [Lock(), Lock()]

    def go(order):
        with ExitStack() as stack:
            for lock in order:
                stack.enter_context(lock)

    in_threads(lambda: go(locks), lambda: go(locks[::-1]))


@holds
def exit_stack_with_a_callback():
    lock, till = Lock(), Box()

    def go():
        with ExitStack() as stack:
            lock.acquire()
            stack.callback(lock.release)
            till.value += 1

    in_threads(go, go)
    assert till.value == 2


@fails(preemptions=1)
def null_context_is_no_lock():
    till = Box()

    def go():
        with nullcontext():
            till.value += 1

    in_threads(go, go)
    assert till.value == 2


@holds
def closing_closes():
    class Tap(Box):
        def close(self):
            self.value += 1

    tap = Tap()

    def go():
        with closing(tap):
            pass

    in_threads(go)
    assert tap.value == 1


# suppress swallows what it is told to swallow.
@holds
def suppressed_exception():
    shelf = ["soup"]

    def take():
        with suppress(IndexError):
            shelf.pop()

    in_threads(take, take)
    assert shelf == []


@fails(preemptions=0, error="IndexError")
def suppressed_the_wrong_exception():
    shelf = ["soup"]

    def take():
        with suppress(KeyError):
            shelf.pop()

    in_threads(take, take)


@pair(preemptions=1)
def context_decorator(guard):
    till = Box()

    class Sale(contextlib.ContextDecorator):
        def __enter__(self):
            self.seen = till.value
            return self

        def __exit__(self, *details):
            till.value += 1

    def go():
        with guard:
            @Sale()
            def sell():
                pass

            sell()

    in_threads(go, go)
    assert till.value == 2


# -- exceptions

@fails(preemptions=0, error="ZeroDivisionError")
def exception_in_a_thread():
    in_threads(lambda: 1 / 0)


@holds
def exception_caught_in_the_thread():
    def work():
        try:
            1 / 0
        except ZeroDivisionError:
            pass

    in_threads(work)


@fails(preemptions=0, error="ZeroDivisionError")
def exception_in_the_program():
    in_threads(lambda: None)
    1 / 0


# Nobody joins it, and it fails all the same.
@fails(preemptions=0, error="ZeroDivisionError")
def exception_in_a_thread_that_nobody_joins():
    Thread(target=lambda: 1 / 0).start()


# sys.exit in a thread ends the thread, quietly.
@holds
def system_exit_in_a_thread():
    done = []

    def work():
        done.append(1)
        sys.exit(1)

    in_threads(work)
    assert done == [1]


@fails(preemptions=1)
def finally_runs_in_steps_too():
    till = Box()

    def work():
        try:
            raise ValueError
        except ValueError:
            pass
        finally:
            till.value += 1

    in_threads(work, work)
    assert till.value == 2


@fails(preemptions=1)
def except_runs_in_steps_too():
    till = Box()

    def work():
        try:
            raise ValueError
        except ValueError:
            till.value += 1

    in_threads(work, work)
    assert till.value == 2


@fails(preemptions=1)
def else_runs_in_steps_too():
    till = Box()

    def work():
        try:
            pass
        except ValueError:
            pass
        else:
            till.value += 1

    in_threads(work, work)
    assert till.value == 2


@fails(preemptions=0, error="ValueError")
def exception_raised_again():
    def work():
        try:
            raise ValueError
        except ValueError:
            raise

    in_threads(work)


@fails(preemptions=0, error="ValueError")
def exception_of_a_finally():
    def work():
        try:
            raise KeyError
        finally:
            raise ValueError

    in_threads(work)


# `return` in a finally swallows the exception.
@holds
def exception_swallowed_by_a_return():
    def work():
        try:
            raise KeyError
        finally:
            return  # noqa: B012

    in_threads(work)


# Whether it is raised at all depends on the order.
@fails(preemptions=0, error="LookupError")
def exception_only_in_one_order():
    ready = Box(False)

    def prepare():
        ready.value = True

    def eat():
        if not ready.value:
            raise LookupError("nothing is ready")

    in_threads(prepare, eat)


@holds
def exception_only_in_one_order_caught():
    ready, hungry = Box(False), Box(False)

    def prepare():
        ready.value = True

    def eat():
        try:
            if not ready.value:
                raise LookupError("nothing is ready")
        except LookupError:
            hungry.value = True

    in_threads(prepare, eat)
    assert hungry.value in (True, False)


@fails(preemptions=0, error="ExceptionGroup", or_unfinished=True)
def exception_group():
    def work():
        raise ExceptionGroup("both", [ValueError(), KeyError()])

    in_threads(work)


@holds(or_unfinished=True)
def exception_group_taken_apart():
    seen = []

    def work():
        try:
            raise ExceptionGroup("both", [ValueError(), KeyError()])
        except* ValueError:
            seen.append("value")
        except* KeyError:
            seen.append("key")

    in_threads(work)
    assert sorted(seen) == ["key", "value"]


# The thread swallows whatever comes, in a loop; it ends because its flag comes up.
@holds
def thread_that_swallows_everything():
    stop = Box(False)

    def stubborn():
        while True:
            try:
                if stop.value:
                    break
            except:  # noqa: E722
                pass

    def end():
        stop.value = True

    in_threads(stubborn, end)


# Even after the program has failed, the stubborn one has to be ended, and the exploration with it.
@fails("deadlock", preemptions=0, traced=False)
def thread_that_swallows_everything_and_waits():
    lock = Lock()
    lock.acquire()

    def stubborn():
        while True:
            try:
                lock.acquire()
                return
            except:  # noqa: E722
                pass
            finally:
                pass

    in_threads(stubborn)


@fails("livelock", traced=False)
def thread_that_swallows_everything_for_ever():
    stop = Box(False)

    def stubborn():
        while True:
            try:
                if stop.value:
                    break
            except BaseException:
                continue

    in_threads(stubborn)


# -- threads made by threads

@pair(preemptions=1)
def thread_started_by_a_thread(guard):
    till = Box()

    def sell():
        with guard:
            till.value += 1

    def chef():
        helper = Thread(target=sell)
        helper.start()
        sell()
        helper.join()

    in_threads(chef)
    assert till.value == 2


@fails(preemptions=0)
def thread_started_by_a_thread_and_not_joined():
    till = Box()

    def sell():
        till.value += 1

    in_threads(lambda: Thread(target=sell).start())
    assert till.value == 1


# -- copies and identity

@holds
def copy_is_nobody_elses():
    menu, seen = {"soup": 5}, []

    def look():
        mine = copy.copy(dict(menu))
        mine["stew"] = 6
        seen.append(len(mine))

    in_threads(look, look)
    assert seen == [2, 2] and len(menu) == 1


@pair(preemptions=1)
def current_thread_is_a_key(guard):
    """Keyed by thread: nothing is shared but the dictionary's size."""
    counts = {}

    def go():
        with guard:
            before = len(counts)
            counts[threading.current_thread()] = before

    in_threads(go, go)
    assert sorted(counts.values()) == [0, 1]

"""What a run leaves behind in objects that are older than the program: put back, or the exploration ends at once."""

import io
import itertools
import random
import sys
from array import array
from collections import ChainMap, OrderedDict, UserDict
from concurrent.futures import Future
from threading import Lock

from .helper import Box, in_threads
from .table import fails, holds, unfinished


def _several_schedules():
    box = Box()

    def work():
        box.value = 1

    in_threads(work, work)


class _Menu(OrderedDict):
    pass


_menu, _own_menu = OrderedDict(soup=1, fish=2), _Menu(soup=1, fish=2)


@holds
def order_of_an_old_dict():
    for menu in (_menu, _own_menu):
        menu.move_to_end("soup")
        assert list(menu) == ["fish", "soup"]
    _several_schedules()


@holds
def keys_of_an_old_dict_with_an_order():
    for menu in (_menu, _own_menu):
        del menu["soup"]
        menu["cake"] = 3
        assert list(menu.items()) == [("fish", 2), ("cake", 3)] and menu.popitem() == ("cake", 3)
    _several_schedules()


_dice, _first = random.Random(7), random.Random(7).random()


@holds
def old_dice():
    assert _dice.random() == _first
    _several_schedules()


@fails()
def old_dice_thrown_by_two():
    thrown = {}

    def throw(name):
        thrown[name] = _dice.random()

    in_threads(lambda: throw("Ana"), lambda: throw("Ben"))
    assert thrown["Ana"] == _first


_generator, _looped, _delegated = ((n for n in (1, 2)) for _ in range(3))
_iterator, _page, _plates = iter([1, 2]), io.StringIO(), array("i", [0])
_chain, _user_dict, _future = ChainMap({}, {"soup": 1}), UserDict(soup=1), Future()


@unfinished(reason="keeps its state")
def next_of_an_old_generator():
    assert next(_generator) == 1
    _several_schedules()


@unfinished(reason="keeps its state")
def loop_over_an_old_generator():
    assert [n for n in _looped] == [1, 2]
    _several_schedules()


@unfinished(reason="keeps its state")
def old_generator_within_another():
    def numbers():
        yield from _delegated

    assert list(numbers()) == [1, 2]
    _several_schedules()


@unfinished(reason="keeps its state")
def next_of_an_old_iterator():
    assert next(_iterator) == 1
    _several_schedules()


@unfinished(reason="keeps its state")
def old_page():
    _page.write("soup")
    assert _page.getvalue() == "soup"
    _several_schedules()


@unfinished(reason="keeps its state")
def old_array():
    _plates[0] += 1
    assert _plates[0] == 1
    _several_schedules()


@unfinished(reason="keeps its state")
def old_chain():
    assert "fish" not in _chain
    _chain["fish"] = 2
    _several_schedules()


@unfinished(reason="keeps its state")
def old_dict_of_the_library():
    assert "fish" not in _user_dict
    _user_dict["fish"] = 2
    _several_schedules()


@unfinished(reason="keeps its state")
def old_future():
    assert not _future.done()
    _future.set_result(1)
    _several_schedules()


# -- generators are closed as soon as nobody holds them ----------------------------------------------------------------


def _locked(lock):
    with lock:
        yield 1
        yield 2


@holds
def generator_left_by_a_break():
    left = []

    def numbers():
        try:
            yield 1
            yield 2
        finally:
            left.append("closed")

    for _ in numbers():
        break
    assert left == ["closed"]


@holds
def lock_of_a_generator_left_by_a_break():
    lock = Lock()

    def work():
        for _ in _locked(lock):
            break

    in_threads(work, work)


@holds
def lock_of_a_generator_that_nobody_keeps():
    lock = Lock()
    in_threads(lambda: next(_locked(lock)), lambda: next(_locked(lock)))


@fails("deadlock")
def lock_of_a_generator_that_somebody_keeps():
    lock = Lock()

    def work():
        numbers = _locked(lock)
        next(numbers)
        with lock:
            numbers.close()

    in_threads(work, work)


@holds
def slice_of_a_generator_that_is_left():
    lock = Lock()

    def work():
        assert list(itertools.islice(_locked(lock), 1)) == [1]
        with lock:
            pass

    in_threads(work, work)


@holds
def generators_that_are_only_looked_into():
    lock = Lock()

    def work():
        assert any(_locked(lock)) and 1 in _locked(lock)
        first, *_ = _locked(lock)
        assert next(iter(_locked(lock)), None) == first
        assert next(number for number in _locked(lock)) == first

    in_threads(work, work)


@holds
def generator_within_another_left_by_a_break():
    lock = Lock()

    def outer():
        yield from _locked(lock)

    def work():
        for _ in outer():
            break

    in_threads(work, work)


# -- what belongs to the library ----------------------------------------------------------------------------------------


@holds
def list_of_the_library():
    assert "the kitchen" not in sys.path and "dishes" not in sys.argv
    sys.path.append("the kitchen")
    sys.argv.append("dishes")
    _several_schedules()


@fails()
def list_of_the_library_that_two_change():
    def add():
        if "the kitchen" not in sys.path:
            sys.path.append("the kitchen")

    in_threads(add, add)
    count = sys.path.count("the kitchen")
    sys.path.remove("the kitchen")
    assert count == 1

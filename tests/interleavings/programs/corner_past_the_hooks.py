"""Ways to shared state that lead past the hook of an attribute, a variable or a call."""

import abc
import atexit
import builtins
import contextlib
import datetime
import enum
import fractions
import functools
import inspect
import io
import itertools
import numbers
import operator
import os
import random
import secrets
import sys
import tempfile
import threading
import time
import warnings
import weakref
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

from . import corner_variables_elsewhere
from .helper import Box, in_threads
from .table import fails, holds, never_holds, pair, unfinished

_total = 0


def _add_one():
    global _total
    _total += 1


@never_holds()
def exec_of_the_module():
    till = Box()

    def sell():
        builtins.exec("till.value += 1", {"till": till})

    in_threads(sell, sell)
    assert till.value == 2


@never_holds()
def globals_of_a_function():
    def sell():
        _add_one.__globals__["_total"] += 1

    in_threads(sell, _add_one)
    assert _total == 2


@unfinished(reason="frames")
def globals_of_a_frame():
    def sell():
        sys._getframe().f_globals["_total"] += 1

    in_threads(sell, _add_one)


@never_holds()
def defaults_of_a_function():
    def price(*, dishes=0):
        return dishes

    def change():
        price.__kwdefaults__["dishes"] = 1

    def look():
        assert price() == price()

    in_threads(change, look)


# -- classes ----------------------------------------------------------------------------------------------------------


class _Meta(type):
    dishes = 0

    @property
    def twice(cls):
        return cls.dishes * 2


class _Kitchen(metaclass=_Meta):
    plates = 0


class _Annex(_Kitchen):
    def look(self):
        return super().plates


def _change_while(look, guard, change):
    """Two looks while another thread changes what they look at."""

    def work():
        with guard:
            change()

    def compare():
        with guard:
            assert look() == look()

    in_threads(work, compare)


def _more_dishes():
    _Meta.dishes += 1


def _more_plates():
    _Kitchen.plates += 1


@pair()
def attribute_of_a_metaclass(guard):
    _change_while(lambda: _Kitchen.dishes, guard, _more_dishes)


@pair()
def property_of_a_metaclass(guard):
    _change_while(lambda: _Kitchen.twice, guard, _more_dishes)


@pair()
def attribute_by_super(guard):
    _change_while(_Annex().look, guard, _more_plates)


@pair()
def attribute_by_the_method_of_type(guard):
    _change_while(lambda: type.__getattribute__(_Kitchen, "plates"), guard, _more_plates)


@never_holds()
def attribute_of_a_class_by_the_library():
    _change_while(lambda: inspect.getattr_static(_Kitchen, "plates"), contextlib.nullcontext(), _more_plates)


class _Course(enum.Enum):
    SOUP = 1

    def __init__(self, number):
        self.served = 0


@pair()
def attribute_of_a_member(guard):
    def serve():
        with guard:
            _Course.SOUP.served += 1

    in_threads(serve, serve)
    assert _Course.SOUP.served == 2


class _Scales:
    def __init__(self):
        self._weight = 0

    weight = property(operator.attrgetter("_weight"))


@never_holds()
def property_whose_function_is_written_in_c():
    scales = _Scales()

    def put():
        scales._weight = 7

    _change_while(lambda: scales.weight, contextlib.nullcontext(), put)


@holds(or_unfinished=True)
def property_whose_function_is_written_in_c_and_nobody_changes():
    scales = _Scales()

    def look():
        assert scales.weight == 0

    in_threads(look, look)


@never_holds()
def object_matched_in_a_list():
    till = Box()

    def look():
        match [till]:
            case [Box(value=0)]:
                return 0
            case _:
                return 1

    def change():
        till.value = 1

    _change_while(look, contextlib.nullcontext(), change)


# -- methods written in C that somebody else calls ---------------------------------------------------------------------


@pair()
def loop_until_a_method_of_c_says_so(guard):
    dishes = [None, 1, 2]

    def eat():
        with guard:
            if dishes:
                for _ in iter(dishes.pop, None):
                    pass

    in_threads(eat, eat)


@pair()
def loop_until_a_partial_method_of_c_says_so(guard):
    dishes = {"soup": 1}

    def eat():
        with guard:
            for _ in iter(partial(dishes.pop, "soup", None), None):
                pass

    def look():
        with guard:
            if "soup" in dishes:
                assert dishes["soup"]

    in_threads(eat, look)


@fails()
def callback_of_a_stack_written_in_c():
    order = []

    def leave(number):
        with contextlib.ExitStack() as stack:
            stack.callback(order.append, number)

    in_threads(lambda: leave(1), lambda: leave(2))
    assert order == [1, 2]


_numbers = itertools.count()


@dataclass
class _Ticket:
    number: int = field(default_factory=_numbers.__next__)


@holds
def tickets_with_numbers_that_are_older():
    assert _Ticket().number == 0
    drawn = []
    in_threads(*[lambda: drawn.append(_Ticket().number)] * 2)
    assert sorted(drawn) == [1, 2] and _Ticket().number == 3


@fails()
def tickets_with_numbers():
    numbers = itertools.count()

    @dataclass
    class Ticket:
        number: int = field(default_factory=numbers.__next__)

    drawn = {}

    def draw(name):
        drawn[name] = Ticket().number

    in_threads(lambda: draw("Ana"), lambda: draw("Ben"))
    assert drawn["Ana"] < drawn["Ben"]


@fails()
def defaults_that_count():
    numbers = defaultdict(itertools.count().__next__)
    in_threads(lambda: numbers["Ana"], lambda: numbers["Ben"])
    assert numbers["Ana"] < numbers["Ben"]


# -- the world outside ------------------------------------------------------------------------------------------------


@never_holds()
def text_printed_to_a_file_of_two():
    page = io.StringIO()
    in_threads(lambda: print("Ana", file=page), lambda: print("Ben", file=page))
    assert page.getvalue() == "Ana\nBen\n"


@fails()
def text_printed_to_a_file_of_ones_own():
    class Page:
        text = ""

        def write(self, text):
            self.text += text

    page = Page()
    in_threads(lambda: print("Ana", file=page), lambda: print("Ben", file=page))
    assert page.text in ("Ana\nBen\n", "Ben\nAna\n")


@unfinished(reason="printed")
def text_printed_elsewhere():
    page = io.StringIO()
    with contextlib.redirect_stdout(page):
        print("Ana")
    assert page.getvalue() == "Ana\n"


@unfinished(reason="files")
def number_in_a_file():
    with tempfile.TemporaryDirectory() as folder:
        till = Path(folder) / "till"
        till.write_text("0")

        def sell():
            till.write_text(str(int(till.read_text()) + 1))

        in_threads(sell, sell)
        assert till.read_text() == "2"


@unfinished(reason="files")
def folder_made_by_two():
    folder = os.path.join(os.getcwd(), "kitchen that is not there")

    def make():
        if not os.path.exists(folder):
            os.mkdir(folder)

    in_threads(make, make)


@holds
def names_of_files():
    def look():
        assert (Path("kitchen") / "till").with_suffix(".txt").as_posix() == "kitchen/till.txt"
        assert os.path.basename("kitchen/till") == "till"

    in_threads(look, look)


@never_holds(traced=False)
def environment_asked_by_a_function():
    def change():
        os.environ["KITCHEN_TILL"] = os.environ.get("KITCHEN_TILL", "") + "1"

    try:
        _change_while(lambda: os.getenv("KITCHEN_TILL"), contextlib.nullcontext(), change)
    finally:
        os.environ.pop("KITCHEN_TILL", None)


# -- how long objects live --------------------------------------------------------------------------------------------


class _Dish:
    left = 0

    def __del__(self):
        type(self).left += 1


@unfinished(reason="__del__")
def finalizer_at_once():
    dish = _Dish()
    del dish
    assert _Dish.left == 1


@unfinished(reason="weak reference")
def weak_reference_to_what_is_gone():
    box = Box()
    reference = weakref.ref(box)
    del box
    assert reference() is None


@unfinished(reason="weak reference")
def weak_dict_of_what_is_gone():
    boxes = weakref.WeakValueDictionary()
    box = boxes["one"] = Box()
    del box
    assert "one" not in boxes


# -- clocks and chance ------------------------------------------------------------------------------------------------


@unfinished(reason="the time")
def date_of_now():
    assert datetime.datetime.now().year > 2000 and datetime.date.today().year > 2000


@unfinished(reason="the time")
def time_as_text():
    assert time.strftime("%S") >= "00"


@unfinished(reason="the time")
def time_of_a_thread():
    assert time.thread_time_ns() >= 0


@unfinished(reason="secrets")
def choice_of_a_secret():
    assert secrets.choice([1, 2]) in (1, 2)


@unfinished(reason="random numbers")
def dice_of_the_system():
    assert random.SystemRandom().random() < 1


@unfinished(reason="random numbers")
def dice_without_a_seed():
    assert random.Random().random() < 1


@holds
def dice_with_a_seed():
    def throw():
        assert random.Random(7).random() == random.Random(7).random()

    in_threads(throw, throw)


@unfinished(reason="number of a thread")
def number_of_the_running_thread():
    assert threading.get_native_id() > 0


@unfinished(reason="atexit")
def what_is_done_at_the_end():
    atexit.register(print, "the kitchen is closed")


# -- what the library asks --------------------------------------------------------------------------------------------


@runtime_checkable
class _HasPrice(Protocol):
    price: int


@never_holds()
def attribute_asked_by_a_protocol():
    dish = Box()

    def change():
        dish.price = 3

    _change_while(lambda: isinstance(dish, _HasPrice), contextlib.nullcontext(), change)


@holds
def classes_asked_for_their_instances():
    def look():
        assert isinstance(Box(), Box) and isinstance(7, (int, Box)) and not isinstance(Box(), _HasPrice)

    in_threads(look, look)


@unfinished(reason="abstract class")
def class_registered_with_an_abstract_one():
    class Dish(abc.ABC):
        pass

    assert Dish.register(Box) is Box and isinstance(Box(), Dish)


@unfinished(reason="which classes there are")
def classes_asked_for_their_children():
    class Dish:
        pass

    class Soup(Dish):
        pass

    assert Dish.__subclasses__() == [Soup]


@never_holds()
def class_made_of_a_dict():
    names = {"price": 1}

    def change():
        names["price"] = 3

    _change_while(lambda: type("Dish", (), names).price, contextlib.nullcontext(), change)


@never_holds()
def fraction_of_an_object():
    class Ratio:
        numerator, denominator = 1, 2

    numbers.Rational.register(Ratio)
    ratio = Ratio()

    def change():
        ratio.numerator = 3

    _change_while(lambda: fractions.Fraction(ratio), contextlib.nullcontext(), change)


@unfinished(reason="warnings")
def warnings_caught():
    with warnings.catch_warnings(record=True) as caught:
        warnings.warn("hot", stacklevel=1)
    assert len(caught) == 1


@never_holds()
def function_of_several_types_that_learns_another_one():
    @functools.singledispatch
    def price(dish):
        return 0

    _change_while(lambda: price(7), contextlib.nullcontext(), lambda: price.register(int, lambda dish: dish))


@pair()
def attribute_that_a_module_makes(guard):
    def change():
        corner_variables_elsewhere.cooked += 1

    _change_while(lambda: corner_variables_elsewhere.twice_what_was_cooked, guard, change)


@pair()
def tuples_compared_by_their_method(guard):
    dishes = [1]
    _change_while(lambda: ([1],).__eq__((dishes,)), guard, lambda: dishes.append(2))

"""C code that calls Python back is not over: others see what it has done so far. And wrappers round what is shared."""

import functools
import heapq
import io
import itertools
import logging
import operator
import types
import weakref
from collections import ChainMap, UserDict
from dataclasses import dataclass
from threading import Barrier, Condition, Event, Lock

from .helper import Box, in_threads
from .table import fails, holds, never_holds, pair

# -- in the middle of a C call


# 1 + 2 is done; [switch] the third number is changed; it is added.
@fails()
def number_changed_in_the_middle_of_a_reduce():
    numbers, last, sums = [1, 2, 3], Box(), []

    def add(total, number):
        last.value = number
        return total + number

    def change():
        numbers[2] = 10 + last.value

    in_threads(lambda: sums.append(functools.reduce(add, numbers)), change)
    assert sums != [15]


@holds
def number_changed_before_or_after_a_reduce():
    numbers, lock, sums = [1, 2, 3], Lock(), []

    def change():
        with lock:
            numbers[2] = 10

    def add_all():
        with lock:
            sums.append(functools.reduce(lambda total, number: total + number, numbers))

    in_threads(add_all, change)
    assert sums[0] in (6, 13)


@fails()
def number_changed_in_the_middle_of_a_max():
    numbers, last, found = [1, 2, 3], Box(), []

    def key(number):
        last.value = number
        return number

    def change():
        numbers[2] = 10 + last.value

    in_threads(lambda: found.append(max(numbers, key=key)), change)
    assert found != [12]


@fails()
def list_extended_item_by_item():
    dishes, last, seen = [], Box(), []

    def cook():
        for number in (1, 2, 3):
            last.value = number
            yield number

    in_threads(lambda: dishes.extend(cook()), lambda: seen.append((last.value, len(dishes))))
    assert seen != [(2, 1)]


# The C call looks at one dish after the other, and asks each.
@fails()
def dish_replaced_in_the_middle_of_a_search():
    last, found = Box(), []

    class Dish:
        def __init__(self, number):
            self.number = number

        def __eq__(self, other):
            last.value = self.number
            return False

    dishes = [Dish(1), Dish(2), Dish(3)]

    def replace():
        if last.value == 2:
            dishes[2] = "soup"

    in_threads(lambda: found.append("soup" in dishes), replace)
    assert found == [False]


# While a list is sorted it is empty for everybody else.
@fails()
def list_is_empty_while_it_is_sorted():
    dishes, seen = [3, 1, 2], []

    in_threads(lambda: dishes.sort(key=lambda dish: dish), lambda: seen.append(len(dishes)))
    assert seen == [3]


@holds
def list_sorted_under_a_lock():
    dishes, lock, seen = [3, 1, 2], Lock(), []

    def tidy():
        with lock:
            dishes.sort(key=lambda dish: dish)

    def look():
        with lock:
            seen.append(len(dishes))

    in_threads(tidy, look)
    assert seen == [3] and dishes == [1, 2, 3]


# -- print asks what it prints


class _Shy:
    def __init__(self):
        self.lock = Lock()

    def __str__(self):
        with self.lock:
            return "shy"


@fails("deadlock", traced=False)
def print_asks_who_needs_the_lock_that_is_held():
    shy = _Shy()

    def work():
        with shy.lock:
            print(shy)

    in_threads(work)


@holds(traced=False)
def print_asks_who_needs_a_lock():
    shy = _Shy()
    in_threads(lambda: print(shy, end=""), lambda: print(shy, end=""))


class _Counting:
    def __init__(self):
        self.value = 0

    def __str__(self):
        self.value += 1
        return ""


@fails(preemptions=1, traced=False)
def print_asks_who_counts_how_often():
    shown = _Counting()
    in_threads(lambda: print(shown, end=""), lambda: print(shown, end=""))
    assert shown.value == 2


# -- what a `wait_for` asks


@holds
def condition_waits_for_a_list_to_be_filled():
    cond, dishes = Condition(), []

    def cook():
        with cond:
            dishes.append("soup")
            cond.notify()

    def eat():
        with cond:
            cond.wait_for(lambda: dishes)
            assert dishes.pop() == "soup"

    in_threads(eat, cook)


# The list is filled without the lock: after the look, and before the waiting.
@fails("deadlock")
def condition_waits_for_a_list_that_is_filled_without_the_lock():
    cond, dishes = Condition(), []

    def cook():
        dishes.append("soup")
        if len(dishes) == 1:
            with cond:
                pass

    def eat():
        with cond:
            cond.wait_for(lambda: dishes)

    in_threads(eat, cook)


@holds
def condition_waits_for_a_method_of_c():
    cond, dishes = Condition(), []

    def cook():
        with cond:
            dishes.append("soup")
            cond.notify()

    def eat():
        with cond:
            cond.wait_for(dishes.__len__)

    in_threads(eat, cook)


_STOVE = Lock()


@holds
def condition_with_a_lock_given_by_name():
    cond, ready = Condition(lock=_STOVE), Box(False)

    def cook():
        with _STOVE:
            ready.value = True
            cond.notify()

    def eat():
        with cond:
            cond.wait_for(lambda: ready.value)

    in_threads(eat, cook)


# With a plain Lock nobody knows who holds it: as long as somebody does, notify is content.
@fails(error="RuntimeError")
def condition_notified_while_somebody_else_may_hold_its_lock():
    cond, seen = Condition(Lock()), Box()

    def ring():
        seen.value = 1
        cond.notify()

    def hold():
        with cond:
            seen.value = 2

    in_threads(hold, ring)


# -- the action of a barrier runs while nobody can pass, come or give up


@holds
def barrier_that_is_busy_lets_nobody_in():
    rounds = Box()

    def act():
        rounds.value += 1

    barrier = Barrier(2, action=act)
    in_threads(*[barrier.wait] * 4)
    assert rounds.value == 2


@holds
def barrier_that_is_busy_does_not_expire():
    begun = Box(False)

    def act():
        begun.value = True

    barrier = Barrier(2, action=act)

    def impatient():
        try:
            barrier.wait(timeout=1)
        except RuntimeError:
            assert not begun.value

    def patient():
        try:
            barrier.wait()
        except RuntimeError:
            assert not begun.value

    in_threads(impatient, patient)


# -- wrappers


@pair(preemptions=1, unfinished_too=True)
def proxy_of_a_dict(guard):
    prices = {"soup": 0}
    menu = types.MappingProxyType(prices)

    def raise_price():
        with guard:
            prices["soup"] = menu["soup"] + 1

    in_threads(raise_price, raise_price)
    assert menu["soup"] == 2


@fails()
def proxy_of_a_dict_only_looked_at():
    prices, seen = {"soup": 0}, []
    menu = types.MappingProxyType(prices)
    in_threads(lambda: seen.append(menu["soup"]), lambda: prices.update(soup=1))
    assert seen == [0]


@never_holds()
def chain_of_dicts():
    prices, seen = {"soup": 0}, []
    menu = ChainMap({}, prices)

    def change():
        prices["soup"] = 1

    in_threads(lambda: seen.append(menu["soup"]), change)
    assert seen == [0]


@never_holds()
def dict_of_the_library():
    prices = UserDict(soup=0)

    def raise_price():
        prices["soup"] = prices["soup"] + 1

    in_threads(raise_price, raise_price)
    assert prices["soup"] == 2


@fails()
def lists_chained_from_an_iterable():
    dishes, seen = ["soup"], []
    in_threads(
        lambda: seen.append(list(itertools.chain.from_iterable([dishes, dishes]))),
        lambda: dishes.append("cake"),
    )
    assert len(seen[0]) == 2


@never_holds()
def weak_proxy_of_an_object():
    till, seen = Box(), []
    near = weakref.proxy(till)

    def change():
        till.value = 1

    in_threads(lambda: seen.append(near.value), change)
    assert seen == [0]


@fails(preemptions=1, schedules=6, ok=2)
def partial_function_with_a_list():
    sold = [0]

    def sell(box):
        box[0] += 1

    work = functools.partial(sell, sold)
    in_threads(work, work)
    assert sold[0] == 2


# -- what dataclass makes compares and shows fields, also of what is inside a list


@dataclass(order=True)
class _Dish:
    price: int = 0


def _dearer(dish):
    def change():
        dish.price = 3

    return change


@never_holds()
def record_looked_for_in_a_list():
    dish, seen = _Dish(1), []
    in_threads(lambda: seen.append(_Dish(1) in [dish]), _dearer(dish))
    assert seen == [True]


@never_holds()
def record_counted_in_a_list():
    dish, seen = _Dish(1), []
    dishes = [dish]
    in_threads(lambda: seen.append(dishes.count(_Dish(1))), _dearer(dish))
    assert seen == [1]


@never_holds()
def lists_of_records_compared():
    dish, seen = _Dish(1), []
    in_threads(lambda: seen.append([_Dish(1)] == [dish]), _dearer(dish))
    assert seen == [True]


@never_holds()
def records_sorted():
    soup, cake, seen = _Dish(1), _Dish(2), []
    in_threads(lambda: seen.append(sorted([cake, soup])[0] is soup), _dearer(soup))
    assert seen == [True]


@never_holds()
def least_of_records():
    soup, cake, seen = _Dish(1), _Dish(2), []
    in_threads(lambda: seen.append(min(cake, soup) is soup), _dearer(soup))
    assert seen == [True]


@never_holds()
def heap_of_records():
    soup, cake, seen = _Dish(1), _Dish(2), []

    def first():
        heap = []
        heapq.heappush(heap, soup)
        heapq.heappush(heap, cake)
        seen.append(heapq.heappop(heap) is soup)

    in_threads(first, _dearer(soup))
    assert seen == [True]


@never_holds()
def record_shown_in_a_list():
    dish, seen = _Dish(1), []
    in_threads(lambda: seen.append(f"{[dish]}"), _dearer(dish))
    assert "price=1" in seen[0]


@dataclass
class _Menu:
    dishes: list


@never_holds()
def list_in_a_record_compared():
    menu, seen = _Menu([]), []
    in_threads(lambda: seen.append(menu == _Menu([])), lambda: menu.dishes.append(1))
    assert seen == [True]


@never_holds()
def record_in_a_record_shown():
    dish, seen = _Dish(1), []
    menu = _Menu([dish])
    in_threads(lambda: seen.append(repr(menu)), _dearer(dish))
    assert "price=1" in seen[0]


@never_holds()
def record_made_anew_in_its_place():
    dish, seen = _Dish(1), []
    in_threads(lambda: seen.append(dish.price), lambda: dish.__init__(2))
    assert seen == [1]


# Nobody changes them: they can be compared as they like.
@holds
def records_that_nobody_changes():
    dishes, seen = [_Dish(2), _Dish(1)], []

    def look():
        seen.append(sorted(dishes)[0] == _Dish(1) and _Dish(2) in dishes)

    in_threads(look, look)
    assert seen == [True, True]


@holds
def events_set_by_callbacks_of_c():
    ready = Event()
    in_threads(ready.wait, lambda: [*map(Event.set, [ready])])


# -- functions of C that C calls for each item, and looks one level further in


def _longer(dishes):
    return lambda: dishes.append("cake")


@fails()
def length_as_a_key():
    few, many, seen = ["soup"], ["soup", "salad"], []
    longer = lambda: few.extend(["cake", "tea"])  # noqa: E731
    in_threads(lambda: seen.append(sorted([many, few], key=len)[0] is few), longer)
    assert seen == [True]


@fails()
def length_mapped():
    dishes, seen = ["soup"], []
    in_threads(lambda: seen.append(list(map(len, [dishes]))), _longer(dishes))
    assert seen == [[1]]


@never_holds()
def item_getter_mapped():
    dishes, seen = ["soup"], []
    in_threads(
        lambda: seen.append(list(map(operator.itemgetter(-1), [dishes]))),
        _longer(dishes),
    )
    assert seen == [["soup"]]


@never_holds()
def attribute_getter_as_a_key():
    soup, cake, seen = Box(1), Box(2), []
    in_threads(
        lambda: seen.append(min([cake, soup], key=operator.attrgetter("value")) is soup),
        lambda: setattr(soup, "value", 3),
    )
    assert seen == [True]


@fails()
def empty_lists_filtered_out():
    dishes, seen = ["soup"], []
    in_threads(lambda: seen.append(len(list(filter(None, [dishes])))), dishes.clear)
    assert seen == [1]


@fails()
def any_list_filled():
    dishes, seen = ["soup"], []
    in_threads(lambda: seen.append(any([dishes])), dishes.clear)
    assert seen == [True]


@fails()
def lists_sorted_in_place():
    cheap, dear, seen = [1], [2], []

    def sort():
        lists = [dear, cheap]
        lists.sort()
        seen.append(lists[0] is cheap)

    def change():
        cheap[0] = 3

    in_threads(sort, change)
    assert seen == [True]


@fails()
def list_found_among_the_values_of_a_dict():
    dishes, seen = ["soup"], []
    menu = {"monday": dishes}
    in_threads(lambda: seen.append(["soup"] in menu.values()), _longer(dishes))
    assert seen == [True]


@fails()
def list_removed_from_a_list():
    dishes = ["soup"]
    menus = [dishes]

    in_threads(lambda: menus.remove(["soup"]), _longer(dishes))


@fails()
def heap_of_lists():
    cheap, dear, seen = [1], [2], []

    def first():
        heap = [cheap]
        heapq.heappush(heap, dear)
        seen.append(heapq.heappop(heap) is cheap)

    def change():
        cheap[0] = 3

    in_threads(first, change)
    assert seen == [True]


@fails()
def list_formatted_by_name():
    menu, seen = {"soup": 5}, []
    in_threads(lambda: seen.append("{menu[soup]}".format(menu=menu)), lambda: menu.update(soup=6))
    assert seen == ["5"]


@never_holds()
def namespaces_compared():
    dish, seen = types.SimpleNamespace(price=1), []
    in_threads(
        lambda: seen.append(dish == types.SimpleNamespace(price=1)),
        lambda: setattr(dish, "price", 2),
    )
    assert seen == [True]


# The methods are the library's, out of sight, though the class is not.
class _Prices(UserDict):
    pass


@never_holds()
def dict_derived_from_one_of_the_library():
    prices = _Prices(soup=0)

    def raise_price():
        prices["soup"] = prices["soup"] + 1

    in_threads(raise_price, raise_price)
    assert prices["soup"] == 2


class _Page(io.StringIO):
    pass


@never_holds(traced=False)
def text_derived_from_one_of_c():
    page = _Page()

    def write():
        seen = len(page.getvalue())
        page.seek(0)
        page.write("x" * (seen + 1))

    in_threads(write, write)
    assert len(page.getvalue()) == 2


# The log's own lock is held while it asks: that the one who asks may wait for the other one is not seen, so it is refused.
@never_holds(traced=False, ends=False)
def log_asks_who_counts():
    log, handler, shown = logging.getLogger("kitchen.test"), logging.StreamHandler(io.StringIO()), _Counting()
    log.propagate = False
    log.addHandler(handler)
    in_threads(lambda: log.warning("%s", shown), lambda: log.warning("%s", shown))
    log.removeHandler(handler)
    assert shown.value == 3

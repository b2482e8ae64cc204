"""Every way to look at a container and to change it.

Most of them claim: two threads look whether anything is there, and put something there if not. Whoever does not see the
look, or the change, as a step of its own finds only orders in which one of them wins, and says that it holds.
"""

import bisect
import copy
import functools
import heapq
import itertools
import json
import operator
import random
from array import array
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict, deque
from queue import Queue
from threading import Lock
from types import MappingProxyType

from .helper import Box, Unlocked, in_threads
from .table import fails, holds, never_holds, pair


def _claim(occupied, guard, make=list, occupy=lambda shelf: shelf.append(1)):
    """Two threads: `occupied(shelf)`, and if not, `occupy(shelf)`. Only one of them may."""
    shelf, winners = make(), []

    def go():
        with guard:
            if not occupied(shelf):
                occupy(shelf)
                winners.append(1)

    in_threads(go, go)
    assert len(winners) == 1, winners


def _two_looks(look, guard, make=list, change=lambda shelf: shelf.append(1)):
    """One thread looks twice, the other one changes what is looked at."""
    shelf, same = make(), []

    def write():
        with guard:
            change(shelf)

    def read():
        with guard:
            first = look(shelf)
            second = look(shelf)
            same.append(first == second)

    in_threads(write, read)
    assert same == [True]


# -- looking at a list
# (The winners' list is a step more for each winner; the numbers of schedules are checked with `_stamps` below.)

@pair(preemptions=1)
def look_by_len(guard):
    _claim(lambda shelf: len(shelf), guard)


@pair(preemptions=1)
def look_by_len_itself(guard):
    _claim(len, guard)


@pair(preemptions=1)
def look_by_dunder_len(guard):
    _claim(lambda shelf: shelf.__len__(), guard)


@pair(preemptions=1)
def look_by_bound_dunder_len(guard):
    def start():
        shelf = []
        shelf_len = shelf.__len__
        return shelf, shelf_len

    _claim(lambda both: both[1](), guard, start, lambda both: both[0].append(1))


@pair(preemptions=1)
def look_by_truth(guard):
    _claim(lambda shelf: True if shelf else False, guard)


@pair(preemptions=1)
def look_by_truth_of_the_result(guard):
    _claim(lambda shelf: shelf, guard)


@pair(preemptions=1)
def look_by_not(guard):
    _claim(lambda shelf: not (not shelf), guard)


@pair(preemptions=1)
def look_by_bool(guard):
    _claim(lambda shelf: bool(shelf), guard)


@pair(preemptions=1)
def look_by_bool_itself(guard):
    _claim(bool, guard)


@pair(preemptions=1)
def look_by_operator_truth(guard):
    _claim(operator.truth, guard)


@pair(preemptions=1)
def look_by_and(guard):
    _claim(lambda shelf: shelf and True, guard)


@pair(preemptions=1)
def look_by_or(guard):
    _claim(lambda shelf: shelf or False, guard)


@pair(preemptions=1)
def look_by_while(guard):
    def occupied(shelf):
        while not shelf:
            return False
        return True

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_assert(guard):
    def occupied(shelf):
        try:
            assert shelf
        except AssertionError:
            return False
        return True

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_filter_of_a_comprehension(guard):
    _claim(lambda shelf: [1 for _ in (0,) if shelf], guard)


@pair(preemptions=1)
def look_by_in(guard):
    _claim(lambda shelf: 1 in shelf, guard)


@pair(preemptions=1)
def look_by_not_in(guard):
    _claim(lambda shelf: not (1 not in shelf), guard)


@pair(preemptions=1)
def look_by_operator_contains(guard):
    _claim(lambda shelf: operator.contains(shelf, 1), guard)


@pair(preemptions=1)
def look_by_equality(guard):
    _claim(lambda shelf: shelf == [1], guard)


@pair(preemptions=1)
def look_by_equality_from_the_right(guard):
    _claim(lambda shelf: [1] == shelf, guard)


@pair(preemptions=1)
def look_by_inequality(guard):
    _claim(lambda shelf: shelf != [], guard)


@pair(preemptions=1)
def look_by_order(guard):
    _claim(lambda shelf: shelf > [], guard)


@pair(preemptions=1)
def look_by_chained_comparison(guard):
    _claim(lambda shelf: [] < shelf < [9], guard)


@pair(preemptions=1)
def look_by_comparing_a_tuple_that_has_it(guard):
    _claim(lambda shelf: (0, shelf) != (0, []), guard)


@pair(preemptions=1)
def look_by_comparing_a_list_that_has_it(guard):
    _claim(lambda shelf: [shelf] != [[]], guard)


@pair(preemptions=1)
def look_by_comparing_a_dict_that_has_it(guard):
    _claim(lambda shelf: {"shelf": shelf} != {"shelf": []}, guard)


@pair(preemptions=1)
def look_by_in_a_list_that_has_it(guard):
    _claim(lambda shelf: [] not in [shelf], guard)


@pair(preemptions=1)
def look_by_index_error(guard):
    def occupied(shelf):
        try:
            shelf[0]
        except IndexError:
            return False
        return True

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_unpacking(guard):
    def occupied(shelf):
        try:
            (one,) = shelf
        except ValueError:
            return False
        return True

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_starred_unpacking(guard):
    def occupied(shelf):
        [*all_of_it] = shelf
        return len(all_of_it)

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_star_in_a_list(guard):
    _claim(lambda shelf: len([*shelf]), guard)


@pair(preemptions=1)
def look_by_star_in_a_tuple(guard):
    _claim(lambda shelf: (*shelf,), guard)


@pair(preemptions=1)
def look_by_star_args(guard):
    def count(*things):
        return len(things)

    _claim(lambda shelf: count(*shelf), guard)


@pair(preemptions=1)
def look_by_star_args_of_a_builtin(guard):
    _claim(lambda shelf: max(*shelf, 0, 0), guard)


@pair(preemptions=1)
def look_by_slice(guard):
    _claim(lambda shelf: len(shelf[:]), guard)


@pair(preemptions=1)
def look_by_slice_object(guard):
    _claim(lambda shelf: len(shelf[slice(None)]), guard)


@pair(preemptions=1)
def look_by_operator_getitem(guard):
    _claim(lambda shelf: operator.getitem(shelf, slice(None)), guard)


@pair(preemptions=1)
def look_by_list(guard):
    _claim(lambda shelf: len(list(shelf)), guard)


@pair(preemptions=1)
def look_by_tuple(guard):
    _claim(lambda shelf: tuple(shelf), guard)


@pair(preemptions=1)
def look_by_set(guard):
    _claim(lambda shelf: set(shelf), guard)


@pair(preemptions=1)
def look_by_frozenset(guard):
    _claim(lambda shelf: frozenset(shelf), guard)


@pair(preemptions=1)
def look_by_dict_fromkeys(guard):
    _claim(lambda shelf: dict.fromkeys(shelf), guard)


@pair(preemptions=1)
def look_by_bytes(guard):
    _claim(lambda shelf: bytes(shelf), guard)


@pair(preemptions=1)
def look_by_sorted(guard):
    _claim(lambda shelf: sorted(shelf), guard)


@pair(preemptions=1)
def look_by_sorted_with_a_key(guard):
    _claim(lambda shelf: sorted(shelf, key=lambda thing: -thing), guard)


@pair(preemptions=1)
def look_by_sum(guard):
    _claim(lambda shelf: sum(shelf), guard)


@pair(preemptions=1)
def look_by_max(guard):
    _claim(lambda shelf: max(shelf, default=0), guard)


@pair(preemptions=1)
def look_by_min(guard):
    _claim(lambda shelf: min(shelf, default=0), guard)


@pair(preemptions=1)
def look_by_any(guard):
    _claim(lambda shelf: any(shelf), guard)


@pair(preemptions=1)
def look_by_any_itself(guard):
    _claim(any, guard)


@pair(preemptions=1)
def look_by_all(guard):
    _claim(lambda shelf: not all(shelf), guard, list, lambda shelf: shelf.append(0))


@pair(preemptions=1)
def look_by_any_of_a_generator(guard):
    _claim(lambda shelf: any(thing == 1 for thing in shelf), guard)


@pair(preemptions=1)
def look_by_enumerate(guard):
    _claim(lambda shelf: list(enumerate(shelf)), guard)


@pair(preemptions=1)
def look_by_for_over_enumerate(guard):
    def occupied(shelf):
        for number, thing in enumerate(shelf):
            return True
        return False

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_zip(guard):
    _claim(lambda shelf: list(zip(shelf, "ab")), guard)


@pair(preemptions=1)
def look_by_map(guard):
    _claim(lambda shelf: list(map(str, shelf)), guard)


@pair(preemptions=1)
def look_by_for_over_map(guard):
    def occupied(shelf):
        for thing in map(lambda thing: thing + 1, shelf):
            return True
        return False

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_filter(guard):
    _claim(lambda shelf: list(filter(None, shelf)), guard)


@pair(preemptions=1)
def look_by_reversed(guard):
    _claim(lambda shelf: list(reversed(shelf)), guard)


@pair(preemptions=1)
def look_by_iter_and_next(guard):
    _claim(lambda shelf: next(iter(shelf), None), guard)


@pair(preemptions=1)
def look_by_dunder_iter_and_next(guard):
    def occupied(shelf):
        try:
            shelf.__iter__().__next__()
        except StopIteration:
            return False
        return True

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_for(guard):
    def occupied(shelf):
        for thing in shelf:
            return True
        return False

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_for_else(guard):
    def occupied(shelf):
        for thing in shelf:
            break
        else:
            return False
        return True

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_list_comprehension(guard):
    _claim(lambda shelf: [thing for thing in shelf], guard)


@pair(preemptions=1)
def look_by_set_comprehension(guard):
    _claim(lambda shelf: {thing for thing in shelf}, guard)


@pair(preemptions=1)
def look_by_dict_comprehension(guard):
    _claim(lambda shelf: {thing: 1 for thing in shelf}, guard)


@pair(preemptions=1)
def look_by_generator_expression(guard):
    _claim(lambda shelf: list(thing for thing in shelf), guard)


@pair(preemptions=1)
def look_by_sum_of_a_generator_expression(guard):
    _claim(lambda shelf: sum(1 for _ in shelf), guard)


@pair(preemptions=1)
def look_by_yield_from(guard):
    def things(shelf):
        yield from shelf

    _claim(lambda shelf: list(things(shelf)), guard)


@pair(preemptions=1)
def look_by_for_inside_a_generator(guard):
    def things(shelf):
        for thing in shelf:
            yield thing

    _claim(lambda shelf: list(things(shelf)), guard)


@pair(preemptions=1)
def look_by_nested_comprehension(guard):
    _claim(lambda shelf: [thing for row in [shelf] for thing in row], guard)


@pair(preemptions=1)
def look_by_str(guard):
    _claim(lambda shelf: str(shelf) == "[1]", guard)


@pair(preemptions=1)
def look_by_repr(guard):
    _claim(lambda shelf: repr(shelf) == "[1]", guard)


@pair(preemptions=1)
def look_by_f_string(guard):
    _claim(lambda shelf: f"{shelf}" == "[1]", guard)


@pair(preemptions=1)
def look_by_f_string_with_repr(guard):
    _claim(lambda shelf: f"{shelf!r:>5}" == "  [1]", guard)


@pair(preemptions=1)
def look_by_f_string_with_equals_sign(guard):
    _claim(lambda shelf: f"{shelf=}" == "shelf=[1]", guard)


@pair(preemptions=1)
def look_by_format_method(guard):
    _claim(lambda shelf: "{}".format(shelf) == "[1]", guard)


@pair(preemptions=1)
def look_by_format_function(guard):
    _claim(lambda shelf: format(shelf) == "[1]", guard)


@pair(preemptions=1)
def look_by_percent_formatting(guard):
    _claim(lambda shelf: "%s" % shelf == "[1]", guard)


@pair(preemptions=1)
def look_by_percent_formatting_of_a_tuple(guard):
    _claim(lambda shelf: "%s%r" % ("", shelf) == "[1]", guard)


@pair(preemptions=1)
def look_by_str_of_a_tuple_that_has_it(guard):
    _claim(lambda shelf: str((shelf,)) == "([1],)", guard)


@pair(preemptions=1)
def look_by_join(guard):
    _claim(lambda shelf: "".join(shelf), guard, list, lambda shelf: shelf.append("1"))


@pair(preemptions=1, unfinished_too=True)
def look_by_json(guard):
    _claim(lambda shelf: json.dumps(shelf) == "[1]", guard)


@pair(preemptions=1)
def look_by_copy_method(guard):
    _claim(lambda shelf: shelf.copy(), guard)


@pair(preemptions=1, unfinished_too=True)
def look_by_copy_module(guard):
    _claim(lambda shelf: copy.copy(shelf), guard)


@pair(preemptions=1, unfinished_too=True)
def look_by_deepcopy(guard):
    _claim(lambda shelf: copy.deepcopy(shelf), guard)


@pair(preemptions=1)
def look_by_count(guard):
    _claim(lambda shelf: shelf.count(1), guard)


@pair(preemptions=1)
def look_by_index_method(guard):
    def occupied(shelf):
        try:
            shelf.index(1)
        except ValueError:
            return False
        return True

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_adding(guard):
    _claim(lambda shelf: shelf + [], guard)


@pair(preemptions=1)
def look_by_adding_from_the_right(guard):
    _claim(lambda shelf: [] + shelf, guard)


@pair(preemptions=1)
def look_by_adding_to_a_private_list(guard):
    def occupied(shelf):
        mine = []
        mine += shelf
        return mine

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_extending_a_private_list(guard):
    def occupied(shelf):
        mine = []
        mine.extend(shelf)
        return mine

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_slice_assignment_to_a_private_list(guard):
    def occupied(shelf):
        mine = []
        mine[:] = shelf
        return mine

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_updating_a_private_set(guard):
    def occupied(shelf):
        mine = set()
        mine.update(shelf)
        return mine

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_multiplying(guard):
    _claim(lambda shelf: shelf * 2, guard)


@pair(preemptions=1)
def look_by_walrus(guard):
    _claim(lambda shelf: (number := len(shelf)) and number, guard)


@pair(preemptions=1)
def look_by_conditional_expression(guard):
    _claim(lambda shelf: 1 if len(shelf) == 1 else 0, guard)


@pair(preemptions=1)
def look_by_match(guard):
    def occupied(shelf):
        match shelf:
            case []:
                return False
            case [*things]:
                return True

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_match_on_its_length(guard):
    def occupied(shelf):
        match len(shelf):
            case 0:
                return False
        return True

    _claim(occupied, guard)


@pair(preemptions=1)
def look_by_isinstance_and_len(guard):
    _claim(lambda shelf: isinstance(shelf, list) and len(shelf) > 0, guard)


@pair(preemptions=1, unfinished_too=True)
def look_by_reduce(guard):
    _claim(lambda shelf: functools.reduce(lambda total, thing: total + thing, shelf, 0), guard)


@pair(preemptions=1, unfinished_too=True)
def look_by_partial(guard):
    _claim(functools.partial(len), guard)


@pair(preemptions=1, unfinished_too=True)
def look_by_chain(guard):
    _claim(lambda shelf: list(itertools.chain(shelf, [])), guard)


@pair(preemptions=1, unfinished_too=True)
def look_by_islice(guard):
    _claim(lambda shelf: list(itertools.islice(shelf, 1)), guard)


@pair(preemptions=1, unfinished_too=True)
def look_by_accumulate(guard):
    _claim(lambda shelf: list(itertools.accumulate(shelf)), guard)


@pair(preemptions=1, unfinished_too=True)
def look_by_bisect(guard):
    _claim(lambda shelf: bisect.bisect(shelf, 1), guard)


@pair(preemptions=1, unfinished_too=True)
def look_by_nlargest(guard):
    _claim(lambda shelf: heapq.nlargest(1, shelf), guard)


@pair(preemptions=1, unfinished_too=True)
def look_by_choice(guard):
    def occupied(shelf):
        try:
            random.choice(shelf)
        except IndexError:
            return False
        return True

    _claim(occupied, guard)


@pair(preemptions=1, unfinished_too=True)
def look_by_counter(guard):
    _claim(lambda shelf: Counter(shelf), guard)


@pair(preemptions=1, unfinished_too=True)
def look_by_deque(guard):
    _claim(lambda shelf: deque(shelf), guard)


@pair(preemptions=1, unfinished_too=True)
def look_by_print_to_nowhere(guard):
    class Sink:
        def __init__(self):
            self.text = ""

        def write(self, text):
            self.text += text

        def flush(self):
            pass

    def occupied(shelf):
        sink = Sink()
        print(shelf, file=sink)
        return sink.text == "[1]\n"

    _claim(occupied, guard)


# The numbers: a look and an append each, 4!/(2!*2!) = 6 schedules, 2 of them right.
def _stamps(look, make=list, change=lambda stamps, number: stamps.append(number)):
    stamps = make()

    def stamp():
        change(stamps, look(stamps))

    in_threads(stamp, stamp)
    assert sorted(stamps) == [0, 1], stamps


@fails(preemptions=1, schedules=6, ok=2)
def stamps_by_len():
    _stamps(len)


@fails(preemptions=1, schedules=6, ok=2)
def stamps_by_truth():
    _stamps(lambda stamps: 1 if stamps else 0)


@fails(preemptions=1, schedules=6, ok=2)
def stamps_by_in():
    _stamps(lambda stamps: 1 if 0 in stamps else 0)


@fails(preemptions=1, schedules=6, ok=2)
def stamps_by_slice():
    _stamps(lambda stamps: len(stamps[:]))


@fails(preemptions=1, schedules=6, ok=2)
def stamps_by_sorted():
    _stamps(lambda stamps: len(sorted(stamps)))


# Two appends each: 4!/(2!*2!) orders of them, all right.
@holds(schedules=6, ok=6)
def appends_are_whole():
    shelf = []

    def put():
        shelf.append(1)
        shelf.append(1)

    in_threads(put, put)
    assert len(shelf) == 4


# -- changing a list: by whatever means, it is seen by the one who looks twice

@pair(preemptions=1)
def change_by_append(guard):
    _two_looks(len, guard)


@pair(preemptions=1)
def change_by_append_kept_in_a_variable(guard):
    def make():
        shelf = []
        push = shelf.append
        return shelf, push

    _two_looks(lambda both: len(both[0]), guard, make, lambda both: both[1](1))


@pair(preemptions=1)
def change_by_append_of_the_class(guard):
    _two_looks(len, guard, list, lambda shelf: list.append(shelf, 1))


@pair(preemptions=1)
def change_by_append_got_by_getattr(guard):
    _two_looks(len, guard, list, lambda shelf: getattr(shelf, "append")(1))


@pair(preemptions=1)
def change_by_extend(guard):
    _two_looks(len, guard, list, lambda shelf: shelf.extend((1, 2)))


@pair(preemptions=1)
def change_by_insert(guard):
    _two_looks(len, guard, list, lambda shelf: shelf.insert(0, 1))


@pair(preemptions=1)
def change_by_pop(guard):
    _two_looks(len, guard, lambda: [1], lambda shelf: shelf.pop())


@pair(preemptions=1)
def change_by_remove(guard):
    _two_looks(len, guard, lambda: [1], lambda shelf: shelf.remove(1))


@pair(preemptions=1)
def change_by_clear(guard):
    _two_looks(len, guard, lambda: [1], lambda shelf: shelf.clear())


@pair(preemptions=1)
def change_by_reverse(guard):
    _two_looks(lambda shelf: shelf[0], guard, lambda: [1, 2], lambda shelf: shelf.reverse())


@pair(preemptions=1)
def change_by_sort(guard):
    _two_looks(lambda shelf: shelf[0], guard, lambda: [2, 1], lambda shelf: shelf.sort())


@pair(preemptions=1)
def change_by_item(guard):
    def change(shelf):
        shelf[0] = 2

    _two_looks(lambda shelf: shelf[0], guard, lambda: [1], change)


@pair(preemptions=1)
def change_by_negative_item(guard):
    def change(shelf):
        shelf[-1] = 2

    _two_looks(lambda shelf: shelf[0], guard, lambda: [1], change)


@pair(preemptions=1)
def change_by_slice(guard):
    def change(shelf):
        shelf[:] = [2, 2]

    _two_looks(lambda shelf: len(shelf), guard, lambda: [1], change)


@pair(preemptions=1)
def change_by_del_item(guard):
    def change(shelf):
        del shelf[0]

    _two_looks(len, guard, lambda: [1], change)


@pair(preemptions=1)
def change_by_del_slice(guard):
    def change(shelf):
        del shelf[:]

    _two_looks(len, guard, lambda: [1], change)


@pair(preemptions=1)
def change_by_in_place_add(guard):
    def change(shelf):
        shelf += [1]

    _two_looks(len, guard, list, change)


@pair(preemptions=1)
def change_by_in_place_multiply(guard):
    def change(shelf):
        shelf *= 2

    _two_looks(len, guard, lambda: [1], change)


@pair(preemptions=1)
def change_by_tuple_target(guard):
    def change(shelf):
        shelf[0], shelf[1] = shelf[1], shelf[0]

    _two_looks(lambda shelf: shelf[0], guard, lambda: [1, 2], change)


@pair(preemptions=1)
def change_by_for_target(guard):
    def change(shelf):
        for shelf[0] in (2, 3):
            pass

    _two_looks(lambda shelf: shelf[0], guard, lambda: [1], change)


@pair(preemptions=1)
def change_by_with_target(guard):
    def change(shelf):
        with Unlocked() as shelf[0]:
            pass

    _two_looks(lambda shelf: shelf[0], guard, lambda: [1], change)


@pair(preemptions=1)
def change_by_starred_target(guard):
    def change(shelf):
        first, *shelf[0] = [1, 2, 3]

    _two_looks(lambda shelf: shelf[0], guard, lambda: [1], change)


@pair(preemptions=1)
def change_by_setitem(guard):
    _two_looks(lambda shelf: shelf[0], guard, lambda: [1], lambda shelf: shelf.__setitem__(0, 2))


@pair(preemptions=1)
def change_by_operator_setitem(guard):
    _two_looks(lambda shelf: shelf[0], guard, lambda: [1], lambda shelf: operator.setitem(shelf, 0, 2))


@pair(preemptions=1)
def change_by_operator_iadd(guard):
    _two_looks(len, guard, list, lambda shelf: operator.iadd(shelf, [1]))


@pair(preemptions=1, unfinished_too=True)
def change_by_heappush(guard):
    _two_looks(len, guard, list, lambda shelf: heapq.heappush(shelf, 1))


@pair(preemptions=1, unfinished_too=True)
def change_by_heapify(guard):
    _two_looks(lambda shelf: shelf[0], guard, lambda: [2, 1], lambda shelf: heapq.heapify(shelf))


@pair(preemptions=1, unfinished_too=True)
def change_by_insort(guard):
    _two_looks(len, guard, list, lambda shelf: bisect.insort(shelf, 1))


@pair(preemptions=1, unfinished_too=True)
def change_by_shuffle(guard):
    _two_looks(tuple, guard, lambda: list(range(9)), lambda shelf: random.Random(1).shuffle(shelf))


@pair(preemptions=1)
def change_by_map(guard):
    _two_looks(len, guard, list, lambda shelf: list(map(shelf.append, (1, 2))))


@pair(preemptions=1)
def change_by_a_comprehension(guard):
    _two_looks(len, guard, list, lambda shelf: [shelf.append(number) for number in (1, 2)])


@pair(preemptions=1, unfinished_too=True)
def change_by_partial(guard):
    _two_looks(len, guard, list, lambda shelf: functools.partial(shelf.append, 1)())


@pair(preemptions=1, unfinished_too=True)
def change_by_methodcaller(guard):
    _two_looks(len, guard, list, operator.methodcaller("append", 1))


# -- items

def _items(make, guard):
    shelf = make()

    def go():
        with guard:
            shelf[0] += 1

    in_threads(go, go)
    assert shelf[0] == 2


@pair(preemptions=1, schedules=6, ok=2)
def item_of_a_list(guard):
    _items(lambda: [0], guard)


@pair(preemptions=1, schedules=6, ok=2)
def item_of_a_dict(guard):
    _items(lambda: {0: 0}, guard)


@pair(preemptions=1, schedules=6, ok=2)
def item_of_a_deque(guard):
    _items(lambda: deque([0]), guard)


@pair(preemptions=1, unfinished_too=True)
def item_of_a_counter(guard):
    _items(lambda: Counter(), guard)


@pair(preemptions=1, unfinished_too=True)
def item_of_a_defaultdict(guard):
    _items(lambda: defaultdict(int), guard)


@pair(preemptions=1, unfinished_too=True)
def item_of_an_ordered_dict(guard):
    _items(lambda: OrderedDict({0: 0}), guard)


@pair(preemptions=1, unfinished_too=True)
def item_of_a_bytearray(guard):
    _items(lambda: bytearray(1), guard)


@pair(preemptions=1, unfinished_too=True)
def item_of_an_array(guard):
    _items(lambda: array("i", [0]), guard)


@pair(preemptions=1, unfinished_too=True)
def item_of_a_memoryview(guard):
    _items(lambda: memoryview(bytearray(1)), guard)


@pair(preemptions=1, unfinished_too=True)
def item_of_a_user_list(guard):
    _items(lambda: UserList([0]), guard)


@pair(preemptions=1, unfinished_too=True)
def item_of_a_user_dict(guard):
    _items(lambda: UserDict({0: 0}), guard)


@pair(preemptions=1, unfinished_too=True)
def item_of_a_chain_map(guard):
    _items(lambda: ChainMap({0: 0}), guard)


class _ListSubclass(list):
    pass


class _DictSubclass(dict):
    def __missing__(self, key):
        return 0


@pair(preemptions=1, schedules=6, ok=2)
def item_of_a_list_subclass(guard):
    _items(lambda: _ListSubclass([0]), guard)


@pair(preemptions=1)
def item_of_a_dict_subclass_with_missing(guard):
    _items(_DictSubclass, guard)


class _OwnItems:
    def __init__(self):
        self.value = 0

    def __getitem__(self, key):
        return self.value

    def __setitem__(self, key, value):
        self.value = value

    def __len__(self):
        return self.value

    def __bool__(self):
        return self.value > 0

    def __contains__(self, thing):
        return self.value > 0

    def __iter__(self):
        yield from range(self.value)

    def __call__(self):
        return self.value

    def __str__(self):
        return str(self.value)

    def __format__(self, how):
        return str(self.value)

    def __index__(self):
        return self.value

    def __int__(self):
        return self.value

    def __neg__(self):
        return -self.value

    def __add__(self, other):
        return self.value + other

    def __radd__(self, other):
        return self.value + other

    def __eq__(self, other):
        return self.value == other

    def __lt__(self, other):
        return self.value < other

    def __hash__(self):
        return hash(self.value)

    def __iadd__(self, other):
        self.value += other
        return self

    def __reversed__(self):
        return iter([self.value] if self.value else [])

    def __abs__(self):
        return abs(self.value)


@pair(preemptions=1, schedules=6, ok=2)
def item_of_a_class_of_my_own(guard):
    _items(_OwnItems, guard)


def _put_in_own(shelf):
    shelf.value += 1


def _claim_own(occupied, guard):
    _claim(occupied, guard, _OwnItems, _put_in_own)


@pair(preemptions=1)
def own_len(guard):
    _claim_own(lambda shelf: len(shelf), guard)


@pair(preemptions=1)
def own_truth(guard):
    _claim_own(lambda shelf: True if shelf else False, guard)


@pair(preemptions=1)
def own_in(guard):
    _claim_own(lambda shelf: 1 in shelf, guard)


@pair(preemptions=1)
def own_iteration(guard):
    _claim_own(lambda shelf: [thing for thing in shelf], guard)


@pair(preemptions=1)
def own_list(guard):
    _claim_own(lambda shelf: list(shelf), guard)


@pair(preemptions=1)
def own_call(guard):
    _claim_own(lambda shelf: shelf(), guard)


@pair(preemptions=1)
def own_str(guard):
    _claim_own(lambda shelf: str(shelf) == "1", guard)


@pair(preemptions=1)
def own_f_string(guard):
    _claim_own(lambda shelf: f"{shelf}" == "1", guard)


@pair(preemptions=1)
def own_percent_formatting(guard):
    _claim_own(lambda shelf: "%s" % shelf == "1", guard)


@pair(preemptions=1)
def own_index(guard):
    _claim_own(lambda shelf: [False, True][shelf], guard)


@pair(preemptions=1)
def own_index_in_range(guard):
    _claim_own(lambda shelf: len(range(shelf)), guard)


@pair(preemptions=1)
def own_int(guard):
    _claim_own(lambda shelf: int(shelf), guard)


@pair(preemptions=1)
def own_neg(guard):
    _claim_own(lambda shelf: -shelf, guard)


@pair(preemptions=1)
def own_abs(guard):
    _claim_own(lambda shelf: abs(shelf), guard)


@pair(preemptions=1)
def own_add(guard):
    _claim_own(lambda shelf: shelf + 0, guard)


@pair(preemptions=1)
def own_radd(guard):
    _claim_own(lambda shelf: 0 + shelf, guard)


@pair(preemptions=1)
def own_sum(guard):
    _claim_own(lambda shelf: sum([shelf]), guard)


@pair(preemptions=1)
def own_eq(guard):
    _claim_own(lambda shelf: shelf == 1, guard)


@pair(preemptions=1)
def own_eq_from_c(guard):
    _claim_own(lambda shelf: 1 in [shelf], guard)


@pair(preemptions=1)
def own_lt(guard):
    _claim_own(lambda shelf: not shelf < 1, guard)


@pair(preemptions=1)
def own_lt_from_c(guard):
    _claim_own(lambda shelf: sorted([1, shelf])[0] is not shelf, guard)


@pair(preemptions=1)
def own_hash(guard):
    _claim_own(lambda shelf: hash(shelf), guard)


@pair(preemptions=1)
def own_hash_from_c(guard):
    _claim_own(lambda shelf: {1: True}.get(shelf), guard)


@pair(preemptions=1)
def own_reversed(guard):
    _claim_own(lambda shelf: list(reversed(shelf)), guard)


@pair(preemptions=1, schedules=6, ok=2)
def own_iadd(guard):
    shelf = _OwnItems()

    def go():
        nonlocal shelf
        with guard:
            mine = shelf
            mine += 1

    in_threads(go, go)
    assert shelf.value == 2


@pair(preemptions=1)
def own_star_args(guard):
    def count(*things):
        return len(things)

    _claim_own(lambda shelf: count(*shelf), guard)


@pair(preemptions=1)
def own_unpacking(guard):
    def occupied(shelf):
        try:
            (one,) = shelf
        except ValueError:
            return False
        return True

    _claim_own(occupied, guard)


# -- dictionaries

def _claim_key(occupied, guard, make=dict):
    def occupy(menu):
        menu["soup"] = 5

    _claim(occupied, guard, make, occupy)


@pair(preemptions=1)
def key_in(guard):
    _claim_key(lambda menu: "soup" in menu, guard)


@pair(preemptions=1)
def key_get(guard):
    _claim_key(lambda menu: menu.get("soup"), guard)


@pair(preemptions=1)
def key_error(guard):
    def occupied(menu):
        try:
            return menu["soup"]
        except KeyError:
            return False

    _claim_key(occupied, guard)


@pair(preemptions=1)
def keys_view(guard):
    _claim_key(lambda menu: "soup" in menu.keys(), guard)


@pair(preemptions=1)
def values_view(guard):
    _claim_key(lambda menu: 5 in menu.values(), guard)


@pair(preemptions=1)
def items_view(guard):
    _claim_key(lambda menu: ("soup", 5) in menu.items(), guard)


@pair(preemptions=1)
def items_view_listed(guard):
    _claim_key(lambda menu: list(menu.items()), guard)


@pair(preemptions=1)
def items_view_looped(guard):
    def occupied(menu):
        for dish, price in menu.items():
            return True
        return False

    _claim_key(occupied, guard)


@pair(preemptions=1)
def items_view_sorted(guard):
    _claim_key(lambda menu: sorted(menu.items()), guard)


# The view was taken before; it looks at the dictionary when it is asked.
@pair(preemptions=1)
def view_taken_before(guard):
    def make():
        menu = {}
        return menu, menu.keys()

    def occupy(both):
        both[0]["soup"] = 5

    _claim(lambda both: len(both[1]), guard, make, occupy)


@pair(preemptions=1)
def view_taken_before_and_tested(guard):
    def make():
        menu = {}
        return menu, menu.values()

    def occupy(both):
        both[0]["soup"] = 5

    _claim(lambda both: 5 in both[1], guard, make, occupy)


@pair(preemptions=1)
def view_compared(guard):
    _claim_key(lambda menu: menu.keys() == {"soup"}, guard)


@pair(preemptions=1)
def view_operated(guard):
    _claim_key(lambda menu: menu.keys() & {"soup"}, guard)


@pair(preemptions=1)
def dict_of_a_dict(guard):
    _claim_key(lambda menu: dict(menu), guard)


@pair(preemptions=1)
def dict_merged(guard):
    _claim_key(lambda menu: menu | {}, guard)


@pair(preemptions=1)
def dict_double_starred(guard):
    _claim_key(lambda menu: {**menu}, guard)


@pair(preemptions=1)
def dict_double_starred_into_a_call(guard):
    def count(**dishes):
        return len(dishes)

    _claim_key(lambda menu: count(**menu), guard)


@pair(preemptions=1)
def dict_matched(guard):
    def occupied(menu):
        match menu:
            case {"soup": price}:
                return price
        return False

    _claim_key(occupied, guard)


@pair(preemptions=1)
def dict_iterated(guard):
    _claim_key(lambda menu: [dish for dish in menu], guard)


@pair(preemptions=1)
def dict_formatted(guard):
    _claim_key(lambda menu: "soup" in "%s" % menu, guard)


@pair(preemptions=1, unfinished_too=True)
def dict_percent_mapped(guard):
    _claim_key(lambda menu: "%(soup)s" % menu == "5", guard, lambda: defaultdict(str))


@pair(preemptions=1)
def dict_format_mapped(guard):
    def occupied(menu):
        try:
            return "{soup}".format_map(menu)
        except KeyError:
            return False

    _claim_key(occupied, guard)


@pair(preemptions=1, unfinished_too=True)
def dict_behind_a_proxy(guard):
    def make():
        menu = {}
        return menu, MappingProxyType(menu)

    def occupy(both):
        both[0]["soup"] = 5

    _claim(lambda both: "soup" in both[1], guard, make, occupy)


@pair(preemptions=1, unfinished_too=True)
def dict_behind_itemgetter(guard):
    def occupied(menu):
        try:
            return operator.itemgetter("soup")(menu)
        except KeyError:
            return False

    _claim_key(occupied, guard)


def _change_of_a_dict(change, guard, make=lambda: {"soup": 5}):
    _two_looks(lambda menu: dict(menu), guard, make, change)


@pair(preemptions=1)
def dict_setdefault(guard):
    _change_of_a_dict(lambda menu: menu.setdefault("stew", 6), guard)


@pair(preemptions=1)
def dict_update(guard):
    _change_of_a_dict(lambda menu: menu.update(stew=6), guard)


@pair(preemptions=1)
def dict_in_place_merge(guard):
    def change(menu):
        menu |= {"stew": 6}

    _change_of_a_dict(change, guard)


@pair(preemptions=1)
def dict_pop(guard):
    _change_of_a_dict(lambda menu: menu.pop("soup"), guard)


@pair(preemptions=1)
def dict_popitem(guard):
    _change_of_a_dict(lambda menu: menu.popitem(), guard)


@pair(preemptions=1)
def dict_clear(guard):
    _change_of_a_dict(lambda menu: menu.clear(), guard)


@pair(preemptions=1)
def dict_del_item(guard):
    def change(menu):
        del menu["soup"]

    _change_of_a_dict(change, guard)


# A missing key read from a defaultdict is a change.
@pair(preemptions=1, unfinished_too=True)
def defaultdict_read(guard):
    _two_looks(lambda menu: len(menu), guard, lambda: defaultdict(int), lambda menu: menu["stew"])


@pair(preemptions=1, unfinished_too=True)
def counter_update(guard):
    _two_looks(lambda menu: len(menu), guard, Counter, lambda menu: menu.update("ab"))


@pair(preemptions=1, unfinished_too=True)
def ordered_dict_move_to_end(guard):
    _two_looks(lambda menu: list(menu), guard, lambda: OrderedDict(soup=5, stew=6), lambda menu: menu.move_to_end("soup"))


# setdefault alone is one step: nobody needs a lock.
@holds
def setdefault_is_whole():
    menu, winners = {}, []

    def claim(me):
        if menu.setdefault("table", me) == me:
            winners.append(me)

    in_threads(lambda: claim("Ana"), lambda: claim("Ben"))
    assert len(winners) == 1


# And so is pop with a default.
@holds
def pop_with_a_default_is_whole():
    menu, winners = {"table": 1}, []

    def claim():
        if menu.pop("table", None):
            winners.append(1)

    in_threads(claim, claim)
    assert len(winners) == 1


@fails(preemptions=1, error="KeyError")
def in_and_del_are_two():
    menu = {"table": 1}

    def claim():
        if "table" in menu:
            del menu["table"]

    in_threads(claim, claim)


@fails(preemptions=1, error="RuntimeError")
def dict_grows_while_it_is_walked():
    menu = {"soup": 5, "stew": 6}

    def walk():
        for dish in menu:
            pass

    def add():
        menu["fish"] = 7

    in_threads(walk, add)


@holds
def copy_of_a_dict_walked():
    menu = {"soup": 5, "stew": 6}

    def walk():
        for dish in list(menu):
            pass

    def add():
        menu["fish"] = 7

    in_threads(walk, add)


# A list may grow while it is walked, and the walk sees it.
@fails(preemptions=1)
def list_grows_while_it_is_walked():
    shelf, seen = [1, 2], []

    def walk():
        for dish in shelf:
            seen.append(dish)

    in_threads(walk, lambda: shelf.insert(0, 0))
    assert seen in ([1, 2], [0, 1, 2])


@holds
def copy_of_a_list_walked():
    shelf, seen = [1, 2], []

    def walk():
        for dish in shelf[:]:
            seen.append(dish)

    in_threads(walk, lambda: shelf.insert(0, 0))
    assert seen in ([1, 2], [0, 1, 2])


# -- sets

def _claim_in_set(occupied, guard):
    _claim(occupied, guard, set, lambda tables: tables.add(1))


@pair(preemptions=1)
def set_in(guard):
    _claim_in_set(lambda tables: 1 in tables, guard)


@pair(preemptions=1)
def set_and(guard):
    _claim_in_set(lambda tables: tables & {1}, guard)


@pair(preemptions=1)
def set_or(guard):
    _claim_in_set(lambda tables: tables | set(), guard)


@pair(preemptions=1)
def set_minus(guard):
    _claim_in_set(lambda tables: tables - {2}, guard)


@pair(preemptions=1)
def set_subset(guard):
    _claim_in_set(lambda tables: {1} <= tables, guard)


@pair(preemptions=1)
def set_issubset(guard):
    _claim_in_set(lambda tables: {1}.issubset(tables), guard)


@pair(preemptions=1)
def set_isdisjoint(guard):
    _claim_in_set(lambda tables: not {1}.isdisjoint(tables), guard)


@pair(preemptions=1)
def set_union_of_a_private_set(guard):
    _claim_in_set(lambda tables: set().union(tables), guard)


def _change_of_a_set(change, guard):
    _two_looks(lambda tables: sorted(tables), guard, lambda: {1, 2}, change)


@pair(preemptions=1)
def set_discard(guard):
    _change_of_a_set(lambda tables: tables.discard(1), guard)


@pair(preemptions=1)
def set_in_place_or(guard):
    def change(tables):
        tables |= {3}

    _change_of_a_set(change, guard)


@pair(preemptions=1)
def set_in_place_minus(guard):
    def change(tables):
        tables -= {1}

    _change_of_a_set(change, guard)


@pair(preemptions=1)
def set_symmetric_difference_update(guard):
    _change_of_a_set(lambda tables: tables.symmetric_difference_update({1, 3}), guard)


@pair(preemptions=1)
def set_pop(guard):
    _change_of_a_set(lambda tables: tables.pop(), guard)


# -- deques

@pair(preemptions=1)
def deque_appendleft(guard):
    _claim(len, guard, deque, lambda line: line.appendleft(1))


@pair(preemptions=1)
def deque_rotate(guard):
    _two_looks(lambda line: line[0], guard, lambda: deque([1, 2]), lambda line: line.rotate())


@pair(preemptions=1)
def deque_extendleft(guard):
    _two_looks(list, guard, deque, lambda line: line.extendleft([1]))


# A full deque throws away at the other end: one step.
@holds
def deque_with_maxlen():
    line = deque([1], maxlen=1)
    in_threads(lambda: line.append(2), lambda: line.append(3))
    assert len(line) == 1 and line[0] in (2, 3)


@fails(preemptions=1, error="RuntimeError")
def deque_changed_while_it_is_walked():
    line = deque([1, 2])

    def walk():
        for one in line:
            pass

    in_threads(walk, lambda: line.append(3))


# -- iterators are shared state, too

# next() on an iterator of C is one step: everybody gets another number.
@holds
def count_numbers_everybody():
    numbers, drawn = itertools.count(), []

    def draw():
        drawn.append(next(numbers))

    in_threads(draw, draw)
    assert sorted(drawn) == [0, 1]


@fails(preemptions=0)
def count_gives_no_order():
    numbers, drawn = itertools.count(), {}

    def draw(name):
        drawn[name] = next(numbers)

    in_threads(lambda: draw("Ana"), lambda: draw("Ben"))
    assert drawn["Ana"] < drawn["Ben"]


# Two calls of next are two steps.
@fails(preemptions=1)
def count_drawn_twice():
    numbers = itertools.count()

    def draw():
        first = next(numbers)
        assert next(numbers) == first + 1

    in_threads(draw, draw)


@holds
def count_drawn_twice_locked():
    numbers, lock = itertools.count(), Lock()

    def draw():
        with lock:
            first = next(numbers)
            assert next(numbers) == first + 1

    in_threads(draw, draw)


@holds
def iterator_shared_by_two():
    dishes, eaten = iter(["soup", "stew"]), []

    def eat():
        eaten.append(next(dishes))

    in_threads(eat, eat)
    assert sorted(eaten) == ["soup", "stew"]


@fails(preemptions=0, error="AssertionError")
def iterator_shared_gives_no_order():
    dishes, eaten = iter(["soup", "stew"]), {}

    def eat(name):
        eaten[name] = next(dishes)

    in_threads(lambda: eat("Ana"), lambda: eat("Ben"))
    assert eaten["Ana"] == "soup"


# A for loop over a shared iterator: each item once, to one of them.
@holds
def iterator_looped_by_two():
    dishes, eaten = iter(["soup", "stew", "fish"]), []

    def eat():
        for dish in dishes:
            eaten.append(dish)

    in_threads(eat, eat)
    assert sorted(eaten) == ["fish", "soup", "stew"]


# Who gets what depends on the order.
@fails(preemptions=1)
def iterator_looped_by_two_shares_unevenly():
    dishes, eaten = iter(["soup", "stew"]), {"Ana": [], "Ben": []}

    def eat(name):
        for dish in dishes:
            eaten[name].append(dish)

    in_threads(lambda: eat("Ana"), lambda: eat("Ben"))
    assert [] in eaten.values()


@holds(or_unfinished=True)
def zip_shared_by_two():
    pairs, got = zip([1, 2], "ab"), []

    def draw():
        got.append(next(pairs))

    in_threads(draw, draw)
    assert sorted(got) == [(1, "a"), (2, "b")]


@never_holds(preemptions=1)
def cycle_drawn_twice():
    turns = itertools.cycle([0, 1])

    def draw():
        assert next(turns) == 0
        assert next(turns) == 1

    in_threads(draw, draw)


# A lazy map is worked out when it is asked, not when it is made.
@pair(preemptions=1)
def map_made_before_asked_later(guard):
    till, seen = Box(), []
    lazy = map(lambda _: till.value, range(2))

    def look():
        with guard:
            seen.append((next(lazy), next(lazy)))

    def sell():
        with guard:
            till.value = 1

    in_threads(look, sell)
    assert seen[0][0] == seen[0][1]


@pair(preemptions=1)
def generator_expression_made_before_asked_later(guard):
    till, seen = Box(), []
    lazy = (till.value for _ in range(2))

    def look():
        with guard:
            seen.append((next(lazy), next(lazy)))

    def sell():
        with guard:
            till.value = 1

    in_threads(look, sell)
    assert seen[0][0] == seen[0][1]


# -- aliases and things inside things

@pair(preemptions=1, schedules=6, ok=2)
def alias_of_a_list(guard):
    first = [0]
    second = first

    def ana():
        with guard:
            first[0] += 1

    def ben():
        with guard:
            second[0] += 1

    in_threads(ana, ben)
    assert first == [2]


@pair(preemptions=1)
def list_inside_two_dicts(guard):
    shelf = [0]
    kitchen, bar = {"shelf": shelf}, {"shelf": shelf}

    def ana():
        with guard:
            kitchen["shelf"][0] += 1

    def ben():
        with guard:
            bar["shelf"][0] += 1

    in_threads(ana, ben)
    assert shelf == [2]


# Equal, and yet two.
@holds(schedules=1, ok=1)
def equal_lists_are_not_one():
    first, second = [0], [0]

    def ana():
        first[0] += 1

    def ben():
        second[0] += 1

    in_threads(ana, ben)
    assert first == second == [1]


# A list behind an attribute: which list it is, is one question, what is in it another one.
@fails(preemptions=1)
def list_exchanged_behind_an_attribute():
    box = Box([])

    def exchange():
        box.value = list(box.value)

    def put():
        box.value.append(1)

    in_threads(exchange, put)
    assert box.value == [1]


@holds
def list_exchanged_behind_an_attribute_locked():
    box, lock = Box([]), Lock()

    def exchange():
        with lock:
            box.value = list(box.value)

    def put():
        with lock:
            box.value.append(1)

    in_threads(exchange, put)
    assert box.value == [1]


# `box.value += [1]` reads the list, adds to it in place, and writes the same list back; one on each side loses nothing.
@holds
def in_place_add_behind_an_attribute():
    box = Box([])

    def put():
        box.value += [1]

    in_threads(put, put)
    assert box.value == [1, 1]


# With a tuple there is no "in place".
@fails(preemptions=1, schedules=6, ok=2)
def add_to_a_tuple_behind_an_attribute():
    box = Box(())

    def put():
        box.value += (1,)

    in_threads(put, put)
    assert box.value == (1, 1)


# Ben exchanges the list between Ana's read and her write: she writes the old one back.
@fails(preemptions=1)
def in_place_add_writes_the_old_list_back():
    box = Box([])

    def ana():
        box.value += [1]

    def ben():
        box.value = ["new"]

    in_threads(ana, ben)
    assert "new" in box.value


@fails(preemptions=1, schedules=6, ok=2)
def nested_item():
    menu = {"soup": {"price": 0}}

    def dearer():
        menu["soup"]["price"] += 1

    in_threads(dearer, dearer)
    assert menu["soup"]["price"] == 2


# The item that is read, changed and stored is a queue's inside.
@pair(preemptions=1)
def dict_taken_out_of_a_queue_is_still_shared(guard):
    menu, orders = {"soup": 0}, Queue()
    orders.put(menu)
    orders.put(menu)

    def dearer():
        mine = orders.get()
        with guard:
            mine["soup"] += 1

    in_threads(dearer, dearer)
    assert menu["soup"] == 2


# -- what calls Python back is no single step

# While sort works, the list is empty for everybody else: that is how CPython does it.
@never_holds()
def sort_with_a_key_that_looks():
    shelf, rates = [2, 1], Box(1)

    def tidy():
        shelf.sort(key=lambda thing: thing * rates.value)

    def look():
        rates.value = 1
        assert len(shelf) == 2

    in_threads(tidy, look)


@holds(or_unfinished=True)
def sort_with_a_key_that_looks_locked():
    shelf, rates, lock = [2, 1], Box(1), Lock()

    def tidy():
        with lock:
            shelf.sort(key=lambda thing: thing * rates.value)

    def look():
        with lock:
            rates.value = 1
            assert len(shelf) == 2

    in_threads(tidy, look)


@fails(preemptions=1)
def sorted_with_a_key_that_looks():
    rates, seen = Box(1), []

    def key(thing):
        seen.append(rates.value)
        return thing

    def change():
        rates.value = 2

    in_threads(lambda: sorted([2, 1], key=key), change)
    assert seen[0] == seen[1]


@holds
def sorted_with_a_key_that_looks_locked():
    rates, seen, lock = Box(1), [], Lock()

    def key(thing):
        seen.append(rates.value)
        return thing

    def tidy():
        with lock:
            sorted([2, 1], key=key)

    def change():
        with lock:
            rates.value = 2

    in_threads(tidy, change)
    assert seen[0] == seen[1]


class _Dish:
    """Compared and found by a price that others may change."""

    def __init__(self, price):
        self.price = price

    def __eq__(self, other):
        return self.price == other.price

    def __hash__(self):
        return 1

    def __lt__(self, other):
        return self.price < other.price


# `in` compares one after the other: Ben moves the price from the second dish to the first behind her back.
@fails(preemptions=1)
def eq_called_by_in():
    first, second, seen = _Dish(0), _Dish(5), []
    shelf = [first, second]

    def look():
        seen.append(_Dish(5) in shelf)

    def move():
        first.price = 5
        second.price = 0

    in_threads(look, move)
    assert seen == [True]


@holds
def eq_called_by_in_locked():
    first, second, seen, lock = _Dish(0), _Dish(5), [], Lock()
    shelf = [first, second]

    def look():
        with lock:
            seen.append(_Dish(5) in shelf)

    def move():
        with lock:
            first.price = 5
            second.price = 0

    in_threads(look, move)
    assert seen == [True]


@fails(preemptions=1)
def lt_called_by_max():
    first, second, seen = _Dish(0), _Dish(5), []

    def look():
        seen.append(max([first, second]).price)

    def move():
        first.price = 5
        second.price = 0

    in_threads(look, move)
    assert seen == [5]


@holds
def lt_called_by_max_locked():
    first, second, seen, lock = _Dish(0), _Dish(5), [], Lock()

    def look():
        with lock:
            seen.append(max([first, second]).price)

    def move():
        with lock:
            first.price = 5
            second.price = 0

    in_threads(look, move)
    assert seen == [5]


@fails(preemptions=1)
def eq_called_by_dict_lookup():
    dish, seen = _Dish(5), []
    menu = {dish: "stew"}

    def look():
        seen.append((menu.get(_Dish(5)), menu.get(_Dish(5))))

    def change():
        dish.price = 6

    in_threads(look, change)
    assert seen[0][0] == seen[0][1]


@holds
def eq_called_by_dict_lookup_locked():
    dish, seen, lock = _Dish(5), [], Lock()
    menu = {dish: "stew"}

    def look():
        with lock:
            seen.append((menu.get(_Dish(5)), menu.get(_Dish(5))))

    def change():
        with lock:
            dish.price = 6

    in_threads(look, change)
    assert seen[0][0] == seen[0][1]


@fails(preemptions=1)
def eq_called_by_index_of_a_list():
    dish, seen = _Dish(5), []
    shelf = [dish]

    def look():
        seen.append((shelf.count(_Dish(5)), shelf.count(_Dish(5))))

    def change():
        dish.price = 6

    in_threads(look, change)
    assert seen[0][0] == seen[0][1]


@fails(preemptions=1)
def repr_called_by_a_list():
    class Plate(Box):
        def __repr__(self):
            return str(self.value)

    plate, seen = Plate(), []

    def look():
        seen.append((str([plate]), str([plate])))

    def change():
        plate.value = 1

    in_threads(look, change)
    assert seen[0][0] == seen[0][1]


@pair(preemptions=1)
def enumerate_that_begins_at_one(guard):
    till, sums = Box(), [1, 2]

    def go():
        for number, amount in enumerate(sums, 1):
            with guard:
                till.value += amount * number
        for number, amount in enumerate(sums, start=1):
            with guard:
                till.value += amount * number

    in_threads(go, go)
    assert till.value == 20


# (here `key` is no function that is called for each item)
@holds
def ordered_dict_whose_key_is_named():
    menu = OrderedDict(soup=5)
    assert menu.pop(key="soup") == 5 and not menu

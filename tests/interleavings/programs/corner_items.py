"""Items of one list or dict are locations of their own, as long as nothing comes or goes."""

from threading import Lock

from .helper import Box, in_threads
from .table import fails, holds, pair


# Each in a place of their own: 6 orders of the forks, as if nobody counted. (With one location there were 216.)
@holds(final_states={"[1, 1, 1]"})
def eaten_by_three():
    forks, eaten = [Lock(), Lock(), Lock()], [0] * 3

    def eat(me):
        first, second = sorted((me, (me + 1) % 3))
        with forks[first], forks[second]:
            pass
        eaten[me] += 1

    in_threads(lambda: eat(0), lambda: eat(1), lambda: eat(2))
    return eaten


# All in the same place: 6!/2**3 = 90 orders, in 6 of which nothing is lost.
@fails(schedules=90, ok=6)
def eaten_by_three_in_one_place():
    eaten = [0] * 3

    def eat():
        eaten[1] += 1

    in_threads(eat, eat, eat)
    assert eaten == [0, 3, 0]


@pair()
def plates_by_name(guard):
    plates = {"Ana": 0, "Ben": 0}

    def count(name):
        plates[name] += 1

    def both():
        count("Ana")
        with guard:
            count("Ben")

    def one():
        with guard:
            count("Ben")

    in_threads(both, one)
    assert plates == {"Ana": 1, "Ben": 2}


# Whoever looks at the whole list depends on every item: Ben sees one of two, which is half of it.
@fails()
def sum_while_items_are_stored():
    bill = [0, 0]

    def cook():
        bill[0] = 1
        bill[1] = 1

    def look():
        assert sum(bill) != 1

    in_threads(cook, look)


@fails()
def length_that_changes_before_an_item_is_stored():
    bill = [0, 0]

    def cook():
        bill[1] = 1

    in_threads(cook, bill.pop)


# -1 is the last item, whichever that is by then.
@fails()
def last_item_of_a_list_that_grows():
    bill = [0, 0]

    def cook():
        bill[-1] = 1

    in_threads(cook, lambda: bill.append(0))
    assert bill[1] == 1


# Between the look and the store the key has gone, and comes back last.
@fails()
def key_that_has_gone_before_it_is_stored():
    menu = {"soup": 1, "fish": 2}

    def cook():
        menu["soup"] = 3

    def clear():
        menu.pop("soup")

    in_threads(cook, clear)
    assert list(menu) != ["fish", "soup"]


# Two keys that have gone come back in the order of the stores: which is seen when the dict is gone through.
@fails()
def order_of_two_keys_that_come_back():
    menu = {"soup": 1, "fish": 2}

    def soup():
        menu["soup"] = 3

    def fish():
        menu["fish"] = 3

    in_threads(menu.clear, soup, fish)
    assert list(menu) != ["fish", "soup"]


# 1, 1.0 and True are the same key.
@fails(schedules=6, ok=2)
def keys_of_other_types():
    menu = {1: 0}

    def add(key):
        menu[key] += 1

    in_threads(lambda: add(1), lambda: add(1.0))
    assert menu == {1: 2}


@fails(schedules=6, ok=2)
def indices_of_other_types():
    bill = [0, 0]

    def add(index):
        bill[index] += 1

    in_threads(lambda: add(1), lambda: add(True))
    assert bill == [0, 2]


@fails(schedules=6, ok=2)
def the_same_item_counted_from_either_end():
    bill = [0, 0]

    def add(index):
        bill[index] += 1

    in_threads(lambda: add(1), lambda: add(-1))
    assert bill == [0, 2]


# Two names of one list are one list.
@fails()
def item_of_a_list_with_two_names():
    bill = [0]
    box = Box(bill)

    def one():
        bill[0] += 1

    def other():
        box.value[0] += 1

    in_threads(one, other)
    assert bill == [2]


class _Loud(list):
    def __setitem__(self, index, value):
        super().__setitem__(0, value)


# A list of the reader's own may store anywhere.
@fails()
def list_that_stores_elsewhere():
    bill = _Loud([0, 0])

    def store(index):
        bill[index] = index
        assert bill[0] == index

    in_threads(lambda: store(0), lambda: store(1))


def _spin(tell):
    flags = [0, 0]

    def wait():
        while not flags[1]:
            pass

    in_threads(wait, lambda: tell(flags))


# Who waits for an item is woken by its store, and by what moves the list as a whole.
@holds
def spin_on_an_item():
    def tell(flags):
        flags[0] = 1
        flags[1] = 1

    _spin(tell)


@holds
def spin_on_an_item_that_an_insert_moves():
    def tell(flags):
        flags[0] = 1
        flags.insert(0, 0)

    _spin(tell)


@fails("livelock")
def spin_on_another_item():
    def tell(flags):
        flags[0] = 1

    _spin(tell)


@fails("livelock")
def each_spins_on_the_others_item():
    flags = [0, 0]

    def wait(me):
        while not flags[1 - me]:
            pass
        flags[me] = 1

    in_threads(lambda: wait(0), lambda: wait(1))


@holds
def peterson_with_items():
    wants, turn, inside = [False, False], Box(0), Box(0)

    def work(me):
        wants[me] = True
        turn.value = 1 - me
        while wants[1 - me] and turn.value == 1 - me:
            pass
        inside.value += 1
        assert inside.value == 1
        inside.value -= 1
        wants[me] = False

    in_threads(lambda: work(0), lambda: work(1))


@fails()
def peterson_with_items_in_the_wrong_order():
    wants, turn, inside = [False, False], Box(0), Box(0)

    def work(me):
        turn.value = 1 - me
        wants[me] = True
        while wants[1 - me] and turn.value == 1 - me:
            pass
        inside.value += 1
        assert inside.value == 1
        inside.value -= 1
        wants[me] = False

    in_threads(lambda: work(0), lambda: work(1))

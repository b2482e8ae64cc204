"""Ids that code written in C takes for the numbers that they are, past all that compares them."""

import json
import math
import operator
import struct
from array import array

from .helper import in_threads
from .table import holds, unfinished


class _Shelf:
    pass


@unfinished(reason="id is used as a number")
def remainder_by_the_method_of_int():
    assert int.__mod__(id(_Shelf()), 16) >= 0


@unfinished(reason="id is used as a number")
def order_by_the_method_of_int():
    one, other = _Shelf(), _Shelf()
    assert int.__lt__(id(one), id(other)) or int.__lt__(id(other), id(one))


@unfinished(reason="id is used as a number")
def bits_by_a_bound_method():
    assert id(_Shelf()).__and__(15) >= 0


@unfinished(reason="id is used as a number")
def id_as_an_index():
    assert operator.index(id(_Shelf())) > 0


@unfinished(reason="id is used as a number")
def id_as_an_index_by_its_method():
    assert id(_Shelf()).__index__() > 0


@unfinished(reason="id is used as a number")
def real_part_of_an_id():
    assert id(_Shelf()).real > 0


@unfinished(reason="id is used as a number")
def numerator_of_an_id():
    assert id(_Shelf()).as_integer_ratio()[0] > 0


@unfinished(reason="id is used as a number")
def greatest_common_divisor_of_an_id():
    assert math.gcd(id(_Shelf()), 16) >= 1


@unfinished(reason="id is used as a number")
def power_of_an_id_and_the_remainder():
    assert pow(3, id(_Shelf()), 7) < 7


@unfinished(reason="id is used as a number")
def id_as_digits_alone():
    assert "%d" % id(_Shelf()) != "7"


@unfinished(reason="id is used as a number")
def id_as_digits_by_name():
    assert "%(shelf)d" % {"shelf": id(_Shelf())} != "7"


@unfinished(reason="id is used as a number")
def id_in_json():
    assert json.dumps({"shelves": [id(_Shelf())]}) != "7"


@unfinished(reason="id is used as a number")
def id_in_bytes():
    assert struct.pack("q", id(_Shelf())) != b""


@unfinished(reason="id is used as a number")
def id_in_an_array():
    assert array("q", [id(_Shelf())])[0] > 0


@unfinished(reason="compared with a number")
def id_and_a_fraction():
    assert id(_Shelf()) != 0.5


@holds
def ids_are_passed_on():
    one, other = _Shelf(), _Shelf()
    seen = []

    def look(shelf):
        seen.append((id(shelf), "seen"))

    in_threads(lambda: look(one), lambda: look(other))
    assert {number for number, _ in seen} == {id(one), id(other)}
    assert operator.eq(id(one), id(one)) and {id(one): "one"}[id(one)] == "one"


# -- ids that are older than the program, and objects that are gone -----------------------------------------------------

_old_shelves = _Shelf(), _Shelf()
_names = {id(shelf): name for shelf, name in zip(_old_shelves, ("one", "other"))}
_by_hash = {hash(shelf): name for shelf, name in zip(_old_shelves, ("one", "other"))}


class _Registered:
    def __init__(self):
        self.number = id(self)


_registered = _Registered()


@unfinished(reason="kept from before the program")
def id_in_a_table_that_is_older():
    assert _names[id(_old_shelves[1])] == "other"


@unfinished(reason="kept from before the program")
def hash_in_a_table_that_is_older():
    assert _by_hash[hash(_old_shelves[1])] == "other"


@unfinished(reason="kept from before the program")
def id_that_an_old_object_keeps():
    assert _registered.number == id(_registered)


@unfinished(reason="is gone")
def two_objects_one_after_the_other():
    assert id(_Shelf()) != id(_Shelf())


@unfinished(reason="is gone")
def two_lists_one_after_the_other():
    assert id([]) != id([])


@unfinished(reason="is gone")
def ids_seen_before():
    seen = set()
    for _ in range(3):
        shelf = _Shelf()
        assert id(shelf) not in seen
        seen.add(id(shelf))
        del shelf


@unfinished(reason="is gone")
def shelves_of_two_threads():
    seen = []

    def look():
        shelf = _Shelf()
        shelf.dishes = 7
        seen.append(id(shelf))

    in_threads(look, look)
    assert seen[0] != seen[1]


@holds(schedules=1)
def shelves_that_stay():
    shelves = [_Shelf() for _ in range(3)]
    lists = [[], [], []]
    assert len({id(shelf) for shelf in shelves}) == len({id(dishes) for dishes in lists}) == 3


@unfinished(reason="id is used as a number")
def range_up_to_an_id():
    assert len(range(id(_Shelf()))) > 0

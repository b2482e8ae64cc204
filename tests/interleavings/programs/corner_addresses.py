"""Texts that show where an object lies in memory, and addresses that nobody looks at."""

import io
import json
import pprint
from dataclasses import dataclass
from threading import Lock, Thread

from .helper import in_threads
from .table import holds, pair, unfinished


class _Shelf:
    pass


@dataclass
class _Board:
    shelf: _Shelf


def _differ(text):
    """Different texts, whichever is the smaller one."""
    one, other = _Shelf(), _Shelf()
    assert text(one) != text(other)


def _address(program):
    return unfinished(reason="address of an object")(program)


@_address
def address_by_str():
    _differ(lambda shelf: str(shelf))


@_address
def address_by_str_as_a_value():
    _differ(str)


@_address
def address_by_its_method():
    _differ(lambda shelf: shelf.__repr__())


@_address
def address_by_the_method_of_object():
    _differ(lambda shelf: object.__repr__(shelf))


@_address
def address_in_an_f_string():
    _differ(lambda shelf: f"the shelf {shelf}")


@_address
def address_in_a_list_in_an_f_string():
    _differ(lambda shelf: f"{[shelf]!r:>80}")


@_address
def address_by_percent():
    _differ(lambda shelf: "%s" % shelf)


@_address
def address_by_percent_and_a_tuple():
    _differ(lambda shelf: "%d %r" % (1, shelf))


@_address
def address_by_format():
    _differ(lambda shelf: "{}".format(shelf))


@_address
def address_by_the_function_format():
    _differ(format)


@_address
def address_of_a_list_by_its_method():
    _differ(lambda shelf: [shelf].__repr__())


@_address
def address_in_an_exception():
    _differ(lambda shelf: f"{ValueError(shelf)}")


@_address
def address_in_a_record():
    _differ(lambda shelf: repr(_Board(shelf)))


@_address
def address_in_json():
    _differ(lambda shelf: json.dumps(shelf, default=str))


@_address
def address_printed_nicely():
    _differ(lambda shelf: pprint.pformat([shelf]))


@_address
def address_mapped():
    _differ(lambda shelf: list(map(repr, [shelf])))


@_address
def address_as_a_key():
    shelves = [[_Shelf()], [_Shelf()]]
    assert sorted(shelves, key=str) != [[], []]


@_address
def address_in_a_text_file():
    def written(shelf):
        page = io.StringIO()
        print(shelf, file=page)
        return page.getvalue()

    _differ(written)


@_address
def address_of_a_lock():
    one, other = Lock(), Lock()
    assert str(one) != str(other)


@_address
def address_of_a_function():
    assert str(lambda: 1)[-5:] != ""


@_address
def number_of_a_thread():
    thread = Thread(target=_Shelf)
    assert repr(thread) != ""


# Whoever reads what is printed sees the address, and the program does not.
@pair()
def address_that_is_only_printed(guard):
    shelf, dishes = _Shelf(), [1]

    def cook():
        print("at", f"the shelf {shelf}", shelf)
        with guard:
            if dishes:
                dishes.pop()

    in_threads(cook, cook)


@holds
def texts_of_ones_own():
    class Plate:
        def __repr__(self):
            return "a plate"

    assert f"{Plate()} {[Plate()]}" == "a plate [a plate]" and str(ValueError("at 7")) == "at 7"


class _Page:
    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text


@_address
def address_printed_to_a_file_of_ones_own():
    page = _Page()
    print([_Shelf()], file=page)
    assert page.text != ""


class _Text(str):
    pass


@_address
def address_in_a_text_of_ones_own():
    _differ(_Text)

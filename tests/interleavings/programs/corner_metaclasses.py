"""Methods of metaclasses, and what else of classes and functions is used in a way of its own."""

from .helper import in_threads
from .table import fails, holds, pair


class _OnlyOne(type):
    _made = {}

    def __call__(cls, *args):
        if cls not in cls._made:
            cls._made[cls] = super().__call__(*args)
        return cls._made[cls]


class _Till(metaclass=_OnlyOne):
    def __init__(self):
        self.sales = 0


@fails()
def only_till():
    found = []
    in_threads(lambda: found.append(_Till()), lambda: found.append(_Till()))
    assert found[0] is found[1]


@pair()
def only_till_that_counts(guard):
    def sell():
        with guard:
            _Till().sales += 1

    in_threads(sell, sell)
    assert _Till().sales == 2


class _Counting(type):
    dishes = 0

    def __len__(cls):
        return cls.dishes

    def __bool__(cls):
        return cls.dishes > 0

    def __iter__(cls):
        yield from range(cls.dishes)

    def __contains__(cls, dish):
        return dish < cls.dishes

    def __getitem__(cls, index):
        return cls.dishes

    def __add__(cls, other):
        return cls.dishes + other

    def __getattr__(cls, name):
        return cls.dishes

    def __instancecheck__(cls, instance):
        return cls.dishes > 0


class _Table(metaclass=_Counting):
    pass


def _looked_at(look, guard):
    def serve():
        with guard:
            _Table.dishes = 1

    def compare():
        with guard:
            assert look() == look()

    in_threads(serve, compare)


@pair()
def class_asked_for_its_length(guard):
    _looked_at(lambda: len(_Table), guard)


@pair()
def class_asked_for_its_truth(guard):
    _looked_at(lambda: 1 if _Table else 0, guard)


@pair()
def class_looped_over(guard):
    _looked_at(lambda: list(_Table), guard)


@pair()
def class_asked_what_is_in_it(guard):
    _looked_at(lambda: 0 in _Table, guard)


@pair()
def class_asked_for_an_item(guard):
    _looked_at(lambda: _Table[0], guard)


@pair()
def class_added_to_a_number(guard):
    _looked_at(lambda: _Table + 1, guard)


@pair()
def class_asked_for_what_it_has_not(guard):
    _looked_at(lambda: _Table.anything, guard)


@pair()
def class_asked_for_its_instances(guard):
    _looked_at(lambda: isinstance(1, _Table), guard)


# -- names of functions, notes of exceptions ----------------------------------------------------------------------------


@pair()
def text_of_a_function(guard):
    def dish():
        """s"""

    def write():
        with guard:
            dish.__doc__ = dish.__doc__ + "x"

    in_threads(write, write)
    assert dish.__doc__ == "sxx"


@pair()
def name_of_a_function(guard):
    def dish():
        pass

    def write():
        with guard:
            dish.__name__ = dish.__name__ + "x"

    in_threads(write, write)
    assert dish.__name__ == "dishxx"


@fails()
def notes_of_an_exception():
    error = ValueError()
    in_threads(lambda: error.add_note("Ana"), lambda: error.add_note("Ben"))
    assert error.__notes__ == ["Ana", "Ben"]


@holds
def notes_of_two_exceptions():
    def note(name):
        error = ValueError()
        error.add_note(name)
        assert error.__notes__ == [name]

    in_threads(lambda: note("Ana"), lambda: note("Ben"))

"""Every way to read and to write an attribute, each in an increment by two threads: 6 schedules, 2 of them right.

A tool that does not see the read in one of these finds only the two right orders, and says that it holds.
"""

import copy
import operator
import pickle
from collections import namedtuple
from dataclasses import asdict, dataclass, field, replace
from threading import Lock
from types import SimpleNamespace

from .helper import Box, Unlocked, in_threads
from .table import fails, holds, never_holds, pair


def _tally(make, read, write, guard):
    """Two threads add one by `write(till, read(till) + 1)`."""
    till = make()

    def sell():
        with guard:
            write(till, read(till) + 1)

    in_threads(sell, sell)
    assert read(till) == 2


def _change(make, change, read, guard):
    """Two threads call `change(till)`, which is to add one."""
    till = make()

    def sell():
        with guard:
            change(till)

    in_threads(sell, sell)
    assert read(till) == 2


def _value(till):
    return till.value


def _set_value(till, value):
    till.value = value


def _add_one(till):
    till.value += 1


# -- plain

@fails(preemptions=1, schedules=6, ok=2)
def load_and_store():
    _tally(Box, _value, _set_value, Unlocked())


@holds
def load_and_store_locked():
    _tally(Box, _value, _set_value, Lock())


@fails(preemptions=1, schedules=6, ok=2)
def augmented():
    _change(Box, _add_one, _value, Unlocked())


@holds
def augmented_locked():
    _change(Box, _add_one, _value, Lock())


def _add_one_on_two_lines(till):
    value = till.value
    value = value + 1
    till.value = value


@fails(preemptions=1, schedules=6, ok=2)
def two_lines():
    _change(Box, _add_one_on_two_lines, _value, Unlocked())


@holds
def two_lines_locked():
    _change(Box, _add_one_on_two_lines, _value, Lock())


def _add_one_by_tuple(till):
    till.value, ignored = till.value + 1, None


@fails(preemptions=1, schedules=6, ok=2)
def tuple_target():
    _change(Box, _add_one_by_tuple, _value, Unlocked())


@holds
def tuple_target_locked():
    _change(Box, _add_one_by_tuple, _value, Lock())


def _add_one_by_starred_target(till):
    ignored, *rest, till.value = [0, 0, till.value + 1]


@fails(preemptions=1, schedules=6, ok=2)
def starred_target():
    _change(Box, _add_one_by_starred_target, _value, Unlocked())


@holds
def starred_target_locked():
    _change(Box, _add_one_by_starred_target, _value, Lock())


def _add_one_by_for_target(till):
    for till.value in [till.value + 1]:
        pass


@fails(preemptions=1, schedules=6, ok=2)
def for_target():
    _change(Box, _add_one_by_for_target, _value, Unlocked())


@holds
def for_target_locked():
    _change(Box, _add_one_by_for_target, _value, Lock())


class _Handing:
    def __init__(self, value):
        self.value = value

    def __enter__(self):
        return self.value

    def __exit__(self, *details):
        return None


def _add_one_by_with_target(till):
    with _Handing(till.value + 1) as till.value:
        pass


@fails(preemptions=1, schedules=6, ok=2)
def with_target():
    _change(Box, _add_one_by_with_target, _value, Unlocked())


@holds
def with_target_locked():
    _change(Box, _add_one_by_with_target, _value, Lock())


def _add_one_by_chained_targets(till):
    ignored = till.value = till.value + 1


@fails(preemptions=1, schedules=6, ok=2)
def chained_targets():
    _change(Box, _add_one_by_chained_targets, _value, Unlocked())


@holds
def chained_targets_locked():
    _change(Box, _add_one_by_chained_targets, _value, Lock())


def _add_one_annotated(till):
    till.value: int = till.value + 1


@fails(preemptions=1, schedules=6, ok=2)
def annotated_target():
    _change(Box, _add_one_annotated, _value, Unlocked())


@holds
def annotated_target_locked():
    _change(Box, _add_one_annotated, _value, Lock())


# -- through builtins and other doors

def _value_by_getattr(till):
    return getattr(till, "value")


def _set_value_by_setattr(till, value):
    setattr(till, "value", value)


@fails(preemptions=1, schedules=6, ok=2)
def getattr_and_setattr():
    _tally(Box, _value_by_getattr, _set_value_by_setattr, Unlocked())


@holds
def getattr_and_setattr_locked():
    _tally(Box, _value_by_getattr, _set_value_by_setattr, Lock())


# Read by one door and written by another: it is the same field.
@fails(preemptions=1, schedules=6, ok=2)
def getattr_and_plain_store():
    _tally(Box, lambda till: getattr(till, "value", 0), _set_value, Unlocked())


@holds
def getattr_and_plain_store_locked():
    _tally(Box, lambda till: getattr(till, "value", 0), _set_value, Lock())


# One place in the source loads now a method, now what the class has for all: only the second is state.
@pair(preemptions=1, schedules=6, ok=2)
def getattr_of_several_names(guard):
    class Shop:
        value = 0

        def is_open(self):
            return True

    shop = Shop()

    def sell():
        with guard:
            _, value = [getattr(shop, name) for name in ("is_open", "value")]
            Shop.value = value + 1

    in_threads(sell, sell)
    assert Shop.value == 2


# The builtins under other names.
@never_holds(preemptions=1)
def getattr_under_another_name():
    read, write = getattr, setattr
    _tally(Box, lambda till: read(till, "value"), lambda till, value: write(till, "value", value), Unlocked())


@holds(or_unfinished=True)
def getattr_under_another_name_locked():
    read, write = getattr, setattr
    _tally(Box, lambda till: read(till, "value"), lambda till, value: write(till, "value", value), Lock())


@never_holds(preemptions=1)
def object_setattr():
    _tally(Box, _value, lambda till, value: object.__setattr__(till, "value", value), Unlocked())


@holds(or_unfinished=True)
def object_setattr_locked():
    _tally(Box, _value, lambda till, value: object.__setattr__(till, "value", value), Lock())


@never_holds()
def dunder_getattribute_called():
    _tally(Box, lambda till: till.__getattribute__("value"), lambda till, value: till.__setattr__("value", value), Unlocked())


@holds(or_unfinished=True)
def dunder_getattribute_called_locked():
    _tally(Box, lambda till: till.__getattribute__("value"), lambda till, value: till.__setattr__("value", value), Lock())


@never_holds()
def attrgetter():
    _tally(Box, operator.attrgetter("value"), _set_value, Unlocked())


@holds(or_unfinished=True)
def attrgetter_locked():
    _tally(Box, operator.attrgetter("value"), _set_value, Lock())


@never_holds()
def vars_read():
    _tally(Box, lambda till: vars(till)["value"], _set_value, Unlocked())


@holds(or_unfinished=True)
def vars_read_locked():
    _tally(Box, lambda till: vars(till)["value"], _set_value, Lock())


def _set_value_in_dict(till, value):
    till.__dict__["value"] = value


@never_holds()
def dict_of_the_instance_written():
    _tally(Box, _value, _set_value_in_dict, Unlocked())


@holds(or_unfinished=True)
def dict_of_the_instance_written_locked():
    _tally(Box, _value, _set_value_in_dict, Lock())


@never_holds()
def dict_of_the_instance_updated():
    _tally(Box, _value, lambda till, value: vars(till).update(value=value), Unlocked())


@holds(or_unfinished=True)
def dict_of_the_instance_updated_locked():
    _tally(Box, _value, lambda till, value: vars(till).update(value=value), Lock())


# -- two looks, the second one through a back door: a tool that does not see it puts it right behind the first one, so
# that it never sees anything new

def _two_looks(second_look, guard, make=Box):
    till, same = make(), []

    def write():
        with guard:
            till.value = 1

    def look():
        with guard:
            first = till.value
            same.append(first == second_look(till))

    in_threads(write, look)
    assert same == [True]


@fails(preemptions=1)
def second_look_plain():
    _two_looks(_value, Unlocked())


@holds
def second_look_plain_locked():
    _two_looks(_value, Lock())


@fails(preemptions=1)
def second_look_by_getattr():
    _two_looks(_value_by_getattr, Unlocked())


@never_holds(preemptions=1)
def second_look_by_attrgetter():
    _two_looks(operator.attrgetter("value"), Unlocked())


@holds(or_unfinished=True)
def second_look_by_attrgetter_locked():
    _two_looks(operator.attrgetter("value"), Lock())


@never_holds(preemptions=1)
def second_look_by_vars():
    _two_looks(lambda till: vars(till)["value"], Unlocked())


@never_holds(preemptions=1)
def second_look_by_values_of_vars():
    _two_looks(lambda till: list(vars(till).values())[0], Unlocked())


@never_holds(preemptions=1)
def second_look_by_dict():
    _two_looks(lambda till: till.__dict__["value"], Unlocked())


@never_holds(preemptions=1)
def second_look_by_get_of_the_dict():
    _two_looks(lambda till: till.__dict__.get("value"), Unlocked())


@never_holds(preemptions=1)
def second_look_by_dunder_getattribute():
    _two_looks(lambda till: till.__getattribute__("value"), Unlocked())


@never_holds(preemptions=1)
def second_look_by_object_getattribute():
    _two_looks(lambda till: object.__getattribute__(till, "value"), Unlocked())


@holds(or_unfinished=True)
def second_look_by_object_getattribute_locked():
    _two_looks(lambda till: object.__getattribute__(till, "value"), Lock())


@never_holds(preemptions=1)
def second_look_by_copy():
    _two_looks(lambda till: copy.copy(till).value, Unlocked())


@holds(or_unfinished=True)
def second_look_by_copy_locked():
    _two_looks(lambda till: copy.copy(till).value, Lock())


@never_holds(preemptions=1)
def second_look_by_deepcopy():
    _two_looks(lambda till: copy.deepcopy(till).value, Unlocked())


@never_holds(preemptions=1)
def second_look_by_pickle():
    _two_looks(lambda till: pickle.loads(pickle.dumps(till)).value, Unlocked())


@never_holds(preemptions=1)
def second_look_by_format():
    _two_looks(lambda till: int("{0.value}".format(till)), Unlocked())


@holds(or_unfinished=True)
def second_look_by_format_locked():
    _two_looks(lambda till: int("{0.value}".format(till)), Lock())


@never_holds(preemptions=1)
def second_look_by_methodcaller():
    class Till(Box):
        def read(self):
            return self.value

    _two_looks(operator.methodcaller("read"), Unlocked(), Till)


@fails(preemptions=1)
def second_look_by_slots_descriptor():
    _two_looks(_value, Unlocked(), _Slotted)


@never_holds(preemptions=1)
def second_look_by_the_slot_itself():
    _two_looks(lambda till: _Slotted.value.__get__(till), Unlocked(), _Slotted)


@never_holds(preemptions=1)
def second_look_by_match():
    def look(till):
        match till:
            case Box(value=value):
                return value

    _two_looks(look, Unlocked())


@holds(or_unfinished=True)
def second_look_by_match_locked():
    def look(till):
        match till:
            case Box(value=value):
                return value

    _two_looks(look, Lock())


# A dataclass is compared by its fields: by code that dataclass has written.
@never_holds(preemptions=1)
def second_look_by_dataclass_equality():
    _two_looks(lambda till: 0 if till == _DataTill(0, till.lock) else 1, Unlocked(), _DataTill)


@never_holds(preemptions=1)
def second_look_by_asdict():
    _two_looks(lambda till: asdict(till)["value"], Unlocked(), _CountTill)


@never_holds(preemptions=1)
def second_look_by_dataclass_replace():
    _two_looks(lambda till: replace(till).value, Unlocked(), _CountTill)


# -- presence: delete, hasattr, AttributeError

@dataclass
class _CountTill:
    value: int = 0


class _Empty:
    pass


def _claim_once(claim, guard):
    """`claim(place)` is True for the first one only."""
    place, winners = _Empty(), []

    def go():
        with guard:
            if claim(place):
                winners.append(1)

    in_threads(go, go)
    assert len(winners) == 1


def _claim_by_hasattr(place):
    if hasattr(place, "taken"):
        return False
    place.taken = True
    return True


@fails(preemptions=1)
def hasattr_then_set():
    _claim_once(_claim_by_hasattr, Unlocked())


@holds
def hasattr_then_set_locked():
    _claim_once(_claim_by_hasattr, Lock())


def _claim_by_getattr_default(place):
    if getattr(place, "taken", False):
        return False
    place.taken = True
    return True


@fails(preemptions=1)
def getattr_default_then_set():
    _claim_once(_claim_by_getattr_default, Unlocked())


@holds
def getattr_default_then_set_locked():
    _claim_once(_claim_by_getattr_default, Lock())


def _claim_by_attribute_error(place):
    try:
        place.taken
    except AttributeError:
        place.taken = True
        return True
    return False


@fails(preemptions=1)
def attribute_error_then_set():
    _claim_once(_claim_by_attribute_error, Unlocked())


@holds
def attribute_error_then_set_locked():
    _claim_once(_claim_by_attribute_error, Lock())


def _claim_by_dir(place):
    if "taken" in dir(place):
        return False
    place.taken = True
    return True


@never_holds(preemptions=1)
def dir_then_set():
    _claim_once(_claim_by_dir, Unlocked())


@holds(or_unfinished=True)
def dir_then_set_locked():
    _claim_once(_claim_by_dir, Lock())


def _claim_in_vars(place):
    if "taken" in vars(place):
        return False
    place.taken = True
    return True


@never_holds(preemptions=1)
def vars_then_set():
    _claim_once(_claim_in_vars, Unlocked())


@holds(or_unfinished=True)
def vars_then_set_locked():
    _claim_once(_claim_in_vars, Lock())


def _ticket(take, guard):
    """One ticket is there; two try to take it."""
    box, got = Box(), []

    def go():
        with guard:
            if take(box):
                got.append(1)

    in_threads(go, go)
    assert len(got) == 1


def _take_by_del(box):
    if hasattr(box, "value"):
        del box.value
        return True
    return False


@fails(preemptions=1, error="AttributeError")
def hasattr_then_del():
    _ticket(_take_by_del, Unlocked())


@holds
def hasattr_then_del_locked():
    _ticket(_take_by_del, Lock())


def _take_by_delattr(box):
    if hasattr(box, "value"):
        delattr(box, "value")
        return True
    return False


@fails(preemptions=1, error="AttributeError")
def hasattr_then_delattr():
    _ticket(_take_by_delattr, Unlocked())


@holds
def hasattr_then_delattr_locked():
    _ticket(_take_by_delattr, Lock())


# del alone is one step, and tells the second one that it came too late.
@holds
def del_or_attribute_error():
    def take(box):
        try:
            del box.value
        except AttributeError:
            return False
        return True

    _ticket(take, Unlocked())


# -- classes

class _ClassTill:
    value = 0
    hidden = 0


def _fresh_class():
    return type("Till", (), {"value": 0})


def _class_till():
    class Till:
        value = 0

        @classmethod
        def add_one(cls):
            cls.value += 1

        @staticmethod
        def add_one_by_name():
            Till.value += 1

        def add_one_by_type(self):
            type(self).value += 1

        def add_one_by_dunder_class(self):
            __class__.value += 1

    return Till


@fails(preemptions=1, schedules=6, ok=2)
def class_attribute():
    _change(_class_till, _add_one, _value, Unlocked())


@holds
def class_attribute_locked():
    _change(_class_till, _add_one, _value, Lock())


@fails(preemptions=1, schedules=6, ok=2)
def class_attribute_by_classmethod():
    _change(_class_till, lambda till: till.add_one(), _value, Unlocked())


@holds
def class_attribute_by_classmethod_locked():
    _change(_class_till, lambda till: till.add_one(), _value, Lock())


@fails(preemptions=1, schedules=6, ok=2)
def class_attribute_by_name_in_a_staticmethod():
    _change(_class_till, lambda till: till.add_one_by_name(), _value, Unlocked())


@holds
def class_attribute_by_name_in_a_staticmethod_locked():
    _change(_class_till, lambda till: till.add_one_by_name(), _value, Lock())


# Two instances, one class: what they share is the class's.
@fails(preemptions=1, schedules=6, ok=2)
def class_attribute_of_two_instances():
    till = _class_till()
    in_threads(till().add_one_by_type, till().add_one_by_type)
    assert till.value == 2


@holds
def class_attribute_of_two_instances_one_after_the_other():
    till = _class_till()
    in_threads(till().add_one_by_type)
    in_threads(till().add_one_by_type)
    assert till.value == 2


@fails(preemptions=1, schedules=6, ok=2)
def class_attribute_by_dunder_class():
    till = _class_till()
    in_threads(till().add_one_by_dunder_class, till().add_one_by_dunder_class)
    assert till.value == 2


# Read through the instance, written to the class: the same place.
@fails(preemptions=1, schedules=6, ok=2)
def class_attribute_read_through_the_instance():
    Till = _class_till()
    till = Till()

    def sell():
        Till.value = till.value + 1

    in_threads(sell, sell)
    assert Till.value == 2


@holds
def class_attribute_read_through_the_instance_locked():
    Till, lock = _class_till(), Lock()
    till = Till()

    def sell():
        with lock:
            Till.value = till.value + 1

    in_threads(sell, sell)
    assert Till.value == 2


# And through a subclass.
@fails(preemptions=1, schedules=6, ok=2)
def class_attribute_read_through_a_subclass():
    Till = _class_till()

    class SmallTill(Till):
        pass

    def sell():
        Till.value = SmallTill.value + 1

    in_threads(sell, sell)
    assert Till.value == 2


# `self.value += 1` reads the class's and writes the instance's: from then on the instance has its own.
@fails(preemptions=1, schedules=6, ok=2)
def instance_hides_the_class():
    till = _ClassTill()
    in_threads(lambda: _add_one(till), lambda: _add_one(till))
    assert till.value == 2 and _ClassTill.value == 0


# Two instances then have nothing in common: the class's value is only read.
@holds(schedules=1, ok=1)
def two_instances_hide_the_class():
    first, second = _ClassTill(), _ClassTill()
    in_threads(lambda: _add_one(first), lambda: _add_one(second))
    assert (first.value, second.value, _ClassTill.value) == (1, 1, 0)


# What the class says changes for an instance that has no value of its own, while it looks twice.
@fails(preemptions=1)
def class_changes_under_the_instance():
    Till = _class_till()
    till = Till()

    def close():
        Till.value = 1

    def look():
        assert till.value == till.value

    in_threads(close, look)


# An instance that gets a value of its own between two looks.
@fails(preemptions=1)
def instance_gets_its_own_between_two_looks():
    Till = _class_till()
    till = Till()

    def own():
        till.value = 1

    def look():
        assert till.value == till.value

    in_threads(own, look)


# A class attribute that appears only now.
def _claim_for_the_class(guard):
    class Place:
        pass

    winners = []

    def go():
        with guard:
            if not hasattr(Place(), "taken"):
                Place.taken = True
                winners.append(1)

    in_threads(go, go)
    assert len(winners) == 1


@fails(preemptions=1)
def class_attribute_appears():
    _claim_for_the_class(Unlocked())


@holds
def class_attribute_appears_locked():
    _claim_for_the_class(Lock())


class _Slotted:
    __slots__ = ("value",)

    def __init__(self):
        self.value = 0


@fails(preemptions=1, schedules=6, ok=2)
def slots():
    _change(_Slotted, _add_one, _value, Unlocked())


@holds
def slots_locked():
    _change(_Slotted, _add_one, _value, Lock())


class _Mangled:
    def __init__(self):
        self.__value = 0

    def add_one(self):
        self.__value += 1

    def read(self):
        return self.__value


class _MangledTwice(_Mangled):
    def __init__(self):
        super().__init__()
        self.__value = 10

    def add_ten(self):
        self.__value += 10

    def read_ten(self):
        return self.__value


@fails(preemptions=1, schedules=6, ok=2)
def mangled_name():
    _change(_Mangled, lambda till: till.add_one(), lambda till: till.read(), Unlocked())


@holds
def mangled_name_locked():
    _change(_Mangled, lambda till: till.add_one(), lambda till: till.read(), Lock())


# The same written name, but two attributes: the threads have nothing in common.
@holds(schedules=1, ok=1)
def mangled_names_of_two_classes():
    till = _MangledTwice()
    in_threads(till.add_one, till.add_ten)
    assert (till.read(), till.read_ten()) == (1, 20)


@fails(preemptions=1)
def mangled_name_from_outside():
    till = _Mangled()

    def outside():
        till._Mangled__value += 1

    in_threads(till.add_one, outside)
    assert till.read() == 2


class _BaseTill:
    def __init__(self):
        self.value = 0

    def add_one(self):
        self.value += 1


class _LoudTill(_BaseTill):
    def add_one(self):
        super().add_one()


class _OldStyleTill(_BaseTill):
    def add_one(self):
        super(_OldStyleTill, self).add_one()


@fails(preemptions=1, schedules=6, ok=2)
def super_method():
    _change(_LoudTill, lambda till: till.add_one(), _value, Unlocked())


@holds
def super_method_locked():
    _change(_LoudTill, lambda till: till.add_one(), _value, Lock())


@fails(preemptions=1, schedules=6, ok=2)
def super_with_arguments():
    _change(_OldStyleTill, lambda till: till.add_one(), _value, Unlocked())


@holds
def super_with_arguments_locked():
    _change(_OldStyleTill, lambda till: till.add_one(), _value, Lock())


@fails(preemptions=1, schedules=6, ok=2)
def method_called_on_the_class():
    _change(_LoudTill, lambda till: _BaseTill.add_one(till), _value, Unlocked())


@holds
def method_called_on_the_class_locked():
    _change(_LoudTill, lambda till: _BaseTill.add_one(till), _value, Lock())


# -- properties and other descriptors

class _PropertyTill:
    def __init__(self):
        self._value = 0

    @property
    def value(self):
        return self._value

    @value.setter
    def value(self, value):
        self._value = value


@fails(preemptions=1, schedules=6, ok=2)
def property_augmented():
    _change(_PropertyTill, _add_one, _value, Unlocked())


@holds
def property_augmented_locked():
    _change(_PropertyTill, _add_one, _value, Lock())


@fails(preemptions=1, schedules=6, ok=2)
def property_by_getattr_and_setattr():
    _tally(_PropertyTill, _value_by_getattr, _set_value_by_setattr, Unlocked())


@holds
def property_by_getattr_and_setattr_locked():
    _tally(_PropertyTill, _value_by_getattr, _set_value_by_setattr, Lock())


class _OldPropertyTill:
    def __init__(self):
        self._value = 0

    def _get(self):
        return self._value

    def _set(self, value):
        self._value = value

    value = property(_get, _set)


@fails(preemptions=1, schedules=6, ok=2)
def property_called_as_a_function():
    _change(_OldPropertyTill, _add_one, _value, Unlocked())


@holds
def property_called_as_a_function_locked():
    _change(_OldPropertyTill, _add_one, _value, Lock())


# A lock inside getter and setter protects each of them, not the increment.
class _LockedPropertyTill:
    def __init__(self):
        self._value, self._lock = 0, Lock()

    @property
    def value(self):
        with self._lock:
            return self._value

    @value.setter
    def value(self, value):
        with self._lock:
            self._value = value


@fails(preemptions=1)
def property_locked_inside():
    _change(_LockedPropertyTill, _add_one, _value, Unlocked())


@holds
def property_locked_inside_and_outside():
    _change(_LockedPropertyTill, _add_one, _value, Lock())


# Reading may write: a getter that counts.
class _CountingTill:
    def __init__(self):
        self.reads = 0

    @property
    def price(self):
        self.reads += 1
        return 5


@fails(preemptions=1, schedules=6, ok=2)
def property_that_writes_when_read():
    _change(_CountingTill, lambda till: till.price, lambda till: till.reads, Unlocked())


@holds
def property_that_writes_when_read_locked():
    _change(_CountingTill, lambda till: till.price, lambda till: till.reads, Lock())


class _Descriptor:
    """Keeps the value in the instance, under another name."""

    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner):
        return getattr(instance, self.name, 0)

    def __set__(self, instance, value):
        setattr(instance, self.name, value)


class _DescriptorTill:
    value = _Descriptor()


@fails(preemptions=1, schedules=6, ok=2)
def descriptor():
    _change(_DescriptorTill, _add_one, _value, Unlocked())


@holds
def descriptor_locked():
    _change(_DescriptorTill, _add_one, _value, Lock())


class _DescriptorWithItsOwn:
    """Keeps one value for all instances, in itself."""

    def __init__(self):
        self.value = 0

    def __get__(self, instance, owner):
        return self.value

    def __set__(self, instance, value):
        self.value = value


def _two_tills_one_descriptor(guard):
    class Till:
        value = _DescriptorWithItsOwn()

    tills = [Till(), Till()]

    def sell(till):
        with guard:
            till.value += 1

    in_threads(lambda: sell(tills[0]), lambda: sell(tills[1]))
    assert tills[0].value == 2


# Two objects, and yet one place.
@fails(preemptions=1, schedules=6, ok=2)
def descriptor_with_one_value_for_all():
    _two_tills_one_descriptor(Unlocked())


@holds
def descriptor_with_one_value_for_all_locked():
    _two_tills_one_descriptor(Lock())


class _GetattrTill:
    """Its attributes are the entries of a dictionary."""

    def __init__(self):
        self.__dict__["entries"] = {"value": 0}

    def __getattr__(self, name):
        try:
            return self.entries[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name, value):
        self.entries[name] = value


@never_holds()
def dunder_getattr_and_setattr():
    _change(_GetattrTill, _add_one, _value, Unlocked())


@holds(or_unfinished=True)
def dunder_getattr_and_setattr_locked():
    _change(_GetattrTill, _add_one, _value, Lock())


class _ObservedTill:
    """Passes every store on to object."""

    def __init__(self):
        self.value = 0

    def __setattr__(self, name, value):
        super().__setattr__(name, value)


@never_holds(preemptions=1)
def dunder_setattr_passes_on():
    _change(_ObservedTill, _add_one, _value, Unlocked())


@holds(or_unfinished=True)
def dunder_setattr_passes_on_locked():
    _change(_ObservedTill, _add_one, _value, Lock())


class _WatchedTill:
    """Passes every load on to object."""

    def __init__(self):
        self.value = 0

    def __getattribute__(self, name):
        return object.__getattribute__(self, name)


@never_holds(preemptions=1)
def dunder_getattribute_passes_on():
    _change(_WatchedTill, _add_one, _value, Unlocked())


@holds(or_unfinished=True)
def dunder_getattribute_passes_on_locked():
    _change(_WatchedTill, _add_one, _value, Lock())


class _DelattrTill:
    """Deleting sets back to 0 and counts."""

    def __init__(self):
        self.value = 0

    def __delattr__(self, name):
        self.value = self.value + 1


def _delete_value(till):
    del till.value


@fails(preemptions=1, schedules=6, ok=2)
def dunder_delattr():
    _change(_DelattrTill, _delete_value, _value, Unlocked())


@holds
def dunder_delattr_locked():
    _change(_DelattrTill, _delete_value, _value, Lock())


# -- records

@dataclass
class _DataTill:
    value: int = 0
    lock: object = field(default_factory=Lock)

    def add_one(self):
        self.value += 1

    def add_one_locked(self):
        with self.lock:
            self.value += 1


@fails(preemptions=1, schedules=6, ok=2)
def dataclass_field():
    till = _DataTill()
    in_threads(till.add_one, till.add_one)
    assert till.value == 2


@holds
def dataclass_field_with_its_own_lock():
    till = _DataTill()
    in_threads(till.add_one_locked, till.add_one_locked)
    assert till.value == 2


# Each instance has a lock of its own from the factory: two tills do not stand in each other's way...
@holds
def dataclass_locks_are_not_shared():
    first, second = _DataTill(), _DataTill()
    with first.lock:
        in_threads(second.add_one_locked)
    assert second.value == 1


# ...but one stands in its own.
@fails("deadlock", preemptions=0)
def dataclass_lock_taken_twice():
    till = _DataTill()
    with till.lock:
        in_threads(till.add_one_locked)


@dataclass
class _Plate:
    left: str = "fish"
    right: str = "fish"


# == reads both fields, one after the other.
def _compare_while_it_changes(guard):
    plate = _Plate()

    def change():
        with guard:
            plate.left = "chips"
            plate.right = "chips"

    def look():
        with guard:
            same = plate == _Plate("fish", "chips") or plate == _Plate("chips", "fish")
        assert not same

    in_threads(change, look)


@never_holds(preemptions=1)
def dataclass_compared_while_it_changes():
    _compare_while_it_changes(Unlocked())


@holds(or_unfinished=True)
def dataclass_compared_while_it_changes_locked():
    _compare_while_it_changes(Lock())


def _repr_while_it_changes(guard):
    plate = _Plate()

    def change():
        with guard:
            plate.left = "chips"
            plate.right = "chips"

    def look():
        with guard:
            text = repr(plate)
        assert text.count("fish") in (0, 2)

    in_threads(change, look)


@never_holds(preemptions=1)
def dataclass_printed_while_it_changes():
    _repr_while_it_changes(Unlocked())


@holds(or_unfinished=True)
def dataclass_printed_while_it_changes_locked():
    _repr_while_it_changes(Lock())


@dataclass(frozen=True)
class _FrozenPlate:
    left: str = "fish"
    right: str = "fish"


@fails(preemptions=0, error="FrozenInstanceError")
def frozen_dataclass_written():
    plate = _FrozenPlate()

    def change():
        plate.left = "chips"

    in_threads(change)


# A new one in place of the old one, by one step.
@holds
def frozen_dataclass_replaced():
    table = Box(_FrozenPlate())

    def change():
        table.value = _FrozenPlate("chips", "chips")

    def look():
        plate = table.value
        assert plate.left == plate.right

    in_threads(change, look)


@fails(preemptions=1)
def frozen_dataclass_replaced_in_two_steps():
    table = Box(_FrozenPlate())

    def change():
        table.value = replace(table.value, left="chips")
        table.value = replace(table.value, right="chips")

    def look():
        plate = table.value
        assert plate.left == plate.right

    in_threads(change, look)


_Pair = namedtuple("_Pair", "left right")


# 2 steps in all, one in each thread.
@holds
def named_tuple_published_whole():
    table = Box(_Pair(0, 0))

    def change():
        table.value = _Pair(1, 1)

    def look():
        pair = table.value
        assert pair.left == pair.right

    in_threads(change, look)


@fails(preemptions=1)
def named_tuple_looked_at_twice():
    table = Box(_Pair(0, 0))

    def change():
        table.value = _Pair(1, 1)

    def look():
        assert table.value.left == table.value.right

    in_threads(change, look)


@fails(preemptions=1, schedules=6, ok=2)
def simple_namespace():
    _change(lambda: SimpleNamespace(value=0), _add_one, _value, Unlocked())


@holds
def simple_namespace_locked():
    _change(lambda: SimpleNamespace(value=0), _add_one, _value, Lock())


# An attribute of a function is an attribute.
def _function_with_a_count():
    def order():
        order.count += 1

    order.count = 0
    return order


@fails(preemptions=1, schedules=6, ok=2)
def attribute_of_a_function():
    order = _function_with_a_count()
    in_threads(order, order)
    assert order.count == 2


@holds
def attribute_of_a_function_one_after_the_other():
    order = _function_with_a_count()
    in_threads(order)
    in_threads(order)
    assert order.count == 2


# -- chains and objects on the way

class _Node:
    def __init__(self, below=None):
        self.below, self.value = below, 0


# Each load of the chain is one: the object in the middle is exchanged.
@fails(preemptions=1)
def chain_of_attributes():
    top = _Node(_Node())
    top.below.value = 1

    def exchange():
        old = top.below
        top.below = _Node()
        top.below.value = 1
        old.value = 0

    def look():
        assert top.below.value == 1

    in_threads(exchange, look)


@holds
def chain_of_attributes_exchanged_when_complete():
    top = _Node(_Node())
    top.below.value = 1

    def exchange():
        node = _Node()
        node.value = 1
        top.below = node

    def look():
        assert top.below.value == 1

    in_threads(exchange, look)


# The object is read before the right side is worked out: the increment may go to the old one.
@fails(preemptions=1)
def object_of_an_augmented_store_is_exchanged():
    holder = Box(Box(0))

    def exchange():
        holder.value = Box(holder.value.value)

    def sell():
        holder.value.value += 1

    in_threads(exchange, sell)
    assert holder.value.value == 1


@holds
def object_of_an_augmented_store_is_exchanged_under_a_lock():
    holder, lock = Box(Box(0)), Lock()

    def exchange():
        with lock:
            holder.value = Box(holder.value.value)

    def sell():
        with lock:
            holder.value.value += 1

    in_threads(exchange, sell)
    assert holder.value.value == 1


# Two names for one object.
@fails(preemptions=1, schedules=6, ok=2)
def aliases_of_one_object():
    first = second = Box()

    def ana():
        first.value += 1

    def ben():
        second.value += 1

    in_threads(ana, ben)
    assert first.value == 2


# Equal, and yet two.
@holds(schedules=1, ok=1)
def equal_objects_are_not_one():
    first, second = _Plate(), _Plate()

    def ana():
        first.left += "!"

    def ben():
        second.left += "!"

    in_threads(ana, ben)
    assert first.left == second.left == "fish!"


# A method that is put into the instance afterwards.
@fails(preemptions=1)
def method_replaced():
    till = _BaseTill()

    def twice():
        till.value += 2

    def replace_it():
        till.add_one = twice

    def sell():
        till.add_one()
        till.add_one()

    in_threads(replace_it, sell)
    assert till.value in (2, 4)


@holds
def method_replaced_before():
    till = _BaseTill()

    def twice():
        till.value += 2

    till.add_one = twice
    in_threads(lambda: till.add_one())
    assert till.value == 2

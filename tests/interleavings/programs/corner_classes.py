"""Classes that change while threads run: what an attribute is hangs on the schedule, too.

In each program one thread changes a class (or what an object makes of it) and another one looks. It fails where the look
comes first; beside it stands the cure, in which the change is over before anybody looks.
"""

from threading import Thread

from .helper import in_threads
from .table import fails, holds, never_holds


def _at_once(change, look, expected):
    seen = []
    in_threads(change, lambda: seen.append(look()))
    assert seen == [expected], seen


def _afterwards(change, look, expected):
    first = Thread(target=change)
    first.start()
    first.join()
    _at_once(lambda: None, look, expected)


def _make_method(run):
    class Menu:
        pass

    menu = Menu()

    def change():
        Menu.price = lambda self: 9

    run(change, lambda: hasattr(menu, "price") and menu.price(), 9)


@fails()
def method_given_to_a_class():
    _make_method(_at_once)


@holds
def method_given_to_a_class_before():
    _make_method(_afterwards)


def _make_method_by_setattr(run):
    class Menu:
        pass

    menu = Menu()

    def look():
        try:
            return menu.price()
        except AttributeError:
            return None

    run(lambda: setattr(Menu, "price", lambda self: 9), look, 9)


@fails()
def method_given_by_setattr():
    _make_method_by_setattr(_at_once)


@holds
def method_given_by_setattr_before():
    _make_method_by_setattr(_afterwards)


# One place in the source stores a field, and then what was a method: only for the first it is enough to look at itself.
def _make_method_after_a_field(run):
    class Menu:
        def price(self):
            return 5

    menu = Menu()

    def change():
        for name, value in (("open", True), ("price", lambda: 9)):
            setattr(menu, name, value)

    run(change, lambda: menu.price(), 9)


@fails(schedules=3, ok=1)
def setattr_of_several_names():
    _make_method_after_a_field(_at_once)


@holds
def setattr_of_several_names_before():
    _make_method_after_a_field(_afterwards)


def _make_method_by_type(run):
    class Menu:
        pass

    run(lambda: type.__setattr__(Menu, "price", lambda self: 9), lambda: hasattr(Menu(), "price"), True)


@never_holds()
def method_given_by_type():
    _make_method_by_type(_at_once)


@holds(or_unfinished=True)
def method_given_by_type_before():
    _make_method_by_type(_afterwards)


def _make_property(run):
    class Menu:
        price = property(lambda self: 5)

    menu = Menu()

    def change():
        Menu.price = property(lambda self: 9)

    run(change, lambda: menu.price, 9)


@never_holds()
def property_replaced():
    _make_property(_at_once)


@holds(or_unfinished=True)
def property_replaced_before():
    _make_property(_afterwards)


def _make_property_over_field(run):
    class Menu:
        pass

    menu = Menu()
    menu.price = 5

    def change():
        Menu.price = property(lambda self: 9)

    run(change, lambda: menu.price, 9)


@never_holds()
def property_over_a_field():
    _make_property_over_field(_at_once)


@holds(or_unfinished=True)
def property_over_a_field_before():
    _make_property_over_field(_afterwards)


def _make_special(run):
    class Menu:
        def __len__(self):
            return 5

    menu = Menu()

    def change():
        Menu.__len__ = lambda self: 9

    run(change, lambda: len(menu), 9)


@never_holds()
def special_method_replaced():
    _make_special(_at_once)


@holds(or_unfinished=True)
def special_method_replaced_before():
    _make_special(_afterwards)


def _make_other_class(run):
    class Menu:
        def price(self):
            return 5

    class Evening:
        def price(self):
            return 9

    menu = Menu()

    def change():
        menu.__class__ = Evening

    run(change, lambda: menu.price(), 9)


@never_holds()
def object_of_another_class():
    _make_other_class(_at_once)


@holds(or_unfinished=True)
def object_of_another_class_before():
    _make_other_class(_afterwards)


def _make_bases(run):
    class Plain:
        pass

    class Menu(Plain):
        pass

    class Priced:
        price = 9

    def change():
        Menu.__bases__ = (Priced,)

    run(change, lambda: getattr(Menu, "price", None), 9)


@never_holds()
def other_bases():
    _make_bases(_at_once)


@holds(or_unfinished=True)
def other_bases_before():
    _make_bases(_afterwards)


def _make_code(run):
    def price():
        return 5

    def evening():
        return 9

    def change():
        price.__code__ = evening.__code__

    run(change, lambda: price(), 9)


@never_holds()
def other_code():
    _make_code(_at_once)


@holds(or_unfinished=True)
def other_code_before():
    _make_code(_afterwards)


# Between the two steps of the change there is neither an attribute of the object nor one of its class.
@fails(schedules=3, ok=2)
def field_moved_to_the_class():
    class Menu:
        pass

    menu = Menu()
    menu.price = 5

    def move():
        del menu.price
        Menu.price = 9

    def look():
        prices.append(getattr(menu, "price", None))

    prices = []
    in_threads(move, look)
    assert prices in ([5], [9]), prices


@holds
def field_moved_to_the_class_in_order():
    class Menu:
        pass

    menu = Menu()
    menu.price = 5

    def move():
        Menu.price = 9
        del menu.price

    def look():
        prices.append(getattr(menu, "price", None))

    prices = []
    in_threads(move, look)
    assert prices in ([5], [9]), prices

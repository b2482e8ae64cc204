"""What Python can say, in functions that return what they have seen: rewritten, they have to return the same."""

import contextlib
import enum
import functools
import operator
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field, replace
from typing import NamedTuple

SNIPPETS = []


def snippet(function):
    SNIPPETS.append(function)
    return function


class Loud:
    """Notes in which order it is asked for what."""

    def __init__(self, name, log):
        object.__setattr__(self, "log", log)
        object.__setattr__(self, "name", name)

    def __getattr__(self, name):
        self.log.append((self.name, "get", name))
        return Loud(f"{self.name}.{name}", self.log)

    def __setattr__(self, name, value):
        self.log.append((self.name, "set", name, getattr(value, "name", value)))

    def __delattr__(self, name):
        self.log.append((self.name, "del", name))

    def __getitem__(self, index):
        self.log.append((self.name, "getitem", getattr(index, "name", index)))
        return Loud(f"{self.name}[]", self.log)

    def __setitem__(self, index, value):
        self.log.append((self.name, "setitem", getattr(index, "name", index), getattr(value, "name", value)))

    def __delitem__(self, index):
        self.log.append((self.name, "delitem", index))

    def __call__(self, *args, **kwargs):
        self.log.append((self.name, "call", len(args), sorted(kwargs)))
        return Loud(f"{self.name}()", self.log)

    def __bool__(self):
        self.log.append((self.name, "bool"))
        return not self.name.startswith("no")

    def __lt__(self, other):
        self.log.append((self.name, "<", getattr(other, "name", other)))
        return self if self.name < getattr(other, "name", "") else False

    def __add__(self, other):
        self.log.append((self.name, "+", getattr(other, "name", other)))
        return Loud(f"({self.name}+)", self.log)

    def __radd__(self, other):
        self.log.append((other, "+", self.name))
        return NotImplemented

    def __iadd__(self, other):
        self.log.append((self.name, "+=", getattr(other, "name", other)))
        return self

    def __neg__(self):
        self.log.append((self.name, "neg"))
        return self

    def __iter__(self):
        self.log.append((self.name, "iter"))
        return iter([1, 2])

    def __contains__(self, item):
        self.log.append((self.name, "in", item))
        return True

    def __enter__(self):
        self.log.append((self.name, "enter"))
        return self

    def __exit__(self, *details):
        self.log.append((self.name, "exit", details[0] and details[0].__name__))
        return self.name.startswith("quiet")

    def __format__(self, spec):
        self.log.append((self.name, "format", spec))
        return self.name


def raised(action):
    try:
        return action()
    except Exception as error:
        return type(error).__name__, str(error)


@snippet
def order_of_evaluation():
    log = []
    a, b, c, d = (Loud(name, log) for name in "abcd")
    a.x = b.y = c.z + d.w
    a.x[b.y] = c.z
    a.x[b.y] += c.z
    a.x += b.y
    a(b.x, *c.y, k=d.z, **{"m": b.w})
    del a.x, b[1], c.y[2]
    [a.p, b[0], *c.q] = d.r, 1, 2, 3
    (a.s, (b.t, c[1:2])) = 1, (2, 3)
    return log


@snippet
def comparisons():
    log = []
    a, b, c = (Loud(name, log) for name in "abc")
    seen = [bool(a < b < c), c < a < b.x, not (a < b), a is b is not c, 1 < 2 > 1 != 3, "x" in a not in [b]]
    seen.append((n := 1) < (m := 2) < (k := 3) < 1)
    seen.append((n, m, k))
    seen.append(raised(lambda: 1 < "a"))
    return [getattr(value, "name", value) for value in seen], log


@snippet
def truth_and_choice():
    log = []
    yes, no = Loud("yes", log), Loud("no", log)
    seen = [yes and no, no and yes, yes or no, no or yes, not yes, not no, yes if no else no, (no or yes) and yes]
    if yes and not no:
        seen.append(1)
    while no or not yes:
        seen.append(2)
    else:
        seen.append(3)
    assert yes, no.x
    return [getattr(value, "name", value) for value in seen], log


@snippet
def operators_on_numbers_and_containers():
    numbers, more = [1, 2], (3, 4)
    seen = [numbers + list(more), numbers * 2, 7 // 2, -7 // 2, 7 % -3, 2**-1, 1 << 3, 6 & 3, 6 | 3, 6 ^ 3, ~5, -numbers[0], +True]
    alias = numbers
    numbers += more
    seen.append((alias is numbers, alias))
    numbers = numbers + [5]
    seen.append((alias is numbers, numbers))
    text = "ab"
    text += "c"
    text *= 2
    seen.append(text)
    letters = {"a"}
    same = letters
    letters |= {"b"}
    letters -= {"a"}
    seen.append((same is letters, sorted(letters)))
    seen.append(raised(lambda: [] + ()))
    seen.append(raised(lambda: {} | 1))
    seen.append([raised(lambda: 1 / 0), raised(lambda: [1][5]), raised(lambda: {}["k"]), raised(lambda: None.x)])
    seen.append(Counter("aab") + Counter("b") - Counter("a"))
    seen.append((+Counter(a=1, b=-1), -Counter(b=-1)))
    both = ([1], 2)
    try:
        both[0] += [2]
    except TypeError as error:
        seen.append((both, str(error)))
    return seen


@snippet
def unpacking():
    seen = []
    first, *middle, last = range(5)
    (a, b), [c, *d] = "xy", {1: 2, 3: 4}
    seen.append((first, middle, last, a, b, c, d))
    seen.append(raised(lambda: (lambda x, y: x)(*[1])))
    try:
        one, two = [1, 2, 3]
    except ValueError as error:
        seen.append(str(error))
    try:
        one, *two, three = [1]
    except ValueError as error:
        seen.append(str(error))
    try:
        one, two = 5
    except TypeError as error:
        seen.append(str(error))
    seen.append(([*[1], *(2, 3)], {*"ab"} == {"a", "b"}, {**{"a": 1}, "b": 2}, (*"ab", *[])))
    for index, (key, [value]) in enumerate({"a": [1], "b": [2]}.items()):
        seen.append((index, key, value))
    return seen


@snippet
def comprehensions():
    x = "outer"
    functions = [lambda: x for x in range(3)]
    seen = [x, [f() for f in functions], [(a, b) for a in range(3) if a for b in range(a) if b % 2 == 0]]
    seen.append({k: [v for v in range(k)] for k in range(3)})
    seen.append(sorted({n % 3 for n in range(10)}))
    total = 0
    seen.append([total := total + n for n in range(4)])
    seen.append(total)
    lazy = (n / d for n, d in [(1, 1), (1, 0)])
    seen.append((next(lazy), raised(lambda: next(lazy)), raised(lambda: next(lazy))))

    class Scope:
        items = [1, 2]
        doubled = [n * 2 for n in items]

    seen.append(Scope.doubled)
    return seen


@snippet
def generators():
    log = []

    def counted(start):
        try:
            while True:
                got = yield start
                log.append(got)
                start += got or 1
        except ValueError as error:
            log.append(str(error))
            yield "caught"
        finally:
            log.append("closed")
        return "value"

    def outer():
        result = yield from counted(10)
        log.append(result)
        return (yield from [1, 2])

    numbers = outer()
    seen = [next(numbers), numbers.send(5), numbers.throw(ValueError("stop")), next(numbers), next(numbers)]
    try:
        next(numbers)
    except StopIteration as stop:
        seen.append(stop.value)
    other = counted(0)
    next(other)
    other.close()
    recursive = (next(recursive) for _ in [1])  # noqa: F821
    seen.append(raised(lambda: next(recursive)))
    return seen, log


@snippet
def loops():
    seen = []
    for number in range(5):
        if number == 1:
            continue
        if number == 3:
            break
        seen.append(number)
    else:
        seen.append("never")
    for letter in "ab":
        for digit in [1, 2]:
            if digit == 2:
                break
        else:
            seen.append("no")
        seen.append((letter, digit))
    numbers = [1, 2, 3]
    for number in numbers:
        if len(numbers) < 6:
            numbers.append(number * 10)
    seen.append(numbers)
    names = {"a": 1}

    def grow():
        for name in names:
            names[name * 2] = 1

    seen.append(raised(grow))
    count = 3
    while count:
        count -= 1
        try:
            if count == 1:
                continue
            seen.append(count)
        finally:
            seen.append("finally")
    while True:
        count += 1
        if count > 2:
            break
    for seen[0] in [7]:
        pass
    return seen, count


@snippet
def exceptions():
    log = []

    def way(which):
        try:
            if which == 0:
                return "returned"
            if which == 1:
                raise KeyError("k")
            if which == 2:
                [][0]
            log.append("body")
        except (KeyError, TypeError) as error:
            log.append(repr(error))
            raise ValueError("from") from error
        except IndexError:
            log.append("index")
        else:
            log.append("else")
        finally:
            log.append("finally")
            if which == 4:
                return "overridden"
        return "end"

    seen = [raised(functools.partial(way, which)) for which in range(5)]
    try:
        way(1)
    except ValueError as error:
        seen.append((repr(error.__cause__), error.__context__ is error.__cause__))
    try:
        error  # noqa: B018
    except NameError as gone:
        seen.append(type(gone).__name__)
    try:
        raise ExceptionGroup("g", [ValueError(1), KeyError(2)])
    except* ValueError as group:
        seen.append(repr(group.exceptions))
    except* KeyError as group:
        seen.append(repr(group.exceptions))
    with contextlib.suppress(ZeroDivisionError):
        1 / 0
        seen.append("never")
    return seen, log


@snippet
def context_managers():
    log = []
    with Loud("a", log) as a, Loud("quiet", log) as quiet:
        log.append((a.name, quiet.name))
        raise ValueError
    try:
        with Loud("b", log) as log[0:0]:
            pass
    except Exception as error:
        log.append(type(error).__name__)

    @contextlib.contextmanager
    def managed():
        log.append("in")
        try:
            yield 5
        except KeyError:
            log.append("swallowed")
        finally:
            log.append("out")

    with managed() as number:
        log.append(number)
    with managed():
        raise KeyError
    return log


@snippet
def closures_and_names():
    count, seen = 0, []

    def up(step=1, *, twice=False):
        nonlocal count
        count += step * (2 if twice else 1)
        return count

    seen.append([up(), up(5), up(twice=True), count])

    def late():
        return later  # noqa: F821

    seen.append(raised(late)[0])
    later = 1
    seen.append(late())
    del later
    seen.append(raised(late)[0])

    def make(items=[]):  # noqa: B006
        items.append(len(items))
        return items

    make()
    seen.append((make(), make.__defaults__))
    seen.append((lambda a, /, b=2, *c, d=4, **e: (a, b, c, d, e))(1, 3, 5, d=6, f=7))
    seen.append(sorted(locals()))
    return seen


_total = 0


@snippet
def globals_too():
    global _total
    before = _total
    _total += 5

    def inner():
        global _total
        _total *= 2
        return _total

    seen = (inner(), _total)
    _total = before
    return seen


@snippet
def classes():
    log = []

    class Base:
        kinds = []

        def __init_subclass__(cls, **details):
            log.append((cls.__name__, details))

        def __init__(self, name):
            self.__secret = name

        @property
        def secret(self):
            return self.__secret

        @secret.setter
        def secret(self, value):
            self.__secret = value + "!"

        @classmethod
        def make(cls, name):
            return cls(name)

        @staticmethod
        def double(number):
            return number * 2

        def who(self):
            return "base"

    class Child(Base, extra=1):
        __slots__ = ("more",)

        def __init__(self, name):
            super().__init__(name.upper())
            self.more = __class__.__name__

        def who(self):
            return "child of " + super().who()

    child = Child.make("ana")
    child.secret += "?"
    child.kinds.append(1)
    Base.kinds += [2]
    seen = [child.secret, child.who(), child.double(4), child.more, Base.kinds, sorted(vars(child))]
    seen.append([isinstance(child, Base), Child.__mro__[1].__name__, hasattr(child, "x"), getattr(child, "x", 3)])
    seen.append(raised(lambda: child.nothing))
    seen.append(raised(lambda: setattr(Base.double, "x", 1)))

    class Field:
        def __set_name__(self, owner, name):
            self.name = name

        def __get__(self, instance, owner=None):
            return self if instance is None else instance.__dict__.get(self.name, "unset")

        def __set__(self, instance, value):
            instance.__dict__[self.name] = value * 2

    class Described:
        width = Field()

    thing = Described()
    seen.append(thing.width)
    thing.width = 4
    seen.append((thing.width, isinstance(Described.width, Field)))

    class Meta(type):
        def __call__(cls, *args):
            log.append(args)
            return super().__call__(*args)

        @property
        def size(cls):
            return len(cls.__name__)

    class Made(metaclass=Meta):
        def __init__(self, *args):
            self.args = args

    seen.append((Made(1, 2).args, Made.size))
    return seen, log


@snippet
def records():
    @dataclass(order=True)
    class Dish:
        price: int
        name: str = "soup"
        tags: list = field(default_factory=list, compare=False)

        def __post_init__(self):
            self.price += 1

    class Pair(NamedTuple):
        left: int
        right: int = 2

    class Colour(enum.Enum):
        RED = 1
        BLUE = "b"

        @property
        def shown(self):
            return self.name.lower()

    soup, cake = Dish(3), Dish(2, "cake", ["sweet"])
    soup.tags.append("hot")
    seen = [soup, cake, soup > cake, sorted([soup, cake])[0].name, replace(cake, price=9), Dish(3) == Dish(3)]
    pair = Pair(1)
    seen.append((pair, pair._replace(left=5), pair + (3,), [*pair]))
    seen.append((Colour.RED, Colour("b").shown, [colour.value for colour in Colour], Colour["RED"] is Colour.RED))
    return seen


@snippet
def matching():
    @dataclass
    class Point:
        x: int
        y: int

    def kind(value):
        match value:
            case 0 | 1:
                return "small"
            case int(number) if number > 100:
                return "large", number
            case [first, *rest] if rest:
                return first, rest
            case []:
                return "empty"
            case {"name": str(name), **rest}:
                return name, rest
            case Point(x=0, y=y):
                return "axis", y
            case Point() as point:
                return point
            case "a" | "b" as letter:
                return letter
            case None | True:
                return "constant"
            case (_, _):
                return "never"
            case _:
                return "other", value

    values = [0, 500, 50, [1, 2], [], (7,), {"name": "x", "k": 1}, {"name": 1}, Point(0, 3), Point(1, 2), "b", None, 2.5]
    return [kind(value) for value in values]


@snippet
def texts():
    name, width, values = "soup", 8, {"a": [1, 2]}
    seen = [f"{name!r:>{width}}|{name:^{width}}|{values['a'][1]:03d}|{3.14159:.2f}|{name=}|{{}}|{[n for n in values]}"]
    seen.append("%(a)s" % values)
    seen.append("{0[a]} {x!s:5}|".format(values, x=name))
    seen.append("-".join(sorted(set("hello"))))
    seen.append(name[1:3] + name[::-1] + name[-1])
    seen.append([line.strip() for line in "a \n b".splitlines()])
    seen.append(b"ab" + bytes([99]) + bytes(bytearray(b"x")))
    log = []
    seen.append(f"{Loud('a', log)}{Loud('b', log):{width}}{Loud('c', log)!s:.0}")
    return seen, log


@snippet
def containers():
    seen = []
    numbers = [3, 1, 2]
    numbers.sort(key=lambda number: -number)
    numbers[1:1] = [9, 8]
    del numbers[0], numbers[-1:]
    seen.append((numbers, numbers.index(8), numbers.count(9), numbers.pop(), numbers * 2, numbers.copy() == numbers))
    menu = defaultdict(list)
    menu["a"].append(1)
    menu.setdefault("b", []).extend("xy")
    seen.append((dict(menu), list(menu.items()), "c" in menu, menu.get("c"), menu.pop("b"), len(menu)))
    queue = deque([1, 2, 3], maxlen=3)
    queue.append(4)
    queue.rotate(1)
    seen.append((list(queue), queue[0], queue.popleft()))
    ordered = OrderedDict(a=1, b=2)
    ordered.move_to_end("a")
    seen.append((list(ordered), ordered.popitem(last=False)))
    seen.append(Counter("hello").most_common(2))
    seen.append((list(zip("ab", [1, 2], strict=True)), list(map(operator.mul, [1, 2], [3, 4])), list(filter(None, [0, 1]))))
    seen.append((sum([1, 2], 10), min("b", "a"), max([[1], [2]], key=len), any([]), all([]), sorted("bca", reverse=True)))
    seen.append((list(reversed([1, 2])), list(enumerate("ab", 1)), functools.reduce(lambda a, b: a * b, [1, 2, 3])))
    seen.append(raised(lambda: list(zip([1], [], strict=True))))
    seen.append(raised(lambda: sorted([1, "a"])))
    iterator = iter([1, 2])
    seen.append((next(iterator), next(iterator), next(iterator, "end"), list(iterator), iter(iterator) is iterator))
    seen.append((list(iter([1, 2, 0, 3].__iter__().__next__, 0)), operator.itemgetter(1, 0)("ab")))
    seen.append(hash((1, 2)) == hash((1, 2)) and {(1, 2): 3}[1, 2])
    return seen


@snippet
def decorators():
    log = []

    def noted(label):
        log.append(label)

        def decorate(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                log.append((label, args, kwargs))
                return function(*args, **kwargs)

            return wrapper

        return decorate

    @noted("outer")
    @noted("inner")
    def add(a, b=2):
        "Adds."
        return a + b

    @functools.total_ordering
    class Size:
        def __init__(self, size):
            self.size = size

        def __eq__(self, other):
            return self.size == other.size

        def __lt__(self, other):
            return self.size < other.size

    @functools.singledispatch
    def show(value):
        return "thing"

    @show.register
    def _(value: int):
        return "number"

    seen = [add(1), add(a=1, b=5), add.__name__, add.__doc__, Size(1) <= Size(2), Size(3) > Size(4)]
    seen.append((show(1), show("a"), functools.partial(add, b=7)(1)))
    return seen, log


@snippet
def recursion_and_many_calls():
    def ackermann(m, n):
        return n + 1 if m == 0 else ackermann(m - 1, 1 if n == 0 else ackermann(m, n - 1))

    def hanoi(n, a="a", b="b", c="c"):
        return [] if n == 0 else [*hanoi(n - 1, a, c, b), (a, c), *hanoi(n - 1, b, a, c)]

    def primes(limit):
        sieve = [True] * limit
        for number in range(2, limit):
            if sieve[number]:
                yield number
                for multiple in range(number * number, limit, number):
                    sieve[multiple] = False

    return ackermann(2, 3), hanoi(4), list(primes(60))

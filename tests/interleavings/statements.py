"""Makes up programs of one thread: nested statements over a few variables, most of which come to an end."""

from __future__ import annotations

import random

NUMBERS = ["a", "b", "box.n", "box.inner.n", "items[0]", "menu['x']", "len(items)", "Box.kind", "shared"]
LISTS = ["items", "box.items", "[a, b]", "list(menu.values())", "[*items, a]", "sorted(items)", "items[1:]", "box.slots"]
TESTS = ["{n} < {m}", "{n} <= {m} < 50", "not {n}", "{l}", "{n} in {l}", "{n} == {m} or {l}", "{n} % 2 and {m} != 3", "box"]


class Writer:
    """Writes statements down; every loop has an end, every number stays small."""

    def __init__(self, dice: random.Random):
        self.dice = dice
        self.lines: list[str] = []
        self.names = 0
        self.loops = 0

    def number(self, deep: int = 2) -> str:
        pick = self.dice.randrange(12 if deep else 3)
        if pick < 2:
            return str(self.dice.randrange(-3, 9))
        if pick < 5 or not deep:
            return self.dice.choice(NUMBERS)
        left, right = self.number(deep - 1), self.number(deep - 1)
        return [
            lambda: f"({left} {self.dice.choice(['+', '-', '*', '&', '|', '^'])} {right})",
            lambda: f"({left} if {self.test(deep - 1)} else {right})",
            lambda: f"up({left})",
            lambda: f"sum({self.listed(deep - 1)})",
            lambda: f"(c := {left})",
            lambda: f"box.add({left}, by={right})",
            lambda: f"({left} // {right})" if self.dice.random() < 0.1 else f"max({left}, {right})",
        ][pick - 5]()

    def listed(self, deep: int = 2) -> str:
        if not deep or self.dice.random() < 0.5:
            return self.dice.choice(LISTS)
        return self.dice.choice(
            [
                f"[x + {self.number(0)} for x in {self.listed(deep - 1)} if {self.test(0)}]",
                f"[{self.number(deep - 1)}, *{self.listed(deep - 1)}]",
                f"list(map(up, {self.listed(deep - 1)}))",
                f"({self.listed(deep - 1)} + {self.listed(deep - 1)})",
                f"[*count({self.number(0)})]",
                f"sorted({self.listed(deep - 1)}, key=lambda x: -x)",
            ]
        )

    def test(self, deep: int = 2) -> str:
        fill = {"n": self.number(deep), "m": self.number(deep), "l": self.listed(deep)}
        return self.dice.choice(TESTS).format(**fill)

    def target(self) -> str:
        return self.dice.choice(
            ["a", "b", "box.n", "box.inner.n", "items[0]", "menu['x']", "Box.kind", "box.doubled", "shared", "menu[a % 3]"]
        )

    def add(self, indent: int, line: str) -> None:
        self.lines.append("    " * indent + line)

    def block(self, indent: int, deep: int) -> None:
        for _ in range(self.dice.randrange(1, 4)):
            self.statement(indent, deep)

    def statement(self, indent: int, deep: int) -> None:
        kinds = [self.assign, self.augment, self.many, self.call, self.note]
        if deep:
            kinds += [self.choose, self.loop, self.repeat, self.guard, self.manage, self.define, self.match]
        self.dice.choice(kinds)(indent, deep)

    def assign(self, indent: int, deep: int) -> None:
        self.add(indent, f"{self.target()} = {self.number()} % 100")

    def augment(self, indent: int, deep: int) -> None:
        self.add(indent, f"{self.target()} {self.dice.choice(['+=', '-=', '|=', '^='])} {self.number()} % 10")

    def many(self, indent: int, deep: int) -> None:
        self.add(
            indent,
            self.dice.choice(
                [
                    f"a, b = b, {self.number()} % 100",
                    f"a, *box.items = {self.listed()}[:5] + [1]",
                    f"{self.target()} = {self.target()} = {self.number()} % 100",
                    f"(a, [box.n, b]) = {self.number(0)}, (2, {self.number(0)})",
                    f"items[1:2] = {self.listed()}[:3]",
                    "items += [a]",
                ]
            ),
        )

    def call(self, indent: int, deep: int) -> None:
        self.add(
            indent,
            self.dice.choice(
                [
                    f"items.append({self.number()} % 100)",
                    "items and items.pop()",
                    f"menu.update(x={self.number()} % 100)",
                    f"box.add({self.number()} % 100)",
                    "items.sort()",
                    f"menu.setdefault({self.number(0)}, b)",
                    "del items[3:]",
                    f"assert {self.test()}, a" if self.dice.random() < 0.1 else "pass",
                ]
            ),
        )

    def note(self, indent: int, deep: int) -> None:
        self.add(indent, f'log.append(f"{{{self.number()}}} {{{self.listed()}!r}}")')

    def choose(self, indent: int, deep: int) -> None:
        self.add(indent, f"if {self.test()}:")
        self.block(indent + 1, deep - 1)
        if self.dice.random() < 0.5:
            self.add(indent, "else:")
            self.block(indent + 1, deep - 1)

    def loop(self, indent: int, deep: int) -> None:
        over = self.dice.choice([f"{self.listed()}[:4]", "range(3)", "enumerate('ab')", "list(menu.items())[:3]"])
        name = {"enum": "(a, letter)", "list": "(key, b)"}.get(over[:4] if "menu.items" in over or "enum" in over else "", "b")
        self.add(indent, f"for {name} in {over}:")
        self.block(indent + 1, deep - 1)
        if self.dice.random() < 0.3:
            self.add(indent + 1, f"if {self.test()}: {self.dice.choice(['break', 'continue'])}")
            self.add(indent, "else:")
            self.block(indent + 1, 0)

    def repeat(self, indent: int, deep: int) -> None:
        self.loops += 1
        rounds = f"rounds_{self.loops}"
        self.add(indent, f"{rounds} = 3")
        self.add(indent, f"while {rounds} and ({self.test()}):")
        self.add(indent + 1, f"{rounds} -= 1")
        self.block(indent + 1, deep - 1)

    def guard(self, indent: int, deep: int) -> None:
        self.add(indent, "try:")
        self.block(indent + 1, deep - 1)
        if self.dice.random() < 0.5:
            self.add(indent + 1, f"if {self.test()}: raise KeyError({self.number()})")
        self.add(indent, "except (KeyError, ZeroDivisionError, IndexError) as error:")
        self.add(indent + 1, "log.append(repr(error))")
        self.block(indent + 1, 0)
        if self.dice.random() < 0.5:
            self.add(indent, "finally:")
            self.block(indent + 1, 0)

    def manage(self, indent: int, deep: int) -> None:
        self.add(indent, f"with box as c, managed({self.number(0)}) as b:")
        self.block(indent + 1, deep - 1)

    def define(self, indent: int, deep: int) -> None:
        self.names += 1
        name = f"made_{self.names}"
        self.add(indent, f"def {name}(x, y={self.number(0)}, *more, z=1):")
        self.add(indent + 1, self.dice.choice(["nonlocal a, b", "nonlocal a", "pass"]))
        self.add(indent + 1, f"box.n = x + {self.dice.choice(['y', 'z', 'len(more)'])}")
        self.add(indent + 1, f"return box.n % 100 + {self.number(0)}")
        self.add(indent, f"{self.target()} = {name}({self.number()}, *{self.listed()}[:2], z={self.number(0)}) % 100")

    def match(self, indent: int, deep: int) -> None:
        self.add(indent, f"match ({self.number()}, {self.listed()}):")
        self.add(indent + 1, f"case (0 | 1, _) if {self.test(0)}:")
        self.block(indent + 2, 0)
        self.add(indent + 1, "case (a, [b, *c]):")
        self.block(indent + 2, 0)
        self.add(indent + 1, "case _:")
        self.block(indent + 2, 0)


PRELUDE = '''
import contextlib

shared = 0


class Inner:
    __slots__ = ("n",)

    def __init__(self):
        self.n = 2


class Box:
    kind = 3

    def __init__(self):
        self.n, self.items, self.inner = 1, [1, 2], Inner()

    @property
    def doubled(self):
        return self.n * 2

    @doubled.setter
    def doubled(self, value):
        self.n = value // 2

    @property
    def slots(self):
        return [self.inner.n, self.n]

    def add(self, number, *, by=1):
        self.n = (self.n + number * by) % 100
        return self.n

    def __bool__(self):
        return self.n % 3 > 0

    def __enter__(self):
        self.inner.n += 1
        return self.inner.n

    def __exit__(self, kind, error, trace):
        self.inner.n -= 1
        return kind is IndexError


@contextlib.contextmanager
def managed(number):
    try:
        yield number
    except ZeroDivisionError:
        pass


def up(number):
    return number + 1


def count(number):
    for step in range(abs(number) % 4):
        yield step


def program():
    global shared
    shared, Box.kind = 0, 3
    a, b, c, log = 1, 2, 3, []
    items, menu, box = [3, 1, 2], {"x": 1}, Box()
'''


def module_of_statements(dice: random.Random) -> str:
    """The text of a module with a function `program`."""
    writer = Writer(dice)
    for _ in range(dice.randrange(3, 8)):
        writer.statement(1, 2)
    return PRELUDE + "\n".join(writer.lines) + "\n    return a, b, c, log, items, menu, vars_of(box), shared, Box.kind\n" + (
        "\n\ndef vars_of(box):\n    return box.n, box.items, box.inner.n, bool(box)\n"
    )

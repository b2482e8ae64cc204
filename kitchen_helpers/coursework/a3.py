"""The checks of assignment 3: a pass for dishes, the same with an end, and a menu board for readers and writers."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from ..interleavings import Exploration
from .exploring import Broken, Scenario, explored, together
from .questions import Question, Verdict

# -- a3.q1: Pass ------------------------------------------------------------------------------------------------------


def _comes_out(expected: list[object], got: list[object], by: str = "") -> None:
    """Exactly these dishes, in this order; each is known by itself, not by what it thinks it equals."""
    if len(expected) != len(got) or any(a is not b for a, b in zip(expected, got, strict=True)):
        raise Broken(f"{by or 'the pass'} must give {expected}, and gave {got}")


def _pass_alone(cls: Any) -> None:
    dishes = ["soup", "fish", "soup", 0, None, [], ""]
    hatch = cls(7)
    for dish in dishes:
        hatch.put(dish)
    _comes_out(dishes, [hatch.take() for _ in dishes])
    small, other = cls(1), cls(1)
    for number in (1, 2):
        small.put(number)
        other.put(-number)
        _comes_out([-number], [other.take()])
        _comes_out([number], [small.take()])


def _one_too_many(cls: Any, capacity: int) -> None:
    hatch = cls(capacity)

    def put_all() -> None:
        for number in range(capacity + 1):
            hatch.put(number)
        raise Broken(f"there is room for {capacity}, and put number {capacity + 1} came back with nothing taken")

    Thread(target=put_all, name="Ana", daemon=True).start()


def _nothing_there(cls: Any) -> None:
    hatch = cls(1)

    def take() -> None:
        raise Broken(f"nothing was put, and take returned {hatch.take()!r}")

    Thread(target=take, name="Ben", daemon=True).start()


def _one_to_one(cls: Any, capacity: int, dishes: int) -> None:
    hatch = cls(capacity)
    numbers: list[object] = list(range(1, dishes + 1))

    def put_all() -> None:
        for number in numbers:
            hatch.put(number)

    _, got = together(Ana=put_all, Ben=lambda: [hatch.take() for _ in numbers])
    _comes_out(numbers, got, "first in first out: the pass")


def _two_put(cls: Any) -> None:
    hatch = cls(3)

    def put_two() -> None:
        hatch.put("soup")
        hatch.put("fish")

    together(Ana=put_two, Ben=lambda: hatch.put("cake"))
    got = [hatch.take() for _ in range(3)]
    _all_of(["soup", "fish", "cake"], got)
    if got.index("soup") > got.index("fish"):
        raise Broken(f"first in first out: Ana put the soup before the fish, and they were taken as {got}")


def _all_of(expected: list[str], got: list[Any]) -> None:
    if any(type(dish) is not str for dish in got) or sorted(got) != sorted(expected):
        raise Broken(f"{sorted(expected)} were put, and {got} were taken: a dish is lost or doubled")


def _two_take(cls: Any, capacity: int) -> None:
    hatch = cls(capacity)

    def put_two() -> None:
        hatch.put("soup")
        hatch.put("fish")

    _all_of(["soup", "fish"], together(put_two, Ben=hatch.take, Cem=hatch.take))


def _two_for_one_place(cls: Any) -> None:
    hatch = cls(1)
    hatch.put("soup")
    back: list[str] = []

    def put(dish: str) -> None:
        hatch.put(dish)
        back.append(dish)
        if len(back) > 1:
            raise Broken("there is room for 1, one dish was taken, and two more puts came back")

    for name, dish in (("Ana", "fish"), ("Ben", "cake")):
        Thread(target=put, args=(dish,), name=name, daemon=True).start()
    _comes_out(["soup"], [hatch.take()])


def _two_wait_to_put(cls: Any) -> None:
    hatch = cls(2)
    hatch.put("soup")
    hatch.put("fish")

    def take_two() -> None:
        _comes_out(["soup", "fish"], [hatch.take(), hatch.take()], "first in first out: the pass")

    together(take_two, Ana=lambda: hatch.put("cake"), Ben=lambda: hatch.put("tea"))
    _all_of(["cake", "tea"], [hatch.take(), hatch.take()])


_RACE = "What has a thread seen before it acts, and is it still so when it acts?"
_STUCK = "somebody waits for ever"


def _buffer(cls: Any) -> list[Scenario]:
    """What every pass must do, closed at the end or not; the cheapest first."""
    wake = "Who waits for what, and who is woken by which of your lines?"
    return [
        Scenario(
            "One cook alone puts and takes",
            lambda: _pass_alone(cls),
            "Any object can be a dish. Which one comes out first?",
            "put or take waits although it need not",
        ),
        Scenario(
            "Ana puts one dish more than there is room for",
            lambda: _one_too_many(cls, 1),
            "What must put do when the pass is full, and when is it sure that it no longer is?",
        ),
        Scenario(
            "Ana puts one dish more than there is room for",
            lambda: _one_too_many(cls, 2),
            "How many dishes may be on the pass?",
        ),
        Scenario(
            "Ben takes from an empty pass",
            lambda: _nothing_there(cls),
            "What must take do when the pass is empty, and when is it sure that it no longer is?",
        ),
        Scenario("Ana puts two dishes, Ben takes two", lambda: _one_to_one(cls, 1, 2), wake, _STUCK),
        Scenario("Ana puts two dishes, Ben takes two", lambda: _one_to_one(cls, 2, 2), wake, _STUCK),
        Scenario("Ana puts two dishes and Ben one", lambda: _two_put(cls), _RACE, _STUCK),
        Scenario("Ana and Ben wait for one place", lambda: _two_for_one_place(cls), _RACE, _STUCK),
        Scenario("Two dishes are put, Ben and Cem take one each", lambda: _two_take(cls, 2), wake, _STUCK),
        Scenario("Ana and Ben wait for two places", lambda: _two_wait_to_put(cls), wake, _STUCK),
        Scenario("Two dishes are put, Ben and Cem take one each", lambda: _two_take(cls, 1), wake, _STUCK),
    ]


def check_pass(cls: Any) -> Verdict:
    """a3.q1"""
    return explored(_buffer(cls), "Nothing is lost, doubled or too much, and nobody waits for ever")


# -- a3.q2: the same with an end --------------------------------------------------------------------------------------


class _Closed:
    def __repr__(self) -> str:
        return "Closed"


_CLOSED = _Closed()
"""What a call is noted to have given when it raised Closed."""


def _or_closed(call: Callable[[], object], closed: Any) -> object:
    try:
        return call()
    except closed:
        return _CLOSED


def _is_closed(result: object, call: str) -> None:
    if result is not _CLOSED:
        raise Broken(f"{call} must raise Closed, and it returned {result!r}")


def _drains(hatch: Any, closed: Any, expected: list[object], when: str) -> None:
    """What is taken from a closed pass: these dishes, and then Closed."""
    got = []
    for _ in range(len(expected) + 2):
        result = _or_closed(hatch.take, closed)
        if result is _CLOSED:
            break
        got.append(result)
    if len(got) != len(expected) or any(a is not b for a, b in zip(expected, got, strict=True)):
        raise Broken(f"{when}, a closed pass must give {expected} and then raise Closed, and it gave {got}")
    _is_closed(_or_closed(hatch.take, closed), "take from a closed pass with nothing on it")


def _closed_alone(cls: Any, closed: Any) -> None:
    hatch, full, other = cls(3), cls(1), cls(1)
    for dish in ("soup", "fish"):
        hatch.put(dish)
    full.put("cake")
    hatch.close()
    hatch.close()
    full.close()
    _is_closed(_or_closed(lambda: hatch.put("tea"), closed), "put on a closed pass with room")
    _is_closed(_or_closed(lambda: full.put("tea"), closed), "put on a closed pass without room")
    _drains(hatch, closed, ["soup", "fish"], "with soup and fish on it")
    _drains(full, closed, ["cake"], "with cake on it")
    _is_closed(_or_closed(lambda: hatch.put("tea"), closed), "put on a closed pass with nothing on it")
    hatch.close()
    other.put("pie")
    _comes_out(["pie"], [other.take()], "a pass that is not closed")


def _two_wait_for_dishes(cls: Any, closed: Any) -> None:
    hatch = cls(1)
    got = together(hatch.close, Ana=lambda: _or_closed(hatch.take, closed), Ben=lambda: _or_closed(hatch.take, closed))
    for result in got:
        _is_closed(result, "take from an empty pass that is closed")


def _two_wait_for_room(cls: Any, closed: Any) -> None:
    hatch = cls(1)
    hatch.put("soup")
    got = together(
        hatch.close,
        Ana=lambda: _or_closed(lambda: hatch.put("fish"), closed),
        Ben=lambda: _or_closed(lambda: hatch.put("cake"), closed),
    )
    for result in got:
        _is_closed(result, "put on a full pass that is closed")
    _drains(hatch, closed, ["soup"], "after puts that raised Closed")


def _put_and_close(cls: Any, closed: Any) -> None:
    hatch = cls(1)
    (put,) = together(hatch.close, Ana=lambda: _or_closed(lambda: hatch.put("soup"), closed))
    if put is _CLOSED:
        _drains(hatch, closed, [], "after a put that raised Closed")
    else:
        _drains(hatch, closed, ["soup"], "after a put of soup that came back")


def _put_take_and_close(cls: Any, closed: Any) -> None:
    hatch = cls(1)
    hatch.put("soup")
    put, took = together(
        hatch.close,
        Ana=lambda: _or_closed(lambda: hatch.put("fish"), closed),
        Ben=lambda: _or_closed(hatch.take, closed),
    )
    if took != "soup":
        raise Broken(f"soup was on the pass before it was closed, and take gave {took!r}")
    if put is _CLOSED:
        _drains(hatch, closed, [], "after soup was taken and a put raised Closed")
    else:
        _drains(hatch, closed, ["fish"], "after soup was taken and a put of fish came back")


def _last_dish(cls: Any, closed: Any) -> None:
    hatch = cls(1)
    hatch.put("soup")
    got = together(hatch.close, Ben=lambda: _or_closed(hatch.take, closed), Cem=lambda: _or_closed(hatch.take, closed))
    if sorted(map(repr, got)) != ["'soup'", "Closed"]:
        raise Broken(f"one of Ben and Cem must get the soup and the other Closed: they got {got}")


def _two_close(cls: Any, closed: Any) -> None:
    hatch = cls(1)
    _, got = together(hatch.close, Ana=hatch.close, Ben=lambda: _or_closed(hatch.take, closed))
    _is_closed(got, "take from an empty pass that is closed")


def check_closing(cls: Any, closed: Any) -> Verdict:
    """a3.q2"""
    if not (isinstance(closed, type) and issubclass(closed, Exception)):
        return Verdict("wrong", "Closed must be a class of exceptions.", "How do you make an exception of your own?")
    wait = "Who may be waiting when the pass is closed, where, and what does each of them find when woken?"
    order = "What can happen between the look at the pass and the act, now that it can also be closed in between?"
    stuck = "the pass is closed, and somebody waits for ever"
    closing = [
        Scenario(
            "One cook alone closes the pass",
            lambda: _closed_alone(cls, closed),
            "Read again what a closed pass still gives, and what it no longer takes.",
            "close, put or take waits although it need not",
        ),
        Scenario("Ana puts while the pass is closed", lambda: _put_and_close(cls, closed), order, stuck),
        Scenario("The pass is closed twice at once while Ben takes", lambda: _two_close(cls, closed), wait, stuck),
        Scenario(
            "Ana and Ben wait for dishes, and the pass is closed",
            lambda: _two_wait_for_dishes(cls, closed),
            wait,
            stuck,
        ),
        Scenario(
            "Ana and Ben wait for room, and the pass is closed", lambda: _two_wait_for_room(cls, closed), wait, stuck
        ),
        Scenario(
            "Ana puts and Ben takes while the pass is closed", lambda: _put_take_and_close(cls, closed), order, stuck
        ),
        Scenario(
            "Ben and Cem take the last dish while the pass is closed", lambda: _last_dish(cls, closed), wait, stuck
        ),
    ]
    plain = _buffer(cls)
    return explored(
        [*plain[:5], *closing, plain[-1]],
        "Nothing is lost, and everybody who waits when the pass is closed is woken",
    )


# -- a3.q3: MenuBoard -------------------------------------------------------------------------------------------------


class _Guest:
    """Somebody at the board. Each notes for itself what it does there, so that readers are no steps for each other."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.reads = False
        self.writes = False


class _Room:
    """Who is at the board: notices when a writer is not alone."""

    def __init__(self, *names: str) -> None:
        self.guests = {name: _Guest(name) for name in names}
        self.broken: list[str] = []
        self.written = ""

    def reads(self, name: str, text: object = None) -> None:
        """What somebody does who is allowed to read; `text` is what the board has shown."""
        me = self.guests[name]
        me.reads = True
        for other in self.guests.values():
            if other.writes:
                self.breaks(f"{name} was reading while {other.name} was writing")
        if text is not None and (type(text) is not str or text != self.written):
            self.breaks(f"the board must show {self.written!r}, and {name} has read {text!r}")
        me.reads = False

    def writes(self, name: str, text: str | None = None) -> None:
        me = self.guests[name]
        me.writes = True
        if text is not None:
            self.written = text
        for other in self.guests.values():
            if other is not me and (other.reads or other.writes):
                self.breaks(f"{name} was writing while {other.name} was {'reading' if other.reads else 'writing'}")
        me.writes = False

    def breaks(self, rule: str) -> None:
        self.broken.append(rule)  # the answer may catch what is raised here
        raise Broken(rule)

    def closes(self) -> None:
        if self.broken:
            raise Broken(self.broken[0])


class _Spilt(Exception):
    """What happens to somebody at the board."""


def _reader(board: Any, room: _Room, name: str) -> Callable[[], None]:
    def read() -> None:
        with board.read() as text:
            room.reads(name, text)

    return read


def _plain_reader(board: Any, room: _Room, name: str) -> Callable[[], None]:
    def read() -> None:
        board.start_read()
        room.reads(name)
        board.end_read()

    return read


def _writer(board: Any, room: _Room, name: str) -> Callable[[], None]:
    def write() -> None:
        with board.write(f"by {name}"):
            room.writes(name, f"by {name}")

    return write


def _plain_writer(board: Any, room: _Room, name: str) -> Callable[[], None]:
    def write() -> None:
        board.start_write()
        room.writes(name)
        board.end_write()

    return write


def _shows(board: Any, text: str, when: str) -> None:
    with board.read() as shown:
        if type(shown) is not str or shown != text:
            raise Broken(f"the board must show {text!r} {when}, and it shows {shown!r}")


def _board_alone(cls: Any) -> None:
    board, other = cls(), cls()
    _shows(board, "", "at first")
    for _ in range(2):
        board.start_read()
        board.end_read()
        board.start_write()
        board.end_write()
    _shows(board, "", "when nothing was written")
    with board.write("soup"):
        _shows(other, "", "when something was written on another one")
    _shows(board, "soup", "after write('soup')")
    with board.write("fish"):
        pass
    _shows(board, "fish", "after write('soup') and write('fish')")


def _spilt(cls: Any) -> None:
    board = cls()
    for _ in range(2):
        for write in (False, True):
            try:
                with board.write("soup") if write else board.read():
                    raise _Spilt
            except _Spilt:
                pass
            else:
                raise Broken("an exception in the body must reach the caller")
        board.start_write()
        board.end_write()
    _shows(board, "soup", "after write('soup')")


def _two_readers(cls: Any) -> None:
    board, ana, ben = cls(), Event(), Event()

    def read_plainly() -> None:
        board.start_read()
        ana.set()
        ben.wait()
        board.end_read()

    def read() -> None:
        with board.read():
            ben.set()
            ana.wait()

    together(read_plainly, Ben=read)


def _reader_and_writer(cls: Any, read: Any, write: Any) -> None:
    board, room = cls(), _Room("Ana", "Ben")
    together(Ana=write(board, room, "Ana"), Ben=read(board, room, "Ben"))
    room.closes()


def _two_writers(cls: Any) -> None:
    board, room = cls(), _Room("Ana", "Ben")
    together(Ana=_writer(board, room, "Ana"), Ben=_plain_writer(board, room, "Ben"))
    room.closes()
    _shows(board, "by Ana", "after Ana has written")


def _readers_wait(cls: Any) -> None:
    board, room = cls(), _Room("main", "Ana", "Ben")
    board.start_write()

    def write() -> None:
        room.writes("main")
        board.end_write()

    together(write, Ana=_plain_reader(board, room, "Ana"), Ben=_plain_reader(board, room, "Ben"))
    room.closes()


def _writers_wait(cls: Any) -> None:
    board, room = cls(), _Room("main", "Ana", "Ben")
    board.start_read()

    def read() -> None:
        room.reads("main")
        board.end_read()

    together(read, Ana=_plain_writer(board, room, "Ana"), Ben=_plain_writer(board, room, "Ben"))
    room.closes()


def _both_wait(cls: Any) -> None:
    board, room = cls(), _Room("main", "Ana", "Ben")
    board.start_write()

    def write() -> None:
        room.writes("main")
        board.end_write()

    together(write, Ana=_plain_writer(board, room, "Ana"), Ben=_plain_reader(board, room, "Ben"))
    room.closes()


def _overtaken(cls: Any) -> None:
    """Wrong only where Ana was waiting when Cem came. No thread can see that; but see `_no_preemption`."""
    board, begun = cls(), Event()
    ana = _Guest("Ana")

    def write() -> None:
        begun.set()
        board.start_write()
        ana.writes = True
        board.end_write()

    def read() -> None:
        begun.wait()
        board.start_read()
        if not ana.writes:
            raise Broken("Ana was waiting to write, and Cem, who came later to read, was let in before her")
        board.end_read()

    board.start_read()
    together(lambda: (begun.wait(), board.end_read()), Ana=write, Cem=read)


def _no_preemption(exploration: Exploration) -> str | None:
    """Is there a schedule in which Cem overtakes Ana, and she was stopped by nothing but the board?

    Between the announcement of Ana and the board she would have to be preempted for Cem to be before her at the board; and
    the counterexample has the fewest preemptions that there are.
    """
    if exploration.failure is None:
        return ""
    found = exploration.counterexample
    if found is None or (found.preemptions and exploration.notes):
        return None
    return "" if found.preemptions else str(exploration.failure.exception)


def check_board(cls: Any) -> Verdict:
    """a3.q3"""
    rules = "Who may be at the board together with whom? What does each one have to wait for?"
    wake = "When somebody leaves, who may go on, and who tells them?"
    stuck = "somebody waits for the board for ever"
    return explored(
        [
            Scenario(
                "One cook alone uses the board",
                lambda: _board_alone(cls),
                "Try all six methods one after the other.",
                "somebody waits for a board that nobody uses",
            ),
            Scenario(
                "An exception in the body of with",
                lambda: _spilt(cls),
                "What is done when the body does not come to its end?",
                "the board is not free after an exception in the body",
            ),
            Scenario(
                "Two read at once",
                lambda: _two_readers(cls),
                "Do readers disturb each other?",
                "one reader waits for the other one to leave",
            ),
            Scenario("Ana writes, Ben reads", lambda: _reader_and_writer(cls, _reader, _writer), rules, stuck),
            Scenario(
                "Ana writes, Ben reads", lambda: _reader_and_writer(cls, _plain_reader, _plain_writer), rules, stuck
            ),
            Scenario("Ana and Ben write", lambda: _two_writers(cls), rules, stuck),
            Scenario("Two readers wait for a writer", lambda: _readers_wait(cls), wake, stuck),
            Scenario("Two writers wait for a reader", lambda: _writers_wait(cls), wake, stuck),
            Scenario("A writer and a reader wait for a writer", lambda: _both_wait(cls), wake, stuck),
            Scenario(
                "Ana waits to write, and Cem comes to read",
                lambda: _overtaken(cls),
                "What does a reader look at before going in? How can it know that a writer is waiting?",
                stuck,
                judge=_no_preemption,
            ),
        ],
        "Many read or one writes, and no writer is overtaken by later readers",
    )


QUESTIONS: tuple[Question, ...] = (
    Question("a3.q1", ("Pass",), 3.0, check_pass),
    Question("a3.q2", ("Pass", "Closed"), 3.0, check_closing),
    Question("a3.q3", ("MenuBoard",), 4.0, check_board),
)

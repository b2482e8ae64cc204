"""The check of a3.q3: a menu board for readers and writers."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

from ..interleavings import Exploration
from .exploring import explored
from .questions import RuleBroken, Verdict
from .scenarios import PASSED_ON, SHARED, Scenario, Undecided, alone, together

_TEXT = "When does the text change, and when is it read: who may be at the board then?"

class _Guest:
    """Somebody at the board. Each notes for itself what it does there, so that readers are no steps for each other."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_reading = False
        self.is_writing = False


class _Room:
    """Who is at the board: notices when a writer is not alone."""

    def __init__(self, *names: str) -> None:
        self.guests = {name: _Guest(name) for name in names}
        self.broken: list[RuleBroken] = []
        self.written = ""

    def reads(self, name: str, text: object = None) -> None:
        """What somebody does who is allowed to read; `text` is what the board has shown."""
        me = self.guests[name]
        me.is_reading = True
        for other in self.guests.values():
            if other.is_writing:
                self.breaks(f"{name} was reading while {other.name} was writing")
        if text is not None and (type(text) is not str or text != self.written):
            self.breaks(f"the board must show {self.written!r}, and {name} has read {text!r}", _TEXT)
        me.is_reading = False

    def writes(self, name: str, text: str | None = None) -> None:
        me = self.guests[name]
        me.is_writing = True
        if text is not None:
            self.written = text
        for other in self.guests.values():
            if other is not me and (other.is_reading or other.is_writing):
                self.breaks(f"{name} was writing while {other.name} was {'reading' if other.is_reading else 'writing'}")
        me.is_writing = False

    def breaks(self, rule: str, hint: str = "") -> None:
        self.broken.append(RuleBroken(rule, hint))  # the answer may catch what is raised here
        raise self.broken[-1]

    def closes(self) -> None:
        if self.broken:
            raise self.broken[0]


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


def _shows(board: Any, text: str, when: str, hint: str = "") -> None:
    with board.read() as shown:
        if type(shown) is not str or shown != text:
            raise RuleBroken(f"the board must show {text!r} {when}, and it shows {shown!r}", hint)


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
        _shows(other, "", "when something was written on another one", SHARED)
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
                raise RuleBroken("an exception in the body must reach the caller", PASSED_ON)
        board.start_write()
        board.end_write()
    _shows(board, "soup", "after write('soup') with an exception in its body", "When is the text set: on entering, or later?")


def _two_readers(cls: Any) -> None:
    board, ana_reads, ben_reads = cls(), Event(), Event()

    def read_plainly() -> None:
        board.start_read()
        ana_reads.set()
        ben_reads.wait()
        board.end_read()

    def read() -> None:
        with board.read():
            ben_reads.set()
            ana_reads.wait()

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


def _wait_for_dan(cls: Any, writes: bool, ana: Any, ben: Any) -> None:
    """Ana and Ben come while Dan is at the board."""
    board, room = cls(), _Room("Ana", "Ben", "Dan")
    start, act, end = (
        (board.start_write, room.writes, board.end_write) if writes else (board.start_read, room.reads, board.end_read)
    )
    start()
    together(lambda: (act("Dan"), end()), Ana=ana(board, room, "Ana"), Ben=ben(board, room, "Ben"))
    room.closes()


def _overtaken(cls: Any) -> None:
    """Ana comes while Dan reads. Wrong only where she was waiting when Cem came: no thread can see that; but see `_no_preemption`."""
    board, ana_comes = cls(), Event()
    ana = _Guest("Ana")

    def write() -> None:
        ana_comes.set()
        board.start_write()
        ana.is_writing = True
        board.end_write()

    def read() -> None:
        ana_comes.wait()
        board.start_read()
        if not ana.is_writing:
            raise RuleBroken("Ana was waiting to write, and Cem, who came later to read, was let in before her")
        board.end_read()

    board.start_read()
    together(lambda: (ana_comes.wait(), board.end_read()), Ana=write, Cem=read)


def _no_preemption(exploration: Exploration) -> RuleBroken | None:
    """Is there a schedule in which Cem overtakes Ana, and she was stopped by nothing but the board?

    Between the announcement of Ana and the board she would have to be preempted for Cem to be before her at the board; and
    the counterexample has the fewest preemptions that there are.
    """
    if exploration.failure is None:
        return None
    found, error = exploration.counterexample, exploration.failure.exception
    if found is None or (found.preemptions and exploration.notes):
        raise Undecided
    return error if isinstance(error, RuleBroken) and not found.preemptions else None


def check_board(cls: Any) -> Verdict:
    """a3.q3"""
    rules = "Who may be at the board together with whom? What does each one have to wait for?"
    wake = "When somebody leaves, who may go on, and who tells them?"
    stuck = "somebody waits for the board for ever"
    return explored(
        [
            alone(
                "One cook alone uses the board",
                lambda: _board_alone(cls),
                "Try all six methods one after the other.",
                "somebody waits for a board that nobody uses",
                "Who is still counted as being at the board, or as waiting for it, when everybody has left?",
            ),
            alone(
                "An exception in the body of with",
                lambda: _spilt(cls),
                "What is done when the body does not come to its end?",
                "the board is not free after an exception in the body",
                "What is done when the body does not come to its end?",
            ),
            Scenario(
                "Ana and Ben read at once",
                lambda: _two_readers(cls),
                rules,
                "one reader waits for the other one to leave",
                "What does the second reader wait for, and who has made it so?",
                here="Ana",
            ),
            Scenario("Ana writes, Ben reads", lambda: _reader_and_writer(cls, _reader, _writer), rules, stuck, wake),
            Scenario(
                "Ana writes, Ben reads", lambda: _reader_and_writer(cls, _plain_reader, _plain_writer), rules, stuck, wake
            ),
            Scenario("Ana and Ben write", lambda: _two_writers(cls), rules, stuck),
            Scenario(
                "Two readers wait for Dan, who writes",
                lambda: _wait_for_dan(cls, True, _plain_reader, _plain_reader),
                rules,
                stuck,
                wake,
                here="Dan",
            ),
            Scenario(
                "Two writers wait for Dan, who reads",
                lambda: _wait_for_dan(cls, False, _plain_writer, _plain_writer),
                rules,
                stuck,
                wake,
                here="Dan",
            ),
            Scenario(
                "A writer and a reader wait for Dan, who writes",
                lambda: _wait_for_dan(cls, True, _plain_writer, _plain_reader),
                rules,
                stuck,
                wake,
                here="Dan",
            ),
            Scenario(
                "Ana waits to write, and Cem comes to read",
                lambda: _overtaken(cls),
                "What does a reader look at before going in? How can it know that a writer is waiting?",
                stuck,
                wake,
                judge=_no_preemption,
                here="Dan",
            ),
        ],
        "Many read or one writes, and no writer is overtaken by later readers",
    )

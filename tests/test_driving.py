"""Programs in somebody's hands: one step at a time, forwards and back, with nothing kept open in between."""

from __future__ import annotations

import threading
import time
from collections import Counter
from queue import Queue
from threading import Condition

import pytest

import kitchen_helpers as kh
from kitchen_helpers.interleavings.driving import Drive
from tests.driven_programs import Tally, corridor, locked, lost_update, run_all


def polite():
    """Each gives way to the other: for ever, if both do it at the same time."""
    wants = {"Ana": False, "Ben": False}

    def walk(me, other):
        wants[me] = True
        while wants[other]:
            wants[me] = False
            wants[me] = True
        wants[me] = False

    run_all(Ana=lambda: walk("Ana", "Ben"), Ben=lambda: walk("Ben", "Ana"))


def hatch():
    line = Queue(1)
    run_all(Ana=lambda: [line.put(dish) for dish in ("soup", "tart")], Ben=lambda: [line.get() for _ in range(2)])


def forgotten():
    """The signal may come before anybody waits for it."""
    ready = Condition()

    def wait():
        with ready:
            ready.wait()

    def signal():
        with ready:
            ready.notify()

    run_all(Ana=wait, Ben=signal)


def hidden_until_late():
    """Only who finds the flag set touches the price: a failing schedule is found before that is known to be shared."""
    state, price = Tally(), Tally()

    def set_it():
        state.plates = 1
        price.add()

    def look():
        if state.plates:
            price.add()
            price.add()
        else:
            raise ValueError("too early")

    run_all(Ana=look, Ben=set_it)


def endless():
    number = 0
    while True:
        number += 1


def too_many():
    tally = Tally()
    run_all(**{f"cook{number}": lambda: [tally.add() for _ in range(4)] for number in range(5)})


@pytest.fixture(autouse=True)
def nothing_is_left():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def drive(program, path, **options):
    driven = Drive(program, **options)
    for name in path.split():
        driven.go(name)
    return driven


def moves(driven):
    return {move.thread: move for move in driven.position.moves}


@pytest.mark.parametrize(
    ("path", "fails"),
    [
        ("Ana Ana Ben Ben", False),
        ("Ana Ben Ana Ben", True),
        ("Ana Ben Ben Ana", True),
        ("Ben Ana Ana Ben", True),
        ("Ben Ana Ben Ana", True),
        ("Ben Ben Ana Ana", False),
    ],
)
def test_all_six_ways_of_the_lost_update(path, fails):
    position = drive(lost_update, path).position
    assert position.over
    assert position.moves == ()
    assert [step.thread for step in position.steps] == path.split()
    assert (position.failure is not None) is fails
    if fails:
        assert position.failure.kind == "exception"
        assert position.counterexample.steps == position.steps
        again = kh.replay(lost_update, position.schedule)
        assert again.outcomes == {"exception": 1}
    else:
        assert kh.replay(lost_update, position.schedule).outcomes == {"ok": 1}


def test_it_says_what_everybody_would_do():
    driven = drive(lost_update, "Ana")
    assert [step.action for step in driven.position.steps] == ["reads plates → 0"]
    assert {name: move.action for name, move in moves(driven).items()} == {
        "Ana": "writes plates",
        "Ben": "reads plates",
    }
    assert {move.source for move in driven.position.moves} == {"self.plates += 1"}
    assert all(move.possible for move in driven.position.moves)
    driven.go("Ana")
    assert moves(driven)["Ana"].done


def test_who_is_blocked_cannot_go_and_says_why():
    driven = drive(locked, "Ana")
    assert driven.position.holds == {"Ana": ("lock",)}
    assert moves(driven)["Ben"].blocked == "waits for lock, which Ana holds"
    before = driven.position
    with pytest.raises(ValueError, match="Ben waits for lock, which Ana holds"):
        driven.go("Ben")
    assert driven.position is before
    with pytest.raises(ValueError, match="there is no thread 'Eli' to go on; there is Ana, Ben"):
        driven.go("Eli")
    with pytest.raises(ValueError, match="in 1 ways"):
        driven.go("Ana", 1)


@pytest.mark.parametrize("program", [lost_update, locked, corridor, hatch, forgotten])
def test_all_ways_that_can_be_driven_are_those_that_explore_runs(program):
    ends = Counter()
    ways = [[]]
    while ways:
        driven = drive(program, " ".join(way := ways.pop()))
        ways += [[*way, move.thread] for move in driven.position.moves if move.possible]
        if driven.position.over:
            ends["ok" if driven.position.failure is None else driven.position.failure.kind] += 1
        else:
            assert any(move.possible for move in driven.position.moves)
    assert ends == kh.explore(program, reduce=False).outcomes


def test_taking_back_and_starting_again():
    driven = Drive(lost_update)
    stands = [driven.position]
    for name in ("Ana", "Ben", "Ben"):
        stands.append(driven.go(name))
    for stand in reversed(stands[:-1]):
        assert driven.take_back() == stand
    assert driven.take_back() == stands[0]
    drive_on = [driven.go("Ben"), driven.restart()]
    assert drive_on[1] == stands[0]


def test_a_deadlock_is_an_end():
    driven = drive(corridor, "Ana Ben")
    failure = driven.position.failure
    assert failure.kind == "deadlock"
    assert failure.cycle == ("Ana", "Ben")
    assert driven.take_back().failure is None
    for name in ("Ana", "Ben", "Ben"):
        driven.go(name)
    assert driven.position.over
    assert driven.position.failure is None


def test_a_livelock_is_an_end():
    driven = Drive(polite)
    for _ in range(40):
        possible = [move.thread for move in driven.position.moves if move.possible]
        if not possible:
            break
        last = driven.position.steps[-1].thread if driven.position.steps else "Ben"
        driven.go(next((name for name in possible if name != last), possible[0]))
    assert driven.position.failure.kind == "livelock"


def test_queues_block_at_both_ends():
    driven = Drive(hatch)
    assert moves(driven)["Ben"].blocked == "waits for line (empty)"
    driven.go("Ana")
    assert moves(driven)["Ana"].blocked == "waits for line (full)"
    assert driven.position.steps[-1].value == "['soup']"


def test_a_signal_that_nobody_hears():
    driven = Drive(forgotten)
    while not driven.position.over:
        names = [move.thread for move in driven.position.moves if move.possible]
        driven.go("Ben" if "Ben" in names else names[0])
    assert driven.position.failure.kind == "deadlock"
    assert "a notification of ready" in str(driven.position.failure.waits)


def test_what_turns_out_to_be_shared_begins_again():
    driven = Drive(hidden_until_late)
    notes = []
    for _ in range(12):
        possible = [move.thread for move in driven.position.moves if move.possible]
        if not possible:
            break
        driven.go("Ben" if "Ben" in possible and not driven.position.steps else possible[0])
        notes.append(driven.position.note)
    assert any("more turned out to be shared" in note.lower() for note in notes)
    assert driven.position.over
    assert driven.position.failure is None
    assert {step.object for step in driven.position.steps} >= {"price.plates"}


def test_the_shortest_way_is_what_explore_says():
    driven = drive(lost_update, "Ben Ana Ben")
    assert driven.shortest().counterexample.schedule == kh.explore(lost_update).counterexample.schedule
    assert len(driven.position.steps) == 3
    assert Drive(locked).shortest().holds


def test_a_program_that_does_not_end_is_given_up():
    position = Drive(endless).position
    assert position.over
    assert "a loop went round" in position.reason
    assert position.failure is None
    assert position.counterexample is None


def test_what_cannot_be_explored_in_time_can_be_driven():
    begun = time.perf_counter()
    driven = drive(too_many, "cook3 cook1 cook4", seconds=0.3)
    assert time.perf_counter() - begun < 20
    assert [step.thread for step in driven.position.steps] == ["cook3", "cook1", "cook4"]
    assert driven.shortest().verdict == "unfinished"


@pytest.mark.parametrize("wrong", [3, lambda needed: None])
def test_only_programs_can_be_driven(wrong):
    with pytest.raises(TypeError):
        Drive(wrong)


def test_the_code_is_as_before():
    codes = lost_update.__code__, Tally.add.__code__
    drive(lost_update, "Ana Ben")
    assert codes == (lost_update.__code__, Tally.add.__code__)
    lost_update()

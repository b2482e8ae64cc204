"""The text lanes: what they say is compared word for word, as notebooks compare it, too."""

from __future__ import annotations

import linecache
import re
from dataclasses import replace

import lane_examples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitchen_helpers.interleavings.lanes import text_lanes, text_report
from kitchen_helpers.interleavings.verdict import Failure, Wait
from kitchen_helpers.interleavings.wording import (
    blocked_after,
    clean,
    failing_step,
    rows,
    sentence,
    shorten,
    source_lines,
    told_apart,
    width,
)

LOST_UPDATE = """\
fails: AssertionError in main (line 14): one sale is lost
failing schedule: 4 steps, 1 preemption (a switch that nothing forced)

    Ana                Ben                till.value   line
 1  reads value → 0                       0            4
 ── switch ──
 2                     reads value → 0    0            4
 3                     writes value ← 1   1            4
 ── switch (Ben is done) ──
 4  writes value ← 1                      1            4
    Ben's update is lost

line 4 of your cell:  self.value += 1
repeat it: kh.replay(lunch_rush, "A1 B2 A1")"""

DEADLOCK = """\
fails: deadlock: Ana and Ben wait for each other
failing schedule: 4 steps, 1 preemption (a switch that nothing forced)

    Ana                         Ben                         line
 1 ║acquires a.lock                                         6
 ── switch ──
 2 ║                           ║acquires b.lock             6
 3 ║                           ║waits for a.lock            7
 ── switch (Ben waits for a.lock) ──
 4 ║waits for b.lock           ░                            7
   ░waits for ever for b.lock  ░waits for ever for a.lock   7
    ║ holds a lock   ░ is blocked

line 6 of your cell:  with source.lock:
line 7 of your cell:  with target.lock:
circle: Ana holds a.lock and waits for b.lock (line 7) →
        Ben holds b.lock and waits for a.lock (line 7) →
        Ana
also stuck: main (the program itself) waits for the end of Ana
repeat it: kh.replay(payday, "A1 B2 A1")"""


def test_a_lost_update_reads_as_a_table() -> None:
    assert text_lanes(lane_examples.lost_update()) == LOST_UPDATE
    assert str(lane_examples.lost_update()) == LOST_UPDATE


def test_a_deadlock_shows_who_holds_and_who_waits() -> None:
    assert text_lanes(lane_examples.transfer_deadlock()) == DEADLOCK


def test_a_report_of_a_failure_says_how_many_schedules_were_run() -> None:
    report = text_report(lane_examples.exploration("fails", reduced=False))
    assert "1 preemption (a switch that nothing forced);\n  6 schedules were run" in report
    assert report.endswith("\noutcomes: ok 2, exception 4")
    assert "outcomes" not in text_report(lane_examples.exploration("fails"))


@pytest.mark.parametrize(("more", "expected"), [
    ({}, "holds: 2 schedules stand for every interleaving of the visible steps;\n  none fails"),
    ({"schedules": 1}, "holds: 1 schedule stands for every interleaving of the visible steps;\n  none fails"),
    ({"schedules": 6, "reduced": False}, "holds: all 6 interleavings of the visible steps were run; none fails"),
    ({"schedules": 1, "reduced": False}, "holds: the only interleaving of the visible steps was run; it does not fail"),
])
def test_holds_is_said_with_its_scope(more: dict[str, object], expected: str) -> None:
    report = text_report(lane_examples.exploration("holds", **more))
    assert report == f"{expected}\nscope: sequentially consistent interleavings of visible steps"


def test_a_strict_exploration_says_so() -> None:
    report = text_report(lane_examples.exploration("holds", strict=True))
    assert report.endswith("\nstrict: wake-ups in any order, and spurious ones, are included")


def test_unfinished_is_never_taken_for_a_pass() -> None:
    report = text_report(lane_examples.exploration("unfinished"))
    assert report.startswith("unfinished: line 7 gives `self.stock` to numpy.sum")
    assert "this is no pass: 2 schedules were run" in report
    assert "holds" not in report


def test_remarks_are_told_and_wall_clock_time_is_not() -> None:
    assert text_report(lane_examples.exploration("fails", notes=("shrinking ran out of time",))).endswith(
        "\nnote: shrinking ran out of time")
    assert text_report(lane_examples.exploration(seconds=1.0)) == text_report(lane_examples.exploration(seconds=2.0))


def test_a_long_schedule_is_folded_but_its_switches_and_remarks_stay() -> None:
    text = text_lanes(lane_examples.long(5000))
    assert len(text.splitlines()) < 40
    assert text.count("── switch") == 2
    assert "… 2,491 more steps of Ana …" in text
    assert "… 2,499 more steps of Ana …" in text  # after the step that fails, only how many there are
    assert "Ben looks in the middle" in text


def test_many_switches_are_folded_with_their_number() -> None:
    text = text_lanes(lane_examples.polite_livelock(rounds=100))
    assert len(text.splitlines()) < 150
    assert "… 540 more steps of Ana and Ben, 539 switches …" in text
    assert "the .schedule of this counterexample" in text  # a replay string of a thousand letters is no help


def test_no_step_is_lost_by_folding() -> None:
    for example in (lane_examples.long(500), lane_examples.polite_livelock(100), lane_examples.lost_wakeup()):
        shown = [step for row in rows(example, 60) for step in row.steps]
        assert shown == list(example.steps)


def test_many_threads_stand_like_stairs_and_every_name_differs() -> None:
    lines = text_lanes(lane_examples.wide(12)).splitlines()
    assert re.findall(r"…(\d+)", lines[3]) == [str(i) for i in range(1, 13)]
    assert max(width(line) for line in lines) < 140


@pytest.mark.parametrize("name", sorted({*lane_examples.ALL} - {"wide", "hostile"}))
def test_all_fits_into_what_a_notebook_shows(name: str) -> None:
    lines = text_lanes(lane_examples.ALL[name]()).splitlines()
    assert max(map(width, lines)) <= 100


@pytest.mark.parametrize("name", ["lost_update", "transfer_deadlock", "ring", "worker_exception", "polite_livelock"])
def test_most_fits_into_a_narrow_window(name: str) -> None:
    assert max(map(width, text_lanes(lane_examples.ALL[name]()).splitlines())) <= 76


def test_three_lanes_too_wide_to_stand_side_by_side_overlap() -> None:
    s = lane_examples.Script()
    for name, switch in (("Ana", ""), ("Ben", "preempted"), ("Cem", "preempted")):
        s.does(name, "acquire", "permits_of_the_bakery", 5, "with permits:", switch=switch)
        s.add(name, "call", "ovens_that_are_free.popleft() → 1", "ovens_that_are_free", "[0]", 2, "pop")
        s.add(name, "call", "tally", "tally", "1", 3, "tally += 1", note=f"{name} is late")
    lines = text_lanes(replace(lane_examples.lost_update(), steps=tuple(s.steps))).splitlines()
    assert max(map(width, lines)) <= 100
    names, first, _, _, note = lines[3:8]
    places = [names.index(name) for name in ("Ana", "Ben", "Cem")]
    assert places[1] - places[0] == places[2] - places[1] < len("ovens_that_are_free.popleft() → 1")
    assert names.split()[-2:] == ["value", "line"] and first.endswith(" 5") and note.strip() == "Ana is late"


def test_a_note_that_would_make_its_line_too_long_stands_below_its_step() -> None:
    note = "an update that stood here is lost, and so is the money"
    found = lane_examples.lost_update()
    found = replace(found, steps=(*found.steps[:2], replace(found.steps[2], note=note), found.steps[3]))
    lines = text_lanes(found).splitlines()
    step, below = lines[7:9]
    assert step.endswith("writes value ← 1   1            4") and below.strip() == note
    assert 4 < below.index("an") < step.index("writes") and width(below) == 76
    short = replace(found, steps=(*found.steps[:2], replace(found.steps[2], note="lost"), found.steps[3]))
    assert text_lanes(short).splitlines()[7].endswith("writes value ← 1   1            4      lost")


def test_a_livelock_says_where_it_goes_round() -> None:
    assert "the end repeats what began with step 1" in text_lanes(lane_examples.polite_livelock())
    assert "repeats" not in text_lanes(lane_examples.polite_livelock(rounds=1))


def test_objects_have_a_column_each_only_while_there_is_room() -> None:
    assert "items = ['soup', 'rice']" in text_lanes(lane_examples.lost_wakeup())
    first, *others = lane_examples.lost_update().steps
    two = replace(lane_examples.lost_update(), steps=(replace(first, object="x"), *others))
    assert "x   till.value" in text_lanes(two)


def test_no_path_address_or_control_character_is_printed() -> None:
    for make in lane_examples.ALL.values():
        text = text_lanes(make())
        assert "/tmp" not in text and "ipykernel" not in text and "/home" not in text and "0x7f" not in text
        assert all(character == "\n" or character.isprintable() or character == "\u200d" for character in text)
        text.encode()


@pytest.mark.parametrize(("failure", "expected"), [
    (Failure("exception", "", "main", 4, exception=AssertionError()), "AssertionError in main (line 4)"),
    (Failure("exception", "", "Ana", 4, exception=AssertionError()), "AssertionError in Ana (line 4): self.value += 1"),
    (Failure("exception", "AssertionError in main: lost", "main", exception=AssertionError()), "AssertionError in main: lost"),
    (Failure("exception", "KeyError: 'eggs'", "Ana"), "KeyError in Ana: 'eggs'"),
    (Failure("exception", "assert 1 == 2\n +  where 1 = f()", "Ana", exception=AssertionError()),
     "AssertionError in Ana: assert 1 == 2"),
    (Failure("deadlock", ""), "deadlock: every thread that is left waits for ever"),
    (Failure("deadlock", "Deadlock of two"), "Deadlock of two"),
    (Failure("livelock", "for ever"), "livelock: for ever"),
])
def test_the_verdict_is_one_sentence(failure: Failure, expected: str) -> None:
    assert sentence(replace(lane_examples.lost_update(), failure=failure)) == expected


def test_waits_without_a_circle_say_why_nobody_helps() -> None:
    waits = (Wait("Ana", "queue (empty)", (), 3, "queue.get()"), Wait("Ben", "lock", ("Cleo",), 5, "with lock:", ("key",)))
    text = text_lanes(replace(lane_examples.lost_update(), failure=Failure("deadlock", "", waits=waits)))
    assert "stuck: Ana waits for queue (empty, line 3), and nobody is left to end that" in text
    assert "stuck: Ben holds key and waits for lock (line 5), which Cleo holds" in text


def test_where_no_step_says_who_failed_it_stands_behind_the_last_step_of_that_thread() -> None:
    found = lane_examples.worker_exception()
    assert "✗" not in text_lanes(found)
    lines = text_lanes(replace(found, steps=found.steps[:3])).splitlines()
    step, below = lines[4:6]
    assert step.startswith(" 1  reads stock['eggs'] → 1") and below.strip() == "✗ then KeyError (line 4)"
    lines = text_lanes(replace(found, steps=found.steps[1:3])).splitlines()  # Ana has no step
    assert next(line for line in lines if "✗" in line).split() == ["✗", "KeyError", "4"]


def test_a_step_that_fails_before_others_go_on_is_the_failing_one() -> None:
    found = lane_examples.worker_exception()
    steps = tuple(replace(step, number=i + 1) for i, step in enumerate((*found.steps[:2], found.steps[3], found.steps[2])))
    failing = failing_step(replace(found, steps=steps))
    assert failing is not None and failing.number == 3


def test_only_who_had_to_stop_is_called_blocked() -> None:
    """Who was only interrupted is not, though it could not go on just then, unless it never does again."""
    found = lane_examples.transfer_deadlock()
    found = replace(found, steps=tuple(replace(step, blocked=("Ana", "Ben")) for step in found.steps[:2]))
    assert blocked_after(found) == [{"Ana"}, {"Ana", "Ben"}]
    assert blocked_after(replace(found, failure=Failure("exception", ""))) == [set(), set()]
    had_to = tuple(replace(step, switch="blocked" if step.number == 2 else "") for step in found.steps)
    assert blocked_after(replace(found, steps=had_to, failure=Failure("exception", ""))) == [{"Ana"}, {"Ana"}]


def test_a_wait_in_no_line_of_the_program_names_none() -> None:
    found = lane_examples.transfer_deadlock()
    first, *others = found.failure.waits
    parted = replace(found, failure=replace(found.failure, waits=(replace(first, line=0, source=""), *others)))
    assert "Ana holds a.lock and waits for b.lock →" in text_lanes(parted) and "line 0" not in text_lanes(parted)


def test_the_line_of_a_wait_is_one_of_its_own_file() -> None:
    found = lane_examples.transfer_deadlock()
    elsewhere = [replace(wait, file="/somewhere/locks.py", line=3, source="self.lock.acquire()") for wait in found.failure.waits]
    text = text_lanes(replace(found, failure=replace(found.failure, waits=tuple(elsewhere))))
    assert re.search(r"line 3 of locks.py: +self.lock.acquire\(\)", text) and "line 3 of your cell" not in text


def test_the_line_of_who_waits_before_any_step_is_listed_too() -> None:
    found = lane_examples.transfer_deadlock()
    eve = Wait("Eve", "a.lock", ("Ana",), 99, "with door:", file=found.steps[0].file)
    waits = (*found.failure.waits, eve)
    text = text_lanes(replace(found, threads=(*found.threads, "Eve"), failure=replace(found.failure, waits=waits)))
    assert re.search(r"^line 99 of your cell: +with door:$", text, re.MULTILINE)


def test_lanes_of_a_program_without_a_name_do_not_say_how_to_repeat_them() -> None:
    found = lane_examples.transfer_deadlock()
    assert "repeat it" in text_lanes(found) and "repeat it" not in text_lanes(replace(found, program=""))


def test_whoever_runs_round_in_a_livelock_is_not_said_to_wait() -> None:
    found = lane_examples.polite_livelock()
    waits = (Wait("Ana", "pepper", ("Ben",), 3, "pepper.acquire()"),)
    assert "waits" not in text_lanes(replace(found, failure=replace(found.failure, waits=waits)))


def test_a_thread_that_waits_for_itself_is_a_circle_of_one() -> None:
    waits = (Wait("Ana", "lock", ("Ana",), 3, "with lock:", ("lock",)),)
    text = text_lanes(replace(lane_examples.lost_update(), failure=Failure("deadlock", "", waits=waits, cycle=("Ana",))))
    assert "circle: Ana holds lock and waits for lock (line 3) → Ana" in text


def test_a_thread_that_failed_is_not_called_done() -> None:
    assert "switch (Ben has failed)" in text_lanes(lane_examples.long())


@pytest.mark.parametrize(("program", "call"), [
    ("lunch_rush", "kh.replay(lunch_rush, "), ("test_dinner.<locals>.dinner", "kh.replay(dinner, "),
    ("Kitchen.open", "kh.replay(Kitchen.open, "), ("<lambda>", "kh.replay(program, "),
])
def test_the_replay_line_can_be_copied(program: str, call: str) -> None:
    assert f'{call}"A1 B2 A1")' in text_lanes(replace(lane_examples.lost_update(), program=program))


@pytest.mark.parametrize(("text", "columns"), [
    ("abc", 3), ("日本", 4), ("e\u0301", 1), ("👩\u200d🍳", 2), ("→", 1), ("", 0),
])
def test_the_width_is_that_of_a_terminal(text: str, columns: int) -> None:
    assert width(text) == columns


@given(st.text(), st.integers(1, 20))
def test_a_shortened_text_fits_and_is_printable(text: str, columns: int) -> None:
    short = shorten(text, columns)
    assert width(short) <= columns
    short.encode()
    assert clean(short) == short


def test_names_are_told_apart_when_they_are_cut() -> None:
    names = [f"a very long name of a cook, number {i}" for i in range(12)] + ["Ana"]
    short = told_apart(names, lambda name: shorten(name, 8))
    assert short == [*(f"…{i}" for i in range(12)), "Ana"]
    same_end = told_apart([f"{i} of the cooks of the evening" * 2 for i in "ab"], lambda name: shorten(name, 4))
    assert len(set(same_end)) == 2


@pytest.mark.parametrize("seed", range(60))
def test_anything_can_be_told(seed: int) -> None:
    found = lane_examples.random_counterexample(seed)
    text = text_lanes(found)
    assert text == text_lanes(lane_examples.random_counterexample(seed))
    assert text.startswith("fails: ") and ("\nrepeat it: " in text) == bool(found.program)
    text.encode()


def test_lines_of_several_cells_are_told_apart_by_their_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cell counts its lines from 1, so that "line 3 of your cell" would be two."""
    cells = {
        "/tmp/ipykernel_7/1.py": "class Till:\n    def sell(self):\n        self.value += 1\n",
        "/tmp/ipykernel_7/2.py": "def rush():\n    def cook():\n        till.sell()\n    both(cook)\n",
        "/tmp/ipykernel_7/3.py": "%time\nrush()\n",
    }
    monkeypatch.setattr(linecache, "getlines", lambda file: cells[file].splitlines(keepends=True))
    first, second, *_ = lane_examples.lost_update().steps
    steps = [
        replace(first, file=file, line=line, source=f"step {line}")
        for file, line in zip([*cells, "/tmp/ipykernel_7/2.py", "/orders/stock.py"], (3, 3, 2, 4, 5), strict=True)
    ]
    found = replace(lane_examples.lost_update(), failure=Failure("deadlock", ""))
    assert source_lines(replace(found, steps=tuple(steps))) == [
        ("line 3 (in Till.sell)", "step 3"),
        ("line 3 (in cook)", "step 3"),
        ("line 4 (in rush)", "step 4"),
        ("line 2 of your cell", "step 2"),
        ("line 5 of stock.py", "step 5"),
    ]
    assert source_lines(replace(found, steps=(steps[0],))) == [("line 3 of your cell", "step 3")]

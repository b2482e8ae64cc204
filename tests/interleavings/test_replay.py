"""A replay is a run like any other: its prints are real, and a debugger stops in it, thread by thread as the schedule says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import kitchen_helpers as kh

STOPPING = """
import threading

import kitchen_helpers as kh


class Till:
    plates = 0


def rush():
    till = Till()

    def wash():
        seen = till.plates
        breakpoint()
        print(threading.current_thread().name, "puts", seen + 1)
        till.plates = seen + 1

    cooks = [threading.Thread(target=wash, name=name) for name in ("Ana", "Ben")]
    for cook in cooks:
        cook.start()
    for cook in cooks:
        cook.join()
    assert till.plates == 2


if __name__ == "__main__":
    found = kh.explore(rush)
    print("explored:", found.verdict, found.schedules > 1)
    again = kh.replay(rush, found.counterexample.schedule)
    print("replayed:", again.verdict, again.counterexample == found.counterexample)
"""


def test_a_debugger_stops_in_each_thread_when_the_schedule_comes_to_it(tmp_path: Path) -> None:
    script = tmp_path / "washing_up.py"
    script.write_text(STOPPING, encoding="utf-8")
    keys = ["p 'stopped', seen, till.plates", "p threading.current_thread().name", "c"]
    paths = os.pathsep.join(filter(None, [str(Path(kh.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, str(script)],
        input="\n".join(keys * 2) + "\n",
        env={name: value for name, value in os.environ.items() if name != "PYTHONBREAKPOINT"} | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    told = [line.removeprefix("(Pdb) ") for line in done.stdout.splitlines()]
    told = [line for line in told if line.startswith(("explored", "('stopped'", "'", "Ana", "Ben", "replayed"))]
    assert told[0] == "explored: fails True"  # several schedules, and it stopped in none of them
    # Both have read 0 before either writes, and the debugger knows in whose thread it is.
    assert told[1:7] == ["('stopped', 0, 0)", "'Ana'", "Ana puts 1", "('stopped', 0, 0)", "'Ben'", "Ben puts 1"]
    assert told[7:] == ["replayed: fails True"]


def test_prints_are_real_in_a_replay_alone_and_in_the_order_of_the_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    import threading

    def rush() -> None:
        rail: list[str] = []

        def cook(dish: str) -> None:
            print(threading.current_thread().name, "sees", rail)
            rail.append(dish)
            print(threading.current_thread().name, "leaves", rail)

        cooks = [threading.Thread(target=cook, args=(dish,), name=name) for name, dish in (("Ana", "soup"), ("Ben", "fish"))]
        for each in cooks:
            each.start()
        for each in cooks:
            each.join()
        assert rail == ["soup", "fish"]

    found = kh.explore(rush)
    assert found.counterexample is not None and capsys.readouterr().out == ""
    again = kh.replay(rush, found.counterexample.schedule)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 4 and printed[-1].endswith("leaves ['fish', 'soup']")
    assert again.counterexample == found.counterexample

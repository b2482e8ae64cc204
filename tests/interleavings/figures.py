"""The figures of every program of the table: the same on every Python, in a script, under pytest and in a notebook.

    python -m tests.interleavings.figures --write    # after a change of the search (on the newest Python, which can run
                                                     # them all): look at the difference, and commit it
    python -m tests.interleavings.figures            # tells which figures are others here
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import kitchen_helpers as kh

from .programs import Case, load_all

FILE = Path(__file__).with_name("figures.tsv")
DIFFER = {
    "corner_calls.cached_property_computed_by_two",
    "corner_calls.cached_property_computed_under_a_lock",
    "foreign.cmp_to_key",
    "foreign.trace_function_that_sells",
}
"""Python itself does not do the same in all its versions: until 3.11 a cached_property had a lock, since 3.13 a sort
compares less often, and a profiler sees what is called by whom."""

Figures = tuple[str, str, str]
"""The verdict or the kind of failure, how many schedules were run, and the schedule that fails ("" if none does)."""


def figures(exploration: kh.Exploration) -> Figures:
    found, example = exploration.failure, exploration.counterexample
    return (
        found.kind if found is not None else exploration.verdict,
        str(exploration.schedules),
        example.schedule if example is not None else "",
    )


def judged(cases: Iterable[Case]) -> Iterator[Case]:
    """The programs whose figures depend neither on the time that is left nor on the version."""
    for case in cases:
        if case.runs_here and case.seconds >= 30 and case.name not in DIFFER:
            yield case


def known() -> dict[str, Figures]:
    if not FILE.exists():
        return {}
    rows = [line.split("\t") for line in FILE.read_text().splitlines()]
    return {name: (verdict, schedules, schedule) for name, verdict, schedules, schedule in rows}


def differences(most: int) -> Iterator[str]:
    """Of the programs that need at most so many schedules: whose figures are not those of the table?"""
    table = known()
    for case in judged(load_all().values()):
        expected = table.get(case.name)
        if expected is None or int(expected[1]) <= most:
            found = figures(kh.explore(case.program, seconds=case.seconds))
            if found != expected:
                yield f"{case.name}: {found}, not {expected}"


def main() -> None:
    if "--write" in sys.argv:
        rows = [
            (case.name, *figures(kh.explore(case.program, seconds=case.seconds))) for case in judged(load_all().values())
        ]
        FILE.write_text("".join("\t".join(row) + "\n" for row in sorted(rows)))
    else:
        most = next((int(argument) for argument in sys.argv[1:] if argument.isdigit()), 10**9)
        print(*differences(most), sep="\n")


if __name__ == "__main__":
    main()

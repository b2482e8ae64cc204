"""The reduced search against all schedules, and both against real bytecode, on generated programs.

INTERLEAVINGS_PROGRAMS says how many programs (default 400, to keep the tests short; 2,000 take some minutes),
INTERLEAVINGS_SEED which ones.
"""

from __future__ import annotations

import os
import random
import re
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

import kitchen_helpers as kh

from . import second_opinion
from .generated import forget, load, sources

PROGRAMS = int(os.environ.get("INTERLEAVINGS_PROGRAMS", "400"))
FIRST = int(os.environ.get("INTERLEAVINGS_SEED", "0"))
PARTS = 16


def _drawn(part: int, programs: int, bound: int) -> Any:
    """`programs` generated sources, always the same ones for a part; a failing one is made smaller."""

    def decorate(test: Any) -> Any:
        chosen = settings(
            max_examples=max(1, programs),
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
            print_blob=False,
        )
        return seed(FIRST + part)(chosen(given(sources(bound))(test)))

    return decorate


def _same(source: str, strict: bool = False) -> None:
    program = load(source)
    try:
        everything = kh.explore(program, reduce=False, strict=strict, seconds=120)
        reduced = kh.explore(program, _all=True, strict=strict, seconds=120)
        first = kh.explore(program, strict=strict, seconds=120)
    finally:
        forget(program)
    told = f"\n{source}\nall: {everything}\nreduced: {reduced}"
    assert everything.verdict != "unfinished", told
    assert reduced.verdict == first.verdict == everything.verdict, told
    assert set(reduced.outcomes) == set(everything.outcomes), told
    assert set(reduced.final_states) == set(everything.final_states), told
    assert reduced.schedules <= everything.schedules, told
    if first.verdict == "fails":
        assert first.failure.kind in everything.outcomes, told
        assert first.counterexample.preemptions == everything.counterexample.preemptions, told
        assert len(first.counterexample) == len(everything.counterexample), told


@pytest.mark.parametrize("part", range(PARTS))
def test_reduced_search_finds_what_all_schedules_show(part: int) -> None:
    @_drawn(part, PROGRAMS // PARTS, 300 if part % 4 else 2000)
    def compare(source: str) -> None:
        _same(source)

    compare()


@pytest.mark.parametrize("part", range(PARTS // 4))
def test_reduced_search_finds_what_all_schedules_show_strictly(part: int) -> None:
    @_drawn(100 + part, PROGRAMS // PARTS // 2, 100)
    def compare(source: str) -> None:
        _same(source, strict=True)

    compare()


def _plain(final: str) -> str:
    """A final state without the words around an exception."""
    found = re.match(r"exception: (\w+)", final)
    return f"exception: {found[1]}" if found else final


@pytest.mark.skipif(sys.version_info[:2] == (3, 12), reason="CPython 3.12.1 crashes when threads trace their opcodes")
@pytest.mark.parametrize("part", range(PARTS // 4))
def test_no_real_run_ends_in_a_way_that_was_not_foreseen(part: int) -> None:
    """Neither search can see a step that the rewriting has missed; the bytecode can."""
    dice = random.Random(FIRST + part)

    @_drawn(200 + part, PROGRAMS // PARTS // 2, 300)
    def compare(source: str) -> None:
        program = load(source)
        try:
            foreseen = {_plain(final) for final in kh.explore(program, _all=True, seconds=120).final_states}
        finally:
            forget(program)
        real = second_opinion.Program(source, "<generated, for real>", "program")
        for number in range(12):
            rate = (0.5, 0.2, 0.05)[number % 3]

            def choose(count: int, mine: bool, rate: float = rate) -> int:
                if mine:
                    return 0 if dice.random() > rate else dice.randrange(1, count)
                return dice.randrange(count)

            final = real.run(choose).final
            assert final in foreseen, f"{final} was not foreseen, only {sorted(foreseen)}\n{source}"

    compare()

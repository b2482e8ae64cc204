"""For pytest: when `assert kh.explore(program).holds` fails, the message shows the failing schedule."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .interleavings.verdict import Exploration

_MOST = 3  # explorations shown per failing test


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds what the explorations in the failing frame found, as notes of the AssertionError, before it is reported."""
    if call.excinfo is not None and isinstance(call.excinfo.value, AssertionError):
        try:
            _annotate(call.excinfo.value, call.excinfo.tb)
        except Exception:  # a test run is never broken by what is only an addition to its message
            pass
    return (yield)


def _annotate(error: AssertionError, traceback: TracebackType) -> None:
    verdicts = sys.modules.get(f"{__package__}.interleavings.verdict")
    if verdicts is None:  # nobody has explored anything
        return
    told = set(getattr(error, "__notes__", ()))
    for frame in _frames(traceback):
        found = _explorations(frame, verdicts.Exploration)
        if found:
            for exploration in found[:_MOST]:
                text = str(exploration)
                if text not in told:
                    told.add(text)
                    error.add_note(text)
            return


def _frames(traceback: TracebackType) -> Iterator[FrameType]:
    """The failing frame first, then those that called it: a test may assert in a helper, or through unittest."""
    frames = []
    here: TracebackType | None = traceback
    while here is not None:
        frames.append(here.tb_frame)
        here = here.tb_next
    yield from reversed(frames)


def _explorations(frame: FrameType, kind: type[Exploration]) -> list[Exploration]:
    """Those that do not hold. What the failing `assert` itself computed goes before the other local variables."""
    values = {name: value for name, value in frame.f_locals.items() if type(value) is kind}
    asserted = [value for name, value in values.items() if name.startswith("@py_assert")]
    failed = [value for value in asserted or values.values() if not value.holds]
    return list({id(value): value for value in failed or asserted}.values())  # `assert not …`: the one that does hold

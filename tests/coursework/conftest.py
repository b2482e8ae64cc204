"""What the grader's tests need of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import psutil
import pytest

from kitchen_helpers.coursework.sandbox import NoSandbox, probe

from .classroom import still_there


@cache
def _why_no_sandbox() -> str:
    try:
        probe()
    except NoSandbox as reason:
        return str(reason)
    return ""


@pytest.fixture
def sandbox() -> None:
    """For tests that run code which must not be run without one."""
    if _why_no_sandbox():
        pytest.skip(f"no sandbox here: {_why_no_sandbox()}")


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """When the test is over, every process that it started has ended."""
    before = set(psutil.Process().children(recursive=True))
    yield
    assert still_there(set(psutil.Process().children(recursive=True)) - before) == []

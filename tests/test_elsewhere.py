"""`run_under`: another Python does the same work, is lent what it needs, and is gone afterwards."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import psutil
import pytest

import kitchen_helpers as kh
from kitchen_helpers import workloads

SPICES = {"salt": 1, "pepper": 2}


def seasoned(item: int) -> int:
    return item + SPICES["salt"] + halved(item)


def halved(item: int) -> int:
    return item // 2


def fails_at_two(item: int) -> int:
    if item == 2 and "run-under-" in str(sys.argv):
        raise ValueError("no soup today")
    return item


def another_result(item: int) -> str:
    return f"{item} {os.getpid()}"


def endless(item: int) -> int:
    while "run-under-" in str(sys.argv):
        time.sleep(0.01)
    return item


def ends_the_process(item: int) -> int:
    if "run-under-" in str(sys.argv):
        os._exit(3)
    return item


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This Python again, but without any package."""
    folder = tmp_path_factory.mktemp("bare")
    import venv

    venv.create(folder, with_pip=False)
    [python] = [*folder.glob("bin/python"), *folder.glob("Scripts/python.exe")]
    return python


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    yield
    deadline = time.monotonic() + 30
    while [p for p in psutil.Process().children(recursive=True) if "run-under-" in str(p.cmdline())]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("run-under-")]


def test_a_python_without_packages_does_the_same(bare: Path) -> None:
    both = kh.run_under(bare, seasoned, range(5), engines=["threads", "processes"], workers=2, repeats=2)
    assert both.here.results == both.there.results == [1, 2, 4, 5, 7]
    assert both.there.engines == ("sequential", "threads", "processes")
    assert both.there.machine.python == both.here.machine.python
    assert both.sequential_ratio > 0
    assert str(both).count("\nsequential ") == 2 and both._repr_html_().count("<table>") == 2


def test_async_tasks_and_equal_come_along(bare: Path) -> None:
    both = kh.run_under(
        bare, workloads.waiting, [0.001, 0.002], async_task=workloads.async_waiting, equal=nearly, engines=["async"], repeats=1
    )
    assert both.there.engines == ("sequential", "async")


def nearly(one: float, other: float) -> bool:
    return abs(one - other) < 1e-6


def test_both_are_drawn_on_one_scale(bare: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    above, below = kh.run_under(bare, seasoned, range(3), engines=["threads"], repeats=2).plot()
    assert above.get_xlim() == below.get_xlim()
    version = sys.version.split()[0]
    assert all(f"Python {version}" in ax.get_title(loc="left") for ax in (above, below))


def test_what_goes_wrong_there_is_raised_here(bare: Path) -> None:
    with pytest.raises(kh.TaskFailed, match="item 2 .2. raised ValueError: no soup today") as caught:
        kh.run_under(bare, fails_at_two, range(4), engines=["threads"], repeats=1)
    assert f"under {bare}" in "".join(caught.value.__notes__)
    with pytest.raises(kh.ResultsDiffer, match="engine 'under Python"):
        kh.run_under(bare, another_result, range(4), engines=["sequential"], repeats=1)


def test_a_python_that_does_not_come_back(bare: Path) -> None:
    with pytest.raises(TimeoutError, match="was not done after 3 s"):
        kh.run_under(bare, endless, [1], engines=["processes"], repeats=1, warmup=0, seconds=3)
    with pytest.raises(RuntimeError, match="ended with exit code 3 and no answer"):
        kh.run_under(bare, ends_the_process, [1], engines=["sequential"], repeats=1)


def test_what_is_no_python_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no Python 'python9'"):
        kh.run_under("python9", seasoned, [1])
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\necho 3 8\n")
    old.chmod(0o755)
    if os.name == "posix":
        with pytest.raises(ValueError, match=r"is Python 3\.8: 3\.11 or newer is needed"):
            kh.run_under(old, seasoned, [1])
        with pytest.raises(ValueError, match="does not answer as a Python"):
            kh.run_under(shutil.which("ls") or "ls", seasoned, [1])


def test_what_cannot_be_sent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = 3

    def closure(item: int) -> int:
        return item + inner

    with pytest.raises(ValueError, match="closure uses inner of the function round it"):
        kh.run_under(sys.executable, closure, [1])
    with pytest.raises(ValueError, match="give it a name, with def"):
        kh.run_under(sys.executable, lambda item: item, [1])
    monkeypatch.setitem(globals(), "SPICES", object())
    with pytest.raises(ValueError, match="seasoned uses SPICES, .* which cannot be sent to another Python"):
        kh.run_under(sys.executable, seasoned, [1])
    monkeypatch.setitem(globals(), "SPICES", type("Spices", (), {"__module__": "__main__"}))  # as if a cell had made it
    with pytest.raises(ValueError, match="the source of SPICES cannot be had: .*; put the class into a file"):
        kh.run_under(sys.executable, seasoned, [1])
    with pytest.raises(ValueError, match="items and options must be plain data"):
        kh.run_under(sys.executable, halved, [lambda: 1])

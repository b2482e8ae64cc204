"""What conftest.py adds to nbval: hangs that show their stacks, leftovers and silent pictures that fail, each on a notebook of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import nbval.plugin
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from nbformat.v4 import new_code_cell, new_notebook
from nbval.kernel import CURRENT_ENV_KERNEL_NAME

from tests.marked_processes import marked

ROOT = Path(__file__).parents[1]

QUICK = {
    "clean": [
        "import asyncio, loky, multiprocessing, operator, tempfile, threading",
        "with tempfile.TemporaryDirectory() as folder: open(folder + '/dish', 'w').close()",
        "threading.Thread(target=print).start()\nawait asyncio.to_thread(print)",
        "with loky.ProcessPoolExecutor(1) as pool: print(list(pool.map(lambda dish: dish + 1, [1])))",
        "with multiprocessing.get_context('spawn').Pool(1) as pool: print(pool.map(operator.neg, [1]))",
        "multiprocessing.get_context('forkserver').Manager().shutdown()",
    ],
    "untidy": [
        "import socket, subprocess, sys, tempfile, threading, time",
        "threading.Thread(target=time.sleep, args=[60], name='a cook', daemon=True).start()",
        "sleep = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)",
        "server = socket.create_server(('127.0.0.1', 0))",
        "file = tempfile.NamedTemporaryFile(suffix='.dish', delete=False)",
        "open('orders.db', 'w').close()",
    ],
    "dying": ["import os", "os._exit(1)"],
    "raising": ["#raises\n1 / 0", "#raises\n1 / 1"],
    "judging": ["print('the soup is'); display('not ' + 'warm')\nassert 'war' == 'm'"],
    "drawing": [
        "import matplotlib.pyplot as plt, kitchen_helpers as kh",
        "figure, ax = plt.subplots()\nax.plot([1, 2])\nkh.describe(figure)",
        "figure, ax = plt.subplots()\nax.plot([1, 2]);",
    ],
}
HANGING = {
    "waiting": [
        "import multiprocessing, threading, time\nlock = threading.Lock()\nlock.acquire()",
        "def child_waits():\n    time.sleep(600)",
        "child = multiprocessing.get_context('fork').Process(target=child_waits)\nchild.start()",
        "def cook_waits():\n    lock.acquire()",
        "cook = threading.Thread(target=cook_waits)\ncook.start()\ncook.join()",
    ],
    "stubborn": [
        "import time",
        "def stubborn():\n  while True:\n    try:\n      time.sleep(600)\n    except KeyboardInterrupt:\n      pass",
        "stubborn()",
    ],
}


def run(folder: Path, notebooks: dict[str, list[str]], timeout: int) -> tuple[dict[str, list[str]], str]:
    """The outcomes of each notebook's tests, in their order, and all that pytest printed."""
    for name, sources in notebooks.items():
        cells = [new_code_cell(source) for source in sources]
        for cell in cells:
            cell.metadata.tags = ["raises-exception"] if "#raises" in cell.source else []
        nbformat.write(new_notebook(cells=cells), folder / f"{name}.ipynb")
    (folder / "tests").mkdir()
    for name in ("conftest.py", "pyproject.toml", "tests/marked_processes.py", "tests/pictures.py"):
        shutil.copy(ROOT / name, folder / name)
    # (-rN: no summary, which under CI says everything a second time)
    command = [sys.executable, "-m", "pytest", "-v", "-rN", "--color=no", f"--nbval-cell-timeout={timeout}", "."]
    printed = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    outcomes: dict[str, list[str]] = {}
    for name, outcome in re.findall(r"^(\w+)(?:\.|::)ipynb::[\w ]+? ([A-Z]{4,})", printed, re.MULTILINE):
        outcomes.setdefault(name, []).append(outcome)
    return outcomes, printed


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """At once, as those that hang do nothing but let the time pass."""
    folders = [tmp_path_factory.mktemp(name) for name in ("quick", "hanging")]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, folders, (QUICK, HANGING), (60, 5)))


@pytest.fixture(scope="module")
def quick(both):
    return both[0]


@pytest.fixture(scope="module")
def hanging(both):
    return both[1]


def test_what_ends_in_time_leaves_nothing(quick):
    outcomes, printed = quick
    assert outcomes["clean"] == ["PASSED"] * 7, printed


def test_leftovers_are_named(quick):
    outcomes, printed = quick
    assert outcomes["untidy"] == ["PASSED"] * 6 + ["FAILED"], printed
    for leftover in ("\nthread a cook", "time.sleep(60)", "\nport ", ".dish\n", "\nfile cwd/orders.db"):
        assert printed.count(leftover) == 1, printed


def test_a_kernel_that_dies_fails_at_once(quick):
    outcomes, printed = quick
    assert outcomes["dying"] == ["PASSED", "FAILED", "SKIPPED"], printed
    assert "The kernel died" in printed


def test_a_promised_exception_must_come(quick):
    outcomes, printed = quick
    assert outcomes["raising"] == ["PASSED", "FAILED", "PASSED"], printed
    assert "tagged raises-exception, and it raises none" in printed


def test_a_picture_needs_words(quick):
    outcomes, printed = quick
    assert outcomes["drawing"] == ["PASSED", "PASSED", "FAILED", "PASSED"], printed
    assert "image/png without HTML that has its words" in printed


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that could ask for the stacks")
def test_a_hang_shows_the_stacks_of_the_kernel_and_its_children(hanging):
    outcomes, printed = hanging
    assert outcomes["waiting"] == ["PASSED"] * 4 + ["FAILED", "SKIPPED"], printed
    for line in ("Timeout of 5 seconds exceeded", "in cook_waits", "in child_waits", "in join"):
        assert line in printed


def test_a_cell_that_cannot_be_interrupted_shows_its_stack_too(hanging):
    outcomes, printed = hanging
    assert outcomes["stubborn"] == ["PASSED", "PASSED", "FAILED", "SKIPPED"], printed
    assert "in stubborn" in printed or sys.platform == "win32"


def test_what_a_failing_cell_had_shown_stands_in_the_report(quick):
    outcomes, printed = quick
    assert outcomes["judging"] == ["FAILED", "PASSED"]
    assert re.search(r"-+ Captured outputs of the cell call -+\nthe soup is\n\n?'not warm'\n", printed)


def test_a_kernel_that_does_not_answer_is_ended_and_leaves_nothing(tmp_path, monkeypatch):
    begun = []

    def give_up(client, timeout):
        while not begun:  # its environment can be read a moment after it has begun
            begun.extend(marked("KITCHEN_SCRATCH", str(next(scratch.glob("k-*")))))
        raise RuntimeError(f"no answer in {timeout} s")

    scratch, work = tmp_path / "scratch", tmp_path / "work"
    scratch.mkdir()
    work.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setattr(BlockingKernelClient, "wait_for_ready", give_up)
    with pytest.raises(RuntimeError, match="no answer in 60 s"):
        nbval.plugin.RunningKernel(CURRENT_ENV_KERNEL_NAME, str(work))
    assert len(begun) == 1 and not begun[0].is_running()
    assert list(scratch.iterdir()) == []

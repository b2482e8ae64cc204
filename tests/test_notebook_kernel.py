"""What conftest.py adds to nbval: hangs that show their stacks, leftovers that fail, each on a notebook made for it."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def run(tmp_path):
    def run(*cells: str, tags: tuple[str, ...] = (), timeout: int = 60) -> str:
        """What pytest prints on a notebook of these code cells; the tags are the last one's."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.cells[-1].metadata.tags = list(tags)
        nbformat.write(notebook, tmp_path / "trial.ipynb")
        shutil.copy(ROOT / "conftest.py", tmp_path)
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        command = [sys.executable, "-m", "pytest", "--color=no", f"--nbval-cell-timeout={timeout}", "trial.ipynb"]
        output = subprocess.run(command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
        print(output)
        return output

    return run


def test_what_ends_in_time_leaves_nothing(run):
    output = run(
        "import asyncio, loky, multiprocessing, operator, tempfile, threading",
        "with tempfile.TemporaryDirectory() as folder: open(folder + '/dish', 'w').close()",
        "threading.Thread(target=print).start()\nawait asyncio.to_thread(print)",
        "with loky.ProcessPoolExecutor(1) as pool: print(list(pool.map(lambda dish: dish + 1, [1])))",
        "with multiprocessing.get_context('spawn').Pool(1) as pool: print(pool.map(operator.neg, [1]))",
        "multiprocessing.get_context('forkserver').Manager().shutdown()",
    )
    assert " 7 passed" in output


def test_leftovers_are_named(run):
    output = run(
        "import socket, subprocess, sys, tempfile, threading, time",
        "threading.Thread(target=time.sleep, args=[60], name='a cook', daemon=True).start()",
        "sleep = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)",
        "server = socket.create_server(('127.0.0.1', 0))",
        "file = tempfile.NamedTemporaryFile(suffix='.dish', delete=False)",
        "open('orders.db', 'w').close()",
    )
    assert " 1 failed, 6 passed" in output
    for leftover in ("thread a cook", "time.sleep(60)", "port ", ".dish", "file cwd/orders.db"):
        assert leftover in output
    assert output.count("time.sleep(60)") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that could ask for the stacks")
def test_a_hang_shows_the_stacks_of_the_kernel_and_its_children(run):
    output = run(
        "import multiprocessing, threading, time\nlock = threading.Lock()\nlock.acquire()",
        "def child_waits():\n    time.sleep(60)",
        "child = multiprocessing.get_context('fork').Process(target=child_waits)\nchild.start()",
        "def cook_waits():\n    lock.acquire()",
        "cook = threading.Thread(target=cook_waits)\ncook.start()\ncook.join()",
        timeout=5,
    )
    assert "Timeout of 5 seconds exceeded" in output
    for function in ("in cook_waits", "in child_waits", "in join"):
        assert function in output
    assert " 1 failed, 4 passed, 1 skipped" in output


def test_a_cell_that_cannot_be_interrupted_shows_its_stack_too(run):
    output = run(
        "import time",
        "def stubborn():\n  while True:\n    try:\n      time.sleep(60)\n    except KeyboardInterrupt:\n      pass",
        "stubborn()",
        timeout=5,
    )
    assert "in stubborn" in output or sys.platform == "win32"
    assert " 1 failed, 2 passed, 1 skipped" in output


def test_a_kernel_that_dies_fails_at_once(run):
    output = run("import os", "os._exit(1)")
    assert "The kernel died" in output
    assert " 1 failed, 1 passed, 1 skipped" in output


def test_a_promised_exception_must_come(run):
    assert " 2 passed" in run("1 / 0", tags=("raises-exception",))
    assert "tagged raises-exception, and it raises none" in run("1 / 1", tags=("raises-exception",))

"""The same verdicts, numbers of schedules and counterexamples on every Python, in a script, under pytest, in a notebook.

Every Python is compared with one table, `figures.tsv`, so that all of them are compared with each other.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

import kitchen_helpers as kh

from .figures import differences, figures, known

ROOT = Path(__file__).parents[2]
QUICK = 12
"""Outside pytest, the programs that need at most so many schedules are enough: that is most of them."""

# What somebody might write into the cells of a notebook, or into a file.
CELLS = [
    """
import threading
from dataclasses import dataclass, field

@dataclass
class Till:
    value: int = 0
    lock: object = field(default_factory=threading.Lock)

def both(work):
    threads = [threading.Thread(target=work, name=name) for name in ("Ana", "Ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
""",
    """
sold = 0

def lost_update():
    till = Till()
    def sell():
        till.value += 1
    both(sell)
    assert till.value == 2

def cured():
    till = Till()
    def sell():
        with till.lock:
            till.value += 1
    both(sell)
    assert till.value == 2
""",
    """
def global_update():
    global sold
    sold = 0
    def sell():
        global sold
        sold += 1
    both(sell)
    assert sold == 2

def crossed():
    pan, pot = threading.Lock(), threading.Lock()
    def cook():
        first, second = (pan, pot) if threading.current_thread().name == "Ana" else (pot, pan)
        with first, second:
            pass
    both(cook)

def handed_over():
    ready, dishes = threading.Condition(), []
    def cook_or_eat():
        with ready:
            if threading.current_thread().name == "Ana":
                dishes.append("soup")
                ready.notify()
            else:
                ready.wait_for(lambda: dishes)
                dishes.pop()
    both(cook_or_eat)
""",
]
PROGRAMS = ["lost_update", "cured", "global_update", "crossed", "handed_over"]
TELL = f"""
import kitchen_helpers as kh
from tests.interleavings.figures import figures
print([figures(kh.explore(program)) for program in ({", ".join(PROGRAMS)})])
"""
WAIT = """
import time
from kitchen_helpers.interleavings import patience
patience._QUIET = 0.0
assert not patience.wait(threading.Event(), time.perf_counter() + 0.3, lambda: "so far")
"""


def _as_module(folder: Path) -> Any:
    file = folder / "kitchen_cells.py"
    file.write_text("".join(CELLS))
    spec = importlib.util.spec_from_file_location("kitchen_cells", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["kitchen_cells"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def here(tmp_path: Path) -> Any:
    """The figures of the cells as a module, under pytest."""
    try:
        module = _as_module(tmp_path)
        yield str([figures(kh.explore(getattr(module, name))) for name in PROGRAMS])
    finally:
        sys.modules.pop("kitchen_cells", None)


def _run_as_script(*arguments: str) -> str:
    command = [sys.executable, "-W", "ignore", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _run_as_notebook(*cells: str) -> list[Any]:
    """The outputs of each cell, in a fresh kernel."""
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    return [cell.outputs for cell in nbformat.from_dict(notebook).cells]


def _printed(outputs: list[Any]) -> str:
    return "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout").strip()


def test_the_table_is_long() -> None:
    table = known()
    assert len(table) > 1400
    assert {verdict for verdict, _, _ in table.values()} == {"holds", "unfinished", "exception", "deadlock", "livelock"}


@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
def test_under_pytest() -> None:
    assert list(differences(10**9)) == []


def test_in_a_script(here: str, tmp_path: Path) -> None:
    assert _run_as_script("-m", "tests.interleavings.figures", str(QUICK)) == ""
    script = tmp_path / "script.py"
    script.write_text("import sys\nsys.path.insert(0, '.')\n" + "".join(CELLS) + TELL)
    assert _run_as_script(str(script)) == here


def test_in_a_notebook(here: str) -> None:
    table = f"from tests.interleavings.figures import differences\nprint(*differences({QUICK}), sep='\\n')"
    *_, told, others, waited = _run_as_notebook("import sys\nsys.path.insert(0, '.')", *CELLS, TELL, table, WAIT)
    assert _printed(told) == here
    assert _printed(others) == ""
    # What says how far a long exploration is, has gone from the page: stderr would leave an empty band.
    assert [(output.output_type, output.data) for output in waited] == [("display_data", {"text/plain": ""})]

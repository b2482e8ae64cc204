"""A module that compares when it is imported: its workers import it, too, and must not start workers of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MODULE = """
import kitchen_helpers as kh

def double(dish):
    return 2 * dish

kh.compare(double, range(4), repeats=1, engines=["processes"])
"""


def test_a_module_that_compares_on_import_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "menu.py").write_text(MODULE)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), str(tmp_path)])}
    command = [sys.executable, "-c", "import menu"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "inside one of its own worker processes" in done.stderr
    assert "if __name__ == '__main__'" in done.stderr

"""What a soak would find: tests that fail, and what a run leaves behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import soak

UNTIDY = """
import subprocess, sys, tempfile

def test_leaves_a_process_and_a_file():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    tempfile.mkstemp(prefix="left-")

def test_fails():
    assert False
"""


def test_a_soak_sees_what_failed_and_what_was_left(tmp_path: Path) -> None:
    file = tmp_path / "test_untidy.py"
    file.write_text(UNTIDY)
    done = soak.run(file)
    assert [line.split(" - ")[0].partition("::")[2] for line in done.wrong[:1]] == ["test_fails"]
    assert any("time.sleep(60)" in line for line in done.wrong)
    assert any(line.startswith("leaves left-") for line in done.wrong)
    assert len(done.wrong) == 3, done.wrong
    assert "assert False" in done.printed


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system cannot tie a program to one CPU")
def test_a_soak_on_one_cpu(tmp_path: Path) -> None:
    file = tmp_path / "test_cpus.py"
    file.write_text("import os\n\ndef test_cpus():\n    assert len(os.sched_getaffinity(0)) == 1\n")
    assert soak.run(file, one_cpu=True).wrong == []

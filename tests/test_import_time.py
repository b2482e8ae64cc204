"""Importing the package costs next to nothing, and loads nothing that is not used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import kitchen_helpers as kh

HEAVY = ("matplotlib", "IPython", "loky", "numpy", "tqdm", "joblib", "asyncio", "cloudpickle")

MEASURE = """
import sys, time
begun = time.process_time()
import kitchen_helpers as kh
seconds = time.process_time() - begun
kh.__all__, dir(kh)
import json
print(json.dumps([seconds, sorted(sys.modules)]))
"""


def fresh(code: str) -> str:
    paths = os.pathsep.join(filter(None, [str(Path(kh.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": paths}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout


def test_import_is_quick_and_light() -> None:
    # In CPU time, as the machine may be busy with other things; the best of three.
    runs = [json.loads(fresh(MEASURE)) for _ in range(3)]
    assert min(seconds for seconds, _ in runs) < 0.06
    for name in HEAVY:
        assert name not in runs[0][1]


def test_measuring_loads_no_matplotlib_before_something_is_drawn() -> None:
    code = """
import sys, kitchen_helpers as kh
kh.compare(abs, [1], repeats=1)
kh.scale(abs, [1], "threads", repeats=1)
print(sorted(name for name in ("matplotlib", "IPython", "numpy") if name in sys.modules))
"""
    assert fresh(code) == "[]\n"


def test_every_public_name_can_be_loaded() -> None:
    measuring = "machine_card compare Comparison Speedup ResultsDiffer Run Span TaskFailed WorkerDied scale Scaling"
    for name in [*measuring.split(), "MachineCard", "workloads"]:
        assert name in kh.__all__
        assert getattr(kh, name) is not None


def test_what_a_reader_is_offered_after_the_dot_is_what_is_public() -> None:
    kh.compare, kh.explore  # noqa: B018 - what has been used already is offered once, too
    assert [name for name in kh.__dir__() if not name.startswith("__")] == list(kh.__all__)

"""Every notebook many times, half of them on one CPU and half while all CPUs are busy: python tests/soak.py --times 50

Each run is the test that `make test` makes of the notebook, in a process and a temporary folder of its own. What fails is
printed with all that pytest says; the table at the end tells what was flaky or left behind. Rounds go through all notebooks,
so that a soak which is stopped early (--minutes, Ctrl-C) has run each about as often. With --at-once 10 it takes a
third of the time: ten notebooks run at once, and are what keeps all CPUs busy for each other.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil
from marked_processes import describe, marked

ROOT = Path(__file__).parents[1]
MARK = "KITCHEN_SOAK"
BUSY = "while True: pass"
SAMPLED_EVERY = 0.1
LOOKING_SELDOM = 20  # times as long as a look took: where many run at once, looks are slow, and would be part of the load


@dataclass
class Run:
    """One notebook under pytest: seconds by the clock and of CPU (when alone), the most bytes of its kernel and below, what went wrong."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    wrong: list[str] = field(default_factory=list)
    printed: str = ""


def notebooks() -> list[Path]:
    """Those that pytest runs: the course's, and the coursework's with solutions."""
    folder = ROOT / "notebooks"
    return [*sorted(folder.glob("*.ipynb")), *sorted(folder.glob("coursework/source/*/*.ipynb"))]


def run(notebook: Path, one_cpu: bool = False) -> Run:
    with tempfile.TemporaryDirectory(prefix="s-") as scratch:
        environment = os.environ | {MARK: scratch, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), scratch)}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--color=no", str(notebook)]
        output = Path(scratch) / "output"
        begun, cpu_before, peak = time.perf_counter(), cpu_of_children(), 0
        with output.open("w") as file:
            process = psutil.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT)
            try:
                if one_cpu and hasattr(process, "cpu_affinity"):  # macOS has none
                    process.cpu_affinity([random.choice(process.cpu_affinity())])
                while process.poll() is None:
                    looked = time.perf_counter()
                    peak = max(peak, sum(map(memory, children(process))))
                    time.sleep(max(SAMPLED_EVERY, LOOKING_SELDOM * (time.perf_counter() - looked)))
                _, alive = psutil.wait_procs(list(marked(MARK, scratch)), timeout=2)
                left = list(map(describe, alive))
            finally:
                for one in marked(MARK, scratch):
                    with suppress(psutil.Error):
                        one.kill()
                process.wait()
        done = Run(time.perf_counter() - begun, cpu_of_children() - cpu_before, peak, printed=output.read_text())
        output.unlink()
        if process.returncode:
            failed = re.findall(r"^(?:FAILED|ERROR) (.*)", done.printed, re.MULTILINE)
            done.wrong += failed or [f"pytest ends with {process.returncode}"]
        done.wrong += [f"leaves {process}" for process in left]
        done.wrong += [f"leaves {path.name}" for path in Path(scratch).iterdir()]
    return done


def cpu_of_children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def memory(process: psutil.Process) -> int:
    """Its own, and its share of what it has in common with others, where the system tells."""
    try:
        info = process.memory_full_info()
        return int(getattr(info, "pss", 0) or info.uss)
    except psutil.Error:
        return 0


@contextmanager
def all_cpus_busy() -> Iterator[None]:
    """One process per CPU that never rests."""
    crew = [subprocess.Popen([sys.executable, "-I", "-S", "-c", BUSY]) for _ in range(psutil.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in crew:
            process.kill()
            process.wait()


def soak(chosen: list[Path], times: int, minutes: float, at_once: int = 1) -> dict[Path, list[Run]]:
    found: dict[Path, list[Run]] = {notebook: [] for notebook in chosen}
    end = time.monotonic() + 60 * minutes

    def one(round_number: int, notebook: Path) -> None:
        if time.monotonic() > end:
            return
        busy = bool(round_number % 2)
        with all_cpus_busy() if busy and at_once == 1 else nullcontext():
            done = run(notebook, one_cpu=not busy)
        found[notebook].append(done)
        where, wrong = "busy" if busy else "one CPU", "; ".join(done.wrong) or "ok"
        line = f"{round_number + 1:4} {where:8} {notebook.stem:34} {done.seconds:6.1f} s  {wrong}\n"
        print(line + (done.printed if done.wrong else ""), end="", flush=True)

    crew = ThreadPoolExecutor(at_once)
    try:
        runs = [crew.submit(one, round_number, notebook) for round_number in range(times) for notebook in chosen]
        for future in runs:
            future.result()
    except KeyboardInterrupt:
        print("stopped; those that have begun come to their end", flush=True)
    finally:
        crew.shutdown(cancel_futures=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50, help="runs of each notebook (50)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no further run after so long")
    parser.add_argument("--at-once", type=int, default=1, help="notebooks that run at the same time (1)")
    parser.add_argument("notebooks", nargs="*", type=Path, help="all, if none is named")
    options = parser.parse_args()
    for stop in (signal.SIGINT, signal.SIGTERM):  # in the background, shells have the first ignored
        signal.signal(stop, signal.default_int_handler)
    found = soak(options.notebooks or notebooks(), options.times, options.minutes, options.at_once)
    print(f"\n{'notebook':34} {'runs':>5} {'wrong':>6} {'median s':>9} {'longest s':>10} {'peak MB':>8}")
    for notebook, runs in found.items():
        if runs:
            seconds, wrong = [done.seconds for done in runs], sum(bool(done.wrong) for done in runs)
            megabytes = max(done.peak_bytes for done in runs) / 1e6
            row = f"{notebook.stem:34} {len(runs):5} {wrong:6} {median(seconds):9.1f} {max(seconds):10.1f} {megabytes:8.0f}"
            print(row)
    every = [done for runs in found.values() for done in runs]
    flaky = sum(bool(done.wrong) for done in every)
    print(f"{len(every)} runs, {flaky} of them flaky or with something left behind")
    sys.exit(flaky > 0)


if __name__ == "__main__":
    main()

"""What the course costs: seconds and memory of each notebook under nbval, as `make test` runs it: `make bench`.

Memory is the most that a notebook's kernel and its processes had at once, looked at ten times a second; pages that several
of them share are counted once. Beside it stands the share of the 2 GB that Binder gives to one reader.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from soak import notebooks, run

import kitchen_helpers as kh

BINDER = 2e9


def main() -> None:
    print(f"\nEach notebook under nbval, one after the other · {kh.machine_card().caption}")
    print(f"{'':34} {'seconds':>8} {'CPU s':>8} {'CPU / s':>8} {'peak MB':>8} {'of Binder':>10}")
    seconds, cpu_seconds, peak = 0.0, 0.0, 0
    for notebook in notebooks():
        done = run(notebook)
        seconds, cpu_seconds, peak = seconds + done.seconds, cpu_seconds + done.cpu_seconds, max(peak, done.peak_bytes)
        row(notebook.stem, done.seconds, done.cpu_seconds, done.peak_bytes, "; ".join(done.wrong))
    row("all of them", seconds, cpu_seconds, peak)


def row(name: str, seconds: float, cpu_seconds: float, peak: int, wrong: str = "") -> None:
    print(
        f"{name:34} {seconds:8.1f} {cpu_seconds:8.1f} {cpu_seconds / seconds:8.2f} {peak / 1e6:8.0f} {peak / BINDER:10.0%}  {wrong}",
        flush=True,
    )


if __name__ == "__main__":
    main()

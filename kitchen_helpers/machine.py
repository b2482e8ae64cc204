"""What this machine can do: the facts that every figure depends on."""

from __future__ import annotations

import multiprocessing
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

__all__ = ["MachineCard", "machine_card"]


@dataclass(frozen=True)
class MachineCard:
    """The machine in facts, and in words (`in_words`).

    Attributes:
        python: version, such as "3.13.0".
        gil_enabled: False only where a free-threaded Python runs without its GIL.
        cpus_total: CPUs of the machine.
        cpus_usable: CPUs this process may use: affinity, container quota and LOKY_MAX_CPU_COUNT considered. An upper
            limit: others may use them as well.
        start_method: how `multiprocessing` starts processes here: "fork", "forkserver" or "spawn".
        platform: operating system and processor.
        cpus_measured: how many CPUs' worth of work were really done in a short calibration; None if not asked for.
    """

    python: str
    gil_enabled: bool
    cpus_total: int
    cpus_usable: int
    start_method: str
    platform: str
    cpus_measured: float | None = None

    @property
    def in_words(self) -> str:
        """What it means for programs."""
        gives = f"This machine gives you {self.cpus_usable} CPU{'s' * (self.cpus_usable != 1)}"
        if self.cpus_usable == 1:
            text = f"{gives}: processes cannot be faster at computing here; only waiting can overlap."
        else:
            threads = (
                "threads cannot, as the GIL lets one at a time compute"
                if self.gil_enabled
                else "and so can threads, as this Python runs without the GIL"
            )
            text = (
                f"{gives}: at computing, processes can be up to {self.cpus_usable} times as fast; {threads}. "
                "Waiting overlaps in threads and async, on any number of CPUs."
            )
        if self.cpus_measured is not None:
            text += f" Measured just now: as much as {self.cpus_measured:.1f} CPUs."
            if self.cpus_measured < 0.75 * self.cpus_usable:
                text += " That is less than promised: others are using the CPUs, or a limit that Python cannot see."
        return text

    @property
    def caption(self) -> str:
        """One line for below a figure."""
        version = ".".join(self.python.split(".")[:2])
        return (
            f"{self.cpus_usable} usable CPU{'s' * (self.cpus_usable != 1)} · Python {version} "
            f"{'with' if self.gil_enabled else 'without'} the GIL"
        )

    def to_dict(self) -> dict[str, Any]:
        """All facts, JSON-ready."""
        return asdict(self)

    def _rows(self) -> list[tuple[str, str]]:
        rows = [
            ("Python", f"{self.python}, {'with' if self.gil_enabled else 'without'} the GIL"),
            ("CPUs", f"{self.cpus_usable} usable of {self.cpus_total}"),
            ("start method", self.start_method),
            ("platform", self.platform),
        ]
        if self.cpus_measured is not None:
            rows.insert(2, ("CPUs measured", f"{self.cpus_measured:.1f}"))
        return rows

    def __str__(self) -> str:
        return "\n".join([*(f"{name:14} {value}" for name, value in self._rows()), self.in_words])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(value)}</td></tr>"
            for name, value in self._rows()
        )
        return f"<table>{rows}</table><p>{escape(self.in_words)}</p>"


def machine_card(calibrate: bool = False) -> MachineCard:
    """The facts of this machine. With `calibrate`, half a second is spent to see how many CPUs it really gives."""
    import loky

    usable = int(loky.cpu_count())
    return MachineCard(
        python=platform.python_version(),
        gil_enabled=bool(getattr(sys, "_is_gil_enabled", lambda: True)()),
        cpus_total=os.cpu_count() or 1,
        cpus_usable=usable,
        start_method=_start_method(),
        platform=f"{platform.system()} {platform.machine()}",
        cpus_measured=cpus_measured(usable) if calibrate else None,
    )


def _start_method() -> str:
    # get_start_method() without allow_none, and get_context(), would fix the method for the reader's own program.
    chosen = multiprocessing.get_start_method(allow_none=True)
    return chosen or multiprocessing.get_all_start_methods()[0]


# Waits for a line, so that all begin together; then counts rounds of pure computing for as long as it is told.
_COUNT = """
import sys, time
print(flush=True)
seconds = float(sys.stdin.readline())
rounds, end = 0, time.perf_counter() + seconds
while time.perf_counter() < end:
    for _ in range(1000):
        pass
    rounds += 1
print(rounds)
"""


def cpus_measured(processes: int, seconds: float = 0.25) -> float | None:
    """How many CPUs' worth of work `processes` processes do together: their rounds over those of one alone.

    At most `processes`. None where no further Python can be started.
    """
    try:
        return _cpus(lambda count: _rounds(count, seconds), processes)
    except (OSError, ValueError):
        return None


def _cpus(rounds: Callable[[int], int], processes: int) -> float:
    alone = rounds(1)
    together = alone if processes == 1 else rounds(processes)
    return min(float(processes), together / max(1, alone))


def _rounds(processes: int, seconds: float) -> int:
    crew: list[subprocess.Popen[str]] = []
    try:
        for _ in range(processes):
            command = [sys.executable, "-I", "-S", "-c", _COUNT]
            crew.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        for process in crew:
            assert process.stdout
            process.stdout.readline()
        for process in crew:
            assert process.stdin
            process.stdin.write(f"{seconds}\n")
            process.stdin.flush()
        return sum(int(process.communicate()[0]) for process in crew)
    finally:
        for process in crew:
            with suppress(OSError):
                process.kill()
            process.communicate()

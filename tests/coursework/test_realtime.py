"""What checks that run for real rest on: a clock that a busy machine does not hurry, a record that cannot be forged, nothing left."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from kitchen_helpers.coursework import a6_stages, realtime, unhurried
from kitchen_helpers.coursework.a6_stages import Burnt, Forged, Plan, Room
from kitchen_helpers.coursework.questions import RuleBroken


class Machine:
    """Stands for the clock and for what the system tells of waiting threads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.kept: dict[str, int] = {}
        monkeypatch.setattr(unhurried, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(unhurried, "kept_waiting", lambda pid: dict(self.kept))
        self.clock = unhurried.Unhurried()

    def looks(self, times: int, *, every: float = 0.02, waited: float = 0.0) -> float:
        """That often, and meanwhile a thread waits for a CPU for so many seconds each time."""
        for _ in range(times):
            self.now += every
            self.kept["7"] = self.kept.get("7", 0) + int(waited * 1e9)
            self.clock.look()
        return self.clock.seconds


def test_what_sleeps_or_works_is_counted_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Machine(monkeypatch).looks(100) == pytest.approx(2.0)


def test_who_waits_for_a_cpu_has_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Machine(monkeypatch).looks(100, waited=0.015) == pytest.approx(0.5)
    # But not for ever: a loop that never ends has its end on a busy machine, too.
    assert Machine(monkeypatch).looks(1_000, waited=0.02) == pytest.approx(2.0)


def test_a_machine_that_stood_still_took_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Machine(monkeypatch).looks(1, every=50.0) <= 0.1


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="the system does not tell")
def test_the_system_tells_of_our_own_threads() -> None:
    assert str(os.getpid()) in unhurried.kept_waiting(os.getpid())


def test_a_call_that_does_not_return_is_broken_after_its_time() -> None:
    begun = time.monotonic()
    with pytest.raises(RuleBroken, match=r"a nap has not returned after 0\.2 seconds"):
        realtime.call("a nap", lambda: time.sleep(5), 0.2)
    assert time.monotonic() - begun < 5


def test_a_record_takes_only_what_its_own_run_has_signed(tmp_path: Path) -> None:
    room, first, second = Room(str(tmp_path), "secret"), Plan(1, 0, (3,)), Plan(2, 0, (3,))
    room.begin(first)
    room.note(first, "sink", "begins", 3)
    assert [(note.stage, note.what, note.pid, note.value) for note in room.notes(first)] == [
        ("sink", "begins", os.getpid(), 3)
    ]
    line = (tmp_path / "record").read_bytes()
    room.begin(second)
    assert room.notes(second) == []
    for forged in (line, line.replace(b"3]", b"4]"), b"\n", b'["sink", "begins", 1, 1.0, 3]\n', b"\xff\n"):
        (tmp_path / "record").write_bytes(forged)
        with pytest.raises(Forged):
            room.notes(second)


def test_the_stages_take_nothing_along_that_tells_what_is_asked() -> None:
    for stage in (a6_stages.source, a6_stages.transform, a6_stages.sink):
        assert pickle.loads(pickle.dumps(stage)) is stage
        assert len(pickle.dumps(stage)) < 100
    assert type(pickle.loads(pickle.dumps(Burnt("sink")))) is Burnt


LEFT = """
import multiprocessing, os, sys, time
from kitchen_helpers.coursework import realtime

def orphaned(wire):
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    process.start()
    wire.send(process.pid)
    os._exit(0)

if __name__ == "__main__":
    if sys.platform == "linux":
        import ctypes
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    before = realtime.processes()
    with realtime.tidied():
        server = multiprocessing.get_context("forkserver")
        one = server.Process(target=time.sleep, args=(60,))
        queue = server.Queue()
        one.start()
        hears, says = multiprocessing.Pipe()
        two = multiprocessing.get_context("fork").Process(target=orphaned, args=(says,))
        two.start()
        orphan = hears.recv()
        two.join()
        left = realtime.processes() - before
        assert left == {one.pid, orphan}, (left, one.pid, orphan)
        ours = {"sem." + lock._semlock.name[1:] for lock in (queue._rlock, queue._wlock, queue._sem)}
        assert ours <= set(os.listdir("/dev/shm"))
    assert not realtime.processes() - before
    assert not ours & set(os.listdir("/dev/shm"))
    print("nothing left", flush=True)
    os._exit(0)
"""


@pytest.mark.skipif(
    sys.platform != "linux" or "forkserver" not in multiprocessing.get_all_start_methods(),
    reason="the system does not tell",
)
def test_children_of_the_fork_server_orphans_and_names_of_locks_are_seen_and_gone(tmp_path: Path) -> None:
    (tmp_path / "left.py").write_text(LEFT, encoding="utf-8")
    said = subprocess.run([sys.executable, str(tmp_path / "left.py")], capture_output=True, text=True, timeout=60)
    assert said.stdout.strip() == "nothing left", said.stderr

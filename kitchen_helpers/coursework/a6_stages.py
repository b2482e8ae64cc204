"""The stages that assignment 6's checks hand to a pipeline: they write down what they do, and fail when they are to.

They take nothing along: a process that runs one finds the plan, and the record to write to, in a room whose place and key
stand in its environment, of which an answer sees nothing. Each line of the record is signed.
"""

from __future__ import annotations

import hmac
import itertools
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

ROOM = "KITCHEN_ROOM"
"""Environment variable: a folder and a key."""
AHEAD = 100
_LONGEST = 60.0
"""Seconds after which a stage stops waiting, even if the check is gone."""


class Burnt(Exception):
    """What the stages raise."""


@dataclass(frozen=True)
class Plan:
    """What the stages do in one run."""

    number: int
    caller: int
    items: tuple[Any, ...]
    meet: bool = False
    """A transform waits until another process is transforming, too."""
    held: bool = False
    """The sink's first call waits until the source has run far ahead."""
    slow: float = 0.0
    """Seconds that a call of the sink takes."""
    fails: str = ""
    killed: bool = False
    after: int = 1
    """So many calls of the sink have begun before a stage fails."""


class Note(NamedTuple):
    """One line of the record: who did what, when, in which process."""

    stage: str
    what: str
    pid: int
    moment: float
    value: Any


def of(notes: list[Note], stage: str, what: str) -> list[Note]:
    return [note for note in notes if (note.stage, note.what) == (stage, what)]


class Room:
    """Where a run's plan and record lie; lines that do not carry the key's signature are none of the stages'."""

    def __init__(self, folder: str, key: str) -> None:
        self._folder, self._key = Path(folder), key.encode()

    def plan(self) -> Plan:
        plan = json.loads((self._folder / "plan").read_text(encoding="utf-8"))
        return Plan(**{**plan, "items": tuple(plan["items"])})

    def begin(self, plan: Plan) -> None:
        """From now on this is the plan, with a record of its own."""
        for name in ("record", "enough"):
            (self._folder / name).unlink(missing_ok=True)
        (self._folder / "new").write_text(json.dumps(asdict(plan)), encoding="utf-8")
        (self._folder / "new").replace(self._folder / "plan")

    def note(self, plan: Plan, stage: str, what: str, value: Any = None) -> None:
        shown = value if value is None or type(value) in (int, str) else f"a {type(value).__name__}"
        body = json.dumps([stage, what, os.getpid(), time.monotonic(), shown])
        record = os.open(self._folder / "record", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(record, f"{self._signature(plan, body)} {body}\n".encode())
        finally:
            os.close(record)

    def notes(self, plan: Plan) -> list[Note]:
        """What the stages have noted so far. Raises Forged for what somebody else has."""
        path = self._folder / "record"
        found = []
        for line in path.read_bytes().split(b"\n")[:-1] if path.exists() else []:
            signature, _, body = line.decode(errors="replace").partition(" ")
            if not hmac.compare_digest(signature.encode(), self._signature(plan, body).encode()):
                raise Forged
            found.append(Note(*json.loads(body)))
        return found

    def seen(self, plan: Plan, stage: str, what: str) -> list[Note]:
        return of(self.notes(plan), stage, what)

    def size(self) -> int:
        """Grows whenever a stage does something."""
        path = self._folder / "record"
        return path.stat().st_size if path.exists() else 0

    def enough(self) -> None:
        """Nobody waits for anything any more."""
        (self._folder / "enough").touch()

    def wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _LONGEST
        while not until() and not (self._folder / "enough").exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _signature(self, plan: Plan, body: str) -> str:
        return hmac.digest(self._key, f"{plan.number} {body}".encode(), "sha256").hex()


class Forged(Exception):
    """The record has lines that no stage wrote."""


def _room() -> tuple[Room, Plan]:
    folder, _, key = os.environ[ROOM].rpartition(":")
    room = Room(folder, key)
    return room, room.plan()


def cooked(item: Any) -> Any:
    """The result for an item: another one, which an end is as easily taken for."""
    if type(item) is int:
        return item + 1_000 if item else ""
    return 0 if item is None else None


_held: set[int] = set()
"""The runs whose sink has been held in this process."""


def _fail(room: Room, plan: Plan, stage: str) -> None:
    """The stage raises or is killed; not before the sink is in the middle of a call, where there is one."""
    if stage != "sink":
        room.wait(lambda: len(room.seen(plan, "sink", "begins")) >= plan.after)
    room.note(plan, stage, "fails")
    if plan.killed and os.getpid() != plan.caller:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    raise Burnt(stage)


def source() -> Iterator[Any]:
    for number in itertools.count():
        yield from (given := _given(number))
        if not given:
            return


def _given(number: int) -> Sequence[Any]:
    """The item of that number, if there is one. The plan is not kept where whoever holds the source could have it told."""
    room, plan = _room()
    if plan.fails == "source" and number == 3:
        _fail(room, plan, "source")
    for item in (given := plan.items[number : number + 1]):
        room.note(plan, "source", "gives", item)
    return given


def transform(item: Any) -> Any:
    room, plan = _room()
    room.note(plan, "transform", "begins", item)
    if plan.fails == "transform" and type(item) is int and item == 3:
        _fail(room, plan, "transform")
    if plan.meet:
        room.wait(lambda: len({note.pid for note in room.seen(plan, "transform", "begins")}) > 1)
    room.note(plan, "transform", "ends", item)
    return cooked(item)


def sink(result: Any) -> None:
    room, plan = _room()
    room.note(plan, "sink", "begins", result)
    if plan.fails == "sink" and room.seen(plan, "sink", "ends"):  # (at its second call, whatever comes first)
        _fail(room, plan, "sink")
    if plan.held and plan.number not in _held:
        _held.add(plan.number)
        room.wait(lambda: len(room.seen(plan, "source", "gives")) > AHEAD + 10)
    if plan.slow:
        time.sleep(plan.slow)
    room.note(plan, "sink", "ends", result)

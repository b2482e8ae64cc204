"""Runs one question in a box of its own, and believes only what is signed: how it ended becomes a verdict."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from .box import digest
from .family import family
from .questions import Question, Status
from .sandbox import COURSE, box_command, package_folder, walls

MEMORY = 3 << 30
"""Bytes that all processes of a box may use together."""
LONGEST_MESSAGE = 2 << 20
LONGEST_TMPDIR = 58
"""Bytes: with the names of a box's folder and of a socket in it, 107 are reached."""
stop = threading.Event()
"""Set when nobody waits for verdicts any more."""
_LOOK = 0.25
"""Seconds between two looks at a box that has not answered yet."""
_GOING = 5.0
"""Seconds that a box may take to go once it has closed its output."""


@dataclass(frozen=True)
class Found:
    """What came of one question: a verdict as it is written down."""

    status: Status
    message: str
    hint: str = ""
    share: float = 1.0
    lanes: str = ""

    def points(self, full: float) -> float:
        return full if self.status == "right" else round(full * self.share, 4) if self.status == "partly" else 0.0


class Stopped(Exception):
    """Nobody waits for the verdict any more."""


@dataclass
class _Ended:
    """How a box ended, and what it said."""

    said: bytes
    how: str = "itself"
    code: int | None = None


def run_box(question: Question, source: str, file: str, *, sandboxed: bool, guarded: bool = True) -> Found:
    """The verdict on an answer cell, from a process of its own.

    `sandboxed`: behind walls, as the grader does it. `guarded`: by the policy, with what `offered` has.
    """
    key = secrets.token_bytes(32)
    job = {
        "key": key.hex(),
        "question": question.id,
        "source": source,
        "file": file,
        "seconds": question.seconds,
        "guarded": guarded,
        "sandboxed": sandboxed,
    }
    with contextlib.ExitStack() as stack:
        if sandboxed:
            command, environment, folder = [*walls(), *box_command(COURSE)], {}, "/"
        else:
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="kitchen-", dir=_short_enough(), ignore_cleanup_errors=True)
            )
            command = box_command(str(package_folder().parent))
            environment = {**_needed(), **dict.fromkeys(("TMPDIR", "TEMP", "TMP", "HOME"), folder)}
        ended = _run(command, environment, folder, json.dumps(job).encode(), question.seconds)
    return judge(question, source, key, ended)


def _short_enough() -> str:
    """Where to make the folder for temporary files: `multiprocessing` puts sockets there, whose paths are at most 107 bytes."""
    usual = tempfile.gettempdir()
    return "/tmp" if len(os.fsencode(usual)) > LONGEST_TMPDIR and os.path.isdir("/tmp") else usual


def _needed() -> dict[str, str]:
    """What Python needs of the environment; the rest of it is nobody's business."""
    return {n: os.environ[n] for n in ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "LD_LIBRARY_PATH") if n in os.environ}


def judge(question: Question, source: str, key: bytes, ended: _Ended) -> Found:
    """A signed verdict on this very answer; or what became of the box instead."""
    signature, _, rest = ended.said.partition(b"\n")
    body, end, more = rest.partition(b"\n")
    genuine = bool(end) and hmac.compare_digest(signature, hmac.new(key, body, hashlib.sha256).hexdigest().encode())
    if genuine and not more:
        said: dict[str, Any] = json.loads(body)
        if said.pop("question") == question.id and said.pop("source") == digest(source):
            if said["status"] in get_args(Status):
                return Found(**said)
    if ended.how == "time":
        return Found("time limit", f"not done within {question.seconds:g} seconds")
    if ended.how == "memory":
        return Found("died", f"used more than {MEMORY >> 30} GB of memory")
    if ended.said:
        return Found("refused", "something else than the check wrote where the verdict is written: a forged verdict")
    if ended.code is not None and ended.code < 0:
        return Found("died", f"the process was ended by {_signal_name(-ended.code)}")
    if ended.code is not None and ended.code > 128:  # as bubblewrap reports a signal
        return Found("died", f"the process was ended by {_signal_name(ended.code - 128)}")
    return Found("died", f"the process ended without a verdict (exit code {ended.code})")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _run(command: list[str], environment: dict[str, str], folder: str, job: bytes, seconds: float) -> _Ended:
    """Start a box, give it its job, and wait for its answer, its end, or the end of our patience."""
    deadline = time.monotonic() + seconds
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=os.name == "posix",
    )
    try:
        return _listen(process, job, deadline)
    finally:
        kill_tree(process)


def _listen(process: subprocess.Popen[bytes], job: bytes, deadline: float) -> _Ended:
    assert process.stdin is not None and process.stdout is not None
    with contextlib.suppress(OSError):
        with process.stdin:
            process.stdin.write(job)
    process.stdin = None  # (Popen.communicate would flush it)
    said = bytearray()
    for chunk in _chunks(process, deadline):
        if isinstance(chunk, str):
            return _Ended(bytes(said), chunk)
        said += chunk
        if len(said) > LONGEST_MESSAGE:
            return _Ended(bytes(said), "flood")
        if said.count(b"\n") >= 2:  # all that it has to say
            return _Ended(bytes(said))
    try:
        code = process.wait(_GOING)
    except subprocess.TimeoutExpired:
        return _Ended(bytes(said), "time")
    return _Ended(bytes(said), "itself", code)


def _chunks(process: subprocess.Popen[bytes], deadline: float) -> Iterator[bytes | str]:
    """What the box says, as it comes; "time" or "memory" if that is at an end."""
    assert process.stdout is not None
    if os.name != "posix":
        yield from _chunks_of_a_file(process, deadline)
        return
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        over = False
        while True:
            if stop.is_set():
                raise Stopped
            left = deadline - time.monotonic()
            if left <= 0:
                yield "time"
                return
            if selector.select(min(_LOOK, left)):
                chunk = os.read(process.stdout.fileno(), 1 << 16)
                if not chunk:
                    return
                yield chunk
            elif over:  # it has ended, and some process that it left behind holds its output
                return
            elif memory_used(process.pid) > MEMORY:
                yield "memory"
                return
            else:
                over = process.poll() is not None


def _chunks_of_a_file(process: subprocess.Popen[bytes], deadline: float) -> Iterator[bytes | str]:
    """Where pipes cannot be waited for (Windows): the whole at the end."""
    try:
        yield process.communicate(timeout=max(0.0, deadline - time.monotonic()))[0]
    except subprocess.TimeoutExpired:
        yield "time"


def memory_used(pid: int) -> int:
    """Bytes in memory of a process and all its descendants; 0 where /proc does not tell."""
    total = 0
    page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
    for member, _ in family(pid):
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{member}/statm") as file:
                total += int(file.read().split()[1]) * page
    return total


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """Ends a box and whatever it has started; inside a sandbox the end of its first process is the end of all."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None and sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True)
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    process.wait()

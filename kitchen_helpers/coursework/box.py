"""The process in which one question of one submission is checked: a job comes in, a signed verdict goes out.

    python -m kitchen_helpers.coursework.box <job >verdict

Standard input and output lead to the grader until the answer is run; before that, both are taken away from it.
The verdict is signed with a key that came with the job. What keeps the key is an object of which only its owner, a local
variable here, knows, and which cannot be read. After the verdict nothing of the answer runs any more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import exploring, integrity, loading
from .family import keep_orphans
from .offered import Sink
from .policy import Refused
from .questions import QUESTIONS, Question, Verdict

INSIDE = "KITCHEN_BOX"
"""Environment variable: set in this process and in those that it starts."""
LONGEST_TEXT = 1_000
LONGEST_HTML = 400_000
MEMORY = 2 << 30
FILE_SIZE = 16 << 20
PROCESSES = 256


def describe(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it travels."""
    shown = verdict.exploration is not None and verdict.exploration.counterexample is not None
    lanes = verdict.exploration._repr_html_() if shown and verdict.exploration is not None else ""
    return {
        "status": str(verdict.status),
        "message": str(verdict.message)[:LONGEST_TEXT],
        "hint": str(verdict.hint)[:LONGEST_TEXT],
        "share": float(verdict.share),
        "lanes": lanes if len(lanes) <= LONGEST_HTML else "",
    }


def digest(source: str) -> str:
    """Says which answer a verdict is about."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


def seal(key: bytes) -> Callable[[bytes], bytes]:
    """Signs with a key, which is not kept where it could be read."""
    state = hmac.new(key, digestmod=hashlib.sha256)

    def sign(body: bytes) -> bytes:
        mine = state.copy()
        mine.update(body)
        return mine.hexdigest().encode()

    return sign


def judge(question: Question, source: str, file: str, *, guarded: bool) -> Verdict:
    """The verdict on an answer cell, whatever it does."""
    source = loading.plain(source)
    if guarded:
        try:
            loading.read(source, question)
        except Refused as reason:
            return Verdict("refused", f"the answer may not be run: {reason}")
        except SyntaxError as error:
            return Verdict("wrong", f"line {error.lineno or 0} is no Python: {error.msg}")
        loading.enclose(source)
    before = integrity.fingerprint()
    verdict = _run(question, source, file, guarded)
    return (guarded and integrity.tampering(before)) or verdict


def _run(question: Question, source: str, file: str, guarded: bool) -> Verdict:
    scratch = Path(tempfile.gettempdir()) if question.needs_module else None
    try:
        names = loading.load(source, file, guarded=guarded, scratch=scratch)
    except BaseException as error:  # noqa: BLE001 - also SystemExit, and whatever else the cell thinks of
        return Verdict("wrong", f"the cell itself ends with {_said(error, file)}")
    missing = [name for name in question.names if name not in names]
    if missing:
        return Verdict("missing", f"the answer cell does not define {' and '.join(missing)}")
    if not question.alone:  # the grader has more time than a student who waits
        exploring.patience.set(0.6 * question.seconds)
        exploring.longest.set(0.75 * question.seconds)
    try:
        verdict = question.check(*(names[name] for name in question.names))
    except BaseException as error:  # noqa: BLE001 - the check is not to raise; if it does, that is no point
        return Verdict("died", f"the check ended with {_said(error, file)}")
    if type(verdict) is not Verdict:
        return Verdict("died", "the check gave no verdict")
    return verdict


def _said(error: BaseException, file: str) -> str:
    """An exception in words, with the line of the answer."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    where = f" (line {lines[-1]})" if lines else ""
    with suppress(BaseException):
        return f"{type(error).__name__}: {str(error)[:300]}{where}"
    return f"{type(error).__name__}{where}"


def _limit(seconds: float, sandboxed: bool) -> None:
    """What this process may use of the machine; what it may see is the sandbox's business."""
    try:
        import resource
    except ImportError:  # Windows, where only a student's own check runs
        return

    def at_most(kind: int, most: int) -> None:
        with suppress(ValueError, OSError):
            hard = resource.getrlimit(kind)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (most, most))

    at_most(resource.RLIMIT_CORE, 0)
    at_most(resource.RLIMIT_AS, MEMORY)
    at_most(resource.RLIMIT_FSIZE, FILE_SIZE)
    at_most(resource.RLIMIT_CPU, int(seconds * 4) + 10)
    if sandboxed:  # (otherwise everything that the user runs would count)
        at_most(resource.RLIMIT_NPROC, PROCESSES)
    if sys.platform == "linux":
        import ctypes

        dumpable = 4
        ctypes.CDLL(None).prctl(dumpable, 0, 0, 0, 0)  # nobody reads the memory of this process, not even its children
        keep_orphans()


def main() -> None:
    job = json.loads(sys.stdin.buffer.read())
    sign = seal(bytes.fromhex(job.pop("key")))
    channel, here = os.dup(sys.stdout.fileno()), os.getpid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    sys.stdin = sys.__stdin__ = None  # type: ignore[misc]
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = Sink()  # type: ignore[assignment, misc]
    os.environ[INSIDE] = "1"
    question = replace(QUESTIONS[job["question"]], seconds=job["seconds"])
    if job["guarded"]:
        _limit(question.seconds, job["sandboxed"])
    verdict = judge(question, job["source"], job["file"], guarded=job["guarded"])
    body = {"question": question.id, "source": digest(job["source"]), **describe(verdict)}
    message = json.dumps(body).encode()
    message = sign(message) + b"\n" + message + b"\n"
    while message and os.getpid() == here:  # (a process that the answer has forked off may think that it is this one)
        message = message[os.write(channel, message) :]
    os._exit(0)


if __name__ == "__main__":
    main()

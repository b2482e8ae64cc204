"""Parts of a check that only wait most of their time, at the same time: each in a copy of the process of the check.

Whoever waits for an answer that hangs, in the last part of a check, would have waited for all the others before.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import BinaryIO

from . import integrity
from .family import keep_orphans
from .loading import GUARDED
from .questions import Verdict
from .realtime import tidied


def side_by_side(*parts: Callable[[], Verdict]) -> Verdict:
    """The verdict of the first part that is not right; that of the last one if all are."""
    if not hasattr(os, "fork"):
        return _first_wrong(part() for part in parts)
    keep_orphans()
    with tidied(), ExitStack() as stack:
        pipes = [_begin(part, stack) for part in parts]
        return _first_wrong(map(_heard, pipes))


def _first_wrong(verdicts: Iterable[Verdict]) -> Verdict:
    verdict = Verdict("died", "nothing was checked")
    for verdict in verdicts:
        if not verdict.passed:
            break
    return verdict


def _begin(part: Callable[[], Verdict], stack: ExitStack) -> BinaryIO:
    """Starts a part, which ends with the stack; where its verdict can be read."""
    hears, says = os.pipe()
    if pid := os.fork():
        os.close(says)
        stack.callback(_end, pid)
        return stack.enter_context(open(hears, "rb"))
    here, before = os.getpid(), integrity.fingerprint()
    try:
        keep_orphans()
        verdict = part()
        verdict = (os.environ.get(GUARDED) and integrity.tampering(before)) or verdict
        if os.getpid() == here:  # (and not a copy that the answer has made of it)
            os.write(says, json.dumps([verdict.status, verdict.message, verdict.hint]).encode())
    finally:
        os._exit(0)  # nothing of what comes behind the check is for the copy


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _heard(pipe: BinaryIO) -> Verdict:
    said = pipe.read()
    if not said:
        return Verdict("died", "the process of the check ended without a verdict")
    status, message, hint = json.loads(said)
    return Verdict(status, message, hint)

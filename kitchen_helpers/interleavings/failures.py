"""What went wrong in a run: who raised what, or who waits for whom."""

from __future__ import annotations

import linecache
from collections.abc import Iterator

from .expressions import INVENTED_LINE
from .kinds import is_library
from .models.conditions import Condition
from .naming import Names
from .scheduler import Run
from .threads import VirtualThread
from .verdict import Failure, Wait


def failure_of(run: Run, names: Names | None = None) -> Failure | None:
    """What went wrong in a run that has come to its end; None if nothing did."""
    failed = run.failed
    waiting = [t for t in run.threads if not t.done and not t.daemon]
    if failed is None and not waiting and run.ending != "livelock":
        return None
    waits = tuple(_waits(waiting, names or Names(run.program)))
    if failed is not None:
        error = failed.error
        assert error is not None
        line, source = _raised_at(error)
        where = "the program" if failed is run.main else failed.name
        return Failure("exception", f"{_message(error, source)} in {where}", failed.name, line, waits, (), error)
    if run.ending == "livelock":
        numbers, escapable, _ = run.detail
        looping = [t for t in run.threads if t.number in numbers]
        text = f"{_listed([t.name for t in looping])} {_verb(looping, 'go')} round in circles for ever"
        if escapable and len(looping) > 1:
            text += ", although another order of the same steps may end it"
        return Failure("livelock", text, None, _line(looping[0]), waits)
    if not waiting:
        return None
    spinning = [t for t in waiting if t.impatient or (t.waiting is not None and t.waiting[0] == "change")]
    if spinning:
        who = f"{_listed([t.name for t in spinning])} {_verb(spinning, 'go')}"
        return Failure(
            "livelock", f"{who} round in circles, waiting for what nobody will change", None, _line(spinning[0]), waits
        )
    cycle = _cycle(waiting)
    named = [t for t in waiting if t is not run.main] or waiting
    text = f"{_listed([t.name for t in named])} {_verb(named, 'wait')} for ever"
    return Failure("deadlock", text, None, None, waits, tuple(cycle))


def _line(thread: VirtualThread) -> int | None:
    return thread.site.line if thread.site is not None else None


def _verb(threads: list[VirtualThread], verb: str) -> str:
    return verb if len(threads) > 1 else {"go": "goes", "wait": "waits"}[verb]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _raised_at(error: BaseException) -> tuple[int | None, str]:
    """The last line of the reader's that the exception passed."""
    line, source = None, ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        module = trace.tb_frame.f_globals.get("__name__")
        if trace.tb_lineno < INVENTED_LINE and not is_library(code.co_filename, module):
            text = linecache.getline(code.co_filename, trace.tb_lineno).strip()
            if text:
                line, source = trace.tb_lineno, text
        trace = trace.tb_next
    return line, source


def _message(error: BaseException, source: str) -> str:
    text = str(error)
    if isinstance(error, AssertionError) and not text and hasattr(error, "is_not_so"):
        text = error.is_not_so
    elif isinstance(error, AssertionError) and not text and source.startswith("assert"):
        text = source.removeprefix("assert").strip() + " is not so"
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def _waits(waiting: list[VirtualThread], names: Names) -> Iterator[Wait]:
    for thread in waiting:
        site = thread.site
        yield Wait(
            thread.name,
            awaited(thread, names),
            tuple(t.name for t in holders(thread)),
            site.line if site else 0,
            site.source if site else "",
            tuple(dict.fromkeys(names.of(lock, "lock") for lock in thread.held)),
            site.file if site else "",
        )


def awaited(thread: VirtualThread, names: Names) -> str:
    if thread.waiting is not None:
        what, target = thread.waiting
        return f"the end of {target.name}" if what == "end" else "a change that nobody makes"
    target = thread.target
    name = names.of(target, getattr(target, "what", "its turn"))
    if thread.doing == "wake":
        return f"a notification of {name}" if _unnotified(thread) else f"the lock of {name}"
    return {
        "get": f"{name} (empty)",
        "put": f"{name} (full)",
        "join": f"the tasks of {name}",
        "pass": f"{name} (not full)",
        "result": f"the result of {name}",
        "take": f"a task of {name}",
    }.get(thread.doing, name)


def _unnotified(thread: VirtualThread) -> bool:
    return isinstance(thread.target, Condition) and any(w.thread is thread for w in thread.target.waiters)


def holders(thread: VirtualThread) -> list[VirtualThread]:
    """Who would have to do something before this thread can go on."""
    if thread.waiting is not None:
        return [thread.waiting[1]] if thread.waiting[0] == "end" else []
    target = thread.target
    if isinstance(target, Condition):
        target = None if _unnotified(thread) else target.lock
    owner = getattr(target, "owner", None)
    return [owner] if owner is not None else []


def _cycle(waiting: list[VirtualThread]) -> list[str]:
    """A circle of threads in which each waits for the next one."""
    for start in waiting:
        path = [start]
        while True:
            following = holders(path[-1])
            if not following:
                break
            if following[0] in path:
                return [t.name for t in path[path.index(following[0]) :]]
            path.append(following[0])
    return []

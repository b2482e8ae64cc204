"""Tell what happened in a run: the steps in words, the objects by the reader's names, who waits for whom."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from .kinds import CLASS, CONTAINER, FUNCTION, INSTANCE, SCALARS, kind_of
from .models.base import Model
from .models.conditions import Condition
from .scheduler import Run, VirtualThread
from .search import Search
from .sites import Site
from .verdict import Counterexample, Failure, Step, Wait

LONGEST = 40
"""Characters of a value that are shown."""


class _Entry:
    __slots__ = ("blocked", "depth", "doing", "held", "name", "site", "target", "thread", "value")

    def __init__(self, thread: VirtualThread, site: Site | None, doing: str, target: Any, name: str, value: Any):
        self.thread = thread
        self.site = site
        self.doing = doing
        self.target = target
        self.name = name
        self.value = short(value)
        self.held = list(thread.held)
        self.blocked = [t for t in thread.run.threads if not t.done and is_blocked(t)]
        self.depth = thread.run.strategy.depth  # type: ignore[attr-defined]


class Log:
    """Writes down the steps of a run that is to be shown."""

    def __init__(self, program: Callable[[], Any], loud: bool = False):
        self.entries: list[_Entry] = []
        self.loud = loud
        self.program = program
        self.frame: types.FrameType | None = None

    def append(
        self, thread: VirtualThread, site: Site | None, doing: str, target: Any, name: str, value: Any
    ) -> None:
        if doing == "write" and kind_of(type(target)) == CONTAINER:
            value = target
        if doing in ("notify", "start"):
            value = None if doing == "start" else [t.name for t in value]
        self.entries.append(_Entry(thread, site, doing, target, name, value))
        if self.frame is None and thread is thread.run.main:
            frame: types.FrameType | None = sys._getframe(1)
            code = getattr(getattr(self.program, "__func__", self.program), "__code__", None)
            while frame is not None and frame.f_code is not code:
                frame = frame.f_back
            self.frame = frame


def is_blocked(thread: VirtualThread) -> bool:
    return thread.waiting is not None or (thread.parked and thread.ready is not None and not thread.ready())


def short(value: Any, depth: int = 0) -> str:
    """A value in a few characters, without addresses."""
    cls = type(value)
    if value is None or cls in SCALARS:
        text = repr(value)
    elif depth > 3:
        text = "…"
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{short(k, depth + 1)}: {short(v, depth + 1)}" for k, v in list(value.items())[:8]) + "}"
    elif isinstance(value, tuple | list | set | frozenset) or type(value).__name__ == "deque":
        inner = ", ".join(short(v, depth + 1) for v in list(value)[:8])
        opening, closing = {"tuple": "()", "set": "{}", "frozenset": "{}"}.get(cls.__name__, "[]")
        text = opening + inner + ("," if cls is tuple and len(value) == 1 else "") + closing
    elif isinstance(value, VirtualThread):
        text = value.name
    elif kind_of(cls) in (FUNCTION, CLASS):
        text = getattr(value, "__name__", cls.__name__)
    elif isinstance(value, Model):
        text = f"a {value.what}"
    elif isinstance(value, BaseException):
        text = f"{cls.__name__}({', '.join(short(a, depth + 1) for a in value.args)})"
    else:
        text = f"a {cls.__name__}"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


# -- failures ---------------------------------------------------------------------------------------------------------


def failure_of(run: Run) -> Failure | None:
    """What went wrong in a run that has come to its end; None if nothing did."""
    failed = next((t for t in run.threads if t.error is not None), None)
    waiting = [t for t in run.threads if not t.done and not t.daemon and t.started]
    if failed is not None:
        error = failed.error
        assert error is not None
        line, source = _raised_at(error)
        text = _message(error, source)
        where = "the program" if failed is run.main else failed.name
        return Failure(
            "exception", f"{text} in {where}", failed.name, line, tuple(_waits(run, waiting, {})), (), error
        )
    if run.ending == "livelock":
        numbers, escapable = run.detail
        names = [t.name for t in run.threads if t.number in numbers]
        text = f"{_listed(names)} {'goes' if len(names) == 1 else 'go'} round in circles for ever"
        if escapable and len(numbers) > 1:
            text += ", although another order of the same steps may end it"
        looping = next(t for t in run.threads if t.number in numbers)
        return Failure("livelock", text, None, looping.site.line if looping.site else None, tuple(_waits(run, waiting, {})))
    if not waiting:
        return None
    spinning = [t for t in waiting if t.impatient or (t.waiting is not None and t.waiting[0] == "change")]
    if spinning:
        names = [t.name for t in spinning]
        text = f"{_listed(names)} {'goes' if len(names) == 1 else 'go'} round in circles, waiting for what nobody will change"
        return Failure("livelock", text, None, spinning[0].site.line if spinning[0].site else None, tuple(_waits(run, waiting, {})))
    names = [t.name for t in waiting]
    text = f"{_listed(names)} {'waits' if len(names) == 1 else 'wait'} for ever"
    return Failure("deadlock", text, None, None, tuple(_waits(run, waiting, {})), tuple(_cycle(waiting)))


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _raised_at(error: BaseException) -> tuple[int | None, str]:
    import linecache

    line, source = None, ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "kitchen_helpers/interleavings" not in code.co_filename.replace("\\", "/") and trace.tb_lineno < 1_000_000:
            text = linecache.getline(code.co_filename, trace.tb_lineno).strip()
            if text and "kitchen" not in code.co_name:
                from .kinds import is_library

                if line is None or not is_library(code.co_filename, trace.tb_frame.f_globals.get("__name__")):
                    line, source = trace.tb_lineno, text
        trace = trace.tb_next
    return line, source


def _message(error: BaseException, source: str) -> str:
    text = str(error)
    if isinstance(error, AssertionError) and not text and source.startswith("assert"):
        text = source.removeprefix("assert").strip() + " is not so"
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def _waits(run: Run, waiting: list[VirtualThread], names: dict[int, str]) -> Iterator[Wait]:
    for thread in waiting:
        site = thread.site
        holders = [t.name for t in holders_of(thread)]
        yield Wait(
            thread.name,
            _awaited(thread, names),
            tuple(holders),
            site.line if site else 0,
            site.source if site else "",
            tuple(names.get(id(lock), "lock") for lock in thread.held),
        )


def _awaited(thread: VirtualThread, names: dict[int, str]) -> str:
    if thread.waiting is not None:
        what, target = thread.waiting
        return f"the end of {target.name}" if what == "end" else "a change that nobody makes"
    target = thread.target
    name = names.get(id(target), getattr(target, "what", "its turn"))
    if thread.doing == "wake":
        return f"a notification of {name}" if isinstance(target, Condition) and _unnotified(thread) else f"the lock of {name}"
    words = {"get": f"{name} (empty)", "put": f"{name} (full)", "join": f"the tasks of {name}", "pass": f"{name} (not full)"}
    return words.get(thread.doing, name)


def _unnotified(thread: VirtualThread) -> bool:
    return any(w.thread is thread for w in thread.target.waiters)


def holders_of(thread: VirtualThread) -> list[VirtualThread]:
    """Who would have to do something before this thread can go on."""
    if thread.waiting is not None:
        return [thread.waiting[1]] if thread.waiting[0] == "end" else []
    target = thread.target
    if isinstance(target, Condition):
        target = None if _unnotified(thread) else target.lock
    owner = getattr(target, "owner", None)
    return [owner] if owner is not None else []


def _cycle(waiting: list[VirtualThread]) -> list[str]:
    for start in waiting:
        path = [start]
        while True:
            following = holders_of(path[-1])
            if not following:
                break
            if following[0] in path:
                return [t.name for t in path[path.index(following[0]) :]]
            path.append(following[0])
    return []


# -- names ------------------------------------------------------------------------------------------------------------


def _names(log: Log) -> dict[int, str]:
    """What the reader calls the objects: variables of the program, its closures and globals, and their attributes."""
    names: dict[int, str] = {}
    function = getattr(log.program, "__func__", log.program)
    level: list[tuple[str, Any]] = []
    if log.frame is not None:
        level.extend((n, v) for n, v in dict(log.frame.f_locals).items() if not n.startswith("_kitchen"))
    if isinstance(function, types.FunctionType):
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                level.append((name, cell.cell_contents))
            except ValueError:
                continue
        used = _all_names(function.__code__)
        level.extend((n, function.__globals__[n]) for n in sorted(used) if n in function.__globals__)
    for _ in range(4):
        following: list[tuple[str, Any]] = []
        for name, value in level:
            kind = kind_of(type(value))
            if kind in (FUNCTION, CLASS) or type(value) in SCALARS or id(value) in names:
                continue
            names[id(value)] = name
            if kind == INSTANCE:
                following.extend((f"{name}.{n}", v) for n, v in getattr(value, "__dict__", {}).items())
            elif isinstance(value, list | tuple):
                following.extend((f"{name}[{i}]", v) for i, v in enumerate(value[:20]))
            elif isinstance(value, dict):
                following.extend((f"{name}[{k!r}]", v) for k, v in list(value.items())[:20] if type(k) in SCALARS)
            elif isinstance(value, Condition):
                following.append((f"{name}", value.lock))
        level = following
    return names


def _all_names(code: types.CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _all_names(constant)
    return names


# -- the story --------------------------------------------------------------------------------------------------------


def tell(
    run: Run, search: Search, log: Log, failure: Failure | None, schedule: str
) -> tuple[Failure | None, Counterexample | None]:
    """The counterexample of a run that was written down, and its failure with the reader's names in it."""
    names = _names(log)
    for number, (real, model) in run.shadows.items():
        if number in names:
            names.setdefault(id(model), names[number])
        del real
    names.update({id(t): t.name for t in run.threads})
    if failure is None:
        return None, None
    waiting = [t for t in run.threads if not t.done and not t.daemon and t.started]
    failure = Failure(
        failure.kind,
        failure.message,
        failure.thread,
        failure.line,
        tuple(_waits(run, waiting, names)),
        failure.cycle,
        failure.exception,
    )
    steps = _steps(run, log, names, search)
    last = search.nodes[-1] if search.nodes else None
    started = [t.name for t in run.threads if t is not run.main]
    if any(s.thread == "main" for s in steps):
        started = ["main", *started]
    counterexample = Counterexample(
        tuple(steps),
        last.preemptions + last.preempts() if last is not None else 0,
        schedule,
        tuple(started),
        failure,
        getattr(log.program, "__name__", "program"),
    )
    return failure, counterexample


def _steps(run: Run, log: Log, names: dict[int, str], search: Search) -> list[Step]:
    steps: list[Step] = []
    before: _Entry | None = None
    for entry in log.entries:
        if entry.doing == "start":
            continue
        switch = ""
        if before is not None and before.thread is not entry.thread:
            switch = _switch(before, entry, run, search)
        words, target, value = _words(entry, names)
        steps.append(
            Step(
                number=len(steps) + 1,
                thread=entry.thread.name,
                kind=_KINDS.get(entry.doing, entry.doing),
                action=words,
                object=target,
                value=value,
                line=entry.site.line if entry.site else 0,
                source=entry.site.source if entry.site else "",
                file=entry.site.file if entry.site else "",
                switch=switch,
                holds=tuple(names.get(id(lock), "lock") for lock in entry.held),
                blocked=tuple(t.name for t in entry.blocked),
            )
        )
        before = entry
    return steps


def _switch(before: _Entry, entry: _Entry, run: Run, search: Search) -> str:
    """Why another thread went on."""
    for node in search.nodes[before.depth : entry.depth]:
        if node.last == before.thread.number:
            if node.preempts():
                return "preempted"
            break
    if before.thread in entry.blocked:
        return "blocked"
    return "ended" if before.thread.done and not any(
        e.thread is before.thread for e in run.log.entries[run.log.entries.index(entry) :]  # type: ignore[union-attr]
    ) else "blocked"


_KINDS = {
    "delete": "write", "await": "wait", "look": "read", "set": "notify", "clear": "write", "put": "write", "get": "read",
    "spurious": "wake", "arrive": "wait", "pass": "wake", "take": "read", "submit": "write", "result": "read",
    "idle": "end", "finish": "write", "finished": "write", "cancelled": "write", "run": "call", "task_done": "write",
    "join": "join", "shutdown": "write", "abort": "write", "reset": "write",
}  # fmt: skip


def _words(entry: _Entry, names: dict[int, str]) -> tuple[str, str, str | None]:
    """An entry as words for the reader: the action, the object, the value."""
    doing, site, value = entry.doing, entry.site, entry.value
    target = entry.target
    known = names.get(id(target))
    text = site.text if site is not None else ""
    if doing in ("read", "write", "delete"):
        if target is None:
            what = full = entry.name or text
        elif kind_of(type(target)) == CONTAINER:
            what = full = known or text.removeprefix("self.").rpartition("." + entry.name)[0] or text
            if entry.name.startswith("["):
                what = full = what + entry.name
            elif entry.name:
                verb = "asks" if doing == "read" else "calls"
                return f"{verb} {what}.{entry.name}()" + (f" → {value}" if doing == "read" else f": {value}"), what, value
        else:
            what = entry.name or text
            base = known or (text.rpartition(".")[0] if text.rpartition(".")[0] not in ("", "self") else "")
            full = f"{base}.{what}" if base and entry.name else what
        if doing == "read":
            return f"reads {what} → {value}", full, value
        if doing == "write":
            return f"writes {what} ← {value}", full, value
        return f"deletes {what}", full, None
    what = known or _from_site(text) or getattr(target, "what", "")
    sentences = {
        "acquire": f"acquires {what}",
        "release": f"releases {what}",
        "try": f"finds {what} " + (value.strip("'") if value in ("'full'", "'empty'") else "taken"),
        "wait": f"waits for {what}, releases its lock",
        "wake": f"wakes up, has the lock of {what} again",
        "expire": f"has waited long enough for {what}",
        "spurious": f"wakes up for no reason at {what}",
        "notify": f"notifies {value.strip('[]') or 'nobody'}".replace("'", "") + f" at {what}",
        "await": f"waits for {what} → {value}",
        "set": f"sets {what}",
        "clear": f"clears {what}",
        "look": f"looks at {what} → {value}",
        "put": f"puts {value} into {what}",
        "get": f"gets {value} from {what}",
        "sleep": f"sleeps {value} s",
        "task_done": f"marks a task of {what} as done",
        "join": f"has seen all tasks of {what} done",
        "arrive": f"arrives at {what} as number {value}",
        "pass": f"passes {what}",
        "submit": f"submits {value} to {what}",
        "take": f"takes {value} from {what}",
        "result": f"looks at the result of {what} → {value}",
        "shutdown": f"shuts {what} down",
    }
    shown = value if doing in ("put", "get", "look", "task_done", "arrive") else None
    if doing in ("acquire", "release") and value != "None":
        shown = value
    return sentences.get(doing, f"{doing} {what}".strip()), what, shown


def _from_site(text: str) -> str:
    """The object in the expression of a call: "self.lock.acquire" is about lock."""
    base = text.rpartition(".")[0] if text.endswith((".acquire", ".release", ".wait", ".notify", ".notify_all", ".put", ".get", ".set", ".clear")) else text
    return base.removeprefix("self.") if base.replace(".", "").replace("_", "").isalnum() else ""

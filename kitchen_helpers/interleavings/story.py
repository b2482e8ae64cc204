"""Tell what happened in a run: its steps in words, with the reader's names, and what was lost."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from .failures import failure_of
from .kinds import CONTAINER, is_a, kind_of
from .models.base import Model
from .models.locks import Event, Semaphore
from .models.queues import Queue
from .naming import Names, short
from .scheduler import Run
from .schedules import encode
from .search import Search, steps_of
from .sites import Site
from .threads import VirtualThread
from .verdict import Counterexample, Failure, Schedule, Step


class _Entry:
    """One step, as it was written down while it happened."""

    __slots__ = (
        *("blocked", "depth", "doing", "held", "name", "site", "spinning", "state", "target", "thread"),
        "value",
    )

    def __init__(self, thread: VirtualThread, site: Site | None, doing: str, target: Any, name: str, value: Any):
        self.thread = thread
        self.site = site
        self.doing = doing
        self.target = target
        self.name = name
        self.value = ", ".join(value) if doing == "notify" and is_a(value, list) else short(value)
        self.state = _state(target)
        self.held = list(thread.held)
        self.blocked = [t for t in thread.run.threads if not t.done and is_blocked(t)]
        self.spinning: list[VirtualThread] = []
        """Who goes round a loop before this step, waiting for a change."""
        self.depth = int(thread.run.strategy.depth)


class Log:
    """Writes down the steps of a run that is to be shown."""

    def __init__(self, program: Callable[[], Any], loud: bool = False):
        self.entries: list[_Entry] = []
        self.loud = loud
        self.program = program
        self.names = Names(program)
        self.unfinished: dict[VirtualThread, tuple[int, _Entry]] = {}
        """The last step of each thread if nothing was told of it, and what goes before: it has failed, if its thread has."""
        self.spinning: list[VirtualThread] = []

    def begun(self, thread: VirtualThread) -> None:
        """A step happens now. What came of it is told by `append`, but for an exception."""
        self.spinning = [t for t in thread.run.threads if is_spinning(t)]
        entry = _Entry(thread, thread.site, "fail", thread.target, "", None)
        entry.spinning = self.spinning
        self.unfinished.pop(thread, None)  # the latest comes last
        self.unfinished[thread] = len(self.entries), entry

    def told(self) -> list[_Entry]:
        """All steps in order, with those at which a thread failed."""
        failed = [(at, entry) for thread, (at, entry) in self.unfinished.items() if thread.error is not None]
        entries = list(self.entries)
        for more, (at, entry) in enumerate(failed):
            entries.insert(at + more, entry)
        return entries

    def append(self, thread: VirtualThread, site: Site | None, doing: str, target: Any, name: str, value: Any) -> None:
        self.names.look_at(sys._getframe(1))
        if doing == "notify":
            value = [t.name for t in value] if is_a(value, list) else []
        self.unfinished.pop(thread, None)
        if doing != "start":
            self.entries.append(_Entry(thread, site, doing, target, name, value))
            self.entries[-1].spinning = self.spinning


def is_spinning(thread: VirtualThread) -> bool:
    """Does it go round a loop that only another thread's change can end?"""
    return thread.impatient or (thread.waiting is not None and thread.waiting[0] == "change")


def is_blocked(thread: VirtualThread) -> bool:
    if is_spinning(thread):
        return False
    return thread.waiting is not None or (thread.parked and thread.ready is not None and not thread.ready())


def _state(target: Any) -> str | None:
    """What an object holds now."""
    if is_a(target, Queue):
        return short(list(target.items))
    if is_a(target, Semaphore):
        return str(target.value)
    if is_a(target, Event):
        return str(target.flag)
    return short(target) if kind_of(type(target)) == CONTAINER else None


def tell(run: Run, search: Search, log: Log) -> tuple[Failure | None, Counterexample | None]:
    """The failure of a run that was written down, with its counterexample; None and None if it did not fail."""
    name_all(run, log)
    failure = failure_of(run, log.names)
    if failure is None:
        return None, None
    return failure, Counterexample(**_schedule(run, search, log), failure=failure)


def tell_all(run: Run, search: Search, log: Log) -> Schedule:
    """The steps of a run that was written down and did not fail."""
    name_all(run, log)
    return Schedule(**_schedule(run, search, log), failure=Failure("none", "nothing fails in this schedule"))


def name_all(run: Run, log: Log) -> None:
    """The reader's names for what the steps are about, and numbers for what is of one kind and has none."""
    log.names.complete(run.shadows)
    nameless: dict[str, dict[int, None]] = {}
    for entry in log.told():
        text = entry.site.text if entry.site is not None else ""
        if is_a(entry.target, Model) and not log.names.of(entry.target) and not _of_call(text):
            nameless.setdefault(entry.target.what, {})[id(entry.target)] = None
    for what, alike in nameless.items():
        if len(alike) > 1:
            log.names.found |= {key: f"{what} {number}" for number, key in enumerate(alike, 1)}


def _schedule(run: Run, search: Search, log: Log) -> dict[str, Any]:
    steps = _steps(run, log, search)
    threads = [t.name for t in run.threads if t is not run.main]
    if any(s.thread == "main" for s in steps):
        threads = ["main", *threads]
    last = search.nodes[-1] if search.nodes else None
    return {
        "steps": tuple(steps),
        "preemptions": last.preemptions + last.preempts() if last is not None else 0,
        "schedule": encode(steps_of(search.nodes), run.strict),
        "threads": tuple(threads),
        "program": getattr(log.program, "__name__", "program"),
        "loop": _loop(run, log),
    }


def _loop(run: Run, log: Log) -> int:
    """From which step on a livelock repeats itself; 0 if it is none."""
    if run.ending != "livelock":
        return 0
    return next((i for i, e in enumerate(log.told(), 1) if e.depth > run.detail[2]), 0)


def _steps(run: Run, log: Log, search: Search) -> list[Step]:
    steps: list[Step] = []
    entries = log.told()
    lost = _lost_updates(entries)
    for index, entry in enumerate(entries):
        before = entries[index - 1] if index else None
        switch = ""
        if before is not None and before.thread is not entry.thread:
            switch = _switch(before, entry, entries[index:], search)
        words, target, value = _words(entry, log.names)
        site = entry.site
        steps.append(
            Step(
                number=index + 1,
                thread=entry.thread.name,
                kind=_KINDS.get(entry.doing, entry.doing),
                action=words,
                object=target,
                value=value,
                line=site.line if site else 0,
                source=site.source if site else "",
                file=site.file if site else "",
                switch=switch,
                holds=tuple(dict.fromkeys(log.names.of(lock, "lock") for lock in entry.held)),
                blocked=tuple(t.name for t in entry.blocked),
                note=lost.get(index, ""),
            )
        )
    return steps


def _lost_updates(entries: list[_Entry]) -> dict[int, str]:
    """Writes that rest on a value read before another thread's write: that write is lost."""
    read_at: dict[tuple[int, str, int], int] = {}
    written: dict[tuple[int, str], list[tuple[int, VirtualThread]]] = {}
    notes = {}
    for index, entry in enumerate(entries):
        place = (id(entry.target) if entry.target is not None else 0, entry.name)
        if "(" in entry.name or (entry.doing not in ("read", "write")):
            continue
        mine = (*place, entry.thread.number)
        if entry.doing == "read":
            read_at[mine] = index
            continue
        since = read_at.pop(mine, index)
        others = [t for i, t in written.get(place, ()) if i > since and t is not entry.thread]
        if others:
            notes[index] = f"{others[-1].name}'s update is lost"
        written.setdefault(place, []).append((index, entry.thread))
    return notes


def _switch(before: _Entry, entry: _Entry, rest: list[_Entry], search: Search) -> str:
    """Why another thread went on."""
    for node in search.nodes[before.depth : entry.depth]:
        if node.last == before.thread.number:
            if node.preempts():
                return "preempted"
            break
    if before.thread.done and not any(e.thread is before.thread for e in rest):
        return "ended"
    return "spins" if before.thread in entry.spinning else "blocked"


_KINDS = {
    "delete": "write", "await": "wait", "look": "read", "set": "notify", "clear": "write", "put": "write", "get": "write",
    "spurious": "wake", "arrive": "wait", "pass": "wake", "take": "write", "submit": "write", "result": "read",
    "idle": "end", "finish": "write", "finished": "write", "cancelled": "write", "run": "call", "task_done": "write",
    "shutdown": "write", "abort": "write", "reset": "write",
}  # fmt: skip

_SENTENCES = {
    "acquire": "acquires {what}",
    "release": "releases {what}",
    "wait": "waits at {what}",
    "wake": "wakes up at {what}",
    "abort": "breaks {what}",
    "reset": "resets {what}",
    "expire": "stops waiting at {what}",
    "spurious": "wakes up at {what} for no reason",
    "set": "sets {what}",
    "clear": "clears {what}",
    "look": "looks at {what} → {value}",
    "put": "puts {value} into {what}",
    "get": "gets {value} from {what}",
    "sleep": "sleeps {value} s",
    "task_done": "task of {what} done",
    "join": "sees all of {what} done",
    "arrive": "arrives at {what}",
    "pass": "passes {what}",
    "submit": "submits {value}",
    "take": "takes {value}",
    "run": "begins its task",
    "finished": "finishes its task",
    "result": "looks at the result",
    "shutdown": "shuts {what} down",
    "end": "ends",
    "call": "calls {name}()",
}


def _words(entry: _Entry, names: Names) -> tuple[str, str, str | None]:
    """An entry for the reader: the action in words, the object, and its value."""
    if entry.doing in ("read", "write", "delete"):
        return _data_words(entry, names)
    text = entry.site.text if entry.site is not None else ""
    target = entry.target
    if entry.doing == "fail":
        return f"{text or 'fails'} → {type(entry.thread.error).__name__}", "", None
    if is_a(target, VirtualThread):
        return f"looks whether {target.name} has ended → {entry.value}", target.name, None
    what = names.of(target) or _of_call(text) or getattr(target, "what", "")
    if entry.doing == "notify":
        return f"notifies {entry.value or 'nobody'}", what, None
    if entry.doing == "try":
        found = entry.value.strip("'") if entry.value in ("'full'", "'empty'") else "taken"
        return f"finds {what} {found}", what, entry.state
    if entry.doing == "await":
        return (f"sees {what} set" if entry.value == "True" else f"gives up on {what}"), what, entry.state
    sentence = _SENTENCES.get(entry.doing, entry.doing + " {what}")
    return sentence.format(what=what, value=entry.value, name=entry.name).strip(), what, entry.state


def _data_words(entry: _Entry, names: Names) -> tuple[str, str, str | None]:
    target, name, value = entry.target, entry.name, entry.value
    text = entry.site.text if entry.site is not None else ""
    if name == "next(":
        what = names.of(target) or "an iterator"
        return f"takes {value} from {what}", what, None
    if target is None:
        what = whole = name or text
    elif kind_of(type(target)) == CONTAINER:
        what = names.of(target) or (text.rpartition(".")[0] if "(" in name else text).removeprefix("self.") or "it"
        if name.startswith("["):
            what = whole = what + name
        elif name.endswith("("):  # a built-in function of it
            return f"reads {name}{what}) → {value}", what, None
        elif "(" in name:
            words = f"{what}.{name}" + (f" → {value}" if entry.doing == "read" or value != "None" else "")
            return words, what, entry.state if entry.doing == "write" else None
        else:
            value, whole = entry.state or value, what
    else:
        base = names.of(target)
        what = name or text
        whole = f"{base}.{name}" if base and name else what
    if entry.doing == "read":
        return f"reads {what} → {value}", whole, value
    if entry.doing == "write":
        return f"writes {what} ← {value}", whole, value
    return f"deletes {what}", whole, None


def _of_call(text: str) -> str:
    """The object in the expression of a call: "self.lock.acquire" is about lock."""
    base, _, last = text.rpartition(".")
    methods = {"acquire", "release", "wait", "wait_for", "notify", "notify_all", "put", "get", "set", "clear", "is_set"}
    methods |= {"abort", "reset"}
    chosen = (base if last in methods else text).removeprefix("self.")
    return chosen if chosen.replace(".", "").replace("_", "").isalnum() else ""

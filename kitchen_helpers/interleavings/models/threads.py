"""Threads, timers, thread-local data, sleeping and clocks, as the program under exploration sees them."""

from __future__ import annotations

import random
import threading
from typing import Any

from ..threads import READ, WRITE, VirtualThread, current
from .base import Model
from .locks import Event


def _virtual(thread: VirtualThread, real: threading.Thread) -> VirtualThread | None:
    for known in thread.run.threads:
        if known.real is real:
            return known
    return None


def start(real: threading.Thread) -> None:
    thread = current()
    if thread is None:
        real.start()
        return
    if not getattr(real, "_initialized", False):
        raise RuntimeError("thread.__init__() not called")
    if _virtual(thread, real) is not None:
        raise RuntimeError("threads can only be started once")
    name_anew(thread, real)
    run = thread.run
    session = run.session
    if run.sharing.thread_ends:
        sync(thread, "start", real, (("end", id(real)), WRITE))
    if isinstance(real, threading.Timer) and type(real).run is threading.Timer.run:
        job = _timer_job(real)
    elif type(real).run is threading.Thread.run:
        target, args, kwargs = real._target, real._args, real._kwargs  # type: ignore[attr-defined]

        def job() -> None:
            if target is not None:
                session.call(target, *args, **kwargs)
    else:
        session.ensure(type(real))
        job = real.run
    path = (*thread.path, thread.children)
    thread.children += 1
    virtual = run.add(path, real.name, job, thread, bool(real.daemon))
    virtual.real = real
    if run.log is not None:
        run.log.append(thread, thread.call_site, "start", virtual, "", None)


def name_anew(thread: VirtualThread, real: threading.Thread) -> None:
    """The numbers of threads without a name go on from run to run: count them anew in each."""
    name = getattr(real, "_name", "")
    if name.startswith("Thread-") and not hasattr(real, "_kitchen_named"):
        real._kitchen_named = True  # type: ignore[attr-defined]
        _, space, function = name.partition(" (")
        real._name = f"Thread-{thread.run.next_thread_name()}{space}{function}"  # type: ignore[attr-defined]


def sync(thread: VirtualThread, doing: str, target: Any, *accesses: Any) -> None:
    """A step that is no operation of a primitive."""
    if thread.run.solo:
        return
    thread.run.step(thread, thread.call_site, doing, target, accesses)
    thread.steps += 1
    for key, mode in accesses:
        if mode == READ:
            thread.looked.append((key, thread.run.versions.get(key, 0)))
        else:
            thread.run.changed(thread, key)


def join(real: threading.Thread, timeout: float | None = None) -> None:
    thread = current()
    if thread is None:
        real.join(timeout)
        return
    run = thread.run
    other = run.main if real is threading.main_thread() else _virtual(thread, real)
    if other is None:
        raise RuntimeError("cannot join thread before it is started")
    if other is thread:
        raise RuntimeError("cannot join current thread")
    if timeout is not None:
        ends_matter(thread)
        sync(thread, "try", other, (other.end_key, READ))
        if not other.done:
            return
    elif not other.done:
        run.wait(thread, thread.call_site, "end", other)
    run.joined(thread, other)


def ends_matter(thread: VirtualThread) -> None:
    """Somebody can tell whether a thread is alive: from now on its end is a step."""
    sharing = thread.run.sharing
    if not sharing.thread_ends:
        sharing.thread_ends = sharing.learned = True


def is_alive(real: threading.Thread) -> bool:
    thread = current()
    if thread is None:
        return real.is_alive()
    ends_matter(thread)
    other = run_main(thread, real)
    key = ("end", id(real)) if other is None or other.real is not None else other.end_key
    sync(thread, "look", other, (key, READ))
    other = run_main(thread, real)
    alive = other is not None and not other.done
    if thread.run.log is not None:
        thread.run.log.append(thread, thread.call_site, "look", other, "", alive)
    return alive


def run_main(thread: VirtualThread, real: threading.Thread) -> VirtualThread | None:
    return thread.run.main if real is threading.main_thread() else _virtual(thread, real)


def current_thread() -> threading.Thread:
    thread = current()
    if thread is None:
        return threading.current_thread()
    return thread.real if thread.real is not None else threading.main_thread()


def get_ident() -> int:
    thread = current()
    return threading.get_ident() if thread is None else _ident(thread)


def _ident(thread: VirtualThread) -> int:
    return 1_000 + thread.number


def ident_of(thread: VirtualThread, real: threading.Thread) -> int | None:
    """`real.ident`, as seen by `thread`."""
    found = run_main(thread, real)
    return None if found is None else _ident(found)


def alive_threads() -> list[threading.Thread]:
    thread = current()
    if thread is None:
        return threading.enumerate()
    ends_matter(thread)
    sync(thread, "look", None, *((t.end_key, READ) for t in thread.run.threads))
    return [t.real or threading.main_thread() for t in thread.run.threads if not t.done]


def active_count() -> int:
    return len(alive_threads())


# -- timers -----------------------------------------------------------------------------------------------------------


def _cancelled(thread: VirtualThread, timer: threading.Timer) -> Event:
    event = thread.run.session.stand_in(thread, timer.finished)
    assert isinstance(event, Event)
    return event


def _timer_job(timer: threading.Timer) -> Any:
    def job() -> None:
        thread = current()
        assert thread is not None
        finished = _cancelled(thread, timer)
        finished.step("fire", ((finished.key, READ),))
        if not finished.flag:
            thread.run.session.call(timer.function, *timer.args, **timer.kwargs)
        finished.set()

    return job


def cancel(timer: threading.Timer) -> None:
    thread = current()
    if thread is None:
        timer.cancel()
        return
    event = _cancelled(thread, timer)
    event.set()


# -- data of one thread -----------------------------------------------------------------------------------------------


class Local(Model):
    """`threading.local`."""

    what = "thread-local data"

    def __getattribute__(self, name: str) -> Any:
        values = _values(self)
        if name == "__dict__":
            return values
        if name in values:
            return values[name]
        if name.startswith("__") and name.endswith("__"):
            return object.__getattribute__(self, name)
        raise AttributeError(f"'_thread._local' object has no attribute '{name}'")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"'_thread._local' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        _values(self)[name] = value
        thread = current()
        if thread is not None:
            thread.writes += 1

    def __delattr__(self, name: str) -> None:
        thread = current()
        if thread is not None:
            thread.writes += 1
        try:
            del _values(self)[name]
        except KeyError:
            raise AttributeError(name) from None

    def __init__(self) -> None:  # no clock: nothing is shared
        pass


def _values(local: Local) -> dict[str, Any]:
    thread = current()
    if thread is None:
        return {}
    values: dict[str, Any] = thread.locals.setdefault(id(local), {})
    thread.run.keep.append(local)
    return values


# -- time and chance --------------------------------------------------------------------------------------------------


def sleep(seconds: float) -> None:
    thread = current()
    if thread is None:
        return
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    thread.ticks += max(1, round(seconds * 1_000_000))
    sync(thread, "sleep", None)
    if thread.run.log is not None and not thread.run.solo:
        thread.run.log.append(thread, thread.call_site, "sleep", None, "", seconds)


def clock_ns() -> int:
    """A clock of the thread's own: it moves when the thread sleeps or looks at it, and is the same in every run."""
    thread = current()
    if thread is None:
        return 0
    only_one(thread, "the time")
    thread.ticks += 1_000 + thread.ticks // 50
    thread.writes += 1
    return 1_800_000_000_000_000_000 + thread.ticks * 1_000


def only_one(thread: VirtualThread, what: str) -> None:
    """Of the clock and of chance one sequence is tried: what hangs on them is not judged."""
    site = thread.call_site
    if site is not None and not site.idle:
        thread.run.sharing.refuse(site, f"it asks for {what}, of which only one sequence is tried")


def clock() -> float:
    return clock_ns() / 1e9


def chance() -> random.Random:
    """Random numbers of the thread's own, the same in every run."""
    thread = current()
    assert thread is not None
    if thread.random is None:
        thread.random = random.Random(f"kitchen {thread.number}")
    only_one(thread, "random numbers")
    thread.writes += 1
    return thread.random  # type: ignore[no-any-return]

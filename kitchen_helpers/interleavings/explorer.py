"""`explore` and `replay`: run schedule after schedule, look for the simplest failing one, and say what was found."""

from __future__ import annotations

import inspect
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from . import loops
from .failures import failure_of
from .naming import short
from .patience import wait
from .pool import start
from .scheduler import Run
from .schedules import decode, encode
from .search import Bounded, Fixed, Full, Reduced, Search, steps_of
from .session import Session
from .story import Log, tell, tell_all
from .threads import Kill, current, now
from .verdict import Counterexample, Exploration, Failure, Schedule

_SHRINKING_RUNS = 3_000
_FRAMES = 5
"""So many frames a call of the program takes at most while it is explored: the hooks take some, too."""
_busy = threading.Lock()
_PATIENCE = 10.0
"""Seconds to wait for the end of an earlier exploration."""


class _Findings:
    """What the runs so far have shown."""

    def __init__(self) -> None:
        self.schedules = 0
        self.outcomes: Counter[str] = Counter()
        self.final_states: Counter[Any] = Counter()
        self.failure: Failure | None = None
        self.choices: list[tuple[int, int]] = []
        self.preemptions = 0
        self.complete = False
        self.reason = ""
        self.notes: list[str] = []
        self.story: tuple[Failure | None, Counterexample | None] = (None, None)
        self.replayed: Schedule | None = None

    def so_far(self) -> str:
        if self.failure is not None:
            return "explore: it fails; looking for the simplest schedule that does"
        return f"explore: {self.schedules:,} schedules run, none failed"


def explore(
    program: Callable[[], Any],
    reduce: bool = True,
    strict: bool = False,
    max_schedules: int | None = None,
    seconds: float = 10,
    *,
    _all: bool = False,
) -> Exploration:
    """Run `program` under every interleaving of its visible steps.

    Parameters
    ----------
    program : a function without parameters that makes its own threads, starts and joins them, and asserts at the end.
    reduce : run one schedule of each set that differs only in the order of independent steps. With False every
        schedule is run, also after a failure, and `outcomes` counts how they ended.
    strict : explore all that the documentation of `threading` allows: `notify` wakes any waiter, and up to two waiters
        per run wake up for no reason.
    max_schedules, seconds : budgets; the verdict is "unfinished" when one of them is spent.

    Returns
    -------
    Exploration : verdict "holds", "fails" (with the simplest counterexample) or "unfinished" (with the reason).

    Raises
    ------
    TypeError, ValueError : `program` is not such a function, or a budget is not positive.
    """
    _check(program, max_schedules, seconds)
    begun = time.perf_counter()
    session = Session(program, strict, begun + seconds)
    found = _Findings()
    _in_thread(session, lambda: _search(session, found, reduce, max_schedules, stop=reduce and not _all), found, found.so_far)
    unjudged = list(session.sharing.unjudged)
    failure, counterexample = found.failure, None
    if failure is not None:
        failure, counterexample = found.story if found.story[0] is not None else (failure, None)
    if failure is not None:
        verdict, reason = "fails", ""
    elif found.complete and not unjudged and not found.reason:
        verdict, reason = "holds", ""
    else:
        verdict, reason = "unfinished", "; ".join(dict.fromkeys([*unjudged, *([found.reason] if found.reason else [])]))
    return Exploration(
        program=getattr(program, "__name__", "program"),
        verdict=verdict,  # type: ignore[arg-type]
        reason=reason,
        schedules=found.schedules,
        outcomes=dict(found.outcomes),
        failure=failure,
        counterexample=counterexample,
        reduced=reduce,
        strict=strict,
        seconds=time.perf_counter() - begun,
        notes=tuple(found.notes),
        final_states=dict(found.final_states),
    )


def replay(program: Callable[[], Any], schedule: str, seconds: float = 3600) -> Exploration:
    """Run exactly one schedule again, with the program's own prints, also under a debugger.

    `schedule` is the string of a counterexample (`exploration.counterexample.schedule`). One that does not fail is
    shown, too, and proves nothing: its verdict is "unfinished".

    Raises
    ------
    ValueError : the string is no schedule, or does not fit the program (which may have been changed since).
    """
    _check(program, None, seconds)
    choices, strict = decode(schedule)
    begun = time.perf_counter()
    session = Session(program, strict, begun + seconds)
    found = _Findings()
    _in_thread(session, lambda: _repeat(session, found, choices), found)
    failure, counterexample = found.story
    return Exploration(
        program=getattr(program, "__name__", "program"),
        verdict="fails" if failure is not None else "unfinished",
        reason="" if failure is not None else found.reason or "this was one schedule of many",
        schedules=1,
        outcomes=dict(found.outcomes),
        failure=failure,
        counterexample=counterexample,
        reduced=False,
        strict=strict,
        seconds=time.perf_counter() - begun,
        notes=tuple(found.notes),
        final_states=dict(found.final_states),
        replayed=found.replayed,
    )


def _check(program: Any, max_schedules: int | None, seconds: float) -> None:
    if not callable(program):
        raise TypeError(
            f"explore takes a function without parameters, not {program!r}; did you call it? Leave out the ()"
        )
    if inspect.iscoroutinefunction(program):
        raise TypeError(f"{program.__name__} is async: explore runs threads; for asyncio see the notebook on servers")
    if inspect.isgeneratorfunction(program):
        raise TypeError(f"{program.__name__} is a generator: explore takes a function that runs when it is called")
    try:
        inspect.signature(program).bind()
    except TypeError as error:
        name = getattr(program, "__name__", repr(program))
        raise TypeError(
            f"{name} cannot be called without arguments ({error}); explore a function that makes its own data"
        ) from None
    except ValueError:
        pass
    if max_schedules is not None and max_schedules < 1:
        raise ValueError(f"max_schedules must be at least 1, not {max_schedules}")
    if not seconds > 0:
        raise ValueError(f"seconds must be positive, not {seconds}")


def _in_thread(
    session: Session, work: Callable[[], None], found: _Findings, told: Callable[[], str] | None = None
) -> None:
    """Do the work in a thread of its own, so that the stop button and the budget work whatever the program does."""
    if current() is not None:
        raise RuntimeError("a program that is explored cannot explore another one")
    # One at a time; an earlier one whose budget was spent may still be ending its threads.
    if not _busy.acquire(timeout=_PATIENCE):
        raise RuntimeError("another exploration is still running: one at a time")
    error: list[BaseException] = []
    over = threading.Event()  # (an interrupted Thread.join takes the thread for ended)

    def body() -> None:
        now.abandoned.discard(threading.get_ident())  # that of a thread that has ended since
        session.pool.pin()
        state = random.getstate()
        try:
            session.prepare()
            work()
        except Kill:
            pass  # it was given up
        except BaseException as reason:  # noqa: BLE001 - raised again in the caller's thread
            error.append(reason)
        finally:
            random.setstate(state)
            session.close()
            now.abandoned.discard(threading.get_ident())
            over.set()

    depth = sys.getrecursionlimit()
    sys.setrecursionlimit(depth * _FRAMES)
    driver = start(body)
    try:
        if not wait(over, session.deadline + 0.25, told):
            found.reason = _give_up(session, over)
    except BaseException:
        session.hurry()
        if not over.wait(0.7):
            _give_up(session, over)
        raise
    finally:
        sys.setrecursionlimit(depth)  # here, as the driver may never come back
        _busy.release()
    if over.is_set():
        driver.join()
        if error:
            raise error[0]


def _give_up(session: Session, over: threading.Event) -> str:
    """The program is in a call that no hook can end: leave it alone, and put its code back; returns the reason."""
    session.hurry()
    thread = now.thread
    session.abandon()
    over.wait(0.15)
    where = f" (line {thread.call_site.line}: {thread.call_site.source})" if thread and thread.call_site else ""
    return f"the time was spent in a call that does not return{where}; its thread ends when it does"


def _search(session: Session, found: _Findings, reduce: bool, max_schedules: int | None, stop: bool) -> None:
    search: Search = Reduced() if reduce else Full()
    while True:
        run = session.once(search)
        if run.abandoned:
            return
        if session.sharing.learned and run.ending not in ("time", "refused"):
            search = Reduced() if reduce else Full()
            found.__init__()  # type: ignore[misc]
            continue
        outcome, failure = _outcome(session, run, found)
        if outcome:
            found.schedules += 1
            found.outcomes[outcome] += 1
            if failure is None:
                found.final_states[repr(run.value)] += 1
            else:
                found.final_states[
                    failure.kind if failure.kind != "exception" else f"exception: {failure.message}"
                ] += 1
        if failure is not None and found.failure is None:
            found.failure = failure
            found.choices = steps_of(search.nodes)
            found.preemptions = _preemptions(search)
            if stop:
                break
        if found.reason:
            break
        if not search.advance():
            found.complete = True
            if session.sharing.orders and found.failure is None:
                found.notes.append(f"ids are tried in every order that counts: {len(session.sharing.orders)}")
            break
        if max_schedules is not None and found.schedules >= max_schedules:
            found.reason = f"the budget of {max_schedules} schedules is spent"
            break
    if found.failure is not None:
        if not reduce or not stop:
            session.sharing.reset()
            _first_failure(session, found)
        _simplest(session, found)
        # What was found is told, also when the time is spent.
        session.deadline = max(session.deadline, time.perf_counter() + 0.2)
        found.story = _tell(session, found, found.choices)
        if found.story[0] is None:  # the time was spent just when new shared state had been found: the first one, then
            session.deadline = time.perf_counter() + 0.2
            _first_failure(session, found)
            found.story = _tell(session, found, found.choices)


def _learn(session: Session, found: _Findings) -> None:
    """Which steps are visible, as `explore` has learned it when it gives a schedule."""
    _first_failure(session, found)
    _simplest(session, found)


def _repeat(session: Session, found: _Findings, choices: list[tuple[int, int]]) -> None:
    """Learn which steps are visible as `explore` did, then run the one schedule."""
    _learn(session, found)
    found.story = _tell(session, found, choices, loud=True)


def _preemptions(search: Search) -> int:
    last = search.nodes[-1] if search.nodes else None
    return last.preemptions + last.preempts() if last is not None else 0


def _outcome(session: Session, run: Run, found: _Findings) -> tuple[str, Failure | None]:
    """How a run ended: "" if it does not count."""
    if run.ending == "cut":
        return "", None
    if run.ending == "time":
        found.reason = "the time is spent"
        return "", None
    if run.ending == "refused":
        found.reason = next(iter(session.sharing.unjudged), "")
        return "", None
    if run.ending in ("endless", "long", "diverged"):
        site = run.detail
        where = f" (line {site.line}: {site.source})" if site is not None and site.line else ""
        found.reason = {
            "endless": f"a loop went round {loops.QUIET_ROUNDS} times without a visible step{where}",
            "long": "a run did not end within 100000 steps",
            "diverged": f"the program did not do the same under the same schedule: what does it depend on?{where}",
        }[run.ending]
        return "", None
    failure = failure_of(run)
    return ("ok", None) if failure is None else (failure.kind, failure)


def _simplest(session: Session, found: _Findings) -> None:
    """Find the simplest failing schedule: fewest preemptions, then fewest steps.

    Always from the start and in the same way, so that `replay` sees the same steps and its schedules fit.
    """
    while True:
        session.sharing.learned = False
        if found.failure is None or not _shrink(session, found):
            return
        _first_failure(session, found)


def _first_failure(session: Session, found: _Findings) -> None:
    """The first failing schedule of the reduced search, with the sites that are visible by then."""
    search: Search = Reduced()
    while True:
        run = session.once(search)
        if run.ending in ("time", "refused") or run.abandoned:
            return
        if session.sharing.learned:
            search = Reduced()
            continue
        _, failure = _outcome(session, run, _Findings())
        if failure is not None:
            found.failure = failure
            found.choices = steps_of(search.nodes)
            found.preemptions = _preemptions(search)
            return
        if not search.advance():
            return


def _shrink(session: Session, found: _Findings) -> bool:
    """Search with 0, 1, 2, … preemptions. True if a new shared location was found on the way: then all begins again."""
    runs = 0
    for bound in range(found.preemptions + 1):
        search = Bounded(bound)
        better = False
        if bound == found.preemptions:
            search.longest = len(found.choices) - 1
        while True:
            run = session.once(search)
            runs += 1
            if run.ending == "time" or run.abandoned or runs > _SHRINKING_RUNS:
                found.notes.append("there may be a simpler failing schedule: the budget was spent while looking for it")
                return False
            if session.sharing.learned:
                return True
            if run.ending not in ("cut", "long", "diverged", "refused", "endless"):
                failure = failure_of(run)
                if failure is not None:
                    found.failure, found.choices = failure, steps_of(search.nodes)
                    found.preemptions = _preemptions(search)
                    search.longest = len(found.choices) - 1
                    better = True
            if not search.advance():
                break
        if better:
            break
    return False


def _ids_told(run: Run, log: Log) -> str:
    """In which order the ids of the objects are in this run, where that counts."""
    log.names.complete(run.shadows)
    objects = {number: value for value, number in run.identities.values() if number in run.ranks}
    names = [log.names.of(objects[n]) or short(objects[n]) for n in sorted(objects, key=run.ranks.__getitem__)]
    return f"in this schedule the ids are in this order: {', '.join(names)}"


def _tell(
    session: Session, found: _Findings, choices: list[tuple[int, int]], *, loud: bool = False
) -> tuple[Failure | None, Counterexample | None]:
    """Run one schedule with everything written down."""
    search = Fixed(choices)
    log = Log(session.program, loud)
    run = session.once(search, log)
    if run.ending == "mismatch":
        if not loud:
            return None, None
        raise ValueError(
            f"the schedule {encode(choices, session.strict)!r} does not fit the program: step {run.detail + 1} cannot be "
            "taken; was the program changed since?"
        )
    if run.ending in ("time", "refused", "endless", "long", "cut", "diverged"):
        return None, None
    if run.ranks:
        found.notes.append(_ids_told(run, log))
    failure = failure_of(run)
    if loud:
        found.outcomes["ok" if failure is None else failure.kind] += 1
        found.final_states[repr(run.value)] += 1
    told = tell(run, search, log)
    if loud and told[0] is None:
        found.replayed = tell_all(run, search, log)
    return told

"""`explore` and `replay`: run schedule after schedule, look for the simplest failing one, and say what was found."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from typing import Any

from .failures import failure_of
from .findings import Findings, outcome_of, preemptions_of
from .naming import short
from .own_thread import in_own_thread
from .scheduler import Run
from .schedules import decode, encode
from .search import Fixed, Full, Reduced, Search, steps_of
from .session import Session
from .simplest import first_failure, learn, simplest
from .story import Log, tell, tell_all
from .verdict import Counterexample, Exploration, Failure


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
    check_program(program, max_schedules, seconds)
    begun = time.perf_counter()
    session = Session(program, strict, begun + seconds)
    found = Findings()
    in_own_thread(session, lambda: _search(session, found, reduce, max_schedules, stop=reduce and not _all), found, found.so_far)
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
    check_program(program, None, seconds)
    choices, strict = decode(schedule)
    begun = time.perf_counter()
    session = Session(program, strict, begun + seconds)
    found = Findings()
    in_own_thread(session, lambda: _repeat(session, found, choices), found)
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


def check_program(program: Any, max_schedules: int | None, seconds: float) -> None:
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


def _search(session: Session, found: Findings, reduce: bool, max_schedules: int | None, stop: bool) -> None:
    search: Search = Reduced() if reduce else Full()
    while True:
        run = session.once(search)
        if session.sharing.learned and run.ending not in ("time", "refused"):
            search = Reduced() if reduce else Full()
            found.__init__()  # type: ignore[misc]
            continue
        outcome, failure = outcome_of(session, run, found)
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
            found.preemptions = preemptions_of(search)
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
            first_failure(session, found)
        simplest(session, found)
        # What was found is told, also when the time is spent.
        session.deadline = max(session.deadline, time.perf_counter() + 0.2)
        found.story = _tell(session, found, found.choices)
        if found.story[0] is None:  # the time was spent just when new shared state had been found: the first one, then
            session.deadline = time.perf_counter() + 0.2
            first_failure(session, found)
            found.story = _tell(session, found, found.choices)


def _repeat(session: Session, found: Findings, choices: list[tuple[int, int]]) -> None:
    """Learn which steps are visible as `explore` did, then run the one schedule."""
    learn(session, found)
    found.story = _tell(session, found, choices, loud=True)


def _ids_told(run: Run, log: Log) -> str:
    """In which order the ids of the objects are in this run, where that counts."""
    log.names.complete(run.shadows)
    objects = {number: value for number, value in run.asked.items() if number in run.ranks}
    names = [log.names.of(objects[n]) or short(objects[n]) for n in sorted(objects, key=run.ranks.__getitem__)]
    return f"in this schedule the ids are in this order: {', '.join(names)}"


def _tell(
    session: Session, found: Findings, choices: list[tuple[int, int]], *, loud: bool = False
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

"""`explore` and `replay`: rewrite what the program reaches, run schedule after schedule, and say what was found."""

from __future__ import annotations

import inspect
import random
import sys
import threading
import time
import types
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from . import access, calls, loops
from .collect import Collector, is_rewritten
from .kinds import CLASS, FUNCTION, kind_of
from .locations import Sharing
from .models.base import Model
from .models.shadows import SHADOWED, CannotShadow, shadow
from .scheduler import Pool, Run, VirtualThread, current, now
from .search import Bounded, Fixed, Full, Reduced, Search, decode, encode, steps_of
from .sites import Site
from .state import Snapshot
from .story import Log, failure_of, tell
from .verdict import Counterexample, Exploration, Failure

HOOKS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        access.load,
        access.store,
        access.delete,
        access.load_variable,
        access.store_variable,
        access.delete_variable,
        access.load_item,
        access.store_item,
        access.delete_item,
        access.touch,
        access.truth,
        access.unpack,
        access.operate,
        access.chain,
        access.update,
        access.iterate,
        access.delegate,
        access.matched,
        calls.call,
        calls.manage,
        calls.ensure,
        calls.unjudged,
        calls.debugger,
        calls.alive,
        calls.virtual_id,
        calls.yielding,
        loops.enter_loop,
        loops.loop,
    )
}
_HERE = Site("", 0, "", "", 0)
_SHRINKING_RUNS = 3_000
_busy = threading.Lock()


class Explorer:
    """One exploration: the rewritten code, the workers, and what the hooks need to know."""

    def __init__(self, program: Callable[[], Any], strict: bool, deadline: float):
        self.program = program
        self.strict = strict
        self.deadline = deadline
        self.sharing = Sharing()
        self.collector = Collector(HOOKS, lambda why: self.sharing.refuse(None, why))
        self.snapshot = Snapshot(self.ensure)
        self.pool = Pool()
        self.numbers: dict[tuple[int, ...], int] = {}
        self.interrupted = False
        self.run: Run | None = None
        self.harmless: set[int] = set()

    # -- for the hooks --------------------------------------------------------------------------------------------

    def ensure(self, value: Any) -> None:
        """Rewrite what is about to be called, before it is."""
        collector = self.collector
        if type(value) is types.MethodType:
            value = value.__func__
        if id(value) in collector.known or is_rewritten(value):
            return
        collector.ensure(value)
        while collector.new_functions:
            self.snapshot.add_function(collector.new_functions.pop(0))
        if isinstance(value, type):
            self.snapshot.add_class(value)

    def ensure_callable(self, value: Any) -> None:
        if kind_of(type(value)) in (FUNCTION, CLASS):
            self.ensure(value)

    def call(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call what the program gave to a thread, a timer or an executor."""
        return calls.call(_HERE, function, *args, **kwargs)

    def stand_in(self, thread: VirtualThread, value: Any) -> Any:
        """The model of a primitive that is older than the run; anything else as it is."""
        if not isinstance(value, SHADOWED):
            return value
        run = thread.run
        known = run.shadows.get(id(value))
        if known is None:
            try:
                known = (value, shadow(value, lambda inner: self.stand_in(thread, inner)))
            except CannotShadow as reason:
                self.forbid(thread, thread.call_site, str(reason))
            run.shadows[id(value)] = known
        return known[1]

    def forbid(self, thread: VirtualThread, site: Site | None, why: str) -> None:
        """The program does what must not be done while exploring: the run ends here."""
        thread.run.sharing.refuse(site, why)
        thread.run.stop(thread, "refused")

    def made(self, thread: VirtualThread, value: Any) -> Any:
        """Number a new object by who made it and when: the same in every run."""
        thread.made += 1
        thread.run.identities[id(value)] = (value, 1_000_000 * (thread.number + 1) + thread.made)
        return value

    def identity(self, thread: VirtualThread, value: Any) -> int:
        identities = thread.run.identities
        known = identities.get(id(value))
        if known is None:
            age = self.snapshot.ages.get(id(value))
            known = identities[id(value)] = (value, age if age is not None else 10**12 + len(identities))
        return known[1]

    def is_old(self, value: Any) -> bool:
        """Was it there before the program ran, so that a run may leave it changed?"""
        return id(value) in self.snapshot.ages

    def is_harmless(self, value: Any) -> bool:
        module = type(value).__module__
        return isinstance(value, Model | threading.Thread) or module in ("_io", "logging", "re", "functools")

    def global_stored(self, site: Site, peek: Any) -> None:
        values = peek.__globals__
        self.snapshot.add_variable(values, site.text)

    def turn(self, thread: VirtualThread) -> None:
        loops.turn(thread)

    def roots(self) -> Iterator[Any]:
        return self.snapshot.roots()

    # -- runs -----------------------------------------------------------------------------------------------------

    def once(self, search: Search, log: Log | None = None) -> Run:
        """One run, of the schedule that the search has in mind."""
        self.sharing.new_run()
        search.begin()
        run = self.run = Run(
            self.start,
            search,
            self.pool,
            self.numbers,
            self.sharing,
            explorer=self,
            strict=self.strict,
            log=log,
            deadline=self.deadline,
        )
        if self.interrupted:
            run.deadline = 0.0
        try:
            run.execute()
        finally:
            now.thread = None
            now.dying = 0
            self.snapshot.restore()
        search.ended(run)
        return run

    def start(self) -> Any:
        return self.call(self.program)

    def prepare(self) -> None:
        self.ensure(self.program)
        if isinstance(self.program, types.MethodType):
            self.snapshot.walk(self.program.__self__)

    def close(self) -> None:
        self.collector.restore()
        self.sharing.reset()
        access.forget_plans()
        self.pool.close()


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
    explorer = Explorer(program, strict, begun + seconds)
    found = _Findings()
    _in_thread(explorer, lambda: _search(explorer, found, reduce, max_schedules, stop=reduce and not _all), found, seconds)
    unjudged = list(explorer.sharing.unjudged)
    failure, counterexample = found.failure, None
    if failure is not None:
        failure, counterexample = found.story
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


def replay(program: Callable[[], Any], schedule: str, strict: bool = False, seconds: float = 3600) -> Exploration:
    """Run exactly one schedule again, with the program's own prints, also under a debugger.

    `schedule` is the string of a counterexample (`exploration.counterexample.schedule`), taken with the same `strict`.

    Raises
    ------
    ValueError : the string is no schedule, or does not fit the program (which may have been changed since).
    """
    _check(program, None, seconds)
    choices = decode(schedule)
    begun = time.perf_counter()
    explorer = Explorer(program, strict, begun + seconds)
    found = _Findings()
    _in_thread(explorer, lambda: _repeat(explorer, found, choices), found, seconds)
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
        final_states=dict(found.final_states),
    )


def _check(program: Any, max_schedules: int | None, seconds: float) -> None:
    if not callable(program):
        raise TypeError(f"explore takes a function without parameters, not {program!r}; did you call it? Leave out the ()")
    if inspect.iscoroutinefunction(program):
        raise TypeError(f"{program.__name__} is async: explore runs threads; for asyncio see the notebook on servers")
    if inspect.isgeneratorfunction(program):
        raise TypeError(f"{program.__name__} is a generator: explore takes a function that runs when it is called")
    try:
        inspect.signature(program).bind()
    except TypeError as error:
        name = getattr(program, "__name__", repr(program))
        raise TypeError(f"{name} cannot be called without arguments ({error}); explore a function that makes its own data") from None
    except ValueError:
        pass
    if max_schedules is not None and max_schedules < 1:
        raise ValueError(f"max_schedules must be at least 1, not {max_schedules}")
    if not seconds > 0:
        raise ValueError(f"seconds must be positive, not {seconds}")


def _in_thread(explorer: Explorer, work: Callable[[], None], found: _Findings, seconds: float) -> None:
    """Do the work in a thread of its own, so that the stop button and the budget work whatever the program does."""
    if current() is not None:
        raise RuntimeError("a program that is explored cannot explore another one")
    if not _busy.acquire(blocking=False):
        raise RuntimeError("another exploration is still running: one at a time")
    error: list[BaseException] = []

    def body() -> None:
        explorer.pool.pin()
        state = random.getstate()
        try:
            explorer.prepare()
            work()
        except BaseException as reason:  # noqa: BLE001 - raised again in the caller's thread
            error.append(reason)
        finally:
            random.setstate(state)
            explorer.close()
            _busy.release()

    limit = sys.getrecursionlimit()
    driver = threading.Thread(target=body, name="explorer", daemon=True)
    driver.start()
    try:
        driver.join(max(0.0, explorer.deadline - time.perf_counter()) + 0.3)
        if driver.is_alive():
            _give_up(explorer, found)
            driver.join(0.1)
    except BaseException:
        explorer.interrupted = True
        if explorer.run is not None:
            explorer.run.deadline = 0.0
        driver.join(1.0)
        raise
    finally:
        sys.setrecursionlimit(limit)
    if error:
        raise error[0]


def _give_up(explorer: Explorer, found: _Findings) -> None:
    """The program is stuck in code that no hook can end."""
    run = explorer.run
    explorer.interrupted = True
    if run is not None:
        run.deadline = 0.0
    thread = now.thread
    where = f" (line {thread.call_site.line}: {thread.call_site.source})" if thread and thread.call_site else ""
    found.reason = f"the time was spent in a call that does not return{where}; its thread ends when it does"
    explorer.collector.restore()


def _search(explorer: Explorer, found: _Findings, reduce: bool, max_schedules: int | None, stop: bool) -> None:
    search: Search = Reduced() if reduce else Full()
    while True:
        run = explorer.once(search)
        if explorer.sharing.learned and run.ending not in ("time", "refused"):
            search = Reduced() if reduce else Full()
            found.__init__()  # type: ignore[misc]
            continue
        outcome, failure = _outcome(explorer, run, found)
        if outcome:
            found.schedules += 1
            found.outcomes[outcome] += 1
            if failure is None:
                found.final_states[repr(run.value)] += 1
            else:
                found.final_states[failure.kind if failure.kind != "exception" else f"exception: {failure.message}"] += 1
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
            break
        if max_schedules is not None and found.schedules >= max_schedules:
            found.reason = f"the budget of {max_schedules} schedules is spent"
            break
    if found.failure is not None:
        if not reduce or not stop:
            explorer.sharing.reset()
            _first_failure(explorer, found)
        _simplest(explorer, found)
        found.story = _tell(explorer, found, found.choices)


def _repeat(explorer: Explorer, found: _Findings, choices: list[tuple[int, int]]) -> None:
    """Learn which steps are visible as `explore` did, then run the one schedule."""
    _first_failure(explorer, found)
    _simplest(explorer, found)
    found.story = _tell(explorer, found, choices, loud=True)


def _preemptions(search: Search) -> int:
    last = search.nodes[-1] if search.nodes else None
    return last.preemptions + last.preempts() if last is not None else 0


def _outcome(explorer: Explorer, run: Run, found: _Findings) -> tuple[str, Failure | None]:
    """How a run ended: "" if it does not count."""
    if run.ending == "cut":
        return "", None
    if run.ending == "time":
        found.reason = "the time is spent"
        return "", None
    if run.ending == "refused":
        found.reason = next(iter(explorer.sharing.unjudged), "")
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


def _simplest(explorer: Explorer, found: _Findings) -> None:
    """Find the simplest failing schedule: fewest preemptions, then fewest steps.

    Always from the start and in the same way, so that `replay` sees the same steps and its schedules fit.
    """
    while True:
        explorer.sharing.learned = False
        if found.failure is None or not _shrink(explorer, found):
            return
        _first_failure(explorer, found)


def _first_failure(explorer: Explorer, found: _Findings) -> None:
    """The first failing schedule of the reduced search, with the sites that are visible by then."""
    search: Search = Reduced()
    while True:
        run = explorer.once(search)
        if run.ending in ("time", "refused"):
            return
        if explorer.sharing.learned:
            search = Reduced()
            continue
        _, failure = _outcome(explorer, run, _Findings())
        if failure is not None:
            found.failure = failure
            found.choices = steps_of(search.nodes)
            found.preemptions = _preemptions(search)
            return
        if not search.advance():
            return


def _shrink(explorer: Explorer, found: _Findings) -> bool:
    """Search with 0, 1, 2, … preemptions. True if a new shared location was found on the way: then all begins again."""
    runs = 0
    for bound in range(found.preemptions + 1):
        search = Bounded(bound)
        better = False
        if bound == found.preemptions:
            search.longest = len(found.choices) - 1
        while True:
            run = explorer.once(search)
            runs += 1
            if run.ending == "time" or runs > _SHRINKING_RUNS:
                found.notes.append("there may be a simpler failing schedule: the budget was spent while looking for it")
                return False
            if explorer.sharing.learned:
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


def _tell(
    explorer: Explorer, found: _Findings, choices: list[tuple[int, int]], *, loud: bool = False
) -> tuple[Failure | None, Counterexample | None]:
    """Run one schedule with everything written down."""
    search = Fixed(choices)
    log = Log(explorer.program, loud)
    run = explorer.once(search, log)
    if run.ending == "mismatch":
        raise ValueError(
            f"the schedule {encode(choices)!r} does not fit the program: step {run.detail + 1} cannot be taken; "
            "was the program changed since, or was it explored with another strict=?"
        )
    ended = run.ending not in ("time", "refused", "endless", "long", "cut", "diverged")
    failure = failure_of(run) if ended else None
    if loud:
        found.outcomes["ok" if failure is None else failure.kind] += 1
        found.final_states[repr(run.value)] += 1
    return tell(run, search, log, failure, encode(steps_of(search.nodes)))

"""What exploring costs: schedules per second, time to a verdict, schedules a proof needs, and the peers: `make bench`.

Everything runs on one processor, so that the others' work and ours are measured alike; the peers (frontrun,
interleave-test) each explore a program in a process of their own, under the same limit of time, in the way that their
own documentation shows first. A peer that is not installed is skipped with a line that says so.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median
from time import perf_counter, process_time
from typing import Any

import kitchen_helpers as kh
from kitchen_helpers.interleavings.scheduler import Run

LIMIT = 10.0
"""Seconds that an exploration may take."""
ROUNDS = 5

# -- the programs -----------------------------------------------------------------------------------------------------


class Plates:
    def __init__(self) -> None:
        self.count = 0
        self.lock = threading.Lock()


def add(plates: Plates) -> None:
    plates.count += 1


def add_locked(plates: Plates) -> None:
    with plates.lock:
        plates.count += 1


class Tills:
    def __init__(self) -> None:
        self.money = [10, 10]
        self.locks = [threading.Lock(), threading.Lock()]


def move(tills: Tills, source: int, target: int) -> None:
    with tills.locks[source]:
        with tills.locks[target]:
            tills.money[source] -= 1
            tills.money[target] += 1


def move_in_order(tills: Tills, source: int, target: int) -> None:
    with tills.locks[min(source, target)]:
        with tills.locks[max(source, target)]:
            tills.money[source] -= 1
            tills.money[target] += 1


class Buffer:
    """One condition for both sides: `notify` may wake one of the wrong side."""

    def __init__(self) -> None:
        self.items: deque[int] = deque()
        self.size = 1
        self.taken: list[int] = []
        self.not_empty = self.not_full = threading.Condition()

    def put(self, item: int) -> None:
        with self.not_full:
            while len(self.items) >= self.size:
                self.not_full.wait()
            self.items.append(item)
            self.not_empty.notify()

    def take(self) -> int:
        with self.not_empty:
            while not self.items:
                self.not_empty.wait()
            item = self.items.popleft()
            self.not_full.notify()
            return item


class TwoConditions(Buffer):
    def __init__(self) -> None:
        super().__init__()
        lock = threading.Lock()
        self.not_empty = threading.Condition(lock)
        self.not_full = threading.Condition(lock)


def put_one(buffer: Buffer) -> None:
    buffer.put(1)


def put_two(buffer: Buffer) -> None:
    buffer.put(1)
    buffer.put(2)


def take_one(buffer: Buffer) -> None:
    buffer.taken.append(buffer.take())


class Peterson:
    def __init__(self) -> None:
        self.wants = [False, False]
        self.turn = 0
        self.count = 0


def enter(room: Peterson, me: int) -> None:
    other = 1 - me
    room.wants[me] = True
    room.turn = other
    while room.wants[other] and room.turn == other:
        pass
    room.count += 1
    room.wants[me] = False


def enter_late(room: Peterson, me: int) -> None:
    other = 1 - me
    room.turn = other
    room.wants[me] = True
    while room.wants[other] and room.turn == other:
        pass
    room.count += 1
    room.wants[me] = False


class Permits:
    def __init__(self) -> None:
        self.pans = threading.Semaphore(1)
        self.burners = threading.Semaphore(1)
        self.dishes = 0


def pan_first(permits: Permits) -> None:
    with permits.pans:
        with permits.burners:
            permits.dishes += 1


def burner_first(permits: Permits) -> None:
    with permits.burners:
        with permits.pans:
            permits.dishes += 1


class Table:
    def __init__(self) -> None:
        self.forks = [threading.Lock() for _ in range(3)]
        self.meals = [0, 0, 0]


def dine(table: Table, seat: int) -> None:
    with table.forks[seat]:
        with table.forks[(seat + 1) % 3]:
            table.meals[seat] += 1


def dine_in_order(table: Table, seat: int) -> None:
    first, second = sorted((seat, (seat + 1) % 3))
    with table.forks[first]:
        with table.forks[second]:
            table.meals[seat] += 1


@dataclass(frozen=True)
class Case:
    """Shared state, what the threads do with it, what has to be true at the end: the form that every tool can take."""

    name: str
    setup: Callable[[], Any]
    workers: tuple[Callable[[Any], None], ...]
    check: Callable[[Any], bool]
    right: str

    @property
    def program(self) -> Callable[[], None]:
        return as_program(self.setup, self.workers, self.check)


def as_program(
    setup: Callable[[], Any], workers: tuple[Callable[[Any], None], ...], check: Callable[[Any], bool]
) -> Callable[[], None]:
    def program() -> None:
        state = setup()
        threads = [threading.Thread(target=worker, args=(state,)) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert check(state)

    return program


CASES = {
    case.name: case
    for case in (
        Case("lost update, 2 threads", Plates, (add,) * 2, lambda p: p.count == 2, "fails"),
        Case("lost update, 3 threads", Plates, (add,) * 3, lambda p: p.count == 3, "fails"),
        Case("counter with a lock", Plates, (add_locked,) * 2, lambda p: p.count == 2, "holds"),
        Case(
            "transfer, deadlock",
            Tills,
            (lambda t: move(t, 0, 1), lambda t: move(t, 1, 0)),
            lambda t: t.money == [10, 10],
            "fails",
        ),
        Case(
            "transfer, locks in order",
            Tills,
            (lambda t: move_in_order(t, 0, 1), lambda t: move_in_order(t, 1, 0)),
            lambda t: t.money == [10, 10],
            "holds",
        ),
        Case("semaphores, deadlock", Permits, (pan_first, burner_first), lambda p: p.dishes == 2, "fails"),
        Case("semaphores in order", Permits, (pan_first, pan_first), lambda p: p.dishes == 2, "holds"),
        Case(
            "Peterson",
            Peterson,
            (lambda r: enter(r, 0), lambda r: enter(r, 1)),
            lambda r: r.count == 2,
            "holds",
        ),
        Case(
            "Peterson, turn first",
            Peterson,
            (lambda r: enter_late(r, 0), lambda r: enter_late(r, 1)),
            lambda r: r.count == 2,
            "fails",
        ),
        Case(
            "3 philosophers",
            Table,
            (lambda t: dine(t, 0), lambda t: dine(t, 1), lambda t: dine(t, 2)),
            lambda t: t.meals == [1, 1, 1],
            "fails",
        ),
        Case(
            "3 philosophers, forks in order",
            Table,
            (lambda t: dine_in_order(t, 0), lambda t: dine_in_order(t, 1), lambda t: dine_in_order(t, 2)),
            lambda t: t.meals == [1, 1, 1],
            "holds",
        ),
        Case(
            "buffer, one condition, 1 + 2", Buffer, (put_two, take_one, take_one), lambda b: len(b.taken) == 2, "fails"
        ),
        Case(
            "buffer, two conditions, 1 + 2",
            TwoConditions,
            (put_two, take_one, take_one),
            lambda b: len(b.taken) == 2,
            "holds",
        ),
        Case(
            "buffer, two conditions, 2 + 2",
            TwoConditions,
            (put_one, put_one, take_one, take_one),
            lambda b: len(b.taken) == 2,
            "holds",
        ),
    )
}
FAST = (
    "buffer, one condition, 1 + 2",
    "buffer, two conditions, 2 + 2",
    "lost update, 3 threads",
    "transfer, deadlock",
    "Peterson",
)
WITH_PEERS = (
    "lost update, 2 threads",
    "counter with a lock",
    "transfer, deadlock",
    "semaphores, deadlock",
    "semaphores in order",
    "buffer, one condition, 1 + 2",
    "buffer, two conditions, 1 + 2",
)

# -- our own figures --------------------------------------------------------------------------------------------------


def one_cpu() -> str:
    """Stay on one processor where that is possible."""
    if not hasattr(os, "sched_setaffinity"):
        return "on any processor: this system cannot hold a process on one"
    cpu = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    return "on one processor"


def row(name: str, *figures: str, last: str = "") -> None:
    print(f"  {name:32}" + "".join(f" {figure:>16}" for figure in figures) + (f"  {last}" if last else ""), flush=True)


def cost(call: Callable[[], Any]) -> tuple[float, float]:
    """Seconds by the clock and of the processor: they differ where others keep the machine busy."""
    begun, worked = perf_counter(), process_time()
    call()
    return perf_counter() - begun, process_time() - worked


def rewriting() -> None:
    print("the first exploration of a process loads the explorer, that of a file rewrites it")
    row("", "by the clock", "of the processor")
    # Where Python may keep no compiled files, loading compiles them: then this is ten times what it is elsewhere.
    loading = cost(lambda: kh.explore)
    row("loading the explorer", *(f"{seconds * 1e3:.1f} ms" for seconds in loading))
    case = CASES["lost update, 2 threads"]
    first, *again = [cost(lambda: kh.explore(case.program)) for _ in range(ROUNDS + 1)]
    row("the first exploration", *(f"{seconds * 1e3:.1f} ms" for seconds in first))
    later = [median(seconds) for seconds in zip(*again, strict=True)]
    row("again (median)", *(f"{seconds * 1e3:.1f} ms" for seconds in later))
    rewrite = [a - b for a, b in zip(first, later, strict=True)]
    row("so the rewrite takes", *(f"{seconds * 1e3:.1f} ms" for seconds in rewrite), last="goal: < 50 ms")


def speed(seconds: float = 2.0) -> None:
    print("schedules per second, all of them run (reduce=False); set-up, shrinking and the story included")
    print("(a program that fails is run some more times for its simplest failure: every run counts in the last column)")
    row("", "by the clock", "of the processor", "runs, by clock")
    for name in FAST:
        program = CASES[name].program
        kh.explore(program, reduce=False, max_schedules=200)
        count, clock, work = 0, 0.0, 0.0
        with counted_runs() as runs:
            while clock < seconds:
                found: list[kh.Exploration] = []

                def once(program: Any = program, found: Any = found) -> None:
                    found.append(kh.explore(program, reduce=False, seconds=LIMIT))

                taken = cost(once)
                count, clock, work = count + found[0].schedules, clock + taken[0], work + taken[1]
        goal = "goal: 3,000" if name.startswith("buffer") else ""
        row(name, *(f"{n / t:,.0f} /s" for n, t in ((count, clock), (count, work), (len(runs), clock))), last=goal)


@contextmanager
def counted_runs() -> Iterator[list[None]]:
    """A list that gets longer with each run of a program that is explored, also those that are no result of their own."""
    runs: list[None] = []
    execute = Run.execute

    def counted(run: Run) -> None:
        runs.append(None)
        execute(run)

    Run.execute = counted  # type: ignore[method-assign]
    try:
        yield runs
    finally:
        Run.execute = execute  # type: ignore[method-assign]


def verdicts() -> None:
    print(f"time to the verdict, after the first rewrite (median of {ROUNDS})")
    row("", "", "by the clock", "of the processor")
    for case in CASES.values():
        runs: list[kh.Exploration] = []
        taken = [cost(lambda: runs.append(kh.explore(case.program, seconds=LIMIT))) for _ in range(ROUNDS)]  # noqa: B023
        says = runs[0].verdict if runs[0].verdict == case.right else f"WRONG: {runs[0].verdict}"
        middle = (median(seconds) for seconds in zip(*taken, strict=True))
        row(case.name, says, *(f"{seconds * 1e3:.1f} ms" for seconds in middle), last="goal: < 50 ms")


def schedules() -> None:
    print("schedules that were run: for the verdict, for a strict one, and all there are")
    row("", "explore", "strict=True", "reduce=False")
    for case in CASES.values():
        figures = []
        for options in ({}, {"strict": True}, {"reduce": False}):
            found = kh.explore(case.program, seconds=LIMIT, **options)
            more = "> " if found.verdict == "unfinished" else ""
            figures.append(f"{found.verdict} {more}{found.schedules:,}")
        row(case.name, *figures)


# -- the peers --------------------------------------------------------------------------------------------------------


def ours(case: Case) -> dict[str, Any]:
    begun = perf_counter()
    found = kh.explore(case.program, seconds=LIMIT)
    words = {"holds": "proved", "fails": "fails", "unfinished": "unfinished"}
    return {"says": words[found.verdict], "count": found.schedules, "seconds": perf_counter() - begun}


def frontrun(case: Case) -> dict[str, Any]:
    """Its default: dynamic partial-order reduction, at most two preemptions, stop at the first failure."""
    import frontrun

    begun = perf_counter()
    found = frontrun.explore(
        setup=case.setup,
        workers=list(case.workers),
        invariant=case.check,
        reproduce_on_failure=0,
        total_timeout=LIMIT,
    )
    says = {True: "passes", False: "fails", None: "unfinished"}[found.property_holds]
    return {"says": says, "count": found.num_explored, "seconds": perf_counter() - begun}


def interleave(case: Case, **options: Any) -> dict[str, Any]:
    import interleave_test

    begun = perf_counter()
    found = interleave_test.explore(case.program, raise_on_failure=False, **options)
    took = perf_counter() - begun
    if found.failure is not None:
        # "hang": it did not end within the time, which says nothing about the program.
        says = "unfinished" if found.failure.kind == "hang" else "fails"
    else:
        says = "passes" if found.exhausted or options["strategy"] == "random" else "unfinished"
    return {"says": says, "count": found.schedules_run, "seconds": took}


def interleave_random(case: Case) -> dict[str, Any]:
    """500 random schedules, as its "Sixty seconds" has it."""
    return interleave(case, strategy="random", iterations=500, seed=42, timeout=LIMIT)


def interleave_dfs(case: Case) -> dict[str, Any]:
    """Its "proof-shaped" search: every schedule of bytecodes with at most two preemptions."""
    import interleave_test

    begun = perf_counter()

    class Limited(interleave_test.DFSStrategy):
        """The same search, that stops where the others have to."""

        def more(self) -> bool:
            return super().more() is not False and perf_counter() - begun < LIMIT

    return interleave(case, strategy=Limited(max_preemptions=2), iterations=10**9, timeout=LIMIT)


TOOLS: dict[str, tuple[str, Callable[[Case], dict[str, Any]]]] = {
    "explore": ("kitchen_helpers", ours),
    "frontrun": ("frontrun", frontrun),
    "interleave-test, random": ("interleave_test", interleave_random),
    "interleave-test, dfs": ("interleave_test", interleave_dfs),
}


def apart(tool: str, name: str) -> dict[str, Any]:
    """One exploration in a process of its own: a tool that hangs, or patches `threading`, harms nobody else."""
    # frontrun wants to be started by its own command.
    before = [sys.executable, "-m", "frontrun.cli"] if tool == "frontrun" else []
    try:
        done = subprocess.run(
            [*before, sys.executable, __file__, tool, name], capture_output=True, text=True, timeout=2 * LIMIT + 10
        )
    except subprocess.TimeoutExpired:
        return {"says": "does not end", "count": 0, "seconds": 2 * LIMIT + 10}
    try:
        return dict(json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError):
        why = (done.stderr.strip().splitlines() or ["nothing was printed"])[-1]
        return {"says": "error", "count": 0, "seconds": 0.0, "why": why}


def peers() -> None:
    print(
        f"beside the peers: verdict, schedules and seconds to it (limit {LIMIT:.0f} s), per second, as ratios to ours"
    )
    tools = []
    for tool, (module, _) in TOOLS.items():
        if importlib.util.find_spec(module) is not None:
            tools.append(tool)
        else:
            print(f"  {tool}: not installed for this Python, so not compared")
    print("  " + ", ".join(f"{p} {version(p)}" for p in ("frontrun", "interleave-test") if _installed(p)))
    for name in WITH_PEERS:
        case = CASES[name]
        print(f"  {name}: {'it is wrong' if case.right == 'fails' else 'it is right'}")
        base: dict[str, Any] = {}
        for tool in tools:
            found = apart(tool, name)
            base = base or found
            says = found["says"]
            if (says in ("passes", "proved") and case.right == "fails") or (says == "fails" and case.right == "holds"):
                says = "FALSE PASS" if case.right == "fails" else "FALSE ALARM"
            taken, count = found["seconds"], found["count"]
            last = found.get("why", "")
            if tool != "explore" and taken and count and base["seconds"] and base["count"]:
                rate = (count / taken) / (base["count"] / base["seconds"])
                last = f"{taken / base['seconds']:8.1f} × the time, {count / base['count']:6.1f} × the schedules, "
                last += f"{rate:.2f} × as many per second"
            row("  " + tool, says, f"{count:,}", f"{taken:.3f} s", last=last)


def _installed(package: str) -> bool:
    try:
        version(package)
    except ImportError:
        return False
    return True


def main() -> None:
    if len(sys.argv) == 3:
        tool, name = sys.argv[1:]
        TOOLS[tool][1](CASES["lost update, 2 threads"])  # imports and the first rewrite cost nobody
        found = [TOOLS[tool][1](CASES[name])]
        while len(found) < ROUNDS and found[0]["seconds"] < 1:
            found.append(TOOLS[tool][1](CASES[name]))
        print(json.dumps({**found[0], "seconds": median([f["seconds"] for f in found])}), flush=True)
        os._exit(0)  # whatever a peer has left running
    print(f"{kh.machine_card().caption}, {one_cpu()}")
    rewriting()
    speed()
    verdicts()
    schedules()
    peers()


if __name__ == "__main__":
    main()

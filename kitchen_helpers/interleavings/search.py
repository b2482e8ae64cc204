"""Which schedules to run: all of them, one of each kind (dynamic partial-order reduction), or the simplest first.

The reduction is that of Flanagan and Godefroid (POPL 2005), with every earlier race considered instead of the last
one only, and with sleep sets (Godefroid 1996). Two steps are dependent if they use a location in ways that do not
commute; a vector clock per thread tells what happened before what.
"""

from __future__ import annotations

import time
from collections.abc import Set
from typing import Any

from .scheduler import Run, Strategy
from .schedules import Choice
from .threads import WRITE, Access, VirtualThread, merge

STOP = -2
"""Chosen where nobody can be relied upon to go on: the run ends there."""


_NONE: dict[int, list[tuple[int, int]]] = {}
_NOBODY: Set[int] = frozenset()


class Node:
    """A state in which somebody has to be chosen."""

    __slots__ = ("backtrack", "chosen", "done", "enabled", "free", "last", "preemptions", "rescues", "sleep", "todo")

    def __init__(self, enabled: dict[int, int], last: int):
        self.enabled = enabled
        """The threads that could go on, with the number of alternatives of their next step."""
        self.last = last
        self.chosen: Choice = (-1, 0)
        self.free = True
        """Going on with another thread is no preemption: the last one cannot go on, or is asleep."""
        self.preemptions = 0
        """How many preemptions there were before."""
        self.rescues: Set[int] = _NOBODY
        """The threads that could only go on by a wake-up for no reason."""
        self.todo: list[Choice]
        """What `choose` has kept for later."""
        # What only the reduction knows; it makes the sets.
        self.backtrack: set[int]
        self.done: set[Choice]
        self.sleep: set[Choice]

    def choose(self, order: list[int]) -> None:
        """Take the first of these threads, and keep the others for later."""
        enabled = self.enabled
        if len(order) == 1 and enabled[order[0]] == 1:  # as nearly always towards the end of a run
            self.todo, self.chosen = [], (order[0], 0)
            return
        self.todo = [(n, a) for n in reversed(order) for a in range(enabled[n] - 1, -1, -1)]
        self.chosen = self.todo.pop()

    def preempts(self) -> bool:
        """Is the thread that took the last step stopped here although it could have gone on?"""
        return not self.free and self.chosen[0] != self.last


class Search(Strategy):
    """What all searches share: repeat the choices made so far, then go on by a rule; and note what happened."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.depth = 0
        self.longest = 100_000
        """Steps after which a run is given up."""

    def begin(self) -> None:
        self.depth = 0

    def decide(self, run: Run) -> VirtualThread | None:
        depth = self.depth
        if depth & 7 == 0 and time.perf_counter() > run.deadline:
            run.ending = "time"
            return None
        nodes = self.nodes
        if depth < len(nodes):
            return self.again(run, nodes[depth])
        enabled: dict[int, VirtualThread] = {}
        ways: dict[int, int] = {}
        for thread in run.threads:
            if thread.parked:
                if thread.uses is not None:
                    thread.accesses = thread.uses()
                if thread.ready is None or thread.ready():
                    number = thread.number
                    enabled[number] = thread
                    ways[number] = 1 if thread.alternatives is None else thread.alternatives()
        if not enabled:
            run.ending = "stuck"
            return None
        if depth >= self.longest:
            run.ending = "long"
            return None
        before = nodes[-1] if nodes else None
        last = before.chosen[0] if before is not None else -1
        node = Node(ways, last)
        if run.strict:
            node.rescues = {n for n, t in enabled.items() if t.rescue is not None and t.rescue()}
            if len(node.rescues) == len(enabled):
                node.enabled[STOP] = 1
        behind = enabled.get(last)
        node.free = behind is None or behind.doing in ("sleep", "yield") or last in node.rescues
        if before is not None:
            node.preemptions = before.preemptions + before.preempts()
        if not self.fill(run, node, enabled):
            run.ending = run.ending or "cut"
            return None
        nodes.append(node)
        if node.chosen[0] == STOP:
            run.ending = "stuck"
            return None
        return self.take(node, enabled[node.chosen[0]])

    def again(self, run: Run, node: Node) -> VirtualThread | None:
        """A choice that an earlier run made, too."""
        number = node.chosen[0]
        thread = run.numbered.get(number)
        if thread is None:
            run.ending = "stuck" if number == STOP else "diverged"
            return None
        if not (thread.parked and (thread.ready is None or thread.ready())):
            run.ending, run.detail = "diverged", thread.site
            return None
        if thread.uses is not None:
            thread.accesses = thread.uses()
        return self.take(node, thread)

    def take(self, node: Node, thread: VirtualThread) -> VirtualThread:
        """The chosen step happens now."""
        thread.alternative = node.chosen[1]
        self.depth += 1
        return thread

    def fill(self, run: Run, node: Node, enabled: dict[int, VirtualThread]) -> bool:
        """Choose in a new state; False if nothing here is worth running."""
        raise NotImplementedError

    def foresee(self, run: Run, thread: VirtualThread) -> None:
        """The step before which `thread` is parked is about to become another one."""

    def learn(self, thread: VirtualThread, clock: list[int]) -> None:
        """What `thread` has just done comes after all that this vector clock names (a lock's last release)."""

    def ended(self, run: Run) -> None:
        """The run is over."""

    def repeated(self, run: Run, depth: int) -> None:
        """The run came back to the state that it had at this depth, in a way that was not fair."""

    def advance(self) -> bool:
        """Go to the next schedule; False if there is none."""
        raise NotImplementedError


def first_choice(node: Node) -> int:
    """Go on with the same thread if it can: the fewest switches, and the fewest passes of the baton."""
    if node.last in node.enabled and node.last not in node.rescues:
        return node.last
    return min(node.enabled, key=lambda n: (n in node.rescues, n))


def in_order(node: Node) -> list[int]:
    """All threads that can go on, the one that was running first."""
    if len(node.enabled) == 1:
        return list(node.enabled)
    if not node.rescues:
        order = sorted(node.enabled)
        if node.last in node.enabled:
            order.remove(node.last)
            order.insert(0, node.last)
        return order
    first = first_choice(node)
    return [first, *sorted(n for n in node.enabled if n != first)]


def next_choice(nodes: list[Node]) -> bool:
    """Depth first: the next choice that was kept for later; False if there is none left."""
    while nodes:
        if nodes[-1].todo:
            nodes[-1].chosen = nodes[-1].todo.pop()
            return True
        nodes.pop()
    return False


def steps_of(nodes: list[Node]) -> list[Choice]:
    """The schedule that was taken."""
    return [node.chosen for node in nodes if node.chosen[0] != STOP]


class Full(Search):
    """Every schedule."""

    def fill(self, run: Run, node: Node, enabled: dict[int, VirtualThread]) -> bool:
        node.choose(in_order(node))
        return True

    def advance(self) -> bool:
        return next_choice(self.nodes)


class Reduced(Search):
    """At least one schedule of every set that differs only in the order of independent steps."""

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[Any, dict[int, list[tuple[int, int]]]] = {}
        """For each location and thread: at which depths it was used, and how."""
        self.clocks: list[list[int]] = []
        self.used: list[tuple[Access, ...]] = []
        self.fresh = 0
        """Steps before this depth were analysed in an earlier run."""
        self.analysed: list[list[int]] = []
        """The vector clocks that the steps of the last run had when they were taken."""

    def begin(self) -> None:
        super().begin()
        self.history = {}
        self.clocks = []
        self.used = []
        self.fresh = max(0, len(self.nodes) - 1)
        del self.analysed[self.fresh :]

    def fill(self, run: Run, node: Node, enabled: dict[int, VirtualThread]) -> bool:
        node.backtrack, node.done, node.sleep = set(), set(), set()
        if self.nodes:
            parent = self.nodes[-1]
            used = self.used[-1]
            for choice in (*parent.sleep, *parent.done):
                thread = enabled.get(choice[0])
                # A sleeper that has moved, or whose step depends on the one just taken, wakes up.
                if (
                    thread is not None
                    and choice[0] != parent.chosen[0]
                    and not dependent(thread.accesses, used)
                ):
                    node.sleep.add(choice)
        awake = [n for n in node.enabled if self.awake(node, n)] if node.sleep else list(node.enabled)
        if not awake:
            return False
        first = first_choice(node)
        # A wake-up for no reason comes last: most of them change nothing.
        number = first if first in awake else min(awake, key=lambda n: (n in node.rescues, n))
        self.want(node, number)
        if STOP in node.enabled:
            node.backtrack.update(node.enabled)
        chosen = self.untried(node, number)
        assert chosen is not None  # (it is awake)
        node.chosen = chosen
        return True

    def want(self, node: Node, number: int) -> None:
        node.backtrack.add(number)
        if number in node.rescues:
            # A state in which nobody can be relied upon to go on is a deadlock, and must be met as such.
            node.backtrack.update(node.enabled)

    def untried(self, node: Node, number: int) -> Choice | None:
        for alternative in range(node.enabled[number]):
            choice = (number, alternative)
            if choice not in node.done and choice not in node.sleep:
                return choice
        return None

    def take(self, node: Node, thread: VirtualThread) -> VirtualThread:
        super().take(node, thread)
        self.analyse(thread, self.depth - 1)
        return thread

    def analyse(self, thread: VirtualThread, depth: int) -> None:
        """Which earlier steps could this one also have come before, and what did it come after?"""
        if depth < self.fresh:
            clock = self.analysed[depth]  # (it was in the same place of the same run)
        else:
            clock = self.race(thread, depth, thread.accesses)
            if len(clock) <= thread.number:
                clock.extend([-1] * (thread.number + 1 - len(clock)))
            clock[thread.number] = depth
            self.analysed.append(clock)
        thread.clock = clock[:]
        self.clocks.append(clock)
        self.used.append(thread.accesses)
        for key, mode in thread.accesses:
            self.history.setdefault(key, {}).setdefault(thread.number, []).append((depth, mode))

    def learn(self, thread: VirtualThread, clock: list[int]) -> None:
        merge(thread.clock, clock)
        own = thread.clock[thread.number] if thread.number < len(thread.clock) else -1
        if own >= 0:
            self.clocks[own] = thread.clock[:]

    def race(self, thread: VirtualThread, depth: int, accesses: tuple[Access, ...]) -> list[int]:
        """Find the earlier steps that a step could also have come before; returns its vector clock."""
        before = thread.clock
        after = before[:]
        number = thread.number
        for key, mode in accesses:
            for other, uses in self.history.get(key, _NONE).items():
                if other == number:
                    continue
                known = before[other] if other < len(before) else -1
                for index, how in reversed(uses):
                    if index <= known:
                        break
                    if how != mode or mode == WRITE:
                        self.reverse(index, number, before)
                        merge(after, self.clocks[index])
        return after

    def reverse(self, index: int, number: int, before: list[int]) -> None:
        """Let the step of thread `number` be tried before the step at `index`."""
        node = self.nodes[index]
        if number in node.enabled and self.awake(node, number):
            self.want(node, number)
            return
        # It cannot go there, or sleeps: then somebody who has to come before it, and is not asleep, will do.
        helpers = [n for n in node.enabled if 0 <= n < len(before) and before[n] > index and self.awake(node, n)]
        if not helpers:
            node.backtrack.update(node.enabled)
        elif not any(n in node.backtrack for n in helpers):
            self.want(node, min(helpers))

    def awake(self, node: Node, number: int) -> bool:
        if not node.sleep:
            return True
        return any((number, alternative) not in node.sleep for alternative in range(node.enabled[number]))

    def ended(self, run: Run) -> None:
        for thread in run.threads:
            if thread.parked and run.ending not in ("diverged", "time"):
                accesses = thread.uses() if thread.uses is not None else thread.accesses
                self.race(thread, self.depth, accesses)

    def foresee(self, run: Run, thread: VirtualThread) -> None:
        if thread.uses is not None:
            self.race(thread, self.depth, thread.uses())

    def repeated(self, run: Run, depth: int) -> None:
        # Otherwise a thread that is independent of the cycle could be put off for ever.
        node = self.nodes[depth]
        node.backtrack.update(node.enabled)

    def advance(self) -> bool:
        while self.nodes:
            node = self.nodes[-1]
            node.done.add(node.chosen)
            for number in sorted(node.backtrack):
                choice = self.untried(node, number)
                if choice is not None:
                    node.chosen = choice
                    return True
            self.nodes.pop()
        return False


class Bounded(Search):
    """Every schedule with at most `bound` preemptions and fewer than `longest` steps."""

    def __init__(self, bound: int):
        super().__init__()
        self.bound = bound

    def fill(self, run: Run, node: Node, enabled: dict[int, VirtualThread]) -> bool:
        first = first_choice(node)
        node.choose(in_order(node) if node.free or node.preemptions < self.bound else [first])
        return True

    def advance(self) -> bool:
        return next_choice(self.nodes)


class Fixed(Search):
    """The schedule that a string tells; after its end everybody goes on as far as they can."""

    def __init__(self, choices: list[Choice]):
        super().__init__()
        self.choices = choices

    def fill(self, run: Run, node: Node, enabled: dict[int, VirtualThread]) -> bool:
        depth = len(self.nodes)
        if depth < len(self.choices):
            node.chosen = self.choices[depth]
            if node.chosen[0] not in node.enabled or node.chosen[1] >= node.enabled[node.chosen[0]]:
                run.ending, run.detail = "mismatch", depth
                return False
        else:
            node.chosen = (first_choice(node), 0)
        return True

    def advance(self) -> bool:
        return False


def dependent(accesses: tuple[Access, ...], used: tuple[Access, ...]) -> bool:
    for key, mode in accesses:
        for other, how in used:
            if key == other and (mode != how or mode == WRITE):
                return True
    return False

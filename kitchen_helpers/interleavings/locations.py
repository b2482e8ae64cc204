"""Which locations two threads share, so that steps on them have to be visible.

A site is invisible, and costs nothing, until two threads conflict on a location that it touches: neither access is
before the other by a start or a join, and one of them writes. Then every site that touched the location becomes
visible and the search starts again. A run without a new conflict has therefore seen all its shared steps.
"""

from __future__ import annotations

from typing import Any

from .identities import Pairs, Ranks, orders
from .sites import Site
from .threads import READ, WRITE, VirtualThread


class _Touched:
    """Who touched a location in this run: for each thread the epochs of its last read and its last write."""

    __slots__ = ("dark", "keep", "only", "opaque", "reads", "sites", "writes")

    def __init__(self, keep: Any, only: int):
        self.reads: dict[int, int] = {}
        self.writes: dict[int, int] = {}
        self.only = only
        """The thread that touched it; -1 once it is not the only one."""
        self.sites: set[Site | None] = set()
        self.dark: list[Site] = []
        """The sites that were not visible when they first touched it: a conflict has something to say to them only."""
        self.keep = keep  # so that no other object gets its id during the run
        self.opaque: tuple[Site | None, str] | None = None

    def met_at(self, site: Site | None) -> None:
        self.sites.add(site)
        if site is not None and not site.visible:
            self.dark.append(site)


_NOTICED = ("methods", "lock_releases", "thread_ends", "retries", "items", "resized", "pairs", "orders")
Lesson = tuple[set[Site], dict[str, Any]]
"""The sites that are visible, and what was noticed of the program as a whole."""


class Sharing:
    """The accesses of one run, and what was learned from all runs so far."""

    def __init__(self) -> None:
        self.touched: dict[Any, _Touched] = {}
        self.wild: set[int] = set()
        """Objects that code which cannot be seen got hold of, with all their attributes."""
        self.methods = False
        """Somebody replaces methods: loading one is a step."""
        self.learned = False
        """A site became visible in this run: the search has to start again."""
        self.visible: set[Site] = set()
        self.lock_releases = False
        """Somebody can tell whether a lock is held: its release is a step."""
        self.thread_ends = False
        """Somebody can tell whether a thread is alive: its end is a step."""
        self.retries = False
        """Somebody tried and failed, and may try again: loops are watched from their first round."""
        self.items = False
        """Somebody stores items of what is shared: each is a location of its own."""
        self.resized = False
        """A dict lost a key that somebody was about to store anew: items of dicts are none, after all."""
        self.pairs: Pairs = frozenset()
        """The ids of which it counts which one is smaller."""
        self.orders: list[Ranks] = []
        """The orders of ids that are to be tried; none if it does not count."""
        self.unjudged: dict[str, None] = {}
        """Why the verdict cannot be "holds", in the order found."""

    def new_run(self) -> None:
        self.touched = {}
        self.wild = set()
        self.learned = False

    def reset(self) -> None:
        """Forget which sites are visible: another exploration must not depend on this one."""
        for site in self.visible:
            site.visible = False
        self.visible.clear()
        self.pairs, self.orders = frozenset(), []

    def lesson(self) -> Lesson:
        """What was learned so far, for another session with the same program."""
        return set(self.visible), {name: getattr(self, name) for name in _NOTICED}

    def take(self, lesson: Lesson) -> None:
        """Begin with what another session has learned."""
        visible, noticed = lesson
        for site in visible:
            site.visible = True
        self.visible |= visible
        for name, value in noticed.items():
            setattr(self, name, value)

    def order_counts(self, pair: tuple[int, int], site: Site | None) -> None:
        """It counts which of two ids is the smaller one: both ways round have to be tried."""
        if pair in self.pairs:
            return
        pairs = self.pairs | {pair}
        found = orders(pairs)
        if found is None:
            self.refuse(site, "ids are compared of so many objects that not every order of them can be tried")
        else:
            self.pairs, self.orders = pairs, found
            self.learned = True

    def note(self, thread: VirtualThread, key: Any, mode: int, site: Site | None, keep: Any) -> None:
        number = thread.number
        entry = self.touched.get(key)
        if entry is None:
            entry = self.touched[key] = _Touched(keep, number)
        if self.wild and type(key) is tuple and key[0] in self.wild and key[1] != "*":
            self.note(thread, (key[0], "*"), mode, site, keep)
        mine = entry.reads if mode == READ else entry.writes
        if site not in entry.sites:
            entry.met_at(site)
        elif mine.get(number) == thread.epoch:
            return  # as before: whoever came in between has compared with this one
        mine[number] = thread.epoch
        if entry.only != number:
            entry.only = -1
            # (what is visible already, as most of what threads share is, has nothing to learn from a conflict)
            if (entry.dark or entry.opaque is not None) and (
                self.meets(entry.writes, thread) or (mode != READ and self.meets(entry.reads, thread))
            ):
                self.conflict(entry)

    def meets(self, epochs: dict[int, int], thread: VirtualThread) -> bool:
        """Is one of these accesses another thread's, and not in this thread's past?"""
        for other, epoch in epochs.items():
            if other != thread.number and epoch > thread.seen.get(other, -1):
                return True
        return False

    def conflict(self, entry: _Touched) -> None:
        for site in entry.dark:
            if not site.visible:
                site.visible = True
                self.visible.add(site)
                self.learned = True
        entry.dark.clear()
        if entry.opaque is not None:
            site_, what = entry.opaque
            self.refuse(site_, f"{what} is used by several threads, and what that does cannot be judged")

    def opaque(
        self, thread: VirtualThread, key: Any, site: Site | None, keep: Any, what: str, mode: int = WRITE
    ) -> None:
        """An access that happens inside code we cannot see: harmless only as long as no other thread conflicts.

        A key (id, "*") stands for all attributes of an object.
        """
        entry = self.touched.get(key)
        if entry is None:
            entry = self.touched[key] = _Touched(keep, thread.number)
        if entry.only != thread.number:
            entry.only = -1
        entry.opaque = (site, what)
        if site not in entry.sites:
            entry.met_at(site)
        met = [entry]
        if type(key) is tuple and key[1] == "*":
            self.wild.add(key[0])
            met += [e for k, e in self.touched.items() if type(k) is tuple and k[0] == key[0] and e is not entry]
        others = any(self.meets(e.writes, thread) or (mode != READ and self.meets(e.reads, thread)) for e in met)
        (entry.reads if mode == READ else entry.writes)[thread.number] = thread.epoch
        if others:
            self.conflict(entry)

    def refuse(self, site: Site | None, why: str) -> None:
        where = f" (line {site.line}: {site.source})" if site is not None and site.line else ""
        self.unjudged.setdefault(why + where)

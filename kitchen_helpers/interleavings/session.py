"""One exploration: the rewritten code, the workers, the saved state, and what the hooks need to know."""

from __future__ import annotations

import builtins
import gc
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

from . import accesses, attributes, calls, containers, iteration, loops, variables
from .accesses import record, use
from .collect import Collector, is_rewritten
from .identities import Identity, somebody_is_gone
from .kinds import CLASS, FUNCTION, kind_of
from .locations import Sharing
from .models.base import Model
from .models.shadows import SHADOWED, CannotShadow, shadow
from .plans import forget_plans
from .pool import Pool
from .scheduler import Run, StepLog
from .search import Search
from .sites import Site
from .state import Snapshot
from .threads import WRITE, Kill, VirtualThread, current, now

HOOKS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        attributes.load,
        attributes.store,
        attributes.delete,
        variables.load_variable,
        variables.store_variable,
        variables.delete_variable,
        accesses.called_back,
        containers.load_item,
        containers.store_item,
        containers.delete_item,
        containers.touch,
        containers.formatted,
        containers.truth,
        containers.unpack,
        containers.operate,
        containers.chain,
        containers.wrong,
        containers.untrue,
        containers.update,
        iteration.iterate,
        iteration.delegate,
        containers.matched,
        calls.call,
        calls.manage,
        calls.ensure,
        calls.unjudged,
        calls.debugger,
        calls.alive,
        calls.own_names,
        calls.yielding,
        loops.enter_loop,
        loops.loop,
    )
}
_DESCRIPTORS = (types.MemberDescriptorType, types.GetSetDescriptorType)
_HERE = Site("", 0, "", "", 0)


class Session:
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
        self.given_up = False
        """Nobody waits for it any more: its driver is to end, and to touch nothing that others use."""
        self.run: Run | None = None
        self.harmless: set[int] = set()
        self.no_primitives: set[type] = set()
        self.told_before = sys.unraisablehook

    # -- for the hooks --------------------------------------------------------------------------------------------

    def ensure(self, value: Any) -> None:
        """Rewrite what is about to be called, before it is."""
        collector = self.collector
        cls = type(value)
        if cls is types.BuiltinFunctionType:
            return
        if cls is types.MethodType:
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

    def call_at(self, site: Site, function: Any, *args: Any) -> Any:
        """Call what the program has hidden behind an expression."""
        return calls.call(site, function, *args)

    def each(self, values: Any) -> Any:
        """What to iterate over in place of what the program gave: each item is a step."""
        thread = current()
        assert thread is not None
        return iteration.iterate(thread.call_site or _HERE, values)

    def all_of(self, values: Any) -> set[Any]:
        """What the program gave, taken in one piece."""
        thread = current()
        assert thread is not None
        return calls.call(thread.call_site or _HERE, set, values)  # type: ignore[no-any-return]

    def answer(self, predicate: Callable[[], Any]) -> Any:
        """Ask what a `wait_for` waits for; that its truth counts may be a step, too."""
        thread = current()
        assert thread is not None
        return containers.truth(thread.call_site or _HERE, self.call(predicate))

    def stand_in(self, thread: VirtualThread, value: Any) -> Any:
        """The model of a primitive that is older than the run; anything else as it is."""
        cls = type(value)
        if cls in self.no_primitives:
            return value
        if not issubclass(cls, SHADOWED):  # (isinstance would ask the object)
            self.no_primitives.add(cls)
            return value
        run = thread.run
        if id(value) not in run.shadows:
            try:
                run.shadows[id(value)] = (value, shadow(value, lambda inner: self.stand_in(thread, inner)))
            except CannotShadow as reason:
                self.forbid(thread, thread.call_site, str(reason))
        return run.shadows[id(value)][1]

    def forbid(self, thread: VirtualThread, site: Site | None, why: str) -> None:
        """The program does what must not be done while exploring: the run ends here."""
        thread.run.sharing.refuse(site, why)
        thread.run.stop(thread, "refused")

    def made(self, thread: VirtualThread, value: Any) -> Any:
        """Number a new object by who made it and when: the same in every run."""
        thread.made += 1
        thread.run.identities[id(value)] = (type(value), 1_000_000 * (thread.number + 1) + thread.made)
        return value

    def identity(self, thread: VirtualThread, site: Site, value: Any, what: str = "id") -> Identity:
        """The id of an object, or its hash that comes from it: a number that is the same in every run."""
        identities = thread.run.identities
        known = identities.get(id(value))
        if known is None or known[0] is not type(value):
            age = self.snapshot.ages.get(id(value))
            if age is None:
                thread.run.unnumbered.add(id(value))
            else:
                known = identities[id(value)] = (type(value), age)
        if id(value) in thread.run.unnumbered:
            # It was made by no call (a list, a function): its number says who asked first, so that the order counts.
            use(thread, site, "call", value, ((("id", id(value)), WRITE),), value)
            record(thread, site, "call", value, "id", None)
            if identities.get(id(value), (None, 0))[0] is not type(value):
                self.made(thread, value)
            known = identities[id(value)]
        assert known is not None
        number = known[1]
        thread.run.ids_given = True
        real = id(value) if what == "id" else object.__hash__(value)
        if self.is_kept(real):
            self.sharing.refuse(site, f"the {what} of an object is kept from before the program")
            return Identity.of(real, site, what)
        if number not in thread.run.asked:
            if not self.is_old(value) and somebody_is_gone(thread.run):
                self.sharing.refuse(site, "an object whose id was asked for is gone, and another one may get the same id")
            thread.run.asked[number] = value
        return Identity.of(number, site, what)

    def is_numbered(self, thread: VirtualThread, value: Any) -> bool:
        """Has it got its number by how it was made?"""
        made, _ = thread.run.identities.get(id(value), (None, 0))
        return made is type(value) or self.is_old(value)

    def is_kept(self, number: int) -> bool:
        """Was this id, or hash, there before the program ran?"""
        return number in self.snapshot.numbers

    def is_old(self, value: Any) -> bool:
        """Was it there before the program ran, so that a run may leave it changed?"""
        return id(value) in self.snapshot.ages

    def is_harmless(self, value: Any) -> bool:
        module = type(value).__module__
        return (
            issubclass(type(value), (Model, threading.Thread, BaseException, *SHADOWED, *_DESCRIPTORS))
            or value is sys.stdout
            or value is sys.stderr
            or module
            in (
                "logging",
                "re",
                "functools",
            )
        )

    def global_stored(self, site: Site, values: dict[str, Any], name: str) -> None:
        """A global is about to be stored: it has to be put back, and those who read it have to see that it can change."""
        self.snapshot.add_variable(values, name)
        if name not in self.collector.watched and (callable(values.get(name)) or hasattr(builtins, name)):
            self.sharing.refuse(site, f"{name} is replaced, and not everybody who uses it is seen")

    turn = staticmethod(loops.turn)

    def roots(self) -> Iterator[Any]:
        return self.snapshot.roots()

    # -- runs -----------------------------------------------------------------------------------------------------

    def once(self, search: Search, log: StepLog | None = None) -> Run:
        """One run, of the schedule that the search has in mind. Raises Kill once the exploration has been given up."""
        if self.given_up:
            raise Kill
        self.sharing.new_run()
        if self.run is not None:
            self.run.forget()
        search.begin()
        run = self.run = Run(
            self.start,
            search,
            self.pool,
            self.numbers,
            self.sharing,
            session=self,
            strict=self.strict,
            log=log,
            deadline=self.deadline,
        )
        if self.interrupted:
            run.deadline = 0.0
        # What an earlier run left in circles (a generator in the middle of a `with`) must not be ended, with steps of its
        # own, in the middle of this one: the garbage collector has its turn between the runs.
        collecting = gc.isenabled()
        gc.disable()
        try:
            run.execute()
        finally:
            if not self.given_up:  # (by now another exploration may be at work)
                now.thread = None
                now.dying = 0
            if collecting:
                gc.enable()
            self.snapshot.restore()
        if self.given_up:  # while it was going on: it was left in the middle, and how it ended says nothing
            raise Kill
        if now.stranger:
            now.stranger = False
            self.sharing.refuse(None, "a thread that nobody sees start has run the program's code, too")
        search.ended(run)
        return run

    def start(self) -> Any:
        assert self.run is not None
        orders = self.sharing.orders
        if len(orders) > 1:
            self.run.ranks = orders[self.run.choose(len(orders))]
        return self.call(self.program)

    def prepare(self) -> None:
        sys.unraisablehook = self.unraisable
        forget_plans()  # (an exploration that was given up may have left some)
        self.ensure(self.program)
        if isinstance(self.program, types.MethodType):
            self.snapshot.walk(self.program.__self__)

    def unraisable(self, what: sys.UnraisableHookArgs) -> None:
        """A finalizer that is ended with its run is no news for the reader."""
        if what.exc_type is not Kill:
            self.told_before(what)

    def hurry(self) -> None:
        """The run that is going on, and every later one, ends at its next look at the clock."""
        self.interrupted = True
        if self.run is not None:
            self.run.deadline = 0.0

    def abandon(self) -> None:
        """Some thread does not come back: end the others without waiting for it, and it as soon as it does."""
        self.given_up = True
        self.collector.restore()
        self.sharing.reset()
        self.pool.closed = True
        if self.run is not None:
            self.run.abandon()

    def close(self) -> None:
        self.collector.restore()
        self.sharing.reset()
        forget_plans()
        self.pool.close()
        if sys.unraisablehook == self.unraisable:
            sys.unraisablehook = self.told_before

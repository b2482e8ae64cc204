"""An event loop whose clock jumps: when everybody only waits, it goes at once to the moment at which the first wait is over.

Two seconds of a slow guest take no time, and the same happens in every run: a turn of the loop takes a tenth of a
millisecond, however busy the machine is. Only while other threads are at work, time goes by as it does outside.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import os
import selectors
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from .box import INSIDE
from .loops import KnowingLoop, forget, unfinished
from .questions import RuleBroken
from .realtime import LONGEST, Called, call, no_new_threads, threads

TURN = 0.0001
"""Seconds that a turn of the loop takes."""
EVENING = 60.0
"""Seconds after which a call is taken for one that never returns."""
_BREATH = 0.005
"""Seconds for which other threads, where there are some, are waited for at a time."""


class Clock:
    """What time it is on a loop."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.offset = time.time() - self.now
        self.turns = 0
        self.blocked = 0.0
        """Seconds for which `time.sleep` has kept the loop from its turns."""
        self.threads = threads()
        self.pool: set[int] = set()
        """The threads of the loop's own executor, which are at work only as long as there are jobs."""
        self.jobs = 0
        self._number = itertools.count()
        self._to_come: list[tuple[float, int, Callable[[], object]]] = []

    def at(self, moment: float, event: Callable[[], object]) -> None:
        heapq.heappush(self._to_come, (moment, next(self._number), event))

    def job_is_done(self) -> None:
        self.jobs -= 1

    def others_work(self) -> bool:
        return bool(self.jobs or threads() - self.threads - self.pool)

    def turn(self, waits: float | None) -> None:
        """Another turn of the loop; if it has nothing to do, it waits so many seconds, or until an event comes."""
        if waits is None or waits > 0:
            moments = [] if waits is None else [self.now + waits]
            self.now = max(self.now, min(moments + [moment for moment, *_ in self._to_come[:1]], default=self.now))
        while self._to_come and self._to_come[0][0] <= self.now:
            heapq.heappop(self._to_come)[-1]()


# Behind the objects that an answer can get hold of, and not in them: nothing that it sets there changes the time.
_clocks: dict[int, Clock] = {}
_running: dict[int, Clock] = {}
"""By thread."""
_kept: list[Evening] = []
"""Those that have left something behind: were it thrown away, the answer's code would be asked to end, and might not."""


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting it moves the clock."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        clock = _clocks[id(self)]
        clock.turns += 1
        clock.now += TURN
        ready = super().select(0)
        idle = not ready and (timeout is None or timeout > 0)
        if idle:
            others = clock.others_work()
            begun = perf_counter()
            # (also without others: one of them may have said something just before it ended)
            ready = super().select(min(timeout or _BREATH, _BREATH) if others else 0)
            clock.now += perf_counter() - begun if others else 0
            idle = not ready and not others
        clock.turn(timeout if idle else 0)
        return ready


class JumpingLoop(KnowingLoop):
    """An event loop on such a clock."""

    def __init__(self, clock: Clock) -> None:
        selector = _JumpingSelector()
        _clocks[id(self)] = _clocks[id(selector)] = clock
        super().__init__(selector)

    def time(self) -> float:
        return _clocks[id(self)].now

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        clock = _clocks[id(self)]
        future = super().run_in_executor(executor, func, *args)
        if executor is None:
            clock.pool |= set(map(id, getattr(getattr(self, "_default_executor", None), "_threads", ())))
            clock.jobs += 1
            future.add_done_callback(lambda _: clock.job_is_done())
        return future


def _forget(loop: JumpingLoop) -> None:
    for key in [key for key, clock in _clocks.items() if clock is _clocks[id(loop)]]:
        del _clocks[key]
    forget(loop)


@dataclass
class Ending:
    """How one call of an answer's coroutine ended, and how many seconds after it began."""

    called: Called | None = None
    seconds: float = 0.0


class Evening:
    """What happens on an event loop of its own, second by second: the answer's calls, and the events around them.

    `what` names it in messages, `stuck` is a hint for calls that never return. `grace`: seconds that tasks may still take
    when the calls have ended.
    """

    def __init__(self, what: str, grace: float = 0.0, stuck: str = "Who waits for whom, and who wakes them?") -> None:
        self.what, self.grace, self.stuck = what, grace, stuck
        self.clock = Clock()
        self.loop = JumpingLoop(self.clock)
        self.begun = self.clock.now
        self.endings: list[Ending] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._left = 0
        self._over = False

    @property
    def seconds(self) -> float:
        """Since its beginning."""
        return self.clock.now - self.begun

    def at(self, seconds: float, function: Callable[..., object], *arguments: Any) -> None:
        """Call a function so many seconds after the beginning.

        The loop knows nothing of it: what an answer may find among the loop's own timers is the answer's.
        """
        self.clock.at(self.begun + seconds, lambda: function(*arguments))

    def calls(self, start: Callable[[], Any], name: str) -> Ending:
        """`start()` gives the answer's coroutine, which is awaited from the beginning on."""
        ending = Ending()
        self.endings.append(ending)
        self._tasks.append(self.loop.create_task(self._await(start, name, ending)))
        return ending

    def cancel(self, number: int = 0) -> None:
        """Cancel one of the calls, as somebody outside would."""
        self._tasks[number].cancel()

    async def _await(self, start: Callable[[], Any], name: str, ending: Ending) -> None:
        try:
            answer = start()
            if not hasattr(type(answer), "__await__"):
                raise RuleBroken(f"{name} must be a coroutine function: async def {name}(…)", "Which word makes a function a coroutine?")
            called = Called(await answer)
        except BaseException as error:  # noqa: BLE001 - whatever the answer thinks of
            called = Called(error=error)
        ending.called, ending.seconds = called, self.seconds
        if all(other.called is not None for other in self.endings):
            if self.grace and self._unfinished():
                self.at(self.seconds + self.grace, self._finish)
            else:
                self._finish()

    def _finish(self) -> None:
        self._left = self._unfinished()
        self._over = True
        self.loop.stop()

    def _unfinished(self) -> int:
        return unfinished(self.loop, self._tasks)

    def run(self) -> None:
        """Until all calls have ended. RuleBroken if one does not, or leaves something running."""
        before = threads()
        try:
            called = call(self.what, self._turn)
        except RuleBroken:
            _kept.append(self)
            raise self._hangs() from None
        if not self._over or self._left:
            _kept.append(self)
        else:
            _forget(self.loop)
        if self.clock.blocked:
            rule = f"{self.what}: time.sleep was called in a coroutine, and for {self.clock.blocked:g} seconds nobody got a turn"
            raise RuleBroken(rule, "Which sleep lets the others go on?")
        errors = [ending.called.error for ending in self.endings if ending.called is not None]
        self._raise_what_no_answer_may(called.error, errors)
        if not self._over:
            if self.seconds < EVENING:
                raise RuleBroken(f"{self.what}: the event loop was stopped", "The event loop belongs to everybody.")
            raise RuleBroken(f"{self.what} has not returned after {EVENING:g} seconds", self.stuck)
        if self._left:
            many = f"{self._left} of its tasks are" if self._left > 1 else "one of its tasks is"
            how = "".join(f", which raised {type(error).__name__}" for error in errors if error is not None)
            hint = "Who ends what a call has started, and who waits until it has ended?"
            raise RuleBroken(f"{many} not done after {self.what}{how}", hint)
        no_new_threads(before, self.what)

    def _raise_what_no_answer_may(self, out_of_the_loop: BaseException | None, errors: list[BaseException | None]) -> None:
        for error in errors:
            if type(error) is RuleBroken:
                raise error
        fatal = [e for e in errors if e is not None and not issubclass(type(e), Exception | asyncio.CancelledError)]
        for error in [out_of_the_loop, *fatal]:
            if error is not None:
                rule = f"{self.what}: {type(error).__name__} comes out of it, which ends the whole program"
                raise RuleBroken(rule, "Who else lives in this event loop?")

    def _turn(self) -> None:
        me = threading.get_ident()
        _running[me] = self.clock
        self.at(EVENING, self.loop.stop)
        try:
            self.loop.run_forever()
            if self._over and not self._left:
                self.loop.run_until_complete(self.loop.shutdown_asyncgens())
                self.loop.run_until_complete(self.loop.shutdown_default_executor())
        finally:
            del _running[me]
            self.loop.close()

    def _hangs(self) -> RuleBroken:
        """It has used up its time outside: because of one step without end, or of very many."""
        turns = self.clock.turns
        time.sleep(0.05)
        if self.clock.turns == turns:
            rule = f"{self.what}: it has not let go of the event loop for {LONGEST:g} seconds"
            return RuleBroken(rule, "Is there a loop in which nothing is awaited, or a call that blocks?")
        return RuleBroken(f"{self.what} goes round and round, and does not return", "What would have to happen for its loop to end?")


# -- the time as an answer sees it ------------------------------------------------------------------------------------


def _telling(name: str) -> Callable[[], Any]:
    real: Callable[[], Any] = getattr(time, name)

    def now() -> Any:
        clock = _running.get(threading.get_ident())
        if clock is None:
            return real()
        seconds = clock.now + (clock.offset if name.startswith("time") else 0.0)
        return int(seconds * 1e9) if name.endswith("_ns") else seconds

    return now


_really_sleep = time.sleep


def _sleep(seconds: float) -> None:
    clock = _running.get(threading.get_ident())
    if clock is None:
        _really_sleep(seconds)
    else:
        clock.blocked += seconds
        clock.now += seconds


_SEEN: dict[str, Callable[..., Any]] = {
    name: _telling(name) for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")
}
_SEEN["sleep"] = _sleep


# In the process of this one check, before the answer is run: whatever it has of `time`, it has these.
if os.environ.get(INSIDE):
    for _name, _function in _SEEN.items():
        setattr(time, _name, _function)

"""The checks of assignment 5, the front of the house: coroutines that serve guests, fetch prices and run a kitchen.

All of them run on a clock that jumps (`virtual_time`): a deadline of seconds takes none, and each run is like the other.
"""

from __future__ import annotations

import asyncio
import copy
import functools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

from .a5_front_of_house import RAISES, check_handle
from .questions import Question, RuleBroken, Verdict
from .realtime import Called, Gauge, exactly, named, tried
from .virtual_time import Evening

_SOON = 1.0
"""Seconds within which a call has to return once nothing keeps it any more."""
_TIDYING = 0.1


class Burnt(Exception):
    """What the coroutines of the checks raise."""


class _Watched:
    """A coroutine function of the check, `run`, and what was seen of its calls.

    `takes(item)` says how many seconds an item takes, `gives(item, number)` what comes of the call with that number; it
    may raise. Whoever is cancelled needs a moment to tidy up. `halfway()` is called in the middle of each.
    """

    def __init__(self, what: str, takes: Callable[[Any], float], gives: Callable[[Any, int], Any], tidying: float = 0.0) -> None:
        self.what = what
        self.evening = Evening(what)
        self.gauge = Gauge()
        self.cancelled = self.tidied = 0
        self.halfway: Callable[[], object] = lambda: None
        self.hastened: list[float] = []

        async def run(item: Any) -> Any:
            with self.gauge:
                number, seconds, begun = self.gauge.entered, takes(item), self.evening.seconds
                try:
                    await asyncio.sleep(seconds / 2)
                    self.halfway()
                    await asyncio.sleep(seconds / 2)
                    if self.evening.seconds - begun < 0.999 * seconds:
                        self.hastened.append(seconds)
                except asyncio.CancelledError:
                    self.cancelled += 1
                    begun = self.evening.seconds
                    await asyncio.sleep(tidying)
                    self.tidied += self.evening.seconds - begun >= 0.999 * tidying
                    raise
                return gives(item, number)

        self.run = run

    def plays(self, start: Callable[[], Any], name: str, doing: str) -> tuple[Called, float]:
        """How the answer's call ended, and after how many seconds."""
        ending = self.evening.calls(start, name)
        self.evening.run()
        if self.hastened:
            rule = f"a {doing} that takes {self.hastened[0]:g} s was over before its time"
            raise RuleBroken(rule, f"A {doing} is to be awaited, and its time is its own.")
        if self.tidied < self.cancelled:
            rule = f"a {doing} that was cancelled was still tidying up after {self.what}"
            raise RuleBroken(rule, "cancel() only asks: who waits until it has happened?")
        if self.gauge.inside:
            raise RuleBroken(f"a {doing} was still in flight after {self.what}", "Who ends what was started?")
        return ending.called or Called(), ending.seconds


def _listed(called: Called, length: int, what: str, hint: str, raising: str = RAISES) -> list[Any]:
    """The list that a call returned."""
    if called.error is not None:
        raise RuleBroken(f"{what} raises {named(called.error)}", raising) from called.error
    if type(called.result) not in (list, tuple):
        raise RuleBroken(f"{what} must return a list, and returns {type(called.result).__name__}", hint)
    if len(called.result) != length:
        raise RuleBroken(f"{what} must return {length} results, and returns {len(called.result)}", hint)
    return list(called.result)


def _shown(value: Any) -> str:
    if isinstance(value, BaseException):
        return named(value)
    try:
        return repr(value)[:100]
    except BaseException:  # noqa: BLE001 - it may be the answer's
        return f"something of the class {type(value).__name__}"


# -- a5.q2: fetch_all -------------------------------------------------------------------------------------------------

_PLACES = "Each result has the place of its url: which of your names knows the place when a fetch is done?"
_INFLIGHT = "When may the next fetch begin, and who counts?"
_FAILED = "What becomes of the others, and of your list, when one fetch raises?"
_DEADLINE = "What does your limit of time count: the whole, or each fetch? And what happens to results that are already there?"
_OUTSIDE = "A cancel from outside arrives as CancelledError at one of your awaits. Who else has to hear of it?"
_LATE = object()


def check_fetch_all(fetch_all: Any) -> Verdict:
    """a5.q2: `async fetch_all(fetch, urls, limit, deadline)`."""

    def fetched(
        what: str, takes: Mapping[str, float], urls: Sequence[str], limit: int, deadline: float, gives: Callable[[str, int], Any]
    ) -> tuple[_Watched, Called, float]:
        watched = _Watched(what, lambda url: takes.get(url, 1.0), gives, _TIDYING)
        called, seconds = watched.plays(lambda: fetch_all(watched.run, list(urls), limit, deadline), "fetch_all", "fetch")
        if watched.gauge.most > limit:
            raise RuleBroken(f"with limit={limit}, {watched.gauge.most} were in flight at once", _INFLIGHT)
        return watched, called, seconds

    def expect(what: str, called: Called, expected: Sequence[Any], hint: str, raising: str = RAISES) -> None:
        for number, (got, wanted) in enumerate(zip(_listed(called, len(expected), what, hint, raising), expected, strict=True)):
            if wanted is _LATE:
                right, words = issubclass(type(got), TimeoutError), "a TimeoutError, as it was late"
            elif isinstance(wanted, BaseException):
                right, words = got is wanted, f"the exception that its fetch raised, {named(wanted)}"
            else:
                right, words = exactly(got, wanted), repr(wanted)
            if not right:
                raise RuleBroken(f"{what}: the result at place {number} must be {words}, and is {_shown(got)}", hint)

    def plain() -> None:
        for urls in ([], ["/salt"], ["/salt", "/rice", "/wine"]):
            what = f"fetch_all(fetch, {urls}, 2, 10)"
            _, called, seconds = fetched(what, {}, urls, 2, 10, lambda url, _: f"price of {url}")
            expect(what, called, [f"price of {url}" for url in urls], _PLACES)
            if seconds > 4:
                rule = f"{what}: all was there after {(len(urls) + 1) // 2} s, and it returned after {seconds:.0f} s"
                raise RuleBroken(rule, "Is the deadline waited for although nothing is missing?")
        what = "a call whose last url is the first to be there"
        urls = [f"/{number}" for number in range(4)]
        _, called, _ = fetched(what, {url: 2 - index / 2 for index, url in enumerate(urls)}, urls, 4, 10, lambda url, _: url)
        expect(what, called, urls, _PLACES)
        nothing: dict[str, Any] = {"/a": None, "/b": 0, "/c": "", "/d": []}
        what = "a call whose results are None, 0, '' and []"
        _, called, _ = fetched(what, {}, list(nothing), 2, 10, lambda url, _: nothing[url])
        expect(what, called, list(nothing.values()), _PLACES)
        what = "a call in which a url stands twice"
        _, called, _ = fetched(what, {}, ["/salt", "/salt"], 2, 10, lambda url, number: number)
        got = _listed(called, 2, what, _PLACES)
        if not any(exactly(got, numbers) for numbers in ([1, 2], [2, 1])):
            raise RuleBroken(f"{what}: it is to be fetched twice, with a result for each, and these are {_shown(got)}", _PLACES)

    def at_most() -> None:
        for limit, number in ((1, 4), (3, 12), (8, 2)):
            urls = [f"/{index}" for index in range(number)]
            what = f"fetch_all of {number} urls with limit={limit}"
            watched, called, _ = fetched(what, {}, urls, limit, 30, lambda url, _: url)
            expect(what, called, urls, _PLACES)
            if watched.gauge.entered != number:
                raise RuleBroken(f"{what}: fetch was called {watched.gauge.entered} times, and is to be called once for each", _INFLIGHT)
            if watched.gauge.most < min(limit, number):
                rule = f"with limit={limit} and {number} urls, never more than {watched.gauge.most} in flight at once"
                raise RuleBroken(rule, "Does an await finish before the next line begins?")

    def failing() -> None:
        errors: dict[str, Exception] = {"/b": Burnt("no salt"), "/d": OSError("no road"), "/e": TimeoutError("the shop's own")}
        urls = ["/a", "/b", "/c", "/d", "/e", "/f"]

        def gives(url: str, _: int) -> str:
            if url in errors:
                raise errors[url]
            return url

        for limit in (6, 1):
            what = f"a call with limit={limit} in which some fetches fail"
            takes = {"/a": 2.0, "/b": 0.5}
            _, called, _ = fetched(what, takes, urls, limit, 30, gives)
            expect(what, called, [errors.get(url, url) for url in urls], _FAILED, _FAILED)

    def late() -> None:
        def after(what: str, takes: Mapping[str, float], limit: int, deadline: float, expected: Sequence[Any]) -> None:
            _, called, seconds = fetched(what, takes, list(takes), limit, deadline, lambda url, _: url)
            expect(what, called, expected, _DEADLINE, _DEADLINE)
            if seconds > deadline + _SOON:
                raise RuleBroken(f"{what} returns after {seconds:.1f} seconds", _DEADLINE)

        what = "a call with a deadline of 2 seconds, of whose 4 fetches two take 5"
        after(what, {"/a": 0.5, "/b": 5, "/c": 1, "/d": 5}, 4, 2, ["/a", _LATE, "/c", _LATE])
        what = "a call with a deadline of 2.5 seconds and limit=1, whose 4 fetches take 1 second each"
        after(what, {"/a": 1, "/b": 1, "/c": 1, "/d": 1}, 1, 2.5, ["/a", "/b", _LATE, _LATE])
        what = "a call with a deadline of 1 second and limit=2, whose 4 fetches take 30"
        after(what, {"/a": 30, "/b": 30, "/c": 30, "/d": 30}, 2, 1, [_LATE] * 4)

    def cancelled() -> None:
        what = "a call that is cancelled from outside after 1 second"
        watched = _Watched(what, lambda url: 5, lambda url, _: url, _TIDYING)
        watched.evening.at(1, watched.evening.cancel)
        called, seconds = watched.plays(lambda: fetch_all(watched.run, list("abcde"), 2, 10), "fetch_all", "fetch")
        if called.error is None:
            raise RuleBroken(f"{what} must end as cancelled, and it returned {_shown(called.result)}", _OUTSIDE)
        if not issubclass(type(called.error), asyncio.CancelledError):
            raise RuleBroken(f"{what} must end with CancelledError, and it raised {named(called.error)}", _OUTSIDE)
        if watched.cancelled < 2 or seconds > 1 + _SOON:
            rule = f"{what}: {2 - min(2, watched.cancelled)} of the 2 fetches in flight went on, and it ended after {seconds:.1f} seconds"
            raise RuleBroken(rule, _OUTSIDE)
        if watched.gauge.entered > 3:
            raise RuleBroken(f"{what}: {watched.gauge.entered - 2} more were begun", _OUTSIDE)

    return tried(
        [plain, at_most, failing, late, cancelled],
        "Results and exceptions in their places, never more than the limit in flight, nobody waits beyond the deadline, nothing is left",
        "Follow one url from the call to its place in the result: at which awaits can the deadline or a cancel meet it?",
    )


# -- a5.q3: kitchen ---------------------------------------------------------------------------------------------------

_ORDER = "Dishes have the places of their orders, whoever is done first: what travels with an order?"
_STOP = "How does each worker learn that no more orders come, and what is still to be done then?"
_PRESSURE = "How many orders may the producer have fetched when all workers are busy? What makes it wait?"
_ERROR = "When a worker fails: who waits for whom, and who tells the producer and the other workers?"


def check_kitchen(kitchen: Any) -> Verdict:
    """a5.q3: `async kitchen(orders, cook, workers, queue_size)`."""

    def cooked(watched: _Watched, orders: Any, workers: int, queue_size: int) -> tuple[Called, float]:
        start = lambda: kitchen(orders, watched.run, workers, queue_size)  # noqa: E731
        called, seconds = watched.plays(start, "kitchen", "cook")
        if watched.gauge.most > workers:
            rule = f"with workers={workers}, {watched.gauge.most} were cooking at once"
            raise RuleBroken(rule, "Who cooks, and how many of them are there?")
        return called, seconds

    def expect(what: str, watched: _Watched, called: Called, expected: Sequence[Any], hint: str) -> None:
        got = _listed(called, len(expected), what, hint)
        if not exactly(got, list(expected)):
            raise RuleBroken(f"{what} must return {list(expected)}, in the order of the orders, and returns {_shown(got)}", hint)
        if watched.gauge.entered != len(expected):
            raise RuleBroken(f"{what}: cook was called {watched.gauge.entered} times, and is to be called once for each order", _STOP)

    def plain() -> None:
        for orders in ([], [7], ["a", "a", "b"], [[1], [1], {}, "c"], [0, "", 0.0, False, 5]):
            for workers, queue_size in ((2, 1), (1, 3), (8, 2)):
                what = f"kitchen({orders}, cook, {workers}, {queue_size})"
                watched = _Watched(what, lambda order: 1, lambda order, _: ("dish", order))
                called, _ = cooked(watched, copy.deepcopy(orders), workers, queue_size)
                expect(what, watched, called, [("dish", order) for order in orders], _STOP)
        what = "kitchen with orders from a generator"
        watched = _Watched(what, lambda order: 1, lambda order, _: order)
        called, _ = cooked(watched, (number for number in range(7)), 2, 2)
        expect(what, watched, called, range(7), _STOP)
        what = "kitchen with a cook whose dishes are None"
        watched = _Watched(what, lambda order: 1, lambda order, _: None)
        called, _ = cooked(watched, range(3), 2, 2)
        expect(what, watched, called, [None] * 3, _ORDER)

    def in_order() -> None:
        what = "kitchen whose last order is the first to be done"
        watched = _Watched(what, lambda order: 5 - order, lambda order, _: order)
        called, _ = cooked(watched, range(5), 5, 5)
        expect(what, watched, called, range(5), _ORDER)

    def asynchronous() -> None:
        async def coming(pause: float, last: float = 0) -> AsyncIterator[int]:
            for number in range(6):
                await asyncio.sleep(pause)
                yield number
            await asyncio.sleep(last)

        which = "Which loop takes from an async iterable, and how do you know that it is one?"
        for what, orders in (
            ("kitchen with orders from an async generator", coming(0.5)),
            ("kitchen with orders from an async generator that comes faster than they are cooked", coming(0)),
            ("kitchen with an async iterator that is no generator", _Coming(6)),
            ("kitchen with an async iterable that is no iterator", _Book(6)),
            ("kitchen whose orders come when everybody is idle, and so does their end", coming(3, last=5)),
        ):
            watched = _Watched(what, lambda order: 1, lambda order, _: order)
            called, _ = cooked(watched, orders, 2, 1)
            expect(what, watched, called, range(6), which)

    def at_once() -> None:
        for workers, number in ((1, 3), (3, 12)):
            what = f"kitchen with {number} orders and workers={workers}"
            watched = _Watched(what, lambda order: 1, lambda order, _: order)
            called, _ = cooked(watched, range(number), workers, 2)
            expect(what, watched, called, range(number), _STOP)
            if watched.gauge.most < workers:
                rule = f"with workers={workers} and {number} orders, never more than {watched.gauge.most} cooking at once"
                raise RuleBroken(rule, "Does an await finish before the next line begins?")

    def backpressure() -> None:
        for workers, size in ((2, 3), (1, 1), (3, 1)):
            for kind in ("a generator", "an async generator"):
                what = f"kitchen with workers={workers} and queue_size={size}, and orders from {kind}"
                watched = _Watched(what, lambda order: 1, lambda order, _: order)
                fetched: list[int] = []
                waiting: list[int] = []
                # (when all have settled, as nobody begins anything while the dishes are half done)
                watched.halfway = functools.partial(_note_waiting, waiting, fetched, watched)
                orders = _noted(fetched, 20) if kind == "a generator" else _noted_async(fetched, 20)
                called, _ = cooked(watched, orders, workers, size)
                if max(waiting, default=0) > size + 1:
                    rule = f"{what}: {max(waiting)} orders were fetched and not begun ({size} may wait, and one be in the producer's hand)"
                    raise RuleBroken(rule, _PRESSURE)
                expect(what, watched, called, range(20), _STOP)

    def failing() -> None:
        def stopped(what: str, orders: Any, takes: Mapping[int, float], first: int, workers: int, size: int, begun: int) -> None:
            errors = {number: Burnt(f"dish {number}") for number in takes}

            def gives(order: int, _: int) -> int:
                if order in errors:
                    raise errors[order]
                return order

            watched = _Watched(what, lambda order: takes.get(order, 5), gives, _TIDYING)
            called, seconds = cooked(watched, orders, workers, size)
            raised(what, called, errors[first], seconds, takes[first])
            if watched.gauge.entered > begun + 1:
                raise RuleBroken(f"{what}: {watched.gauge.entered - begun} more orders were begun after the error", _ERROR)

        def raised(what: str, called: Called, error: BaseException, seconds: float, when: float) -> None:
            if called.error is None:
                raise RuleBroken(f"{what} must raise the first error, and returns {_shown(called.result)}", _ERROR)
            if called.error is not error:
                group = " (a group)" if isinstance(called.error, BaseExceptionGroup) else ""
                rule = f"{what} must raise the first error itself, {named(error)}, and raises {named(called.error)}{group}"
                raise RuleBroken(rule, _ERROR)
            if seconds > when + _SOON:
                raise RuleBroken(f"{what}: the error came after {when:g} s, and out of kitchen after {seconds:.0f} s", _ERROR)

        stopped("kitchen whose third order fails", range(10), {2: 1}, 2, 3, 2, 3)
        stopped("kitchen with one worker who fails while the queue is full", range(10), {0: 1}, 0, 1, 1, 1)
        stopped("kitchen in which the last order fails, and another one is still cooked", range(2), {1: 1}, 1, 2, 2, 2)
        stopped("kitchen in which one order fails after 1 second and another one after 2", range(4), {0: 2, 1: 1}, 1, 2, 1, 2)
        stopped("kitchen with an order that fails while the next one has not come", _never_third(), {1: 1}, 1, 2, 2, 2)
        stopped("kitchen in which the second of two orders fails, with more workers than orders", range(2), {1: 1}, 1, 5, 1, 2)
        for kind in ("a generator", "an async generator"):
            what = f"kitchen whose orders come from {kind} that raises after two"
            torn = Burnt("the list of orders")
            watched = _Watched(what, lambda order: 5, lambda order, _: order, _TIDYING)
            called, seconds = cooked(watched, _torn(torn) if kind == "a generator" else _torn_async(torn), 3, 2)
            raised(what, called, torn, seconds, 0)

    return tried(
        [plain, in_order, asynchronous, at_once, backpressure, failing],
        "Dishes in order, none lost, no more waiting than the queue may hold, and the first error ends it all",
        "Follow one order: who has it at each moment, and who waits for whom when no more come?",
    )


class _Coming:
    """Orders as a class of its own makes them."""

    def __init__(self, number: int) -> None:
        self._numbers = iter(range(number))

    def __aiter__(self) -> _Coming:
        return self

    async def __anext__(self) -> int:
        await asyncio.sleep(0.1)
        for number in self._numbers:
            return number
        raise StopAsyncIteration


class _Book:
    """Orders that can be read more than once."""

    def __init__(self, number: int) -> None:
        self._number = number

    async def __aiter__(self) -> AsyncIterator[int]:
        for number in range(self._number):
            await asyncio.sleep(0.1)
            yield number


def _noted(fetched: list[int], number: int) -> Iterator[int]:
    for order in range(number):
        fetched.append(order)
        yield order


async def _noted_async(fetched: list[int], number: int) -> AsyncIterator[int]:
    for order in _noted(fetched, number):
        yield order


def _note_waiting(waiting: list[int], fetched: list[int], watched: _Watched) -> None:
    waiting.append(len(fetched) - watched.gauge.entered)


async def _never_third() -> AsyncIterator[int]:
    yield 0
    yield 1
    await asyncio.sleep(1_000)


def _torn(error: BaseException) -> Iterator[int]:
    yield 0
    yield 1
    raise error


async def _torn_async(error: BaseException) -> AsyncIterator[int]:
    for order in _torn(error):
        yield order


QUESTIONS = (
    Question("a5.q1", ("handle",), 3.0, check_handle, alone=True),
    Question("a5.q2", ("fetch_all",), 3.0, check_fetch_all, alone=True),
    Question("a5.q3", ("kitchen",), 3.0, check_kitchen, alone=True),
)

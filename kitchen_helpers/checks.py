"""What can be told before measuring, about the arguments, and after each run, about its results."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from .engines import ENGINES, USUAL
from .runs import short


class ResultsDiffer(AssertionError):
    """An engine gave another result than the first sequential run.

    Attributes: engine; index of the item; item; expected (sequential) and got, the two results.
    """

    def __init__(self, message: str, engine: str, index: int, item: Any, expected: Any, got: Any) -> None:
        super().__init__(message)
        self.engine, self.index, self.item, self.expected, self.got = engine, index, item, expected, got


class Reference:
    """The results of the first run, which all others must give as well."""

    def __init__(self, items: list[Any], equal: Callable[[Any, Any], bool] | None) -> None:
        self.items = items
        self.equal = equal or same
        self.results: list[Any] = []
        self.known = False

    def check(self, engine: str, results: list[Any]) -> None:
        if not self.known:
            self.results, self.known = results, True
            if results and inspect.iscoroutine(results[0]):
                for result in results:
                    result.close()
                raise TypeError("task gives coroutines: hand it over as async_task=, and a plain function as task")
            return
        with suppress(Exception):  # what cannot be compared as a whole is looked at one by one
            if self.equal is same and results == self.results:
                return
        for index, (expected, got) in enumerate(zip(self.results, results, strict=True)):
            if not self.equal(expected, got):
                raise ResultsDiffer(
                    f"engine {engine!r}, item {index} ({short(self.items[index])}): got {short(got)}, "
                    f"but sequentially it was {short(expected)}{hint(expected, got)}",
                    *(engine, index, self.items[index], expected, got),
                )


def same(expected: Any, got: Any) -> bool:
    """Whether two results are equal by `==`; a NaN is equal to a NaN here, as both ways came to it."""
    if expected is got:
        return True
    try:
        return bool(expected == got) or bool(expected != expected and got != got)
    except Exception as error:
        raise TypeError(
            f"two results ({type(expected).__name__} and {type(got).__name__}) cannot be compared by ==: {error}. "
            "Pass equal=, a function of two results (for arrays: equal=numpy.array_equal)"
        ) from error


def hint(expected: Any, got: Any) -> str:
    if isinstance(expected, float) and isinstance(got, float):
        return ". If they may differ by a little, pass equal=math.isclose"
    if type(expected) is type(got) and getattr(type(expected), "__eq__", None) is object.__eq__:
        return f". {type(expected).__name__} has no __eq__ to compare by what it holds: add one, or pass equal="
    return ""


def check_task(task: Any) -> None:
    if not callable(task):
        raise TypeError(f"task must be a function of one item, not {short(task)}")
    if inspect.iscoroutinefunction(task) or inspect.iscoroutinefunction(getattr(task, "__call__", None)):  # noqa: B004
        raise TypeError(
            f"task {short(task)} is a coroutine function: hand it over as async_task=, and a plain function as task"
        )


def check_async_task(task: Any) -> None:
    # That it gives something to await is seen only when it is called.
    if task is not None and not callable(task):
        raise TypeError(f"async_task must be a coroutine function (async def …), not {short(task)}")


def check_engines(engines: Iterable[str] | None) -> list[str]:
    names = list(USUAL) if engines is None else [engines] if isinstance(engines, str) else list(engines)
    for name in names:
        if name not in tuple(ENGINES):  # a tuple, as a name may be anything
            raise ValueError(f"unknown engine {short(name)}: there are {', '.join(ENGINES)}")
    return list(dict.fromkeys(["sequential", *names]))


def check_count(name: str, value: Any, least: int) -> int:
    try:
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, not {short(value)}") from None
    if count < least or isinstance(value, bool):
        remedy = ", or left out for the default" if name == "workers" else ""
        raise ValueError(f"{name} must be a whole number of at least {least}{remedy}, not {value!r}")
    return count


def check_items(items: Any) -> list[Any]:
    try:
        iterator = iter(items)
    except TypeError:
        raise TypeError(f"items must be a list or another iterable of items, not {short(items)}") from None
    return list(iterator)

"""A site: one place in the reader's source where a step can happen."""

from __future__ import annotations

from typing import Any


class Site:
    """Where a step stands in the source. A site becomes visible, for good, once two threads conflict there."""

    __slots__ = ("file", "hashing", "idle", "known", "last", "line", "number", "source", "stores", "text", "visible", "way")

    def __init__(self, file: str, line: int, text: str, source: str, number: int):
        self.file = file
        self.line = line
        self.text = text
        """The expression that the step is about, as the reader wrote it."""
        self.source = source
        self.number = number
        """Counts the sites of one top-level statement in source order."""
        self.last = number
        """For a loop: the number of the last site inside it."""
        self.visible = False
        self.idle = False
        """It only says how long to sleep, so its value does not matter."""
        self.hashing = False
        """It is in a `__hash__`, and so part of how Python finds a key."""
        self.known: Any = None
        """The class (or module) whose attribute was loaded here last, if how that is to be done is known for good."""
        self.way: Any = None
        """How it is done."""
        self.stores: Any = None
        """The class whose attribute was stored here last, if that is a plain field."""

    def __repr__(self) -> str:
        return f"<{self.text} in line {self.line}>"

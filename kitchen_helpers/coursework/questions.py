"""What a question is, what a check says, and where the questions are."""

from __future__ import annotations

import html
import importlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ..interleavings import Exploration

Status = Literal["right", "wrong", "partly", "unfinished", "refused", "died", "time limit", "missing"]

ASSIGNMENTS = ("a1", "a2", "a3", "a4", "a5", "a6")
_MARKS = {"right": "✓", "partly": "◐", "wrong": "✗"}


class RuleBroken(Exception):
    """A rule of a question is broken; the text says which one; raised from what the answer raised, if it did."""

    def __init__(self, rule: str, hint: str = "") -> None:
        super().__init__(rule)
        self.hint = hint
        """Helps where that of the check as a whole is not close enough."""


@dataclass(frozen=True)
class Verdict:
    """What a check says about an answer; it prints itself, with the lanes of a failing schedule where there is one."""

    status: Status
    message: str
    """One or two sentences in the question's words: which rule is broken, and by what."""
    hint: str = ""
    """Helps without giving the answer away."""
    exploration: Exploration | None = None
    share: float = 1.0
    """How much of the points, 0 to 1; counts only when the status is "partly"."""

    @property
    def passed(self) -> bool:
        return self.status == "right"

    def points(self, full: float) -> float:
        """What it is worth in a question of so many points."""
        return full if self.status == "right" else full * self.share if self.status == "partly" else 0.0

    def __str__(self) -> str:
        lines = [f"{_MARKS.get(self.status, '?')} {self.status}: {self.message}"]
        if self.hint:
            lines.append(f"Hint: {self.hint}")
        if self.exploration is not None and self.exploration.counterexample is not None:
            lines += ["", str(self.exploration)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<{self.status}: {self.message}>"

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text(str(self))  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        mark = _MARKS.get(self.status, "?")
        parts = [f"<p><b>{mark} {html.escape(self.status)}:</b> {html.escape(self.message)}</p>"]
        if self.hint:
            parts.append(f"<p><i>Hint:</i> {html.escape(self.hint)}</p>")
        if self.exploration is not None and self.exploration.counterexample is not None:
            parts.append(self.exploration._repr_html_())
        return "\n".join(parts)


def unanswered(error: BaseException | None) -> Verdict | None:
    """The verdict where an answer raises what its cell raises before anything is written there; None where it does not."""
    if type(error) is NotImplementedError and not error.args:
        return Verdict("missing", "not answered yet: NotImplementedError is still raised")
    return None


@dataclass(frozen=True)
class Question:
    """One question: what the answer defines, what it is worth, and how it is checked."""

    id: str
    """ "a3.q1": assignment and question."""
    names: tuple[str, ...]
    """What the answer cell must define, in the order in which `kh.check` and `check` take them."""
    points: float
    check: Callable[..., Verdict]
    """Called with the named objects. Raises nothing of its own: whatever the answer raises becomes a verdict."""
    alone: bool = False
    """True: it runs for real (threads, event loops, processes), so it gets a process of its own; False: it is explored."""
    seconds: float = 20.0
    """Limit of the whole question in the grader."""
    needs_module: bool = False
    """True: the answer cell is written into a module that worker processes can import under any start method."""

    @property
    def assignment(self) -> str:
        return self.id.split(".")[0]

    @property
    def cell(self) -> str:
        """The grade_id of its answer cell."""
        return self.id.replace(".", "-")


class _Questions(Mapping[str, Question]):
    """id -> Question; the checks of an assignment are loaded when one of its questions is asked for."""

    def __init__(self) -> None:
        self._loaded: dict[str, dict[str, Question]] = {}

    def of(self, assignment: str) -> dict[str, Question]:
        """The questions of "a3", in order; none if there is no such assignment (yet)."""
        if assignment not in self._loaded:
            found: tuple[Question, ...] = ()
            if assignment in ASSIGNMENTS and importlib.util.find_spec(f".{assignment}", __package__) is not None:
                found = importlib.import_module(f".{assignment}", __package__).QUESTIONS
            self._loaded[assignment] = {question.id: question for question in found}
        return self._loaded[assignment]

    def __getitem__(self, name: str) -> Question:
        if not isinstance(name, str):
            raise KeyError(name)
        return self.of(name.split(".")[0])[name]

    def __iter__(self) -> Iterator[str]:
        for assignment in ASSIGNMENTS:
            yield from self.of(assignment)

    def __len__(self) -> int:
        return sum(1 for _ in self)


QUESTIONS = _Questions()

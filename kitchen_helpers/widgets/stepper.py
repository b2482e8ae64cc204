"""Step forwards and backwards through the failing schedule that an exploration has found."""

from __future__ import annotations

from typing import Any

from ..interleavings import Counterexample, Exploration
from ..interleavings.theme import safe
from ..interleavings.wording import blocked_after, lanes_of, listed, repeats_from, sentence
from .board import STYLE, board
from .shown import Shown, button, said


class Stepper(Shown):
    """A failing schedule, and how many of its steps have been taken.

    Attributes
    ----------
    exploration : what it goes through.
    at : how many steps have been taken, from 0 to the length of the counterexample; can be set.
    """

    _slider: Any = None

    def __init__(self, exploration: Exploration):
        if not isinstance(exploration, Exploration):
            raise TypeError(f"step_through takes what kh.explore returns, not {exploration!r}")
        self.exploration = exploration
        self._at = 0

    @property
    def steps(self) -> int:
        return len(self.exploration.counterexample or ())

    @property
    def at(self) -> int:
        return self._at

    @at.setter
    def at(self, value: int) -> None:
        self._at = max(0, min(self.steps, value))
        self._draw()

    def words(self) -> str:
        """The current step, or what there is to do, in a sentence."""
        found = self.exploration.counterexample
        if found is None:
            return (
                f"{self.exploration.program}: {self.exploration.verdict}. There is no failing schedule to step through."
            )
        if self._at == 0:
            return f"Nobody has taken a step yet. Who goes first, and what will it do? {self.steps} steps lie ahead."
        step = found[self._at - 1]
        where = f" (line {step.line}: {step.source})" if step.line else ""
        more = f" {step.note}." if step.note else ""
        return f"Step {step.number} of {self.steps}: {step.thread} {step.action}{where}.{more}"

    def __str__(self) -> str:
        return str(self.exploration)

    def _html(self) -> str:
        # Without buttons all steps at once are of more use than the first of them.
        return self.exploration._repr_html_()

    def _standing(self, found: Counterexample) -> dict[str, str]:
        """How each thread stands after the current step."""
        taken = found.steps[: self._at]
        stuck = {wait.thread: wait for wait in found.failure.waits} if self._at == self.steps else {}
        blocked = blocked_after(found)[self._at - 1] if self._at else set()
        standing = {}
        for name in lanes_of(found):
            mine = [step for step in taken if step.thread == name]
            parts = [f"holds {listed(mine[-1].holds)}"] if mine and mine[-1].holds else []
            if name in stuck and found.failure.kind != "livelock":
                by = f", held by {listed(stuck[name].held_by)}" if stuck[name].held_by else ""
                parts.append(f"waits for ever for {stuck[name].waits_for}{by}")
            elif name in blocked:
                parts.append("is blocked")
            if not parts:
                ahead = any(step.thread == name for step in found.steps[self._at :])
                parts.append("can go on" if ahead else "has no more steps" if mine else "has not begun")
            standing[name] = " and ".join(parts)
        return standing

    def board(self) -> str:
        """The lanes so far, as HTML."""
        found = self.exploration.counterexample
        assert found is not None
        marks = []
        if self._at:
            step = found[self._at - 1]
            marks = [(step.file, step.line, step.thread)]
        end = None
        if self._at == self.steps:
            again = repeats_from(found)
            round_again = f"; now it goes on with step {again}, and so for ever" if again is not None else ""
            end = sentence(found) + round_again, False
        return board(found.steps, lanes_of(found), self._at, self._standing(found), marks, end)

    # -- the buttons ----------------------------------------------------------------------------------------------

    def _controls(self) -> tuple[str, list[Any]]:
        from ipywidgets import HTML, HBox, IntSlider, Layout

        self._said = HTML()
        if self.exploration.counterexample is None:
            self._said.value = said(safe(self.words()))
            return "kitchen-stepper", [self._said]

        def to(at: int, by: int = 0) -> Any:
            return self._safely(lambda: setattr(self, "at", self._at + by if by else at))

        self._back = [
            button("start", "before the first step", to(0)),
            button("◀ back", "one step back", to(0, -1)),
        ]
        self._forward = [
            button("forward ▶", "one step forwards", to(0, 1)),
            button("end", "to the failure", to(self.steps)),
        ]
        self._slider = IntSlider(0, 0, self.steps, description="step", tooltip="how many steps have been taken")
        self._slider.observe(self._safely(lambda: setattr(self, "at", self._slider.value)), "value")
        self._board = HTML()
        self._draw()
        buttons = HBox([*self._back, *self._forward, self._slider], layout=Layout(flex_flow="row wrap"))
        return "kitchen-stepper", [HTML(STYLE), buttons, self._said, self._board]

    def _in_order(self) -> list[Any]:
        return [*self._back, *self._forward]

    def _draw(self) -> None:
        if self._slider is None:
            return
        if self._slider.value != self._at:
            self._slider.value = self._at
        for one in self._back:
            one.disabled = self._at == 0
        for one in self._forward:
            one.disabled = self._at == self.steps
        self._said.value = said(safe(self.words()))
        self._board.value = self.board()


def step_through(exploration: Exploration) -> Stepper:
    """Step forwards and backwards through the simplest failing schedule of an exploration.

    Shows the lanes with the current step marked, who holds which lock, the values so far, and the line of code. Without
    ipywidgets, and where the page is only shown, all steps at once.
    """
    return Stepper(exploration)

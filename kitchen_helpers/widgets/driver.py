"""Let the reader decide who goes next, and then let the explorer show the shortest way to a failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..interleavings import Exploration
from ..interleavings.driving import Drive, Move
from ..interleavings.theme import safe
from ..interleavings.wording import clean, count, lanes_of, listed, sentence, shorten
from .board import STYLE, board
from .shown import Shown, button, said

_MOST = 42


class Driver(Shown):
    """A program in the reader's hands.

    Attributes
    ----------
    drive : the program and the steps so far, see `interleavings.driving.Drive`.
    found : what `explore` found, once the reader has asked for the shortest way.
    """

    _show: Any = None

    def __init__(self, program: Callable[[], Any], seconds: float = 10):
        self.drive = Drive(program, seconds)
        self.found: Exploration | None = None
        self._threads: dict[str, list[Any]] = {}
        self._seen: dict[str, None] = {}

    def go(self, thread: str, alternative: int = 0) -> None:
        """Let this thread take its next step."""
        self.drive.go(thread, alternative)
        self._draw()

    def take_back(self) -> None:
        self.drive.take_back()
        self._draw()

    def restart(self) -> None:
        self.drive.restart()
        self._draw()

    def shortest(self) -> None:
        """Let `explore` show its simplest failing schedule, or say that there is none."""
        if self._show is not None:
            self._said.value = said(f"Every order is being run. That can take up to {self.drive.seconds:g} s …")
            self._answer.value = ""
        try:
            self.found = self.drive.shortest()
        finally:
            self._draw()

    def words(self) -> str:
        """What has just happened, or how it ended, in a sentence or two."""
        position = self.drive.position
        steps = count(len(position.steps), "step")
        if position.reason:
            return f"This run cannot be driven further: {position.reason}."
        if position.counterexample is not None:
            return f"You broke it, in {steps}: {sentence(position.counterexample)}. Was it the shortest way?"
        if position.over:
            return f"All is well this time: the program came to its end in {steps}, and nothing failed. Take back, and try another way."
        if not position.steps:
            return f"{position.note} Nobody has taken a step yet. Who goes first?".strip()
        step = position.steps[-1]
        more = f" {step.note}." if step.note else ""
        return f"{position.note} Step {step.number}: {step.thread} {step.action}.{more} Who goes next?".strip()

    def standing(self) -> dict[str, str]:
        """How each thread stands: what it holds, and what it would do next or waits for."""
        position = self.drive.position
        standing = {}
        if position.over and position.counterexample is not None and position.failure is not None:
            if position.failure.kind == "livelock":
                return {}
            for wait in position.failure.waits:
                if wait.thread in lanes_of(position.counterexample):
                    holds = f"holds {listed(wait.holds)} and " if wait.holds else ""
                    standing[wait.thread] = f"{holds}waits for ever for {wait.waits_for}"
            return standing
        for move in position.moves:
            holds = f"holds {listed(position.holds[move.thread])}; " if move.thread in position.holds else ""
            where = f" (line {move.line}: {move.source})" if move.line and not move.done else ""
            standing[move.thread] = holds + (move.blocked or ("" if move.done else "next: ") + move.action) + where
        return standing

    def board(self) -> str:
        """The lanes so far, as HTML."""
        position = self.drive.position
        self._seen |= dict.fromkeys([m.thread for m in position.moves] + [s.thread for s in position.steps])
        acting = [name for name in self._seen if name != "main" or any(s.thread == name for s in position.steps)]
        marks = [(move.file, move.line, move.thread) for move in position.moves if not move.done]
        end = None
        if position.counterexample is not None:
            end = sentence(position.counterexample), False
            last = position.steps[-1:]
            marks = [(step.file, step.line, step.thread) for step in last]
        elif position.over and not position.reason:
            end = "the program came to its end, and nothing failed", True
        return board(position.steps, acting, len(position.steps), self.standing(), marks, end)

    def __str__(self) -> str:
        position = self.drive.position
        lines = [f"{position.program}: {self.words()}"]
        lines += [f"{step.number:3}  {step.thread} {step.action}" for step in position.steps]
        lines += [f"{name} {text}" for name, text in self.standing().items()]
        return "\n".join(clean(line) for line in lines)

    def _html(self) -> str:
        return STYLE + said(safe(self.words())) + self.board()

    # -- the buttons ----------------------------------------------------------------------------------------------

    def _controls(self) -> tuple[str, list[Any]]:
        from ipywidgets import HTML, HBox, Layout

        wrapped = Layout(flex_flow="row wrap")
        self._said, self._board, self._answer = HTML(), HTML(), HTML()
        self._row = HBox(layout=wrapped)
        self._back = button("take back", "as before the last step", self._safely(self.take_back))
        self._again = button("start again", "before the first step", self._safely(self.restart))
        self._show = button(
            "show the shortest way",
            "explore every order of the steps, and show the simplest that fails",
            self._safely(self.shortest),
        )
        self._show.add_class("kitchen-shortest")
        self._draw()
        others = HBox([self._back, self._again, self._show], layout=wrapped)
        return "kitchen-driver", [HTML(STYLE), self._said, self._row, others, self._board, self._answer]

    def _in_order(self) -> list[Any]:
        return [*(one for own in self._threads.values() for one in own), self._back, self._again, self._show]

    def _draw(self) -> None:
        if self._show is None:
            return
        self._buttons()
        self._back.disabled = self._again.disabled = not self.drive.choices
        self._said.value = said(safe(self.words()))
        self._board.value = self.board()
        self._answer.value = "" if self.found is None else self.found._repr_html_()

    def _buttons(self) -> None:
        """A button for each thread, and for each other way in which its step can go; they stay, so that the focus stays."""
        moves = {move.thread: move for move in self.drive.position.moves}
        made = False
        for name, move in moves.items():
            own = self._threads.setdefault(name, [])
            while len(own) < max(1, move.alternatives):
                own.append(self._new(name, len(own)))
                made = True
        for name, own in self._threads.items():
            for way, one in enumerate(own):
                self._label(one, name, moves.get(name), way)
        if made:
            self._row.children = tuple(one for own in self._threads.values() for one in own)

    def _new(self, name: str, way: int) -> Any:
        def clicked() -> None:
            if not one.disabled:  # a second click may have been on its way when the first one disabled the button
                self.go(name, way)

        one = button(name, "", self._safely(clicked))
        one.add_class("kitchen-thread")
        return one

    def _label(self, one: Any, name: str, move: Move | None, way: int) -> None:
        """What the button does; a disabled one says why."""
        one.disabled = move is None or not move.possible or way >= move.alternatives
        one.layout.display = "none" if way and (move is None or way >= move.alternatives) else None
        text = self._at_the_end(name) if move is None else move.blocked or move.action
        also = f" (other way {way})" if way else ""
        one.description = shorten(f"{name}: {text}", _MOST) + also
        where = f" (line {move.line}: {move.source})" if move is not None and move.line and not move.done else ""
        one.tooltip = f"{name}: {text}{also}{where}"

    def _at_the_end(self, name: str) -> str:
        failure = self.drive.position.failure
        waits = [wait.waits_for for wait in failure.waits if wait.thread == name] if failure is not None else []
        return f"waits for ever for {waits[0]}" if waits else "the run is over"


def drive(program: Callable[[], Any], seconds: float = 10) -> Driver:
    """Drive a program yourself: pick who takes the next step, try to break it, take steps back.

    The same program as for `explore`. A thread that is blocked cannot be picked, and says what it waits for. "show the
    shortest way" lets `explore` show its simplest failing schedule, or say that the program holds. `seconds` is the
    limit for one step, and for that.
    """
    return Driver(program, seconds)

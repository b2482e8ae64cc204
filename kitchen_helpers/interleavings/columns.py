"""Where each column of the drawing stands: the lanes, the values, the line numbers."""

from __future__ import annotations

from .theme import LANE_COLOURS, pixels
from .verdict import Schedule, Step
from .wording import clean, ending, lanes_of, values_shown

LEFT = 56
_WIDE = 816  # what JupyterLab shows in a window of 800 pixels, where the picture shrinks to 0.7 of its size
_NARROWEST, _WIDEST = 124, 230  # cards; in narrower ones their text stands in more lines
# The room between lanes, the narrowest card and the widest column of values: from comfortable to tight, where the reader
# sees the end of a long value only with the pointer on it, or in the text below the picture.
_OF_FEW = ((44, 150, 170), (28, 150, 170), (28, 124, 170), (20, 124, 130), (20, 124, 100), (20, 124, 88))
_OF_MANY = ((28, 124, 170), (20, 110, 170), (20, 110, 130), (20, 110, 88), (10, 94, 84))


class Columns:
    """The columns of one counterexample, in pixels; `shown` are the steps that get a card."""

    def __init__(self, counterexample: Schedule, shown: list[Step]) -> None:
        self.steps = counterexample.steps
        self.threads = lanes_of(counterexample)
        self.lane = {name: i for i, name in enumerate(self.threads)}
        self.objects = values_shown(counterexample, 3)
        texts = [step.action for step in shown] + self.threads + [text for text, _ in ending(counterexample).values()]
        widest = min(_WIDEST, max(_NARROWEST, *(pixels(clean(text)) + 22 for text in texts)))
        for apart, narrowest, most in _OF_FEW if len(self.threads) <= 3 else _OF_MANY:
            self._place(apart, narrowest, widest, self._value_rooms(most))
            if self.width <= _WIDE:
                break

    def _place(self, apart: float, narrowest: float, widest: float, value_rooms: list[float]) -> None:
        self.value_rooms = value_rooms
        room = (_WIDE - LEFT - sum(value_rooms) - 80) / max(1, len(self.threads)) - apart
        self.card = min(widest, max(narrowest, room))
        self.stride = self.card + apart
        self.right = LEFT + len(self.threads) * self.stride - apart
        self.line_x = self.right + sum(value_rooms) + 44
        self.width = self.line_x + 36

    def _value_rooms(self, most: float) -> list[float]:
        if self.objects:
            if len(self.threads) <= 2 and len(self.objects) == 1:
                most += 70
            return [
                min(
                    most,
                    max(
                        72,
                        pixels(clean(name), 12.5) + 20,
                        *(pixels(clean(step.value or "")) + 24 for step in self.steps if step.object == name),
                    ),
                )
                for name in self.objects
            ]
        return [most + 30] if any(step.value is not None for step in self.steps) else []

    def x(self, thread: str) -> float:
        """The middle of a lane."""
        return LEFT + self.card / 2 + self.lane[thread] * self.stride

    def colour(self, thread: str) -> str:
        """The class that has the colour of a lane."""
        return f"t{self.lane[thread] % LANE_COLOURS}"

    def values(self) -> list[tuple[float, float, str]]:
        """The middle, the width and the name of each column of values."""
        columns, left = [], self.right + 14
        for room, name in zip(self.value_rooms, self.objects or ["value"], strict=False):
            columns.append((left + room / 2, room, name))
            left += room
        return columns

"""Where each column of the drawing stands: the lanes, the values, the line numbers."""

from __future__ import annotations

from .theme import LANE_COLOURS, pixels
from .verdict import Schedule, Step
from .wording import clean, ending, lanes_of, values_shown

LEFT = 56
_WIDE = 820  # what a notebook shows without scrolling; narrower cards have their text in more lines
_NARROWEST, _NARROW, _WIDEST = 124, 150, 230  # of many lanes, of up to three, of any


class Columns:
    """The columns of one counterexample, in pixels; `shown` are the steps that get a card."""

    def __init__(self, counterexample: Schedule, shown: list[Step]) -> None:
        self.steps = counterexample.steps
        self.threads = lanes_of(counterexample)
        self.lane = {name: i for i, name in enumerate(self.threads)}
        self.objects = values_shown(counterexample, 3)
        self.value_rooms = self._value_rooms()
        few = len(self.threads) <= 3
        self.apart = 44 if few else 28
        room = _WIDE - LEFT - sum(self.value_rooms) - 80
        most = min(_WIDEST, max(_NARROW if few else _NARROWEST, room / max(1, len(self.threads)) - self.apart))
        texts = [step.action for step in shown] + self.threads + [text for text, _ in ending(counterexample).values()]
        self.card = min(most, max(_NARROWEST, *(pixels(clean(text)) + 22 for text in texts)))
        self.stride = self.card + self.apart
        self.right = LEFT + len(self.threads) * self.stride - self.apart
        self.line_x = self.right + sum(self.value_rooms) + 44
        self.width = self.line_x + 36

    def _value_rooms(self) -> list[float]:
        if self.objects:
            most = 240 if len(self.threads) <= 2 and len(self.objects) == 1 else 170
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
        return [200.0] if any(step.value is not None for step in self.steps) else []

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

"""A box for the reader's prediction, which stands beside the measurement afterwards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite
from typing import TYPE_CHECKING, Any

from .shown import Shown, said

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Answer = float | str | None
MARK_COLOUR = "#CC79A7"
_NUMBER = re.compile(r"[-+]?(\d[\d,_' ]*)?(\.\d+)?([eE][-+]?\d+)?")
_kept: dict[str, Prediction] = {}
"""By name, for as long as the kernel lives: a cell that is run again finds the answer that was given."""


@dataclass(frozen=True)
class Beside:
    """A prediction and what was measured, side by side."""

    predicted: Answer
    measured: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "".join(f'<p style="margin:2px 0">{escape(line)}</p>' for line in self.sentence.splitlines())


class Prediction(Shown):
    """A question, and what the reader answered.

    Attributes
    ----------
    answer : a number, one of the choices, or None as long as nothing was written; can be set, too.
    late : the answer was written, or changed, after the measurement had been shown.
    """

    _said: Any = None

    def __init__(self, name: str, question: str, choices: Sequence[str], unit: str):
        self.name = name
        self.question = question
        self.choices = tuple(choices)
        self.unit = unit
        self.late = False
        self._answer: Answer = None
        self._revealed = False
        self._problem = ""

    @property
    def answer(self) -> Answer:
        return self._answer

    @answer.setter
    def answer(self, value: Answer) -> None:
        if value is not None and self.choices and value not in self.choices:
            raise ValueError(f"{value!r} is none of the choices: {', '.join(self.choices)}")
        if value is not None and not self.choices:
            value = float(value)
            if not isfinite(value):
                raise ValueError("a prediction is a finite number")
        if value != self._answer:
            self.late = self._revealed and value is not None
        self._answer, self._problem = value, ""
        self._draw()

    def beside(self, measured: Any) -> Beside:
        """The prediction beside what was measured: a number, a text, or a Speedup (its median is compared)."""
        self._revealed = True
        text = _number(measured) if isinstance(measured, int | float) else str(measured)
        if self._answer is None:
            lines = ["You did not predict: the next time, write it down first.", f"Measured here: {text}{self._unit}"]
            return Beside(None, text, "\n".join(lines))
        late = " (written after the measurement)" if self.late else ""
        lines = [f"You predicted: {self._in_words()}{late}", f"Measured here: {text}{self._unit}"]
        number = getattr(measured, "median", measured)
        if isinstance(self._answer, float) and isinstance(number, int | float):
            lines.append(_judged(self._answer, float(number)))
        elif isinstance(self._answer, str):
            lines.append(
                "As predicted."
                if self._answer == text
                else "Otherwise than predicted. Which belief was behind your answer?"
            )
        return Beside(self._answer, text, "\n".join(lines))

    def mark(self, ax: Axes, axis: str = "y") -> Axes:
        """Mark a predicted number in a plot, as a dotted line with a label; nothing if there is none."""
        if isinstance(self._answer, float):
            line = {"x": ax.axvline, "y": ax.axhline}[axis]
            line(
                self._answer,
                color=MARK_COLOUR,
                linestyle="-.",
                linewidth=2,
                label=f"your prediction: {self._in_words()}",
            )
            # On opaque ground, as the line may run behind it.
            ax.legend(framealpha=1, edgecolor="none", facecolor=ax.get_facecolor(), fontsize="small")
        return ax

    @property
    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""

    def _in_words(self) -> str:
        return f"{_number(self._answer)}{self._unit}" if isinstance(self._answer, float) else str(self._answer)

    def words(self) -> str:
        """What is noted so far."""
        if self._problem:
            return self._problem
        if self._answer is None:
            return "Nothing is noted yet. A wrong guess teaches more than no guess."
        return f"Noted: {self._in_words()}" + (" (after the measurement)" if self.late else "")

    def __str__(self) -> str:
        lines = [self.question, *(f"- {choice}" for choice in self.choices), self.words()]
        if self._answer is None:
            lines.append(f"Without a field to write in: kh.predict({self.name!r}).answer = …")
        return "\n".join(lines)

    def _html(self) -> str:
        choices = "".join(f"<li>{escape(choice)}</li>" for choice in self.choices)
        return (
            f"<p>{escape(self.question)}</p>" + (f"<ul>{choices}</ul>" if choices else "") + said(escape(self.words()))
        )

    # -- the field ------------------------------------------------------------------------------------------------

    def _controls(self) -> tuple[str, list[Any]]:
        from ipywidgets import HTML, HBox, Label, Layout, RadioButtons, Text

        self._said = HTML()
        question = HTML(f"<p>{escape(self.question)}</p>")
        # With an aria-label through the tooltip: the question itself stands above.
        if self.choices:
            value = self._answer if isinstance(self._answer, str) else None
            self._field: Any = RadioButtons(
                options=self.choices, value=value, tooltip=self.question, layout=Layout(width="auto")
            )
            inside = [self._field]
        else:
            text = _number(self._answer) if isinstance(self._answer, float) else ""
            self._field = Text(
                text,
                placeholder="a number",
                tooltip=self.question,
                continuous_update=False,
                layout=Layout(width="12em"),
            )
            inside = [self._field, Label(self.unit)]
        self._field.observe(self._safely(self._read), "value")
        self._draw()
        return "kitchen-prediction", [question, HBox(inside), self._said]

    def _read(self) -> None:
        written = self._field.value
        if self.choices or written is None or not written.strip():
            self.answer = written or None
            return
        plain = written.strip().removesuffix(self.unit).strip(" %×x")
        if not any(map(str.isdigit, plain)) or not _NUMBER.fullmatch(plain):
            self._problem = f"“{written}” is no number: write it in digits, such as 12 or 0.5."
            self._draw()
            return
        self.answer = float(re.sub(r"[,_' ]", "", plain))

    def _draw(self) -> None:
        if self._said is not None:
            self._said.value = said(escape(self.words()))


def _number(value: float) -> str:
    """12 000 as "12,000", 0.5 as "0.5": at most three digits behind the point."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _judged(predicted: float, measured: float) -> str:
    if predicted == measured:
        return "Exactly as predicted."
    if predicted > 0 and measured > 0:
        ratio = predicted / measured
        if 1 / 1.1 < ratio < 1.1:
            return "Within a tenth of what was measured."
        if ratio >= 2:
            return f"You predicted {ratio:.1f} times what was measured. Why?"
        if ratio <= 0.5:
            return f"What was measured is {1 / ratio:.1f} times your prediction. Why?"
    return f"You predicted {'more' if predicted > measured else 'less'} than was measured. Why?"


def predict(name: str, question: str = "", choices: Sequence[str] = (), unit: str = "") -> Prediction:
    """Ask the reader for a number, or for one of the choices, before something is measured.

    Nothing waits for the answer. It is kept under `name` for as long as the kernel lives; asked again under the same
    name, the answer that was given is still there. Afterwards:

        guess.beside(measured)      # a sentence; "You did not predict" if nothing was written
        guess.mark(ax)              # a line in a plot

    Args:
        name: of the prediction; `predict(name)` alone finds it again.
        choices: what can be chosen; none: a number is asked for.
        unit: stands behind the number.

    Raises:
        KeyError: there is no question, and nothing was asked under this name.
    """
    before = _kept.get(name)
    if not question:
        if before is None:
            raise KeyError(f"nothing was asked under the name {name!r}")
        return before
    new = Prediction(name, question, choices, unit)
    if before is not None and (before.choices, before.unit) == (new.choices, new.unit):
        new._answer, new.late, new._revealed = before._answer, before.late, before._revealed
    _kept[name] = new
    return new

"""A kitchen to play with: dishes, cooks and the share of waiting, and the timeline of a real run on this machine."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

from .. import workloads
from ..busyness import BUSY
from ..comparison import Comparison, compare, counted, duration
from ..runs import Run
from ..tables import UNBROKEN, html_table, text_lines
from .shown import Shown, button, said

_PAUSE = 0.3
"""Seconds without a further move of a slider before the kitchen runs."""
_STALE = 0.1
"""Clicks during a run come all at once when it has ended; sooner than this nobody can have seen that, and clicked again."""
_MOST = {"dishes": 10, "cooks": 8}


@dataclass(frozen=True)
class Order:
    """What is to be cooked, and by how many."""

    dishes: int
    cooks: int
    waiting: int
    """How much of each dish is waiting, in percent; the rest is computing."""
    processes: bool = False
    """Processes, too: their start takes longer than the dishes."""

    def __post_init__(self) -> None:
        for name, most in _MOST.items():
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be from 1 to {most}, not {getattr(self, name)}")
        if not 0 <= self.waiting <= 100:
            raise ValueError(f"waiting is a share in percent, from 0 to 100, not {self.waiting}")

    def __str__(self) -> str:
        dishes = "1 dish" if self.dishes == 1 else f"{self.dishes} dishes"
        kind = {0: "that only computes", 100: "that only waits"}.get(
            self.waiting, f"that waits {self.waiting} % of its time"
        )
        if self.dishes != 1:
            kind = kind.replace("waits", "wait").replace("computes", "compute").replace("its", "their")
        return f"{dishes} {kind}, {counted(self.cooks, 'cook')}"


class Simulator(Shown):
    """A kitchen, and the last run of it.

    Attributes
    ----------
    order : what was cooked.
    comparison : the measurement of that: one run of each engine.
    runs : how many times the kitchen has run.
    """

    _shown: Any = None

    def __init__(self, order: Order, seconds: float):
        self.seconds = seconds
        self.wanted = order
        self.runs = 0
        self._busy = threading.Lock()
        self._ended = 0.0
        self._timer: Any = None
        self._cook()

    def run(self) -> None:
        """Cook what is wanted now. While it runs no other run begins; what is wanted by its end is cooked next."""
        if not self._busy.acquire(blocking=False):
            return
        try:
            self._mark()
            self._cook()
            while self.order != self.wanted:
                self._cook()
        finally:
            self._busy.release()
            self._mark()
            self._ended = time.monotonic()

    def _cook(self) -> None:
        order = self.wanted
        computing = 1 - order.waiting / 100
        self.comparison: Comparison = compare(
            partial(workloads.mixed, share=computing),
            [self.seconds] * order.dishes,
            async_task=partial(workloads.async_mixed, share=computing),
            engines=["sequential", "threads", "async", *["processes"] * order.processes],
            workers=order.cooks,
            repeats=1,
            warmup=0,
        )
        self.order = order
        self.runs += 1
        self._picture = self._drawn()

    def _gain(self, engine: str) -> float:
        return self.comparison.runs("sequential")[0].seconds / max(1e-9, self.comparison.runs(engine)[0].seconds)

    def words(self) -> str:
        """What this run has shown: how many times as fast as one dish after the other."""
        others = [f"{name} {self._gain(name):.1f} ×" for name in self.comparison.engines if name != "sequential"]
        return f"{self.order}: {', '.join(others)}"

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Head and rows: what each engine did in this run."""
        rows = []
        for name in self.comparison.engines:
            run = self.comparison.runs(name)[0]
            gain = f"{self._gain(name):.2f}" if name != "sequential" else "1"
            rows.append(
                [self.comparison.label(name), duration(run.seconds), gain, str(_open(run)), f"{_hands(run):.1f}"]
            )
        return ["engine", "seconds", "times as fast", "most dishes open", "hands busy"], rows

    def _drawn(self) -> bytes:
        from ..plots import as_png

        ax = self.comparison.plot_timeline()
        ax.set_title(self.words(), loc="left", fontweight="bold", pad=26)
        ax.set_xlabel("seconds since the order came in (this one run of each engine; numbers: index of the dish)")
        return as_png(ax)

    def __str__(self) -> str:
        head, rows = self.table()
        return "\n".join([self.words(), *text_lines(head, rows), *self._notes()])

    def _notes(self) -> list[str]:
        left_out = [f"{name} left out: {why}" for name, why in self.comparison.left_out.items()]
        if self.comparison.starved_share > BUSY:
            return [*left_out, "This machine was busy with other things during this run: it says little. Run it again."]
        return [*left_out, "One run each: no spread is known. Run it again before you believe a small difference."]

    def _html(self) -> str:
        head, rows = self.table()
        looks = 'style="padding:1px 10px;text-align:left"'
        table = html_table(head, rows, th=f'<th scope="col" {looks}>', td=f'<td {looks[:-1]};{UNBROKEN}">')
        times = "; ".join(f"{row[0]} {row[1]}" for row in rows)
        alt = f"Timeline of real run {self.runs}, {self.words()}. A lane for each cook, pale is waiting, solid is computing. {times}."
        data = base64.b64encode(self._picture).decode()
        notes = "".join(f'<p style="margin:2px 0">{escape(note)}</p>' for note in self._notes())
        return (
            f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}" style="max-width:100%;height:auto">'
            f"{table}{notes}"
        )

    # -- the sliders ----------------------------------------------------------------------------------------------

    def _controls(self) -> tuple[str, list[Any]]:
        from ipywidgets import HTML, Checkbox, HBox, IntSlider, Layout

        def slider(name: str, text: str, least: int, most: int, step: int, tooltip: str) -> Any:
            made = IntSlider(
                getattr(self.order, name), least, most, step, description=text, tooltip=tooltip, continuous_update=False
            )
            made.observe(self._safely(self._want), "value")
            return made

        self._sliders = {
            "dishes": slider("dishes", "dishes", 1, _MOST["dishes"], 1, "how many dishes were ordered"),
            "cooks": slider("cooks", "cooks", 1, _MOST["cooks"], 1, "how many threads, and how many processes"),
            "waiting": slider(
                "waiting", "waiting, %", 0, 100, 10, "how much of each dish is waiting; the rest is computing"
            ),
        }
        self._processes = Checkbox(
            self.order.processes, description="processes, too", indent=False, layout=Layout(width="auto")
        )
        self._processes.observe(self._safely(self._want), "value")
        self._again = button("run again", "the same order once more", self._safely(self._click))
        self._said, self._shown = HTML(), HTML()
        self._mark()
        controls = HBox([*self._sliders.values(), self._processes, self._again], layout=Layout(flex_flow="row wrap"))
        return "kitchen-simulator", [controls, self._said, self._shown]

    def _want(self) -> None:
        """A slider was let go. In a notebook the kitchen runs when no further move has come for a moment."""
        sliders = {name: slider.value for name, slider in self._sliders.items()}
        self.wanted = Order(**sliders, processes=self._processes.value)
        if self.wanted == self.order or self._busy.locked():
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.run()
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(_PAUSE, self._safely(self.run))

    def _click(self) -> None:
        if time.monotonic() - self._ended > _STALE:
            self.run()

    def _mark(self) -> None:
        """Show the last run; or that one is going on."""
        if self._shown is None:
            return
        # (`run again` stays enabled, as it would lose the keyboard's focus.)
        going = self._busy.locked()
        self._said.value = said(
            "The kitchen is running …" if going else f"Real run {self.runs}. {escape(self.words())}."
        )
        self._shown.value = self._html()


def _open(run: Run) -> int:
    """The most items that were under way at the same time."""
    return max((sum(span.start <= at.start < span.end for span in run.spans) for at in run.spans), default=0)


def _hands(run: Run) -> float:
    """How many CPUs computed, on average."""
    return sum(span.cpu_seconds for span in run.spans) / max(1e-9, run.seconds)


def simulate(
    dishes: int = 6, cooks: int = 2, waiting: int = 100, processes: bool = False, seconds: float = 0.025
) -> Simulator:
    """A kitchen with sliders: each move cooks the order for real, once with each engine, and draws that run.

    Args:
        dishes: from 1 to 10.
        cooks: threads, and processes, from 1 to 8.
        waiting: how much of each dish is waiting, in percent; the rest is computing.
        processes: run processes, too; starting them takes longer than a small order.
        seconds: the length of one dish.

    Raises:
        ValueError: a number that is out of range.
    """
    return Simulator(Order(dishes, cooks, waiting, processes), seconds)

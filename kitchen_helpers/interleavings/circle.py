"""A deadlock as a circle: each thread points at the one that it waits for."""

from __future__ import annotations

from math import cos, pi, sin

from .theme import LANE_COLOURS, fit, pixels, safe
from .verdict import Schedule, Wait
from .wording import clean, lanes_of, listed

_HIGH = 42  # of a thread's box
_MOST = 8


def circle(counterexample: Schedule) -> str:
    """The circle of waiting as SVG; "" if there is none, or if it is too large to be read."""
    waits = {wait.thread: wait for wait in counterexample.failure.waits}
    names = counterexample.failure.cycle
    if not 1 <= len(names) <= _MOST or any(name not in waits for name in names):
        return ""
    return _Circle([waits[name] for name in names], lanes_of(counterexample)).svg()


class _Circle:
    def __init__(self, waits: list[Wait], lanes: list[str]) -> None:
        self.waits = waits
        self.lanes = lanes
        self.radius = {1: 48.0, 2: 66.0, 3: 84.0}.get(len(waits), 40.0 + 22 * len(waits))
        words = [clean(wait.thread) for wait in waits] + [_holds(wait) for wait in waits]
        self.wide = min(200, max(96, *(pixels(text) + 24 for text in words)))
        self.labels = [fit(f"waits for {clean(wait.waits_for)}", 220, 12) for wait in waits]
        self.stretch = 1.9 if len(waits) == 2 else 1.25  # wider than high: the boxes are, too
        longest = 0.0 if len(waits) == 2 else max(pixels(text, 12) for text in self.labels)  # two stand above and below
        self.middle_x = self.radius * self.stretch + max(self.wide / 2, longest) + 16
        self.middle_y = self.radius + _HIGH / 2 + 10

    def _angle(self, i: float) -> float:
        start = -pi if len(self.waits) == 2 else -pi / 2
        return start + 2 * pi * i / len(self.waits)

    def _point(self, angle: float, more: float = 0) -> tuple[float, float]:
        across, down = self.radius * self.stretch + more, self.radius + more
        return self.middle_x + across * cos(angle), self.middle_y + down * sin(angle)

    def svg(self) -> str:
        parts = [self._arrow(i) for i in range(len(self.waits))] + [self._node(i) for i in range(len(self.waits))]
        wide, high = 2 * self.middle_x, 2 * self.middle_y
        told = "Who waits for whom: " + " → ".join(clean(wait.thread) for wait in [*self.waits, self.waits[0]])
        return (
            f'<div><p class="strong">Who waits for whom:</p><svg role="img" aria-label="{safe(told)}" '
            f'width="{wide:.0f}" height="{high:.0f}" viewBox="0 0 {wide:.0f} {high:.0f}" '
            f'xmlns="http://www.w3.org/2000/svg"><title>{safe(told)}</title>\n' + "\n".join(parts) + "</svg></div>"
        )

    def _node(self, i: int) -> str:
        wait = self.waits[i]
        x, y = self._point(self._angle(i))
        lane = self.lanes.index(wait.thread) % LANE_COLOURS if wait.thread in self.lanes else 0
        holds = _holds(wait)
        lines = [(fit(wait.thread, self.wide - 12), "strong", -4 if holds else 4)]
        if holds:
            lines.append((fit(holds, self.wide - 12, 12), "small", 13))
        texts = "".join(
            f'<text class="{look}" x="{x:.1f}" y="{y + down:.1f}" text-anchor="middle">{safe(text)}</text>'
            for text, look, down in lines
        )
        return (
            f'<g class="t{lane} read"><rect class="card" x="{x - self.wide / 2:.1f}" y="{y - _HIGH / 2:.1f}" '
            f'width="{self.wide:.1f}" height="{_HIGH}" rx="8"/>{texts}</g>'
        )

    def _outside(self, angle: float, i: int) -> bool:
        (x, y), (box_x, box_y) = self._point(angle), self._point(self._angle(i))
        return abs(x - box_x) > self.wide / 2 + 5 or abs(y - box_y) > _HIGH / 2 + 5

    def _arrow(self, i: int) -> str:
        """Along the circle, from the border of one box to that of the next."""
        span = 2 * pi / len(self.waits)
        angles = [self._angle(i) + span * k / 90 for k in range(91)]
        free = [
            angle for angle in angles if self._outside(angle, i) and self._outside(angle, (i + 1) % len(self.waits))
        ]
        if len(free) < 3:
            return ""
        points = [self._point(angle) for angle in free]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        (x0, y0), (x1, y1) = points[-3], points[-1]
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 or 1.0
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        tip = (
            f"M{x1 + 4 * dx:.1f} {y1 + 4 * dy:.1f}L{x1 - 6 * dx - 6 * dy:.1f} {y1 - 6 * dy + 6 * dx:.1f}"
            f"L{x1 - 6 * dx + 6 * dy:.1f} {y1 - 6 * dy - 6 * dx:.1f}z"
        )
        return f'<path class="arrow free" d="{path}"/><path class="tip free" d="{tip}"/>{self._label(i, free)}'

    def _label(self, i: int, free: list[float]) -> str:
        angle = free[len(free) // 2]
        x, y = self._point(angle, 12)
        across = cos(angle)
        anchor = "middle" if abs(across) < 0.3 else "start" if across > 0 else "end"
        down = 12 if sin(angle) > 0.5 else -2 if sin(angle) < -0.5 else 4
        return f'<text class="small halo" x="{x:.1f}" y="{y + down:.1f}" text-anchor="{anchor}">{safe(self.labels[i])}</text>'


def _holds(wait: Wait) -> str:
    return f"holds {listed(wait.holds)}" if wait.holds else ""

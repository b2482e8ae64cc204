"""The lanes of a counterexample as SVG, drawn from top to bottom."""

from __future__ import annotations

from .columns import LEFT, Columns
from .theme import SCOPE, fit, pixels, safe, wrap
from .verdict import Schedule, Step
from .wording import (
    STOPS,
    Row,
    blocked_after,
    clean,
    count,
    ending,
    failed_after,
    failing_step,
    listed,
    repeats_from,
    rows,
    sentence,
    shorten,
    told_apart,
)

_MOST_ROWS = 50
_CARD = 30  # the height of a card
_GAP = 8
_SWITCH = 42  # the room in which a switch is drawn
_LINE = 17
_SMALLEST = 0.7  # so far it shrinks in a narrow window before it scrolls: letters of 9 pixels
_BOLD = 13.7  # bold letters of 13 take the room of such plain ones (measured in Chromium)
_SMALL_BOLD = 12.1  # and of 11.5
_SOLID = ("write", "delete", "call")


class Sheet:
    """The lanes, drawn from top to bottom; `y` is where the next thing goes."""

    def __init__(self, counterexample: Schedule) -> None:
        self.counterexample = counterexample
        self.steps = counterexample.steps
        self.rows = rows(counterexample, _MOST_ROWS)
        self.at = Columns(counterexample, [step for row in self.rows for step in row.steps[:1]])
        self.ending = ending(counterexample)
        self.failing = failing_step(counterexample)
        self.failed = failed_after(counterexample)
        self.blocked = dict(zip([step.number for step in self.steps], blocked_after(counterexample), strict=True))
        self.y = 0.0
        self.behind: list[str] = []  # bands and hatching
        self.front: list[str] = []
        self.cards_at: list[tuple[Row, float, float]] = []  # each row with its top and bottom
        self.uses_bands = self.uses_hatch = False

    def svg(self) -> str:
        self._header()
        for row in self.rows:
            if row.switch is not None:
                self._switch(row)
            self._row(row)
        self._ending()
        self._bands()
        self._verdict()
        if len(self.rows) > 16:
            self.y += 10
            self._header(again=True)
        again = self._again()
        height = self.y + 6
        title = f"A failing schedule: {sentence(self.counterexample)}"
        told = (
            f"{count(len(self.at.threads), 'thread')}, {count(len(self.steps), 'step')} from top to bottom; "
            "the same stands below as text."
        )
        hatch = (
            (
                f'<defs><pattern id="{SCOPE}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
                'patternTransform="rotate(45)"><path class="hatch" d="M0 0V6"/></pattern></defs>'
            )
            if self.uses_hatch
            else ""
        )
        return (
            f'<svg role="img" aria-labelledby="{SCOPE}-t {SCOPE}-d" width="{self.at.width:.0f}" height="{height:.0f}" '
            f'style="min-width:{_SMALLEST * self.at.width:.0f}px" '
            f'viewBox="0 0 {self.at.width:.0f} {height:.0f}" xmlns="http://www.w3.org/2000/svg">'
            f'<title id="{SCOPE}-t">{safe(title)}</title><desc id="{SCOPE}-d">{safe(told)}</desc>\n{hatch}'
            + "\n".join([*self.behind, *self.front, *again])
            + "</svg>"
        )

    def _header(self, again: bool = False) -> None:
        top = self.y + 2
        names = told_apart(self.at.threads, lambda name: fit(name, self.at.card - 16))
        for name, short in zip(self.at.threads, names, strict=True):
            x = self.at.x(name)
            self.front.append(
                f'<g class="{self.at.colour(name)}"><title>{safe(name)}</title>'
                f"{box(x, top, self.at.card, 26, 13, 'name')}{text_at(x, top + 18, short)}</g>"
            )
        if not again:
            self.front.append(text_at(26, top + 18, "step", "small soft"))
            for x, room, name in self.at.values():
                short = fit(name, room - 8, 12)
                self.front.append(f"<g><title>{safe(name)}</title>{text_at(x, top + 18, short, 'mono strong')}</g>")
            self.front.append(text_at(self.at.line_x, top + 18, "line", "small soft"))
            self.front.append(f'<path class="rule" d="M10 {top + 34:.1f}H{self.at.width - 6:.1f}"/>')
        self.y = top + 44

    def _switch(self, row: Row) -> None:
        """An arrow from the card before, with the reason; bold if nothing forced the switch."""
        start, end = self.at.x(row.came_from), self.at.x(row.steps[0].thread)
        top, free = self.y - _GAP, not row.switch
        side, look = (1 if end > start else -1), "free" if free else "forced"
        middle, bottom = top + 25, top + _SWITCH - 1
        self.front.append(
            f'<path class="arrow {look}" d="M{start:.1f} {top + 1:.1f}V{middle - 7:.1f}Q{start:.1f} {middle:.1f} '
            f"{start + 7 * side:.1f} {middle:.1f}H{end - 7 * side:.1f}Q{end:.1f} {middle:.1f} {end:.1f} {middle + 7:.1f}"
            f'V{bottom - 6:.1f}"/><path class="tip {look}" d="M{end - 6:.1f} {bottom - 7:.1f}h12l-6 8z"/>'
        )
        text = f"switch ({row.switch})" if row.switch else f"switch: {shorten(row.came_from, 24)} is interrupted"
        text = fit(text, self.at.width - 40, _SMALL_BOLD)
        room = pixels(text, _SMALL_BOLD)
        left = start + 9 if side > 0 else max(10.0, start - 9 - room)
        left = max(10.0, min(left, self.at.width - 6 - room))
        anchor = left if side > 0 else min(start - 9, left + room)
        self.front.append(
            text_at(
                anchor, top + 19, text, "small halo " + ("strong" if free else "soft"), "start" if side > 0 else "end"
            )
        )
        self.y += _SWITCH - _GAP

    def _row(self, row: Row) -> None:
        thread = row.steps[0].thread
        x, step = self.at.x(thread), row.step
        top = self.y
        if step is None:
            threads = list(dict.fromkeys(step.thread for step in row.steps))
            text = f"⋮ {count(len(row.steps), 'more step')}" + (f" of {listed(threads)}" if len(threads) > 1 else "")
            self.front.append(text_at(x, self.y + 20, fit(text, self.at.width - x), "small soft halo"))
            self.y += _CARD + _GAP
            self.cards_at.append((row, top, self.y))
            return
        kind = "write" if step.kind in _SOLID else "read" if step.kind == "read" else "sync"
        looks = f"{kind} {self.at.colour(thread)}{' stops' * (step.kind in STOPS)}{' fails' * (step is self.failing)}"
        there = f"line {step.line}: {step.source}" if step.line else ""  # a worker takes its task in no line
        hover = f"step {step.number}: {step.thread} {step.action}{there and f' ({there})'}"
        high = self._card(x, looks, hover, step.action, _CARD / 2 if kind == "sync" else 6)
        number = f"✗ {step.number}" if step is self.failing else str(step.number)
        self.front.append(text_at(26, self.y + 20, number, "bad" if step is self.failing else "soft"))
        self._values(row)
        if there:
            number = text_at(self.at.line_x, self.y + 20, str(step.line), "soft hover")
            self.front.append(f"<g><title>{safe(there)}</title>{number}</g>")
        self.y += high
        if step.note:
            self._note(step, f"↑ {step.note}", "note")
        if step.number in self.failed:
            self._note(step, f"↑ {self.failed[step.number]}", "bad")
        self.y += _GAP
        self.cards_at.append((row, top, self.y))

    def _card(self, x: float, looks: str, hover: str, text: str, radius: float) -> float:
        lines = wrap(text, self.at.card - 14, most=6)
        high = _CARD + (len(lines) - 1) * 16.0
        told = "".join(text_at(x, self.y + 20 + i * 16, line) for i, line in enumerate(lines))
        self.front.append(
            f'<g class="{looks}"><title>{safe(hover)}</title>{box(x, self.y, self.at.card, high, radius, "card")}'
            f"{told}</g>"
        )
        return high

    def _ending(self) -> None:
        """A last row, without a number: who waits for ever, and for what; who failed."""
        if not self.ending:
            return
        self.y += 6
        highest = 0.0
        lines = {line for _, line in self.ending.values()}
        for name, (text, line) in self.ending.items():
            told = f"{text} (line {line})" if line is not None else text
            looks = f"sync {self.at.colour(name)} stops fails"
            shown = told if len(lines) > 1 else text
            highest = max(highest, self._card(self.at.x(name), looks, f"{name} {told}", shown, _CARD / 2))
        if len(lines) == 1 and lines != {None}:
            self.front.append(text_at(self.at.line_x, self.y + 20, str(lines.pop()), "soft"))
        self.y += highest + _GAP

    def _note(self, step: Step, text: str, look: str) -> None:
        """Under the card, towards the side with more room."""
        left, right = self.at.x(step.thread) - self.at.card / 2, self.at.x(step.thread) + self.at.card / 2
        to_right = self.at.right - left >= right - LEFT
        x, room = (left, max(self.at.right - left, self.at.card)) if to_right else (right, right - LEFT)
        for line in wrap(text, room - 4, _BOLD):
            self.y += _LINE
            self.front.append(
                text_at(x + (2 if to_right else -2), self.y - 1, line, f"{look} halo", "start" if to_right else "end")
            )
        self.y += 3

    def _values(self, row: Row) -> None:
        """What each object holds after the step: bold if the step wrote it, pale if the step did not touch it."""
        step = row.steps[0]
        known: dict[str, str] = {}
        for earlier in self.steps:
            before = known.get(earlier.object)
            if earlier.value is not None:
                known[earlier.object] = clean(earlier.value)
            if earlier is step:
                break
        for x, room, name in self.at.values():
            if not self.at.objects:
                value = f"{step.object} = {step.value}" if step.value is not None else ""
            else:
                value = known.get(name, "")
            if not value:
                continue
            mine = step.value is not None and step.object in (name, *([] if self.at.objects else [step.object]))
            changed = mine and (
                step.kind == "write"
                or (
                    step.kind != "read" and before != known[step.object] and (before is not None or step.kind in _SOLID)
                )
            )
            short = fit(value, room - 14)
            shape = box(x, self.y + 4, pixels(short) + 12, _CARD - 8, 4, "changed") if changed else ""
            look = "strong" if changed else "" if mine else "soft"
            self.front.append(
                f"<g><title>{safe(f'{name}: {value}')}</title>{shape}{text_at(x, self.y + 20, short, look)}</g>"
            )

    def _bands(self) -> None:
        """Behind the cards: each thread's dotted line, a band while it holds a lock, hatching while it is blocked."""
        stuck = {wait.thread for wait in self.counterexample.failure.waits} if self.ending else set()
        for name in self.at.threads:
            x, said = self.at.x(name), ""
            ended = self._ended(name)
            self.behind.append(
                f'<g class="{self.at.colour(name)}"><path class="lane" d="M{x:.1f} {self.cards_at[0][1] - 12:.1f}'
                f'V{self.y if ended is None else ended:.1f}"/></g>'
            )
            holds: tuple[str, ...] = ()
            blocked = waits = False
            for i, (row, y, below) in enumerate(self.cards_at):
                last = i + 1 == len(self.cards_at)
                top, bottom = y - _GAP / 2, self.y if last else self.cards_at[i + 1][1] - _GAP / 2
                acts = [step for step in row.steps if step.thread == name]
                start = top
                if acts:
                    self._held(name, top, y + _CARD / 2, bool(holds))
                    self._hatching(name, top, y, blocked)
                    # It holds what it has acquired from its card on; it is blocked only behind it.
                    holds, said, top, start = acts[-1].holds, "", y + _CARD / 2, below - _GAP
                    waits = acts[-1].kind in STOPS
                blocked = name in self.blocked[row.steps[-1].number] or (last and name in stuck)
                waits = waits and blocked
                self._held(name, top, bottom, bool(holds))
                self._hatching(name, start, bottom, blocked)
                state = _state(holds, blocked, waits)
                if state != said and not acts:
                    self._state_label(name, y, state)
                    said = state
            if ended is not None:
                self.front.append(
                    f'<g class="{self.at.colour(name)}"><path class="end" d="M{x - 16:.1f} {ended:.1f}h32"/></g>'
                )

    def _held(self, name: str, top: float, bottom: float, held: bool) -> None:
        if held:
            self.behind.append(f'<g class="{self.at.colour(name)}"><rect class="held" {self._place(name, top, bottom)}/></g>')
        self.uses_bands |= held

    def _hatching(self, name: str, top: float, bottom: float, blocked: bool) -> None:
        if blocked:
            self.behind.append(f'<rect fill="url(#{SCOPE}-hatch)" {self._place(name, top, bottom)}/>')
        self.uses_hatch |= blocked

    def _place(self, name: str, top: float, bottom: float) -> str:
        wide = self.at.card + 12
        return f'x="{self.at.x(name) - wide / 2:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{bottom - top:.1f}"'

    def _state_label(self, name: str, y: float, state: str) -> None:
        lines = state.split("\n") if state else []
        for i, line in enumerate(lines):
            at = y + _CARD / 2 + 4 + (i - (len(lines) - 1) / 2) * 14
            self.behind.append(
                f'<g class="{self.at.colour(name)}">'
                f"{text_at(self.at.x(name), at, fit(line, self.at.card, 11.5), 'small onband')}</g>"
            )

    def _ended(self, name: str) -> float | None:
        """Where the lane of a thread that is known to be done ends."""
        done = {
            before.thread for before, step in zip(self.steps, self.steps[1:], strict=False) if step.switch == "ended"
        }
        last = [(row, bottom) for row, _, bottom in self.cards_at if any(step.thread == name for step in row.steps)]
        failure = self.counterexample.failure
        if failure.kind == "deadlock":  # all that is alive waits, also who is not named
            waiting = {wait.thread for wait in failure.waits} | self.blocked[self.steps[-1].number]
            done = set(self.at.threads) - waiting
        if last and name != failure.thread and (name in done or last[-1][0].steps[-1].kind == "end"):
            return last[-1][1] - _GAP + 5
        return None

    def _verdict(self) -> None:
        """A red box across the lanes; a red line leads to it from the lane of the thread that failed."""
        failure = self.counterexample.failure
        if failure.kind == "none":
            return
        self.y += 14
        then = "then: " if failure.thread is not None and failure.thread not in self.at.lane else ""
        text = wrap(f"✗ {then}{sentence(self.counterexample)}", self.at.width - LEFT - 24, _BOLD)
        again = repeats_from(self.counterexample)
        if again is not None:
            text += wrap(
                f"↺ The arrow at the left edge: from the last step it goes on with step {again}, and so for ever.",
                self.at.width - LEFT - 24,
                _BOLD,
            )
        if failure.thread in self.at.lane:
            x = self.at.x(failure.thread)
            last = {self.failing.number} if self.failing is not None else set(self.failed)
            ends = [bottom for row, _, bottom in self.cards_at if any(step.number in last for step in row.steps)]
            start = (ends[0] if ends else self.y - 14) - _GAP
            self.behind.append(
                f'<path class="fall" d="M{x:.1f} {start:.1f}V{self.y - 6:.1f}"/>'
                f'<path class="tip bad" d="M{x - 7:.1f} {self.y - 8:.1f}h14l-7 9z"/>'
            )
        height = len(text) * _LINE + 13
        left, wide = LEFT - 6, self.at.width - LEFT
        self.front.append(box(left + wide / 2, self.y, wide, height, 6, "verdict"))
        for i, line in enumerate(text):
            self.front.append(text_at(left + 12, self.y + 20 + i * _LINE, line, "bad", "start"))
        self.y += height + 4

    def _again(self) -> list[str]:
        """Of a livelock: a bracket along the steps that go round."""
        number = repeats_from(self.counterexample)
        starts = [y for row, y, _ in self.cards_at if row.steps[0].number == number]
        if not starts:
            return []
        top, bottom = starts[0] + 15, self.cards_at[-1][1] + 15
        return [
            f'<path class="fall" d="M14 {bottom:.1f}H12Q6 {bottom:.1f} 6 {bottom - 6:.1f}'
            f'V{top + 6:.1f}Q6 {top:.1f} 9 {top:.1f}"/>'
            f'<path class="tip bad" d="M8 {top - 5:.1f}v10l7 -5z"/>'
        ]

    def legend(self) -> str:
        shown = [row.step for row in self.rows if row.step is not None and row.step.kind != "fail"]
        kinds = {"write" if step.kind in _SOLID else "read" if step.kind == "read" else "sync" for step in shown}
        keys = [
            ("read", "reads", "read" in kinds),
            ("write", "changes something", "write" in kinds),
            ("sync", "uses a lock or a signal", any(step.kind not in (*_SOLID, "read", *STOPS) for step in shown)),
            ("stops", "waits", any(step.kind in STOPS for step in shown)),
            ("held", "holds a lock", self.uses_bands),
            ("blocked", "is blocked", self.uses_hatch),
            ("changed", "just written", bool(self.at.value_rooms)),
            ("end", "is done", any(self._ended(name) is not None for name in self.at.threads)),
        ]
        told = "".join(f'<span><span class="key {look}"></span>{text}</span> ' for look, text, used in keys if used)
        begun = " What main does before it starts the first thread is not shown." if "main" in self.at.lane else ""
        return (
            f'<p class="legend">Read downwards: one step at a time, each in the lane of the thread that takes it; '
            f"every other thread stands still meanwhile.{begun}<br>{told}</p>"
        )


def _state(holds: tuple[str, ...], blocked: bool, waits: bool) -> str:
    """What a thread does that takes no step: it waits since it said so, or something else holds it up."""
    return "\n".join([f"holds {listed(holds)}"] * bool(holds) + ["still waits" if waits else "is blocked"] * blocked)


def box(x: float, y: float, wide: float, high: float, radius: float, look: str) -> str:
    return (
        f'<rect class="{look}" x="{x - wide / 2:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" '
        f'rx="{radius:g}"/>'
    )


def text_at(x: float, y: float, text: str, look: str = "", anchor: str = "middle") -> str:
    names = f' class="{look}"' if look else ""
    return f'<text{names} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{safe(text)}</text>'

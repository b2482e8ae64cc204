"""A counterexample as text: a lane per thread, a row per step."""

from __future__ import annotations

from collections.abc import Sequence

from .verdict import Counterexample, Exploration, Step
from .wording import (
    SCOPE,
    Row,
    blocked_after,
    clean,
    count,
    ending,
    failed_after,
    figures,
    lanes_of,
    listed,
    repeats_from,
    replay_call,
    rows,
    schedules_run,
    sentence,
    shorten,
    source_lines,
    told_apart,
    values_shown,
    waiting,
    width,
)

_MOST_ROWS = 60
_CELL = 36  # columns that an action may take
_VALUE = 18
_ROOM = 120  # columns for all lanes together: beyond that they overlap like stairs, as only one of them acts in a row
_WIDE = 120  # columns for lanes and values, if every object is to have its own column
_HOLDS, _BLOCKED = "║", "░"


def text_lanes(counterexample: Counterexample) -> str:
    """The schedule as a table in plain text, with what went wrong, the lines of code and how to repeat it."""
    return _lanes(counterexample, figures(counterexample))


def text_report(exploration: Exploration) -> str:
    """The verdict in words; for "fails" with the lanes of the simplest failing schedule."""
    lines = verdict_lines(exploration)
    if exploration.counterexample is not None:
        lines = [_lanes(exploration.counterexample, figures(exploration.counterexample, exploration)), *lines[1:]]
    return "\n".join(lines)


def verdict_lines(exploration: Exploration) -> list[str]:
    """The verdict, its scope and the remarks, a sentence each."""
    if exploration.verdict == "holds":
        lines = [f"holds: {_covered(exploration)}", f"scope: {SCOPE}{_strictly(exploration)}"]
    elif exploration.verdict == "unfinished":
        lines = [
            f"unfinished: {clean(exploration.reason)}",
            f"this is no pass: {schedules_run(exploration)} and none failed, but not all were covered",
        ]
    elif exploration.counterexample is not None:
        lines = [f"fails: {sentence(exploration.counterexample)}"]
    else:
        lines = [
            f"fails: {clean(exploration.failure.message) if exploration.failure else ''}; {schedules_run(exploration)}"
        ]
    if not exploration.reduced and exploration.outcomes and exploration.verdict != "holds":
        lines.append(
            "outcomes: " + ", ".join(f"{clean(name)} {times:,}" for name, times in exploration.outcomes.items())
        )
    return lines + [f"note: {clean(note)}" for note in exploration.notes]


def _covered(exploration: Exploration) -> str:
    number = exploration.schedules
    if exploration.reduced:
        stand = "schedule stands" if number == 1 else "schedules stand"
        return f"{number:,} {stand} for every interleaving of the visible steps; none fails"
    if number == 1:
        return "the only interleaving of the visible steps was run; it does not fail"
    return f"all {number:,} interleavings of the visible steps were run; none fails"


def _strictly(exploration: Exploration) -> str:
    return "; wake-ups in any order and spurious ones included (strict)" if exploration.strict else ""


def _lanes(counterexample: Counterexample, second_line: str) -> str:
    lines = [f"fails: {sentence(counterexample)}", second_line, ""]
    if counterexample.steps:
        lines += [*_table(counterexample), ""]
    again = repeats_from(counterexample)
    if again is not None:
        lines.append(f"the end repeats what began with step {again}, and could do so for ever")
    sources = source_lines(counterexample)
    widest = max((width(place) for place, _ in sources), default=0)
    lines += [f"{place}:{' ' * (widest - width(place))}  {source}" for place, source in sources]
    lines += _waits(counterexample)
    lines.append(f"repeat it: {replay_call(counterexample)}")
    return "\n".join(lines)


def _waits(counterexample: Counterexample) -> list[str]:
    circle, others = waiting(counterexample)
    if width(" → ".join(circle)) > _WIDE:
        lines = ["circle: " + " →\n        ".join(circle)]
    else:
        lines = ["circle: " + " → ".join(circle)] if circle else []
    return lines + [f"{'also stuck' if circle else 'stuck'}: {wait}" for wait in others]


def _table(counterexample: Counterexample) -> list[str]:
    table = _Table(counterexample)
    lines = [table.header()]
    for row in rows(counterexample, _MOST_ROWS):
        if row.switch is not None:
            lines.append(f" ── switch ({row.switch}) ──" if row.switch else " ── switch ──")
        lines.append(table.line(row))
    lines += table.ending(ending(counterexample))
    used = "".join(lines)
    legend = [
        f"{mark} {meaning}" for mark, meaning in ((_HOLDS, "holds a lock"), (_BLOCKED, "is blocked")) if mark in used
    ]
    return [*lines, *([f"{' ' * table.left}{'   '.join(legend)}"] if legend else [])]


class _Table:
    """Where each column stands, and the state that goes from row to row: who holds a lock, who is blocked."""

    def __init__(self, counterexample: Counterexample) -> None:
        self.steps = steps = counterexample.steps
        self.threads = lanes_of(counterexample)
        self.objects = values_shown(counterexample, 3)
        self.widest_number = max(2, len(str(steps[-1].number)))
        self.left = self.widest_number + 2
        longest = {thread: width(clean(thread)) for thread in self.threads}
        for step in steps:
            longest[step.thread] = max(longest[step.thread], width(clean(step.action)))
        for thread, (text, _) in ending(counterexample).items():
            longest[thread] = max(longest[thread], width(text))
        cells = [min(longest[thread], _CELL) + 3 for thread in self.threads]
        self.stairs = sum(cells) > _ROOM
        if self.stairs:
            stride = max(6, min((_ROOM - _CELL) // max(1, len(cells) - 1), max(cells)))
            cells = [min(cell, stride) for cell in cells[:-1]] + cells[-1:]
        self.starts = [self.left + sum(cells[:i]) for i in range(len(cells))]
        self.cells = cells
        reach = [start + min(longest[name], _CELL) + 3 for name, start in zip(self.threads, self.starts, strict=True)]
        self.values_at = max(reach)
        self.value_cells = self._value_cells(steps)
        if len(self.objects) > 1 and self.values_at + sum(self.value_cells) > _WIDE:
            self.objects = []
            self.value_cells = self._value_cells(steps)
        self.line_at = self.values_at + sum(self.value_cells)
        self.failed = failed_after(counterexample)
        self.blocked_after = dict(zip([step.number for step in steps], blocked_after(counterexample), strict=True))
        self.holding: set[str] = set()
        self.blocked: set[str] = set()

    def _value_cells(self, steps: Sequence[Step]) -> list[int]:
        if not self.objects:
            widest = max((width(self._value(step)) for step in steps), default=0)
            return [max(width("value"), widest) + 3 if widest else 0]
        return [
            3 + max(min(width(clean(name)), _VALUE), *(width(self._value(s)) for s in steps if s.object == name))
            for name in self.objects
        ]

    def _value(self, step: Step) -> str:
        if step.value is None:
            return ""
        value = shorten(step.value, _VALUE)
        return value if self.objects or not step.object else f"{shorten(step.object, _VALUE)} = {value}"

    def header(self) -> str:
        room = max(4, min(self.cells) - 1) if self.stairs else _CELL
        names = told_apart(self.threads, lambda name: shorten(name, room))
        line = ""
        for start, name in zip(self.starts, names, strict=True):
            line = _pad(line, start) + name
        for start, name in self._value_columns():
            line = _pad(line, start) + shorten(name, _VALUE)
        return line.rstrip()

    def _value_columns(self) -> list[tuple[int, str]]:
        if not self.objects:
            return [(self.values_at, "value")] if self.value_cells[0] else []
        return [(self.values_at + sum(self.value_cells[:i]), name) for i, name in enumerate(self.objects)]

    def line(self, row: Row) -> str:
        lane = self.threads.index(row.steps[0].thread)
        held = row.steps[0].thread in self.holding
        self._advance(row)
        gutters = self._gutters()
        gutters[lane] = _HOLDS if held or row.steps[-1].thread in self.holding else ""
        step = row.step
        number = f"{step.number:>{self.widest_number}}" if step else _pad("⋮", self.widest_number)
        text = shorten(step.action, _CELL) if step else _folded(row)
        line = number
        for i, start in enumerate(self.starts):
            if i == lane:
                line = _pad(line, start - 1, 1) + (gutters[i] or " ") + text
            elif gutters[i] and width(line) < start - 1:
                line = _pad(line, start - 1, 1) + gutters[i]
        if step is None:
            return line
        columns = self._value_columns()
        at = columns[self.objects.index(step.object)][0] if step.object in self.objects else self.values_at
        line = _pad(_pad(line, at) + self._value(step), self.line_at)
        if step.line:  # a worker of a pool takes its task in no line of the program
            line += f"line {step.line}"
        notes = [note for note in (step.note, self.failed.get(step.number)) if note]
        return (_pad(line, self.line_at + 12) + shorten("; ".join(notes), 100)).rstrip() if notes else line.rstrip()

    def ending(self, told: dict[str, tuple[str, int | None]]) -> list[str]:
        """Below the last step: who waits for ever, and for what; who failed."""
        at_once = [list(told)] if told and not self.stairs else [[name] for name in told]
        lines = []
        for names in at_once:
            line = ""
            for name, start, gutter in zip(self.threads, self.starts, self._gutters(), strict=True):
                if name in names:
                    text = told[name][0]
                    mark = " " if text.startswith("✗") else _BLOCKED
                    if width(text) > _CELL and mark == _BLOCKED:
                        text = "waits for ever"  # for what, stands below
                    line = _pad(line, start - 1, 1) + mark + shorten(text, _CELL)
                elif gutter and width(line) < start - 1:
                    line = _pad(line, start - 1, 1) + gutter
            at = {told[name][1] for name in names}
            lines.append(_pad(line, self.line_at) + f"line {at.pop()}" if len(at) == 1 and at != {None} else line)
        return lines

    def _gutters(self) -> list[str]:
        return [_BLOCKED if name in self.blocked else _HOLDS if name in self.holding else "" for name in self.threads]

    def _advance(self, row: Row) -> None:
        for step in row.steps:
            (self.holding.add if step.holds else self.holding.discard)(step.thread)
        self.blocked = self.blocked_after[row.steps[-1].number]


def _folded(row: Row) -> str:
    who = [shorten(name, 12) for name in dict.fromkeys(step.thread for step in row.steps)]
    switches = sum(a.thread != b.thread for a, b in zip(row.steps, row.steps[1:], strict=False))
    more = f"… {count(len(row.steps), 'more step')} of {listed(who[:4])}{' and others' * (len(who) > 4)}"
    return f"{more}, {switches:,} switches …" if switches else f"{more} …"


def _pad(text: str, columns: int, gap: int = 2) -> str:
    """Filled up with blanks to so many columns, and at least `gap` blanks behind a text."""
    text = text.rstrip()
    return text + " " * max(columns - width(text), gap if text else 0)

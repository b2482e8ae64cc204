"""A counterexample as text: a lane per thread, a row per step."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .verdict import Exploration, Schedule, Step
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
# Columns that JupyterLab surely shows in a window of 800 pixels (without its list of files) and of 1280 (with it): it
# breaks longer lines anywhere.
_FITS, _WIDE = 76, 100
_STEP = 6  # columns from lane to lane, at least
_HOLDS, _BLOCKED = "║", "░"


def text_lanes(counterexample: Schedule) -> str:
    """The schedule as a table in plain text, with what went wrong, the lines of code and how to repeat it."""
    return _lanes(counterexample, figures(counterexample))


def text_report(exploration: Exploration) -> str:
    """The verdict in words; for "fails" with the lanes of the simplest failing schedule."""
    first, *others = map(_broken, verdict_lines(exploration))
    if exploration.counterexample is not None:
        first = _lanes(exploration.counterexample, figures(exploration.counterexample, exploration))
    lines = [first, *others]
    if exploration.replayed is not None and exploration.counterexample is None:
        lines += ["", _broken(figures(exploration.replayed)), "", *_body(exploration.replayed)]
    return "\n".join(lines)


def verdict_lines(exploration: Exploration) -> list[str]:
    """The verdict, its scope and the remarks, a sentence each."""
    if exploration.verdict == "holds":
        lines = [f"holds: {_covered(exploration)}", f"scope: {SCOPE}"]
        if exploration.strict:
            lines.append("strict: wake-ups in any order, and spurious ones, are included")
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


def _lanes(counterexample: Schedule, second_line: str) -> str:
    fails = "" if counterexample.failure.kind == "none" else "fails: "
    above = _broken(f"{fails}{sentence(counterexample)}"), _broken(second_line)
    return "\n".join([*above, "", *_body(counterexample)])


def _broken(line: str, indent: int = 2) -> str:
    """In as many lines as it needs, parted behind a semicolon, or else between words."""
    if width(line) <= _FITS:
        return line
    after = " " * indent
    head, semicolon, tail = line.rpartition("; ")
    if semicolon and max(width(head) + 1, indent + width(tail)) <= _FITS:
        return f"{head};\n{after}{tail}"
    whole = line.replace("(line ", "(line\u00a0")
    parted = textwrap.fill(whole, _FITS, subsequent_indent=after, break_long_words=False, break_on_hyphens=False)
    return parted.replace("(line\u00a0", "(line ")


def _body(counterexample: Schedule) -> list[str]:
    """The table, the lines of code, and how to repeat it."""
    lines: list[str] = []
    if counterexample.steps:
        lines += [*_table(counterexample), ""]
    again = repeats_from(counterexample)
    if again is not None:
        lines.append(f"the end repeats what began with step {again}, and could do so for ever")
    sources = source_lines(counterexample)
    widest = max((width(place) for place, _ in sources), default=0)
    lines += [_broken(f"{place}:{' ' * (widest - width(place))}  {source}", widest + 7) for place, source in sources]
    lines += _waits(counterexample)
    if counterexample.program:
        lines.append(f"repeat it: {replay_call(counterexample)}")
    return lines


def _waits(counterexample: Schedule) -> list[str]:
    circle, others = waiting(counterexample)
    lines = ["circle: " + " → ".join(circle)] if circle else []
    if lines and width(lines[0]) > _FITS:
        lines = ["circle: " + " →\n        ".join(circle)]
    return lines + [_broken(f"{'also stuck' if circle else 'stuck'}: {wait}") for wait in others]


def _table(counterexample: Schedule) -> list[str]:
    table = _Table(counterexample)
    lines = [table.header()]
    for row in rows(counterexample, _MOST_ROWS):
        if row.switch is not None:
            lines.append(f" ── switch ({row.switch}) ──" if row.switch else " ── switch ──")
        lines += table.lines(row)
    lines += table.ending()
    used = "".join(lines)
    legend = [
        f"{mark} {meaning}" for mark, meaning in ((_HOLDS, "holds a lock"), (_BLOCKED, "is blocked")) if mark in used
    ]
    return [*lines, *([f"{' ' * table.left}{'   '.join(legend)}"] if legend else [])]


@dataclass(frozen=True)
class _Columns:
    """Where the columns begin: one for each lane, then the values, then the number of the line."""

    lanes: list[int]
    stairs: bool
    """The lanes are closer than their texts are wide: as only one of them acts in a row, they may overlap."""
    objects: list[str]
    """Those that have a column each; [] if all values stand in one."""
    values: list[int]
    line: int


class _Table:
    """The rows, and the state that goes from row to row: who holds a lock, who is blocked."""

    def __init__(self, counterexample: Schedule) -> None:
        self.steps = steps = counterexample.steps
        self.threads = lanes_of(counterexample)
        self.widest_number = max(2, len(str(steps[-1].number)))
        self.left = self.widest_number + 2
        self.widest_line = max(len("line"), *(len(_line(step.line)) for step in steps))
        self.told = {name: (_end(text), line) for name, (text, line) in ending(counterexample).items()}
        self.columns = self._columns(values_shown(counterexample, 3))
        self.failed = failed_after(counterexample)
        self.blocked_after = dict(zip([step.number for step in steps], blocked_after(counterexample), strict=True))
        self.holding: set[str] = set()
        self.blocked: set[str] = set()

    def _columns(self, objects: list[str]) -> _Columns:
        """The first way that fits into a narrow window, or else into a wide one."""
        longest = {thread: width(clean(thread)) for thread in self.threads}
        for step in self.steps:
            longest[step.thread] = max(longest[step.thread], width(clean(step.action)))
        for thread, (text, _) in self.told.items():
            longest[thread] = max(longest[thread], width(text))
        texts = [min(longest[thread], _CELL) for thread in self.threads]
        for most in (_FITS, _WIDE):
            for columns in self._ways(texts, objects):
                if columns.line + self.widest_line <= most:
                    return columns
        return columns

    def _ways(self, texts: list[int], objects: list[str]) -> Iterator[_Columns]:
        """Side by side, closer, with all values in one column, and like ever steeper stairs."""
        ways = [objects, []] if len(objects) > 1 else [objects]
        for own in ways:
            for gap in (3, 2):
                yield self._placed(texts, [text + gap for text in texts[:-1]], own, gap)
        for stride in range(max(texts) + 1, _STEP - 1, -1):
            for own in ways:
                yield self._placed(texts, [min(text + 2, stride) for text in texts[:-1]], own, 2)

    def _placed(self, texts: list[int], strides: list[int], own: list[str], gap: int) -> _Columns:
        lanes = [self.left + sum(strides[:i]) for i in range(len(texts))]
        values_at = max(at + text for at, text in zip(lanes, texts, strict=True)) + 3
        cells = [cell + gap for cell in self._value_cells(own)]
        values = [values_at + sum(cells[:i]) for i in range(len(cells))]
        stairs = any(stride < text + 2 for stride, text in zip(strides, texts, strict=False))
        return _Columns(lanes, stairs, own, values, values_at + sum(cells))

    def _value_cells(self, own: Sequence[str]) -> list[int]:
        """How wide each column of values is, without a gap."""
        if not own:
            widths = [width(_value(step, False)) for step in self.steps if step.value is not None]
            return [max(width("value"), *widths)] if widths else []
        return [
            max(min(width(clean(name)), _VALUE), *(width(_value(s, True)) for s in self.steps if s.object == name))
            for name in own
        ]

    def header(self) -> str:
        starts = self.columns.lanes
        room = min(b - a for a, b in zip(starts, starts[1:], strict=False)) - 2 if self.columns.stairs else _CELL
        names = told_apart(self.threads, lambda name: shorten(name, room))
        line = ""
        for start, name in zip(starts, names, strict=True):
            line = _pad(line, start) + name
        for start, name in zip(self.columns.values, self.columns.objects or ["value"], strict=False):
            line = _pad(line, start) + shorten(name, _VALUE)
        return _pad(line, self.columns.line) + "line"

    def lines(self, row: Row) -> Iterator[str]:
        """One line for a row, and a second one for a note that is too long for it."""
        lane = self.threads.index(row.steps[0].thread)
        held = row.steps[0].thread in self.holding
        self._advance(row)
        step = row.step
        number = f"{step.number:>{self.widest_number}}" if step else _pad("⋮", self.widest_number)
        mark = _HOLDS if held or row.steps[-1].thread in self.holding else " "
        line = self._across(number, {lane: mark + (shorten(step.action, _CELL) if step else _folded(row))})
        if step is None:
            yield line
            return
        columns = self.columns
        if step.value is not None:
            own = step.object in columns.objects
            at = columns.values[columns.objects.index(step.object) if own else 0]
            line = _pad(line, at) + _value(step, bool(columns.objects))
        line = _pad(line, columns.line) + _line(step.line)
        notes = [note for note in (step.note, self.failed.get(step.number)) if note]
        note = shorten("; ".join(notes), _WIDE - self.left)
        at = columns.line + self.widest_line + 3
        at = at if at + width(note) <= _FITS else 0
        yield (_pad(line, at) + note if at else line).rstrip()
        if note and not at:
            yield self._across("", {lane: " " + note}, _FITS - width(note))

    def ending(self) -> list[str]:
        """Below the last step: who waits for ever, and for what; who failed."""
        names = list(self.told)
        lines = []
        for group in [names] if names and not self.columns.stairs else [[name] for name in names]:
            texts = {self.threads.index(name): self.told[name][0] for name in group}
            line = self._across("", {i: (" " if "✗" in text[:1] else _BLOCKED) + text for i, text in texts.items()})
            at = {self.told[name][1] for name in group}
            lines.append(_pad(line, self.columns.line) + _line(at.pop() or 0) if len(at) == 1 else line)
        return [line.rstrip() for line in lines]

    def _across(self, line: str, texts: dict[int, str], last: int = _WIDE) -> str:
        """`line`, and in each lane its text, whose first character stands left of it, or else its gutter."""
        for i, (start, gutter) in enumerate(zip(self.columns.lanes, self._gutters(), strict=True)):
            if i in texts:
                line = _pad(line, min(start, last) - 1, 1) + texts[i]
            elif gutter and width(line) < start - 1:
                line = _pad(line, start - 1, 1) + gutter
        return line

    def _gutters(self) -> list[str]:
        return [_BLOCKED if name in self.blocked else _HOLDS if name in self.holding else "" for name in self.threads]

    def _advance(self, row: Row) -> None:
        for step in row.steps:
            (self.holding.add if step.holds else self.holding.discard)(step.thread)
        self.blocked = self.blocked_after[row.steps[-1].number]


def _value(step: Step, in_own_column: bool) -> str:
    if step.value is None:
        return ""
    value = shorten(step.value, _VALUE)
    return value if in_own_column or not step.object else f"{shorten(step.object, _VALUE)} = {value}"


def _line(number: int) -> str:
    return str(number) if number else ""  # a worker of a pool takes its task in no line of the program


def _end(text: str) -> str:
    """How a thread has ended, in the room of a lane; what it waits for also stands below."""
    return "waits for ever" if width(text) > _CELL and not text.startswith("✗") else shorten(text, _CELL)


def _folded(row: Row) -> str:
    who = [shorten(name, 12) for name in dict.fromkeys(step.thread for step in row.steps)]
    switches = sum(a.thread != b.thread for a, b in zip(row.steps, row.steps[1:], strict=False))
    more = f"… {count(len(row.steps), 'more step')} of {listed(who[:4])}{' and others' * (len(who) > 4)}"
    return f"{more}, {switches:,} switches …" if switches else f"{more} …"


def _pad(text: str, columns: int, gap: int = 2) -> str:
    """Filled up with blanks to so many columns, and at least `gap` blanks behind a text."""
    text = text.rstrip()
    return text + " " * max(columns - width(text), gap if text else 0)

"""Words and rows that the text lanes and the drawing share: what is said about a schedule, and which of its steps."""

from __future__ import annotations

import ast
import linecache
import os.path
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .verdict import Exploration, Failure, Schedule, Step, Wait

SCOPE = "sequentially consistent interleavings of visible steps"
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_BIDI = {*range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C}
_JOINER = "\u200d"  # holds emoji such as a woman cook together
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_STUCK = {"deadlock": "every thread that is left waits for ever", "livelock": "the threads go round for ever"}
_LONG_SCHEDULE = 100
STOPS = ("wait", "join", "sleep")
"""Kinds of steps after which a thread does not go on by itself."""


@dataclass(frozen=True)
class Row:
    """What one line of the lanes shows: a step, or several that are folded away."""

    steps: tuple[Step, ...]
    switch: str | None
    """Why the thread changed before: None = it did not, "" = nothing forced it (a preemption), else the reason in words."""
    came_from: str = ""
    """The thread that went before."""

    @property
    def step(self) -> Step | None:
        return self.steps[0] if len(self.steps) == 1 else None


def clean(text: str) -> str:
    """One printable line: no control or text direction characters, no memory addresses (they differ from run to run)."""
    line = " ".join(_ADDRESS.sub("", text).splitlines()).replace("\t", " ")
    if line.isascii() and line.isprintable():
        return line
    return "".join(_visible(character) for character in line)


def _visible(character: str) -> str:
    if ord(character) in _BIDI or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
        return character.encode("unicode_escape").decode("ascii")
    return character


def width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    columns, joined = 0, False
    for character in text:
        if character == _JOINER:
            joined = True
        elif joined:
            joined = False
        elif not (unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf")):
            columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return columns


def shorten(text: str, columns: int) -> str:
    """The text in at most so many columns, "…" for what is left out."""
    text = clean(text)
    if width(text) <= columns:
        return text
    end = min(len(text), columns)
    while end > 0 and width(text[:end]) > columns - 1:
        end -= 1
    return text[:end].rstrip() + "…"


def told_apart(names: Sequence[str], cut: Callable[[str], str]) -> list[str]:
    """The names, cut, and still different: of "cook number 1" and "cook number 2" the end must not be cut off."""
    short = [cut(name) for name in names]
    for same in [text for text, times in Counter(short).items() if times > 1]:
        alike = [i for i, text in enumerate(short) if text == same]
        common = os.path.commonprefix([names[i] for i in alike]).rstrip("0123456789")
        ends = [cut("…" + clean(names[i])[len(clean(common)) :]) for i in alike]
        if len({*ends, *short} - {same}) < len(ends) + len(set(short)) - 1:
            ends = [f"{same[: -1 - len(str(i))].rstrip('…')}…{i}" for i in range(1, len(alike) + 1)]
        for i, text in zip(alike, ends, strict=True):
            short[i] = text
    return short


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(words: Iterable[str]) -> str:
    """a; a and b; a, b and c."""
    *first, last = [clean(word) for word in words] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def lanes_of(counterexample: Schedule) -> list[str]:
    """The threads that have a lane, in order."""
    return list(dict.fromkeys([*counterexample.threads, *(step.thread for step in counterexample.steps)]))


def sentence(counterexample: Schedule) -> str:
    """What went wrong: "AssertionError in main: one sale is lost", "deadlock: …"."""
    failure = counterexample.failure
    message = shorten(failure.message.strip().partition("\n")[0], 240)
    if failure.kind == "none":
        return message
    if failure.kind != "exception":
        if message.lower().startswith(failure.kind):
            return message
        return f"{failure.kind}: {message or _STUCK[failure.kind]}"
    raised = raised_name(failure)
    where = f" in {clean(failure.thread)}" if failure.thread else ""
    for ending in (where, " in the program"):
        message = message.removesuffix(ending)
    message = message.removeprefix(raised).removeprefix(where).removeprefix(":").strip()
    if not message:  # a bare `assert`: its own line says what was expected
        message = next(
            (
                shorten(step.source, 160)
                for step in reversed(counterexample.steps)
                if (step.thread, step.line) == (failure.thread, failure.line)
            ),
            "",
        )
    line = f" (line {failure.line})" if failure.line is not None else ""
    return f"{raised}{where}{line}" + (f": {message}" if message else "")


def raised_name(failure: Failure) -> str:
    """The name of the exception's class."""
    if failure.exception is not None:
        return type(failure.exception).__name__
    found = re.match(r"[A-Z]\w*(Error|Exception|Exit|Interrupt|Iteration)\b", failure.message)
    return found.group() if found else "exception"


def failing_step(counterexample: Schedule) -> Step | None:
    """The step at which it fails, if that is one of the visible ones."""
    steps, failure = counterexample.steps, counterexample.failure
    if failure.kind != "exception" or not steps:
        return None
    last = next((step for step in reversed(steps) if step.thread == failure.thread), steps[-1])
    there = last is steps[-1] and (last.thread, last.line) == (failure.thread, failure.line)
    return last if there or last.kind == "fail" else None


def failed_after(counterexample: Schedule) -> dict[int, str]:
    """The number of the last step of a thread that failed behind it, at no step of its own, with what to say of that."""
    failure = counterexample.failure
    mine = [step for step in counterexample.steps if step.thread == failure.thread]
    if failure.kind != "exception" or not mine or failing_step(counterexample) is not None:
        return {}
    line = f" (line {failure.line})" if failure.line is not None else ""
    return {mine[-1].number: f"✗ then {raised_name(failure)}{line}"}


def ending(counterexample: Schedule) -> dict[str, tuple[str, int | None]]:
    """What is left to say of a lane below its last step, with the line: that it waits for ever, or that it failed."""
    failure, lanes = counterexample.failure, lanes_of(counterexample)
    found: dict[str, tuple[str, int | None]] = {}
    if failure.kind != "livelock":
        found = {
            wait.thread: (f"waits for ever for {clean(wait.waits_for)}", wait.line or None)
            for wait in failure.waits
            if wait.thread in lanes
        }
    acts = any(step.thread == failure.thread for step in counterexample.steps)
    if failure.kind == "exception" and failure.thread in lanes and not acts:
        found[str(failure.thread)] = (f"✗ {raised_name(failure)}", failure.line)
    return found


def figures(counterexample: Schedule, exploration: Exploration | None = None) -> str:
    """How long the schedule is, how many switches in it were free, how many schedules were run."""
    preemptions = counterexample.preemptions
    steps = counterexample.steps
    forced = " (every switch was forced)" if any(step.thread != steps[0].thread for step in steps) else ""
    free = {0: f"no preemption{forced}", 1: "1 preemption (a switch that nothing forced)"}.get(
        preemptions, f"{preemptions:,} preemptions (switches that nothing forced)"
    )
    run = f"; {schedules_run(exploration)}" if exploration is not None else ""
    kind = "this schedule" if counterexample.failure.kind == "none" else "failing schedule"
    if not steps:
        return f"{kind}: no step that another thread could see{run}"
    return f"{kind}: {count(len(steps), 'step')}, {free}{run}"


def schedules_run(exploration: Exploration) -> str:
    return f"{count(exploration.schedules, 'schedule')} {'was' if exploration.schedules == 1 else 'were'} run"


def waiting(counterexample: Schedule) -> tuple[list[str], list[str]]:
    """Who waits for ever: the links of the circle, if there is one (the first thread closes it), and the others."""
    failure, lanes = counterexample.failure, lanes_of(counterexample)
    if failure.kind == "livelock":  # its threads run, for ever
        return [], []
    waits = {wait.thread: wait for wait in failure.waits}
    links = [waits[name] for name in failure.cycle if name in waits]
    if len(links) < len(failure.cycle):
        links = []
    circle = [*(in_words(wait) for wait in links), clean(failure.cycle[0])] if links else []
    others = sorted((wait for wait in failure.waits if wait not in links), key=lambda wait: wait.thread not in lanes)
    return circle, [in_words(wait) + _hopeless(wait) for wait in others]


def in_words(wait: Wait) -> str:
    """Ana holds a and waits for b (line 7)"""
    holds = f"holds {listed(wait.holds)} and " if wait.holds else ""
    what = clean(wait.waits_for)
    who = clean(wait.thread)
    if who == "main" and _by_end(wait):  # it has no lane: who is that? And its line is none of those that are listed.
        who = "main (the program itself)"
    elif wait.line:
        inside = what.endswith(")") and not _by_end(wait)
        what = f"{what[:-1]}, line {wait.line})" if inside else f"{what} (line {wait.line})"
    return f"{who} {holds}waits for {what}"


def _by_end(wait: Wait) -> bool:
    return wait.waits_for.startswith("the end of ")


def _hopeless(wait: Wait) -> str:
    if _by_end(wait):
        return ""
    if wait.held_by:
        return f", which {listed(wait.held_by)} {'holds' if len(wait.held_by) == 1 else 'hold'}"
    return ", and nobody is left to end that"


def replay_call(counterexample: Schedule) -> str:
    """kh.replay(lunch_rush, "A1 B2 A1")"""
    name = counterexample.program.rpartition("<locals>.")[2]
    program = name if _NAME.fullmatch(name) else "program"
    if len(counterexample.schedule) > _LONG_SCHEDULE:
        return f"kh.replay({program}, schedule), with the .schedule of this counterexample"
    return f'kh.replay({program}, "{clean(counterexample.schedule)}")'


def blocked_after(counterexample: Schedule) -> list[set[str]]:
    """For each step, who is stopped after it: its thread had to give way, or never goes on again.

    Who was interrupted and could not go on just now either is left out: it does not find out.
    """
    steps = counterexample.steps
    stuck = {wait.thread for wait in counterexample.failure.waits}
    gave_way: set[str] = set()
    after: list[set[str]] = []
    for i, step in enumerate(steps):
        had_to = i + 1 < len(steps) and steps[i + 1].switch == "blocked"
        (gave_way.add if had_to or step.kind in STOPS else gave_way.discard)(step.thread)
        after.append(gave_way.intersection(step.blocked) | ({step.thread} if had_to else set()))
    for name in stuck:
        for step, blocked in zip(reversed(steps), reversed(after), strict=True):
            if name not in step.blocked:
                break
            blocked.add(name)
            if step.thread == name:
                break
    return after


def source_lines(counterexample: Schedule, most: int = 16) -> list[tuple[str, str]]:
    """("line 4 of your cell", "self.value += 1") for each line of a step or of a lasting wait, in the order of the file.

    If they stand in several cells, which all count their lines from 1: ("line 4 (in Till.sell)", "self.value += 1").
    """
    failure = counterexample.failure
    file_of = {step.thread: step.file for step in counterexample.steps}
    lanes = lanes_of(counterexample)
    waits = [
        wait
        for wait in failure.waits
        if wait.line and failure.kind != "livelock" and (wait.thread in file_of or (wait.file and wait.thread in lanes))
    ]
    files = list(dict.fromkeys([*(step.file for step in counterexample.steps), *(wait.file for wait in waits)]))
    places = list(
        {(files.index(step.file), step.line, step.source) for step in counterexample.steps if step.line}
        | {(files.index(wait.file or file_of[wait.thread]), wait.line, wait.source) for wait in waits}
    )
    place = _raised_at(failure)
    if place is not None:
        files.append(place[0])
        if (files.index(place[0]), *place[1:]) not in places:
            places.append((files.index(place[0]), *place[1:]))
    several = sum(map(_is_cell, set(files))) > 1
    told = [
        (f"line {line}{_of(files[index], line if several else 0)}", shorten(source, 160))
        for index, line, source in sorted(places)
    ]
    lines = list(dict.fromkeys(told))
    if len(lines) > most:
        lines = [*lines[: most - 1], (f"and {len(lines) - most + 1} more lines", "…")]
    return lines


def _raised_at(failure: Failure) -> tuple[str, int, str] | None:
    """The file, the number and the text of the line that raised, if the exception still knows it."""
    trace = failure.exception.__traceback__ if failure.exception is not None else None
    found = None
    while trace is not None:
        file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        if line == failure.line and (source := linecache.getline(file, line).strip()):
            found = file, line, source
        trace = trace.tb_next
    return found


def _is_cell(file: str) -> bool:
    return file.startswith("<ipython") or "ipykernel" in file


def _of(file: str, line: int = 0) -> str:
    """" of your cell", " of orders.py"; for a line of a cell " (in Till.sell)", if it stands in a function."""
    if not file:
        return ""
    if _is_cell(file):
        return f" (in {function})" if (function := _function_at(file, line)) else " of your cell"
    return f" of {clean(os.path.basename(file.replace(chr(92), '/')))}"


def _function_at(file: str, line: int) -> str:
    """The innermost function that has this line, with its class before it if it has one; "" if there is none."""
    try:
        nodes = ast.walk(ast.parse("".join(linecache.getlines(file))))
    except (SyntaxError, ValueError, RecursionError):  # as with IPython's own commands
        return ""
    around = [
        node
        for node in nodes
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    around.sort(key=lambda node: node.lineno)
    if not around or isinstance(around[-1], ast.ClassDef):
        return ""
    return ".".join(node.name for node in around[-2:] if node is around[-1] or isinstance(node, ast.ClassDef))


def values_shown(counterexample: Schedule, most: int) -> list[str]:
    """The objects that get a column for their value: all that have one, or none if there are too many."""
    objects = list(dict.fromkeys(step.object for step in counterexample.steps if step.value is not None))
    return objects if len(objects) <= most else []


def rows(counterexample: Schedule, most: int) -> list[Row]:
    """The rows to show: of a long schedule the middle is folded, its switches and its remarks are kept."""
    steps = counterexample.steps
    reasons = [_reason(counterexample, i) for i in range(len(steps))]
    mine = [i for i, step in enumerate(steps) if step.thread == counterexample.failure.thread]
    failed = counterexample.failure.kind == "exception" and mine
    kept = _kept(steps, most, mine[-1] if failed else len(steps) - 1)
    shown: list[Row] = []
    before = -1
    for i in [*kept, len(steps)]:
        if i - before > 1:
            hidden = steps[before + 1 : i]
            shown.append(Row(hidden, reasons[before + 1], steps[before].thread if before >= 0 else ""))
        if i < len(steps):
            shown.append(Row((steps[i],), reasons[i], steps[i - 1].thread if i else ""))
        before = i
    return shown


def _reason(counterexample: Schedule, i: int) -> str | None:
    steps, failure = counterexample.steps, counterexample.failure
    if i == 0 or steps[i].thread == steps[i - 1].thread:
        return None
    before = steps[i - 1]
    who = shorten(before.thread, 24)
    if steps[i].switch == "ended":
        return (
            f"{who} has failed" if failure.kind == "exception" and failure.thread == before.thread else f"{who} is done"
        )
    if steps[i].switch == "spins":
        return f"{who}'s loop waits for a change"
    if steps[i].switch == "blocked":
        if before.kind in STOPS or before.action.startswith("waits"):
            return f"{who} {shorten(before.action, 40)}"
        acts_again = any(step.thread == before.thread for step in steps[i:])
        what = "" if acts_again else next((w.waits_for for w in failure.waits if w.thread == before.thread), "")
        return f"{who} waits for {shorten(what, 40)}" if what else f"{who} is blocked"
    return ""


def _kept(steps: Sequence[Step], most: int, failing: int) -> list[int]:
    """The start, the switches, the remarks and the end, and of the runs between switches those that fit in, the last first.

    Of what comes after the step at which it fails there is a switch at most.
    """
    if len(steps) <= most:
        return list(range(len(steps)))
    end = failing + 1
    starts = [i for i in range(1, end) if steps[i].thread != steps[i - 1].thread]
    keep = {*range(5), *range(max(0, end - 5), end), *starts, *(i - 1 for i in starts)}
    remarks = [i for i, step in enumerate(steps) if step.note]
    keep.update(remarks)
    if len(keep) > most:
        return sorted({*range(most // 2), *remarks[-5:], *range(max(0, end - most // 2), end)})
    for first, after in reversed(list(zip([0, *starts], [*starts, end], strict=True))):
        if len(keep.union(range(first, after))) <= most:
            keep.update(range(first, after))
    return sorted(keep)


def repeats_from(counterexample: Schedule) -> int | None:
    """Of a livelock, the number of the first step of the part that its end repeats, or None if there is none."""
    return counterexample.loop or None

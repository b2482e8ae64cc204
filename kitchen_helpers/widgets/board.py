"""A schedule as far as it has gone: a table with a lane per thread, what each holds, and where each stands in the code."""

from __future__ import annotations

import linecache
from collections.abc import Mapping, Sequence
from textwrap import dedent

from ..interleavings.theme import LANE_COLOURS, safe, style
from ..interleavings.verdict import Step
from ..interleavings.wording import clean, count, listed

_SCOPE = "kitchen-board"
_ROWS = 18
"""So many rows are shown; of a longer schedule, those around the current step."""
_AROUND = 3
_LINES = 24
_LOOKS = {"held": "holds a lock", "blocked": "is blocked"}
"""Of a cell in whose step its thread does nothing."""
_SOLID = ("write", "delete", "call")
_RULES = """
@ table{border-collapse:separate;border-spacing:8px 3px;margin:2px 0;font:inherit;font-size:13px;table-layout:auto}
@ th,@ td{border:0;padding:3px 8px;text-align:center;background:transparent;color:var(--ink);white-space:nowrap}
@ tr,@ tbody tr:nth-child(odd),@ tbody tr:nth-child(even),@ tbody tr:hover{background:transparent}
@ th.lane{background:var(--c);color:var(--i);border-radius:12px;font-weight:600;min-width:84px}
@ td.soft,@ th.soft{color:var(--soft);font-weight:400} @ td.value{font-family:var(--jp-code-font-family,monospace)}
@ td.held{background:var(--p)}
@ td.blocked{background:repeating-linear-gradient(135deg,var(--soft) 0 1px,transparent 1px 6px)}
@ td.card{background:var(--p);border:1.5px solid var(--c);border-radius:5px;white-space:normal}
@ td.card.write{background:var(--c);color:var(--i)}
@ td.card.sync{background:var(--paper);border-radius:13px}
@ td.changed{background:var(--mark);color:var(--ink);font-weight:700;border-radius:3px}
@ td.note{text-align:left;white-space:normal;padding-top:0;color:var(--bad);font-weight:600}
@ tr.now td.card{outline:3px solid var(--ink);outline-offset:1px} @ tr.now td:first-child{color:var(--ink);font-weight:700}
@ ul{margin:4px 0 4px 1.2em;padding:0} @ li{margin:0;white-space:normal} @ pre{white-space:pre!important;overflow-x:auto}
@ pre b{color:var(--ink)} @ pre .soft{color:var(--soft)}
@ .scroll{display:block;margin:2px 0} @ .end{border:2px solid var(--bad);background:var(--badpale);border-radius:6px;\
padding:6px 10px;margin:6px 0;font-weight:600;color:var(--bad)} @ .end.well{border-color:var(--good);background:none;color:var(--good)}
"""
STYLE = style(_SCOPE).replace("</style>", _RULES.replace("@", f".{_SCOPE}") + "</style>")


def board(
    steps: Sequence[Step],
    threads: Sequence[str],
    at: int,
    standing: Mapping[str, str],
    marks: Sequence[tuple[str, int, str]],
    end: tuple[str, bool] | None = None,
) -> str:
    """HTML. `at` steps have been taken; `standing` says of each thread how it stands; `marks` are (file, line, who);
    `end` says how it ended, and whether well."""
    table = _table(steps, list(threads), at)
    parts = [f'<div class="{_SCOPE}">', table, _legend(table)]
    items = "".join(f"<li><b>{safe(name)}</b> {safe(text)}</li>" for name, text in standing.items())
    parts.append(f"<ul>{items}</ul>" if items else "")
    if end is not None:
        parts.append(f'<p class="end{" well" * end[1]}">{"✓" if end[1] else "✗"} {safe(end[0])}</p>')
    parts.append(_code(marks))
    return "".join(parts) + "</div>"


def _table(steps: Sequence[Step], threads: list[str], at: int) -> str:
    objects = list(dict.fromkeys(step.object for step in steps if step.value is not None))[:3]
    head = "".join(f'<th class="lane t{i % LANE_COLOURS}" scope="col">{safe(n)}</th>' for i, n in enumerate(threads))
    head += "".join(f'<th scope="col">{safe(name)}</th>' for name in objects)
    table = [f'<tr><th class="soft" scope="col">step</th>{head}<th class="soft" scope="col">line</th></tr>']
    first = max(0, min(at - _ROWS + 4, len(steps) - _ROWS))
    holding: dict[str, bool] = {}
    known: dict[str, str] = {}
    for i, step in enumerate(steps):
        past = i < at
        before = known.get(step.object)
        if past:
            holding[step.thread] = bool(step.holds)
            if step.value is not None:
                known[step.object] = clean(step.value)
        if first <= i < first + _ROWS:
            table.append(_row(step, threads, objects, past, i == at - 1, holding, known, before))
    if first:
        table.insert(1, f'<tr><td class="soft">⋮</td><td class="soft">{count(first, "earlier step")}</td></tr>')
    caption = f"{count(at, 'step')} of {len(steps)}" if at < len(steps) else count(at, "step")
    return f'<div class="scroll"><table aria-label="{caption}, the latest last"><tbody>{"".join(table)}</tbody></table></div>'


def _legend(table: str) -> str:
    """What pale and hatched cells mean, if there are any: the hints above them need a mouse."""
    told = [
        f'<span><span class="key {look}"></span>{words}</span>'
        for look, words in _LOOKS.items()
        if f'<td class="{look} ' in table
    ]
    return f'<p class="legend">{" ".join(told)}</p>' if told else ""


def _row(
    step: Step,
    threads: list[str],
    objects: list[str],
    past: bool,
    now: bool,
    holding: Mapping[str, bool],
    known: Mapping[str, str],
    before: str | None,
) -> str:
    if not past:
        return f'<tr><td class="soft">{step.number}</td><td>&nbsp;</td></tr>'
    cells = [f'<td class="soft">{"▶ " * now}{step.number}</td>']
    for i, name in enumerate(threads):
        if name == step.thread:
            kind = "write" if step.kind in _SOLID else "read" if step.kind == "read" else "sync"
            cells.append(f'<td class="card {kind} t{i % LANE_COLOURS}">{safe(step.action)}</td>')
        else:
            look = "held" if holding.get(name) else "blocked" if name in step.blocked else ""
            told = f' title="{safe(name)} {_LOOKS[look]}"' if look else ""
            cells.append(f'<td class="{look} t{i % LANE_COLOURS}"{told}></td>')
    for name in objects:
        mine = name == step.object and step.value is not None
        changed = mine and step.kind != "read" and before != known.get(name)
        look = "value changed" if changed else "value" if mine else "value soft"
        cells.append(f'<td class="{look}">{safe(known.get(name, ""))}</td>')
    cells.append(f'<td class="soft">{step.line or ""}</td>')
    row = f"<tr{' class=now' * now}>{''.join(cells)}</tr>"
    if step.note:  # below its card, as beside the table there is no room for it in a narrow window
        lane = threads.index(step.thread)
        beside, across = "<td></td>" * (lane + 1), len(threads) - lane + len(objects) + 1
        row += f'<tr>{beside}<td class="note" colspan="{across}">↑ {safe(step.note)}</td></tr>'
    return row


def _code(marks: Sequence[tuple[str, int, str]]) -> str:
    """The lines in which somebody stands, with those around them."""
    places = [mark for mark in marks if mark[0] and mark[1]]
    if not places:
        return ""
    file = places[-1][0]
    at: dict[int, list[str]] = {}
    for other, place, who in places:
        if other == file:
            at.setdefault(place, []).append(who)
    lines = linecache.getlines(file)
    first, last = max(1, min(at) - _AROUND), min(len(lines), max(at) + _AROUND)
    numbers = [n for n in range(first, last + 1) if last - first < _LINES or any(abs(n - m) < 3 for m in at)]
    source = dedent("".join(lines[n - 1] if lines[n - 1].endswith("\n") else lines[n - 1] + "\n" for n in numbers))
    widest = max(len(listed(names)) for names in at.values()) + 2
    told = []
    for number, text in zip(numbers, source.splitlines(), strict=False):
        beside = f"{listed(at[number])} ▶".rjust(widest) if number in at else " " * widest
        line = f'{safe(beside)} <span class="soft">{number:3}</span>  {safe(text) if text else ""}'
        told.append(f"<b>{line}</b>" if number in at else line)
    return f"<pre>{chr(10).join(told)}</pre>"

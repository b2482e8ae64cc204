"""A counterexample as a picture in the notebook: HTML with inline SVG, and the text lanes as its twin."""

from __future__ import annotations

import hashlib

from .circle import circle
from .lanes import text_lanes, text_report, verdict_lines
from .sheet import Sheet
from .theme import SCOPE, safe, style
from .verdict import Exploration, Schedule
from .wording import figures, replay_call, sentence, source_lines, waiting


def svg_lanes(counterexample: Schedule) -> str:
    """The failing schedule: cards in lanes, and what went wrong; HTML to be shown as it is."""
    return _page(_told(counterexample, figures(counterexample)), text_lanes(counterexample))


def html_report(exploration: Exploration) -> str:
    """The verdict; for "fails" with the drawing of the simplest failing schedule."""
    first, *others = verdict_lines(exploration)
    if exploration.counterexample is not None:
        body = _told(exploration.counterexample, figures(exploration.counterexample, exploration))
    else:
        mark, look = {"holds": ("✓", "good"), "fails": ("✗", "bad")}.get(exploration.verdict, ("?", "soft"))
        body = f'<p class="verdict"><span class="{look}">{mark}</span> {safe(first)}</p>'
    body += "".join(f'<p class="soft">{safe(line)}</p>' for line in others)
    if exploration.replayed is not None:
        body += f'<p>{safe(figures(exploration.replayed))}</p>\n{_drawn(exploration.replayed)}'
    shown = exploration.counterexample or exploration.replayed
    return _page(body, text_report(exploration) if shown is not None else "")


def _page(body: str, twin: str) -> str:
    if twin:
        body += f"<details><summary>the same as text</summary><pre>{_lines(twin)}</pre></details>"
    scope = "kh-" + hashlib.sha256(body.encode()).hexdigest()[:10]
    page = f'<div class="{SCOPE}">\n{style(SCOPE)}\n{body}\n</div>'
    return page.replace(SCOPE, scope)


def _lines(text: str) -> str:
    return "\n".join(safe(line) if line else "" for line in text.split("\n"))


def _told(counterexample: Schedule, second_line: str) -> str:
    fails = "" if counterexample.failure.kind == "none" else '<span class="bad">✗ fails:</span> '
    first = f'<p class="verdict">{fails}{safe(sentence(counterexample))}</p>'
    return f'{first}\n<p class="soft">{safe(second_line)}</p>\n{_drawn(counterexample)}'


def _drawn(counterexample: Schedule) -> str:
    """The picture, the lines of code, and how to repeat it."""
    parts: list[str] = []
    if counterexample.steps:
        sheet = Sheet(counterexample)
        parts += [f'<div class="scroll">{sheet.svg()}{circle(counterexample)}</div>', sheet.legend()]
    links, others = waiting(counterexample)
    if links:
        parts.append(f"<p>{safe(' → '.join(links))}</p>")
    parts += [f"<p>{safe(wait)}</p>" for wait in others]
    places = source_lines(counterexample)
    widest = max((len(place) for place, _ in places), default=0)
    code = "\n".join(
        f'<span class="soft">{safe(place)}:{" " * (widest - len(place))}</span>  {safe(source)}'
        for place, source in places
    )
    parts.append(f"<pre>{code}</pre>" if code else "")
    if counterexample.program:
        parts.append(
            f'<p><span class="soft">repeat it:</span> <code>{safe(replay_call(counterexample))}</code> '
            '<span class="soft">(A, B, …: the threads as they were started, M: main; the numbers: how many steps each '
            "takes, without those that follow by themselves, such as a release)</span></p>"
        )
    return "\n".join(part for part in parts if part)

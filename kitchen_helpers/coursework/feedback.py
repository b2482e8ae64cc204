"""A page for each student: what every question is worth, what is wrong with it, and the lanes that show it."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .writing import Record, by_student, whole

_MARKS = {"right": "✓", "partly": "◐", "unfinished": "…"}
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff; }}
table {{ border-collapse: collapse; }}
td, th {{ padding: .2rem .8rem; text-align: left; border-bottom: 1px solid #ccc; }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums; }}
section {{ margin: 1.5rem 0; }}
.lanes {{ overflow-x: auto; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def write_pages(folder: Path, records: Iterable[Record]) -> None:
    """A page per student in a folder."""
    folder.mkdir(exist_ok=True)
    for student, theirs in by_student(records):
        with whole(folder / page_name(student)) as file:
            file.write(_PAGE.format(title=html.escape(f"Feedback for {student}"), body="\n".join(map(_assignment, theirs))))


def page_name(student: str) -> str:
    """A file name for any student's name: the name itself where it is an ordinary one."""
    plain = re.sub(r"[^\w.@ -]", "_", student, flags=re.ASCII)[:80].strip(". ")
    if plain and plain == student == student.lower() and not re.search("-[0-9a-f]{8}$", plain):
        return f"{student}.html"
    mark = hashlib.sha256(student.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{plain or 'student'}-{mark}.html"


def _assignment(record: Record) -> str:
    questions: dict[str, dict[str, Any]] = record["questions"]
    heading = html.escape(record["assignment"] or "no assignment")
    if not questions:
        return f"<h2>{heading}</h2>\n<p>Not graded: {html.escape(record['problem'])}.</p>"
    points, most = (sum(found[key] for found in questions.values()) for key in ("points", "max"))
    rows = "\n".join(
        f"<tr><td>{_MARKS.get(found['status'], '✗')} {html.escape(name)}</td><td>{html.escape(found['status'])}</td>"
        f'<td class="number">{found["points"]:g} of {found["max"]:g}</td></tr>'
        for name, found in questions.items()
    )
    table = f"<table>\n<tr><th>question</th><th>verdict</th><th>points</th></tr>\n{rows}\n</table>"
    return "\n".join([f"<h2>{heading}: {points:g} of {most:g} points</h2>", table, *map(_question, questions, questions.values())])


def _question(name: str, found: dict[str, Any]) -> str:
    parts = [f"<section>\n<h3>{html.escape(name)}: {html.escape(found['status'])}</h3>", f"<p>{html.escape(found['message'])}</p>"]
    if found["hint"]:
        parts.append(f"<p><i>Hint:</i> {html.escape(found['hint'])}</p>")
    if found["status"] == "unfinished" and not found["hint"]:
        parts.append("<p>This was not decided by the check; it is left to your teacher.</p>")
    if found["lanes"]:
        parts.append(f'<div class="lanes">{found["lanes"]}</div>')
    return "\n".join([*parts, "</section>"])

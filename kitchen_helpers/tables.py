"""Tables of results, as aligned text and as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def text_lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of the table, head first; each column is as wide as the longest of its cells."""
    table = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


# A figure and its unit, an engine and its workers stay in one line.
UNBROKEN = "white-space:nowrap"
# In one line where the page has room for it, beside JupyterLab's list of files.
_CAPTION = "width:max-content;max-width:max(20em,100vw - 480px);text-align:left"


def html_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    caption: str = "",
    *,
    th: str = "<th>",
    td: str = f'<td style="{UNBROKEN}">',
) -> str:
    """The same in HTML; `th` and `td` are the tags that open its cells."""
    above = f'<caption style="{_CAPTION}">{escape(caption)}</caption>' if caption else ""
    lines = [(th, head, "</th>"), *((td, row, "</td>") for row in rows)]
    body = "".join(f"<tr>{''.join(f'{begin}{escape(cell)}{end}' for cell in row)}</tr>" for begin, row, end in lines)
    return f"<table>{above}{body}</table>"

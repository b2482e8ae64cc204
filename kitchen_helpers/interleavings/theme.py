"""How the drawing looks: colours that survive colour blindness, a light and a dark theme, and how wide a text gets."""

from __future__ import annotations

import re
import unicodedata
from html import escape

from .wording import clean

LANE_COLOURS = 6
"""Lanes beyond these begin again with the first colour; the name above each lane tells them apart."""

SCOPE = "KITCHEN-LANES"
"""Replaced by a name made from the content, so that drawings on one page do not collide."""

# Okabe and Ito's colours; the blue is lighter on dark paper. Red is kept for what fails, and always comes with a ✗.
_LIGHT = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
_DARK = ("#3D9BDB", "#E69F00", "#009E73", "#CC79A7", "#8CCBF0", "#D55E00")
_LIGHT_INK = ("#fff", "#000", "#000", "#000", "#000", "#000")
_DARK_INK = ("#000",) * 6


def _mixed(colour: str, paper: str, share: float) -> str:
    parts = (round(int(colour[i : i + 2], 16) * share + int(paper[i : i + 2], 16) * (1 - share)) for i in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _palette(dark: bool) -> str:
    if dark:
        paper, share, plain = (
            "#111418",
            0.28,
            ("#f0f0f0", "#b4b8bd", "#3c4148", "#ff8a8a", "#3a1a1c", "#4a4312", "#7fd6a8"),
        )
    else:
        paper, share, plain = (
            "#ffffff",
            0.14,
            ("#1b1b1b", "#5c6167", "#d5d9de", "#b0001b", "#fdecee", "#fff3ad", "#00694d"),
        )
    ink, soft, rule, bad, bad_pale, mark, good = plain
    lanes = zip(*((_DARK, _DARK_INK) if dark else (_LIGHT, _LIGHT_INK)), strict=True)
    colours = "".join(
        f"--c{i}:{c};--p{i}:{_mixed(c, paper, share)};--i{i}:{text};" for i, (c, text) in enumerate(lanes)
    )
    return (
        f"--paper:var(--jp-layout-color0,{paper});--ink:var(--jp-content-font-color0,{ink});--soft:{soft};--rule:{rule};"
        f"--bad:{bad};--badpale:{bad_pale};--mark:{mark};--good:{good};{colours}"
    )


_RULES = """
@{color-scheme:light;background:var(--paper);color:var(--ink);padding:10px 14px 12px;border-radius:6px;max-width:100%;\
box-sizing:border-box;font:14px/1.5 var(--jp-ui-font-family,system-ui,-apple-system,"Segoe UI",Roboto,sans-serif)}
@ p{margin:0 0 4px;padding:0;font:inherit;color:var(--ink)}
@ p.verdict{font-size:16px;font-weight:600;margin-bottom:0}
@ .bad{color:var(--bad)} @ .good{color:var(--good)} @ .soft{color:var(--soft)}
@ p.soft,@ p.legend{color:var(--soft);font-size:13px}
@ .scroll{overflow-x:auto;margin:10px 0 8px;display:flex;flex-wrap:wrap;gap:10px 40px;align-items:center}
@ p.strong{font-weight:600}
@ svg{display:block;flex:0 1 auto;max-width:100%;height:auto;font-size:13px}
@ svg text{fill:var(--ink)}
@ code,@ pre{font-family:var(--jp-code-font-family,ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace);font-size:13px;\
line-height:1.45;color:var(--ink);background:transparent;border:0;padding:0;margin:0}
@ pre{white-space:pre-wrap!important;word-break:normal!important;overflow-wrap:anywhere;margin:6px 0}
@ details pre{white-space:pre!important;overflow-x:auto}
@ details{margin-top:8px;font-size:13px} @ summary{cursor:pointer;color:var(--soft)}
@ .legend span{white-space:nowrap}
@ .legend span.key{display:inline-block;width:26px;height:14px;margin:0 5px 0 14px;vertical-align:-2px;box-sizing:border-box}
@ .key.read{background:var(--p0);border:1.5px solid var(--c0);border-radius:4px}
@ .key.write{background:var(--c0);border-radius:4px}
@ .key.sync{background:var(--paper);border:1.5px solid var(--c0);border-radius:7px}
@ .key.stops{background:var(--paper);border:1.5px dashed var(--c0);border-radius:7px}
@ .legend span.key.end{background:var(--c0);height:3px;vertical-align:3px}
@ .key.held{background:var(--p0)}
@ .key.blocked{background:repeating-linear-gradient(135deg,var(--soft) 0 1px,transparent 1px 5px)}
@ .key.changed{background:var(--mark);border-radius:3px}
@ svg .lane{stroke:var(--c);stroke-width:2;stroke-dasharray:1 5;stroke-linecap:round}
@ svg .end{stroke:var(--c);stroke-width:3}
@ svg .held{fill:var(--p)} @ svg .hatch{stroke:var(--soft);stroke-width:1}
@ svg .card{stroke:var(--c);stroke-width:1.5;fill:var(--p)} @ svg .write .card{fill:var(--c)} @ svg .write text{fill:var(--i)}
@ svg .sync .card{fill:var(--paper)} @ svg .stops .card{stroke-dasharray:5 3}
@ svg .fails .card{stroke:var(--bad);stroke-width:3.5;stroke-dasharray:none}
@ svg .name{fill:var(--c)} @ svg .name+text{fill:var(--i);font-weight:600}
@ svg .small{font-size:11.5px} @ svg .soft{fill:var(--soft)} @ svg .strong{font-weight:700}
@ svg .mono{font-family:var(--jp-code-font-family,ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace);font-size:12px}
@ svg .halo{stroke:var(--paper);stroke-width:4px;stroke-linejoin:round;paint-order:stroke}
@ svg .onband{stroke:var(--p);stroke-width:4px;stroke-linejoin:round;paint-order:stroke}
@ svg .rule{stroke:var(--rule);stroke-width:1}
@ svg .arrow{fill:none;stroke:var(--soft);stroke-width:1.5} @ svg .arrow.free{stroke:var(--ink);stroke-width:2.2}
@ svg .forced{stroke-dasharray:5 3} @ svg .tip{fill:var(--soft)} @ svg .tip.free{fill:var(--ink)}
@ svg .changed{fill:var(--mark)} @ svg .hover{text-decoration:underline dotted;cursor:help}
@ svg .note{font-weight:600} @ svg text.bad{fill:var(--bad);font-weight:600}
@ svg .verdict{fill:var(--badpale);stroke:var(--bad);stroke-width:2} @ svg .fall{stroke:var(--bad);stroke-width:3;fill:none}
@ svg .tip.bad{fill:var(--bad)}
"""


def style(scope: str) -> str:
    """The style sheet, for elements inside the class `scope` only. The notebook's theme goes before the system's."""
    at = f".{scope}"
    dark = f"{_palette(dark=True)}color-scheme:dark"
    lanes = "".join(f"{at} .t{i}{{--c:var(--c{i});--p:var(--p{i});--i:var(--i{i})}}\n" for i in range(LANE_COLOURS))
    is_dark = ",".join(
        f"{page} {at}" for page in ('body[data-jp-theme-light="false"]', "body.vscode-dark", 'html[data-theme="dark"]')
    )
    is_light = ",".join(
        f"{page} {at}" for page in ('body[data-jp-theme-light="true"]', "body.vscode-light", 'html[data-theme="light"]')
    )
    rules = _RULES.strip().replace("@", at)
    light = f"{_palette(dark=False)}color-scheme:light"
    return (
        f"<style>\n{rules}\n{lanes}{at}{{{light}}}\n@media (prefers-color-scheme:dark){{{at}{{{dark}}}}}\n"
        f"{is_light}{{{light}}}\n{is_dark}{{{dark}}}\n</style>"
    )


def safe(text: str) -> str:
    """A text from the reader's program, to stand in HTML and SVG."""
    return escape(clean(text), quote=True)


def pixels(text: str, size: float = 13) -> float:
    """How wide the text gets at most: measured on DejaVu Sans, the widest of the usual fonts."""
    return size * sum(_em(character) for character in text)


def _em(character: str) -> float:
    if not character.isascii():
        if unicodedata.combining(character):
            return 0
        return 1.05 if unicodedata.east_asian_width(character) in "WF" else 0.84
    if character in "iljI|!.,:;'` ":
        return 0.36
    if character in 'frt()[]{}/\\-"':
        return 0.46
    if character in "mwMW@%&+=<>#~^_":
        return 0.9
    return 0.74 if character.isupper() else 0.64


def fit(text: str, room: float, size: float = 13) -> str:
    """The text, cut so that it fits into so many pixels."""
    text = clean(text)
    if pixels(text, size) <= room:
        return text
    while text and pixels(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def wrap(text: str, room: float, size: float = 13, most: int = 4) -> list[str]:
    """The text in lines of so many pixels at most; a long name may be parted behind an underscore or a dot."""
    lines = [""]
    for word in _GAP.split(clean(text).strip()):
        gap = " " if lines[-1] else ""
        if pixels(lines[-1] + gap + word, size) <= room:
            lines[-1] += gap + word
            continue
        lines += [""] * bool(gap)
        for part in _PARTS.findall(word):
            for piece in [part] if pixels(part, size) <= room else part:
                if lines[-1] and pixels(lines[-1] + piece, size) > room:
                    lines.append("")
                lines[-1] += piece
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1] + " …"]
    return [fit(line, room, size) for line in lines]


_GAP = re.compile(r"\s+(?!\d+\))")
"""Between words, but not in "(line 7)"."""
_PARTS = re.compile(r"[^_.(\[]*[_.(\[]+|[^_.(\[]+")

"""Which pictures of an output a screen reader would pass over in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any


class _Pictures(HTMLParser):
    """The pictures in HTML, and those of them that have words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.silent: list[str] = []
        self.ids: set[str] = set()
        self.named_by: list[tuple[str, str]] = []
        self.feed(html)
        self.silent += [tag for tag, ids in self.named_by if not set(ids.split()) <= self.ids]

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        self.ids.add(found.get("id", ""))
        if tag not in ("img", "svg") or found.get("aria-hidden") == "true":
            return
        self.shown.append(tag)
        words = found.get("alt" if tag == "img" else "aria-label", "")
        if tag == "svg" and found.get("role") == "img" and found.get("aria-labelledby"):
            self.named_by.append((tag, found["aria-labelledby"]))
        elif len(words.split()) < 2 or (tag == "svg" and found.get("role") != "img"):
            self.silent.append(tag)


def silent_pictures(data: Mapping[str, Any]) -> Iterator[str]:
    """What this output, a bundle of MIME types, shows without words for those who cannot see it.

    Of a bundle with HTML, JupyterLab shows that; any other image it shows without words, whatever the metadata say.
    """
    html = _Pictures("".join(data.get("text/html", "")))
    yield from (f"<{tag}> without {'alt' if tag == 'img' else 'role and label'}" for tag in html.silent)
    if not html.shown:
        yield from (f"{kind} without HTML that has its words" for kind in data if kind.startswith("image/"))

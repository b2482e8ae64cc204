"""Words for figures: what a page says of a picture to those who cannot see it.

JupyterLab shows a PNG as an <img> without alternative text, whatever the output's metadata say (4.6, and nbconvert's
template for it, too); HTML it takes as it is. So a figure that has words is shown as HTML, beside the PNG, which stays for
what reads no HTML. Figures without words, other backends and plain scripts do as ever.
"""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .drawn import contents

__all__ = ["describe", "tell", "words_of"]

SIDES: tuple[Literal["left", "center", "right"], ...] = ("left", "center", "right")


def describe(picture: Any, words: str = "") -> None:
    """Give a figure, or another picture that a notebook shows as PNG, an alternative text, which a screen reader reads.

    Without `words`, a figure's text is made from what it holds when it is shown: its titles, axes, lines and bars with
    their figures. Say it yourself where you know better what there is to see. Raises TypeError for another picture
    without words.
    """
    if not words and not isinstance(picture, Figure):
        raise TypeError(f"only a figure of matplotlib can tell by itself what it shows: say it of {picture!r}")
    _description(picture).words = words


def tell(ax: Axes, words: str) -> None:
    """Say in words what these axes show, in the place of what would be made from their lines and bars."""
    _description(ax.figure.figure).of_axes[ax] = words


def words_of(picture: Any) -> str:
    """The alternative text of the picture as it is now."""
    return str(_description(picture))


def _description(picture: Any) -> _Description:
    found = getattr(picture, "_ipython_display_", None)
    if not isinstance(found, _Description):
        found = picture._ipython_display_ = _Description(picture)
    return found


class _Description:
    """What IPython calls to show the picture that it belongs to."""

    def __init__(self, picture: Any) -> None:
        self.picture = picture
        self.words = ""
        self.of_axes: dict[Axes, str] = {}

    def __call__(self) -> None:
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        shell = get_ipython()
        formatter = shell.display_formatter if shell is not None else None
        made = formatter.formatters["image/png"](self.picture) if formatter is not None else None
        if made is None:
            raise NotImplementedError  # by which IPython goes on as if there were no words
        png, size = made if isinstance(made, tuple) else (made, {})
        if isinstance(png, bytes):
            png = b64encode(png).decode()
        words = str(self)
        wide = "".join(f' {side}="{size[side]}"' for side in ("width", "height") if side in size)
        html = f'<img src="data:image/png;base64,{png}" alt="{escape(words)}"{wide} style="max-width:100%;height:auto">'
        bundle = {"text/plain": words, "text/html": html, "image/png": png}
        display(bundle, metadata={"image/png": {**size, "alt": words}}, raw=True)  # type: ignore[no-untyped-call]

    def __str__(self) -> str:
        if self.words or not isinstance(self.picture, Figure):
            return self.words
        parts = [self.picture.get_suptitle(), *map(self._of, self.picture.axes)]
        return " ".join(_ended(part) for part in parts if part) or "figure"

    def _of(self, ax: Axes) -> str:
        title = " ".join(filter(None, (ax.get_title(loc=side) for side in SIDES)))
        words = self.of_axes.get(ax) or "; ".join(contents(ax))
        return " ".join(_ended(part) for part in (title, words) if part)


def _ended(sentence: str) -> str:
    sentence = " ".join(sentence.split())
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."

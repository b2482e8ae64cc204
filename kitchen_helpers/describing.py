"""Words for figures: what a page says of a picture to those who cannot see it.

JupyterLab shows a PNG as an <img> without alternative text, whatever the output's metadata say (4.6, and nbconvert's
template for it, too); HTML it takes as it is. So a figure that has words is shown as HTML, beside the PNG, which stays for
what reads no HTML. Figures without words, other backends and plain scripts do as ever.
"""

from __future__ import annotations

from html import escape
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .drawn import contents

__all__ = ["describe", "tell", "words_of"]

SIDES: tuple[Literal["left", "center", "right"], ...] = ("left", "center", "right")


def describe(figure: Figure, words: str = "") -> None:
    """Give a figure an alternative text: a screen reader reads it where the picture stands.

    Without `words`, the text is made from what the figure holds when it is shown: its titles, axes, lines and bars with
    their figures. Say it yourself where you know better what there is to see.
    """
    _description(figure).words = words


def tell(ax: Axes, words: str) -> None:
    """Say in words what these axes show, in the place of what would be made from their lines and bars."""
    _description(ax.figure.figure).of_axes[ax] = words


def words_of(figure: Figure) -> str:
    """The alternative text of the figure as it is now."""
    return str(_description(figure))


def _description(figure: Figure) -> _Description:
    found = getattr(figure, "_ipython_display_", None)
    if not isinstance(found, _Description):
        found = _Description(figure)
        setattr(figure, "_ipython_display_", found)  # noqa: B010 (IPython's name, which matplotlib does not know)
    return found


class _Description:
    """What IPython calls to show the figure that it belongs to."""

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self.words = ""
        self.of_axes: dict[Axes, str] = {}

    def __call__(self) -> None:
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        shell = get_ipython()
        formatter = shell.display_formatter if shell is not None else None
        made = formatter.formatters["image/png"](self.figure) if formatter is not None else None
        if made is None:
            raise NotImplementedError  # by which IPython goes on as if there were no words
        png, size = made if isinstance(made, tuple) else (made, {})
        words = str(self)
        wide = "".join(f' {side}="{size[side]}"' for side in ("width", "height") if side in size)
        html = f'<img src="data:image/png;base64,{png}" alt="{escape(words)}"{wide} style="max-width:100%;height:auto">'
        bundle = {"text/plain": words, "text/html": html, "image/png": png}
        display(bundle, metadata={"image/png": {**size, "alt": words}}, raw=True)  # type: ignore[no-untyped-call]

    def __str__(self) -> str:
        if self.words:
            return self.words
        above = self.figure.get_suptitle()
        parts = [above, *(self._of(ax) for ax in self.figure.axes)]
        return " ".join(_ended(part) for part in parts if part)

    def _of(self, ax: Axes) -> str:
        title = " ".join(filter(None, (ax.get_title(loc=side) for side in SIDES)))
        words = self.of_axes.get(ax) or "; ".join(contents(ax))
        return " ".join(_ended(part) for part in (title, words) if part)


def _ended(sentence: str) -> str:
    sentence = " ".join(sentence.split())
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."

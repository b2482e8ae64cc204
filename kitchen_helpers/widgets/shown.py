"""What all widgets share: how they are shown with ipywidgets and without, and where the errors of their buttons go."""

from __future__ import annotations

import importlib.util
import traceback
from collections.abc import Callable
from html import escape
from typing import Any

INSTALL = "The buttons need ipywidgets: pip install ipywidgets, then start the notebook again."
# What JupyterLab's theme says, and what to take where there is none.
INK = "var(--jp-content-font-color0,CanvasText)"
STYLE = (
    "<style>"
    ".kitchen-widget button:focus-visible,.kitchen-widget .noUi-handle:focus-visible"
    "{outline:3px solid #E69F00!important;outline-offset:1px}"
    ".kitchen-widget input:focus-visible{outline:3px solid #E69F00!important;outline-offset:-2px}"
    ".kitchen-widget button:disabled{opacity:.55}"
    # What is too wide scrolls inside the box.
    ".kitchen-widget .widget-html{width:auto;min-width:0;max-width:100%}"
    f".kitchen-widget .widget-html-content{{min-width:0;overflow-x:auto;line-height:1.45;color:{INK}}}"
    "</style>"
)


def has_ipywidgets() -> bool:
    return importlib.util.find_spec("ipywidgets") is not None


class Shown:
    """Something that shows itself with controls where it can, and as text and HTML elsewhere.

    A class that derives from it says what it shows (`__str__`, `_html`) and which controls it has (`_controls`).
    """

    _box: Any = None
    _error: Any = None

    def _html(self) -> str:
        raise NotImplementedError

    def _controls(self) -> tuple[str, list[Any]]:
        """The CSS class of the box, and what is in it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return str(self)

    @property
    def widget(self) -> Any:
        """The box of ipywidgets, made when it is first asked for."""
        if self._box is None:
            if not has_ipywidgets():
                raise ModuleNotFoundError(INSTALL, name="ipywidgets")
            from ipywidgets import HTML, VBox

            self._error = HTML()
            name, inside = self._controls()
            self._box = VBox([HTML(STYLE), *inside, self._error])
            self._box.add_class("kitchen-widget").add_class(name)
        return self._box

    def _in_order(self) -> list[Any]:
        """The buttons that can be disabled, and those beside them, as they stand in the box."""
        return []

    def _keep_focus(self, pressed: Any) -> None:
        """A button that is disabled loses the keyboard's focus: it goes to the nearest one that can be used."""
        order = self._in_order()
        if pressed not in order or not pressed.disabled:
            return
        at = order.index(pressed)
        near = [one for one in sorted(order, key=lambda one: abs(order.index(one) - at)) if not one.disabled]
        if near:
            near[0].focus()

    def _safely(self, work: Callable[..., Any]) -> Callable[..., None]:
        """A callback whose error is shown in the box: Jupyter would put it where nobody looks."""

        def callback(*control: Any) -> None:
            try:
                work()
            except KeyboardInterrupt:
                self._error.value = '<p class="kitchen-stopped">Stopped.</p>'
            except Exception as error:
                lines = "".join(traceback.format_exception(error))
                self._error.value = (
                    f'<div class="kitchen-error" role="alert"><b>{escape(type(error).__name__)}: {escape(str(error))}</b>'
                    f"<details><summary>where</summary><pre>{escape(lines)}</pre></details></div>"
                )
            else:
                self._error.value = ""
            for pressed in control:
                self._keep_focus(pressed)

        return callback

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        bundle = {"text/plain": str(self), "text/html": self._html()}
        if not has_ipywidgets():
            bundle["text/plain"] += f"\n{INSTALL}"
            bundle["text/html"] += f"<p>{escape(INSTALL)}</p>"
            return bundle
        view: dict[str, Any] = self.widget._repr_mimebundle_() or {}
        return {**view, **bundle}


def said(text: str) -> str:
    """A sentence about what has just happened; screen readers read it out."""
    return f'<p class="kitchen-said" role="status" style="margin:4px 0;font-weight:600">{text}</p>'


def button(text: str, tooltip: str, work: Callable[..., None]) -> Any:
    from ipywidgets import Button, Layout

    made = Button(description=text, tooltip=tooltip, layout=Layout(width="auto"))
    made.on_click(work)
    return made

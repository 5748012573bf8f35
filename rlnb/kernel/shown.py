"""What is displayed under a cell: a live widget, and after it a static output for the day when no kernel is there.

A saved notebook keeps both outputs. With a kernel the widget's own view hides the static one; without a kernel there
is no view, so nothing hides it. The two find each other by a token: the static output is a `<div>` of the class
`rlnb-static-<token>`, and the view puts a `<style>` of `hiding(token)` into its own element, so that the style goes
when the view goes. It reaches the view in the widget's trait `static_style`, where the widget has one.
"""

from __future__ import annotations

import base64
import html
import uuid
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

VIEW = "application/vnd.jupyter.widget-view+json"

# The element around one output: JupyterLab and Notebook 7, VS Code, Colab. The marker itself where there is none.
OUTPUTS = (".jp-OutputArea-child", ".output_container > .output", ".output_subarea")

# Where the kernel is gone, a trusted Lab says "model not found" in place of the view: a line without any element in it.
# This style, in the static output itself, takes that line away. (Where nothing is trusted, Lab drops the style, and
# the view with it.)
NO_VIEW = (
    ".jp-OutputArea-child:has(> .jp-OutputArea-output:not([data-mime-type])):not(:has(> .jp-OutputArea-output > *))"
    ":has(+ .jp-OutputArea-child .rlnb-static) { display: none; }"
)

_tokens: WeakKeyDictionary[Any, str] = WeakKeyDictionary()  # one a widget: shown twice, it hides both pictures


def hiding(token: str) -> str:
    """The style sheet that hides the static output of this token while it is in the page."""
    marker = f".rlnb-static-{token}"
    return ", ".join([*(f"{around}:has({marker})" for around in OUTPUTS), marker]) + " { display: none !important; }"


class Shown:
    """A displayed widget and its static output. A null one (`Shown.nothing()`) shows nothing and never fails."""

    def __init__(self, publisher: Any, widget: Any, static: Mapping[str, Any]) -> None:
        self._publisher = publisher
        self.widget = widget
        self.token = "" if widget is None else _tokens.setdefault(widget, uuid.uuid4().hex[:12])
        self._display_id = uuid.uuid4().hex
        self._static = static
        self.parent = ""  # the id of the message (the cell's) under which it stands

    @classmethod
    def nothing(cls) -> Shown:
        """Where nothing can be displayed."""
        return cls(None, None, {})

    @property
    def is_null(self) -> bool:
        return self._publisher is None

    def publish(self) -> None:
        """Display both outputs under the present cell."""
        if self._publisher is None:
            return
        self.parent = parent_id(self._publisher)
        style = getattr(self.widget, "static_style", None)
        if style == "":
            self.widget.static_style = hiding(self.token)
        data, metadata = view_of(self.widget)
        self._publisher.publish(data=data, metadata=metadata)
        self._publish_static(update=False)

    def update_static(self, static: Mapping[str, Any]) -> None:
        """Replace the static output (`image/png` as bytes, `text/html` without style sheets, `text/plain`)."""
        self._static = static
        if self._publisher is not None:
            self._publish_static(update=True)

    def close(self) -> None:
        """The live view goes; the static output stays and is seen from here on."""
        if self._publisher is not None:
            close = getattr(self.widget, "close", None)
            if close is not None:
                close()
            self._publisher = None

    def _publish_static(self, update: bool) -> None:
        self._publisher.publish(
            data=static_bundle(self._static, self.token),
            metadata={},
            transient={"display_id": self._display_id},
            update=update,
        )


def view_of(widget: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The mime bundle of a widget's view, and its metadata; the same with ipywidgets 7 and 8."""
    made = widget._repr_mimebundle_() if hasattr(widget, "_repr_mimebundle_") else None
    data, metadata = made if isinstance(made, tuple) else (made or {}, {})
    view = data.get(VIEW) or {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    # No text beside it: where widgets are not known the static output speaks.
    return {VIEW: view, "text/plain": ""}, dict(metadata or {})


def static_bundle(static: Mapping[str, Any], token: str) -> dict[str, Any]:
    """One HTML output (and its text) from picture, tables and text.

    The picture goes into the HTML as a data URL, once: Lab shows that in notebooks it does not trust, too.
    """
    text = str(static.get("text/plain", ""))
    png = static.get("image/png")
    body = str(static.get("text/html", ""))
    if png is not None and "<img" not in body:
        encoded = png if isinstance(png, str) else base64.b64encode(png).decode()
        picture = f'<img src="data:image/png;base64,{encoded}" alt="{html.escape(text, quote=True)}">'
        body = picture + body
    elif not body:
        body = f"<pre>{html.escape(text)}</pre>" if text else ""
    page = f'<div class="rlnb-static rlnb-static-{token}"><style>{NO_VIEW}</style>{body}</div>'
    return {"text/html": page, "text/plain": text}


def parent_id(publisher: Any) -> str:
    """The id of the message that outputs are filed under at this moment."""
    header = getattr(publisher, "parent_header", None)
    return str(header.get("msg_id", "")) if isinstance(header, Mapping) else ""

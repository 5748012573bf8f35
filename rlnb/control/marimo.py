"""marimo shows what an object's `_display_` gives; there a widget is one of `mo.ui`."""

from __future__ import annotations

from typing import Any


def in_marimo(widget: Any) -> Any:
    """The widget as marimo takes it. Only marimo calls for this, so it is there."""
    import marimo  # type: ignore[import-not-found]

    return marimo.ui.anywidget(widget)

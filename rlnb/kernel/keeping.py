"""Keeps a view under its cell although the cell clears its output.

Course notebooks call `display.clear_output(wait=True)` each episode and draw anew, which deletes every output of the
cell, ours included. While a session runs, a clear is followed at once by our two outputs: the same model, so nothing
is lost. Clears that come faster than `EVERY` are merged, since each makes the page build a view.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from rlnb.kernel.shown import Shown, parent_id

EVERY = 0.25  # seconds between two clears that reach the page
_MISSING: Any = object()


class Keeper:
    """Wraps `clear_output` of one display publisher, on the instance, while there is something to keep."""

    def __init__(self, publisher: Any, elapsed: Callable[[], float] = time.perf_counter) -> None:
        self._publisher = publisher
        self._elapsed = elapsed
        self._kept: list[Shown] = []
        self._before: Any = _MISSING
        self._clear: Callable[..., Any] | None = None  # the publisher's own
        self._ours: Any = None
        self._cleared = -EVERY

    def keep(self, shown: Shown) -> Callable[[], None]:
        """Keep this view until the returned undoing is called."""
        if shown.is_null:
            return lambda: None
        self._kept.append(shown)
        self._wrap()
        return lambda: self._let_go(shown)

    def close(self) -> None:
        """Keep nothing any more; the publisher has its own `clear_output` back."""
        self._kept.clear()
        self._unwrap()

    def _clear_output(self, wait: bool = False) -> Any:
        assert self._clear is not None
        here = parent_id(self._publisher)
        kept = [shown for shown in self._kept if shown.parent == here and not shown.is_null]
        if not kept or goes_to_an_output_widget(here):
            return self._clear(wait)
        now = self._elapsed()
        if now - self._cleared < EVERY:
            return None  # merged with the clear that comes next
        self._cleared = now
        # What follows at once is our view, so there is no moment at which the cell stands empty.
        self._clear(True)
        for shown in kept:
            shown.publish()
        return None

    def _wrap(self) -> None:
        if self._ours is None:
            self._before = vars(self._publisher).get("clear_output", _MISSING)
            self._clear = self._publisher.clear_output
            self._ours = self._clear_output
            self._publisher.clear_output = self._ours

    def _unwrap(self) -> None:
        if self._ours is None or vars(self._publisher).get("clear_output") is not self._ours:
            return  # wrapped again by somebody else: with nothing kept, ours passes everything through
        if self._before is _MISSING:
            del self._publisher.clear_output
        else:
            self._publisher.clear_output = self._before
        self._ours = None

    def _let_go(self, shown: Shown) -> None:
        if shown in self._kept:
            self._kept.remove(shown)
        if not self._kept:
            self._unwrap()


def goes_to_an_output_widget(here: str) -> bool:
    """Whether the present outputs go into an `ipywidgets.Output`: then a clear means that one, not the cell."""
    widgets = sys.modules.get("ipywidgets")
    if widgets is None or not here:
        return False
    try:
        from ipywidgets.widgets import widget as module

        known = getattr(module, "_instances", None)
        if known is None:
            known = widgets.Widget.widgets
        return any(isinstance(one, widgets.Output) and one.msg_id == here for one in list(known.values()))
    except (AttributeError, ImportError, RuntimeError):
        return False

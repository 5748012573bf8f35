"""Which of our widgets stand under which cell.

A cell that is run again has its outputs taken away by the page, and the kernel is not told: the widgets would stay,
with their comms and all that they hold, once a run. So each cell that begins closes what stood under it before.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from rlnb.kernel.shown import Shown


class Standing:
    """Displayed widgets by the front end's id of their cell; where it names none, nothing is remembered."""

    def __init__(self) -> None:
        self._under: dict[str, list[Shown]] = {}
        self._kept: WeakSet[Any] = WeakSet()

    def add(self, cell_id: str | None, shown: Shown) -> None:
        """A widget was displayed under this cell."""
        if cell_id:
            self._under.setdefault(cell_id, []).append(shown)
        elif not shown.is_null:
            self.keep(shown.widget)

    def keep(self, widget: Any) -> None:
        """A person has this widget in hand, who may display it anywhere: it is never closed here."""
        self._kept.add(widget)

    def leave(self, cell_id: str | None) -> None:
        """This cell begins anew: close what stood under it and under no other."""
        gone = self._under.pop(cell_id or "", [])
        elsewhere = {id(shown.widget) for others in self._under.values() for shown in others}
        for shown in gone:
            if not shown.is_null and id(shown.widget) not in elsewhere and shown.widget not in self._kept:
                shown.close()

    def clear(self) -> None:
        """Remember nothing."""
        self._under.clear()
        self._kept.clear()

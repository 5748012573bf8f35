"""The curves of one session: every row by panel, series and group, for the view, for a zoom and for a picture."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlnb.control.smoothing import trailing_mean
from rlnb.widgets.columns import ROW, Columns

if TYPE_CHECKING:
    from rlnb.widgets.live_view import LiveView

MOST_PANELS = 50
MEMORY = 16 * 2**20  # bytes of rows that a session keeps for its charts
LEAST_ROWS = 5_000
WINDOW = 20  # rows of the trailing mean in the static picture
PICTURE_POINTS = 2000

#: The panels that come first, as on the page (js/src/live_view/charts.ts).
ORDER = ("return", "length", "mean reward", "mean q", "summed reward", "duration")

Key = tuple[str, str, int]  # panel, series, group


class Curves:
    """All series of a session. `extend` says False for a panel too many."""

    def __init__(self) -> None:
        self._columns: dict[Key, Columns] = {}
        self._sent: dict[Key, int] = {}
        self._panels: set[str] = set()
        self._lock = threading.Lock()  # rows come from the loop, questions from wherever messages are read

    def extend(self, panel: str, series: str, group: int, chunk: Mapping[str, Any]) -> bool:
        """Add rows; see `Columns.extend`. `kind` is "points" or "line"."""
        key = (panel, series, group)
        with self._lock:
            columns = self._columns.get(key)
            if columns is None:
                if panel not in self._panels and len(self._panels) >= MOST_PANELS:
                    return False
                self._panels.add(panel)
                columns = self._columns[key] = Columns()
                most = max(LEAST_ROWS, MEMORY // ROW // len(self._columns))
                for one in self._columns.values():
                    one.most = most
            columns.kind = str(chunk["kind"])
            columns.extend(chunk)
        return True

    def place(self, training: int, beside: Callable[..., NDArray[np.float64]]) -> None:
        """Put every episode where it belongs on the axis of steps, now that another group is known to train."""
        with self._lock:
            groups = {key[2]: columns for key, columns in self._columns.items() if key[0] == "return"}
            trains = groups.get(training)
            for key, columns in self._columns.items():
                if columns.kind != "points" or trains is None:
                    continue
                own = columns["own"]
                ends = (own, columns["time"], trains["own"], trains["time"])
                columns["step"][:] = own if key[2] == training else beside(*ends)
            self._sent.clear()

    def push(self, view: LiveView) -> None:
        """Give the view what it has not had."""
        new: list[tuple[Key, str, dict[str, Any]]] = []
        with self._lock:
            for key, columns in self._columns.items():
                sent = self._sent.get(key, 0)
                if columns.total > sent:
                    new.append((key, columns.kind, _shown(columns.since(sent))))
                    self._sent[key] = columns.total
        for key, kind, rows in new:
            view.extend(*key, **rows, kind=kind)  # type: ignore[arg-type]

    def anew(self) -> None:
        """The next `push` is to a view that has had nothing."""
        self._sent.clear()

    def window(
        self, axis: str, low: float, high: float, most: int
    ) -> list[tuple[Key, str, dict[str, NDArray[Any]], int]]:
        """Rows of every series between two values of an axis."""
        with self._lock:
            found = [(key, columns, *columns.window(axis, low, high, most)) for key, columns in self._columns.items()]
        return [(key, columns.kind, _shown(rows), count) for key, columns, rows, count in found]

    def panels(self, groups: Sequence[str] = ()) -> list[dict[str, Any]]:
        """The charts as `curves_png` draws them, in the order of the page; `groups` are their names."""
        from rlnb.widgets.palette import colours

        with self._lock:
            return self._panels_now(colours, groups)

    def _panels_now(self, colours: Any, groups: Sequence[str]) -> list[dict[str, Any]]:
        panels = []
        steps = any(columns["step"][-1] for columns in self._columns.values() if len(columns))
        axis, words = ("step", "environment step") if steps else ("time", "seconds")  # who only logs takes no steps
        for panel in sorted(dict.fromkeys(name for name, _, _ in self._columns), key=rank):
            series = []
            keys = [key for key in self._columns if key[0] == panel]
            for key, colour in zip(keys, colours(len(keys)), strict=True):
                columns, label = self._columns[key], _label(key, keys, groups)
                x, y = columns[axis], columns["value"]
                line = trailing_mean(y, WINDOW) if columns.kind == "points" else y
                thin = slice(None, None, max(1, len(x) // PICTURE_POINTS))
                if columns.kind == "points":
                    series.append({"label": "", "color": colour, "x": x[thin], "y": y[thin], "kind": "points"})
                series.append({"label": label, "color": colour, "x": x[thin], "y": line[thin], "kind": "line"})
            panels.append({"title": panel, "xlabel": words, "series": series})
        return panels


def rank(panel: str) -> int:
    """Where a panel stands: those of `ORDER` first, the others as they came."""
    name = re.sub(r"[_\-/]", " ", panel.lower())
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _label(key: Key, keys: Sequence[Key], groups: Sequence[str]) -> str:
    """What tells a curve from the others in its panel; nothing where it is alone there, as the panel has its name."""
    if len(keys) == 1:
        return ""
    group = groups[key[2]] if key[2] < len(groups) else f"group {key[2]}"
    if len({series for _, series, _ in keys}) == 1:
        return group
    return key[1] if len({number for *_, number in keys}) == 1 else f"{key[1]} · {group}"


def _shown(rows: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The columns that the view knows."""
    return {name: column for name, column in rows.items() if name != "own"}

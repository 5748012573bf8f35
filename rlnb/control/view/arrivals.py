"""The episodes of a running session on their way to the chart, numbered by their end."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = dict[str, NDArray[Any]]
MANY = 4096  # rows that wait, where nobody looks


class Arrivals:
    """Each lane hands in its own episodes, flush by flush; taken together they are in the order of their end, which is
    that of `s.episodes`: the number that a chart shows is the one that `s.replay` takes."""

    def __init__(self) -> None:
        self._waiting: list[Rows] = []
        self._lock = threading.Lock()  # the loop hands in, a page may ask

    def add(self, **columns: Any) -> bool:
        """Columns of shape (n,) or scalars; `time`, the end, has shape (n,). True where many wait."""
        shape = columns["time"].shape
        with self._lock:
            self._waiting.append({name: np.broadcast_to(column, shape) for name, column in columns.items()})
            return sum(len(rows["time"]) for rows in self._waiting) >= MANY

    def take(self) -> Rows:
        """What has come since the last time, by its end; episodes that ended at once stay as they came."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if not waiting:
            return {}
        joined = {name: np.concatenate([rows[name] for rows in waiting]) for name in waiting[0]}
        order = np.argsort(joined["time"], kind="stable")
        return {name: column[order] for name, column in joined.items()}

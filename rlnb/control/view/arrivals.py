"""What a running session brings to the chart: episodes, numbered by their end, and the numbers logged among them."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.events import MetricsLogged

Rows = dict[str, NDArray[Any]]
MANY = 4096  # rows that wait, where nobody looks


class Arrivals:
    """Each lane hands in its own episodes, flush by flush; taken together they are in the order of their end, which is
    that of `s.episodes`: the number that a chart shows is the one that `s.replay` takes."""

    def __init__(self) -> None:
        self._waiting: list[Rows] = []
        self._logged: list[MetricsLogged] = []
        self._n = 0
        self._lock = threading.Lock()  # the loop hands in, a page may ask

    def add(self, **columns: Any) -> bool:
        """Columns of shape (n,) or scalars; `time`, the end, has shape (n,). True where many wait."""
        shape = columns["time"].shape
        with self._lock:
            self._waiting.append({name: np.broadcast_to(column, shape) for name, column in columns.items()})
            self._n += shape[0]
            return self._n >= MANY

    def log(self, event: MetricsLogged) -> bool:
        """Numbers that were logged. True where many wait."""
        with self._lock:
            self._logged.append(event)
            self._n += sum(map(len, event.values.values()))
            return self._n >= MANY

    def take(self) -> tuple[Rows, list[MetricsLogged]]:
        """What has come since the last time. Episodes by their end; those that ended at once stay as they came."""
        with self._lock:
            waiting, logged = self._waiting, self._logged
            self._waiting, self._logged, self._n = [], [], 0
        if not waiting:
            return {}, logged
        joined = {name: np.concatenate([rows[name] for rows in waiting]) for name in waiting[0]}
        order = np.argsort(joined["time"], kind="stable")
        return {name: column[order] for name, column in joined.items()}, logged

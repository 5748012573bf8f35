"""The rows of one series, all of them while they fit in memory, so that a chart that is zoomed in can ask for them.

Beyond `most` rows the older half is thinned: of every eight rows the first, lowest, highest and last stay (M4: Jugel et
al., 2014), so no extreme is lost and memory stays bounded however long a session runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

TYPES = {"episode": "f8", "step": "f8", "time": "f4", "value": "f8", "cut": "?", "lane": "i4", "own": "f8"}
ROW = sum(np.dtype(kind).itemsize for kind in TYPES.values())  # bytes
SPAN = 8  # rows that are thinned to at most four


def first_low_high_last(value: NDArray[Any], buckets: int) -> NDArray[np.int64]:
    """Row numbers, ascending, of the first, lowest, highest and last of each of `buckets` runs of equal length.

    `value` has the shape (n,), n >= buckets; NaN is never an extreme. At most `4 * buckets` numbers.
    """
    n = len(value)
    edges = np.linspace(0, n, buckets + 1).astype(np.int64)
    first, last = edges[:-1], edges[1:] - 1
    length = int(np.max(last - first)) + 1
    at = np.minimum(first[:, None] + np.arange(length), last[:, None])  # shape (buckets, length)
    block = value[at]
    low = at[np.arange(buckets), np.argmin(np.where(np.isnan(block), np.inf, block), axis=1)]
    high = at[np.arange(buckets), np.argmax(np.where(np.isnan(block), -np.inf, block), axis=1)]
    return np.unique(np.concatenate((first, low, high, last)))


class Columns:
    """Columns that grow. `total` counts every row ever added, `len()` those that are kept."""

    def __init__(self, most: int = 1_000_000) -> None:
        self.most = most
        self.total = 0
        self.kind = "points"
        self._n = 0
        self._room = {name: np.zeros(256, kind) for name, kind in TYPES.items()}

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, name: str) -> NDArray[Any]:
        """A column, shape (n,): a view, good until rows are added."""
        return self._room[name][: self._n]

    def extend(self, chunk: Mapping[str, ArrayLike]) -> None:
        """Add rows; a column that is missing (`cut`, `lane`, `own`: the steps of the row's own group) is zero."""
        count = len(np.asarray(chunk["value"]))
        need = self._n + count
        for name, room in self._room.items():
            if need > len(room):
                larger = np.zeros(max(need, 2 * len(room)), room.dtype)
                larger[: self._n] = room[: self._n]
                self._room[name] = room = larger
            room[self._n : need] = chunk.get(name, 0)
        self._n = need
        self.total += count
        while self._n > self.most:
            self._thin()

    def since(self, total: int) -> dict[str, NDArray[Any]]:
        """The rows that came after the first `total`, as far as they are kept."""
        begin = max(0, self._n - (self.total - total))
        return {name: self[name][begin:].copy() for name in TYPES}

    def window(self, axis: str, low: float, high: float, most: int) -> tuple[dict[str, NDArray[Any]], int]:
        """The rows with `low <= axis <= high`, at most about `most` of them (first, lowest, highest and last of runs),
        and how many there are."""
        at = self[axis]
        inside = np.flatnonzero((at >= low) & (at <= high))
        count = len(inside)
        if count > most:
            inside = inside[first_low_high_last(self["value"][inside], max(1, most // 4))]
        return {name: self[name][inside] for name in TYPES}, count

    def _thin(self) -> None:
        half = self._n // 2
        kept = first_low_high_last(self["value"][:half], max(1, half // SPAN))
        for room in self._room.values():
            old, new = room[kept], room[half : self._n].copy()
            room[: len(kept)], room[len(kept) : len(kept) + len(new)] = old, new
        self._n += len(kept) - half

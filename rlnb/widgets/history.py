"""The whole course of a series in bounded memory: at most 2,000 points, no extreme lost.

Up to the limit every row is kept. Beyond it, rows are put into buckets of equal count, and each bucket keeps its first,
lowest, highest and last row (M4: Jugel et al., 2014, "M4: A Visualization-Oriented Time Series Data Aggregation") and,
so that a smoothed line stays true, the mean of all its rows. When the buckets become too many, neighbours are joined.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LIMIT = 2000  # rows
BUCKETS = LIMIT // 4
COLUMNS = ("episode", "step", "time", "value", "cut", "lane")

Rows = NDArray[np.float64]  # shape (n, 6): COLUMNS


@dataclass(frozen=True)
class Means:
    """Bucket by bucket: how many finite values, and the means. Shapes (b,) and (b, 4): episode, step, time, value."""

    count: NDArray[np.int64]
    mean: NDArray[np.float64]


def m4(bucket: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of each bucket's first, lowest, highest and last row, in order. `bucket` ascends."""
    n = len(bucket)
    if n == 0:
        return np.zeros(0, np.int64)
    edge = np.flatnonzero(np.diff(bucket)) + 1
    first = np.concatenate(([0], edge))
    last = np.concatenate((edge, [n])) - 1
    size = last - first + 1
    below, above = np.where(np.isnan(value), np.inf, value), np.where(np.isnan(value), -np.inf, value)
    lowest = np.flatnonzero(below == np.repeat(np.minimum.reduceat(below, first), size))
    highest = np.flatnonzero(above == np.repeat(np.maximum.reduceat(above, first), size))
    kept = np.zeros(n, bool)
    kept[first] = kept[last] = True
    kept[lowest[np.searchsorted(lowest, first)]] = True
    kept[highest[np.searchsorted(highest, last, side="right") - 1]] = True
    return np.flatnonzero(kept)


class History:
    """One series, thinned as it grows."""

    def __init__(self) -> None:
        self.total = 0  # rows ever added
        self._rows: Rows = np.zeros((0, len(COLUMNS)))
        self._new: list[Rows] = []  # rows that came since; they are put into their buckets many at a time
        self._waiting = 0
        self._bucket = np.zeros(0, np.int64)
        self._span = 0  # rows a bucket; 0 while every row is kept
        self._sums = np.zeros((0, 5))  # a bucket: count, and sums of episode, step, time, value

    def extend(self, rows: Rows) -> None:
        """Add rows, shape (n, 6), in the order of their happening."""
        self.total += len(rows)
        self._new.append(rows)
        self._waiting += len(rows)
        if self._waiting >= LIMIT:
            self._fold()

    @property
    def rows(self) -> Rows:
        """What is kept, shape (at most `LIMIT`, 6)."""
        self._fold()
        return self._rows

    def _fold(self) -> None:
        if not self._new:
            return
        rows = np.concatenate(self._new)
        number = np.arange(self.total - len(rows), self.total)
        self._new, self._waiting = [], 0
        if self._span == 0:
            self._rows = np.concatenate((self._rows, rows))
            if self.total <= LIMIT:
                return
            rows, number, self._rows = self._rows, np.arange(self.total), self._rows[:0]
            self._span = 4
        while self.total > self._span * BUCKETS:
            self._halve()
        bucket = number // self._span
        self._add_sums(bucket, rows)
        self._keep(np.concatenate((self._bucket, bucket)), np.concatenate((self._rows, rows)))

    def means(self) -> Means | None:
        """What a smoothed line is made of, or None while `rows` has every row."""
        self._fold()
        if self._span == 0:
            return None
        some = self._sums[self._sums[:, 0] > 0]
        return Means(some[:, 0].astype(np.int64), some[:, 1:] / some[:, :1])

    def thinner(self, most: int) -> History:
        """This, or a copy in which more neighbours are joined: about `most` rows."""
        if len(self.rows) <= most:
            return self
        copy = History()
        copy.total, copy._rows, copy._bucket, copy._span, copy._sums = (
            self.total, self.rows, self._bucket, self._span, self._sums,
        )  # fmt: skip
        if not copy._span:
            copy._bucket, copy._span = np.arange(len(copy.rows)) // 4, 4
            copy._add_sums(copy._bucket, copy.rows)
        while len(copy.rows) > most and len(copy._sums) > 1:
            copy._halve()
        return copy

    def _keep(self, ids: NDArray[np.int64], rows: Rows) -> None:
        kept = m4(ids, rows[:, 3])
        self._bucket, self._rows = ids[kept], rows[kept]

    def _add_sums(self, bucket: NDArray[np.int64], rows: Rows) -> None:
        if len(bucket) == 0:
            return
        size = int(bucket[-1]) + 1
        if size > len(self._sums):
            self._sums = np.concatenate((self._sums, np.zeros((size - len(self._sums), 5))))
        fine = np.isfinite(rows[:, 3])
        low = int(bucket[0])
        bucket, rows = bucket[fine] - low, rows[fine]
        sums = self._sums[low:size]
        sums[:, 0] += np.bincount(bucket, minlength=len(sums))
        for k in range(4):
            sums[:, k + 1] += np.bincount(bucket, rows[:, k], len(sums))

    def _halve(self) -> None:
        self._span *= 2
        sums = self._sums if len(self._sums) % 2 == 0 else np.concatenate((self._sums, np.zeros((1, 5))))
        self._sums = sums[0::2] + sums[1::2]
        self._keep(self._bucket // 2, self._rows)

"""The returns of episodes on many lanes: the same to the last bit as adding reward after reward."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Returns:
    """`open[lane]` is the sum of rewards of the episode that a lane is in."""

    def __init__(self, lanes: int) -> None:
        self.open = np.zeros(lanes)

    def forget(self, lanes: NDArray[np.int64]) -> None:
        """New episodes begin there."""
        self.open[lanes] = 0.0

    def ended(
        self,
        rewards: NDArray[np.generic],
        skip: NDArray[np.bool_],
        skipped: NDArray[np.int64],
        done: NDArray[np.bool_],
        lane: NDArray[np.int64],
        row: NDArray[np.int64],
        begin: NDArray[np.int64],
        first: NDArray[np.bool_],
    ) -> tuple[NDArray[np.float64], NDArray[np.generic]]:
        """The returns of the episodes that ended at (lane, row), which are sorted so; `begin` is the row of their first
        step, negative if it lies before; `skipped` are the rows of no episode of each lane. Also the rewards: as one
        number seen often where all that count are equal.

        Sums of whole numbers are exact in any order, so most environments need no loop over the rows.
        """
        n, lanes = rewards.shape
        with np.errstate(all="ignore"):
            counting = int(np.argmin(skip[0]))
            one = rewards[0, counting]
            if skipped.any():
                np.copyto(rewards, one, where=skip)  # of no episode
            before = np.where(first, self.open[lane], 0.0)
            if rewards.min() == rewards.max() and float(one).is_integer():
                value = float(one)
                totals = before + value * (row + 1 - np.maximum(begin, 0))
                self._carry(lane, first, value * np.maximum(n - self._next(lane, row, first, skip), 0))
                self._add_rest(lane, value * (n - skipped))
                return totals, np.broadcast_to(one, rewards.shape)
            values = rewards.astype(np.float64)
            values[skip] = 0.0
            if (np.rint(values) == values).all() and float(np.abs(values).sum()) + float(
                np.abs(self.open).max()
            ) < 2**53:
                sums = np.concatenate((np.zeros((1, lanes)), np.cumsum(values, axis=0)))
                totals = before + sums[row + 1, lane] - sums[np.maximum(begin, 0), lane]
                self._carry(lane, first, sums[n, lane] - sums[row + 1, lane])
                self._add_rest(lane, sums[n])
                return totals, rewards
            at_end = np.empty_like(values)
            for k in range(n):
                self.open += values[k]
                over = done[k]
                at_end[k][over] = self.open[over]
                self.open[over] = 0.0
            return at_end[row, lane], rewards

    def _next(
        self, lane: NDArray[np.int64], row: NDArray[np.int64], first: NDArray[np.bool_], skip: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """The row after an end that counts again."""
        n = len(skip)
        after = np.minimum(row + 1, n - 1)
        return row + 1 + skip[after, lane]

    def _carry(self, lane: NDArray[np.int64], first: NDArray[np.bool_], rest: NDArray[np.float64]) -> None:
        """Lanes with an end: what came after their last one."""
        if len(lane):
            last = np.ones(len(lane), np.bool_)
            last[:-1] = first[1:]
            self.open[lane[last]] = rest[last]

    def _add_rest(self, lane: NDArray[np.int64], sums: NDArray[np.float64]) -> None:
        """Lanes without an end: all rows."""
        without = np.ones(len(self.open), np.bool_)
        without[lane] = False
        self.open[without] += sums[without]

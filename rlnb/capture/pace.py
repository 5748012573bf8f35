"""How far the lanes of a group had come together at each moment of a flush."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.capture.recorder import Taken


class Pace:
    """Which step of the group an episode ended at, counted from the beginning of the flush.

    Nobody counts the group's steps while they are taken: that would cost every step something. It is known when each
    episode began and ended, and between two such moments a lane is taken to step evenly. So the count is exact where
    lanes are played one after the other, an episode at a time, and the nearest there is where they step together.
    """

    def __init__(self, takes: Sequence[Taken]) -> None:
        self._alone = len(takes) == 1
        if self._alone:
            return
        curves = [_curve(taken) for taken in takes]
        self._times = np.unique(np.concatenate([times for times, _ in curves]))
        self._steps = np.sum([np.interp(self._times, *curve) for curve in curves], axis=0)

    def at(self, rows: Any, times: Any) -> NDArray[np.int64]:
        """The group's steps at `times` (Unix seconds), when one of its lanes had taken `rows` of this flush."""
        if self._alone:
            return np.asarray(rows, np.int64)
        steps: NDArray[np.int64] = np.rint(np.interp(times, self._times, self._steps)).astype(np.int64)
        return steps


def _curve(taken: Taken) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Moments, never going back, and the rows that the lane had taken by then."""
    marks: list[tuple[float, int]] = [(taken.since, 0)]
    if taken.before is not None and taken.before.end is not None:
        marks.append((taken.before.ended, taken.before.end - taken.base))
    for begin, end, started, ended, *_ in taken.over:
        marks += (started, begin - taken.base), (ended, end - taken.base)
    if taken.after is not None:
        marks.append((taken.after.started, taken.after.begin - taken.base))
    marks.append((taken.until, len(taken.rows)))
    times, rows = np.array(marks, np.float64).T
    return np.maximum.accumulate(times), rows

"""How far the lanes of a group had come together at each moment of a flush."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.capture.recorder import Taken

Floats = NDArray[np.float64]


class Pace:
    """Which step of the group an episode ended at, counted from the beginning of the flush.

    Nobody counts the group's steps while they are taken: that would cost every step something. Lanes that are stepped
    together have taken the same number of steps at any moment, so that the count is exact but for the round that goes
    on. Else it is known when each episode began and ended, and between two such moments a lane is taken to step evenly:
    exact where lanes are played in turn, an episode at a time.
    """

    def __init__(self, takes: Sequence[Taken]) -> None:
        counts = [len(taken.rows) for taken in takes]
        self._lanes, self._total = len(takes), sum(counts)
        self._together = self._lanes == 1 or (max(counts) - min(counts) <= 1 and _overlap(takes))
        if self._together:
            return
        curves = [_curve(taken) for taken in takes]
        self._times = np.unique(np.concatenate([times for times, _ in curves]))
        self._steps = np.sum([np.interp(self._times, *curve) for curve in curves], axis=0)

    def at(self, rows: Any, times: Any) -> NDArray[np.int64]:
        """The group's steps at `times` (Unix seconds), when one of its lanes had taken `rows` of this flush."""
        if self._together:
            return np.minimum(np.asarray(rows, np.int64) * self._lanes, self._total)
        steps: NDArray[np.int64] = np.rint(np.interp(times, self._times, self._steps)).astype(np.int64)
        return steps


def _overlap(takes: Sequence[Taken]) -> bool:
    """Whether an episode of one lane began before one of another lane was over."""
    spans = [_spans(taken) for taken in takes]
    begun, over = (np.concatenate(ends) for ends in zip(*spans, strict=True))
    order = np.argsort(begun, kind="stable")
    return bool((begun[order][1:] < np.maximum.accumulate(over[order])[:-1]).any())


def _spans(taken: Taken) -> tuple[Floats, Floats]:
    """When the lane's episodes began and ended, as far as this flush knows."""
    begun: list[Any] = []
    over: list[Any] = []
    if (before := taken.before) is not None:
        begun.append(taken.since)
        over.append(taken.until if before.end is None else before.ended)
    if taken.after is not None:
        begun.append(taken.after.started)
        over.append(taken.until)
    if taken.over is not None:
        begun.extend(taken.over.started)
        over.extend(taken.over.ended)
    return np.array(begun, np.float64), np.array(over, np.float64)


def _curve(taken: Taken) -> tuple[Floats, Floats]:
    """Moments, never going back, and the rows that the lane had taken by then."""
    times, rows = [np.array([taken.since])], [np.zeros(1)]
    if taken.before is not None and taken.before.end is not None:
        times.append(np.array([taken.before.ended]))
        rows.append(np.array([taken.before.end - taken.base], np.float64))
    if (whole := taken.over) is not None:
        times.append(np.column_stack((whole.started, whole.ended)).ravel())
        rows.append(np.column_stack((whole.begin, whole.end)).ravel().astype(np.float64))
    if taken.after is not None:
        times.append(np.array([taken.after.started]))
        rows.append(np.array([taken.after.begin - taken.base], np.float64))
    times.append(np.array([taken.until]))
    rows.append(np.array([len(taken.rows)], np.float64))
    return np.maximum.accumulate(np.concatenate(times)), np.concatenate(rows)

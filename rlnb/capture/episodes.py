"""Episodes on their way to events: most begin and end within one flush and are plain tuples, taken by the column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.capture.starts import Start, packed

Begun = Start | bytes  # what is known of a reset: see `starts.packed`


# An episode that is over: (begin, end, started, ended, terminated, truncated, finished, success, start), its rows
# counted over the whole life of its recorder. Success is 1, 0, or -1: the environment did not say.
Ended = tuple[int, int, float, float, bool, bool, bool, int, Begun]


class Episode:
    """One that is open across flushes: what has been published of it so far."""

    end: int | None = None  # None: still open
    ended: float = 0.0
    terminated: bool = False
    truncated: bool = False
    finished: bool = False
    success: int = -1
    length: int = 0  # steps published
    total: float = 0.0  # their rewards' sum
    packed: bytes = b""
    first: int | None = None  # the lane's step index of its first step, in the present session
    announced: bool = False
    kept: bool = True  # False: its steps so far are lost to a session that goes on with it
    rows: tuple[Rows, ...] = ()  # its steps so far, while it is open

    def __init__(self, begin: int, started: float, start: Begun) -> None:
        self.begin = begin
        self.started = started
        self.start = start

    def close(self, over: Ended) -> None:
        """It is over."""
        _, self.end, _, self.ended, self.terminated, self.truncated, self.finished, self.success, _ = over

    def pack(self) -> bytes:
        """The packed start; made once."""
        if not self.packed:
            self.packed = packed(self.start)
        return self.packed


@dataclass(frozen=True, slots=True)
class Rows:
    """Steps as arrays of one length."""

    actions: NDArray[Any]
    rewards: NDArray[np.float64]
    checks: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.rewards)

    def __getitem__(self, rows: slice) -> Rows:
        return Rows(self.actions[rows], self.rewards[rows], self.checks[rows])


def joined(rows: list[Rows]) -> list[Rows]:
    """Neighbours joined, as far as their actions are of one type and shape."""
    rows = [piece for piece in rows if len(piece)]
    runs: list[list[Rows]] = []
    for piece in rows:
        kind = (piece.actions.dtype, piece.actions.shape[1:])
        if runs and (runs[-1][0].actions.dtype, runs[-1][0].actions.shape[1:]) == kind:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return [_join(run) for run in runs]


def _join(run: list[Rows]) -> Rows:
    if len(run) == 1:
        return run[0]
    return Rows(
        np.concatenate([rows.actions for rows in run]),
        np.concatenate([rows.rewards for rows in run]),
        np.concatenate([rows.checks for rows in run]),
    )


class Whole:
    """The episodes that began and ended within one flush, as columns; rows count from the flush's first."""

    def __init__(self, over: list[Ended], base: int, rewards: NDArray[np.float64]) -> None:
        begin, end, started, ended, terminated, truncated, finished, success, starts = zip(*over, strict=True)
        self.begin = np.array(begin, np.int64) - base
        self.end = np.array(end, np.int64) - base
        self.length = self.end - self.begin
        self.total = totals(rewards, self.begin, self.end)
        self.started, self.ended = np.array(started, np.float64), np.array(ended, np.float64)
        self.terminated, self.truncated = np.array(terminated, np.bool_), np.array(truncated, np.bool_)
        self.finished, self.success = np.array(finished, np.bool_), np.array(success, np.int8)
        self.starts = tuple(map(packed, starts))
        self.first = self.step = self.begin  # of the lane, of the group: the publisher knows

    def __len__(self) -> int:
        return len(self.starts)


def totals(rewards: NDArray[np.float64], begin: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.float64]:
    """The sum of rewards of each episode, added from step to step: the same to the last bit as a loop's.

    Sums of whole numbers are exact in any order, and are taken all at once.
    """
    with np.errstate(all="ignore"):
        if len(begin) > 2 and (np.rint(rewards) == rewards).all() and float(np.abs(rewards).sum()) < 2**53:
            sums = np.concatenate(([0.0], np.cumsum(rewards)))
            return sums[end] - sums[begin]
        spans = zip(begin.tolist(), end.tolist(), strict=True)
        return np.array([added(0.0, rewards[i:j]) for i, j in spans], np.float64)


def added(total: float, rewards: NDArray[np.float64]) -> float:
    """`total` and the rewards, added one after the other."""
    with np.errstate(all="ignore"):
        return float(np.add.accumulate(np.concatenate(([total], rewards)))[-1])

"""What a look through the rows of a vector environment finds: steps of all lanes, and episodes that ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of all lanes."""

    tick: int  # of row 0
    actions: NDArray[Any]  # (n, lanes, *shape)
    rewards: NDArray[Any]  # (n, lanes); strides of 0 where all are equal
    ticks: NDArray[np.int64]
    checks: NDArray[np.uint16]
    counts: NDArray[np.int64]  # (n,): lanes that took a step of an episode in each row

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(frozen=True, slots=True)
class Ends:
    """Episodes that ended, in the order of their ends: arrays of one length."""

    lane: NDArray[np.int64]
    begin: NDArray[np.int64]  # tick of the first step
    end: NDArray[np.int64]  # tick of the last step
    returns: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    finished: NDArray[np.bool_]
    started: NDArray[np.float64]
    ended: NDArray[np.float64]
    success: NDArray[np.int8]
    which: NDArray[np.int64]
    rows: NDArray[Any]  # of `Starts.rows`

    def __len__(self) -> int:
        return len(self.lane)

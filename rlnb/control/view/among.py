"""Where numbers that were logged stand on the axis of episodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
KEPT = 4096  # ends that are remembered: numbers may come some time after the episodes among which they were logged
LATELY = 100  # episodes
OPEN = 0.999  # as far as an episode that goes on may reach towards its number


class Among:
    """Places moments among the episodes: the end of episode k is at k, and between two ends time goes evenly.

    Nobody knows when the episode that goes on will end: it is taken to last as long as those before. What is placed
    later never stands before what was placed sooner.
    """

    def __init__(self) -> None:
        self._ends: Floats = np.zeros(0)  # of the last episodes, in seconds
        self._n = 0  # episodes that have ended
        self._reached = 0.0

    def place(self, ends: Floats, moments: list[Floats]) -> list[Floats]:
        """Episodes have ended at `ends` (ascending seconds) since the last call, and at `moments`, of shape (n,) each
        and ascending, something was logged. The places of these."""
        ends = np.concatenate((self._ends, ends))
        self._n += len(ends) - len(self._ends)
        self._ends = ends[-KEPT:]
        if not moments:
            return []
        places = np.maximum(self._place(ends, np.concatenate(moments)), self._reached)
        self._reached = float(places.max(initial=self._reached))
        return np.split(places, np.cumsum([len(at) for at in moments])[:-1])

    def _place(self, ends: Floats, at: Floats) -> Floats:
        if not len(ends):
            return np.zeros(len(at))
        place: Floats = np.interp(at, ends, np.arange(self._n - len(ends), self._n, dtype=np.float64))
        lately = ends[-LATELY - 1 :]
        each = (lately[-1] - lately[0]) / max(len(lately) - 1, 1) or np.inf
        place += np.clip((at - ends[-1]) / each, 0, OPEN)
        return place

"""Where numbers that were logged stand on the axis of episodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
OPEN = 0.999  # as far as an episode that goes on may reach towards its number


class Among:
    """Places moments among the episodes: the end of episode k is at k, and between two ends time goes evenly.

    Nobody knows when the episode that goes on will end: it is taken to last as long as those before. What is placed
    later never stands before what was placed sooner.
    """

    def __init__(self) -> None:
        self._n = 0  # episodes that have ended
        self._end = 0.0  # of the last of them, in seconds
        self._each = np.inf  # seconds from end to end, lately
        self._reached = 0.0

    def place(self, ends: Floats, moments: list[Floats]) -> list[Floats]:
        """Episodes have ended at `ends` (ascending seconds) since the last call, and at `moments`, of shape (n,) each
        and ascending, something was logged. The places of these."""
        n = self._n + len(ends)
        if len(ends):
            begun = self._end if self._n else ends[0]
            known = np.concatenate(([begun], ends)), np.concatenate(([max(self._n - 1, 0)], np.arange(self._n, n)))
            self._each = (ends[-1] - begun) / max(len(ends) - (self._n == 0), 1) or np.inf
            self._end = float(ends[-1])
        else:
            known = np.array([self._end]), np.array([max(n - 1, 0)])
        placed = []
        for at in moments:
            place = np.interp(at, *known)
            if n:
                ahead = np.minimum((at - self._end) / self._each, OPEN)
                place = np.where(at > self._end, n - 1 + ahead, place)
            placed.append(np.maximum(place, self._reached))
        self._n = n
        self._reached = max([self._reached, *(float(place[-1]) for place in placed if len(place))])
        return placed

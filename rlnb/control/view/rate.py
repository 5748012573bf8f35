"""Steps a second, steady enough to read: an algorithm that collects and then learns stands still every few moments."""

from __future__ import annotations

import math

MEMORY = 8.0  # seconds after which an old pace counts for a third
LOOK = 1.0  # seconds between two readings


class Rate:
    """An exponentially smoothed rate. `at` is the time (s) at which the counting began."""

    def __init__(self, at: float) -> None:
        self._at, self._steps, self._weight, self._sum = at, 0, 0.0, 0.0

    def read(self, now: float, steps: int) -> float:
        """Steps a second, `steps` having been taken by `now` (s)."""
        passed = now - self._at
        if passed >= LOOK or not self._weight:
            fade = math.exp(-passed / MEMORY)
            self._sum = fade * self._sum + (steps - self._steps)
            self._weight = fade * self._weight + max(passed, 1e-9)
            self._at, self._steps = now, steps
        return self._sum / self._weight

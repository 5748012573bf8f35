"""One plain sentence about where the returns go."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WINDOW = 100  # episodes of a mean
FEW = 10  # episodes below which nothing is said


class Trend:
    """Takes returns of finished episodes in their order; `words()` says what they amount to so far."""

    def __init__(self) -> None:
        self._recent = np.zeros(0)  # the last 2 * WINDOW returns
        self._best = -np.inf  # highest mean over WINDOW consecutive episodes
        self.count = 0

    def extend(self, returns: NDArray[np.float64]) -> None:
        """Add returns, shape (n,); those that are no number are passed over."""
        new = returns[np.isfinite(returns)]
        if len(new) == 0:
            return
        self.count += len(new)
        joined = np.concatenate((self._recent[-(WINDOW - 1) :], new))
        if len(joined) >= WINDOW:
            total = np.concatenate(([0.0], np.cumsum(joined)))
            self._best = max(self._best, float(np.max(total[WINDOW:] - total[:-WINDOW])) / WINDOW)
        self._recent = np.concatenate((self._recent, new))[-2 * WINDOW :]

    def words(self) -> str:
        """For example: "Best 100-episode mean so far 212, rising." Empty while there are fewer than ten episodes.

        Rising or falling means that the mean of the newer half of the last episodes (at most 200) differs from the
        older half's by more than twice its standard error.
        """
        if self.count < FEW:
            return ""
        half = len(self._recent) // 2
        old, new = self._recent[:half], self._recent[half:]
        change = float(new.mean() - old.mean())
        error = float(np.sqrt(old.var(ddof=1) / len(old) + new.var(ddof=1) / len(new)))
        way = "steady" if abs(change) <= 2 * error else "rising" if change > 0 else "falling"
        if self.count < WINDOW:
            return f"Mean of {self.count} episodes {_short(float(self._recent.mean()))}, {way}."
        return f"Best {WINDOW}-episode mean so far {_short(self._best)}, {way}."


def _short(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}".replace("-", "−")
    return f"{value:.3g}".replace("-", "−")

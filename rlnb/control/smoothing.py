"""The smoothed line beside the points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def trailing_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Mean of each value and the up to `window - 1` values before it; shape (n,) to (n,). NaN stays where it is."""
    n = len(values)
    known = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    end = np.arange(1, n + 1)
    begin = np.maximum(end - window, 0)
    seen = count[end] - count[begin]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known, (total[end] - total[begin]) / seen, np.nan)

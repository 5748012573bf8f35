"""Summaries over many scores (tasks times seeds); meaningful from about ten scores on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlnb.stats.interval import scores_of

ENOUGH = 10  # scores: with three runs of one task the interquartile mean *is* the mean


def iqm(values: NDArray[np.float64]) -> float:
    """Interquartile mean (Agarwal et al. 2021): the mean of the middle half; `scipy.stats.trim_mean(x, 0.25)`."""
    scores = np.sort(scores_of(np.asarray(values, np.float64).ravel()))
    cut = int(len(scores) * 0.25)
    return float(scores[cut : len(scores) - cut].mean())


def performance_profile(values: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of scores above each threshold τ (Dolan & Moré 2002; Agarwal et al. 2021, eq. 3); shape of `thresholds`."""
    scores = scores_of(np.asarray(values, np.float64).ravel())
    above = scores[None, :] > np.asarray(thresholds, np.float64)[:, None]
    share: NDArray[np.float64] = above.mean(axis=1)
    return share

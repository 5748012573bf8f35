"""The band around a mean curve: an interval at each point of an axis that all runs share."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlnb.errors import BadValue
from rlnb.stats.interval import BOOTSTRAP_FROM
from rlnb.stats.student import normal_cdf, normal_quantile, t_quantile

Curve = NDArray[np.float64]


class Band(NamedTuple):
    """Mean and edges, each of shape (points,), and what the band is. With one run the edges are NaN."""

    mean: Curve
    low: Curve
    high: Curve
    name: str


def mean_band(curves: Curve, level: float = 0.95, resamples: int = 2_000, seed: int = 0) -> Band:
    """The mean of runs and its interval, point by point. `curves` has shape (runs, points).

    The same methods as `mean_interval`: Student's t below 10 runs, the expanded BCa bootstrap from 10. All points are
    resampled together, so the band is smooth. It holds for each point by itself, not for the curve as a whole.
    """
    curves = np.asarray(curves, np.float64)
    if curves.ndim != 2 or not len(curves):
        raise BadValue(f"mean_band: curves of shape (runs, points) are needed; got {curves.shape}.")
    n, mean = len(curves), curves.mean(axis=0)
    if n == 1:
        nothing = np.full_like(mean, math.nan)
        return Band(mean, nothing, nothing, "1 run, no band")
    if n < BOOTSTRAP_FROM:
        half = t_quantile(0.5 + level / 2, n - 1) * curves.std(axis=0, ddof=1) / math.sqrt(n)
        return Band(mean, mean - half, mean + half, f"{level:.0%} t-interval of the mean, {n} runs")
    rng = np.random.default_rng(seed)
    times = rng.multinomial(n, np.full(n, 1 / n), resamples)  # how often each run was drawn
    means = np.sort(times @ curves / n, axis=0)
    low, high = np.empty_like(mean), np.empty_like(mean)
    wide = math.sqrt(n / (n - 1)) * t_quantile(0.5 + level / 2, n - 1)
    below = (means < mean).mean(axis=0) + 0.5 * (means == mean).mean(axis=0)
    d = curves - mean  # jackknife mean - its mean is -d / (n - 1)
    spread = (d**2).sum(axis=0)
    for k in range(curves.shape[1]):
        if spread[k] == 0.0:
            low[k] = high[k] = mean[k]
            continue
        z0 = normal_quantile(min(max(float(below[k]), 1 / (2 * resamples)), 1 - 1 / (2 * resamples)))
        a = float((d[:, k] ** 3).sum() / (6.0 * spread[k] ** 1.5))
        ends = [normal_cdf(z0 + (z0 + z) / (1 - a * (z0 + z))) for z in (-wide, wide)]
        low[k], high[k] = (means[min(int(end * resamples), resamples - 1), k] for end in ends)
    return Band(mean, low, high, f"{level:.0%} BCa bootstrap of the mean, {n} runs")

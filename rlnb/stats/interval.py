"""Intervals for the mean of runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlnb.errors import BadValue
from rlnb.stats.student import normal_cdf, normal_quantile, t_quantile

BOOTSTRAP_FROM = 10  # runs: below that a bootstrap covers far less than it says (facts of our own simulation)


class Interval(NamedTuple):
    """A mean with its interval. `kind` names the method; with one run there is no interval (NaN) but an anecdote."""

    mean: float
    low: float
    high: float
    n: int
    level: float
    kind: str


def scores_of(values: Sequence[float] | NDArray[np.float64], what: str = "scores") -> NDArray[np.float64]:
    """One score a run as float64, shape (n,); a clear error for what is none."""
    scores = np.asarray(values, np.float64)
    if scores.ndim != 1 or not len(scores):
        raise BadValue(f"{what}: one number a run is needed, in one dimension; got shape {scores.shape}.")
    if not np.isfinite(scores).all():
        bad = scores[~np.isfinite(scores)][0]
        raise BadValue(f"{what}: every run needs a finite score; got {bad}.")
    return scores


def t_interval(values: Sequence[float] | NDArray[np.float64], level: float = 0.95) -> Interval:
    """Mean ± t(n - 1) · s / √n (Student 1908). Right for normal scores at any n >= 2."""
    scores = scores_of(values)
    n, mean = len(scores), float(scores.mean())
    if n == 1:
        return Interval(mean, math.nan, math.nan, 1, level, "1 run: an anecdote")
    half = t_quantile(0.5 + level / 2, n - 1) * float(scores.std(ddof=1)) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n, level, f"{level:.0%} t-interval, n = {n}")


def bca_interval(
    values: Sequence[float] | NDArray[np.float64],
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    expanded: bool = False,
) -> Interval:
    """Bias-corrected and accelerated bootstrap of the mean (Efron 1987, eq. 2.3 and 6.6); from about 10 runs on.

    A bootstrap divides by n where n - 1 is due and takes normal quantiles where Student's are: with 10 normal scores
    its "95 %" covers 90 %. `expanded` makes up for both (Hesterberg 2015, "What Teachers Should Know About the
    Bootstrap", §5.3): the normal quantile z becomes √(n / (n - 1)) · t(n - 1).
    """
    scores = scores_of(values)
    n, mean = len(scores), float(scores.mean())
    if n < 2 or float(np.ptp(scores)) == 0.0:
        return t_interval(scores, level)
    rng = np.random.default_rng(seed)
    means = scores[rng.integers(0, n, (resamples, n))].mean(axis=1)
    # z0 = Φ⁻¹(share of bootstrap means below the mean): the bias correction
    below = float((means < mean).mean() + 0.5 * (means == mean).mean())
    z0 = normal_quantile(min(max(below, 1 / (2 * resamples)), 1 - 1 / (2 * resamples)))
    # a = Σ d³ / (6 (Σ d²)^{3/2}), d = mean of the jackknife means - jackknife mean: the acceleration
    jackknife = (scores.sum() - scores) / (n - 1)
    d = jackknife.mean() - jackknife
    a = float((d**3).sum() / (6.0 * (d**2).sum() ** 1.5))
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        z = z0 + (math.sqrt(n / (n - 1)) * t_quantile(tail, n - 1) if expanded else normal_quantile(tail))
        ends.append(normal_cdf(z0 + z / (1 - a * z)))
    low, high = np.quantile(means, ends)
    kind = f"{level:.0%} BCa bootstrap{', expanded' if expanded else ''}, n = {n}"
    return Interval(mean, float(low), float(high), n, level, kind)


def mean_interval(values: Sequence[float] | NDArray[np.float64], level: float = 0.95) -> Interval:
    """What rlnb shows: the t-interval below 10 runs, the expanded BCa bootstrap from 10."""
    scores = scores_of(values)
    if len(scores) < BOOTSTRAP_FROM:
        return t_interval(scores, level)
    return bca_interval(scores, level, expanded=True)

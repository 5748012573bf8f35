"""Is A better than B? Tests of two sets of runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlnb.stats.interval import Interval, scores_of
from rlnb.stats.student import normal_quantile, t_quantile, t_tail

Scores = Sequence[float] | NDArray[np.float64]
EXACT_UP_TO = 200_000  # relabellings that are all tried; above that a random sample of them


class Test(NamedTuple):
    """The difference of the means, A - B, with its interval and two-sided p-value (NaN where there is none)."""

    difference: float
    low: float
    high: float
    p: float
    smallest_p: float  # the smallest p that these numbers of runs can give
    kind: str


def welch_test(a: Scores, b: Scores, level: float = 0.95) -> Test:
    """Welch's t-test (Welch 1947): unequal variances, degrees of freedom after Satterthwaite."""
    x, y = scores_of(a, "a"), scores_of(b, "b")
    difference = float(x.mean() - y.mean())
    if len(x) < 2 or len(y) < 2:
        return Test(difference, math.nan, math.nan, math.nan, math.nan, "no test: two runs a side are needed")
    vx, vy = float(x.var(ddof=1)) / len(x), float(y.var(ddof=1)) / len(y)
    if vx + vy == 0.0:
        p = 1.0 if difference == 0.0 else 0.0
        return Test(difference, difference, difference, p, 0.0, "no spread within the two sets")
    df = (vx + vy) ** 2 / (vx**2 / (len(x) - 1) + vy**2 / (len(y) - 1))
    half = t_quantile(0.5 + level / 2, df) * math.sqrt(vx + vy)
    p = t_tail(difference / math.sqrt(vx + vy), df)
    return Test(difference, difference - half, difference + half, p, 0.0, "Welch's t-test")


def permutation_test(a: Scores, b: Scores, resamples: int = 20_000, seed: int = 0) -> Test:
    """Two-sided permutation test of the difference of means (Fisher 1935; Ernst 2004).

    Exact while there are at most 200,000 relabellings; then a sample of them, p = (hits + 1) / (resamples + 1).
    """
    x, y = scores_of(a, "a"), scores_of(b, "b")
    both, n = np.concatenate([x, y]), len(x)
    difference = float(x.mean() - y.mean())
    ways = math.comb(len(both), n)
    total = both.sum()
    limit = abs(difference) - 1e-12 * max(1.0, float(np.abs(both).max()))
    if ways <= EXACT_UP_TO:
        sums = both[_picks(len(both), n)].sum(axis=1)
        differences = sums / n - (total - sums) / len(y)
        p = float((np.abs(differences) >= limit).mean())
        smallest = (2 if len(x) == len(y) else 1) / ways
        return Test(difference, math.nan, math.nan, p, smallest, "exact permutation test")
    rng = np.random.default_rng(seed)
    sums = rng.permuted(np.tile(both, (resamples, 1)), axis=1)[:, :n].sum(axis=1)
    differences = sums / n - (total - sums) / len(y)
    hits = int((np.abs(differences) >= limit).sum())
    return Test(difference, math.nan, math.nan, (hits + 1) / (resamples + 1), 1 / (resamples + 1), "permutation test")


@lru_cache(maxsize=4)
def _picks(total: int, n: int) -> NDArray[np.uint8]:
    """Every choice of n out of `total` runs, shape (ways, n)."""
    picks = np.fromiter((i for pick in combinations(range(total), n) for i in pick), np.uint8, math.comb(total, n) * n)
    return picks.reshape(-1, n)


def probability_of_improvement(a: Scores, b: Scores, level: float = 0.95) -> Interval:
    """P(A > B): how often a run of A beats a run of B, ties half (Mann & Whitney 1947).

    The interval is Newcombe's method 5 (2006) — a Wilson-like score interval for U / (m·n) — which keeps its level
    where every run of A beats every run of B and a bootstrap would claim certainty.
    """
    x, y = scores_of(a, "a"), scores_of(b, "b")
    m, n = len(x), len(y)
    wins = (x[:, None] > y[None, :]).mean() + 0.5 * (x[:, None] == y[None, :]).mean()
    theta = float(wins)
    if m < 2 or n < 2:
        return Interval(theta, math.nan, math.nan, m + n, level, "1 run: an anecdote")
    z = normal_quantile(0.5 + level / 2)
    star = (m + n) / 2 - 1

    def gap(t: float) -> float:
        variance = t * (1 - t) * (1 + star * (1 - t) / (2 - t) + star * t / (1 + t)) / (m * n)
        return (t - theta) ** 2 - z * z * variance

    return Interval(theta, _edge(gap, theta, 0.0), _edge(gap, theta, 1.0), m + n, level, "P(A > B), Newcombe 2006")


def _edge(gap: Callable[[float], float], inside: float, outside: float) -> float:
    """Where `gap` changes its sign between a point inside the interval and the end of the scale."""
    if inside == outside or gap(outside) <= 0.0:
        return outside
    for _ in range(100):
        middle = (inside + outside) / 2
        if gap(middle) <= 0.0:
            inside = middle
        else:
            outside = middle
    return inside

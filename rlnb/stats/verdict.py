"""Which of two settings is better, said in words, with how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlnb.stats.difference import Test, permutation_test, probability_of_improvement, welch_test
from rlnb.stats.interval import Interval, mean_interval, scores_of
from rlnb.stats.student import normal_quantile

ALPHA = 0.05
POWER = 0.8


@dataclass(frozen=True)
class Verdict:
    """`better` is "a", "b" or None; `words` is the sentence."""

    better: str | None
    words: str
    a: Interval
    b: Interval
    test: Test  # Welch's
    permutation: Test
    wins: Interval  # P(A > B)


def bimodal(values: Sequence[float] | NDArray[np.float64], threshold: float | None = None) -> str | None:
    """ "3 solved, 2 failed" where the largest gap splits the runs in two camps, else None.

    Two camps: the gap is wide beside the spread within either. With a threshold that lies in the gap the upper camp
    "solved" it, from 3 runs on, and twice the spread is wide. Without one it takes 4 runs, and with fewer than 8 five
    times the spread (chance alone often leaves a gap between so few); and a gap of a tenth of the scores' size: 499
    beside four times 500 is no camp.
    """
    scores = np.sort(scores_of(values))
    if len(scores) < 3:
        return None
    gaps = np.diff(scores)
    cut = int(np.argmax(gaps)) + 1
    low, high = scores[:cut], scores[cut:]
    inside = threshold is not None and bool(low[-1] < threshold <= high[0])
    wide = 2 if inside or len(scores) >= 8 else 5
    if gaps[cut - 1] <= wide * max(float(np.ptp(low)), float(np.ptp(high)), 1e-12 * float(np.abs(scores).max())):
        return None
    if inside:
        return f"{len(high)} solved, {len(low)} failed"
    if len(scores) < 4 or gaps[cut - 1] < 0.1 * float(np.abs(scores).max()):
        return None
    return f"two camps: {len(high)} high (about {high.mean():.4g}), {len(low)} low (about {low.mean():.4g})"


def runs_needed(difference: float, spread: float) -> int:
    """Runs a side to see `difference` with a power of 80 % at 5 %: 2 (z₀.₉₇₅ + z₀.₈)² σ² / δ² (Cohen 1988), + 1."""
    z = normal_quantile(1 - ALPHA / 2) + normal_quantile(POWER)
    return max(2, math.ceil(2 * (z * spread / difference) ** 2) + 1)


def compare_runs(
    a: Sequence[float] | NDArray[np.float64],
    b: Sequence[float] | NDArray[np.float64],
    names: tuple[str, str] = ("A", "B"),
    threshold: float | None = None,
    on: tuple[int, int] | None = None,
    at: str = "",
) -> Verdict:
    """Compare one score a run. A winner is named only where Welch's test sees it at 5 % and, from 4 runs a side
    on (where it can), the permutation test does not contradict.

    For the words only: `on` counts the seeds, run by both, on which A scored higher, and all of them; `at` says after
    how much training, " at 100k steps".
    """
    x, y = scores_of(a, names[0]), scores_of(b, names[1])
    test, exact, wins = welch_test(x, y), permutation_test(x, y), probability_of_improvement(x, y)
    sides = mean_interval(x), mean_interval(y)
    camps = [f"{name}: {said}" for name, side in ((names[0], x), (names[1], y)) if (said := bimodal(side, threshold))]
    tail = f" ({'; '.join(camps)})" if camps else ""

    def verdict(better: str | None, words: str) -> Verdict:
        return Verdict(better, words + tail, *sides, test, exact, wins)

    if min(len(x), len(y)) == 1:
        few = "1 run each" if len(x) == len(y) == 1 else f"{len(x)} and {len(y)} runs"
        return verdict(None, f"{few}: an anecdote")
    counts = f"{len(x)} runs each" if len(x) == len(y) else f"{len(x)} and {len(y)} runs"
    agreed = exact.smallest_p > ALPHA or exact.p <= ALPHA
    if test.p <= ALPHA and agreed:
        first, second = names if test.difference > 0 else names[::-1]
        low, high = sorted((abs(test.low), abs(test.high)))
        won = wins.mean if test.difference > 0 else 1 - wins.mean
        wins_of_first = on and (on[0] if test.difference > 0 else on[1] - on[0])
        by_seed = f"on {wins_of_first} of {on[1]} seeds, " if on else ""
        return verdict(
            "a" if test.difference > 0 else "b",
            f"{first} is better: {by_seed}{low:+.4g} to {high:+.4g} return{at} with {counts}; "
            f"a run of {first} beats one of {second} in {won:.0%} of pairs",
        )
    spread = math.sqrt((float(x.var(ddof=1)) + float(y.var(ddof=1))) / 2)
    words = f"not distinguishable with {counts}"
    if test.difference and spread:
        needed = runs_needed(test.difference, spread)
        if needed > min(len(x), len(y)):
            words += f"; about {needed} each would be needed to see a difference of this size"
    return verdict(None, words)

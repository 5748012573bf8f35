"""Steps to a threshold, with the runs that never got there counted as what they are: censored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlnb.errors import BadValue


class StepsToThreshold(NamedTuple):
    """How many runs reached it, and after how many steps half of them had (infinite: fewer than half did)."""

    reached: int
    n: int
    median: float
    longest_without: float  # the most steps that a run took without reaching it; NaN when all did
    times: NDArray[np.float64]  # the steps at which the curve falls
    surviving: NDArray[np.float64]  # share of runs that had not reached it after those steps

    def __str__(self) -> str:
        words = f"{self.reached} of {self.n} reached it"
        if self.reached and math.isfinite(self.median):
            words += f", median {self.median:,.0f} steps"
        if self.reached < self.n:
            words += f"; the others had not by {self.longest_without:,.0f} steps"
        return words


def steps_to_threshold(steps: Sequence[float], reached: Sequence[bool]) -> StepsToThreshold:
    """Kaplan & Meier (1958): S(t) = Π (1 - d_i / n_i) over the steps t_i <= t at which d_i of n_i runs got there.

    `steps[k]` is when run k reached the threshold, or, where `reached[k]` is False, how far it went without.
    """
    t, hit = np.asarray(steps, np.float64), np.asarray(reached, bool)
    if t.shape != hit.shape or t.ndim != 1 or not len(t):
        raise BadValue(f"steps_to_threshold: one number and one flag a run; got {t.shape} and {hit.shape}.")
    times = np.unique(t[hit])
    share, surviving = 1.0, []
    for time in times:
        at_risk = int((t >= time).sum())
        share *= 1.0 - int((t[hit] == time).sum()) / at_risk
        surviving.append(share)
    curve = np.array(surviving)
    below = np.flatnonzero(curve <= 0.5 + 1e-12)
    return StepsToThreshold(
        reached=int(hit.sum()),
        n=len(t),
        median=float(times[below[0]]) if len(below) else math.inf,
        longest_without=float(t[~hit].max()) if (~hit).any() else math.nan,
        times=times,
        surviving=curve,
    )

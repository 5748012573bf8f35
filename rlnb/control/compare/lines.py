"""What a comparison's chart is made of: the runs of a setting, their mean, and a band that says what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlnb.control.compare.runs import Run
from rlnb.control.compare.settings import Setting
from rlnb.stats import mean_band

AXES = {"step": "environment step", "episode": "episode", "time": "seconds"}
POINTS = 200  # of a mean and its band
Curve = NDArray[np.float64]


class Lines(NamedTuple):
    """The runs of one setting, (x, y) each, and their mean and band as far as all runs reach."""

    name: str
    runs: list[tuple[Curve, Curve]]
    x: Curve
    mean: Curve
    low: Curve
    high: Curve
    band: str


def curve_of(run: Run, axis: str) -> tuple[Curve, Curve]:
    """A run's smoothed returns over an axis."""
    x: Curve = getattr(run, axis)
    return x, run.smooth


def lines_of(settings: Sequence[Setting], axis: str, points: int = POINTS) -> list[Lines]:
    """The curves of settings. Runs of unequal length are averaged only where all of them are: beyond the shortest a
    mean of fewer would jump, and say nothing of the same runs."""
    found = []
    for setting in settings:
        runs = [curve_of(run, axis) for run in setting.runs if len(run.returns)]
        nothing = np.zeros(0)
        lines = Lines(setting.name, runs, nothing, nothing, nothing, nothing, "no episode")
        if runs:
            low, high = max(float(x[0]) for x, _ in runs), min(float(x[-1]) for x, _ in runs)
            if low <= high:
                grid = np.linspace(low, high, points)
                band = mean_band(np.array([np.interp(grid, x, y) for x, y in runs]))
                lines = lines._replace(x=grid, mean=band.mean, low=band.low, high=band.high, band=band.name)
        found.append(lines)
    return found

"""The sentence about where the returns go."""

from __future__ import annotations

import numpy as np
import pytest

from rlnb.control.view.trend import Trend


@pytest.mark.parametrize(("slope", "way"), [(1.0, "rising"), (-1.0, "falling"), (0.0, "steady")])
def test_it_says_the_best_mean_and_the_direction(slope: float, way: str) -> None:
    trend = Trend()
    returns = slope * np.arange(300.0) + np.tile([-1.0, 1.0], 150)
    for part in np.array_split(returns, 7):
        trend.extend(part)
    best = max(returns[k : k + 100].mean() for k in range(201))
    said = f"{best:,.0f}" if abs(best) >= 100 else f"{best:.3g}"
    assert trend.words() == f"Best 100-episode mean so far {said.replace('-', '−')}, {way}."


def test_few_episodes_are_not_talked_up() -> None:
    trend = Trend()
    trend.extend(np.array([1.0, np.nan, 2.0]))
    assert trend.words() == ""
    trend.extend(np.full(20, 3.0))
    assert trend.words().startswith("Mean of 22 episodes 2.86")

"""From Q-values to actions, counted over many draws."""

from __future__ import annotations

import numpy as np
import pytest

from rlnb.agents.policies import EXPLORERS, GaussianEpsilonGreedy

Q = np.tile(np.array([0.0, 1.0], np.float32), (20_000, 1))


@pytest.mark.parametrize(
    ("name", "amount", "share_of_best"),
    [
        ("greedy", 1.0, 1.0),
        ("epsilon-greedy", 0.0, 1.0),
        ("epsilon-greedy", 0.4, 0.8),  # 1 − ε + ε / 2
        ("gaussian-epsilon-greedy", 0.4, 0.8),
        ("softmax", 1.0, 1 / (1 + np.exp(-1))),
    ],
)
def test_how_often_the_best_is_chosen(name: str, amount: float, share_of_best: float) -> None:
    actions = EXPLORERS[name](Q, amount, np.random.default_rng(0))
    assert actions.mean() == pytest.approx(share_of_best, abs=0.01)


def test_the_drawn_epsilon_stays_between_0_and_1() -> None:
    actions = GaussianEpsilonGreedy(std=10.0)(Q, 0.5, np.random.default_rng(0))
    # ε is nearly always 0 or 1, half of the time each: 1 − ½ / 2
    assert actions.mean() == pytest.approx(0.75, abs=0.02)

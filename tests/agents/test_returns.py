"""Returns and advantages against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rlnb.agents.returns import explained_variance, gae, reward_to_go


def test_reward_to_go() -> None:
    # G_2 = 4, G_1 = 2 + ½·4 = 4, G_0 = 1 + ½·4 = 3
    assert reward_to_go(np.array([1.0, 2.0, 4.0]), 0.5).tolist() == [3.0, 4.0, 4.0]
    # with 8 waiting beyond the clock: G_2 = 4 + 4 = 8, G_1 = 6, G_0 = 4
    assert reward_to_go(np.array([1.0, 2.0, 4.0]), 0.5, last_value=8.0).tolist() == [4.0, 6.0, 8.0]


def test_gae_by_hand() -> None:
    column = lambda *numbers: np.array(numbers, dtype=np.float32)[:, None]  # noqa: E731
    # γ = ½, λ = ½:  δ = r + ½ V' − V
    # δ_0 = 1 + ½·2 − 1 = 1;  δ_1 = 1 + ½·4 − 2 = 1;  δ_2 = 1 + ½·8 − 4 = 1
    # A_2 = 1;  A_1 = 1 + ¼ = 1.25;  A_0 = 1 + ¼·1.25 = 1.3125
    advantages, targets = gae(column(1, 1, 1), column(1, 2, 4), column(2, 4, 8), column(0, 0, 0), 0.5, 0.5)
    assert advantages[:, 0].tolist() == [1.3125, 1.25, 1.0]
    assert targets[:, 0].tolist() == [2.3125, 3.25, 5.0]


def test_nothing_is_carried_across_the_end_of_an_episode() -> None:
    column = lambda *numbers: np.array(numbers, dtype=np.float32)[:, None]  # noqa: E731
    # the episode ends after step 0: terminated (V' = 0), δ_0 = 1 − 1 = 0; the next one has δ_1 = 1 + 0 − 0 = 1
    terminated, _ = gae(column(1, 1), column(1, 0), column(0, 0), column(1, 1), 0.5, 0.5)
    assert terminated[:, 0].tolist() == [0.0, 1.0]
    # cut by the clock instead, with V' = 6 beyond it: δ_0 = 1 + 3 − 1 = 3, and still nothing from step 1
    truncated, _ = gae(column(1, 1), column(1, 0), column(6, 0), column(1, 1), 0.5, 0.5)
    assert truncated[:, 0].tolist() == [3.0, 1.0]


def test_lanes_do_not_mix() -> None:
    rewards = np.array([[1.0, 0.0], [0.0, 1.0]])
    zeros = np.zeros((2, 2))
    advantages, _ = gae(rewards, zeros, zeros, zeros, 1.0, 1.0)
    assert advantages.tolist() == [[1.0, 1.0], [0.0, 1.0]]


def test_explained_variance() -> None:
    targets = np.array([1.0, 2.0, 3.0])
    assert explained_variance(targets, targets) == 1.0
    assert explained_variance(np.full(3, 2.0), targets) == pytest.approx(0.0)
    assert np.isnan(explained_variance(targets, np.ones(3)))

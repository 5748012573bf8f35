"""Running means against numpy over everything at once."""

from __future__ import annotations

import numpy as np
import pytest

from rlnb.agents.normalize import Observations, Rewards, RunningMean


def test_batches_add_up_to_the_whole() -> None:
    data = np.random.default_rng(0).normal(3, 2, (100, 4))
    running = RunningMean((4,))
    for part in np.split(data, [10, 11, 60]):
        running.take(part)
    assert running.mean == pytest.approx(data.mean(0))
    assert running.var == pytest.approx(data.var(0))
    assert running.count == 100
    again = RunningMean((4,))
    again.restore(running.state())
    assert (again.var == running.var).all()


def test_observations_are_shifted_scaled_and_cut() -> None:
    scale = Observations((1,), clip=2.0)
    scale.take(np.array([[0.0], [2.0]]))
    assert scale(np.array([[1.0], [2.0], [100.0]]))[:, 0] == pytest.approx([0.0, 1.0, 2.0])


def test_rewards_are_scaled_by_the_deviation_of_the_return() -> None:
    scale = Rewards(1, gamma=0.5)
    # running returns 1, 1.5, then a new episode 1: deviation of (1, 1.5, 1)
    scaled = scale(np.array([[1.0], [1.0], [1.0]]), np.array([[0.0], [1.0], [0.0]]))
    assert scaled[:, 0] == pytest.approx(np.ones(3) / np.std([1.0, 1.5, 1.0]))
    assert scale.running[0] == 1.0

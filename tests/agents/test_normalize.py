"""Running means against numpy over everything at once, and what must not enter them."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from rlnb import agents
from rlnb.agents.guard import check_given
from rlnb.agents.normalize import Observations, Rewards, RunningMean
from tests.agents.small import SMALL, WHERE, learned, make


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
    scaled = scale(np.array([[1.0], [1.0], [1.0]]), np.array([[0.0], [1.0], [0.0]]), np.ones((3, 1), bool))
    assert scaled[:, 0] == pytest.approx(np.ones(3) / np.std([1.0, 1.5, 1.0]))
    assert scale.running[0] == 1.0


def test_steps_that_only_reset_do_not_count() -> None:
    scale = Rewards(1, gamma=0.5)
    rewards, over, valid = np.array([[1.0], [1.0], [0.0], [1.0]]), np.zeros((4, 1), bool), np.ones((4, 1), bool)
    over[1], valid[2] = True, False  # the third step brings the next episode's first observation
    scale(rewards, over, valid)
    assert (scale.count, scale.var) == (3, pytest.approx(np.var([1.0, 1.5, 1.0])))


class Spoiled(gym.Wrapper[Any, Any, Any, Any]):
    """A reward or an observation that is NaN now and then, as long as `spoils` says which."""

    spoils = ""

    def step(self, action: Any) -> Any:
        obs, reward, *rest = self.env.step(action)
        bad = self.np_random.random() < 0.03
        return (
            np.full_like(obs, np.nan) if bad and self.spoils == "observation" else obs,
            float("nan") if bad and self.spoils == "reward" else reward,
            *rest,
        )


@pytest.mark.parametrize("spoils", ["observation", "reward"])
@pytest.mark.parametrize("name", ["A2C", "PPO", "DQN", "DDPG", "TD3", "SAC"])
def test_what_is_nan_enters_neither_statistics_nor_memory(name: str, spoils: str) -> None:
    env = Spoiled(gym.make(WHERE.get(name, "CartPole-v1")))
    more = {"normalize_observations": True, "normalize_rewards": True} if name == "A2C" else {}
    if name == "DQN":
        more = {"n_steps": 3}
    agent = getattr(agents, name)(
        env, seed=0, **{**SMALL[name], **more, **({"n_envs": 1} if "n_envs" in SMALL[name] else {})}
    )
    agent.learn(40, progress=False)
    env.spoils = spoils
    with pytest.raises(FloatingPointError, match=rf"^{spoils} is nan at step \d+: the environment gave it"):
        agent.learn(2000, progress=False)
    env.spoils = ""
    before = agent.episodes
    agent.learn(300, progress=False)
    assert torch.isfinite(learned(agent)).all()
    assert agent.episodes > before
    if hasattr(agent, "memory"):
        assert all(np.isfinite(column).all() for column in agent.memory.columns)
    else:
        assert np.isfinite([*agent.scale.mean, *agent.scale.var, agent.scale_rewards.var]).all()


def test_numbers_may_be_huge() -> None:
    check_given(0, np.array([1e300]), np.full((1, 2), 1e38, np.float32), np.full((1, 2), 1e38, np.float32))
    with pytest.raises(FloatingPointError, match="observation is -inf at step 7"):
        check_given(7, np.zeros(1), np.zeros((1, 2)), np.array([[0.0, -np.inf]]))


def test_after_loading_there_may_be_another_number_of_lanes(tmp_path: Any) -> None:
    agent = make("PPO").learn(64, progress=False)
    path = agent.save(tmp_path / "ppo.rlnb")
    assert agent.scale_rewards.running.any()
    for n in (1, 4):
        again = agents.PPO.load(path, n_envs=n)
        assert again.scale_rewards.running.tolist() == [0.0] * n
        assert again.scale_rewards.var == agent.scale_rewards.var
        again.learn(64, progress=False)

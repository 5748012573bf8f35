"""Imitation: from arrays, from a recorded session, from what looks like a Minari dataset, and with an expert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import pandas as pd
import pytest

import rlnb
from rlnb.agents import BehaviorCloning
from tests.agents import probes


def balance(obs: Any) -> int:
    """Keeps CartPole's pole up for 500 steps."""
    x, speed, angle, turning = obs
    return int(3 * angle + turning + 0.1 * x + 0.2 * speed > 0)


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rlnb.install()
    try:
        with rlnb.session("expert") as recorded:
            env = gym.make("CartPole-v1", max_episode_steps=60)
            for seed in range(3):
                obs, _ = env.reset(seed=seed)
                over = False
                while not over:
                    obs, _, terminated, truncated, _ = env.step(balance(obs))
                    over = terminated or truncated
        yield recorded
    finally:
        rlnb.uninstall()


def test_from_a_recorded_session(session: Any) -> None:
    agent = BehaviorCloning("CartPole-v1", data=session, seed=0, network=(32,))
    assert len(agent.obs) == 180  # three episodes of 60 steps, every one
    assert agent.taken.tolist() == [balance(obs) for obs in agent.obs]  # each action beside what it was chosen on
    agent.learn(3000, progress=False)
    agreed = np.mean([agent.act(obs) == balance(obs) for obs in agent.obs])
    assert agreed > 0.97


@dataclass
class Episode:
    """As Minari gives it: observations are one more than actions."""

    observations: Any
    actions: Any


class Dataset:
    def iterate_episodes(self) -> Any:
        yield Episode(np.eye(2)[[0, 1, 0]], np.array([1, 0]))
        yield Episode(np.eye(2)[[1, 1]], np.array([0]))


def test_from_minari_and_from_several_sources() -> None:
    agent = BehaviorCloning(probes.Both, data=[Dataset(), (np.eye(2), np.array([1, 0]))], seed=0)
    assert agent.obs.tolist() == [[1, 0], [0, 1], [0, 1], [1, 0], [0, 1]]
    assert agent.taken.tolist() == [1, 0, 0, 1, 0]


class Recorded:
    """A session whose episodes give these tables."""

    def __init__(self, *tables: pd.DataFrame) -> None:
        self.tables = tables

    @property
    def episodes(self) -> pd.DataFrame:
        return pd.DataFrame(index=range(len(self.tables)))

    def steps(self, episode: int) -> pd.DataFrame:
        return self.tables[episode]


def test_episodes_that_cannot_be_run_again_are_left_out() -> None:
    good = pd.DataFrame({"observation": [np.array([1.0, 0.0])], "action": [1], "reward": [0.0]})
    lost = good.drop(columns="observation")
    assert len(BehaviorCloning(probes.Both, data=Recorded(lost, good), seed=0).obs) == 1
    with pytest.raises(ValueError, match="None of the session's episodes gives its observations"):
        BehaviorCloning(probes.Both, data=Recorded(lost, lost), seed=0)


def test_data_that_does_not_fit_is_named() -> None:
    with pytest.raises(TypeError, match="data is dict"):
        BehaviorCloning(probes.Both, data={"obs": []})
    with pytest.raises(ValueError, match="3 observations, but 2 actions"):
        BehaviorCloning(probes.Both, data=(np.zeros((3, 2)), np.zeros(2, int)))
    with pytest.raises(ValueError, match=r"actions 0 … 7 are not all in Discrete\(2\)"):
        BehaviorCloning(probes.Both, data=(np.zeros((2, 2)), np.array([0, 7])))
    with pytest.raises(ValueError, match="nothing to imitate"):
        BehaviorCloning(probes.Both, seed=0).learn(10, progress=False)


def test_continuous_actions_are_imitated() -> None:
    obs = np.random.default_rng(0).standard_normal((300, 3)).astype(np.float32)
    agent = BehaviorCloning("Pendulum-v1", data=(obs, obs[:, :1]), seed=0, network=(32,)).learn(800, progress=False)
    assert np.abs(agent.act(obs[:50]) - obs[:50, :1].clip(-2, 2)).mean() < 0.1


def test_dagger_asks_the_expert_where_the_agent_went_itself() -> None:
    agent = BehaviorCloning("CartPole-v1", data=([np.zeros(4, np.float32)], [0]), seed=0, network=(32,))
    agent.dagger(balance, rounds=3, episodes=3, steps=300)
    assert agent.taken.tolist()[1:] == [balance(obs) for obs in agent.obs[1:]]
    assert agent.evaluate(5, seed=0).mean() > 100  # one pair alone would fall over at once

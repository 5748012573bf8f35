"""What is not recorded is told of, with the line that would record it."""

from __future__ import annotations

import sys
import types

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.classic_control import CartPoleEnv

from rlnb.capture.unseen import Unseen
from rlnb.errors import BadValue


class Walk(gym.Env):
    """Uses no random numbers, and never calls Env.reset."""

    observation_space = gym.spaces.Box(-9, 9, (1,), np.float64)
    action_space = gym.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        self.place = 0
        return np.zeros(1), {}

    def step(self, action):
        self.place += 1
        return np.full(1, float(self.place)), 0.0, False, False, {}


@pytest.mark.parametrize("make", [CartPoleEnv, Walk, lambda: gym.wrappers.TimeLimit(Walk(), 99)])
def test_a_stepped_environment_is_told_of_with_the_line_to_write(capture, make):
    unseen, variables = Unseen(capture.knows), {"env": make()}
    assert unseen.look(variables, "env = make()") == []
    variables["env"].reset()
    assert len(unseen.look(variables, "env.reset()")) == 1
    variables["env"].step(0)
    (line,) = unseen.look(variables, "play()")
    assert line.endswith("env = rlnb.watch(env)") and "was stepped and is not recorded" in line
    assert unseen.look(variables, "1 + 1") == []
    assert capture.watch(variables["env"]) is variables["env"]
    variables["env"].step(0)
    assert unseen.look(variables, "play()") == []


def test_an_environment_made_and_stepped_in_one_cell(capture):
    env = CartPoleEnv()
    env.reset()
    env.step(0)
    agent = types.SimpleNamespace(env=env)
    (line,) = Unseen(capture.knows).look({"agent": agent}, "agent.learn()")
    assert line.endswith("rlnb.watch(agent.env)")
    assert Unseen(capture.knows).look({"agent": agent}, "show(agent)") == []


def test_recorded_environments_and_private_names_are_not_told_of(capture):
    made, hidden = gym.make("CartPole-v1"), CartPoleEnv()
    for env in (made, hidden):
        env.reset()
        env.step(0)
    variables = {"a": made, "b": gym.wrappers.RecordEpisodeStatistics(made), "_": hidden, "In": ["x"]}
    assert Unseen(capture.knows).look(variables, "env.step(0)") == []


def test_the_environments_of_a_list_and_of_a_vector(capture):
    from stable_baselines3.common.vec_env import DummyVecEnv

    venv, pair = DummyVecEnv([CartPoleEnv] * 2), [Walk(), Walk()]
    unseen = Unseen(capture.knows)
    unseen.look({"venv": venv, "pair": pair})
    venv.reset()
    pair[1].reset()
    lines = unseen.look({"venv": venv, "pair": pair}, "go()")
    assert [line.rpartition("  ")[2] for line in lines] == [
        "rlnb.watch(venv.envs[0])",
        "rlnb.watch(venv.envs[1])",
        "rlnb.watch(pair[1])",
    ]


@pytest.fixture
def old_gym(monkeypatch):
    """As much of gym 0.25 as tells it from Gymnasium (the package itself does not import beside today's NumPy)."""
    gym = types.ModuleType("gym")
    gym.__version__ = "0.25.2"

    class Env:
        def step(self, action):
            return np.zeros(4), 1.0, False, {}

    gym.Env = Env
    monkeypatch.setitem(sys.modules, "gym", gym)
    return gym


def test_the_old_gym_is_told_of_with_the_import_to_change(capture, old_gym):
    (line,) = Unseen(capture.knows).look({"gym": old_gym, "gymnasium": gym}, "import gym")
    assert "0.25.2" in line and "import gymnasium as gym" in line and "five values" in line
    assert len(Unseen(capture.knows).look({"env": old_gym.Env()}, "")) == 1
    assert Unseen(capture.knows).look({"gym": gym, "env": gym.make("CartPole-v1")}, "import gymnasium as gym") == []
    with pytest.raises(BadValue, match="import gymnasium as gym"):
        capture.watch(old_gym.Env())

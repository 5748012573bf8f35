"""What environments see and take: observations with parts, bounds of actions."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from rlnb import agents


class Whatever(gym.Env[Any, Any]):
    """Any spaces; each step brings a sample."""

    def __init__(self, observation_space: Any, action_space: Any = None) -> None:
        self.observation_space = observation_space
        self.action_space = action_space or gym.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> Any:
        return self.observation_space.sample(), 0.0, False, False, {}


PLACE = gym.spaces.Box(-1, 1, (2,))
PARTS = [
    gym.spaces.Tuple([PLACE, gym.spaces.Discrete(3)]),
    gym.spaces.Dict({"a": gym.spaces.Discrete(3), "b": PLACE}),
    gym.spaces.Dict({"a": gym.spaces.Dict({"b": gym.spaces.Tuple([PLACE])}), "c": gym.spaces.MultiBinary(3)}),
]


@pytest.mark.parametrize("space", PARTS)
def test_a_batch_of_observations_with_parts(space: Any) -> None:
    lanes = gym.vector.SyncVectorEnv([lambda: Whatever(space)] * 4)
    obs, _ = lanes.reset()
    for name in ("PPO", "DQN", "BehaviorCloning"):
        agent = getattr(agents, name)(lambda: Whatever(space), seed=0, network=(8,))
        acted = agent.act(obs)
        singles = list(gym.vector.utils.iterate(lanes.observation_space, obs))
        assert acted.tolist() == [agent.act(single) for single in singles]


def test_actions_keep_to_bounds_in_float64() -> None:
    space = gym.spaces.Box(-0.1, 0.1, (2,), np.float64)
    agent = agents.PPO(lambda: Whatever(PLACE, space), seed=0, network=(8,), log_std_init=5.0)
    for _ in range(20):
        assert space.contains(agent.act(np.zeros(2), greedy=False))
    agent = agents.SAC(lambda: Whatever(PLACE, space), seed=0, network=(8,))
    for action in (-1.0, 1.0):
        assert space.contains(agent.to_env(np.full((1, 2), action, np.float32))[0])


def test_actions_without_bounds_are_refused_with_what_helps() -> None:
    env = Whatever(PLACE, gym.spaces.Box(-np.inf, np.inf, (2,)))
    with pytest.raises(ValueError, match=r"SAC needs actions with bounds.*TransformAction.*or take PPO"):
        agents.SAC(env)
    bounded = gym.wrappers.TransformAction(env, lambda a: a, gym.spaces.Box(-1, 1, (2,)))
    assert agents.SAC(bounded, seed=0, network=(8,)).act(np.zeros(2)).shape == (2,)

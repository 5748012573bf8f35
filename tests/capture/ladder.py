"""An environment that does what it is told, and what was recorded of it."""

from __future__ import annotations

import gymnasium as gym
import numpy as np


class Ladder(gym.Env):
    """Ends after `n` steps; rewards and observations are as given."""

    action_space = gym.spaces.Discrete(2)
    observation_space = gym.spaces.Box(-10, 10, (2,), np.float32)

    def __init__(self, n=3, reward=1.0, observation=None, raises=None):
        self.n, self.reward, self.raises, self.k = n, reward, raises, 0
        self.observation = np.zeros(2, np.float32) if observation is None else observation

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.k = 0
        return self.observation, {}

    def step(self, action):
        if self.raises is not None and self.k == 1:
            self.k += 1
            raise self.raises
        self.k += 1
        return self.observation, self.reward, self.k >= self.n, False, {"is_success": self.k == self.n}


def play(env, steps):
    for _ in range(steps):
        _, _, terminated, truncated, _ = env.step(0)
        if terminated or truncated:
            env.reset()


def rows(desk, session="s1"):
    return [(r["first"], r["length"], r["returns"], bool(r["finished"])) for r in desk.episodes(session)]

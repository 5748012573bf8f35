"""Five environments so small that every agent must solve them in seconds; each one catches another kind of mistake.

After Andy Jones, "Debugging RL, Without the Agonizing Pain" (2021). All of them have discrete or continuous actions: a
continuous action counts as its sign.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces


class Probe(gym.Env[Any, Any]):
    """One observation and two actions; a subclass says what the actions bring."""

    n_obs, length = 1, 1

    def __init__(self, continuous: bool = False, box: bool = True) -> None:
        self.observation_space = spaces.Box(0.0, 1.0, (self.n_obs,), np.float32) if box else spaces.Discrete(self.n_obs)
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32) if continuous else spaces.Discrete(2)
        self.continuous, self.box, self.t, self.state = continuous, box, 0, 0

    def look(self) -> Any:
        return np.eye(self.n_obs, dtype=np.float32)[self.state] if self.box else self.state

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.t, self.state = 0, self.first()
        return self.look(), {}

    def step(self, action: Any) -> Any:
        choice = int(float(np.asarray(action).reshape(-1)[0]) > 0) if self.continuous else int(action)
        reward = self.gain(choice)
        self.t += 1
        self.state = self.after()
        return self.look(), reward, self.t >= self.length, False, {}

    def first(self) -> int:
        return 0

    def after(self) -> int:
        return self.state

    def gain(self, choice: int) -> float:
        return 1.0


class Constant(Probe):
    """Always 1: is the value learned at all?"""


class ObservationDependent(Probe):
    """+1 in one state, −1 in the other: does the value see the observation?"""

    n_obs = 2

    def first(self) -> int:
        return int(self.np_random.integers(2))

    def gain(self, choice: int) -> float:
        return 2.0 * self.state - 1.0


class TwoStep(Probe):
    """Reward only in the second step: is the value carried back, times γ?"""

    n_obs, length = 2, 2

    def after(self) -> int:
        return 1

    def gain(self, choice: int) -> float:
        return float(self.t == 1)


class ActionDependent(Probe):
    """+1 for one action, −1 for the other: does the policy learn?"""

    def gain(self, choice: int) -> float:
        return 2.0 * choice - 1.0


class Both(ObservationDependent):
    """+1 where the action is the state: does the policy see the observation?"""

    def gain(self, choice: int) -> float:
        return 1.0 if choice == self.state else -1.0


class Cut(Probe):
    """A reward of 1 each step, without an end: only the clock ends an episode, so the value is 1 / (1 − γ)."""

    length = 5

    def step(self, action: Any) -> Any:
        obs, reward, over, _, info = super().step(action)
        return obs, reward, False, over, info


PROBES = [Constant, ObservationDependent, TwoStep, ActionDependent, Both]

"""The steps of some environments between two updates of an on-policy agent, in arrays made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces

from rlnb.agents.lanes import Lanes
from rlnb.agents.spaces import Array

LOOK = 64  # steps of the environments between two looks at Stop


class Rollout:
    """`n_steps` steps of n lanes: `obs` [T + 1, n, …] (the last row is what comes next), all else [T, n]."""

    def __init__(self, n_steps: int, lanes: Lanes, action_space: Any) -> None:
        self.n_steps, n = n_steps, lanes.n
        self.obs: Array = np.zeros((n_steps + 1, n, *lanes.encoder.shape), lanes.encoder.dtype)
        self.actions: Array
        if isinstance(action_space, spaces.Discrete):
            self.actions = np.zeros((n_steps, n), np.int64)
        else:
            self.actions = np.zeros((n_steps, n, int(np.prod(action_space.shape))), np.float32)
        self.rewards = np.zeros((n_steps, n))
        self.terminated, self.truncated = np.zeros((n_steps, n), bool), np.zeros((n_steps, n), bool)
        self.valid = np.ones((n_steps, n), bool)
        self.cut: list[tuple[int, int, Array]] = []  # step, lane, last observation of each episode that a clock ended

    def collect(
        self,
        lanes: Lanes,
        choose: Callable[[Array], Array],
        to_env: Callable[[Array], Array],
        go_on: Callable[[int], bool],
    ) -> tuple[int, bool]:
        """Fill the arrays by acting; returns how many of the steps were real, and whether that is all of them.

        `go_on` is asked every 64 steps of the environments, told how many there were; False ends it.
        """
        self.cut.clear()
        look, real = max(1, LOOK // lanes.n), 0
        for t in range(self.n_steps):
            if t and t % look == 0 and not go_on(real):
                return real, False
            self.obs[t] = lanes.obs
            actions = choose(lanes.obs)
            # Before the bounds: log π is that of the number that was drawn. Of the cut one the Normal would say another
            # density, and all that lies beyond a bound would become one action.
            self.actions[t] = actions
            step = lanes.step(to_env(actions))
            self.rewards[t], self.terminated[t], self.truncated[t] = step.reward, step.terminated, step.truncated
            self.valid[t] = step.valid
            real += int(np.count_nonzero(step.valid))
            if step.truncated.any():
                for i in np.flatnonzero(step.truncated & ~step.terminated):
                    self.cut.append((t, int(i), step.successor[i].copy()))
        self.obs[self.n_steps] = lanes.obs
        return real, True

    def next_values(self, values: Array, cut_values: Array) -> Array:
        """V of the state each action led to [T, n], from V of `obs` [T + 1, n] and of the observations in `cut`.

        0 where the task terminated; where only the clock ended the episode, V of its own last observation.
        """
        after: Array = values[1:].copy()
        for (t, i, _), value in zip(self.cut, cut_values, strict=True):
            after[t, i] = value
        after[self.terminated] = 0.0
        return after

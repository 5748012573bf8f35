"""Observations with mean 0 and deviation 1, rewards of size 1: networks learn fastest on such numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.agents.spaces import Array


class RunningMean:
    """Mean and variance of everything seen so far, taken in batch by batch (Chan et al. 1979)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.mean, self.var, self.count = np.zeros(shape), np.ones(shape), 0.0

    def take(self, batch: Array) -> None:
        """Take in `batch` [n, *shape]."""
        n = len(batch)
        if n == 0:
            return
        mean, var = batch.mean(axis=0, dtype=np.float64), batch.var(axis=0, dtype=np.float64)
        if self.count == 0:
            self.mean, self.var, self.count = mean, var, float(n)
            return
        delta, total = mean - self.mean, self.count + n
        # M2 = M2_a + M2_b + δ² · n_a n_b / n
        squares = self.var * self.count + var * n + delta**2 * self.count * n / total
        self.mean, self.var, self.count = self.mean + delta * n / total, squares / total, total

    def state(self) -> dict[str, Any]:
        """As lists and numbers, for a checkpoint; exact."""
        return {"mean": self.mean.tolist(), "var": self.var.tolist(), "count": self.count}

    def restore(self, state: dict[str, Any]) -> None:
        """Take in what `state` gave."""
        self.mean, self.var, self.count = np.array(state["mean"]), np.array(state["var"]), float(state["count"])


class Observations(RunningMean):
    """(o − mean) / deviation, cut at ±`clip`: a number never seen before, ten deviations off or a thousand, moves the
    network no further than it has ever learned to follow.

    The numbers change between rollouts only: within one, acting and learning see an observation the same.
    """

    def __init__(self, shape: tuple[int, ...], clip: float = 10.0) -> None:
        super().__init__(shape)
        self.clip = clip

    def __call__(self, rows: Array) -> NDArray[np.float32]:
        scaled = (rows - self.mean) / np.sqrt(self.var + 1e-8)
        return np.clip(scaled, -self.clip, self.clip).astype(np.float32)


class Rewards(RunningMean):
    """r / deviation of the discounted return, cut at ±`clip`: one rare reward far from all others (or the first one,
    when the deviation is hardly known) must not be the whole value loss. The sign and the ranking of rewards stay.

    The running returns of the lanes are not kept in a file: after loading each lane begins an episode.
    """

    def __init__(self, n_envs: int, gamma: float, clip: float = 10.0) -> None:
        super().__init__(())
        self.clip, self.gamma, self.running = clip, gamma, np.zeros(n_envs)

    def __call__(self, rewards: Array, over: Array, valid: Array) -> NDArray[np.float64]:
        """Scale `rewards` [T, n]; `over` [T, n] where an episode ended, and the running return begins again at 0;
        `valid` [T, n] where there was a step at all, and not only a reset."""
        returns = np.empty(rewards.shape)
        for t in range(len(rewards)):
            # R ← γ · R + r
            self.running = self.gamma * self.running + rewards[t]
            returns[t] = self.running
            self.running = self.running * (1.0 - over[t])
        self.take(returns[valid])
        scaled: NDArray[np.float64] = np.clip(rewards / np.sqrt(self.var + 1e-8), -self.clip, self.clip)
        return scaled

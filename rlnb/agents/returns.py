"""Sums of rewards: the return of an episode in its forms, and generalised advantage estimation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlnb.agents.spaces import Array

Floats = NDArray[np.float32]


def reward_to_go(rewards: Array, gamma: float, last_value: float = 0.0) -> Floats:
    """G_t = r_t + γ · G_{t+1} for one episode [T]; `last_value` stands for what comes after a time limit."""
    out = np.empty(len(rewards), np.float32)
    total = last_value
    for t in range(len(rewards) - 1, -1, -1):
        total = float(rewards[t]) + gamma * total
        out[t] = total
    return out


def gae(
    rewards: Array, values: Array, next_values: Array, over: Array, gamma: float, gae_lambda: float
) -> tuple[Floats, Floats]:
    """Advantages and value targets [T, n] (Schulman et al. 2016, eq. 16).

    `values` V(s_t); `next_values` V of the state the action led to, **0 where the task terminated there and not 0 where
    only the clock ran out**; `over` where an episode ended in either way: no advantage is carried across.
    """
    advantages = np.zeros(rewards.shape, np.float32)
    # δ_t = r_t + γ · V(s_{t+1}) − V(s_t)
    deltas = (rewards + gamma * next_values - values).astype(np.float32)
    carry = (gamma * gae_lambda * (1.0 - over)).astype(np.float32)
    running = np.zeros(rewards.shape[1], np.float32)
    for t in range(len(rewards) - 1, -1, -1):
        # A_t = δ_t + γ λ · A_{t+1}
        running = deltas[t] + carry[t] * running
        advantages[t] = running
    # the target of the value: A_t + V(s_t)
    return advantages, advantages + values.astype(np.float32)


def explained_variance(predicted: Array, targets: Array) -> float:
    """1 − Var(target − predicted) / Var(target): 1 is a perfect value function, 0 one no better than a constant."""
    spread = float(np.var(targets))
    return float("nan") if spread == 0.0 else 1.0 - float(np.var(targets - predicted)) / spread

"""From Q-values to an action: greedy, ε-greedy, Gaussian ε-greedy, softmax. All take a batch `q` [n, actions]."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from rlnb.agents.heads import draw
from rlnb.agents.spaces import Array


class ActionPolicy(Protocol):
    """Chooses actions [n] int64 from Q-values [n, actions]; `amount` is how much it explores just now."""

    def __call__(self, q: Array, amount: float, rng: np.random.Generator) -> Array: ...


def greedy(q: Array, amount: float, rng: np.random.Generator) -> Array:
    """argmax_a Q(s, a); `amount` does nothing."""
    best: Array = q.argmax(-1)
    return best


def epsilon_greedy(q: Array, amount: float, rng: np.random.Generator) -> Array:
    """With probability ε = `amount` any action, otherwise the greedy one."""
    best: Array = q.argmax(-1)
    chance = rng.random(len(q)) < amount
    if chance.any():
        best[chance] = rng.integers(q.shape[-1], size=int(chance.sum()))
    return best


class GaussianEpsilonGreedy:
    """ε-greedy with an ε drawn anew for every choice: ε ~ N(`amount`, `std`), cut to 0 … 1.

    So the agent has daring and careful moments at every stage, instead of one fixed share of random actions.
    """

    def __init__(self, std: float = 0.1) -> None:
        self.std = std

    def __call__(self, q: Array, amount: float, rng: np.random.Generator) -> Array:
        epsilon = np.clip(rng.normal(amount, self.std, len(q)), 0.0, 1.0)
        best: Array = q.argmax(-1)
        chance = rng.random(len(q)) < epsilon
        best[chance] = rng.integers(q.shape[-1], size=int(chance.sum()))
        return best


def softmax_choice(q: Array, amount: float, rng: np.random.Generator) -> Array:
    """π(a) ∝ exp(Q(s, a) / τ) with the temperature τ = `amount`: good actions often, bad ones seldom, none never."""
    return draw((q / max(amount, 1e-8)).astype(np.float32), None, rng)


EXPLORERS: dict[str, ActionPolicy] = {
    "epsilon-greedy": epsilon_greedy,
    "gaussian-epsilon-greedy": GaussianEpsilonGreedy(),
    "softmax": softmax_choice,
    "greedy": greedy,
}

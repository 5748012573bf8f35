"""From Q-values to an action: greedy, ε-greedy, Gaussian ε-greedy, εz-greedy, softmax. All take `q` [n, actions].

With an infinite `amount` each of them takes every action alike: so learning begins (`learning_starts`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

from rlnb.agents.heads import draw
from rlnb.agents.spaces import Array


class ActionPolicy(Protocol):
    """Chooses actions [n] int64 from Q-values [n, actions]; `amount` is how much it explores just now."""

    def __call__(self, q: Array, amount: float, rng: np.random.Generator) -> Array: ...


def greedy(q: Array, amount: float, rng: np.random.Generator) -> Array:
    """argmax_a Q(s, a); a finite `amount` does nothing."""
    best: Array = q.argmax(-1) if amount < math.inf else rng.integers(q.shape[-1], size=len(q))
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

    So the agent has daring and careful moments at every stage, instead of one fixed share of random actions. What is
    cut off below 0 makes a small mean larger: asked for 0 it is 0.04, for 0.1 it is 0.11.
    """

    def __init__(self, std: float = 0.1) -> None:
        self.std = std

    def __call__(self, q: Array, amount: float, rng: np.random.Generator) -> Array:
        epsilon = np.clip(rng.normal(amount, self.std, len(q)), 0.0, 1.0)
        best: Array = q.argmax(-1)
        chance = rng.random(len(q)) < epsilon
        best[chance] = rng.integers(q.shape[-1], size=int(chance.sum()))
        return best


class EzGreedy:
    """εz-greedy (Dabney et al. 2021): with probability ε = `amount` any action, kept up for z steps, z ~ Zipf(`mu`).

    Single random steps stay near where the agent is anyway: one of them changes nothing that the next greedy step does
    not undo. An action that is held now and then for many steps leads to places that ε-greedy never sees.
    A row of `q` is one environment: what is held in it is remembered from call to call.
    """

    def __init__(self, mu: float = 2.0, longest: int = 100) -> None:
        self.mu, self.longest = mu, longest
        self._left = self._held = np.zeros(0, np.int64)  # (n,): steps to go, and the action

    def __call__(self, q: Array, amount: float, rng: np.random.Generator) -> Array:
        n = len(q)
        if len(self._left) != n:
            self._left, self._held = np.zeros(n, np.int64), np.zeros(n, np.int64)
        begun = (self._left == 0) & (rng.random(n) < amount)
        if begun.any():
            k = int(begun.sum())
            self._held[begun] = rng.integers(q.shape[-1], size=k)
            self._left[begun] = np.minimum(rng.zipf(self.mu, k), self.longest)
        held = self._left > 0
        self._left -= held
        best: Array = q.argmax(-1)
        return np.where(held, self._held, best)


def softmax_choice(q: Array, amount: float, rng: np.random.Generator) -> Array:
    """π(a) ∝ exp(Q(s, a) / τ) with the temperature τ = `amount`: good actions often, bad ones seldom, none never."""
    return draw((q / max(amount, 1e-8)).astype(np.float32), None, rng)


#: Makes an action policy. One that remembers is made anew for every agent.
EXPLORERS: dict[str, Callable[[], ActionPolicy]] = {
    "epsilon-greedy": lambda: epsilon_greedy,
    "gaussian-epsilon-greedy": GaussianEpsilonGreedy,
    "ez-greedy": EzGreedy,
    "softmax": lambda: softmax_choice,
    "greedy": lambda: greedy,
}

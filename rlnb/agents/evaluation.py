"""How good a policy is: the return of whole episodes with fixed seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray


def returns(act: Callable[[Any], Any], env: gym.Env[Any, Any], episodes: int, seed: int | None) -> NDArray[np.float64]:
    """The undiscounted return of each of `episodes` episodes; episode i is reset with `seed + i`.

    The same seed gives the same starts to every policy, so that two policies can be compared episode by episode.
    """
    if episodes < 1:
        raise ValueError(f"episodes={episodes}: an evaluation needs at least 1.")
    totals = np.zeros(episodes)
    for episode in range(episodes):
        obs, _ = env.reset(seed=None if seed is None else seed + episode)
        over = False
        while not over:
            obs, reward, terminated, truncated, _ = env.step(act(obs))
            totals[episode] += float(reward)
            over = terminated or truncated
    return totals

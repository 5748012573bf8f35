"""How good a policy is: the return of whole episodes with fixed seeds."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from rlnb import hook

LIMIT = 10_000  # steps of an episode where the environment sets no limit
LOOK = 250  # steps between two looks at Stop


def returns(act: Callable[[Any], Any], env: gym.Env[Any, Any], episodes: int, seed: int | None) -> NDArray[np.float64]:
    """The undiscounted return of each of `episodes` episodes; episode i is reset with `seed + i`.

    The same seed gives the same starts to every policy, so that two policies can be compared episode by episode.
    A Stop that comes meanwhile leaves out the episodes that are not over. Where the environment has no time limit a
    policy may walk in circles for ever: there an episode is cut after `LIMIT` steps, with a warning.
    """
    if episodes < 1:
        raise ValueError(f"episodes={episodes}: an evaluation needs at least 1.")
    totals = np.zeros(episodes)
    spec = env.spec
    by_itself = spec is not None and "max_num_frames_per_episode" in spec.kwargs  # Atari counts frames
    endless = not (by_itself or env.has_wrapper_attr("_max_episode_steps"))  # TimeLimit's
    heard = hook.stopping()  # a Stop from before ended something else
    taken = cut = 0
    for episode in range(episodes):
        obs, _ = env.reset(seed=None if seed is None else seed + episode)
        begun, over = taken, False
        while not over:
            obs, reward, terminated, truncated, _ = env.step(act(obs))
            totals[episode] += float(reward)
            taken += 1
            over = terminated or truncated
            if taken % LOOK == 0 and not heard and hook.stopping():
                return totals[: episode + bool(over)]
            if endless and not over and taken - begun == LIMIT:
                cut, over = cut + 1, True
    if cut:
        name = type(env.unwrapped).__name__ if spec is None else spec.id
        warnings.warn(
            f"{cut} of {episodes} evaluation episodes in {name} did not end and were cut after {LIMIT:,} steps, as it "
            "has no time limit of its own. gym.wrappers.TimeLimit(env, steps) gives it one.",
            stacklevel=3,
        )
    return totals

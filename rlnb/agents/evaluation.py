"""How good a policy is: the return of whole episodes with fixed seeds."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from rlnb import hook
from rlnb.agents.config import whole

LIMIT = 10_000  # steps of an episode where the environment sets no limit
LOOK = 250  # steps between two looks at Stop


def returns(act: Callable[[Any], Any], env: gym.Env[Any, Any], episodes: int, seed: int | None) -> NDArray[np.float64]:
    """The undiscounted return of each of `episodes` episodes; episode i is reset with `seed + i`.

    The same seed gives the same starts to every policy, so that two policies can be compared episode by episode.
    A Stop that comes meanwhile leaves out the episodes that are not over. Where the environment has no time limit a
    policy may walk in circles for ever: there an episode is cut after `LIMIT` steps, with a warning.
    """
    if not whole(episodes, 1):
        raise ValueError(f"episodes={episodes!r}: it is a whole number, at least 1.")
    episodes = int(episodes)
    totals = np.zeros(episodes)
    may_go_on = endless(env)
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
            if may_go_on and not over and taken - begun == LIMIT:
                cut, over = cut + 1, True
    if cut:
        warn_of_cut(env, f"{cut} of {episodes} evaluation episodes")
    return totals


def endless(env: gym.Env[Any, Any]) -> bool:
    """Whether an episode may go on for ever there, since nothing limits its steps."""
    by_itself = env.spec is not None and "max_num_frames_per_episode" in env.spec.kwargs  # Atari counts frames
    return not (by_itself or env.has_wrapper_attr("_max_episode_steps"))  # TimeLimit's


def warn_of_cut(env: gym.Env[Any, Any], what: str) -> None:
    """Say that `what` did not end in `env`."""
    name = type(env.unwrapped).__name__ if env.spec is None else env.spec.id
    warnings.warn(
        f"{what} in {name} did not end and had to be cut after {LIMIT:,} steps, as it "
        "has no time limit of its own. gym.wrappers.TimeLimit(env, steps) gives it one.",
        stacklevel=4,
    )

"""Loops over environments, and everything that they see, as bytes that can be compared."""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium as gym
import numpy as np


def run(env: Any, steps: int = 1000) -> list[Any]:
    """Play `steps` random steps; every observation, reward, flag and info, their types, and the state of the dice."""
    seen: list[Any] = []
    env.action_space.seed(3)
    seen.extend(map(keep, env.reset(seed=7)))
    for _ in range(steps):
        result = env.step(env.action_space.sample())
        assert type(result) is tuple
        seen.extend(map(keep, result))
        if result[2] or result[3]:
            seen.extend(map(keep, env.reset()))
    seen.append(repr(env.unwrapped.np_random.bit_generator.state))
    seen.append(repr(env.action_space.np_random.bit_generator.state))
    return seen


def keep(value: Any) -> Any:
    """`value` and its types, to the bit."""
    if isinstance(value, dict):
        return type(value).__name__, [(key, keep(item)) for key, item in value.items()]
    if isinstance(value, tuple | list):
        return type(value).__name__, [keep(item) for item in value]
    if isinstance(value, np.ndarray) and value.dtype != object:
        return str(value.dtype), value.shape, value.tobytes()
    if type(value).__module__.startswith("jax"):
        return type(value).__name__, np.asarray(value).tobytes()
    return type(value).__name__, repr(value)


def quiet_make(id: str, **kwargs: Any) -> Any:
    """`gymnasium.make` without its advice on newer versions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return gym.make(id, **kwargs)


def outcome(do: Any) -> Any:
    """What `do()` gives, or the type and words of what it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return do()
    except Exception as error:
        return type(error), str(error).partition("0x")[0]

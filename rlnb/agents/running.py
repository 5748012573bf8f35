"""Wrappers that count as they go: Gymnasium's NormalizeObservation and NormalizeReward, and others made like them.

The policy learns from what such a wrapper shows, so its counts belong to the policy: all lanes share them, an
environment that is made to judge the policy uses them without counting on, and they go into the file with it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import gymnasium as gym
import numpy as np

PARTS = ("mean", "var", "count")


def counts(env: gym.Env[Any, Any] | None, name: str = "obs_rms") -> list[Any]:
    """The wrappers of `env`, from the outermost on, that keep a running mean called `name`."""
    return [layer for layer in layers(env) if name in vars(layer)]


def layers(env: Any) -> Iterator[Any]:
    """The wrappers of `env`, from the outermost on."""
    while isinstance(env, gym.Wrapper):
        yield env
        env = env.env


def share(one: gym.Env[Any, Any], other: gym.Env[Any, Any]) -> None:
    """Let `other` count together with `one`, which was made in the same way."""
    for name in ("obs_rms", "return_rms"):
        for own, its in zip(counts(one, name), counts(other, name), strict=True):
            setattr(its, name, getattr(own, name))


def freeze(learner: gym.Env[Any, Any] | None, judge: gym.Env[Any, Any]) -> None:
    """Let `judge` show what `learner` would show, count nothing, and give true rewards."""
    own, its = counts(learner), counts(judge)
    if len(own) != len(its):
        where = (
            "the environments that it learns in are out of reach" if learner is None else f"it learned with {len(own)}"
        )
        raise ValueError(
            f"The environment to evaluate in has {len(its)} wrapper(s) that scale observations by what they have seen "
            f"(NormalizeObservation), but {where}: the policy would be shown other numbers. Leave the wrapper out "
            "and take normalize_observations=True (A2C, PPO), or give eval_env= wrapped as env is."
        )
    for one, other in zip(own, its, strict=True):
        setattr(other, "obs_rms", copy.deepcopy(one.obs_rms))  # noqa: B010
    for layer in counts(judge, "return_rms"):
        layer.return_rms.var = np.ones_like(layer.return_rms.var)  # r / √1
    for layer in (*its, *counts(judge, "return_rms")):
        layer.update_running_mean = False


def state(env: gym.Env[Any, Any] | None) -> list[list[Any]]:
    """What the wrappers of `env` have counted, as plain numbers."""
    found = [getattr(layer, name) for name in ("obs_rms", "return_rms") for layer in counts(env, name)]
    return [[np.asarray(getattr(each, part), np.float64).tolist() for part in PARTS] for each in found]


def restore(env: gym.Env[Any, Any] | None, saved: Sequence[Sequence[Any]]) -> None:
    """Take in what `state` gave."""
    found = [getattr(layer, name) for name in ("obs_rms", "return_rms") for layer in counts(env, name)]
    if len(found) != len(saved):
        raise ValueError(
            f"The agent learned behind {len(saved)} wrapper(s) that scale by what they have seen "
            f"(NormalizeObservation, NormalizeReward), the environment given has {len(found)}. "
            "Give env= wrapped as it was."
        )
    for each, numbers in zip(found, saved, strict=True):
        for part, number in zip(PARTS, numbers, strict=True):
            kind = np.asarray(getattr(each, part))
            setattr(each, part, np.asarray(number, kind.dtype).reshape(kind.shape) if kind.ndim else float(number))


def print_of(env: Any) -> list[str]:
    """What tells whether somebody stepped or reset `env`: the steps of its episode and its random numbers."""
    marks = []
    for one in getattr(env.unwrapped, "envs", [env]):
        steps = [getattr(layer, "_elapsed_steps", None) for layer in layers(one)]
        rng = getattr(getattr(one, "unwrapped", one), "_np_random", None)
        marks.append(f"{steps} {None if rng is None else rng.bit_generator.state}")
    return marks

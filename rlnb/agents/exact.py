"""What a tabular policy is really worth: computed from the environment's own probabilities, not played.

Gymnasium's toy-text environments tell them: `env.unwrapped.P[state][action]` is a list of
`(probability, next state, reward, terminated)`. No episode is sampled, so the number has no noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from rlnb.agents.running import layers

UNLIMITED = 100_000


#: Gymnasium's wrappers that change neither what is seen nor what is done nor what it brings.
ONLOOKERS = (
    "TimeLimit", "OrderEnforcing", "PassiveEnvChecker", "RecordEpisodeStatistics", "RecordVideo", "HumanRendering",
    "RenderCollection",
)  # fmt: skip


def changing(env: gym.Env[Any, Any]) -> list[str]:
    """The wrappers that may change what the environment's probabilities speak of."""
    kinds = [type(layer) for layer in layers(env)]
    return [k.__name__ for k in kinds if not (k.__module__.startswith("gymnasium.") and k.__name__ in ONLOOKERS)]


def has_model(env: gym.Env[Any, Any]) -> bool:
    """Whether the environment tells its probabilities, and no wrapper changes what they speak of."""
    return told(env) and not changing(env)


def told(env: gym.Env[Any, Any]) -> bool:
    """Whether the environment itself tells its probabilities."""
    return hasattr(env.unwrapped, "P") and hasattr(env.unwrapped, "initial_state_distrib")


def policy_value(env: gym.Env[Any, Any], policy: Sequence[int] | NDArray[Any], horizon: int | None = None) -> float:
    """Expected undiscounted return of `policy` (an action a state), from the start to the end of an episode.

    `horizon` is the number of steps after which an episode is cut: the environment's own limit where none is given. In
    FrozenLake the value is the probability of success.
    """
    if not isinstance(env, gym.Env):
        raise TypeError(f"policy_value takes an environment, not {env!r:.100}: policy_value(agent.env, agent.policy).")
    if not told(env):
        raise ValueError(f"{env} does not tell its probabilities (env.unwrapped.P). Use agent.evaluate, which plays.")
    if not has_model(env):
        raise ValueError(
            f"The probabilities (env.unwrapped.P) know nothing of what {', '.join(changing(env))} may change. "
            "Use agent.evaluate, which plays."
        )
    model: Any = env.unwrapped
    policy = np.asarray(policy)
    if policy.shape != (len(model.P),):
        raise ValueError(
            f"The policy has the shape {policy.shape}: it must name one action for each of the {len(model.P)} states, "
            "as agent.policy does."
        )
    limit = horizon or (env.spec.max_episode_steps if env.spec is not None else None) or UNLIMITED
    n = len(model.P)
    reward, after = np.zeros(n), np.zeros((n, n))
    for state in range(n):
        for probability, successor, gain, terminated in model.P[state][int(policy[state])]:
            reward[state] += probability * gain
            after[state, successor] += probability * (not terminated)
    value = np.zeros(n)
    for _ in range(limit):
        # V_k(s) = Σ_s' p(s' | s, π(s)) · (r + V_{k−1}(s')): what k more steps bring
        newer = reward + after @ value
        if np.abs(newer - value).max() < 1e-12:
            break
        value = newer
    return float(np.asarray(model.initial_state_distrib) @ value)

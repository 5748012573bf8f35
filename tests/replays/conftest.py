"""A small recorder of its own, so that replay is tested without capture: only the words of rlnb.trace are shared."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rlnb.replays import Worker
from rlnb.trace import Checks, Trace, pack_start

Policy = Callable[[Any, int], Any]


def recipe_of(env: Any) -> dict[str, Any]:
    return {
        "env_id": env.spec.id,
        "spec": env.spec.to_json(),
        "pickled": None,
        "why_not": None,
        "snapshot": "numpy",
        "checked": "every observation and reward",
        "check_every": 1,
        "check_ram": hasattr(env.unwrapped, "ale"),
        "fps": env.metadata.get("render_fps"),
        "max_episode_steps": env.spec.max_episode_steps,
    }


def record(
    env: Any,
    recipe: dict[str, Any],
    policy: Policy | None = None,
    most: int = 10_000,
    seed: int | None = None,
    options: dict[str, Any] | None = None,
) -> Trace:
    """Play one episode on `env` and keep its trace."""
    from gymnasium import spaces

    rng = env.unwrapped.np_random.bit_generator.state
    ale = getattr(env.unwrapped, "ale", None)
    body = b"" if ale is None else ale.cloneState(include_rng=True).__getstate__()
    start = pack_start({"rng": rng, "seed": seed, "options": options}, body)
    observation, _ = env.reset(seed=seed, options=options)
    sums = Checks(recipe["check_every"], ale if recipe.get("check_ram") else None)
    sums.begin(observation)
    actions, rewards, checks = [], [], []
    terminated = truncated = False
    while len(actions) < most and not (terminated or truncated):
        action = env.action_space.sample() if policy is None else policy(observation, len(actions))
        flat = isinstance(env.action_space, spaces.Dict | spaces.Tuple)
        actions.append(spaces.flatten(env.action_space, action) if flat else np.array(action))
        observation, reward, terminated, truncated, _ = env.step(action)
        rewards.append(float(reward))
        checks.append(sums.step(observation, terminated or truncated) & 0xFFFF)
    return Trace(
        recipe=recipe,
        start=start,
        actions=np.array(actions),
        rewards=np.array(rewards, dtype=np.float64),
        checks=np.array(checks, dtype=np.uint16),
        terminated=bool(terminated),
        truncated=bool(truncated),
        finished=bool(terminated or truncated),
    )


def episodes(env_id: str, count: int, most: int = 10_000, **kwargs: Any) -> list[Trace]:
    """`count` unseeded episodes one after another, made without a render mode."""
    import gymnasium

    env = gymnasium.make(env_id, **kwargs)
    recipe = recipe_of(env)
    traces = [record(env, recipe, most=most) for _ in range(count)]
    env.close()
    return traces


def balancing(observation: Any, k: int) -> int:
    """Keeps a CartPole up for its 500 steps, nearly always."""
    return int(observation[2] + 0.5 * observation[3] + 0.02 * observation[0] + 0.05 * observation[1] > 0)


def long_cartpole() -> Trace:
    """A CartPole episode of 500 steps."""
    import gymnasium

    env = gymnasium.make("CartPole-v1")
    for _ in range(50):
        trace = record(env, recipe_of(env), policy=balancing)
        if len(trace) == 500:
            return trace
    raise AssertionError("the balancing rule never held the pole for 500 steps")


def pickled_recipe(factory: Callable[[], Any], **more: Any) -> dict[str, Any]:
    """A recipe for an environment that only this process knows."""
    import cloudpickle

    return {
        "env_id": "Mine-v0",
        "spec": None,
        "pickled": base64.b64encode(cloudpickle.dumps(factory)).decode(),
        "check_every": 1,
        "checked": "every observation and reward",
        **more,
    }


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MuJoCo writes its log into the working folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


@pytest.fixture(scope="session")
def recorder() -> Any:
    """The helpers of this page."""
    return SimpleNamespace(
        record=record, recipe_of=recipe_of, episodes=episodes, balancing=balancing, pickled_recipe=pickled_recipe
    )


@pytest.fixture(scope="session")
def cartpole() -> Trace:
    return long_cartpole()

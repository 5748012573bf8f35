"""Environments side by side, whatever they were given as, without a phantom transition.

After an episode ended a vector environment starts the next one by itself ("autoreset"), in one of three ways. In the
way of Gymnasium's default the step after the end ignores the action and only brings the first observation of the next
episode. Learning from that step would teach something that never happened: here it is marked `valid = False`.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv, VectorEnv, VectorWrapper

from rlnb.agents.spaces import Array, Encoder

EnvLike = str | gym.Env[Any, Any] | VectorEnv[Any, Any, Any] | Callable[[], gym.Env[Any, Any]]
FOR_THE_VECTOR = ("num_envs", "vectorization_mode", "vector_kwargs", "wrappers", "max_episode_steps")
ONLOOKERS = ("RecordEpisodeStatistics", "RecordVideo", "HumanRendering", "DictInfoToList")  # they change no number
SEED_STEP = 10_007  # between the seeds of two lanes, so that runs with seeds 0, 1, 2 … share no lane


class Step(NamedTuple):
    """What one step of all lanes brought. The arrays are used again at the next step: copy what you keep."""

    successor: Array  # [n, …] what the action led to; at an episode's end its last observation
    reward: Array  # [n] float64
    terminated: Array  # [n] bool: the task ended, nothing comes after; its value is 0
    truncated: Array  # [n] bool: the clock ended it, the value of the successor goes on counting
    valid: Array  # [n] bool: False where a vector environment only reset itself


class Lanes:
    """`n` environments stepped together. `obs` is what to act on next, float32 rows or uint8 frames [n, …]."""

    def __init__(self, n: int, encoder: Encoder, action_space: gym.Space[Any]) -> None:
        self.n, self.encoder, self.action_space = n, encoder, action_space
        self.obs: Array = np.zeros((n, *encoder.shape), encoder.dtype)
        self.successor: Array = np.zeros_like(self.obs)
        self.reward, self.length = np.zeros(n), np.zeros(n, np.int64)
        self.terminated, self.truncated = np.zeros(n, bool), np.zeros(n, bool)
        self.valid = np.ones(n, bool)
        self.total = np.zeros(n)
        self.episodes = 0
        self.recent: deque[float] = deque(maxlen=100)  # returns of the newest episodes

    def reset(self, seed: int | None) -> None:
        """Start an episode on every lane; `seed` None leaves the environments' random numbers as they are."""
        raise NotImplementedError

    def step(self, actions: Array) -> Step:
        """Take `actions` [n] or [n, d]; lanes whose episode ended have begun the next one when this returns."""
        raise NotImplementedError

    def close(self) -> None:
        """Close what was made here."""

    def _count(self) -> None:
        self.total += self.reward
        over = self.terminated | self.truncated
        if over.any():
            for i in np.flatnonzero(over):
                self.recent.append(float(self.total[i]))
                self.total[i] = 0.0
                self.episodes += 1

    def _seeds(self, seed: int | None) -> list[int | None]:
        return [None if seed is None else seed + SEED_STEP * i for i in range(self.n)]


class ListLanes(Lanes):
    """Single environments stepped one after another in this process: the least work a step."""

    def __init__(self, envs: Sequence[gym.Env[Any, Any]]) -> None:
        super().__init__(len(envs), Encoder(envs[0].observation_space), envs[0].action_space)
        self.envs = list(envs)
        self._discrete = isinstance(self.action_space, gym.spaces.Discrete)

    def reset(self, seed: int | None) -> None:
        for i, (env, own) in enumerate(zip(self.envs, self._seeds(seed), strict=True)):
            self.obs[i] = self.encoder.one(env.reset(seed=own)[0])
        self.total[:] = 0.0

    def step(self, actions: Array) -> Step:
        one, obs, successor = self.encoder.one, self.obs, self.successor
        choices = actions.tolist() if self._discrete else actions
        for i, env in enumerate(self.envs):
            seen, reward, terminated, truncated, _ = env.step(choices[i])
            self.reward[i], self.terminated[i], self.truncated[i] = reward, terminated, truncated
            successor[i] = obs[i] = one(seen)
            if terminated or truncated:
                obs[i] = one(env.reset()[0])
        self._count()
        return Step(successor, self.reward, self.terminated, self.truncated, self.valid)

    def close(self) -> None:
        for env in self.envs:
            env.close()


class VectorLanes(Lanes):
    """A Gymnasium `VectorEnv` in any of its three ways to reset itself."""

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        super().__init__(env.num_envs, Encoder(env.single_observation_space), env.single_action_space)
        self.env = env
        self.mode = getattr(env.metadata.get("autoreset_mode"), "name", "NEXT_STEP")
        self._over = np.zeros(self.n, bool)

    def reset(self, seed: int | None) -> None:
        apart = isinstance(self.env.unwrapped, SyncVectorEnv | AsyncVectorEnv)  # others take one number only
        seen, _ = self.env.reset(seed=self._seeds(seed) if apart and seed is not None else seed)  # type: ignore[arg-type]
        self.obs[:] = self.encoder.many(seen)
        self.total[:] = 0.0
        self._over[:] = False

    def step(self, actions: Array) -> Step:
        seen, reward, terminated, truncated, info = self.env.step(actions)
        rows = self.encoder.many(seen)
        self.valid = ~self._over if self.mode == "NEXT_STEP" else self.valid
        self.reward[:], self.terminated[:], self.truncated[:] = reward, terminated, truncated
        over = self.terminated | self.truncated
        self.obs[:] = self.successor[:] = rows
        if self.mode == "NEXT_STEP":
            self._over = over
        elif over.any() and self.mode == "SAME_STEP":  # `rows` already begin the next episode
            for i in np.flatnonzero(over):
                self.successor[i] = self.encoder.one(info["final_obs"][i])
        elif over.any():  # DISABLED: the caller resets
            again, _ = self.env.reset(options={"reset_mask": over})
            self.obs[over] = self.encoder.many(again)[over]
        self._count()
        return Step(self.successor, self.reward, self.terminated, self.truncated, self.valid)

    def close(self) -> None:
        self.env.close()


class Source:
    """What the person gave as `env`, and how to make it once more (for more lanes and for evaluation)."""

    def __init__(self, given: EnvLike) -> None:
        if not (isinstance(given, str | gym.Env | VectorEnv) or callable(given)):
            raise TypeError(
                f"env is {given!r}. It can be an id like 'CartPole-v1', an environment, a vector environment, "
                "or a function that makes an environment."
            )
        self.given = given
        spec = getattr(given, "spec", None)
        self.id: str | None = given if isinstance(given, str) else getattr(spec, "id", None)
        self.kwargs = self._arguments(spec)
        self.name = self.id or getattr(given, "__name__", type(given).__name__)

    def _arguments(self, spec: Any) -> dict[str, Any]:
        """What `gym.make(id, ...)` has to be given besides the id."""
        if spec is None:
            return {}
        kwargs, limit = dict(spec.kwargs), spec.max_episode_steps
        if isinstance(self.given, VectorEnv):  # gym.make_vec's own arguments stand among them
            limit = kwargs.get("max_episode_steps", limit)
            kwargs = {name: value for name, value in kwargs.items() if name not in FOR_THE_VECTOR}
        registered = gym.registry.get(spec.id)
        if registered is not None and limit != registered.max_episode_steps:
            kwargs["max_episode_steps"] = -1 if limit is None else limit
        return kwargs

    @cached_property
    def rebuildable(self) -> bool:
        """Whether its id and `kwargs` make the same environment again."""
        if isinstance(self.given, str):
            return True
        spec = getattr(self.given, "spec", None)
        if spec is None or spec.additional_wrappers or spec.kwargs.get("wrappers") or spec.id not in gym.registry:
            return False
        if isinstance(self.given, VectorEnv):
            try:
                self.make().close()
            except ValueError:
                return False
        return True

    def make(self) -> gym.Env[Any, Any]:
        """A new environment like the given one."""
        given = self.given
        if isinstance(given, str):
            return gym.make(given)
        if isinstance(given, VectorEnv):
            return self._single(given)
        if isinstance(given, gym.Env):
            try:
                return gym.make(given.spec) if given.spec is not None else copy.deepcopy(given)
            except Exception as problem:
                raise ValueError(
                    f"{given} cannot be made a second time ({problem}). Give a function that makes it: env=lambda: ..."
                ) from problem
        return given()

    def _single(self, given: VectorEnv[Any, Any, Any]) -> gym.Env[Any, Any]:
        """An environment like one lane of `given`; a ValueError where its id does not make such a one."""
        if given.spec is None:
            raise ValueError("This vector environment has no spec, so no single one can be made. Give eval_env=.")
        layer = given
        while isinstance(layer, VectorWrapper):
            if type(layer).__name__ not in ONLOOKERS:
                raise ValueError(
                    f"The vector environment is wrapped in {type(layer).__name__}, which a single {self.id} has not: "
                    "it would show or count other numbers. Give eval_env=, prepared as the lanes are."
                )
            layer = layer.env
        try:
            env = gym.make(given.spec.id, **self.kwargs)
            for wrapper in given.spec.kwargs.get("wrappers", ()):
                env = wrapper(env)
        except Exception as problem:
            raise ValueError(f"No single {self.id} can be made for {given} ({problem}). Give eval_env=.") from problem
        for what in ("observation_space", "action_space"):
            one, lane = getattr(env, what), getattr(given, f"single_{what}")
            if one != lane:
                env.close()
                raise ValueError(
                    f"A single {self.id} has the {what.replace('_', ' ')} {one}, a lane of the vector environment "
                    f"{lane}. Give eval_env=, prepared as the lanes are."
                )
        return env

    def lanes(self, n_envs: int, mode: str) -> Lanes:
        """`n_envs` of them side by side; a given environment itself is the first."""
        given = self.given
        if isinstance(given, VectorEnv):
            if n_envs not in (1, given.num_envs):
                raise ValueError(
                    f"n_envs={n_envs}, but the vector environment given has {given.num_envs}. Leave n_envs out."
                )
            return VectorLanes(given)
        if mode == "async":
            if isinstance(given, gym.Env):
                raise ValueError("vectorization_mode='async' needs an id or a function that makes the environment.")
            return VectorLanes(AsyncVectorEnv([self.make] * n_envs))
        if mode != "sync":
            raise ValueError(f"vectorization_mode={mode!r}: it is 'sync' (this process) or 'async' (a process each).")
        first = given if isinstance(given, gym.Env) else self.make()
        return ListLanes([first, *(self.make() for _ in range(n_envs - 1))])

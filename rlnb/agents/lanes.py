"""Environments side by side, whatever they were given as, without a phantom transition.

After an episode ended a vector environment starts the next one by itself ("autoreset"), in one of three ways. In the
way of Gymnasium's default the step after the end ignores the action and only brings the first observation of the next
episode. Learning from that step would teach something that never happened: here it is marked `valid = False`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv, VectorEnv

from rlnb.agents.spaces import Array, Encoder

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
        self.ale = type(env.unwrapped).__name__ == "AtariVectorEnv"
        # a lost life ends the episode for the learner, and the game goes on without a reset
        self.lives = self.ale and getattr(env.unwrapped, "ends_with_a_life", False)
        self._over = np.zeros(self.n, bool)

    def reset(self, seed: int | None) -> None:
        seeds: Any = None if seed is None else seed % 2**31  # others take one number only
        if seed is not None and isinstance(self.env.unwrapped, SyncVectorEnv | AsyncVectorEnv):
            seeds = self._seeds(seed)
        elif seed is not None and self.ale:  # one number it counts on from, and lanes would meet those of other seeds
            seeds = np.array(self._seeds(seed)) % 2**31
        seen, _ = self.env.reset(seed=seeds)
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
            self._over = over & (self.truncated | (info["lives"] == 0)) if self.lives else over
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

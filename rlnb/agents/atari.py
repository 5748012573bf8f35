"""Atari: the standard way to prepare the frames, the lesson's way for MsPacman, and settings that belong to them.

>>> from rlnb.agents import DQN, atari
>>> agent = DQN(atari.standard("ALE/Pong-v5"), eval_env=atari.standard("ALE/Pong-v5", training=False),
...             **atari.DQN_STANDARD)                                             # doctest: +SKIP
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv

from rlnb.agents.schedules import Linear

#: DQN as in Mnih et al. 2015 with Adam, sized so that the memory fits a 16 GB card. Steps are agent steps (4 frames).
#: Unlike there: ε falls over a tenth of the run to 0.01, the target is copied every 1,000 steps, gradients are bounded.
DQN_STANDARD: dict[str, Any] = {
    "network": (512,), "learning_rate": 1e-4, "buffer_size": 100_000, "learning_starts": 100_000, "batch_size": 32,
    "train_freq": 4, "target_update_interval": 1000, "exploration_fraction": 0.1, "exploration_final_eps": 0.01,
}  # fmt: skip
#: The same for eight games of `vector`: as many updates, two after each step of all eight.
DQN_VECTOR: dict[str, Any] = {**DQN_STANDARD, "train_freq": 1, "gradient_steps": 2}
#: DQN with the lesson's settings: Nesterov SGD, every number of the gradient held to ±1, ε drawn around a mean.
DQN_LESSON: dict[str, Any] = {
    "network": (256,), "learning_rate": 2.5e-4, "buffer_size": 50_000, "learning_starts": 5_000, "batch_size": 32,
    "train_freq": 4, "target_update_interval": 2_500, "exploration_fraction": 0.3, "exploration_final_eps": 0.1,
    "explorer": "gaussian-epsilon-greedy", "optimizer": "nesterov", "max_grad_norm": None, "max_grad_value": 1.0,
}  # fmt: skip
#: PPO for Atari (Schulman et al. 2017, table 5; 4 epochs and half the weight of the value, as in most code since).
PPO_STANDARD: dict[str, Any] = {
    "network": (512,), "activation": "relu", "n_envs": 8, "n_steps": 128, "batch_size": 256, "n_epochs": 4,
    "learning_rate": Linear(2.5e-4), "clip_range": Linear(0.1), "ent_coef": 0.01, "normalize_advantage": True,
}  # fmt: skip


def _make(env_id: str, **kwargs: Any) -> gym.Env[Any, Any]:
    try:
        import ale_py
    except ImportError:
        raise ImportError("Atari environments need the package ale-py. Install it with:  %pip install ale-py") from None
    gym.register_envs(ale_py)
    return gym.make(env_id, **kwargs)


def standard(env_id: str, frames: int = 4, training: bool = True) -> Callable[[], gym.Env[Any, Any]]:
    """A function that makes `env_id` with 84 × 84 grey frames, every 4th one, the newest `frames` stacked.

    In training a lost life ends the episode for the learner and rewards are cut to −1, 0, 1; with `training=False`
    neither, so that evaluation counts whole games and true scores.
    """

    def make() -> gym.Env[Any, Any]:
        if importlib.util.find_spec("cv2") is None:
            raise ImportError(
                "Atari frames are made small with OpenCV. Install it with:  %pip install opencv-python-headless"
            )
        env: gym.Env[Any, Any] = _make(env_id, frameskip=1)
        env = gym.wrappers.AtariPreprocessing(env, terminal_on_life_loss=False)
        if training:
            env = LifeLoss(env)
        game: Any = env.unwrapped
        if game.get_action_meanings()[1] == "FIRE":
            env = Fire(env, after_life=not training)  # in training a life is an episode, which begins with a reset
        if training:
            env = gym.wrappers.TransformReward(env, lambda reward: float(np.sign(float(reward))))
        return gym.wrappers.FrameStackObservation(env, frames)

    make.__name__ = env_id
    return make


def vector(env_id: str, n_envs: int = 8, frames: int = 4, training: bool = True) -> VectorEnv[Any, Any, Any]:
    """`n_envs` games prepared as `standard` does, stepped together by ALE's own threads: several times as fast.

    For the learner only; to evaluate, give `eval_env=atari.standard(env_id, training=False)` as well.
    """
    _make(env_id).close()
    from ale_py.vector_env import AtariVectorEnv

    spec = gym.spec(env_id)
    given = {name: spec.kwargs[name] for name in ("repeat_action_probability", "full_action_space")}
    # `life_loss_info`: a lost life is an end for the learner, and the game goes on. ALE's `episodic_life` would begin
    # the game anew, so that nobody ever learned what comes after the first life.
    env = AtariVectorEnv(
        spec.kwargs["game"], n_envs, stack_num=frames, life_loss_info=training, reward_clipping=training,
        max_num_frames_per_episode=spec.kwargs.get("max_num_frames_per_episode", 108_000), **given,
    )  # fmt: skip
    env.ends_with_a_life = training  # type: ignore[attr-defined]
    return env


def lesson(env_id: str = "ALE/MsPacman-v5", training: bool = True) -> Callable[[], gym.Env[Any, Any]]:
    """A function that makes MsPacman as the lesson does: 5 small grey frames, four actions, no waiting times."""

    def make() -> gym.Env[Any, Any]:
        env: gym.Env[Any, Any] = _make(env_id, obs_type="grayscale", frameskip=4)
        env = LessonView(SkipWaiting(Directions(env)))
        if training:
            env = LogReward(env)
        return gym.wrappers.FrameStackObservation(env, 5)

    make.__name__ = f"{env_id} (lesson)"
    return make


def lives(env: gym.Env[Any, Any]) -> int:
    """How many lives are left in an Atari game."""
    game: Any = env.unwrapped
    return int(game.ale.lives())


class LifeLoss(gym.Wrapper[Any, Any, Any, Any]):
    """A lost life is a terminal state for the learner; the game goes on at the next reset, and starts anew only when
    over."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self._over, self._lives = True, 0

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        obs, reward, terminated, truncated, info = self.env.step(action)
        self._over, left = terminated or truncated, lives(self.env)
        lost, self._lives = 0 < left < self._lives, left
        return obs, reward, terminated or lost, truncated, info

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        if self._over or seed is not None:
            obs, info = self.env.reset(seed=seed, options=options)
        else:
            obs, _, terminated, truncated, info = self.env.step(0)
            if terminated or truncated:
                obs, info = self.env.reset(seed=seed, options=options)
        self._over, self._lives = False, lives(self.env)
        return obs, info


class Fire(gym.Wrapper[Any, Any, Any, Any]):
    """Presses FIRE after each reset, and with `after_life` after each lost life: in Breakout and others no ball flies
    before."""

    def __init__(self, env: gym.Env[Any, Any], after_life: bool = False) -> None:
        super().__init__(env)
        self.after_life = after_life

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        before = lives(self.env)
        obs, reward, terminated, truncated, info = self.env.step(action)
        if self.after_life and 0 < lives(self.env) < before and not (terminated or truncated):
            obs, more, terminated, truncated, info = self.env.step(1)
            reward = float(reward) + float(more)
        return obs, reward, terminated, truncated, info

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(seed=seed, options=options)
        obs, _, terminated, truncated, info = self.env.step(1)
        return self.env.reset(seed=seed, options=options) if terminated or truncated else (obs, info)


class Directions(gym.ActionWrapper[Any, Any, Any]):
    """Only up, right, left and down: standing still and diagonals bring nothing in a maze."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self.action_space = spaces.Discrete(4)

    def action(self, action: Any) -> int:
        return int(action) + 1


class SkipWaiting(gym.Wrapper[Any, Any, Any, Any]):
    """Steps over the melody at the start and the dying after a lost life, in which actions do nothing."""

    def __init__(self, env: gym.Env[Any, Any], start: int = 65, death: int = 20) -> None:
        super().__init__(env)
        self.start, self.death, self._lives = start, death, 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(seed=seed, options=options)
        for _ in range(self.start):
            obs, _, terminated, truncated, info = self.env.step(0)
            if terminated or truncated:
                obs, info = self.env.reset(options=options)
        self._lives = lives(self.env)
        return obs, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        obs, reward, terminated, truncated, info = self.env.step(action)
        total, left = float(reward), lives(self.env)
        if left < self._lives:
            for _ in range(self.death):
                if terminated or truncated:
                    break
                obs, reward, terminated, truncated, info = self.env.step(0)
                total += float(reward)
        self._lives = left
        return obs, total, terminated, truncated, info


class LessonView(gym.ObservationWrapper[Any, Any, Any]):
    """The maze without the score line, every 4th pixel of it, with a border: 210 × 160 becomes 44 × 44."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self.observation_space = spaces.Box(0, 255, (44, 44), np.uint8)

    def observation(self, observation: Any) -> Any:
        small = observation[:172:4, ::4]  # 43 × 40
        return np.pad(small, ((0, 1), (2, 2)))


class LogReward(gym.Wrapper[Any, Any, Any, Any]):
    """sign(r) · log(1 + |r|), and −log 11 for a lost life: 10 and 1600 points come near each other, and dying hurts."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(seed=seed, options=options)
        self._lives = lives(self.env)
        return obs, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        obs, reward, terminated, truncated, info = self.env.step(action)
        left = lives(self.env)
        shaped = float(np.sign(float(reward)) * np.log1p(abs(float(reward)))) - (
            np.log(11.0) if left < self._lives else 0.0
        )
        self._lives = left
        return obs, shaped, terminated, truncated, info

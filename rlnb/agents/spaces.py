"""Observations as numbers a network or a table takes, and the error for a space an algorithm cannot take."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from gymnasium import Space, spaces
from numpy.typing import NDArray

Array = NDArray[Any]

MOST_ROWS = 20_000_000  # of a table: a few GB
_TABULAR = ("QLearning", "Sarsa", "ExpectedSarsa")
_ROWS = ("DDPG", "TD3", "SAC")  # they take rows of numbers, and no frames
_NEURAL = {
    "discrete": ("Reinforce", "A2C", "PPO", "DQN", "BehaviorCloning"),
    "continuous": ("Reinforce", "A2C", "PPO", "DDPG", "TD3", "SAC", "BehaviorCloning"),
}


def is_finite(space: Space[Any]) -> bool:
    """Whether a table can have a row for each observation of the space."""
    if isinstance(space, spaces.Tuple):
        return all(isinstance(part, spaces.Discrete) for part in space)
    return isinstance(space, spaces.Discrete) or (isinstance(space, spaces.MultiDiscrete) and space.nvec.ndim == 1)


def check_action_space(space: Space[Any], observations: Space[Any], algorithm: str, *kinds: str) -> str:
    """ "discrete" or "continuous"; a ValueError that names the algorithms that can, with such `observations`, where
    `algorithm` cannot."""
    kind = {"Discrete": "discrete", "Box": "continuous"}.get(type(space).__name__)
    if kind is None:
        raise ValueError(
            f"{algorithm} cannot act in {space}: rlnb's agents take Discrete and Box actions. "
            "Wrap the environment so that its actions are one of these (gymnasium.wrappers.TransformAction)."
        )
    if isinstance(space, spaces.Box) and not np.issubdtype(space.dtype, np.floating):
        raise ValueError(
            f"{algorithm} cannot act in {space}: no agent takes whole numbers in a Box. Make it Discrete, or a Box of "
            "floating-point numbers that are rounded inside (gymnasium.wrappers.TransformAction)."
        )
    if kind not in kinds:
        tables = _TABULAR * (kind == "discrete" and is_finite(observations))
        can = [*tables, *(name for name in _NEURAL[kind] if not (is_frames(observations) and name in _ROWS))]
        raise ValueError(f"{algorithm} takes {' or '.join(kinds)} actions, not {space}. These can: {', '.join(can)}.")
    return kind


def is_frames(space: Space[Any]) -> bool:
    """Whether observations of the space are pictures: uint8 with height, width and channels."""
    return isinstance(space, spaces.Box) and len(space.shape) == 3 and space.dtype == np.uint8


class Encoder:
    """Turns observations of one space into float32 rows, or uint8 frames with the channels first.

    Box becomes its numbers in a row; Discrete a one-hot row; Tuple, Dict and Multi… what `gymnasium.spaces.flatten`
    gives; a Box of three dimensions and uint8 stays frames of shape (channels, height, width).
    """

    def __init__(self, space: Space[Any]) -> None:
        self.space = space
        self.dtype: type[np.generic] = np.float32
        self._last = False
        if isinstance(space, spaces.Box):
            self.kind = "box"
            self.shape: tuple[int, ...] = (int(np.prod(space.shape)),)
            if is_frames(space):
                self.kind, self.dtype = "frames", np.uint8
                self._last = space.shape[2] < space.shape[0]  # height, width, channels: the channels go first
                height, width, channels = space.shape
                self.shape = (channels, height, width) if self._last else space.shape
        elif isinstance(space, spaces.Discrete):
            self.kind, self.shape = "one-hot", (int(space.n),)
            self._eye = np.eye(int(space.n), dtype=np.float32)
        elif space.is_np_flattenable:
            self.kind, self.shape = "flat", (int(spaces.flatdim(space)),)
        else:
            raise ValueError(
                f"A network cannot take observations of {space}. Wrap the environment so that they are arrays."
            )

    @property
    def frames(self) -> bool:
        """Whether the rows are pictures."""
        return self.kind == "frames"

    @property
    def colours(self) -> bool:
        """Whether the rows are one coloured picture: channels last, as cameras give them."""
        return self._last and self.shape[0] == 3

    def one(self, obs: Any) -> Array:
        """One observation as a row of `shape`."""
        if self.kind == "box":
            return np.asarray(obs, dtype=np.float32).reshape(-1)
        if self.kind == "frames":
            frame = np.asarray(obs)
            return frame.transpose(2, 0, 1) if self._last else frame
        if isinstance(self.space, spaces.Discrete):
            hot: Array = self._eye[int(obs) - int(self.space.start)]
            return hot
        return np.asarray(spaces.flatten(self.space, obs), dtype=np.float32)

    def many(self, obs: Any) -> Array:
        """A batch, as a `VectorEnv` gives it, as rows."""
        if self.kind == "box":
            return np.asarray(obs, dtype=np.float32).reshape(len(obs), -1)
        if self.kind == "frames":
            batch = np.asarray(obs)
            return batch.transpose(0, 3, 1, 2) if self._last else batch
        if isinstance(self.space, spaces.Discrete):
            hot: Array = self._eye[np.asarray(obs) - int(self.space.start)]
            return hot
        from gymnasium.vector.utils import batch_space, iterate

        whole = batch_space(self.space, len(first_part(self.space, obs)[1]))
        return np.stack([self.one(single) for single in iterate(whole, obs)])

    def is_batch(self, obs: Any) -> bool:
        """Whether `obs` has one dimension more than one observation: its first part, where it has parts."""
        space, part = first_part(self.space, obs)
        return space.shape is not None and np.ndim(part) == len(space.shape) + 1


def not_one(obs: Any, space: Space[Any]) -> ValueError:
    """The error for what is no observation of `space`."""
    shape = f" of the shape {obs.shape}" if isinstance(obs, np.ndarray) and obs.ndim else ""
    pair = isinstance(obs, tuple) and len(obs) == 2 and isinstance(obs[1], dict)
    hint = " env.reset() gives two things: obs, info = env.reset()." if pair else ""
    return ValueError(f"{obs!r:.100}{shape} is no observation of {space}.{hint}")


def first_part(space: Space[Any], obs: Any) -> tuple[Space[Any], Any]:
    """The first space in a Dict or Tuple that is neither, and what `obs` has for it; of other spaces, themselves."""
    while isinstance(space, spaces.Dict | spaces.Tuple) and len(space):
        key: Any = next(iter(space)) if isinstance(space, spaces.Dict) else 0
        space, obs = space[key], obs[key]
    return space, obs


class Table:
    """Numbers the observations of a finite space 0 … n − 1: Discrete, MultiDiscrete and tuples of Discrete."""

    def __init__(self, space: Space[Any], algorithm: str) -> None:
        self.space = space
        self.sizes: tuple[int, ...]
        self.starts: tuple[int, ...]
        if not is_finite(space):
            raise ValueError(
                f"{algorithm} keeps a table with one row an observation: it takes Discrete, MultiDiscrete and Tuples "
                f"of Discrete, not {space}. Take DQN, PPO, A2C or Reinforce, or make a number or a tuple of them of "
                "each observation first (gymnasium.wrappers.TransformObservation)."
            )
        if isinstance(space, spaces.MultiDiscrete):
            self.sizes, self.starts = tuple(map(int, space.nvec)), tuple(map(int, space.start))
        else:
            parts = space if isinstance(space, spaces.Tuple) else [space]
            discrete = [part for part in parts if isinstance(part, spaces.Discrete)]
            self.sizes = tuple(int(part.n) for part in discrete)
            self.starts = tuple(int(part.start) for part in discrete)
        self.n = math.prod(self.sizes)
        if self.n > MOST_ROWS:
            raise ValueError(
                f"{algorithm} keeps a table with one row an observation, and {space} has {self.n:,} of them: more than "
                f"{MOST_ROWS:,} do not fit. Round more coarsely, or take DQN, PPO, A2C or Reinforce."
            )
        self.simple = len(self.sizes) == 1 and isinstance(space, spaces.Discrete) and self.starts == (0,)

    def checked(self, obs: Any) -> int:
        """The row of one observation; a ValueError where it is none of the space."""
        try:
            row = self.index(obs)
        except (TypeError, ValueError, IndexError):
            row = -1
        if not 0 <= row < self.n:
            raise not_one(obs, self.space)
        return row

    def index(self, obs: Any) -> int:
        """The row of one observation: Σ oᵢ · (product of the sizes after i), as in a number with mixed digits."""
        if self.simple:
            return int(obs)
        parts = (obs,) if isinstance(self.space, spaces.Discrete) else obs
        row = 0
        for part, size, start in zip(parts, self.sizes, self.starts, strict=True):
            row = row * size + int(part) - start
        return row

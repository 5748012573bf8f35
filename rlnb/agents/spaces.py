"""Observations as numbers a network or a table takes, and the error for a space an algorithm cannot take."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import Space, spaces
from numpy.typing import NDArray

Array = NDArray[Any]

_TABULAR = ("QLearning", "Sarsa", "ExpectedSarsa")
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
    if kind not in kinds:
        can = _TABULAR * (kind == "discrete" and is_finite(observations)) + _NEURAL[kind]
        raise ValueError(f"{algorithm} takes {' or '.join(kinds)} actions, not {space}. These can: {', '.join(can)}.")
    if isinstance(space, spaces.Box) and not np.issubdtype(space.dtype, np.floating):
        raise ValueError(f"{algorithm} cannot act in {space}: continuous actions must be floating-point numbers.")
    return kind


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
            if len(space.shape) == 3 and space.dtype == np.uint8:
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
                f"{algorithm} keeps a table with one row an observation, and {space} has no finite list of them. "
                "Take DQN, PPO, A2C or Reinforce, or round the observations into boxes first."
            )
        if isinstance(space, spaces.MultiDiscrete):
            self.sizes, self.starts = tuple(map(int, space.nvec)), tuple(map(int, space.start))
        else:
            parts = space if isinstance(space, spaces.Tuple) else [space]
            discrete = [part for part in parts if isinstance(part, spaces.Discrete)]
            self.sizes = tuple(int(part.n) for part in discrete)
            self.starts = tuple(int(part.start) for part in discrete)
        self.n = int(np.prod(self.sizes))
        self.simple = len(self.sizes) == 1 and isinstance(space, spaces.Discrete) and self.starts == (0,)

    def index(self, obs: Any) -> int:
        """The row of one observation: Σ oᵢ · (product of the sizes after i), as in a number with mixed digits."""
        if self.simple:
            return int(obs)
        parts = (obs,) if isinstance(self.space, spaces.Discrete) else obs
        row = 0
        for part, size, start in zip(parts, self.sizes, self.starts, strict=True):
            row = row * size + int(part) - start
        return row

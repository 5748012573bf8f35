"""What the spaces of a vector environment mean for its rows: which actions are kept and how, what is summed up."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from gymnasium import spaces

PLAIN = spaces.Discrete | spaces.Box | spaces.MultiDiscrete | spaces.MultiBinary


def plain(space: Any) -> bool:
    """Whether the actions of all lanes are one array (also where nothing is said of them)."""
    return space is None or isinstance(space, PLAIN)


def narrow(space: Any) -> Any:
    """The smallest type that holds every action of a Discrete space; None for other spaces."""
    if isinstance(space, spaces.Discrete) and space.start >= 0 and space.start + space.n <= 256:
        return np.uint8
    return None


def kind_of(rewards: Any) -> np.dtype[Any]:
    """The type in which rewards are kept: their own where they are numbers."""
    own = np.asarray(rewards).dtype
    return own if own.kind in "biuf" else np.dtype(np.float64)


def checked_every(space: Any) -> int:
    """How many steps lie between two that are summed up: one CartPole in 16, pictures in 64."""
    size = 0 if space is None or space.shape is None else math.prod(space.shape) * np.dtype(space.dtype).itemsize
    return 16 if size <= 1024 else 64

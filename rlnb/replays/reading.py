"""Observations as numbers with names, or as pictures: what the inspector of a step shows. Runs in the worker only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.replays import atlas

MOST_NUMBERS = 512  # of one observation; further ones are counted, not shown
SMALLEST_PICTURE = 16  # pixels: a box of bytes with smaller sides is a table of numbers


class Reader:
    """Reads the observations of one environment.

    `named` has the name and unit of every number that `numbers` gives; `left_out` counts those beyond it.
    """

    def __init__(self, env: Any, env_id: str | None) -> None:
        self.env = env.unwrapped
        self.env_id = env_id
        self.space = env.observation_space
        self.is_picture = is_picture(self.space)
        self.parts = [] if self.is_picture else _parts(self.space)
        size = sum(count for _, count in self.parts)
        self.left_out = max(0, size - MOST_NUMBERS)
        if isinstance(self.parts, list) and len(self.parts) == 1 and not self.parts[0][0]:
            named = atlas.observation(env_id, size)
        else:
            documented = atlas.observation(env_id, size)
            given = [_place(name, i, count) for name, count in self.parts for i in range(count)]
            named = [own if own[0] != str(k) else (given[k], "") for k, own in enumerate(documented)]
        self._cells = _cells(self.env, atlas.base(env_id)) if named == [("state", "")] else None
        self.named = named[:MOST_NUMBERS] + ([] if self._cells is None else [(name, "") for name in self._cells[0]])

    def numbers(self, observation: Any) -> NDArray[Any]:
        """The observation as one row of numbers, in the order of `named`; NaN where it does not follow its space."""
        if self.is_picture:
            return np.empty(0)
        parts = [np.asarray(part).reshape(-1) for part in _leaves(self.space, observation)]
        row = np.concatenate(parts)[:MOST_NUMBERS] if parts else np.empty(0)
        if self._cells is not None:
            row = np.concatenate([row, np.asarray(self._cells[1](int(row[0])))])
        if row.shape != (len(self.named),) or row.dtype.kind not in "biuf":
            return np.full(len(self.named), np.nan)
        return row

    def picture(self, observation: Any) -> NDArray[np.uint8]:
        """An observation that is a picture, as (height, width, 3); stacked grey frames stand side by side."""
        seen = np.asarray(observation)
        if seen.ndim == 3 and seen.shape[2] != 3 and seen.shape[0] <= 16 < seen.shape[2]:
            seen = np.moveaxis(seen, 0, -1)  # channels first
        if seen.ndim == 3 and seen.shape[2] != 3:
            seen = np.concatenate([seen[:, :, i] for i in range(seen.shape[2])], axis=1)
        if seen.ndim == 2:
            seen = np.repeat(seen[:, :, None], 3, axis=2)
        return np.ascontiguousarray(seen, dtype=np.uint8)

    def words(self) -> str:
        """What the observation is, in words."""
        shape = getattr(self.space, "shape", None)
        if self.is_picture:
            return " × ".join(str(side) for side in shape or ()) + " picture"
        return f"and {self.left_out} further numbers" if self.left_out else ""


def is_picture(space: Any) -> bool:
    """Whether observations of this space are meant to be looked at: bytes in two dimensions, or three with channels."""
    shape = getattr(space, "shape", None)
    if shape is None or getattr(space, "dtype", None) != np.uint8 or len(shape) not in (2, 3):
        return False
    return sorted(shape)[-2] >= SMALLEST_PICTURE and (len(shape) == 2 or min(shape) <= SMALLEST_PICTURE)


def _parts(space: Any, name: str = "") -> list[tuple[str, int]]:
    """The leaves of a space: (name, numbers in it)."""
    from gymnasium import spaces

    if isinstance(space, spaces.Dict):
        return [p for key, sub in space.spaces.items() for p in _parts(sub, f"{name}.{key}".lstrip("."))]
    if isinstance(space, spaces.Tuple):
        return [p for i, sub in enumerate(space.spaces) for p in _parts(sub, f"{name}.{i}".lstrip("."))]
    if isinstance(space, spaces.Discrete):
        return [(name, 1)]
    if isinstance(space, spaces.Box | spaces.MultiDiscrete | spaces.MultiBinary):
        return [(name, int(np.prod(space.shape)))]
    return []


def _leaves(space: Any, value: Any) -> list[Any]:
    from gymnasium import spaces

    if isinstance(space, spaces.Dict):
        return [leaf for key, sub in space.spaces.items() for leaf in _leaves(sub, value[key])]
    if isinstance(space, spaces.Tuple):
        return [leaf for i, sub in enumerate(space.spaces) for leaf in _leaves(sub, value[i])]
    return [value] if _parts(space) else []


def _place(name: str, i: int, count: int) -> str:
    return name if count == 1 and name else f"{name}[{i}]"


def _cells(env: Any, base: str) -> tuple[list[str], Any] | None:
    """What the one number of a grid world stands for: its names, and the function that decodes it."""
    if base == "FrozenLake" and hasattr(env, "ncol"):
        columns = int(env.ncol)
        return ["row", "column"], lambda state: divmod(state, columns)
    if base == "CliffWalking" and hasattr(env, "shape"):
        shape = tuple(env.shape)
        return ["row", "column"], lambda state: np.unravel_index(state, shape)
    if base == "Taxi" and hasattr(env, "decode"):
        return ["taxi row", "taxi column", "passenger at (4: in the taxi)", "destination"], lambda s: list(
            env.decode(s)
        )
    return None

"""Actions: frozen at the step (people mutate arrays in place), one array a flush."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import Space, spaces
from numpy.typing import NDArray


def form(space: Any) -> str:
    """ "plain": rows are the actions; "flat": rows are `spaces.flatten(space, action)`; else why it cannot be kept."""
    if isinstance(space, spaces.Discrete | spaces.Box | spaces.MultiDiscrete | spaces.MultiBinary):
        return "plain"
    if isinstance(space, spaces.Dict | spaces.Tuple | spaces.OneOf) and space.is_np_flattenable:
        return "flat"
    return f"its actions ({type(space).__name__}) have no fixed size, so that they are not recorded"


def freezer(space: Any) -> Callable[[Any], Any] | None:
    """What turns an action into a value that nobody else holds; None: actions are numbers already."""
    kind = form(space)
    if isinstance(space, spaces.Discrete):
        return None
    if kind == "plain":
        return _freeze_array
    if kind == "flat":
        return lambda action: spaces.flatten(space, action)
    return lambda action: 0


def column(actions: list[Any], space: Space[Any] | None) -> NDArray[Any]:
    """The actions of a flush as an array of shape (n, *action_shape)."""
    try:
        if type(space) is spaces.Discrete:
            return np.frombuffer(array("q", actions), np.int64)  # refuses all but whole numbers, and is quick
    except (ValueError, TypeError, OverflowError):
        pass
    try:
        rows = np.array(actions)
        if rows.dtype != object and rows.dtype.kind in "biuf":
            if rows.ndim > 1 and isinstance(space, spaces.Discrete):
                rows = rows.reshape(len(actions), -1)[:, 0]
            return rows
    except (ValueError, TypeError, RuntimeError):
        pass
    return _one_by_one(actions, space)


def _one_by_one(actions: list[Any], space: Any) -> NDArray[Any]:
    """Odd actions (tensors, lists, wrong shapes): what fits the most frequent shape is kept, the rest is zero."""
    rows = [_freeze_array(action) for action in actions]
    rows = [row if row.dtype.kind in "biuf" else np.zeros(()) for row in rows]
    if isinstance(space, spaces.Discrete):
        return np.array([row.ravel()[0] if row.size else 0 for row in rows])
    shapes = [row.shape for row in rows]
    shape = max(set(shapes), key=shapes.count)
    return np.array([row if row.shape == shape else np.zeros(shape) for row in rows])


def _freeze_array(action: Any) -> NDArray[Any]:
    if type(action) is np.ndarray:
        return action.copy()
    detach = getattr(action, "detach", None)  # a torch tensor, perhaps on another device
    return np.array(action if detach is None else detach().cpu())

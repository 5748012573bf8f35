"""Drawing an environment of this process between two of its steps, for somebody who looks on.

Only where that is known to change nothing: Gymnasium's own environments that draw with pygame and the emulators of ALE
are drawn where they are; OpenGL wants a process of its own. Any other class is drawn here only where it cannot be run
again elsewhere, and its random numbers are put back should its `render` have drawn some.
"""

from __future__ import annotations

import pickle
import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

OWN = ("gymnasium.envs.classic_control", "gymnasium.envs.toy_text", "gymnasium.envs.box2d", "ale_py.")
GL = ("gymnasium.envs.mujoco", "gymnasium_robotics", "dm_control", "mujoco")


class Disturbed(Exception):
    """Drawing took random numbers that the training would have had; they were put back."""


def draws(env: Any) -> bool:
    """Whether the environment gives pictures, and not through OpenGL."""
    if env is None or getattr(env.unwrapped, "render_mode", None) != "rgb_array":
        return False
    return not any(cls.__module__.startswith(GL) for cls in type(env.unwrapped).__mro__)


def harmless(env: Any) -> bool:
    """Whether it gives pictures, and drawing one is known to change nothing."""
    return draws(env) and env.unwrapped.__class__.__module__.startswith(OWN)


def draw(env: Any) -> NDArray[np.uint8] | None:
    """The present picture, (height, width, 3 or 4) uint8; None where `render` gives none. Raises `Disturbed`.

    The environment itself is asked, below its wrappers: one of them may collect the pictures it is asked for.
    """
    inner = env.unwrapped
    own = getattr(inner, "_np_random", None)
    before = _states(own)
    try:
        picture = inner.render()
    finally:
        disturbed = _put_back(own, before)
    if disturbed:
        raise Disturbed
    fits = isinstance(picture, np.ndarray) and picture.dtype == np.uint8 and picture.ndim == 3
    return picture[:, :, :3].copy() if fits and picture.shape[2] in (3, 4) else None


def _states(own: Any) -> tuple[Any, Any, Any]:
    state = own.bit_generator.state if isinstance(own, np.random.Generator) else None
    return state, np.random.get_state(), random.getstate()


def _put_back(own: Any, before: tuple[Any, Any, Any]) -> bool:
    """Whether anything had to be."""
    moved = [pickle.dumps(now) != pickle.dumps(then) for now, then in zip(_states(own), before, strict=True)]
    if moved[0]:
        own.bit_generator.state = before[0]
    if moved[1]:
        np.random.set_state(before[1])
    if moved[2]:
        random.setstate(before[2])
    return any(moved)

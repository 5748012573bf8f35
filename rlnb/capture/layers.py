"""Which layer of a wrapped environment is recorded: the outermost that can be made again and forgets at a reset."""

from __future__ import annotations

from typing import Any

import gymnasium
from gymnasium import wrappers

from rlnb.capture.recipe import spec_of

REMEMBER = (wrappers.NormalizeObservation, wrappers.NormalizeReward)  # means and variances of all that came before


def remakeable(env: Any) -> Any:
    """The outermost layer of `env` that can be made again from its spec; `env` itself if it has none."""
    layer = below_memory(env)
    while isinstance(layer, gymnasium.Wrapper):
        spec = spec_of(layer)
        if spec is None or all(wrapper.kwargs is not None for wrapper in spec.additional_wrappers):
            return layer
        layer = layer.env
    return layer


def below_memory(env: Any) -> Any:
    """The outermost layer of `env` with no wrapper inside that remembers earlier episodes.

    A normalised observation depends on every step since the environment was made, so an episode of it cannot be run
    again by itself; what reached the layer below can.
    """
    found = layer = env
    while isinstance(layer, gymnasium.Wrapper):
        if isinstance(layer, REMEMBER):
            found = layer.env
        layer = layer.env
    return found

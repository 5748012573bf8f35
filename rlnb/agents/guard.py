"""Stops learning at the first number that is NaN or infinite."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rlnb.agents.spaces import Array


def check_finite(numbers: Mapping[str, Any], step: int) -> None:
    """Raise a FloatingPointError that names what is NaN or infinite, at which step, and what usually causes it."""
    for name, value in numbers.items():
        number = float(value.item() if hasattr(value, "item") else value)
        if not math.isfinite(number):
            raise FloatingPointError(
                f"{name} is {number} at step {step:,}: learning stopped. Usual causes: a learning rate that is too "
                "high, rewards or observations that are huge or NaN themselves, or no bound on the gradient "
                "(max_grad_norm). Try a tenth of the learning rate first."
            )


def check_given(step: int, reward: Array, obs: Array, successor: Array) -> None:
    """Raise a FloatingPointError that names what the environment gave where that is NaN or infinite.

    To be called before statistics or a memory take it in: it would stay there. `obs` and `successor` have one shape;
    frames are whole numbers, which are always finite.
    """
    # Σ x·y is finite only where all of x and all of y are: one product looks at both (and may overflow by itself)
    rows = () if obs.dtype == np.uint8 else (obs, successor)
    if math.isfinite(np.vdot(reward, reward)) and (not rows or math.isfinite(np.vdot(*rows))):
        return
    for name, given in (("reward", reward), *(("observation", part) for part in rows)):
        bad = given[~np.isfinite(given)]
        if len(bad):
            raise FloatingPointError(
                f"{name} is {bad[0]} at step {step:,}: the environment gave it, and learning stopped before anything "
                "was learned from it. Rewards and observations have to be finite numbers: look for a division by zero "
                "or a simulation that ran away. The next learn begins with new episodes."
            )


class Guard:
    """Lets a step of the gradient pass where its numbers are finite.

    On the CPU it looks at once. To look at an accelerator means to wait for it, so there the numbers are judged where
    they are: from the first that is not finite on the learning rate is −1, for which no optimizer moves, and `look`,
    which is called now and then, raises.
    """

    def __init__(self, device: torch.device, *names: str) -> None:
        self.names = names
        self.kept = None if device.type == "cpu" else torch.zeros(len(names), device=device)

    def __call__(self, rate: Any, step: int, *numbers: Tensor | Callable[[], Tensor]) -> Any:
        """The learning rate that may be used after `numbers`, which are those of `names`.

        What is given as a function is worked out on the CPU only where another number is not finite, for its name.
        """
        if self.kept is None:
            if not all(math.isfinite(number) for number in numbers if not callable(number)):
                check_finite(dict(zip(self.names, map(worked_out, numbers), strict=True)), step)
            return rate
        newest = torch.stack([worked_out(number).detach().reshape(()) for number in numbers])
        self.kept.copy_(torch.where(torch.isfinite(self.kept).all(), newest, self.kept))  # the first that are not stay
        return torch.where(torch.isfinite(self.kept).all(), rate, -1.0)

    def look(self, step: int) -> None:
        """Raise a FloatingPointError where a number was not finite; `step` is the present one."""
        if self.kept is not None:
            check_finite(dict(zip(self.names, self.kept.tolist(), strict=True)), step)


def worked_out(number: Tensor | Callable[[], Tensor]) -> Tensor:
    """The number itself."""
    return number() if callable(number) else number

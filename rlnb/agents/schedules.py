"""Numbers that change while an agent learns: a learning rate that falls, an ε that ends small.

A schedule is a function of `done`, the share of the planned steps that is over (0 at the start, 1 at the end):

>>> ramp = Linear(1.0, 0.1, fraction=0.5)     # from 1.0 to 0.1 over the first half, then 0.1
>>> ramp(0.0), ramp(0.25), ramp(0.9)
(1.0, 0.55, 0.1)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Schedule:
    """A value as a function of the share of the planned steps that is over."""

    def __call__(self, done: float) -> float:
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """As plain numbers and words, for a checkpoint; of one of your own only the name, as no file has its code."""
        kind = type(self)
        if kind not in KINDS.values():
            return {"schedule": f"{kind.__module__}.{kind.__qualname__}"}
        return {"schedule": kind.__name__, **asdict(self)}


@dataclass(frozen=True)
class Constant(Schedule):
    """`value`, always."""

    value: float

    def __call__(self, done: float) -> float:
        return self.value


@dataclass(frozen=True)
class Linear(Schedule):
    """A straight line from `start` to `end` over the first `fraction` of the steps, then `end`."""

    start: float
    end: float = 0.0
    fraction: float = 1.0

    def __post_init__(self) -> None:
        _check_fraction(self.fraction)

    def __call__(self, done: float) -> float:
        # v(d) = start + (end − start) · min(d / fraction, 1)
        way = min(max(done, 0.0) / self.fraction, 1.0)
        return self.end if way == 1.0 else self.start + (self.end - self.start) * way


@dataclass(frozen=True)
class Exponential(Schedule):
    """The same factor at every step: from `start` to `end` over the first `fraction` of the steps, then `end`."""

    start: float
    end: float
    fraction: float = 1.0

    def __post_init__(self) -> None:
        _check_fraction(self.fraction)
        if not (self.start > 0 and self.end > 0):
            raise ValueError(
                f"Exponential({self.start}, {self.end}): both values must be above 0, a factor never reaches 0. "
                "Take a small end value, or Linear."
            )

    def __call__(self, done: float) -> float:
        # v(d) = start · (end / start)^min(d / fraction, 1)
        way = min(max(done, 0.0) / self.fraction, 1.0)
        return self.end if way == 1.0 else self.start * math.pow(self.end / self.start, way)


Number = float | Schedule
"""What a setting may be that can change while the agent learns."""

KINDS: dict[str, type[Schedule]] = {kind.__name__: kind for kind in (Constant, Linear, Exponential)}


def as_schedule(value: Number) -> Schedule:
    """A number is a constant schedule; a schedule is itself."""
    return value if isinstance(value, Schedule) else Constant(float(value))


def from_dict(document: Mapping[str, Any]) -> Schedule:
    """The schedule that `Schedule.to_dict` wrote down."""
    numbers = {name: value for name, value in document.items() if name != "schedule"}
    return KINDS[str(document["schedule"])](**numbers)


def _check_fraction(fraction: float) -> None:
    if not 0 < fraction <= 1:
        raise ValueError(
            f"fraction={fraction}: it is the share of the steps that the change takes, above 0 and at most 1."
        )

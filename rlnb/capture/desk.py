"""What capture asks of the control room: a seat for an environment, an ear for events."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from rlnb.events import Event


class Seat(NamedTuple):
    """Where an environment's steps belong."""

    session: str
    lane: int
    group: int


@dataclass(slots=True, eq=False)
class SeatRequest:
    """What is known of a recorded environment when it asks for a seat. Times are `clock.elapsed()` seconds.

    One object an environment: `last_at` is kept up to date by the capture as long as it lives.
    """

    key: int  # of the recorder; never used twice in a process
    place: str  # where it was made: "cell 3, line 7" or "train.py:12"
    env_id: str
    recipe: Mapping[str, Any]  # rlnb.trace.Recipe
    made_at: float
    first_at: float  # its first reset or step
    last_at: float  # its last activity; infinite while an episode of it is open that it can go on with
    owner: weakref.ref[Any]  # the environment; dead when it was dropped
    lanes: int = 1  # a vector environment takes several lanes in a row
    thread: int = 0  # the ident of the thread that reset it first; 0: not known
    seed: int | None = None  # given to a reset that was followed by another one, before the first step


class Desk(Protocol):
    """Implemented by the control room and handed to `Capture`."""

    def seat(self, request: SeatRequest) -> Seat | None:
        """A seat for an environment that has data and none yet; None: recording is off, the data is dropped."""
        ...

    def first_reset(self) -> None:
        """An environment is reset for the first time: whose code that is can be seen on the stack of this thread."""
        ...

    def publish(self, event: Event) -> None:
        """Hear an event."""
        ...

    def tick(self) -> None:
        """Called by the thread that steps, at most 20 times a second. What it raises leaves `env.step`."""
        ...

    def warn(self, message: str) -> None:
        """Say a thing once, in plain words."""
        ...

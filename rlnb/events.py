"""The events on the bus: immutable records of what has happened, named in the past tense.

Events are coarse. A step of an environment is an append to a buffer; what travels here is a flush of that
buffer (about every 100 ms), one event a lane. Columns are NumPy arrays of one length `n`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Status = Literal["running", "paused", "finished", "stopped", "failed", "interrupted"]
Origin = Literal["cell", "block", "script", "evaluation", "imported", "what if"]


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A session began; `at` is in Unix seconds."""

    session: str
    at: float
    name: str
    origin: Origin
    env_id: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    seed: int | None = None
    total_steps: int | None = None
    scratch: bool = False
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """Fields of a session have new values.

    Keys of `fields`: name, note, params, tags, status, seed, scratch, env_id, total_steps, provenance.
    """

    session: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A session ended. `error` is the last line of the exception when `status` is "failed"."""

    session: str
    at: float
    status: Status
    error: str | None = None


@dataclass(frozen=True, slots=True)
class LaneOpened:
    """A concurrent slot of a session was taken by an environment.

    `recipe` says how to make the environment again; see `rlnb.trace.Recipe`. The same lane may be opened again by a
    later environment made at the same place: the newest recipe holds for the episodes that follow it. A vector
    environment takes `width` lanes at once: `lane`, `lane` + 1, ...
    """

    session: str
    at: float
    lane: int
    group: int
    place: str
    recipe: Mapping[str, Any]
    width: int = 1


@dataclass(frozen=True, slots=True)
class EpisodeOpened:
    """An episode is still running at a flush. After a crash this is what is known of it."""

    session: str
    lane: int
    first: int
    started: float
    start: bytes


@dataclass(frozen=True, slots=True)
class StepsRecorded:
    """The steps of one lane since its last flush.

    `first` is the lane's own step index of row 0 and counts on without gaps; it is negative for steps that an episode
    took before this session went on with it (they belong to the trace, not to the session's step count).
    """

    session: str
    lane: int
    group: int
    first: int
    actions: NDArray[Any]  # shape (n, *action_shape)
    rewards: NDArray[np.float64]  # shape (n,)
    checks: NDArray[np.uint16]  # shape (n,): the rolling checksum after each step, see rlnb.trace


@dataclass(frozen=True, slots=True)
class LanesStepped:
    """The steps of all lanes of a vector environment since its last flush: `width` lanes from `lane` on.

    Row k of every lane is its step `first` + k. A row in which a lane was only reset (the step after an end, where the
    autoreset mode is NEXT_STEP) belongs to no episode and is not counted in `steps`.
    """

    session: str
    lane: int
    width: int
    group: int
    first: int
    actions: NDArray[Any]  # shape (n, width, *action_shape)
    rewards: NDArray[Any]  # shape (n, width); one number seen n * width times where all are equal (strides of 0)
    ticks: NDArray[np.int64]  # shape (m,): the steps whose observations were summed up
    checks: NDArray[np.uint16]  # shape (m, width): those sums, see rlnb.trace.check_lanes
    steps: int  # transitions in this session


@dataclass(frozen=True, slots=True)
class StartRows:
    """The packed starts of many episodes of a vector environment: a beginning that many share, and a row of bytes."""

    prefixes: tuple[bytes, ...]
    which: NDArray[np.int64]  # shape (n,): the prefix of each
    rows: NDArray[np.uint8]  # shape (n, size)

    def __len__(self) -> int:
        return len(self.which)

    def __getitem__(self, row: int) -> bytes:
        body: bytes = self.rows[row].tobytes()
        return self.prefixes[int(self.which[row])] + body

    def __iter__(self) -> Iterator[bytes]:
        return (self[row] for row in range(len(self)))

    def part(self, rows: slice) -> StartRows:
        """Some of them."""
        return StartRows(self.prefixes, self.which[rows], self.rows[rows])

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return sum(map(len, self.prefixes)) + self.which.nbytes + self.rows.nbytes


@dataclass(frozen=True, slots=True)
class EpisodesEnded:
    """Episodes that ended (or were cut) since the last flush, in order of their end: of one lane, or (then `lane` is
    an array of shape (n,)) of the lanes of a vector environment."""

    session: str
    lane: int | NDArray[np.int64]
    group: int
    first: NDArray[np.int64]  # the lane's step index of the episode's first step
    length: NDArray[np.int64]  # steps
    returns: NDArray[np.float64]  # undiscounted sum of rewards
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    finished: NDArray[np.bool_]  # False: cut by a reset or by the session's end
    started: NDArray[np.float64]  # Unix seconds
    ended: NDArray[np.float64]  # Unix seconds
    step: NDArray[np.int64]  # steps that the group had taken in this session when the episode ended
    success: NDArray[np.int8]  # info["is_success"]: 1, 0, or -1 where the environment says nothing
    starts: tuple[bytes, ...] | StartRows  # the packed start of each trace, see rlnb.trace

    def __len__(self) -> int:
        return len(self.length)


@dataclass(frozen=True, slots=True)
class FramesTaken:
    """Pictures of an episode that may not be simulated again: its own loop drew them."""

    session: str
    lane: int
    first: int  # the lane's step index of the episode's first step
    steps: NDArray[np.int64]  # (m,): steps taken when each was drawn, rising
    pictures: tuple[bytes, ...]  # (m,): WebP, JPEG or PNG


@dataclass(frozen=True, slots=True)
class MetricsLogged:
    """Numbers that an algorithm logged since the last flush: one entry a name."""

    session: str
    steps: Mapping[str, NDArray[np.int64]]  # environment step at the time of logging (or the step given)
    times: Mapping[str, NDArray[np.float64]]  # Unix seconds
    values: Mapping[str, NDArray[np.float64]]


Event = (
    SessionStarted
    | SessionChanged
    | SessionEnded
    | LaneOpened
    | EpisodeOpened
    | StepsRecorded
    | LanesStepped
    | EpisodesEnded
    | FramesTaken
    | MetricsLogged
)

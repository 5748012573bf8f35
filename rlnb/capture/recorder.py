"""What one environment has done since the last flush: three columns of steps, and where episodes begin and end."""

from __future__ import annotations

import itertools
import math
import threading
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.capture import actions
from rlnb.capture.desk import Seat, SeatRequest
from rlnb.capture.starts import Start, packed
from rlnb.clock import Clock
from rlnb.trace import Recipe

_keys = itertools.count(1)
MIDWAY = "recording began in the middle of the episode: its reset was not seen"


class Episode:
    """One episode. `begin` and `end` count the recorder's rows; the rest is filled in as flushes go by.

    Defaults live on the class: an episode of Frozen Lake has seven steps, and making one must cost little.
    """

    end: int | None = None  # None: still open
    ended: float = 0.0
    terminated: bool = False
    truncated: bool = False
    finished: bool = False
    success: int = -1
    length: int = 0  # steps published
    total: float = 0.0  # their rewards' sum
    packed: bytes = b""
    first: int | None = None  # the lane's step index of its first step, in the present session
    announced: bool = False
    kept: bool = True  # False: its steps so far are lost to a session that goes on with it
    rows: tuple[Rows, ...] = ()  # its steps so far, while it is open

    def __init__(self, begin: int, started: float, start: Start | dict[str, Any]) -> None:
        self.begin = begin
        self.started = started
        self.start = start

    def pack(self) -> bytes:
        """The packed start; made once."""
        if not self.packed:
            self.packed = packed(self.start)
        return self.packed


@dataclass(frozen=True, slots=True)
class Rows:
    """Steps as arrays of one length."""

    actions: NDArray[Any]
    rewards: NDArray[np.float64]
    checks: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.rewards)

    def __getitem__(self, rows: slice) -> Rows:
        return Rows(self.actions[rows], self.rewards[rows], self.checks[rows])


@dataclass(frozen=True, slots=True)
class Taken:
    """What a flush took out of a recorder."""

    recorder: Recorder
    base: int  # the recorder's row number of row 0
    rows: Rows
    episodes: list[Episode]  # in order; only the last can be open


class Recorder:
    """The columns of one environment. Its hooked `step` appends; a flush, in any thread, takes what is there."""

    def __init__(self, env: Any, place: str, clock: Clock) -> None:
        self.key = next(_keys)
        self.place = place
        self.clock = clock
        self.made_at = clock.elapsed()
        self.first_at = self.last_at = math.inf
        self._seen = 0  # rows at the last stamp
        self._request: SeatRequest | None = None
        self.owner: weakref.ref[Any] = weakref.ref(env)
        self.space = getattr(env, "action_space", None)
        self.env_id = "environment"
        self.recipe: Recipe | None = None
        self.seat: Seat | None = None
        self.lock = threading.Lock()
        self.actions: list[Any] = []
        self.rewards: list[Any] = []
        self.checks: list[int] = []  # appended last: its length is the number of whole rows
        self.base = 0
        self.open: Episode | None = None
        self.episodes: list[Episode] = []
        self.begun = False

    # --- called by the hooked methods ---------------------------------------------------------------------------

    def begin(self, start: Start | dict[str, Any]) -> None:
        """A reset has succeeded: what was open is cut, a new episode begins."""
        if not self.begun:
            self.begun = True
            self.first_at = self.clock.elapsed()
        now = self.clock.now()
        with self.lock:
            at = self.base + len(self.checks)
            before = self.open
            if before is not None:
                before.end, before.ended = at, now
                if before.begin == at and self.episodes and self.episodes[-1] is before:
                    self.episodes.pop()  # reset twice: an episode without steps is none
            self.open = Episode(at, now, start)
            self.episodes.append(self.open)

    def ended(self, terminated: bool, truncated: bool, info: Any) -> None:
        """The step just appended was an episode's last."""
        now = self.clock.now()
        success = info.get("is_success") if isinstance(info, dict) else None
        with self.lock:
            self._midway(now)
            episode = self.open
            if episode is None:
                return  # a step after the end: of no episode
            episode.end, episode.ended = self.base + len(self.checks), now
            episode.terminated, episode.truncated, episode.finished = bool(terminated), bool(truncated), True
            if success is not None:
                episode.success = int(bool(success))
            self.open = None

    def closed(self) -> None:
        """The environment was closed: an open episode is cut."""
        with self.lock:
            if self.open is not None:
                self.open.end, self.open.ended = self.base + len(self.checks), self.clock.now()
                self.open = None

    def align(self) -> None:
        """Drop a row that an interrupt left half appended."""
        with self.lock:
            n = len(self.checks)
            del self.actions[n:], self.rewards[n:]

    def _midway(self, now: float) -> None:
        if not self.begun and self.checks:
            self.begun = True
            self.first_at = self.clock.elapsed()
            self.open = Episode(self.base, now, Start(why_not=MIDWAY))
            self.episodes.append(self.open)

    # --- called by the flush ------------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether a flush has nothing to do here."""
        episodes = self.episodes
        return not self.checks and (not episodes or (len(episodes) == 1 and episodes[0] is self.open))

    def take(self) -> Taken:
        """Take everything out but the open episode, which stays (and is part of what was taken)."""
        with self.lock:
            self._midway(self.clock.now())
            n = len(self.checks)
            actions_, rewards, checks = self.actions[:n], self.rewards[:n], self.checks[:n]
            episodes, base = self.episodes, self.base
            self.episodes = [] if self.open is None else [self.open]
            self.base = base + n
            del self.checks[:n], self.rewards[:n], self.actions[:n]
        sums = np.array(checks, np.int64).astype(np.uint16)
        return Taken(self, base, Rows(actions.column(actions_, self.space), _numbers(rewards), sums), episodes)

    def stamp(self) -> None:
        """Note when it was last active: called at each flush, and whenever an environment is made."""
        rows = self.base + len(self.checks)
        if rows != self._seen:
            self._seen, self.last_at = rows, self.clock.elapsed()
        if self._request is not None:
            going = self.open is not None and rows > self.open.begin and self.owner() is not None
            self._request.last_at = math.inf if going else self.last_at

    def request(self) -> SeatRequest:
        """What the desk needs to know; the same object each time."""
        if self._request is None:
            recipe: Any = self.recipe or {"env_id": self.env_id, "why_not": "it was never reset", "snapshot": "none"}
            self._request = SeatRequest(
                self.key, self.place, self.env_id, recipe, self.made_at, self.first_at, self.last_at, self.owner
            )
            self.stamp()
        return self._request


def _numbers(values: list[Any]) -> NDArray[np.float64]:
    try:
        array = np.array(values, dtype=np.float64)
        if array.ndim == 1:
            return array
    except (TypeError, ValueError, RuntimeError):
        pass
    return np.array([_number(value) for value in values], dtype=np.float64)


def _number(value: Any) -> float:
    try:
        return float(np.asarray(value).item())
    except (TypeError, ValueError, RuntimeError):
        return math.nan

"""What one environment has done since the last flush: three columns of steps, and where episodes begin and end."""

from __future__ import annotations

import itertools
import math
import threading
import weakref
from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.capture import actions
from rlnb.capture.desk import Seat, SeatRequest
from rlnb.capture.episodes import Begun, Ended, Episode, Rows, Whole
from rlnb.capture.frames import Tap
from rlnb.capture.starts import Start, torn
from rlnb.clock import Clock
from rlnb.trace import Recipe

_keys = itertools.count(1)
MIDWAY = "recording began in the middle of the episode: its reset was not seen"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a flush took out of a recorder."""

    recorder: Recorder
    base: int  # the recorder's row number of row 0
    rows: Rows
    before: Episode | None  # was open when the flush before this one came: over now, or still open
    over: Whole | None  # began and ended since, in order
    after: Episode | None  # began since and is open
    since: float  # when the flush before this one came (Unix seconds)
    until: float  # when this one came


class Recorder:
    """The columns of one environment. Its hooked `step` appends; a flush, in any thread, takes what is there."""

    def __init__(self, env: Any, place: str, clock: Clock) -> None:
        self.key = next(_keys)
        self.place = place
        self.clock = clock
        self.made_at = clock.elapsed()
        self.first_at = self.last_at = math.inf
        self.thread = 0  # that reset it first
        self._seen = 0  # rows at the last stamp
        self._request: SeatRequest | None = None
        self.owner: weakref.ref[Any] = weakref.ref(env)
        self.space = getattr(env, "action_space", None)
        self.env_id = "environment"
        self.recipe: Recipe | None = None
        self.seat: Seat | None = None
        self.lock = threading.RLock()  # the collector may close an environment that is just being flushed
        self.actions: list[Any] = []
        self.rewards: list[Any] = []
        self.checks: list[int] = []  # appended last: its length is the number of whole rows
        self.base = 0
        self.begin_row = -1  # of the open episode; -1: none is open
        self.begin_at = 0.0
        self.taken_at = clock.now()
        self.start: Begun = b""
        self.seed: int | None = None  # given to a reset that another one followed at once
        self.over: list[Ended] = []
        self.carried: Episode | None = None  # the open episode, once a flush has seen steps of it
        self.begun = False
        self.tap: Tap | None = None  # where frames are taken

    # --- called by the hooked methods ---------------------------------------------------------------------------

    def begin(self, start: Begun) -> None:
        """A reset has succeeded: what was open is cut, a new episode begins."""
        now = self.clock.now()
        with self.lock:
            if not self.begun:
                self._midway(now)
                self.begun, self.first_at = True, min(self.first_at, self.clock.elapsed())
                self.thread = threading.get_ident()
            at = self.base + len(self.checks)
            if -1 < self.begin_row < at:  # reset twice: an episode without steps is none
                self.over.append((self.begin_row, at, self.begin_at, now, False, False, False, -1, self.start))
            elif self.begin_row == at and self.seed is None:
                self.seed = getattr(self.start, "seed", None)
            self.begin_row, self.begin_at, self.start = at, now, start

    def ended(self, terminated: bool, truncated: bool, info: Any) -> None:
        """The step just appended was an episode's last."""
        now = self.clock.now()
        success = info.get("is_success") if isinstance(info, dict) else None
        with self.lock:
            if not self.begun:
                self._midway(now)
            begin = self.begin_row
            if begin < 0:
                return  # a step after the end: of no episode
            self.begin_row = -1
            end, won = self.base + len(self.checks), -1 if success is None else int(bool(success))
            flags = bool(terminated), bool(truncated)
            self.over.append((begin, end, self.begin_at, now, *flags, True, won, self.start))

    def closed(self) -> None:
        """The environment was closed: an open episode is cut."""
        with self.lock:
            begin, at = self.begin_row, self.base + len(self.checks)
            self.begin_row = -1
            if -1 < begin < at:
                now = self.clock.now()
                self.over.append((begin, at, self.begin_at, now, False, False, False, -1, self.start))

    def align(self) -> None:
        """Drop a row that an interrupt left half appended."""
        with self.lock:
            n = len(self.checks)
            del self.actions[n:], self.rewards[n:]

    def tear(self, error: BaseException) -> None:
        """`error` left the environment's step: nobody knows what became of that one."""
        with self.lock:
            begin, at = self.begin_row, self.base + len(self.checks)
            if begin < 0:
                return
            self.start = torn(self.start, at - begin, type(error).__name__)
            if self.carried is not None:
                self.carried.start, self.carried.packed = (
                    torn(self.carried.start, at - begin, type(error).__name__),
                    b"",
                )

    def _midway(self, now: float) -> None:
        if not self.begun and self.checks:
            self.begun = True
            self.first_at = self.clock.elapsed()
            self.begin_row, self.begin_at, self.start = self.base, now, Start(why_not=MIDWAY)

    # --- called by the flush ------------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether a flush has nothing to do here."""
        return not self.checks and not self.over

    def take(self) -> Taken | None:
        """Take everything out; None where there is nothing. An episode that is open is part of what was taken, and
        stays as `carried`."""
        now = self.clock.now()
        if self.idle:
            self.taken_at = now
            return None
        with self.lock:
            self._midway(now)
            n = len(self.checks)
            actions_, rewards, checks = self.actions[:n], self.rewards[:n], self.checks[:n]
            over, base, before = self.over, self.base, self.carried
            self.over, self.base = [], base + n
            del self.checks[:n], self.rewards[:n], self.actions[:n]
            since, self.taken_at = self.taken_at, now
            if before is not None and over:  # the first to end is the one that was open
                before.close(over.pop(0))
                self.carried = None
            after = None
            if self.carried is None and -1 < self.begin_row < self.base:
                after = self.carried = Episode(self.begin_row, self.begin_at, self.start)
        sums = np.frombuffer(array("I", checks), np.uint32).astype(np.uint16)
        rows = Rows(actions.column(actions_, self.space), _numbers(rewards), sums)
        whole = Whole(over, base, rows.rewards) if over else None
        return Taken(self, base, rows, before, whole, after, since, now)

    def stamp(self) -> None:
        """Note when it was last active: called at each flush, and whenever an environment is made."""
        rows = self.base + len(self.checks)
        if rows != self._seen:
            self._seen, self.last_at = rows, self.clock.elapsed()
        if self._request is not None:
            going = -1 < self.begin_row < rows and self.owner() is not None
            self._request.last_at = math.inf if going else self.last_at

    def request(self) -> SeatRequest:
        """What the desk needs to know; the same object each time."""
        if self._request is None:
            recipe: Any = self.recipe or {"env_id": self.env_id, "why_not": "it was never reset", "snapshot": "none"}
            self._request = SeatRequest(
                self.key, self.place, self.env_id, recipe, self.made_at, self.first_at, self.last_at, self.owner,
                thread=self.thread, seed=self.seed,
            )  # fmt: skip
            self.stamp()
        return self._request


def _numbers(values: list[Any]) -> NDArray[np.float64]:
    try:
        numbers = np.array(values, dtype=np.float64)
        if numbers.ndim == 1:
            return numbers
    except (TypeError, ValueError, RuntimeError, OverflowError):
        pass
    return np.array([_number(value) for value in values], dtype=np.float64)


def _number(value: Any) -> float:
    try:
        return float(np.asarray(value).item())
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return math.nan

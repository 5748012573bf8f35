"""What a vector environment has done since the last flush: rows of all lanes, and the episodes that ended in them.

A step copies its row into arrays. When those are full, or a flush or a reset comes, they are looked through all at
once (`_digest`): a Python loop over lanes would cost more than a thousand CartPoles take to step.
"""

from __future__ import annotations

import itertools
import math
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.capture.desk import Seat, SeatRequest
from rlnb.capture.interrupts import held_back
from rlnb.capture.lane_returns import Returns
from rlnb.capture.lane_rows import Chunk, Ends
from rlnb.capture.lane_spaces import checked_every, kind_of, narrow, plain
from rlnb.capture.lane_starts import Starts, starts_of
from rlnb.capture.recorder import MIDWAY
from rlnb.clock import Clock
from rlnb.trace import Recipe, check_lanes

_keys = itertools.count(-1, -1)  # those of single environments are positive
CELLS = 65_536  # lane-steps of one look
NO_EPISODE = -1


class VectorRecorder:
    """The rows of one vector environment."""

    def __init__(self, env: Any, place: str, clock: Clock, mode: str, starts: Starts | None = None) -> None:
        self.key = next(_keys)
        self.place, self.clock, self.mode = place, clock, mode
        self.made_at = clock.elapsed()
        self.first_at = self.last_at = math.inf
        self.thread = 0  # that reset it first
        self.owner: weakref.ref[Any] = weakref.ref(env)
        self.env_id = "environment"
        self.recipe: Recipe | None = None
        self.again: Callable[[], Any] | None = None  # makes another one like it
        self.lock = threading.RLock()  # a flush may come from another thread, between an action and its step too
        self._acted = False  # the actions of row `n` are there
        self.seat: Seat | None = None
        self._seen = 0  # tick at the last stamp
        self.looked_at = 0.0  # by the publisher
        self._request: SeatRequest | None = None
        self.lanes = int(env.num_envs)
        self.gap = 2 if mode == "NextStep" else 1  # from an end to the next episode's first step
        self.starts = starts or starts_of(env, self.lanes)
        self.every = checked_every(getattr(env, "single_observation_space", None))
        self.tick = 0  # of the next row
        self._inner = self.starts.how == "inner"
        self.begun = False
        self.begin = np.full(self.lanes, NO_EPISODE, np.int64)  # tick of each lane's first step
        self.started = np.zeros(self.lanes)
        self.returns = Returns(self.lanes)
        self._late = np.zeros(0, np.int64)  # lanes that the very next step resets
        self._after_end = np.zeros(self.lanes, np.bool_)
        self.size = min(1024, max(16, CELLS // self.lanes))
        self.n = 0  # rows that wait for a look
        self._actions: NDArray[Any] | None = None
        self._blind = not plain(getattr(env, "single_action_space", None))  # actions that are not kept
        self._action_type = narrow(getattr(env, "single_action_space", None))
        self._rewards: NDArray[Any] | None = None
        self._terminated = np.zeros((self.size, self.lanes), np.bool_)
        self._truncated = np.zeros((self.size, self.lanes), np.bool_)
        self._times = np.zeros(self.size)
        self._notes: list[Any] = [None] * self.size
        self._ticks: list[int] = []
        self._checks: list[NDArray[np.uint16]] = []
        self._success: list[tuple[int, NDArray[np.int8]]] = []
        self.chunks: list[Chunk] = []
        self.ends: list[Ends] = []

    # --- called by the hooked methods ---------------------------------------------------------------------------

    def act(self, env: Any, actions: Any) -> None:
        """Before a step: keep the actions, which may be changed in place later."""
        if self._inner:
            self.starts.before_step(env)
        with self.lock:
            if self._actions is None:
                first = np.zeros(self.lanes, np.uint8) if self._blind else np.asarray(actions)
                self._actions = np.zeros((self.size, *first.shape), self._action_type or first.dtype)
            if not self._blind:
                self._actions[self.n] = actions
            self._acted = True

    def add(self, env: Any, result: tuple[Any, ...], at: float) -> None:
        """After a step: the row is whole."""
        with self.lock:
            self._add(env, result, at)

    def _add(self, env: Any, result: tuple[Any, ...], at: float) -> None:
        observations, rewards, terminated, truncated, info = result
        n = self.n
        if self._rewards is None:
            self._rewards = np.zeros((self.size, self.lanes), kind_of(rewards))
            if not self.begun:
                self._midway()
        self._rewards[n] = rewards
        self._terminated[n] = terminated
        self._truncated[n] = truncated
        self._times[n] = at
        if self.starts.how == "state":
            self._notes[n] = env.state
        elif self._inner:
            self.starts.after_step()
        if not self.tick % self.every:
            self._ticks.append(self.tick)
            self._checks.append(check_lanes(observations, self.lanes))
        if info and "is_success" in info:
            there = np.asarray(info.get("_is_success", True), np.bool_)
            self._success.append((n, np.where(there, np.asarray(info["is_success"], np.bool_), -1).astype(np.int8)))
        self._acted = False
        self.tick += 1
        self.n = n + 1
        if n + 1 == self.size:
            self._digest()

    def reset(self, env: Any, mask: NDArray[np.bool_] | None, prefix: bytes) -> None:
        """A reset has succeeded, of all lanes or of those in `mask`: open episodes are cut, new ones begin."""
        with self.lock:
            self._reset(env, mask, prefix)

    def _reset(self, env: Any, mask: NDArray[np.bool_] | None, prefix: bytes) -> None:
        self._digest()
        if not self.begun:
            self.begun, self.thread = True, threading.get_ident()
            self.first_at = self.clock.elapsed()
        lanes = np.arange(self.lanes) if mask is None else np.flatnonzero(mask)
        now = time.monotonic()
        self._cut(lanes, now)
        self.starts.after_reset(env, lanes, prefix, self.tick, masked=len(lanes) < self.lanes)
        self.begin[lanes], self.started[lanes] = self.tick, now
        self.returns.forget(lanes)
        self._after_end[lanes] = False
        self._late = np.setdiff1d(self._late, lanes)

    def closed(self) -> None:
        """The environment was closed: open episodes are cut."""
        with self.lock:
            self._digest()
            self._cut(np.arange(self.lanes), time.monotonic())
            self.begin[:] = NO_EPISODE

    def _midway(self) -> None:
        """Recording began in the middle: what is not known of the lanes' episodes cannot be replayed."""
        self.begun = True
        self.first_at = self.clock.elapsed()
        self.begin[:], self.started[:] = self.tick, time.monotonic()
        self.starts.spoil(np.arange(self.lanes), MIDWAY)

    def _cut(self, lanes: NDArray[np.int64], now: float) -> None:
        lanes = lanes[(self.begin[lanes] != NO_EPISODE) & (self.begin[lanes] < self.tick)]
        if len(lanes):
            self.ends.append(self.unfinished(lanes, now))

    def unfinished(self, lanes: NDArray[np.int64], now: float) -> Ends:
        """The open episodes of these lanes as rows."""
        k = len(lanes)
        no = np.zeros(k, np.bool_)
        return Ends(
            lanes, self.begin[lanes], np.full(k, self.tick - 1), self.returns.open[lanes], no, no, no,
            self.started[lanes], np.full(k, now), np.full(k, -1, np.int8), self.starts.which[lanes],
            self.starts.rows[lanes],
        )  # fmt: skip

    def long_open(self, since: float, known: NDArray[np.int64]) -> Ends:
        """The open episodes that began before the time `since`, but for those that began at the ticks `known`."""
        with self.lock:
            there = (self.begin != NO_EPISODE) & (self.begin < self.tick - self.n) & (self.begin != known)
            return self.unfinished(np.flatnonzero(there & (self.started <= since)), since)

    # --- a look at the rows -------------------------------------------------------------------------------------

    def _digest(self) -> None:
        if self.n:
            with held_back():
                self._look_through()

    def _look_through(self) -> None:
        n, size = self.n, self.size
        self.starts.notes = self._notes[:n]
        assert self._actions is not None and self._rewards is not None
        base = self.tick - n
        rewards = self._rewards[:n]
        done = self._terminated[:n] | self._truncated[:n]
        if len(self._late):
            self.starts.rows[self._late] = self.starts.gather([0], [self._late], base)
        skip = np.zeros_like(done)  # rows of no episode
        if self.gap == 2:
            skip[0] = self._after_end
            skip[1:] = done[:-1]
            done &= ~skip
        lane, row = self._ends_of(done, skip, base)
        order = np.argsort(row.astype(np.int16), kind="stable")
        counts, skipped = self._counts(skip, lane, row)
        first = np.ones(len(lane), np.bool_)  # the lane's first end in these rows
        first[1:] = lane[1:] != lane[:-1]
        after = base + row + self.gap  # tick of the next episode's first step
        begin = np.where(first, self.begin[lane], np.concatenate(([0], after[:-1])))
        totals, rewards = self.returns.ended(rewards, skip, skipped, done, lane, row, begin - base, first)
        new_rows, late = self._new_starts(lane, row + self.gap - 1, base, order)
        rows = self.starts.rows[lane]
        rows[~first] = new_rows[:-1][~first[1:]]
        started = self.started[lane]
        ended = self._times[row]
        started[~first] = ended[:-1][~first[1:]]
        following = self.starts.following(lane)
        which = np.where(first, self.starts.which[lane], following)
        success = np.full(len(lane), -1, np.int8)
        for at, values in self._success:
            here = row == at
            success[here] = values[lane[here]]
        ends = Ends(
            lane, begin, base + row, totals, self._terminated[row, lane], self._truncated[row, lane],
            np.ones(len(lane), np.bool_), started, ended, success, which, rows,
        )  # fmt: skip
        if len(lane):
            self.ends.append(Ends(*(getattr(ends, name)[order] for name in Ends.__slots__)))
            last = np.ones(len(lane), np.bool_)
            last[:-1] = first[1:]
            own = lane[last]
            self.starts.rows[own], self.starts.which[own] = new_rows[last], following[last]
            self.begin[own] = NO_EPISODE if self.mode == "Disabled" else after[last]
            self.started[own] = ended[last]
        self._late = late
        self._after_end = (self._terminated[n - 1] | self._truncated[n - 1]) & ~skip[n - 1]
        ticks = np.array(self._ticks, np.int64)
        checks = np.array(self._checks, np.uint16).reshape(len(ticks), self.lanes)
        self.chunks.append(Chunk(base, self._actions[:n], rewards, ticks, checks, counts))
        waiting = self._actions[n] if self._acted else None
        self._actions = np.zeros((size, *self._actions.shape[1:]), self._actions.dtype)
        if waiting is not None:
            self._actions[0] = waiting
        if rewards.strides != (0, 0):
            self._rewards = np.zeros_like(self._rewards)
        self._ticks, self._checks, self._success = [], [], []
        self.n = 0

    def _ends_of(
        self, done: NDArray[np.bool_], skip: NDArray[np.bool_], base: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Lane and row of each end, by lane and then by row. Without autoreset a lane has none after its first."""
        by_lane = np.ascontiguousarray(done.T)
        lane, row = np.divmod(np.flatnonzero(by_lane), len(done))
        if self.mode != "Disabled":
            return lane, row
        keep = np.ones(len(lane), np.bool_)
        keep[1:] = lane[1:] != lane[:-1]
        keep &= self.begin[lane] != NO_EPISODE
        lane, row = lane[keep], row[keep]
        skip[:, self.begin == NO_EPISODE] = True
        for one, at in zip(lane.tolist(), row.tolist(), strict=True):
            skip[at + 1 :, one] = True
        return lane, row

    def _counts(
        self, skip: NDArray[np.bool_], lane: NDArray[np.int64], row: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The lanes that took a step of an episode in each row, and the rows in which each lane took none."""
        n = len(skip)
        if self.mode == "Disabled":
            return self.lanes - np.count_nonzero(skip, axis=1), np.count_nonzero(skip, axis=0)
        if self.gap == 1:
            return np.full(n, self.lanes, np.int64), np.zeros(self.lanes, np.int64)
        at_rest = np.bincount(row + 1, minlength=n + 1)[:n]
        at_rest[0] += np.count_nonzero(self._after_end)
        return self.lanes - at_rest, np.bincount(lane[row + 1 < n], minlength=self.lanes) + self._after_end

    def _new_starts(
        self, lane: NDArray[np.int64], row: NDArray[np.int64], base: int, order: NDArray[np.int64]
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """The starts of the episodes that follow the ended ones (their lanes were reset within step `row`), and the
        lanes that only the next step will reset. `order` sorts by row."""
        found = np.zeros((len(lane), *self.starts.rows.shape[1:]), self.starts.rows.dtype)
        if self.mode == "Disabled" or not len(lane):
            return found, np.zeros(0, np.int64)
        bounds = np.searchsorted(row[order], np.arange(self.n + 1)).tolist()
        by_row = lane[order]
        rows = [k for k in range(self.n) if bounds[k] < bounds[k + 1]]
        if rows:
            parts = [by_row[bounds[k] : bounds[k + 1]] for k in rows]
            found[order[: bounds[-1]]] = self.starts.gather(rows, parts, base)
        return found, by_row[bounds[-1] :]

    # --- called by the flush ------------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether a flush has nothing to do here."""
        return not self.n and not self.chunks and not self.ends

    def take(self) -> tuple[list[Chunk], list[Ends]]:
        """Everything that is whole."""
        with self.lock:
            self._digest()
            taken = self.chunks, self.ends
            self.chunks, self.ends = [], []
            return taken

    def stamp(self) -> None:
        """Note when it was last active."""
        if self.tick != self._seen:
            self._seen, self.last_at = self.tick, self.clock.elapsed()
        if self._request is not None:
            self._request.last_at = self.last_at

    def request(self) -> SeatRequest:
        """What the desk needs to know; the same object each time."""
        if self._request is None:
            recipe: Any = self.recipe or {"env_id": self.env_id, "why_not": "it was never reset", "snapshot": "none"}
            self._request = SeatRequest(
                self.key, self.place, self.env_id, recipe, self.made_at, self.first_at, self.last_at, self.owner,
                self.lanes, self.thread,
            )  # fmt: skip
            self.stamp()
        return self._request

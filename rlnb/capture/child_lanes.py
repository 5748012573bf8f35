"""The lanes of worker processes in the parent's sessions.

A worker counts its steps from its own beginning and knows of no session. Here its events are moved to where they
belong: the step of the lane, the step of the group, and at the end of a session the episode that is open then.
"""

from __future__ import annotations

import time
import weakref
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rlnb.capture.desk import Desk, Seat, SeatRequest
from rlnb.events import EpisodeOpened, EpisodesEnded, FramesTaken, StepsRecorded
from rlnb.trace import pack_start

CARRY_MOST = 1_000_000  # steps of an open episode that are kept for a session that may go on with it
TOO_LONG = f"it had taken more than {CARRY_MOST:,} steps when the session before this one ended"
NOT_KEPT = "its first steps were taken while recording was off"


@dataclass
class ChildLane:
    """One environment in a worker process."""

    request: SeatRequest
    seat: Seat | None = None
    origin: int = 0  # the worker's step that is step 0 of the lane in this session
    upto: int = 0  # the worker's next step
    since: int = 0  # where the first episode of this session began
    known: int = 0  # of the worker's steps before this one, nothing can be replayed any more
    why: str = ""
    open_first: int = 0  # where the open episode began
    opened: EpisodeOpened | None = None
    rows: list[StepsRecorded] = field(default_factory=list)  # of the open episode
    flush_first: int = 0  # the worker's first step of this flush


class ChildPublisher:
    """Publishes what workers shipped; `groups` counts the steps of each group, together with all others'."""

    def __init__(self, desk: Desk, groups: dict[int, int]) -> None:
        self._desk = desk
        self._groups = groups
        self._next: dict[int, int] = {}  # lane -> its next step in this session
        self._sitters: dict[int, int] = {}

    def publish(self, shipped: list[tuple[ChildLane, list[Any]]]) -> None:
        """One flush: every worker's events at once, so that steps of a group can be counted across its lanes."""
        before = dict(self._groups)
        rows: dict[int, int] = {}
        own: dict[int, int] = {}
        for lane, events in shipped:
            lane.flush_first = lane.upto
            n = sum(len(event.rewards) for event in events if isinstance(event, StepsRecorded))
            seat = self._seat(lane) if n else lane.seat  # an end alone begins nothing: its session is over
            own[id(lane)] = n
            if seat is not None:
                rows[seat.group] = rows.get(seat.group, 0) + n
        for lane, events in shipped:
            seat = lane.seat
            pace = rows.get(seat.group, 0) / max(own[id(lane)], 1) if seat is not None else 1.0
            for event in events:
                if isinstance(event, StepsRecorded):
                    self._steps(lane, seat, event)
                elif isinstance(event, EpisodesEnded):
                    self._ended(lane, seat, event, before.get(seat.group, 0) if seat else 0, pace)
                elif isinstance(event, FramesTaken):
                    self._frames(lane, seat, event)
                else:
                    self._opened(lane, seat, event)
        for group, n in rows.items():
            self._groups[group] = self._groups.get(group, 0) + n

    def cut(self, lane: ChildLane) -> None:
        """The session ends, or the worker is gone: the open episode becomes an unfinished row."""
        seat, opened = lane.seat, lane.opened
        lane.seat = None
        if seat is None or opened is None or lane.upto <= max(lane.open_first, lane.known):
            return
        rewards = [event.rewards for event in lane.rows] or [np.zeros(0)]
        first = max(lane.open_first, lane.known)
        start = _lost(lane) if first > lane.open_first else opened.start
        total = float(np.add.accumulate(np.concatenate(([0.0], *rewards)))[-1])
        one, no = np.ones(1, np.int64), np.zeros(1, np.bool_)
        self._desk.publish(
            EpisodesEnded(
                seat.session, seat.lane, seat.group, one * (first - lane.origin), one * (lane.upto - first),
                np.array([total]), no, no, no, np.array([opened.started]), np.array([time.time()]),
                one * self._groups.get(seat.group, 0), np.full(1, -1, np.int8), (start,),
            )
        )  # fmt: skip

    def forget(self) -> None:
        """After all are cut: the next session counts anew."""
        self._next.clear()
        self._sitters.clear()

    def _seat(self, lane: ChildLane) -> Seat | None:
        if lane.seat is not None and self._sitters.get(lane.seat.lane) == lane.request.key:
            return lane.seat
        moved = lane.seat is not None
        seat = lane.seat = self._desk.seat(lane.request)
        if seat is None:
            return None
        self._sitters[seat.lane] = lane.request.key
        behind = self._next.get(seat.lane, 0)
        lane.origin = lane.upto - behind
        lane.since = lane.rows[0].first if lane.rows else lane.upto
        if lane.opened is not None and (behind or moved):
            lane.known, lane.why, lane.rows = lane.upto, "its lane was taken by another environment meanwhile", []
        for event in lane.rows:  # the episode goes on from an earlier session: its steps so far come first
            first = event.first - lane.origin
            self._desk.publish(replace(event, session=seat.session, lane=seat.lane, group=seat.group, first=first))
        return seat

    def _steps(self, lane: ChildLane, seat: Seat | None, event: StepsRecorded) -> None:
        lane.upto = event.first + len(event.rewards)
        if seat is None:
            lane.known, lane.why, lane.rows = lane.upto, NOT_KEPT, []
            return
        first = event.first - lane.origin
        self._desk.publish(replace(event, session=seat.session, lane=seat.lane, group=seat.group, first=first))
        self._next[seat.lane] = lane.upto - lane.origin
        lane.rows.append(event)
        if lane.upto - lane.open_first > CARRY_MOST:
            lane.known, lane.why, lane.rows = lane.upto, TOO_LONG, []

    def _ended(self, lane: ChildLane, seat: Seat | None, event: EpisodesEnded, before: int, pace: float) -> None:
        ends = event.first + event.length
        lane.open_first, lane.opened = int(ends[-1]), None
        lane.rows = [cut for cut in (_after(rows, lane.open_first) for rows in lane.rows) if cut is not None]
        if seat is None:
            return
        lost = np.clip(np.minimum(lane.known - event.first, event.length), 0, None)
        starts = tuple(
            _lost(lane) if gone else start for start, gone in zip(event.starts, (lost > 0).tolist(), strict=True)
        )
        self._desk.publish(
            replace(
                event,
                session=seat.session,
                lane=seat.lane,
                group=seat.group,
                first=event.first + lost - lane.origin,
                length=event.length - lost,
                step=(before + pace * (ends - lane.flush_first)).astype(np.int64),
                starts=starts,
            )
        )

    def _opened(self, lane: ChildLane, seat: Seat | None, event: EpisodeOpened) -> None:
        lane.opened = event
        if seat is not None and event.first >= lane.known:
            self._desk.publish(replace(event, session=seat.session, lane=seat.lane, first=event.first - lane.origin))

    def _frames(self, lane: ChildLane, seat: Seat | None, event: FramesTaken) -> None:
        """Pictures of an episode of this session, if all its steps are there."""
        if seat is not None and event.first >= max(lane.since, lane.known):
            self._desk.publish(replace(event, session=seat.session, lane=seat.lane, first=event.first - lane.origin))


def _lost(lane: ChildLane) -> bytes:
    return pack_start({"why_not": lane.why})


def _after(event: StepsRecorded, first: int) -> StepsRecorded | None:
    """The rows from the worker's step `first` on."""
    skip = first - event.first
    if skip <= 0:
        return event
    if skip >= len(event.rewards):
        return None
    actions, rewards, checks = event.actions[skip:], event.rewards[skip:], event.checks[skip:]
    return replace(event, first=first, actions=actions, rewards=rewards, checks=checks)


def request_of(
    key: int, place: str, env_id: str, recipe: Any, made_at: float, first_at: float, owner: weakref.ref[Any]
) -> SeatRequest:
    """A worker's environment as the desk wants to know it."""
    return SeatRequest(key, place, env_id, recipe, made_at, first_at, first_at, owner)

"""From what recorders have taken down to events: who sits where, which step of the lane, which step of the group."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from rlnb.capture.desk import Desk, Seat
from rlnb.capture.recorder import Episode, Recorder, Rows, Taken
from rlnb.capture.starts import Start
from rlnb.events import EpisodeOpened, EpisodesEnded, StepsRecorded

CARRY_MOST = 1_000_000  # steps of an open episode that are kept for a session that may go on with it
TOO_LONG = f"it had taken more than {CARRY_MOST:,} steps when the session before this one ended"
NOT_KEPT = "its first steps were taken while recording was off"


class Publisher:
    """Turns flushes into events for the present session, and keeps the count of its lanes and groups."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lanes: dict[int, int] = {}  # lane -> steps
        self._sitters: dict[int, int] = {}  # lane -> key of the recorder that holds it
        self.groups: dict[int, int] = {}  # group -> steps

    def publish(self, takes: Iterable[Taken]) -> None:
        """One flush: every recorder's data at once, so that steps of a group can be counted across its lanes."""
        seated: list[tuple[Seat, Taken]] = []
        for taken in sorted(takes, key=lambda t: t.recorder.first_at):
            if not len(taken.rows) and not any(e.end is not None and e.first is not None for e in taken.episodes):
                continue  # no step, and no end of an episode that this session knows
            if self._follows(taken.recorder, seated):
                self._publish(seated)
                seated = []
            seat = self._seat(taken.recorder)
            if seat is None:
                _drop(taken)
            else:
                seated.append((seat, taken))
        self._publish(seated)

    def _follows(self, recorder: Recorder, seated: list[tuple[Seat, Taken]]) -> bool:
        """Whether it may take over the lane of one that is about to be published: that one's steps come first then,
        since the newest environment of a lane is the one that its further steps are replayed in."""
        if recorder.seat is not None and self._sitters.get(recorder.seat.lane) == recorder.key:
            return False
        request = recorder.request()
        before = [taken.recorder.request() for _, taken in seated]
        return any(one.place == request.place and one.last_at < request.made_at for one in before)

    def _publish(self, seated: list[tuple[Seat, Taken]]) -> None:
        rows_of: dict[int, dict[int, int]] = {}  # group -> lane -> rows of this flush
        for seat, taken in seated:
            lanes = rows_of.setdefault(seat.group, {})
            lanes[seat.lane] = lanes.get(seat.lane, 0) + len(taken.rows)
        done: dict[int, int] = {}  # lane -> rows of this flush already published
        for seat, taken in seated:
            offset = done.get(seat.lane, 0)
            self._one(seat, taken, offset, rows_of[seat.group])
            done[seat.lane] = offset + len(taken.rows)
        for group, lanes in rows_of.items():
            self.groups[group] = self.groups.get(group, 0) + sum(lanes.values())

    def cut(self, recorders: Iterable[Recorder]) -> None:
        """The session ends: open episodes become unfinished rows, seats are given up."""
        for recorder in recorders:
            seat, episode = recorder.seat, recorder.open
            recorder.seat = None
            if episode is None:
                continue
            if seat is not None and episode.length and episode.first is not None:
                now = recorder.clock.now()
                self._desk.publish(_ended(seat, [_row(episode, now, self.groups.get(seat.group, 0))]))
            episode.first, episode.announced = None, False
        self._lanes.clear()
        self._sitters.clear()
        self.groups.clear()

    def _seat(self, recorder: Recorder) -> Seat | None:
        seat = recorder.seat
        if seat is None or self._sitters.get(seat.lane) != recorder.key:
            seat = recorder.seat = self._desk.seat(recorder.request())
            if seat is not None:
                self._sitters[seat.lane] = recorder.key
                if recorder.open is not None:
                    recorder.open.first = None  # it goes on in another lane
        return seat

    def _one(self, seat: Seat, taken: Taken, offset: int, lanes: dict[int, int]) -> None:
        kept: list[tuple[int, int]] = []
        spans = _spans(taken)
        totals = _totals(taken, spans)
        first = self._lanes.get(seat.lane, 0)
        here = first
        before = self.groups.get(seat.group, 0)
        over: list[tuple[Any, ...]] = []
        pace = sum(lanes.values()) / max(lanes[seat.lane], 1)  # steps of the group while this lane takes one
        for episode, (begin, end), total in zip(taken.episodes, spans, totals, strict=True):
            if episode.first is None:
                if begin == end:
                    continue  # nothing of it is in this session
                episode.first = here if not episode.length else self._go_on(seat, episode, here)
            _add(episode, taken, begin, end, total)
            kept.append((begin, end))
            here += end - begin
            if episode.end is not None:
                over.append(_row(episode, episode.ended, before + int(pace * (offset + end))))
        whole = here - first == len(taken.rows)
        for rows in [taken.rows] if whole else _runs([taken.rows[begin:end] for begin, end in kept]):
            if not len(rows):
                continue
            self._desk.publish(
                StepsRecorded(seat.session, seat.lane, seat.group, first, rows.actions, rows.rewards, rows.checks)
            )
            first += len(rows)
        self._lanes[seat.lane] = here
        if over:
            self._desk.publish(_ended(seat, over))
        last = taken.episodes[-1] if taken.episodes else None
        if last is not None and last.end is None and last.length and not last.announced and last.first is not None:
            last.announced = True
            self._desk.publish(EpisodeOpened(seat.session, seat.lane, last.first, last.started, last.pack()))

    def _go_on(self, seat: Seat, episode: Episode, here: int) -> int:
        """An episode that began before this session: its steps so far come first, at negative places of the lane."""
        if not episode.kept or here:
            why = (TOO_LONG if episode.length > CARRY_MOST else NOT_KEPT) if not here else "its lane was taken"
            episode.start = Start(why_not=why)
            episode.packed = b""
            episode.length, episode.total, episode.kept = 0, 0.0, True
            return here
        place = -episode.length
        for rows in _runs(list(episode.rows)):
            self._desk.publish(
                StepsRecorded(seat.session, seat.lane, seat.group, place, rows.actions, rows.rewards, rows.checks)
            )
            place += len(rows)
        return -episode.length


def _spans(taken: Taken) -> list[tuple[int, int]]:
    """The rows of this flush that are each episode's. Rows of no episode (steps after its end) stay out."""
    base, n = taken.base, len(taken.rows)
    return [(max(e.begin - base, 0), n if e.end is None else e.end - base) for e in taken.episodes]


def _totals(taken: Taken, spans: list[tuple[int, int]]) -> list[float]:
    """The sum of rewards of each episode up to here, added from step to step: the same to the last bit as a loop's.

    Sums of whole numbers are exact in any order, and are taken all at once.
    """
    rewards = taken.rows.rewards
    with np.errstate(all="ignore"):
        whole = len(spans) > 2 and taken.episodes[0].total.is_integer()
        if whole and (np.rint(rewards) == rewards).all() and float(np.abs(rewards).sum()) < 2**53:
            sums = np.concatenate(([0.0], np.cumsum(rewards))).tolist()
            return [e.total + sums[end] - sums[begin] for e, (begin, end) in zip(taken.episodes, spans, strict=True)]
        return [
            float(np.add.accumulate(np.concatenate(([episode.total], rewards[begin:end])))[-1])
            for episode, (begin, end) in zip(taken.episodes, spans, strict=True)
        ]


def _add(episode: Episode, taken: Taken, begin: int, end: int, total: float) -> None:
    """Count rows in."""
    episode.length += end - begin
    episode.total = total
    if episode.end is not None:
        episode.rows = ()
    elif episode.length > CARRY_MOST:
        episode.rows, episode.kept = (), False
    elif episode.kept and end > begin:
        episode.rows += (taken.rows[begin:end],)


def _drop(taken: Taken) -> None:
    """Recording is off: what was taken is let go, and an episode that is still open with it."""
    spans = _spans(taken)
    for episode, (begin, end), total in zip(taken.episodes, spans, _totals(taken, spans), strict=True):
        _add(episode, taken, begin, end, total)
        episode.rows, episode.kept = (), False


def _runs(rows: list[Rows]) -> list[Rows]:
    """Neighbours joined, as far as their actions are of one type and shape."""
    rows = [piece for piece in rows if len(piece)]
    runs: list[list[Rows]] = []
    for piece in rows:
        kind = (piece.actions.dtype, piece.actions.shape[1:])
        if runs and (runs[-1][0].actions.dtype, runs[-1][0].actions.shape[1:]) == kind:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return [_join(run) for run in runs]


def _join(run: list[Rows]) -> Rows:
    if len(run) == 1:
        return run[0]
    return Rows(
        np.concatenate([rows.actions for rows in run]),
        np.concatenate([rows.rewards for rows in run]),
        np.concatenate([rows.checks for rows in run]),
    )


_TYPES = (np.int64, np.int64, np.float64, np.bool_, np.bool_, np.bool_, np.float64, np.float64, np.int64, np.int8)


def _row(e: Episode, at: float, step: int) -> tuple[Any, ...]:
    """An episode as a row of `EpisodesEnded`, its fields in their order."""
    flags = (e.terminated, e.truncated, e.finished)
    return (e.first or 0, e.length, e.total, *flags, e.started, at, step, e.success, e.pack())


def _ended(seat: Seat, rows: list[tuple[Any, ...]]) -> EpisodesEnded:
    *columns, starts = zip(*rows, strict=True)
    fields: list[Any] = [*seat, *(np.array(column, kind) for column, kind in zip(columns, _TYPES, strict=True)), starts]
    return EpisodesEnded(*fields)

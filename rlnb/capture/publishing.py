"""From what recorders have taken down to events: who sits where, which step of the lane, which step of the group."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from rlnb.capture.desk import Desk, Seat
from rlnb.capture.episodes import Episode, Rows, Whole, added, joined
from rlnb.capture.pace import Pace
from rlnb.capture.recorder import Recorder, Taken
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
            if not len(taken.rows) and not _ends(taken):
                continue  # no step, and no end of an episode that this session knows
            if self._follows(taken.recorder, seated):
                self._publish(seated)
                seated = []
            seat = self._seat(taken)
            if seat is None:
                _drop(taken)
            else:
                seated.append((seat, taken))
        self._publish(seated)

    def _follows(self, recorder: Recorder, seated: list[tuple[Seat, Taken]]) -> bool:
        """Whether it may take over the lane of one that is about to be published: that one's steps come first then,
        since the newest environment of a lane is the one that its further steps are replayed in."""
        if self.seats(recorder):
            return False
        request = recorder.request()
        before = [taken.recorder.request() for _, taken in seated]
        return any(one.place == request.place and one.last_at < request.made_at for one in before)

    def _publish(self, seated: list[tuple[Seat, Taken]]) -> None:
        takes_of: dict[int, list[Taken]] = {}  # group -> what it did in this flush
        for seat, taken in seated:
            takes_of.setdefault(seat.group, []).append(taken)
        paces = {group: Pace(takes) for group, takes in takes_of.items()}
        for seat, taken in seated:
            self._one(seat, taken, paces[seat.group])
        for group, takes in takes_of.items():
            self.groups[group] = self.groups.get(group, 0) + sum(len(taken.rows) for taken in takes)

    def seats(self, recorder: Recorder) -> bool:
        """Whether it holds its lane now, and no later one has taken it over."""
        return recorder.seat is not None and self._sitters.get(recorder.seat.lane) == recorder.key

    def cut(self, recorders: Iterable[Recorder]) -> None:
        """The session ends: open episodes become unfinished rows, seats are given up."""
        for recorder in recorders:
            seat, episode = recorder.seat, recorder.carried
            recorder.seat = None
            if episode is None:
                for strip in recorder.tap.take(everything=True) if recorder.tap is not None else ():
                    self._desk.publish(strip)
                continue
            if seat is not None and episode.length and episode.first is not None:
                now = recorder.clock.now()
                row = _row(episode, now, self.groups.get(seat.group, 0))
                self._desk.publish(_event(seat, [row], None))
                if recorder.tap is not None:
                    recorder.tap.ended(seat, episode.begin, episode.first, episode.total, False)
                    for strip in recorder.tap.take(everything=True):
                        self._desk.publish(strip)
            episode.first, episode.announced = None, False
        self._lanes.clear()
        self._sitters.clear()
        self.groups.clear()

    def _seat(self, taken: Taken) -> Seat | None:
        recorder = taken.recorder
        seat = recorder.seat
        if seat is None or self._sitters.get(seat.lane) != recorder.key:
            seat = recorder.seat = self._desk.seat(recorder.request())
            if seat is not None:
                self._sitters[seat.lane] = recorder.key
                if taken.before is not None:
                    taken.before.first = None  # it goes on in another lane
        return seat

    def _one(self, seat: Seat, taken: Taken, pace: Pace) -> None:
        n = len(taken.rows)
        here = self._lanes.get(seat.lane, 0)
        steps = self.groups.get(seat.group, 0)
        first, kept = here, []  # the lane's step of the first row; which rows are of an episode of this session
        head: list[tuple[Any, ...]] = []
        if (episode := taken.before) is not None:
            end = n if episode.end is None else episode.end - taken.base
            if episode.first is None and end:
                episode.first = here if not episode.length else self._go_on(seat, episode, here)
            if episode.first is not None:
                _add(episode, taken.rows[:end])
                kept.append((0, end))
                here += end
                if episode.end is not None:
                    head.append(_row(episode, episode.ended, steps + int(pace.at(end, episode.ended))))
        if (whole := taken.over) is not None:
            kept.extend(zip(whole.begin.tolist(), whole.end.tolist(), strict=True))
            sums = np.cumsum(whole.length)
            whole.first = here + sums - whole.length
            whole.step = steps + pace.at(whole.end, whole.ended)
            here += int(sums[-1])
        if (episode := taken.after) is not None:
            begin = episode.begin - taken.base
            episode.first = here
            _add(episode, taken.rows[begin:])
            kept.append((begin, n))
            here += n - begin
        for rows in [taken.rows] if here - first == n else joined([taken.rows[begin:end] for begin, end in kept]):
            if len(rows):
                self._desk.publish(StepsRecorded(*seat, first, rows.actions, rows.rewards, rows.checks))
                first += len(rows)
        self._lanes[seat.lane] = here
        if head or whole is not None:
            ended = _event(seat, head, whole)
            self._desk.publish(ended)
            if taken.recorder.tap is not None:
                self._frames(taken, ended)
        last = taken.recorder.carried
        if last is not None and last.length and not last.announced and last.first is not None:
            last.announced = True
            self._desk.publish(EpisodeOpened(seat.session, seat.lane, last.first, last.started, last.pack()))

    def _frames(self, taken: Taken, ended: EpisodesEnded) -> None:
        """Strips of pictures learn which episodes they are of, and those that are kept are handed out."""
        tap, seat = taken.recorder.tap, taken.recorder.seat
        assert tap is not None and seat is not None
        rows = (taken.over.begin + taken.base).tolist() if taken.over is not None else []
        if len(ended) > len(rows) and taken.before is not None:
            rows.insert(0, taken.before.begin)
        for event in tap.take():
            self._desk.publish(event)
        for k, row in enumerate(rows):
            tap.ended(seat, row, int(ended.first[k]), float(ended.returns[k]), bool(ended.finished[k]))

    def _go_on(self, seat: Seat, episode: Episode, here: int) -> int:
        """An episode that began before this session: its steps so far come first, at negative places of the lane."""
        if not episode.kept or here:
            why = (TOO_LONG if episode.length > CARRY_MOST else NOT_KEPT) if not here else "its lane was taken"
            episode.start = Start(why_not=why)
            episode.packed = b""
            episode.length, episode.total, episode.kept = 0, 0.0, True
            return here
        place = -episode.length
        for rows in joined(list(episode.rows)):
            self._desk.publish(StepsRecorded(*seat, place, rows.actions, rows.rewards, rows.checks))
            place += len(rows)
        return -episode.length


def _ends(taken: Taken) -> bool:
    """Whether an episode ended that this session knows."""
    before = taken.before
    return taken.over is not None or (before is not None and before.end is not None and before.first is not None)


def _add(episode: Episode, rows: Rows) -> None:
    """Count rows in."""
    episode.length += len(rows)
    episode.total = added(episode.total, rows.rewards)
    if episode.end is not None:
        episode.rows = ()
    elif episode.length > CARRY_MOST:
        episode.rows, episode.kept = (), False
    elif episode.kept and len(rows):
        episode.rows += (rows,)


def _drop(taken: Taken) -> None:
    """Recording is off: what was taken is let go, and an episode that is still open with it."""
    for episode in (taken.before, taken.after):
        if episode is not None:
            begin, end = max(episode.begin - taken.base, 0), len(taken.rows)
            _add(episode, taken.rows[begin : end if episode.end is None else episode.end - taken.base])
            episode.rows, episode.kept = (), False


_TYPES = (np.int64, np.int64, np.float64, np.bool_, np.bool_, np.bool_, np.float64, np.float64, np.int64, np.int8)


def _row(e: Episode, at: float, step: int) -> tuple[Any, ...]:
    """An episode as a row of `EpisodesEnded`, its fields in their order."""
    flags = (e.terminated, e.truncated, e.finished)
    return (e.first or 0, e.length, e.total, *flags, e.started, at, step, e.success, e.pack())


def _event(seat: Seat, head: list[tuple[Any, ...]], whole: Whole | None) -> EpisodesEnded:
    """The rows of `head`, then the columns of `whole`."""
    columns: list[Any] = []
    starts: tuple[bytes, ...] = ()
    if head:
        *values, starts = zip(*head, strict=True)
        columns = [np.array(column, kind) for column, kind in zip(values, _TYPES, strict=True)]
    if whole is not None:
        w = whole
        more = [
            w.first,
            w.length,
            w.total,
            w.terminated,
            w.truncated,
            w.finished,
            w.started,
            w.ended,
            w.step,
            w.success,
        ]
        columns = [np.concatenate(both) for both in zip(columns, more, strict=True)] if head else more
        starts += whole.starts
    fields: list[Any] = [*seat, *columns, starts]
    return EpisodesEnded(*fields)

"""From what vector recorders have taken down to events: one for the steps of all lanes, one for their ends."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.capture.desk import Desk, Seat
from rlnb.capture.lane_rows import Chunk, Ends
from rlnb.capture.lane_starts import Starts
from rlnb.capture.vector_recorder import NO_EPISODE, VectorRecorder
from rlnb.events import EpisodeOpened, EpisodesEnded, LanesStepped, StartRows

CARRY_BYTES = 16 * 2**20  # of the rows that open episodes need, kept for a session that may go on with them
LONG_OPEN = 0.1  # seconds after which an episode is told of before it ends
TOO_LONG = "too much had been stepped since its beginning when the session before this one ended"
LANE_TAKEN = "its lane was taken by another environment meanwhile"
NOT_KEPT = "its first steps were taken while recording was off"


class Place:
    """Where a vector environment stands in the present session."""

    def __init__(self) -> None:
        self.origin = 0  # the tick that is step 0 of its lanes
        self.kept: list[Chunk] = []  # published rows that open episodes reach back to
        self.whole = True  # `kept` has them all
        self.announced: NDArray[np.int64] | None = None  # (lanes,): where the open episode began that was told of


class VectorPublisher:
    """Turns flushes into events; `groups` counts the steps of each group, together with the single environments'."""

    def __init__(self, desk: Desk, groups: dict[int, int]) -> None:
        self._desk = desk
        self._groups = groups
        self._unix = 0.0
        self._places: dict[int, Place] = {}
        self._next: dict[int, int] = {}  # lane -> its next step
        self._sitters: dict[int, int] = {}  # lane -> key of the recorder that holds it

    def publish(self, recorder: VectorRecorder) -> None:
        """One flush. Whoever steps meanwhile waits: what is published and what is open stay one."""
        with recorder.lock:
            self._publish(recorder)

    def _publish(self, recorder: VectorRecorder) -> None:
        chunks, ends = recorder.take()
        place = self._places.setdefault(recorder.key, Place())
        if not chunks:
            if ends and recorder.seat is not None:
                self._ended(recorder, recorder.seat, place, ends, [], 0)
            return
        seat = self._seat(recorder, place, chunks[0].tick)
        if seat is None:
            recorder.starts.spoil(np.arange(recorder.lanes), NOT_KEPT)
            place.kept, place.whole = [], True
            recorder.begin[recorder.begin != NO_EPISODE] = np.maximum(
                recorder.begin[recorder.begin != NO_EPISODE], recorder.tick
            )
            recorder.returns.forget(np.arange(recorder.lanes))
            return
        before = self._groups.get(seat.group, 0)
        for run in _runs(chunks):
            self._stepped(recorder, seat, place, run, sum(int(chunk.counts.sum()) for chunk in run))
        taken = sum(int(chunk.counts.sum()) for chunk in chunks)
        self._groups[seat.group] = before + taken
        self._next[seat.lane] = recorder.tick - place.origin
        self._ended(recorder, seat, place, ends, chunks, before)
        self._opened(recorder, seat, place)
        self._keep(recorder, place, chunks)
        recorder.starts.tidy()

    def kept(self, recorder: VectorRecorder) -> list[Chunk] | None:
        """The published rows that its open episodes reach back to; None where not all are there, or its lanes are not
        its own any more."""
        place, seat = self._places.get(recorder.key), recorder.seat
        if place is None or seat is None or self._sitters.get(seat.lane) != recorder.key:
            return None
        return place.kept if place.whole else None

    def cut(self, recorder: VectorRecorder) -> None:
        """The session ends: open episodes become unfinished rows, the seat is given up."""
        with recorder.lock:
            if recorder.seat is not None:
                self._publish(recorder)  # what was stepped since the flush
            self._cut(recorder)

    def _cut(self, recorder: VectorRecorder) -> None:
        place = self._places.setdefault(recorder.key, Place())
        seat = recorder.seat
        open_lanes = np.flatnonzero((recorder.begin != NO_EPISODE) & (recorder.begin < recorder.tick))
        if seat is not None and len(open_lanes):
            self._ended(recorder, seat, place, [recorder.unfinished(open_lanes, time.monotonic())], [], 0)
        recorder.seat = None
        place.announced = None

    def forget(self) -> None:
        """After all are cut: the next session counts anew."""
        self._next.clear()
        self._sitters.clear()

    def _seat(self, recorder: VectorRecorder, place: Place, tick: int) -> Seat | None:
        seat = recorder.seat
        if seat is not None and self._sitters.get(seat.lane) == recorder.key:
            return seat
        moved = seat is not None
        seat = recorder.seat = self._desk.seat(recorder.request())
        if seat is None:
            return None
        place.origin, place.announced = tick - self._next.get(seat.lane, 0), None
        self._sitters[seat.lane] = recorder.key
        self._go_on(recorder, seat, place, tick, moved or place.origin != tick)
        return seat

    def _go_on(self, recorder: VectorRecorder, seat: Seat, place: Place, tick: int, taken: bool) -> None:
        """Episodes that began before this session: their steps so far come first, at negative places."""
        old = np.flatnonzero((recorder.begin != NO_EPISODE) & (recorder.begin < tick))
        if len(old) and (taken or not place.whole):
            recorder.starts.spoil(old, LANE_TAKEN if taken else TOO_LONG)
        elif len(old):
            for run in _runs(place.kept):
                self._stepped(recorder, seat, place, run, 0)
        place.kept, place.whole = ([], True) if taken else (place.kept, place.whole)

    def _stepped(self, recorder: VectorRecorder, seat: Seat, place: Place, run: list[Chunk], steps: int) -> None:
        rewards = [chunk.rewards for chunk in run]
        even = all(r.strides == (0, 0) and r[0, 0] == rewards[0][0, 0] for r in rewards)
        n = sum(map(len, run))
        self._desk.publish(
            LanesStepped(
                seat.session,
                seat.lane,
                recorder.lanes,
                seat.group,
                run[0].tick - place.origin,
                np.concatenate([chunk.actions for chunk in run]),
                np.broadcast_to(rewards[0][0, 0], (n, recorder.lanes)) if even else np.concatenate(rewards),
                np.concatenate([chunk.ticks for chunk in run]) - place.origin,
                np.concatenate([chunk.checks for chunk in run]),
                steps,
            )
        )

    def _ended(
        self, recorder: VectorRecorder, seat: Seat, place: Place, ends: list[Ends], chunks: list[Chunk], before: int
    ) -> None:
        found = [one for one in ends if len(one)]
        if not found:
            return
        names = Ends.__slots__
        all_of = dict(
            zip(names, (np.concatenate([getattr(one, name) for one in found]) for name in names), strict=True)
        )
        if chunks:
            upto = before + np.cumsum(np.concatenate([chunk.counts for chunk in chunks]))
            step = upto[np.clip(all_of["end"] - chunks[0].tick, 0, len(upto) - 1)]
        else:
            step = np.full(len(all_of["end"]), self._groups.get(seat.group, 0))
        to_unix = self._to_unix(recorder.clock.now() - time.monotonic())
        self._desk.publish(
            EpisodesEnded(
                seat.session,
                all_of["lane"] + seat.lane,
                seat.group,
                all_of["begin"] - place.origin,
                all_of["end"] - all_of["begin"] + 1,
                all_of["returns"],
                all_of["terminated"],
                all_of["truncated"],
                all_of["finished"],
                all_of["started"] + to_unix,
                all_of["ended"] + to_unix,
                step,
                all_of["success"],
                _packed(recorder.starts, all_of["which"], all_of["rows"]),
            )
        )

    def _opened(self, recorder: VectorRecorder, seat: Seat, place: Place) -> None:
        """Tell of episodes that are still going on: of long ones only, since most of many lanes end within a flush."""
        if place.announced is None:
            place.announced = np.full(recorder.lanes, NO_EPISODE, np.int64)
        found = recorder.long_open(time.monotonic() - LONG_OPEN, place.announced)
        if not len(found):
            return
        place.announced[found.lane] = found.begin
        starts = _packed(recorder.starts, found.which, found.rows)
        started = found.started + self._to_unix(recorder.clock.now() - time.monotonic())
        for k in range(len(found)):
            first, lane = int(found.begin[k]) - place.origin, int(found.lane[k]) + seat.lane
            self._desk.publish(EpisodeOpened(seat.session, lane, first, float(started[k]), starts[k]))

    def _to_unix(self, seconds: float) -> float:
        """What is added to `time.monotonic()`: the same from flush to flush, so that ends keep their order, unless the
        machine's clock was set."""
        if abs(seconds - self._unix) > 1.0:
            self._unix = seconds
        return self._unix

    def _keep(self, recorder: VectorRecorder, place: Place, chunks: Iterable[Chunk]) -> None:
        going = recorder.begin[recorder.begin != NO_EPISODE]
        oldest = int(going.min()) if len(going) else recorder.tick
        place.kept = [chunk for chunk in (*place.kept, *chunks) if chunk.tick + len(chunk) > oldest]
        if not place.whole and (not place.kept or place.kept[0].tick <= oldest):
            place.whole = True
        if sum(chunk.actions.nbytes + 4 * chunk.actions.shape[1] * len(chunk) for chunk in place.kept) > CARRY_BYTES:
            place.kept, place.whole = [], False


def _packed(starts: Starts, which: NDArray[np.int64], rows: NDArray[Any]) -> tuple[bytes, ...] | StartRows:
    return tuple(rows.tolist()) if rows.dtype == object else StartRows(tuple(starts.prefixes), which, rows)


def _runs(chunks: list[Chunk]) -> list[list[Chunk]]:
    """Neighbours, as far as their columns are of one type."""
    runs: list[list[Chunk]] = []
    for chunk in chunks:
        last = runs[-1][-1] if runs else None
        if last is not None and (last.actions.dtype, last.rewards.dtype, last.tick + len(last)) == (
            chunk.actions.dtype, chunk.rewards.dtype, chunk.tick
        ):  # fmt: skip
            runs[-1].append(chunk)
        else:
            runs.append([chunk])
    return runs

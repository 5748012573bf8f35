"""The episode that a lane is in, as far as it has been recorded: for somebody who looks on while it is played.

Nothing is recorded for this. Every kind of environment keeps the rows of its open episodes anyway, for a session that
may go on with them; here they are read, under the lock of the flush.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlnb.capture.vector_recorder import NO_EPISODE
from rlnb.trace import Trace

if TYPE_CHECKING:
    from rlnb.capture.child_lanes import ChildLane
    from rlnb.capture.children import Children
    from rlnb.capture.publishing import Publisher
    from rlnb.capture.recorder import Recorder
    from rlnb.capture.vector_recorder import VectorRecorder
    from rlnb.capture.vectors import Vectors

Mark = tuple[int, int]  # of an episode: the recorder's key, and where it began
NOT_KEPT = "The beginning of this episode is not kept any more; the next one can be watched."
TOGETHER = (
    "This lane cannot be watched: all lanes of its vector environment would have to run again from their reset for "
    "each picture. s.replay() shows its episodes afterwards."
)
NO_ACTIONS = np.zeros(0)


@dataclass(frozen=True, slots=True)
class Present:
    """What is known of a lane's open episode."""

    mark: Mark
    length: int  # steps taken
    after: int  # steps before those of `trace`
    trace: Trace  # its steps from `after` on; without steps where nothing is new
    env: Any = None  # the environment, where it lives in this process
    why_not: str = ""  # in words, why it cannot be run again beside the training


class Presents:
    """The open episodes of a capture, by lane. Called under its lock, after a flush."""

    def __init__(
        self, recorders: Mapping[int, Recorder], publisher: Publisher, vectors: Vectors, children: Children
    ) -> None:
        self._recorders, self._publisher = recorders, publisher
        self._vectors, self._children = vectors, children

    def of(self, lane: int, mark: Mark | None, upto: int) -> Present | None:
        """The episode that `lane` is in; None where none is open. Steps up to `upto` of episode `mark` are known."""
        for recorder in list(self._recorders.values()):
            if recorder.seat is not None and recorder.seat.lane == lane and self._publisher.seats(recorder):
                return _single(recorder, mark, upto)
        for vector in list(self._vectors.recorders.values()):
            if vector.seat is not None and vector.seat.lane <= lane < vector.seat.lane + vector.lanes:
                return self._lane(vector, lane - vector.seat.lane, mark, upto)
        child = self._children.lane(lane)
        return None if child is None else _child(child, mark, upto)

    def _lane(self, recorder: VectorRecorder, column: int, mark: Mark | None, upto: int) -> Present | None:
        begin, kept = int(recorder.begin[column]), self._vectors.kept(recorder)
        n = kept[-1].tick + len(kept[-1]) if kept else recorder.tick - recorder.n
        if begin == NO_EPISODE or begin >= n:
            return None
        now = (recorder.key, begin)
        after = upto if now == mark else 0
        how, recipe = recorder.starts.how, recorder.recipe or {}
        owner = recorder.owner()
        env = owner.envs[column] if how == "inner" and owner is not None else None
        if how == "rerun" or kept is None or (kept and kept[0].tick > begin):
            why_not = TOGETHER if how == "rerun" else NOT_KEPT
            return Present(now, n - begin, after, _trace(recipe, b""), env, why_not)
        starts = recorder.starts
        row = starts.rows[column]
        start = row if isinstance(row, bytes) else starts.prefixes[int(starts.which[column])] + row.tobytes()
        actions, rewards, checks, checked = [], [], [], []
        for chunk in kept:
            skip = max(0, begin + after - chunk.tick)
            if skip >= len(chunk):
                continue
            there = np.isin(np.arange(chunk.tick + skip, chunk.tick + len(chunk)), chunk.ticks)
            sums = np.zeros(len(there), np.uint16)
            sums[there] = chunk.checks[chunk.ticks >= chunk.tick + skip, column]
            actions.append(chunk.actions[skip:, column])
            rewards.append(np.asarray(chunk.rewards[skip:, column], np.float64))
            checks.append(sums)
            checked.append(there)
        return Present(now, n - begin, after, _trace(recipe, start, actions, rewards, checks, checked), env)


def _single(recorder: Recorder, mark: Mark | None, upto: int) -> Present | None:
    episode = recorder.carried
    if episode is None or not episode.length:
        return None
    now = (recorder.key, episode.begin)
    after = upto if now == mark else 0
    env, recipe = recorder.owner(), recorder.request().recipe
    if not episode.kept:
        return Present(now, episode.length, after, _trace(recipe, b""), env, NOT_KEPT)
    rows = [piece[cut:] for piece, cut in _from(episode.rows, after)]
    columns = [rows_.actions for rows_ in rows], [rows_.rewards for rows_ in rows], [rows_.checks for rows_ in rows]
    return Present(now, episode.length, after, _trace(recipe, episode.pack(), *columns), env)


def _child(lane: ChildLane, mark: Mark | None, upto: int) -> Present | None:
    length = lane.upto - lane.open_first
    if lane.opened is None or not length:
        return None
    now = (lane.request.key, lane.open_first)
    after = upto if now == mark else 0
    if lane.known > lane.open_first:
        return Present(now, length, after, _trace(lane.request.recipe, b""), None, NOT_KEPT)
    columns: tuple[list[Any], list[Any], list[Any]] = [], [], []
    for event, cut in _from(lane.rows, after, lambda event: len(event.rewards)):
        for column, values in zip(columns, (event.actions, event.rewards, event.checks), strict=True):
            column.append(values[cut:])
    return Present(now, length, after, _trace(lane.request.recipe, lane.opened.start, *columns))


def _from(pieces: Sequence[Any], after: int, size: Any = len) -> list[tuple[Any, int]]:
    """The pieces that hold steps beyond the first `after`, each with how many of its own to leave out."""
    found, at = [], 0
    for piece in pieces:
        n = size(piece)
        if at + n > after:
            found.append((piece, max(0, after - at)))
        at += n
    return found


def _trace(
    recipe: Mapping[str, Any],
    start: bytes,
    actions: Sequence[NDArray[Any]] = (),
    rewards: Sequence[NDArray[np.float64]] = (),
    checks: Sequence[NDArray[np.uint16]] = (),
    checked: Sequence[NDArray[np.bool_]] = (),
) -> Trace:
    """An episode that goes on."""
    return Trace(
        recipe=recipe,
        start=start,
        actions=np.concatenate(actions) if actions else NO_ACTIONS,
        rewards=np.concatenate(rewards) if rewards else np.zeros(0),
        checks=np.concatenate(checks) if checks else np.zeros(0, np.uint16),
        terminated=False,
        truncated=False,
        finished=False,
        checked=np.concatenate(checked) if checked else None,
    )

"""The vector environments of a capture: which are recorded, and their part of every flush."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gymnasium

from rlnb.bus import strict
from rlnb.capture import sync_door, vector_hook
from rlnb.capture.inner_starts import InnerStarts
from rlnb.capture.lane_rows import Chunk
from rlnb.capture.lane_spaces import checked_every
from rlnb.capture.lane_starts import Starts
from rlnb.capture.vector_publishing import VectorPublisher
from rlnb.capture.vector_recipe import name_of, recipe_of, recipe_of_lane, whole
from rlnb.capture.vector_recorder import VectorRecorder
from rlnb.trace import Recipe

if TYPE_CHECKING:
    from rlnb.capture.capture import Capture

PATIENCE = 0.2  # seconds
BY_LANE = (gymnasium.vector.SyncVectorEnv, gymnasium.vector.AsyncVectorEnv)  # recorded through the environments inside


class Vectors:
    """The recorders of vector environments, as `Capture` sees them."""

    def __init__(self, capture: Capture, groups: dict[int, int]) -> None:
        self._capture = capture
        self._publisher = VectorPublisher(capture.desk, groups)
        self.recorders: dict[int, VectorRecorder] = {}
        self._unhooks: dict[int, Callable[[], None]] = {}
        self._known: weakref.WeakSet[Any] = weakref.WeakSet()
        self._lock = threading.RLock()

    def add(
        self,
        env: Any,
        where: str,
        name: str | None = None,
        at_once: bool = False,
        again: Callable[[], Any] | None = None,
    ) -> None:
        """Record a native vector environment; one that steps other environments is recorded through those."""
        env = env.unwrapped
        if isinstance(env, BY_LANE) or env in self._known:
            return
        why_not = whole(env)
        if why_not is not None:
            self._capture.desk.warn(f"{name_of(env)} ({where}) is not recorded: {why_not}.")
            return
        self._record(env, where, name, None, at_once, again)

    def add_sync(self, env: Any, where: str, known: Callable[[Any], bool]) -> list[Any]:
        """Record a SyncVectorEnv by the row where its environments, all of which are `known`, are alike; returns
        those that need not be recorded by themselves then."""
        layers = sync_door.alike(env, known)
        if layers is None:
            return []
        recipe = recipe_of_lane(layers[0], vector_hook.mode_of(env), checked_every(env.single_observation_space))
        for layer in layers:
            self._capture.release(layer)
        self._record(env, where, None, InnerStarts(layers, vector_hook.mode_of(env)), False, None, recipe)
        return layers

    def _record(
        self,
        env: Any,
        where: str,
        name: str | None,
        starts: Starts | None,
        at_once: bool,
        again: Callable[[], Any] | None,
        recipe: Recipe | None = None,
    ) -> None:
        with self._lock:
            recorder = VectorRecorder(env, where, self._capture.clock, vector_hook.mode_of(env), starts)
            recorder.env_id = name or (str(recipe["env_id"]) if recipe is not None else name_of(env))
            recorder.recipe = recipe
            recorder.again = again
            if at_once:
                self._first_reset(env, recorder)
            capture = self._capture
            self._unhooks[recorder.key] = vector_hook.hook(
                env, recorder, capture.due, capture.service, self._fault, self._first_reset
            )
            self.recorders[recorder.key] = recorder
            self._known.add(env)

    def _first_reset(self, env: Any, recorder: VectorRecorder) -> None:
        recorder.recipe = recipe_of(env, recorder)
        if recorder.env_id == type(env).__name__:  # it had no spec yet when it was first seen
            recorder.env_id = name_of(env)
        self._capture.guarded(self._capture.desk.first_reset)

    # --- data out -----------------------------------------------------------------------------------------------

    def publish(self, whole: bool = True) -> None:
        """One flush. Unless `whole`, rows may wait until there are more of them: a look costs the same for few."""
        now = time.monotonic()
        for recorder in list(self.recorders.values()):
            gone = recorder.owner() is None
            if gone:
                recorder.closed()
            recorder.stamp()
            if not recorder.idle and (whole or gone or recorder.chunks or now - recorder.looked_at > PATIENCE):
                recorder.looked_at = now
                self._publisher.publish(recorder)
            if gone:
                del self.recorders[recorder.key]
                self._unhooks.pop(recorder.key, None)

    def stamp(self) -> None:
        for recorder in list(self.recorders.values()):
            recorder.stamp()

    def kept(self, recorder: VectorRecorder) -> list[Chunk] | None:
        """The rows that open episodes reach back to; None where they are not all there."""
        return self._publisher.kept(recorder)

    def cut(self) -> None:
        """The session ends."""
        for recorder in list(self.recorders.values()):
            self._publisher.cut(recorder)
        self._publisher.forget()

    @property
    def idle(self) -> bool:
        return all(recorder.idle for recorder in list(self.recorders.values()))

    def waiting(self) -> dict[int | None, int]:
        """Steps not flushed yet, by group; None: no seat yet."""
        found: dict[int | None, int] = {}
        for recorder in list(self.recorders.values()):
            seat = recorder.seat
            group = None if seat is None else seat.group
            steps = recorder.n * recorder.lanes + sum(int(chunk.counts.sum()) for chunk in list(recorder.chunks))
            found[group] = found.get(group, 0) + steps
        return found

    def let_go(self) -> None:
        """Give every environment its own methods back."""
        for recorder in list(self.recorders.values()):
            recorder.starts.let_go()
        for unhook in list(self._unhooks.values()):
            unhook()
        self._unhooks.clear()
        self.recorders.clear()
        self._known.clear()

    def _fault(self, recorder: VectorRecorder, error: Exception) -> None:
        self._unhooks.pop(recorder.key, lambda: None)()
        recorder.starts.let_go()
        self.recorders.pop(recorder.key, None)
        if strict():
            raise error
        self._capture.desk.warn(
            f"{recorder.env_id} ({recorder.place}) is not recorded any more: {type(error).__name__}: {error}. "
            "Training goes on."
        )

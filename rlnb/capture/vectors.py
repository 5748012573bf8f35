"""The vector environments of a capture: which are recorded, and their part of every flush."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gymnasium

from rlnb.bus import strict
from rlnb.capture import vector_hook
from rlnb.capture.vector_publishing import VectorPublisher
from rlnb.capture.vector_recipe import name_of, recipe_of, whole
from rlnb.capture.vector_recorder import VectorRecorder

if TYPE_CHECKING:
    from rlnb.capture.capture import Capture

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
        with self._lock:
            recorder = VectorRecorder(env, where, self._capture.clock, vector_hook.mode_of(env))
            recorder.env_id = name or name_of(env)
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

    # --- data out -----------------------------------------------------------------------------------------------

    def publish(self) -> None:
        """One flush."""
        for recorder in list(self.recorders.values()):
            gone = recorder.owner() is None
            if gone:
                recorder.closed()
            recorder.stamp()
            if not recorder.idle:
                self._publisher.publish(recorder)
            if gone:
                del self.recorders[recorder.key]
                self._unhooks.pop(recorder.key, None)

    def stamp(self) -> None:
        for recorder in list(self.recorders.values()):
            recorder.stamp()

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
            group = None if recorder.seat is None else recorder.seat.group
            steps = recorder.n * recorder.lanes + sum(int(chunk.counts.sum()) for chunk in recorder.chunks)
            found[group] = found.get(group, 0) + steps
        return found

    def let_go(self) -> None:
        """Give every environment its own methods back."""
        for unhook in list(self._unhooks.values()):
            unhook()
        self._unhooks.clear()
        self.recorders.clear()
        self._known.clear()

    def _fault(self, recorder: VectorRecorder, error: Exception) -> None:
        self._unhooks.pop(recorder.key, lambda: None)()
        self.recorders.pop(recorder.key, None)
        if strict():
            raise error
        self._capture.desk.warn(
            f"{recorder.env_id} ({recorder.place}) is not recorded any more: {type(error).__name__}: {error}. "
            "Training goes on."
        )

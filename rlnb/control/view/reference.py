"""What actions at random get in an environment: the quiet line that learning is seen against.

Played once an environment in the worker process, and kept in the store. Only what is registered and can be described in
text is played without being asked; an environment that somebody built by hand may be a robot.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlnb.control.room import Room

EPISODES, SECONDS = 100, 1.0
FEWEST = 5  # episodes; of fewer nothing is said

Told = Callable[[float], None]


class Reference:
    """Finds the mean return of a random policy, beside the training."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._known: dict[str, float | None] = {}
        self._asked: queue.SimpleQueue[tuple[str, Mapping[str, Any], Told] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def ask(self, recipe: Mapping[str, Any], told: Told) -> None:
        """Have `told(mean return)` called, at once or from another thread; never, where it cannot be found."""
        spec = recipe.get("spec")
        if not spec or recipe.get("why_not"):
            return
        key = "random " + hashlib.sha256(str(spec).encode()).hexdigest()[:16]
        if key in self._known:
            self._tell(key, told)
            return
        self._asked.put((key, recipe, told))
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="rlnb reference", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Look for nothing more."""
        self._asked.put(None)

    def _tell(self, key: str, told: Told) -> None:
        found = self._known[key]
        if found is not None:
            told(found)

    def _work(self) -> None:
        while (asked := self._asked.get()) is not None:
            key, recipe, told = asked
            try:
                if key not in self._known:
                    self._known[key] = self._find(key, recipe)
                self._tell(key, told)
            except Exception:  # given up for a film, an environment that cannot be made: there is no line
                continue

    def _find(self, key: str, recipe: Mapping[str, Any]) -> float | None:
        kept = self._room.store.fact(key)
        if kept is None:
            mean, episodes = self._room.worker.random(recipe, EPISODES, SECONDS)
            kept = {"env_id": recipe.get("env_id"), "mean": mean, "episodes": episodes}
            self._room.store.learn(key, kept)
        return float(kept["mean"]) if kept["episodes"] >= FEWEST else None

"""Whether recorded frames are needed: the first strips of an environment are simulated again, beside the training.

Three episodes that run again to the bit, and no more frames are taken of such environments; one that does not, and
they stay. Until then the frames are kept: a doubt costs a few hundred kilobytes.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rlnb.events import FramesTaken

if TYPE_CHECKING:
    from rlnb.control.room import Room

ENOUGH = 3  # exact episodes that settle it


class Proofs:
    """Hears of strips of frames, and asks the worker about the first ones of each lane."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._exact: dict[tuple[str, int], int] = {}
        self._settled: set[tuple[str, int]] = set()
        self._thread: threading.Thread | None = None
        self._closed = False

    def hear(self, event: FramesTaken) -> None:
        """Simulate the episode of this strip again, unless the lane is settled or another one is being simulated."""
        key = (event.session, event.lane)
        if self._closed or key in self._settled or (self._thread is not None and self._thread.is_alive()):
            return
        self._thread = threading.Thread(target=self._try, args=(key, event.first), name="rlnb proof", daemon=True)
        self._thread.start()

    def wait(self, seconds: float = 30.0) -> None:
        """Until the simulation that runs is over."""
        if self._thread is not None:
            self._thread.join(seconds)

    def close(self) -> None:
        """Ask no more."""
        self._closed = True

    def _try(self, key: tuple[str, int], first: int) -> None:
        try:
            if self._closed:
                return
            number = self._room.store_number(*key, first)
            verdict: Any = self._room.worker.verify(self._room.store.trace(key[0], number)).verdict
        except Exception:  # given up for a film, a closed room: the next strip is another chance
            return
        if verdict != "exact":
            self._settled.add(key)
            return
        self._exact[key] = self._exact.get(key, 0) + 1
        if self._exact[key] >= ENOUGH:
            self._settled.add(key)
            self._room.desk.capture.proven(*key)

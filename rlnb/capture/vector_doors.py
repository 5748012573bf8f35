"""All doors that vector environments come in by, for one capture."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rlnb.capture import atari_door, sync_door, vector_door
from rlnb.capture.place import place

if TYPE_CHECKING:
    from rlnb.capture.capture import Capture


class VectorDoors:
    """Native vector environments, ALE's own, and SyncVectorEnv, which makes its environments within its `__init__`."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._deferred = threading.local()  # `made`: what a SyncVectorEnv is making in this thread

    def install(self) -> None:
        """See each of them from here on."""
        vector_door.install(self._made)
        atari_door.install(self._made_atari)
        sync_door.install(self._making_sync)

    def uninstall(self) -> None:
        """Give everything back."""
        vector_door.uninstall()
        atari_door.uninstall()
        sync_door.uninstall()

    def defers(self, env: Any, where: str) -> bool:
        """Whether `env` is being made for a SyncVectorEnv: then it is decided later how it is recorded."""
        made = getattr(self._deferred, "made", None)
        if made is not None:
            made.append((env, where))
        return made is not None

    def _made(self, env: Any) -> None:
        where = place(sys._getframe(1))
        self._capture.guarded(lambda: self._capture.add_vector(env, where))

    def _made_atari(self, env: Any, again: Callable[[], Any]) -> None:
        where = place(sys._getframe(1))
        self._capture.guarded(lambda: self._capture.add_vector(env, where, again=again))

    def _making_sync(self, make: Callable[[], None], env: Any) -> None:
        """Its environments are recorded one by one only if it cannot be by the row."""
        capture = self._capture
        before = getattr(self._deferred, "made", None)
        made: list[tuple[Any, str]] = []
        self._deferred.made = made
        layers: list[Any] = []
        try:
            make()
            self._deferred.made = before
            where, new = place(sys._getframe(1)), {id(one) for one, _ in made}
            capture.guarded(lambda: layers.extend(capture.add_sync(env, where, new)))
        finally:
            self._deferred.made = before
            taken = {id(layer) for layer in layers}
            for one, its_place in made:
                if id(one) not in taken:
                    capture.guarded(functools.partial(capture.add, one, its_place))

"""The event bus of a kernel: publish an event, and every subscriber to its type hears it, in order.

A subscriber cannot hurt training: when it raises, it is named once in plain words and left out from then on.
With `RLNB_STRICT=1` (set in the tests) its exception goes through.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from rlnb.events import Event

E = TypeVar("E")


def strict() -> bool:
    """Whether faults of rlnb's own raise instead of being named once."""
    return os.environ.get("RLNB_STRICT", "") not in ("", "0")


def warn_on_stderr(message: str) -> None:
    """The default way to say a thing once: a line on standard error."""
    print(f"rlnb: {message}", file=sys.stderr)


class Bus:
    """Delivers events to subscribers in the thread that publishes."""

    def __init__(self, warn: Callable[[str], None] = warn_on_stderr) -> None:
        self.warn = warn
        self._subscribers: dict[type[Any], tuple[Callable[[Any], None], ...]] = {}
        self._lock = threading.Lock()

    def subscribe(self, event: type[E], hear: Callable[[E], None]) -> Callable[[], None]:
        """Call `hear` with every `event` published from now on; returns the undoing."""
        with self._lock:
            self._subscribers[event] = (*self._subscribers.get(event, ()), hear)
        return lambda: self._drop(event, hear)

    def publish(self, event: Event) -> None:
        """Hand `event` to its subscribers, oldest first."""
        for hear in self._subscribers.get(type(event), ()):
            try:
                hear(event)
            except Exception as error:
                if strict():
                    raise
                self._drop(type(event), hear)
                name = getattr(hear, "__qualname__", repr(hear))
                self.warn(
                    f"{name} failed on {type(event).__name__} ({type(error).__name__}: {error}) "
                    "and hears no more of them; training and the other listeners go on."
                )

    def _drop(self, event: type[Any], hear: Callable[[Any], None]) -> None:
        with self._lock:
            left = list(self._subscribers.get(event, ()))
            if hear in left:
                left.remove(hear)
            self._subscribers[event] = tuple(left)

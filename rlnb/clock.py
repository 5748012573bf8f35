"""Time, injected: every room asks a clock, so that a test never sleeps."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What a room needs to know of time."""

    def now(self) -> float:
        """Seconds since the Unix epoch: what is stored and shown."""
        ...

    def elapsed(self) -> float:
        """Seconds on a clock that never goes back: what is subtracted."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        return time.time()

    def elapsed(self) -> float:
        return time.perf_counter()


class ManualClock:
    """A clock that moves only when told to; for tests."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def elapsed(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move both readings forward by `seconds`."""
        self._now += seconds

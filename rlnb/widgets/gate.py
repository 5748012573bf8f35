"""The acknowledgement gate: how much may be under way to a browser that may be slow, hidden or gone.

With the tab closed, a Jupyter server keeps every message in an unbounded list. So a view acknowledges every third
tick; six may be in flight, and what comes meanwhile is merged into the next. When none is acknowledged for a while,
nothing is sent until a view says hello.
"""

from __future__ import annotations

from rlnb.clock import Clock

IN_FLIGHT = 6  # ticks: three that are acknowledged together, twice
PATIENCE = 5.0  # seconds without an acknowledgement
DEAF_PERIOD = 1.0  # seconds between ticks where the kernel cannot hear the browser


class Gate:
    """Counts ticks out and acknowledgements in.

    `hears` is False where the kernel cannot read messages while a cell runs: then acknowledgements mean nothing, and
    ticks go out at most once a second.
    """

    def __init__(self, clock: Clock) -> None:
        self.hears = True
        self.stalled = False
        self._clock = clock
        self._sent = 0
        self._acknowledged = 0
        self._last_sent = float("-inf")
        self._waiting_since = 0.0

    def is_open(self) -> bool:
        """Whether a tick may be sent now."""
        now = self._clock.elapsed()
        if not self.hears:
            return now - self._last_sent >= DEAF_PERIOD
        waiting = self._sent > self._acknowledged
        if waiting and now - self._waiting_since >= PATIENCE:
            self.stalled = True
        return not self.stalled and self._sent - self._acknowledged < IN_FLIGHT

    def send(self) -> int:
        """Count a tick that goes out now; return its number (1, 2, …)."""
        self._last_sent = self._clock.elapsed()
        if self._sent == self._acknowledged:
            self._waiting_since = self._last_sent
        self._sent += 1
        return self._sent

    @property
    def sent(self) -> int:
        """The number of the last tick."""
        return self._sent

    def acknowledge(self, seq: int) -> None:
        """A view has everything up to tick `seq`. Old, repeated and impossible numbers are harmless."""
        if self._acknowledged < seq <= self._sent:
            self._acknowledged = seq
            self._waiting_since = self._clock.elapsed()
            self.stalled = False

    def hello(self) -> None:
        """A view has come (back) and gets a snapshot: what was under way counts no more."""
        self._acknowledged = self._sent
        self.stalled = False

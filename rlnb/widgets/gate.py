"""The acknowledgement gate: how much may be under way to a browser that may be slow, hidden or gone.

With the tab closed, a Jupyter server keeps every message in an unbounded list. So a view acknowledges every third
tick; six may be in flight, and what comes meanwhile is merged into the next. When none is acknowledged for a while,
nothing is sent until a view says hello.

A kernel that reads no messages while a cell runs hears no acknowledgement either. It sends no ticks; the whole view,
thinned, goes out now and then, unasked, at growing distances: a cell of n seconds sends about log n of them.
"""

from __future__ import annotations

from rlnb.clock import Clock

IN_FLIGHT = 6  # ticks: three that are acknowledged together, twice
PATIENCE = 5.0  # seconds without an acknowledgement
UNHEARD_PERIOD = 1.0  # seconds between the first two pictures where the kernel cannot hear the browser ...
UNHEARD_GROWTH = 1.15  # ... and by how much each distance is longer than the one before
MOST_UNHEARD = 60  # pictures; these last for some eight hours


class Gate:
    """Counts ticks out and acknowledgements in. `hears` is False where the kernel cannot read messages at present."""

    def __init__(self, clock: Clock) -> None:
        self.hears = True
        self.stalled = False
        self._clock = clock
        self._sent = 0
        self._acknowledged = 0
        self._waiting_since = 0.0
        self._unheard = 0
        self._next_unheard = float("-inf")

    def is_open(self) -> bool:
        """Whether a tick may be sent now."""
        waiting = self._sent > self._acknowledged
        if self.hears and waiting and self._clock.elapsed() - self._waiting_since >= PATIENCE:
            self.stalled = True
        return self.hears and not self.stalled and self._sent - self._acknowledged < IN_FLIGHT

    def send(self) -> int:
        """Count a tick that goes out now; return its number (1, 2, …)."""
        if self._sent == self._acknowledged:
            self._waiting_since = self._clock.elapsed()
        self._sent += 1
        return self._sent

    def take_unheard_turn(self) -> bool:
        """Where the kernel cannot hear: whether a whole picture may go out now; it is counted when it may."""
        now = self._clock.elapsed()
        if self.hears or self._unheard >= MOST_UNHEARD or now < self._next_unheard:
            return False
        self._next_unheard = now + UNHEARD_PERIOD * UNHEARD_GROWTH**self._unheard
        self._unheard += 1
        return True

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
        self._unheard = 0

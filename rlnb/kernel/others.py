"""The process's other threads, which a training loop starves.

Each NumPy call of a step may let the interpreter's lock go and take it back at once. A thread that waits for the lock
asks for it after 5 ms without such a call, so beside CartPole it may wait for a second: the kernel's thread that reads
the page's messages, the one that handles them (a subshell), the one that sends. Each has little to do. So between two
steps, where the page may have said something or was told something, the stepping thread sleeps until they are quiet.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

EVERY = 0.09  # seconds after which the page may have said something: two flushes
# Seconds of sleep in which a thread that waits can wake up and take the lock. Linux adds some 80 µs to any (measured);
# other systems add less.
SLICE = 0.0 if sys.platform == "linux" else 0.00008
BUSY = 0.00015  # seconds: a slice that is longer, and twice as long as the shortest, was one in which another worked
IN, OUT = 8, 2  # slices without work, after some: what comes in goes from thread to thread, what goes out to one
PATIENCE = 0.004  # seconds in all: whoever needs longer goes on beside the loop


class OtherThreads:
    """Gives way to them now and then."""

    def __init__(
        self, sleep: Callable[[float], None] = time.sleep, now: Callable[[], float] = time.perf_counter
    ) -> None:
        self._sleep = sleep
        self._now = now
        self._last = float("-inf")
        self._least = float("inf")  # seconds: the shortest slice so far

    def let_in(self) -> None:
        """The page may have said something: eleven times a second at most, however often this is called."""
        if self._now() - self._last >= EVERY:
            self._give_way(IN)

    def let_out(self) -> None:
        """The page was told something."""
        self._give_way(OUT)

    def _give_way(self, enough: int) -> None:
        """Let the others work until they are quiet, `PATIENCE` seconds at most."""
        begun = at = self._now()
        quiet = enough - 1
        while quiet < enough and at - begun < PATIENCE:
            self._sleep(SLICE)
            was, at = at, self._now()
            self._least = min(self._least, at - was)
            quiet = 0 if at - was > max(BUSY, 2 * self._least) else quiet + 1
        self._last = at

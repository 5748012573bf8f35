"""A clockwork beside the training loop, for the time when nobody steps.

While steps are taken, each looks at the clock and flushes every 50 ms. This thread wakes twice a second only: waking at
the pace of the flushes, to raise a flag for the steps to see, cost CartPole 0.6 µs a step here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

SECONDS = 0.05  # between two flushes while steps are taken
QUICK = 512  # steps between two flushes from which on not every step looks at the clock
RARELY = 7  # a mask: one step in eight does, by chance
PATIENCE = 0.5  # so long overdue, nobody is stepping, and the ticker flushes by itself


class Due(list[Any]):
    """When the next flush is due (`time.monotonic()`), and the mask of the steps that look: those whose checksum has
    none of its bits. Zero: every step."""


class Ticker:
    """A daemon thread that calls `flush` when the flush has been due for half a second."""

    def __init__(self, due: Due, flush: Callable[[], None]) -> None:
        self._due = due
        self._flush = flush
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to tick, if it does not tick yet."""
        if self._thread is None:
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._stop,), name="rlnb ticker", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(1.0)
        self._thread = None

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(PATIENCE):
            if time.monotonic() - self._due[0] >= PATIENCE:
                self._flush()

"""A clockwork beside the training loop: it raises a flag, and the next step sees it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

SECONDS = 0.05
PATIENCE = 10  # ticks after which nobody is stepping, and the ticker flushes by itself


class Ticker:
    """A daemon thread that puts something into `due` every 50 ms, and calls `flush` when that stays there."""

    def __init__(self, due: list[Any], flush: Callable[[], None]) -> None:
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
        waited = 0
        while not stop.wait(SECONDS):
            waited = waited + 1 if self._due else 0
            if not self._due:
                self._due.append(True)
            elif waited >= PATIENCE:
                waited = 0
                self._flush()

"""What is wrong with the disk, or with one event: said once in plain words, and remembered until it is over."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rlnb.store.backlog import FULL, Backlog


class Trouble:
    """The writer's mouth. `why` is what the file answers at the moment instead of taking anything, or None."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self.warn = warn
        self.why: str | None = None
        self.fault: Exception | None = None  # a fault of rlnb's own, which a strict flush raises
        self._said: set[str] = set()

    def begins(self, path: Path, error: sqlite3.Error | OSError) -> None:
        """The file takes nothing any more."""
        if self.why is None:
            self.warn(
                f"{path} cannot be written ({error}). Training goes on; what is recorded is kept in memory "
                f"(up to {FULL // 2**20} MB, the oldest steps go first) and written when that works again."
            )
        self.why = str(error)

    def over(self, path: Path, backlog: Backlog) -> None:
        """The file takes what it is given; where it did not before, that is said, with what was let go meanwhile."""
        if self.why is None:
            return
        lost, dropped = backlog.lost, backlog.dropped
        backlog.lost = backlog.dropped = 0
        gone = f" {lost} steps were let go meanwhile: their episodes cannot be replayed." if lost else ""
        gone += f" {dropped} other records did not fit either." if dropped else ""
        self.warn(f"{path} can be written again.{gone}")
        self.why = None

    def event(self, event: Any, error: Exception) -> None:
        """One event that makes no sense does not keep the others from being written."""
        kind = type(event).__name__
        self.own(
            f"event {kind}", error, f"A {kind} could not be stored ({type(error).__name__}: {error}); the rest is."
        )

    def own(self, key: str, error: Exception, message: str) -> None:
        """A fault of rlnb's own: named once for each `key`."""
        self.fault = error
        if key not in self._said:
            self._said.add(key)
            self.warn(message)

    def take_fault(self) -> Exception | None:
        """The newest fault, which is then forgotten."""
        fault, self.fault = self.fault, None
        return fault

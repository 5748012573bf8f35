"""The writer's line to the file: its connection and its ledger, opened again where the file was moved or removed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rlnb.events import Event, LaneOpened, SessionEnded, SessionStarted
from rlnb.store.backlog import Waiting
from rlnb.store.file import connect_ready, damaged, set_aside
from rlnb.store.ledger import Ledger
from rlnb.store.owner import Owner


class Link:
    """One connection, used by one thread at a time (the writer's lock sees to that)."""

    def __init__(
        self,
        path: Path,
        owner: Owner,
        now: Callable[[], float],
        warn: Callable[[str], None],
        failed: Callable[[Any, Exception], None],
    ) -> None:
        self.path, self.owner, self._now, self._warn, self._failed = path, owner, now, warn, failed
        self.conn: sqlite3.Connection | None = None
        self.ledger: Ledger | None = None
        self._file: tuple[int, int] | None = None  # device and inode that the connection was opened on
        self._founding: dict[str, list[Event]] = {}  # of each running session: its beginning and its lanes

    def live(self) -> bool:
        """Whether a session of this process is running."""
        return self.ledger is not None and self.ledger.live()

    def open(self) -> tuple[sqlite3.Connection, Ledger]:
        """The connection and the ledger; opened where they are not, or where another file is at the path."""
        there = identity(self.path)
        if self.conn is None or self.ledger is None or there != self._file:
            self.hang_up()
            self.conn = connect_ready(self.path, self._warn)
            self.ledger = Ledger(self.conn, self.owner, self._now)
            if self._file is not None:  # the file was removed or set aside: what runs goes on in the new one
                self.conn.execute("BEGIN IMMEDIATE")
                self.ledger.write([event for kept in self._founding.values() for event in kept], self._failed)
                self.conn.execute("COMMIT")
            self._file = identity(self.path)
        return self.conn, self.ledger

    def move(self, path: Path) -> None:
        """Go on in another file, which holds already all that this one held."""
        self.hang_up()
        self.path, self._file = path, None

    def remember(self, events: Sequence[Waiting]) -> None:
        """Keep in mind how the running sessions began: a file that is begun anew is told of them again."""
        for event in events:
            if isinstance(event, SessionStarted):
                self._founding[event.session] = [event]
            elif isinstance(event, LaneOpened) and event.session in self._founding:
                kept = self._founding[event.session]
                kept[:] = [e for e in kept if not (isinstance(e, LaneOpened) and e.lane == event.lane)] + [event]
            elif isinstance(event, SessionEnded):
                self._founding.pop(event.session, None)

    def roll_back(self) -> None:
        """End a transaction that failed."""
        if self.ledger is not None:
            self.ledger.forget()
        if self.conn is not None and self.conn.in_transaction:
            with suppress(sqlite3.Error):
                self.conn.execute("ROLLBACK")

    def begin_anew(self, error: sqlite3.Error | OSError) -> bool:
        """Set the file aside if `error` says that it is damaged; what runs goes on in a new one."""
        if not damaged(error) or self.conn is None:
            return False
        self.hang_up()
        with suppress(OSError):
            set_aside(self.path, error, self._warn)
            return True
        return False

    def leave(self) -> None:
        """What this process still has running is interrupted; then the connection is closed."""
        if self.conn is None:
            return
        with suppress(sqlite3.Error):
            self.conn.execute(
                "UPDATE sessions SET status = 'interrupted', ended = coalesce(ended, updated) "
                "WHERE owner = ? AND status IN ('running', 'paused')",
                (self.owner.token,),
            )
            self.conn.execute("DELETE FROM owners WHERE token = ?", (self.owner.token,))
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connection."""
        if self.conn is not None:
            self.conn.close()
        self.conn = self.ledger = None

    def born_by_fork(self) -> sqlite3.Connection | None:
        """In the child of a fork: forget the parent's connection (never close it), and return it."""
        left, self.conn, self.ledger = self.conn, None, None
        return left

    def founding(self) -> list[Event]:
        """How the running sessions began."""
        return [event for kept in self._founding.values() for event in kept]


def identity(path: Path) -> tuple[int, int] | None:
    """Which file is at a path; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino

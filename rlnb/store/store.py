"""The store: every session in one SQLite file.

>>> store = Store(path)                 # opens or creates
>>> undo = store.attach(bus)            # writes what the bus carries, on its own thread
>>> store.flush()                       # until here it is on disk
>>> store.episodes(store.find("dqn"))   # a DataFrame
"""

from __future__ import annotations

import atexit
import json
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnb.bus import Bus, warn_on_stderr
from rlnb.clock import Clock, SystemClock
from rlnb.errors import BadValue, DocumentError, StoreError
from rlnb.events import (
    EpisodeOpened,
    EpisodesEnded,
    Event,
    FramesTaken,
    LaneOpened,
    LanesStepped,
    MetricsLogged,
    SessionChanged,
    SessionEnded,
    SessionStarted,
    StepsRecorded,
)
from rlnb.store import episodes, reader, traces
from rlnb.store.document import read_document, write_document
from rlnb.store.episodes import EpisodeTable
from rlnb.store.file import connect, connect_ready
from rlnb.store.fork import guard
from rlnb.store.ledger import CHANGEABLE, Ledger
from rlnb.store.link import identity
from rlnb.store.opening import open_file
from rlnb.store.owner import reap
from rlnb.store.splitting import split_document
from rlnb.store.writer import Writer
from rlnb.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

_HEARD: tuple[type[Any], ...] = (
    SessionStarted, SessionChanged, SessionEnded, LaneOpened,
    EpisodeOpened, StepsRecorded, LanesStepped, EpisodesEnded, FramesTaken, MetricsLogged,
)  # fmt: skip


class Store:
    """Sessions in a file: written by one thread, read by any.

    `path` is the file, or a folder for one. `warn` says a thing once, in words (a folder that cannot be written to, a
    full disk, a damaged file). Raises StoreError for a file that is no rlnb store and for one of a newer rlnb.
    Reads see what is on disk: `flush` first to see what was published a moment ago.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        clock: Clock | None = None,
        warn: Callable[[str], None] = warn_on_stderr,
    ) -> None:
        self.clock = clock or SystemClock()
        self._warn = warn
        where, refuge = open_file(path, warn)
        self._writer = Writer(where, self.clock, warn, refuge)
        self._lock = threading.RLock()
        self._conn: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # that `_conn` was opened on
        self._table: tuple[Any, EpisodeTable] | None = None
        self._reap()
        guard(self)
        atexit.register(_close, weakref.ref(self))

    @property
    def path(self) -> Path:
        """The file, as things are: where the wanted place cannot be used, that of a refuge until it can."""
        return self._writer.path

    # --- writing -------------------------------------------------------------------------------------------------

    def attach(self, bus: Bus) -> Callable[[], None]:
        """Write every event of `bus` from now on; returns the undoing."""
        undo = [bus.subscribe(kind, self.put) for kind in _HEARD]

        def detach() -> None:
            for one in undo:
                one()

        return detach

    def put(self, event: Event) -> None:
        """Have an event written within half a second."""
        self._writer.put(event)

    def flush(self) -> None:
        """Return when all that was published is on disk (or the disk has refused it)."""
        self._writer.flush()

    def close(self) -> None:
        """Write what is left, and let go of the file. Sessions still running are marked interrupted."""
        self._writer.close()
        with self._lock:
            if self._conn is not None:
                self._conn.close()
                self._conn = None

    def update(self, id: str, **fields: Any) -> None:
        """Change fields of a session: those of `SessionChanged` (name, note, params, tags, ...)."""
        wrong = [field for field in fields if field not in CHANGEABLE]
        if wrong:
            raise BadValue(f"A session has no field {wrong[0]!r} to change; there are {', '.join(CHANGEABLE)}.")

        def job(conn: sqlite3.Connection, ledger: Ledger) -> None:
            reader.key_of(conn, id)
            ledger.change(id, fields)

        self._writer.do(job)

    def delete(self, id: str) -> None:
        """Remove a session and all that it holds, and give the space back."""

        def job(conn: sqlite3.Connection, ledger: Ledger) -> None:
            key = reader.key_of(conn, id)
            for table in ("blocks", "lanes", "recipes", "open", "tallies"):
                conn.execute(f"DELETE FROM {table} WHERE session = ?", (key,))
            conn.execute("DELETE FROM sessions WHERE key = ?", (key,))

        self._writer.do(job)
        self._writer.shrink()

    def load(self, document: Any) -> str:
        """Add the session of a JSON document (see `export`); returns its id. DocumentError leaves nothing behind."""
        try:
            return self._writer.do(read_document(document))
        except DocumentError:
            raise
        except (ValueError, TypeError, OverflowError) as error:  # a text or number that no database can hold
            raise DocumentError(f"The document cannot be stored ({error}). Nothing of it was.") from error

    def learn(self, name: str, value: Any) -> None:
        """Keep a fact that belongs to no session, such as what a random policy gets in an environment."""
        text = json.dumps(value)
        self._writer.do(lambda conn, _: conn.execute("REPLACE INTO facts VALUES (?, ?)", (name, text)))

    def fact(self, name: str) -> Any:
        """What was kept under that name; None where nothing was."""
        with self._reading() as conn:
            found = conn.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if found is None else json.loads(found[0])

    # --- reading -------------------------------------------------------------------------------------------------

    def split(self, id: str) -> list[str]:
        """Make a session of each environment that took the training lane one after another; the ids, in order.

        The session itself goes. With one environment nothing is done, and its own id is the answer.
        """
        parts = split_document(self.export(id))
        if len(parts) < 2:
            return [id]
        ids = [self.load(part) for part in parts]
        self.delete(id)
        return ids

    def sessions(self, scratch: bool = False) -> pd.DataFrame:
        """One row a session, newest first; scratch sessions only when asked for."""
        self._reap()
        with self._reading() as conn:
            return reader.sessions(conn, scratch)

    def find(self, name_or_id: str) -> str:
        """The id of the newest session of that name, of that id, or of the only id that begins so."""
        with self._reading() as conn:
            return reader.find(conn, name_or_id)

    def newest(self, scratch: bool = False) -> str | None:
        """The id of the session that began last."""
        where = "" if scratch else "WHERE scratch = 0"
        with self._reading() as conn:
            row = conn.execute(f"SELECT id FROM sessions {where} ORDER BY started DESC, key DESC LIMIT 1").fetchone()
        return None if row is None else str(row[0])

    def describe(self, id: str) -> dict[str, Any]:
        """All fields of a session, with params, tags, provenance and lanes (lane, group, place, recipe)."""
        with self._reading() as conn:
            return reader.describe(conn, id)

    def episodes(self, id: str) -> pd.DataFrame:
        """The episodes of a session: by end, unfinished ones last; the index is the episode."""
        with self._reading() as conn:
            return episodes.frame(self._episodes(conn, reader.key_of(conn, id)))

    def keys(self, id: str) -> list[tuple[int, int]]:
        """Lane and first step of each episode, in the order of `episodes`: names that stay when the index moves."""
        with self._reading() as conn:
            columns = self._episodes(conn, reader.key_of(conn, id)).columns
        return list(zip(columns["lane"].tolist(), columns["first"].tolist(), strict=True))

    def size(self) -> int:
        """Bytes on disk: the file and its journal."""
        parts = (self.path.with_name(self.path.name + tail) for tail in ("", "-wal"))
        return sum(part.stat().st_size for part in parts if part.exists())

    def metrics(self, id: str) -> pd.DataFrame:
        """The metrics of a session in long form: name, step, time, value."""
        with self._reading() as conn:
            return reader.metrics_frame(reader.metrics(conn, reader.key_of(conn, id)))

    def trace(self, id: str, episode: int) -> Trace:
        """What is needed to run an episode again. EpisodeNotFound; NotReplayable where its steps are not stored."""
        with self._reading() as conn:
            key = reader.key_of(conn, id)
            return traces.trace(conn, key, self._episodes(conn, key), int(episode))

    def export(self, id: str, traces: bool = True) -> Mapping[str, Any]:
        """A session as a JSON document, "rlnb-session/1" (docs/session.schema.json)."""
        with self._reading() as conn:
            key = reader.key_of(conn, id)
            return write_document(conn, key, reader.describe(conn, id), self._episodes(conn, key), traces)

    # --- inside --------------------------------------------------------------------------------------------------

    def _episodes(self, conn: sqlite3.Connection, key: int) -> EpisodeTable:
        """The episode table of the session asked for last is kept until the session grows."""
        state = (key, *conn.execute("SELECT status, updated, bytes, id FROM sessions WHERE key = ?", (key,)).fetchone())
        if self._table is None or self._table[0] != state:
            self._table = state, episodes.episode_table(conn, key)
        return self._table[1]

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                path = self.path
                if self._conn is None or identity(path) != self._file:
                    if self._conn is not None:
                        self._conn.close()
                        self._conn = None
                    self._conn = connect_ready(path, self._warn, read_only=True)
                    self._file = identity(path)
                yield self._conn
            except (sqlite3.Error, OSError) as error:
                raise StoreError(f"{self.path} could not be read: {error}.") from error

    def _reap(self) -> None:
        """Mark what dead processes left running."""
        if not self.path.exists():
            return
        with self._lock, suppress(sqlite3.Error):  # read-only or busy: the next one who opens it does it
            conn = connect(self.path)
            try:
                reap(conn, self.clock.now())
            finally:
                conn.close()

    # --- forks ---------------------------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """Stand still: nobody is inside SQLite while the process is copied."""
        self._lock.acquire()
        self._writer.before_fork()

    def after_fork(self) -> None:
        """In the parent: go on."""
        self._writer.after_fork()
        self._lock.release()

    def born_by_fork(self) -> list[sqlite3.Connection | None]:
        """In the child: fresh locks, no writer; returns the connections that it must never touch."""
        self._lock = threading.RLock()
        left, self._conn = self._conn, None
        return [left, self._writer.born_by_fork()]


def _close(store: weakref.ref[Store]) -> None:
    left = store()
    if left is not None:
        left.close()

"""The file of a store: its folder, its tables, its journal, and what is done when it is damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from rlnb.store.ground import ground
from rlnb.store.schema import APPLICATION_ID, foreign, prepare

FILE_NAME = "sessions.sqlite"
BUSY_SECONDS = 5.0
CHECKED_UP_TO = 16 * 2**20  # bytes: files up to here are read through for damage at opening
_MAGIC = b"SQLite format 3\0"

Warn = Callable[[str], None]


def connect(path: Path, read_only: bool = False) -> sqlite3.Connection:
    """A connection that several threads may share under a lock, in autocommit mode."""
    conn = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    conn.execute("PRAGMA synchronous = NORMAL")
    conn.execute("PRAGMA journal_size_limit = 16777216")
    if read_only:
        conn.execute("PRAGMA query_only = ON")
    return conn


def connect_ready(path: Path, warn: Warn, read_only: bool = False) -> sqlite3.Connection:
    """A connection to a file that has its tables; it gets them where somebody removed it, or no room was for them."""
    if path.exists():
        conn = connect(path, read_only)
        if conn.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
            return conn
        conn.close()
    make_ready(path, warn)
    return connect(path, read_only)


def damaged(error: BaseException) -> bool:
    """Whether SQLite says that the file itself is broken."""
    text = str(error)
    return "malformed" in text or "not a database" in text


def set_aside(place: Path, error: BaseException, warn: Warn) -> None:
    """Rename a damaged store (with its journal, for whoever wants to rescue it) so that a new one can be begun."""
    stamp = f"{datetime.now():%Y%m%d-%H%M%S-%f}"
    aside = place.with_name(f"{place.stem}.damaged-{stamp}{place.suffix}")
    for tail in ("", "-wal", "-shm", "-journal"):
        part = place.with_name(place.name + tail)
        if part.exists():
            part.rename(aside.with_name(aside.name + tail))
    warn(f"{place} is damaged ({error}). It was set aside as {aside.name}, and a new store begun.")


def make_ready(place: Path, warn: Warn) -> None:
    """Make the file and its tables where they are not there yet; raises DatabaseError for a damaged one."""
    make_folder(place.parent)
    conn = connect(place)
    try:
        prepare(conn, place)
        if place.stat().st_size <= CHECKED_UP_TO:
            (found,) = conn.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise sqlite3.DatabaseError(f"malformed: {found}")
        else:
            conn.execute("SELECT count(*), sum(steps) FROM sessions").fetchone()
        kind, why = ground(place.parent)
        if kind != "log" or not _write_ahead(conn):
            conn.execute("PRAGMA journal_mode = TRUNCATE")
            warn(
                f"SQLite cannot keep a write-ahead log in {place.parent}: "
                f"{why or 'its file system has no shared memory'}. The store keeps a rollback journal there: safe, but "
                "slower, and best used by one notebook at a time."
            )
    finally:
        conn.close()


def _write_ahead(conn: sqlite3.Connection) -> bool:
    """Switch the file to write-ahead logging, in which readers and the writer do not wait for each other."""
    try:
        mode = conn.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        return "locked" in str(error)  # somebody else is at it this moment; the mode lasts in the file
    return str(mode).lower() == "wal"


def make_folder(folder: Path) -> None:
    """Make the folder of a store; git leaves a new one out."""
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def refuse_foreign(place: Path) -> None:
    """Raise StoreError where the file is somebody else's."""
    if not place.exists():
        return
    with place.open("rb") as file:
        head = file.read(100)
    if not head or head.startswith(_MAGIC):
        return  # empty, or SQLite's: `prepare` looks closer
    ours = head[68:72] == APPLICATION_ID.to_bytes(4, "big") or (
        place.name == FILE_NAME and (place.parent / ".gitignore").exists() and place.parent.name == ".rlnb"
    )
    if not ours:  # ours with a broken head is damaged, which SQLite will say
        raise foreign(place)

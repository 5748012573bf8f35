"""Opening the file of a store: its folder, its journal, and what is done when something is wrong with either."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from rlnb.errors import StoreError
from rlnb.store.schema import APPLICATION_ID, foreign, prepare

FILE_NAME = "sessions.sqlite"
BUSY_SECONDS = 5.0
CHECKED_UP_TO = 16 * 2**20  # bytes: files up to here are read through for damage at opening
_MAGIC = b"SQLite format 3\0"

Warn = Callable[[str], None]


def open_file(path: str | os.PathLike[str], warn: Warn) -> Path:
    """Make sure that a store is at `path` (a file, or a folder for one); returns where it really is.

    A folder that cannot be written to gives a store in a temporary folder instead; a damaged file is set aside under a
    new name. Both are said through `warn`. Raises StoreError for a foreign file and for one from a newer rlnb.
    """
    place = Path(path).expanduser().absolute()
    if place.is_dir():
        place = place / FILE_NAME
    try:
        _refuse_foreign(place)
        try:
            make_ready(place, warn)
        except sqlite3.DatabaseError as error:
            if not damaged(error):
                raise
            set_aside(place, error, warn)
            make_ready(place, warn)
    except (NotADirectoryError, FileExistsError, IsADirectoryError) as error:
        raise StoreError(
            f"A store cannot be kept at {place}: {error}. Choose another place with rlnb.use(path)."
        ) from error
    except (OSError, sqlite3.OperationalError) as error:
        spare = Path(tempfile.mkdtemp(prefix="rlnb-")) / FILE_NAME
        warn(
            f"{place} cannot be written ({error}). Sessions are recorded into {spare} instead, which the system may "
            "clear; rlnb.use(path) chooses a lasting place."
        )
        make_ready(spare, warn)
        return spare
    return place


def connect(path: Path, read_only: bool = False) -> sqlite3.Connection:
    """A connection that several threads may share under a lock, in autocommit mode."""
    conn = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    conn.execute("PRAGMA synchronous = NORMAL")
    conn.execute("PRAGMA journal_size_limit = 16777216")
    if read_only:
        conn.execute("PRAGMA query_only = ON")
    return conn


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
    _make_folder(place.parent)
    conn = connect(place)
    try:
        prepare(conn, place)
        if place.stat().st_size <= CHECKED_UP_TO:
            (found,) = conn.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise sqlite3.DatabaseError(f"malformed: {found}")
        else:
            conn.execute("SELECT count(*), sum(steps) FROM sessions").fetchone()
        if not _write_ahead(conn):
            conn.execute("PRAGMA journal_mode = TRUNCATE")
            warn(
                f"The file system of {place.parent} has no shared memory for SQLite's write-ahead log, so the store "
                "keeps a rollback journal there: safe, but slower, and best used by one notebook at a time."
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


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def _refuse_foreign(place: Path) -> None:
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

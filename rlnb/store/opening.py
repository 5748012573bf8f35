"""Opening a store at a path: the path as people give it, the journal that its file system allows, or a refuge."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from rlnb.errors import StoreError
from rlnb.store.file import FILE_NAME, damaged, make_folder, make_ready, refuse_foreign, set_aside
from rlnb.store.ground import ground
from rlnb.store.refuge import COPY_EVERY, Refuge, bring_home

Warn = Callable[[str], None]


def open_file(path: str | os.PathLike[str], warn: Warn) -> tuple[Path, Refuge | None]:
    """Make sure that a store is at `path` (a file, or a folder for one); returns where it really is.

    A folder that cannot be written to, or in which SQLite must not work, gets a refuge; a damaged file is set aside
    under a new name. Each is said through `warn`. Where there is no room for a refuge either, what is recorded waits in
    memory. Raises StoreError for a foreign file, for one from a newer rlnb, and for a path that can never be one.
    """
    place = Path(path).expanduser().absolute()
    if place.is_dir():
        place = place / FILE_NAME
    try:
        refuse_foreign(place)
        make_folder(place.parent)
        kind, why = ground(place.parent)
        if kind == "copy":
            return _copied(place, why, warn)
        _make(place, warn)
    except (NotADirectoryError, FileExistsError, IsADirectoryError) as error:
        raise StoreError(
            f"A store cannot be kept at {place}: {error}. Choose another place with rlnb.use(path)."
        ) from error
    except (OSError, sqlite3.OperationalError) as error:
        return _meanwhile(place, error, warn)
    bring_home(place, place, warn)
    return place, None


def _make(place: Path, warn: Warn) -> None:
    try:
        make_ready(place, warn)
    except sqlite3.DatabaseError as error:
        if not damaged(error):
            raise
        set_aside(place, error, warn)
        make_ready(place, warn)


def _copied(place: Path, why: str, warn: Warn) -> tuple[Path, Refuge]:
    try:
        refuge = Refuge(place, warn, copies=True)
    except sqlite3.DatabaseError as error:
        if not damaged(error):
            raise
        set_aside(place, error, warn)
        refuge = Refuge(place, warn, copies=True)
    bring_home(place, refuge.path, warn)
    warn(
        f"SQLite cannot work safely at {place}: {why}. Sessions are recorded into {refuge.path}, and that file is "
        f"copied there every {COPY_EVERY:.0f} seconds and at the end; use it from one notebook at a time."
    )
    return refuge.path, refuge


def _meanwhile(place: Path, error: OSError | sqlite3.Error, warn: Warn) -> tuple[Path, Refuge | None]:
    try:
        refuge = Refuge(place, warn, copies=False)
    except (OSError, sqlite3.OperationalError):
        return place, None  # the writer keeps what it can in memory, and says so
    warn(
        f"{place} cannot be written ({error}). Sessions are recorded into {refuge.path} instead and brought there as "
        "soon as it can be written; rlnb.use(path) chooses another place."
    )
    return refuge.path, refuge

"""A store in a temporary folder that stands in for a place where none can be kept at the moment.

Either the place takes no writing (a read-only folder, a full disk): then it is tried again and again, and when it takes
some, all sessions are brought there and the recording goes on there. Or it is a drive on which SQLite must not work
(see `ground`): then the local file is copied there whole, every half minute and at the end. What a killed process left
in its refuge is brought home by the next store that is opened at the place, on the same machine.
"""

from __future__ import annotations

import glob
import hashlib
import math
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from rlnb.errors import StoreError
from rlnb.store.file import FILE_NAME, connect, damaged, make_folder, make_ready
from rlnb.store.link import Link
from rlnb.store.merging import merge
from rlnb.store.owner import any_alive

TRY_EVERY = 5.0  # seconds between two looks whether the place can be written again
COPY_EVERY = 30.0  # seconds between two copies to a drive, while something changes
PART_DIES_AFTER = 86_400.0  # seconds after which half a copy on a drive is of a process that was killed
SEED_UP_TO = 512 * 2**20  # bytes of the sessions at a read-only place that are copied, to be read here

Warn = Callable[[str], None]


class Refuge:
    """The file at `path`, for as long as `wanted` cannot be used."""

    def __init__(self, wanted: Path, warn: Warn, copies: bool) -> None:
        self.wanted, self.copies, self._warn = wanted, copies, warn
        self.path = Path(tempfile.mkdtemp(prefix=_prefix(wanted))) / FILE_NAME
        self._tried = time.monotonic()
        self._home: tuple[int, int] | None = None  # what the file at the place looked like when we last saw it
        self._met: tuple[int, int] | None = None  # what it looked like when the snapshot was made
        self._carried: list[tuple[int, int] | None] = []
        self._snapshot: Path | None = None
        self.over = False  # all is at the place, and is written there from now on
        if copies:
            _sweep(wanted)
        if copies or _size(wanted) <= SEED_UP_TO:
            self._seed()
        make_ready(self.path, warn)
        self._home, self._carried = _look(wanted), self._state()

    def _seed(self) -> None:
        """Begin with what is at the place."""
        try:
            _copy(self.wanted, self.path)
            if self.path.exists():
                make_ready(self.path, lambda _: None)
        except OSError as error:
            if self.copies:
                raise StoreError(f"{self.wanted} cannot be read: {error}.") from error
            _clear(self.path)
        except sqlite3.DatabaseError as error:
            if self.copies or not damaged(error):  # damaged on a drive: set aside below, as anywhere
                raise
            _clear(self.path)

    def pause(self) -> float:
        """Seconds until the next visit is due."""
        return self._tried + (COPY_EVERY if self.copies else TRY_EVERY) - time.monotonic()

    def visit(self, link: Link, asked: bool, last: bool) -> None:
        """Bring home what there is. `asked`: somebody waits for the disk; `last`: the store closes. Holds the file."""
        if self.over or not (last or self.pause() <= 0 or (asked and not self.copies)):
            return
        self._tried = time.monotonic()
        if self.copies:
            self._pack()
        elif self._bring(link):
            self.over = True
        elif last and (kept := self._count()):
            self._warn(
                f"{self.wanted} still cannot be written. {kept} sessions lie in {self.path}; they are brought there "
                "when rlnb opens a store there again on this machine, and rlnb.use(path) opens them where they are."
            )

    def _bring(self, link: Link) -> bool:
        try:
            make_folder(self.wanted.parent)
            make_ready(self.wanted, self._warn)
            with closing(connect(self.wanted)) as home:
                merge(self.path, home)
        except (OSError, sqlite3.Error, StoreError):
            return False
        link.move(self.wanted)
        self._warn(f"{self.wanted} can be written again: the sessions of the meantime were brought there.")
        self.discard()
        return True

    # --- a drive -----------------------------------------------------------------------------------------------------

    def _pack(self) -> None:
        """Make the file that goes to the drive, if anything is new; with what somebody else has put there meanwhile."""
        if self._state() == self._carried and _look(self.wanted) == self._home:
            return
        target = self.path.with_name("copy.sqlite")
        try:
            with closing(connect(self.path)) as conn:
                self._met = _look(self.wanted)
                if self._met != self._home and self._met is not None:
                    _copy(self.wanted, target)
                    merge(target, conn)
                _clear(target)
                self._carried = self._state()
                with closing(sqlite3.connect(target)) as copy:
                    conn.backup(copy)
                    copy.execute("PRAGMA journal_mode = DELETE")
        except (OSError, sqlite3.Error) as error:
            self._carried = []
            self._warn(f"{self.path} could not be copied to {self.wanted} ({error}); it is tried again.")
        else:
            self._snapshot = target

    def ship(self, force: bool = False) -> bool:
        """Copy the file to the drive, under another name until it is whole. The file need not be held.

        False: somebody has written there since the snapshot was made, so it stays away; another one has to be made.
        `force`: it goes there all the same; who writes there that often takes it over into theirs the next time.
        """
        if self._snapshot is None:
            return True
        part = beside(self.wanted, f".{self.path.parent.name[-8:]}.part")  # not one that another machine writes
        try:
            make_folder(self.wanted.parent)
            shutil.copyfile(self._snapshot, part)
            if not force and _look(self.wanted) != self._met:
                part.unlink()
                self._snapshot, self._carried, self._tried = None, [], -math.inf
                return False
            for tail in ("-wal", "-shm"):  # of somebody who used SQLite there all the same; `_pack` has read it
                beside(self.wanted, tail).unlink(missing_ok=True)
            os.replace(part, self.wanted)
            self._home = _look(self.wanted)
            self._snapshot = None
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            self._carried = []
            self._warn(f"{self.path} could not be copied to {self.wanted} ({error}); it is tried again.")
        return True

    # --- the end -----------------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """The store is closed: the folder goes if all that is in it is at the place too."""
        if self.over or (self.copies and self._snapshot is None and self._carried) or not self._count():
            self.discard()

    def discard(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path.parent, ignore_errors=True)

    def _count(self) -> int:
        """Sessions that are here, and may not be at the place."""
        try:
            with closing(connect(self.path, read_only=True)) as conn:
                return int(conn.execute("SELECT count(*) FROM sessions").fetchone()[0])
        except sqlite3.Error:
            return 0

    def _state(self) -> list[tuple[int, int] | None]:
        return [_look(self.path), _look(beside(self.path, "-wal"))]


def bring_home(place: Path, file: Path, warn: Warn) -> None:
    """What processes that are dead left in refuges from `place`, into its store, which is in `file`."""
    for folder in left_behind(place):
        source = folder / FILE_NAME
        if source == file:
            continue
        with suppress(OSError, sqlite3.Error, StoreError):
            with closing(connect(source)) as conn:
                if any_alive(conn, time.time()):
                    continue
            make_ready(source, lambda _: None)
            with closing(connect(file)) as home:
                brought = merge(source, home)
            if brought:
                warn(f"{len(brought)} sessions that had found no room at {place} were brought there from {folder}.")
            shutil.rmtree(folder, ignore_errors=True)


def left_behind(place: Path) -> Iterator[Path]:
    """Refuges of a place, of this user, that hold sessions."""
    with suppress(OSError):
        for folder in sorted(Path(tempfile.gettempdir()).glob(_prefix(place) + "*")):
            mine = not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
            if mine and (folder / FILE_NAME).is_file():
                yield folder


def beside(path: Path, tail: str) -> Path:
    """The file with a longer name: `beside(path, "-wal")`."""
    return path.with_name(path.name + tail)


def _prefix(place: Path) -> str:
    return (
        f"rlnb-{hashlib.sha1(str(place).encode('utf-8', 'surrogateescape'), usedforsecurity=False).hexdigest()[:12]}-"
    )


def _copy(source: Path, target: Path) -> None:
    """A store's file with what is still in its log."""
    for tail in ("", "-wal"):
        if beside(source, tail).exists():
            shutil.copyfile(beside(source, tail), beside(target, tail))


def _sweep(place: Path) -> None:
    """Remove the halves of copies that killed processes left beside the store of a place."""
    with suppress(OSError):
        for part in place.parent.glob(f"{glob.escape(place.name)}.*.part"):
            if time.time() - part.stat().st_mtime > PART_DIES_AFTER:
                part.unlink()


def _clear(path: Path) -> None:
    for tail in ("", "-wal", "-shm"):
        beside(path, tail).unlink(missing_ok=True)


def _look(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _size(path: Path) -> int:
    return (_look(path) or (0, 0))[1]

"""How a worker process hands what it records to its parent: through files, which neither has to wait for.

A pipe would block the worker when the parent is busy, lose what is in it when either dies, and has to be inherited,
which each way of starting a process does differently. A folder has a name. The worker appends messages to a segment and
begins the next at `SEGMENT` bytes; the parent removes what it has read. A worker that is `MOST` bytes ahead stops.

Beside the segments lie signs, which the worker removes when it has done what they ask for: `ask` (the parent wants all
there is), `anew` (another session begins), `proven` (no more frames are needed) and `stop` (it shall record no more).
"""

from __future__ import annotations

import os
import pickle
import shutil
import struct
from pathlib import Path
from typing import Any

SEGMENT = 2**20
MOST = 32 * 2**20
_SIZE = struct.Struct("<I")


class Writer:
    """The worker's end."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.full = False
        self._number = 0
        self._bytes = 0
        self._file = (self.folder / "0").open("ab", buffering=0)

    def put(self, message: Any) -> None:
        """Append a message; does nothing once the parent is too far behind, or gone."""
        if self.full:
            return
        body = pickle.dumps(message, protocol=5)
        try:
            if self._bytes > SEGMENT:
                self._next()
            self._file.write(_SIZE.pack(len(body)) + body)
            self._bytes += _SIZE.size + len(body)
        except OSError:  # the folder is gone, or the disk is full
            self.full = True

    def _next(self) -> None:
        behind = sum(1 for name in os.listdir(self.folder) if name.isdigit())
        if behind * SEGMENT > MOST:
            self.full = True
            (self.folder / "full").touch()
            return
        self._number += 1
        self._file.close()
        self._file = (self.folder / str(self._number)).open("ab", buffering=0)
        self._bytes = 0

    def sees(self, sign: str) -> bool:
        """Whether the parent has put up a sign; without the folder it wants to stop."""
        return (self.folder / sign).exists() or (sign == "stop" and not self.folder.exists())

    def answer(self, sign: str) -> None:
        """What a sign asks for has been done."""
        (self.folder / sign).unlink(missing_ok=True)

    def remove(self) -> None:
        """Let go of everything, for a parent that cannot."""
        self.full = True
        shutil.rmtree(self.folder, ignore_errors=True)


class Reader:
    """The parent's end."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self._number = 0
        self._offset = 0
        self._rest = b""

    def take(self) -> list[Any]:
        """The messages that have come since the last look."""
        found: list[Any] = []
        while True:
            path = self.folder / str(self._number)
            later = (self.folder / str(self._number + 1)).exists()  # before reading: then this one is whole
            try:
                with path.open("rb", buffering=0) as file:
                    file.seek(self._offset)
                    new = file.read()
            except FileNotFoundError:
                return found
            self._offset += len(new)
            self._rest += new
            found += self._whole()
            if not later:
                return found
            path.unlink(missing_ok=True)
            self._number, self._offset, self._rest = self._number + 1, 0, b""

    def _whole(self) -> list[Any]:
        found, at = [], 0
        while len(self._rest) - at >= _SIZE.size:
            (size,) = _SIZE.unpack_from(self._rest, at)
            if len(self._rest) - at - _SIZE.size < size:
                break
            at += _SIZE.size
            found.append(pickle.loads(self._rest[at : at + size]))
            at += size
        self._rest = self._rest[at:]
        return found

    def sign(self, name: str) -> None:
        """Put up a sign."""
        if self.folder.exists():
            (self.folder / name).touch()

    def has(self, name: str) -> bool:
        """Whether a sign stands."""
        return (self.folder / name).exists()

    def remove(self) -> None:
        """Let go of everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

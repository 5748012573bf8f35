"""Where the sessions lie: `.rlnb/sessions.sqlite` beside the notebook, `RLNB_HOME`, or what `rlnb.use` said."""

from __future__ import annotations

import os
from pathlib import Path

from rlnb.errors import StoreError

FILE = "sessions.sqlite"


def default_path() -> Path:
    """The store's file when nobody said otherwise."""
    home = os.environ.get("RLNB_HOME")
    return (Path(home).expanduser() if home else Path.cwd() / ".rlnb") / FILE


def as_store_path(path: str | os.PathLike[str]) -> Path:
    """What `rlnb.use(path)` means: a folder (the file goes inside) or the file itself."""
    given = Path(path).expanduser()
    if given.is_dir() or given.suffix == "":
        if given.is_file():
            raise StoreError(f"{str(given)!r} is a file without a store in it; give a folder or a .sqlite file.")
        return given / FILE
    return given

"""Where the sessions lie: `.rlnb/sessions.sqlite` beside the notebook, `RLNB_HOME`, or what `rlnb.use` said."""

from __future__ import annotations

import os
from pathlib import Path

from rlnb.errors import BadValue, StoreError

FILE = "sessions.sqlite"
FILES = (".sqlite", ".sqlite3", ".db")  # a path that ends so is the file itself; any other is a folder for it


def default_path() -> Path:
    """The store's file when nobody said otherwise."""
    home = os.environ.get("RLNB_HOME")
    return as_store_path(home, "RLNB_HOME") if home else Path.cwd() / ".rlnb" / FILE


def as_store_path(path: str | os.PathLike[str], given_by: str = "rlnb.use") -> Path:
    """What `rlnb.use(path)` and `RLNB_HOME` mean: a folder (it is made, and the file goes inside) or the file itself.

    >>> str(as_store_path("runs/v1.5"))
    'runs/v1.5/sessions.sqlite'
    >>> str(as_store_path("runs/course.sqlite"))
    'runs/course.sqlite'
    """
    if not isinstance(path, str | os.PathLike) or not str(path).strip() or "\0" in str(path):
        raise BadValue(f"{given_by}: {path!r} is no path; give a folder, as in 'runs', or a file that ends in .sqlite.")
    given = Path(path).expanduser()
    if given.is_dir():
        return given / FILE
    if given.is_file() or given.suffix.lower() in FILES:
        return given
    for above in given.parents:
        if above.is_file():
            raise StoreError(f"{given_by}: {str(given)!r} cannot be a folder, because {str(above)!r} is a file.")
    return given / FILE

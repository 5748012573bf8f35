"""Episodes as files: video, animated picture, a strip of pictures, or a page that plays by itself."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rlnb.control.writing import write_whole
from rlnb.errors import BadValue
from rlnb.widgets.short import short

if TYPE_CHECKING:
    from rlnb.control.films.takes import Take

TYPES = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".gif": "image/gif",
    ".png": "image/png",
    ".html": "text/html",
    ".htm": "text/html",
}


def save(takes: list[Take], path: str | os.PathLike[str]) -> Path:
    """Write takes as the ending of `path` says; several stand side by side. Returns the path."""
    target = Path(path).expanduser()
    if target.suffix.lower() not in TYPES:
        endings = ", ".join(TYPES)
        raise BadValue(f"An episode cannot be saved as {target.name!r}: the name must end in one of {endings}.")
    if not target.parent.is_dir():
        raise BadValue(f"There is no folder {str(target.parent)!r} to save {target.name!r} in.")
    return write_whole(target, content(takes, target.suffix.lower()))


def content(takes: list[Take], ending: str) -> bytes:
    """The bytes of the file."""
    worker = takes[0].session._room.worker
    if ending in (".html", ".htm"):
        from rlnb.widgets.film_page import film_page

        return film_page([one.data() for one in takes], " | ".join(one.caption for one in takes))
    films = [one.film for one in takes]
    film = films[0] if len(films) == 1 else worker.tile(films, [one.caption for one in takes])
    if ending == ".mp4":
        return film.mp4
    return worker.strip(film) if ending == ".png" else worker.convert(film, ending[1:])


def download(takes: list[Take], kind: str) -> tuple[str, str, bytes]:
    """Name, type and bytes of a file that a person asked for in the page; `kind` is an ending without its dot."""
    ending = f".{kind}"
    if ending not in TYPES:
        raise BadValue(f"An episode cannot be saved as {kind!r}: take one of {', '.join(sorted(TYPES))}.")
    name = re.sub(r"[^\w.-]+", "-", f"{short(takes[0].session.name)} episode {takes[0].episode}").strip("-")
    return f"{name}{ending}", TYPES[ending], content(takes, ending)

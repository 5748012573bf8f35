"""All sessions of the store: list, find, delete, read from JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnb.control.doors import the_room
from rlnb.control.session import Session
from rlnb.errors import BadValue, DocumentError, SessionNotFound

if TYPE_CHECKING:
    import pandas as pd


def sessions(query: str | None = None, *, scratch: bool = False) -> pd.DataFrame:
    """One row a session, newest first; `query` is any pandas query, as in `sessions("env_id == 'CartPole-v1'")`.

    Parameters are columns of their own. `scratch=True` lists those too that only looked around.
    """
    room = the_room()
    room.settle()
    table = room.store.sessions(scratch=scratch)
    names = sorted({name for params in table["params"] for name in params})
    for name in names:
        if name not in table.columns:
            table[name] = [params.get(name) for params in table["params"]]
    if query is None:
        return table
    try:
        return table.query(query)
    except Exception as error:
        raise BadValue(
            f"rlnb.sessions({query!r}) is no query that pandas understands: {error}. "
            f"The columns are {', '.join(map(str, table.columns))}."
        ) from error


def get(name_or_id: str) -> Session:
    """The newest session of that name, or the one with that id (or its first characters)."""
    room = the_room()
    room.settle()
    return Session(room, room.store.find(name_or_id))


def last() -> Session:
    """The newest session; scratch ones are skipped."""
    room = the_room()
    room.settle()
    found = room.store.newest()
    if found is None:
        raise SessionNotFound(
            "No session has been recorded yet. Step an environment after `%load_ext rlnb` (or `rlnb.install()`)."
        )
    return Session(room, found)


def delete(session: Session | str) -> None:
    """Delete a session and everything in it."""
    chosen = session if isinstance(session, Session) else get(session)
    room = the_room()
    if room.running(chosen.id) is not None:
        raise BadValue(f"Session {chosen.name!r} is running: stop it before it is deleted.")
    room.store.delete(chosen.id)


def load_json(path: str | os.PathLike[str]) -> Session:
    """Read a session that `save_json` wrote; nothing is kept of a document that is not whole."""
    file = Path(path).expanduser()
    try:
        document = json.loads(file.read_bytes())
    except OSError as error:
        raise DocumentError(f"{str(file)!r} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise DocumentError(f"{str(file)!r} is no JSON document: {error}.") from error
    room = the_room()
    return Session(room, room.store.load(without_code(document)))


def without_code(document: Any) -> Any:
    """The document without pickled environments: to replay one is to run its code, and it comes from elsewhere."""
    lanes = document.get("lanes") if isinstance(document, dict) else None
    for lane in lanes if isinstance(lanes, list) else ():
        recipe = lane.get("recipe") if isinstance(lane, dict) else None
        if isinstance(recipe, dict) and recipe.get("pickled"):
            recipe["pickled"] = None
            recipe["why_not"] = (
                "the document carries the environment's own code, and code from elsewhere is not run. "
                "Record a session with the environment here to replay it."
            )
    return document

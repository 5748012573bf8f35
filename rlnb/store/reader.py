"""Questions to the store: tables of sessions and metrics. Only reads; see also `episodes`, `steps` and `traces`.

All take a connection that nobody else uses meanwhile (`Store` holds the lock).
"""

from __future__ import annotations

import difflib
import math
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlnb.errors import SessionNotFound
from rlnb.store.codec import decode
from rlnb.store.plain import loads
from rlnb.store.schema import METRICS
from rlnb.training import Signs

if TYPE_CHECKING:
    import pandas as pd  # slow to import: a notebook that only records does without

COLUMNS = (
    "id", "name", "env_id", "status", "origin", "started", "ended", "updated", "steps", "episodes", "mean_return",
    "best", "seed", "total_steps", "tags", "note", "params", "scratch", "error", "bytes",
)  # fmt: skip
_FIELDS = (*COLUMNS, "provenance")


def _row(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    row = dict(zip(names, values, strict=True))
    row["params"], row["tags"] = loads(row["params"]), loads(row["tags"])
    row["scratch"] = bool(row["scratch"])
    row["seed"] = None if row["seed"] is None else int(row["seed"])
    for name in ("mean_return", "best"):
        row[name] = math.nan if row[name] is None else row[name]
    until = row["ended"] if row["ended"] is not None else row["updated"]
    row["elapsed"] = max(0.0, until - row["started"])
    row["steps_per_s"] = row["steps"] / row["elapsed"] if row["elapsed"] > 0 else math.nan
    return row


def sessions(conn: sqlite3.Connection, scratch: bool = False) -> pd.DataFrame:
    """One row a session, newest first."""
    import pandas as pd

    where = "" if scratch else "WHERE scratch = 0"
    found = conn.execute(f"SELECT {', '.join(COLUMNS)} FROM sessions {where} ORDER BY started DESC, key DESC")
    rows = [_row(COLUMNS, values) for values in found]
    columns = [
        "id", "name", "env_id", "status", "origin", "started", "ended", "elapsed", "steps", "episodes", "mean_return",
        "best", "steps_per_s", "seed", "tags", "note", "params", "scratch", "bytes", "error", "total_steps", "updated",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    floats = ("started", "ended", "elapsed", "mean_return", "best", "steps_per_s", "updated")
    ints = ("steps", "episodes", "bytes")
    frame = frame.astype({**dict.fromkeys(floats, float), **dict.fromkeys(ints, "int64"), "scratch": bool})
    for name in ("seed", "total_steps"):  # whole numbers or nothing, of any size
        frame[name] = pd.Series([row[name] for row in rows], dtype=object)
    return frame


def describe(conn: sqlite3.Connection, id: str) -> dict[str, Any]:
    """All fields of a session, its `training_group`, and its lanes: of each the newest environment."""
    row = conn.execute(f"SELECT key, {', '.join(_FIELDS)} FROM sessions WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise SessionNotFound(f"There is no session {id!r} in this store.")
    fields = _row(_FIELDS, row[1:])
    fields["provenance"] = loads(fields["provenance"])
    opened, signs = openings(conn, row[0]), Signs()
    for lane in opened:
        signs.note(lane["group"], lane["place"], lane["recipe"])
    steps = dict(conn.execute("SELECT grp, steps FROM tallies WHERE session = ?", (row[0],)))
    fields["training_group"] = signs.training(steps) or 0
    newest = {lane["lane"]: lane for lane in opened}
    fields["lanes"] = [{k: newest[n][k] for k in ("lane", "group", "place", "recipe")} for n in sorted(newest)]
    return fields


def openings(conn: sqlite3.Connection, key: int) -> list[dict[str, Any]]:
    """Every environment that took a lane of a session, in order."""
    recipes = {k: loads(t) for k, t in conn.execute("SELECT key, text FROM recipes WHERE session = ?", (key,))}
    rows = conn.execute("SELECT lane, grp, place, at, after, recipe FROM lanes WHERE session = ? ORDER BY key", (key,))
    names = ("lane", "group", "place", "at", "after")
    return [{**dict(zip(names, row, strict=False)), "recipe": recipes[row[5]]} for row in rows]


def key_of(conn: sqlite3.Connection, id: str) -> int:
    """The row of a session."""
    row = conn.execute("SELECT key FROM sessions WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise SessionNotFound(f"There is no session {id!r} in this store.")
    return int(row[0])


def find(conn: sqlite3.Connection, name_or_id: str) -> str:
    """The id of the newest session of that name (scratch ones last), or of that id, or with that beginning of an id."""
    wanted = str(name_or_id)
    row = conn.execute(
        "SELECT id FROM sessions WHERE name = ? ORDER BY scratch, started DESC, key DESC", (wanted,)
    ).fetchone()
    if row:
        return str(row[0])
    known = conn.execute("SELECT id, name FROM sessions ORDER BY scratch, started DESC, key DESC").fetchall()
    ids = [id for id, _ in known if wanted and id.startswith(wanted)]
    if wanted in ids or len(ids) == 1:
        return wanted if wanted in ids else str(ids[0])
    if ids:
        raise SessionNotFound(f"{len(ids)} sessions have an id that begins with {wanted!r}: {', '.join(ids[:5])}.")
    if not known:
        raise SessionNotFound(f"There is no session {wanted!r}: nothing is recorded in this store yet.")
    names = list(dict.fromkeys(name for _, name in known))
    folded = {name.lower(): name for name in reversed(names)}
    close = [folded[n] for n in difflib.get_close_matches(wanted.lower(), list(folded), n=3, cutoff=0.5)]
    close += [n for n in names if wanted and wanted.lower() in n.lower() and n not in close][: 3 - len(close)]
    hint = f"Close: {', '.join(map(repr, close))}." if close else f"The newest is {names[0]!r}."
    raise SessionNotFound(f"There is no session {wanted!r}. {hint} rlnb.sessions() lists them all.")


def metrics(conn: sqlite3.Connection, key: int) -> dict[str, list[NDArray[Any]]]:
    """Steps, times and values of each metric, in the order of logging."""
    found: dict[str, list[list[NDArray[Any]]]] = {}
    for name, data in conn.execute(
        "SELECT part, data FROM blocks WHERE session = ? AND kind = ? ORDER BY key", (key, METRICS)
    ):
        found.setdefault(name, []).append(decode(data))
    return {name: [np.concatenate(column) for column in zip(*parts, strict=True)] for name, parts in found.items()}


def metrics_frame(columns: dict[str, list[NDArray[Any]]]) -> pd.DataFrame:
    """Metrics in long form: name, step, time, value."""
    import pandas as pd

    parts = [pd.DataFrame({"name": n, "step": s, "time": t, "value": v}) for n, (s, t, v) in columns.items()]
    if not parts:
        return pd.DataFrame({"name": pd.Series(dtype=object), "step": pd.Series(dtype="int64"),
                             "time": pd.Series(dtype=float), "value": pd.Series(dtype=float)})  # fmt: skip
    return pd.concat(parts, ignore_index=True)

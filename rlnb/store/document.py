"""A session as a JSON document, "rlnb-session/1", and back. The schema is written down in docs/session.schema.json.

Everything but the store's internals is in it. Numbers that JSON lacks are strings in lists ("NaN", see `plain`); the
steps of the traces are columns of base64 over zlib over little-endian numbers. A document may have no traces: then its
episodes are there but cannot be replayed.
"""

from __future__ import annotations

import base64
import sqlite3
import uuid
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.events import EpisodesEnded, FramesTaken, LaneOpened, SessionStarted
from rlnb.store import reader, traces
from rlnb.store.check import SCHEMA, Checked, check
from rlnb.store.episodes import EpisodeTable
from rlnb.store.lanes import lane_of, wide_runs
from rlnb.store.ledger import FIRST_EVER, Ledger
from rlnb.store.plain import plain, unplain, word
from rlnb.store.schema import STEPS
from rlnb.store.starts import unpack_starts
from rlnb.store.steps import lane_runs

FIELDS = (
    "id", "name", "env_id", "status", "origin", "started", "ended", "note", "seed", "total_steps", "scratch", "error",
)  # fmt: skip
FREE = ("params", "tags", "provenance")


def write_document(
    conn: sqlite3.Connection, key: int, fields: Mapping[str, Any], table: EpisodeTable, with_traces: bool = True
) -> dict[str, Any]:
    """The document of a session."""
    tallies = conn.execute("SELECT grp, steps FROM tallies WHERE session = ? ORDER BY grp", (key,)).fetchall()
    lanes = [
        {**lane, "after": None if lane["after"] == FIRST_EVER else lane["after"], "recipe": plain(lane["recipe"])}
        for lane in reader.openings(conn, key)
    ]
    columns = {name: [_number(v) for v in column.tolist()] for name, column in table.columns.items()}
    columns["success"] = [None if v < 0 else v for v in columns["success"]]
    return {
        "schema": SCHEMA,
        "session": {**{f: fields[f] for f in FIELDS}, **{f: plain(fields[f]) for f in FREE}},
        "groups": [{"group": group, "steps": steps} for group, steps in tallies],
        "lanes": lanes,
        "episodes": columns,
        "metrics": {
            name: {
                "step": steps.tolist(),
                "time": [_number(v) for v in times.tolist()],
                "value": [_number(v) for v in values.tolist()],
            }
            for name, (steps, times, values) in reader.metrics(conn, key).items()
        },
        "traces": _traces(conn, key, table) if with_traces else None,
    }


def read_document(document: Any) -> Callable[[sqlite3.Connection, Ledger], str]:
    """Check a document (DocumentError), and return what adds it in the writer's transaction."""
    checked = check(document)
    return lambda conn, ledger: _add(checked, conn, ledger)


def _number(value: Any) -> Any:
    return word(value) if isinstance(value, float) else value


def _traces(conn: sqlite3.Connection, key: int, table: EpisodeTable) -> dict[str, Any]:
    starts: list[str] = [""] * len(table)
    for block in np.unique(table.block).tolist():
        where = np.flatnonzero(table.block == block)
        if block < 0:
            lanes = table.columns["lane"][where].tolist()
            found = [traces.open_start(conn, key, lane) for lane in lanes]
        else:
            (extra,) = conn.execute("SELECT extra FROM blocks WHERE key = ?", (block,)).fetchone()
            all_of_block = unpack_starts(extra)
            found = [all_of_block[row] for row in table.row[where].tolist()]
        for at, start in zip(where.tolist(), found, strict=True):
            starts[at] = base64.b64encode(start).decode()
    runs = []
    for (lane,) in conn.execute(
        "SELECT DISTINCT part FROM blocks WHERE session = ? AND kind = ? ORDER BY part", (key, STEPS)
    ).fetchall():
        for first, columns in lane_runs(conn, key, lane):
            names = ("actions", "rewards", "checks")
            packed = {name: pack_column(column) for name, column in zip(names, columns, strict=False)}
            if len(columns) > 3:
                packed["checked"] = pack_column(columns[3])
            runs.append({"lane": lane, "first": first, **packed})
    for first, rows in wide_runs(conn, key):
        for column in range(rows.actions.shape[1]):
            (actions, rewards, checks), checked = lane_of(rows, column)
            packed = {"actions": pack_column(actions), "rewards": pack_column(rewards), "checks": pack_column(checks)}
            packed["checked"] = pack_column(checked.astype(np.uint8))
            runs.append({"lane": first + column, "first": rows.first, **packed})
    document: dict[str, Any] = {"starts": starts, "steps": runs}
    frames = [
        {
            "lane": lane,
            "first": first,
            "steps": [k for k, _ in strip],
            "pictures": [base64.b64encode(picture).decode() for _, picture in strip],
        }
        for lane, first, strip in traces.strips(conn, key)
    ]
    return {**document, "frames": frames} if frames else document


def pack_column(column: NDArray[Any]) -> dict[str, Any]:
    """A column of the traces as JSON knows it; `check.unpack_column` is the inverse."""
    if column.dtype == object:
        return {"dtype": "object", "shape": list(column.shape), "data": plain(column.tolist())}
    column = column.astype(column.dtype.newbyteorder("<"), copy=False)
    data = base64.b64encode(zlib.compress(np.ascontiguousarray(column).tobytes(), 6)).decode()
    return {"dtype": column.dtype.str, "shape": list(column.shape), "data": data}


def _add(doc: Checked, conn: sqlite3.Connection, ledger: Ledger) -> str:
    session = doc.session
    id = str(session["id"])
    if conn.execute("SELECT 1 FROM sessions WHERE id = ?", (id,)).fetchone():
        id = uuid.uuid4().hex[: max(8, min(32, len(id)))]
    status = "interrupted" if session["status"] in ("running", "paused") else session["status"]
    book = ledger.begin(
        SessionStarted(
            session=id, at=session["started"], name=session["name"], origin=session["origin"], env_id=session["env_id"],
            params=unplain(session["params"]), tags=tuple(session["tags"]), seed=session["seed"],
            total_steps=session["total_steps"], scratch=session["scratch"], provenance=unplain(session["provenance"]),
        )
    )  # fmt: skip
    assert book is not None
    conn.execute(
        "UPDATE sessions SET status = ?, ended = ?, note = ?, error = ?, owner = NULL WHERE key = ?",
        (status, session["ended"], session["note"], session["error"], book.key),
    )
    book.live, book.status = False, status
    for lane in doc.lanes:
        event = LaneOpened(id, lane["at"], lane["lane"], lane["group"], lane["place"], unplain(lane["recipe"]))
        ledger.open_lane(book, event, FIRST_EVER if lane["after"] is None else lane["after"])
    for lane_number, first, columns in doc.steps:
        ledger.add_steps(book, id, lane_number, first, columns)
    for group, steps in doc.groups:
        book.tally(group).steps = steps
    if doc.episodes["length"].size:
        e = doc.episodes
        ledger.add_episodes(
            book,
            EpisodesEnded(
                id, 0, 0, e["first"], e["length"], e["return"], e["terminated"], e["truncated"], e["finished"],
                e["started"], e["ended"], e["step"], e["success"], tuple(doc.starts),
            ),
            lane=e["lane"],
            group=e["group"],
        )  # fmt: skip
    for name, metric in doc.metrics.items():
        ledger.add_metric(id, name, metric)
    for strip in doc.frames:
        ledger.blocks.write_frames(book, FramesTaken(id, *strip))
    ledger.settle({id: book}, _raise, at=session["ended"] or session["started"])
    return id


def _raise(event: Any, error: Exception) -> None:
    raise error

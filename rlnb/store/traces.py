"""The trace of an episode: its steps, how it began, in what, and the pictures that were recorded of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.errors import EpisodeNotFound, NotReplayable
from rlnb.store.codec import decode
from rlnb.store.episodes import EpisodeTable
from rlnb.store.lanes import lane_of, rows_of
from rlnb.store.plain import loads
from rlnb.store.schema import FRAMES
from rlnb.store.starts import unpack_starts
from rlnb.store.steps import lane_steps
from rlnb.trace import Trace, unpack_start


def trace(conn: sqlite3.Connection, key: int, table: EpisodeTable, episode: int) -> Trace:
    """What is needed to run an episode again."""
    if not 0 <= episode < len(table):
        there = f"episodes 0 to {len(table) - 1}" if len(table) else "no episode that has ended"
        raise EpisodeNotFound(f"There is no episode {episode}: the session has {there}.")
    row = {name: column[episode].item() for name, column in table.columns.items()}
    lane, first, length = row["lane"], row["first"], row["length"]
    start = _start(conn, key, int(table.block[episode]), int(table.row[episode]), lane)
    extra: dict[str, Any] = {}  # of a vector environment
    columns = lane_steps(conn, key, lane, first, length)
    if not len(columns[1]):
        columns, extra = _of_vector(conn, key, lane, first, length, start) or (columns, {})
    elif len(columns) > 3:  # a lane of a vector environment that was loaded from a document
        extra["checked"] = columns[3].astype(np.bool_)
    recipe = conn.execute(
        "SELECT text FROM recipes WHERE key = (SELECT recipe FROM lanes WHERE session = ? AND lane = ? AND after <= ? "
        "ORDER BY key DESC LIMIT 1)",
        (key, lane, first),
    ).fetchone()
    if len(columns[1]) < length:
        raise NotReplayable(
            f"Episode {episode} has {length} steps, of which {len(columns[1])} are stored: "
            + ("it was loaded from a document without traces." if not start else "the others could not be written.")
        )
    return Trace(
        recipe=loads(recipe[0]) if recipe else {"why_not": "no environment is recorded for this lane"},
        start=start,
        actions=columns[0],
        rewards=columns[1],
        checks=columns[2],
        terminated=row["terminated"],
        truncated=row["truncated"],
        finished=row["finished"],
        pictures=_pictures(conn, key, lane, first),
        **extra,
    )


def _pictures(conn: sqlite3.Connection, key: int, lane: int, first: int) -> tuple[tuple[int, bytes], ...]:
    """The recorded frames of an episode, if there are any: (steps taken, picture)."""
    found = conn.execute(
        "SELECT data, extra FROM blocks WHERE session = ? AND kind = ? AND part = ? AND first = ? LIMIT 1",
        (key, FRAMES, lane, first),
    ).fetchone()
    return () if found is None else _strip(*found)


def strips(conn: sqlite3.Connection, key: int) -> Iterator[tuple[int, int, tuple[tuple[int, bytes], ...]]]:
    """All recorded frames of a session: lane, first step of the episode, and its (steps taken, picture)."""
    rows = conn.execute(
        "SELECT part, first, data, extra FROM blocks WHERE session = ? AND kind = ? ORDER BY key", (key, FRAMES)
    )
    for lane, first, data, extra in rows:
        yield lane, first, _strip(data, extra)


def _strip(data: bytes, extra: bytes) -> tuple[tuple[int, bytes], ...]:
    steps, sizes = decode(extra)
    ends = np.cumsum(sizes).tolist()
    cuts = zip(steps.tolist(), [0, *ends[:-1]], ends, strict=True)
    return tuple((int(k), bytes(data[low:high])) for k, low, high in cuts)


def _of_vector(
    conn: sqlite3.Connection, key: int, lane: int, first: int, length: int, start: bytes
) -> tuple[list[NDArray[Any]], dict[str, Any]] | None:
    """Steps of a lane of a vector environment, which of their checks were taken, and what all lanes did since the
    reset before, where the start (its body is then one int64) says how long ago that was."""
    found = rows_of(conn, key, lane, first, length)
    if found is None:
        return None
    columns, checked = lane_of(*found)
    extra: dict[str, Any] = {"checked": checked, "column": found[1]}
    body = unpack_start(start)[1] if start else b""
    if len(body) != 8:
        return columns, extra
    since = int(np.frombuffer(body, np.int64)[0])
    whole = rows_of(conn, key, lane, first - since, since + length)
    if whole is not None and whole[0].n == since + length and len(columns[1]) == length:
        extra["company"] = whole[0].actions
    return columns, extra


def _start(conn: sqlite3.Connection, key: int, block: int, row: int, lane: int) -> bytes:
    if block < 0:
        return open_start(conn, key, lane)
    (extra,) = conn.execute("SELECT extra FROM blocks WHERE key = ?", (block,)).fetchone()
    return unpack_starts(extra, only=row)[0] if extra else b""


def open_start(conn: sqlite3.Connection, key: int, lane: int) -> bytes:
    """The start of the episode that a lane was in when its process died."""
    return bytes(conn.execute("SELECT start FROM open WHERE session = ? AND lane = ?", (key, lane)).fetchone()[0])

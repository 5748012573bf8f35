"""Questions to the store: tables of sessions, episodes and metrics, and traces. Only reads.

All take a connection that nobody else uses meanwhile (`Store` holds the lock).
"""

from __future__ import annotations

import difflib
import math
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlnb.errors import EpisodeNotFound, NotReplayable, SessionNotFound
from rlnb.store.codec import alike, decode, joined
from rlnb.store.lanes import lane_of, rows_of
from rlnb.store.ledger import EPISODE_COLUMNS
from rlnb.store.plain import loads
from rlnb.store.schema import EPISODES, FRAMES, METRICS, STEPS
from rlnb.store.starts import unpack_starts
from rlnb.trace import Trace, unpack_start

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
    """All fields of a session, and its lanes: of each the newest environment."""
    row = conn.execute(f"SELECT key, {', '.join(_FIELDS)} FROM sessions WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise SessionNotFound(f"There is no session {id!r} in this store.")
    fields = _row(_FIELDS, row[1:])
    fields["provenance"] = loads(fields["provenance"])
    newest = {lane["lane"]: lane for lane in openings(conn, row[0])}
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


@dataclass
class EpisodeTable:
    """A session's episodes in the order of their index: by end, unfinished ones last."""

    columns: dict[str, NDArray[Any]]
    block: NDArray[np.int64]  # where the start is: the key of its block, or -1 for the episode a dead session was in
    row: NDArray[np.int64]  # and its row there

    def __len__(self) -> int:
        return len(self.block)


def episode_table(conn: sqlite3.Connection, key: int) -> EpisodeTable:
    """Read the episodes of a session; the ones that a dead session was in are there as unfinished."""
    parts: list[list[NDArray[Any]]] = []
    blocks, rows = [], []
    for block, n, data in conn.execute(
        "SELECT key, n, data FROM blocks WHERE session = ? AND kind = ? ORDER BY key", (key, EPISODES)
    ):
        parts.append(decode(data))
        blocks.append(np.full(n, block, np.int64))
        rows.append(np.arange(n))
    opened = _open_episodes(conn, key)
    if opened:
        parts.append([np.array(column) for column in zip(*opened, strict=True)])
        blocks.append(np.full(len(opened), -1, np.int64))
        rows.append(np.arange(len(opened)))
    if not parts:
        parts, blocks, rows = [[np.zeros(0, t) for t in _TYPES]], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    whole: list[NDArray[Any]] = [
        np.concatenate(c).astype(t, copy=False) for c, t in zip(zip(*parts, strict=True), _TYPES, strict=True)
    ]
    columns = dict(zip(EPISODE_COLUMNS, whole, strict=True))
    order = np.lexsort((np.concatenate(blocks) < 0, columns["ended"], ~columns["finished"]))
    return EpisodeTable(
        {name: column[order] for name, column in columns.items()},
        np.concatenate(blocks)[order],
        np.concatenate(rows)[order],
    )


_TYPES = (
    np.int64, np.int64, np.int64, np.int64, np.float64, np.bool_, np.bool_, np.bool_, np.float64, np.float64, np.int64,
    np.int8,
)  # fmt: skip


def _open_episodes(conn: sqlite3.Connection, key: int) -> list[tuple[Any, ...]]:
    status, updated = conn.execute(
        "SELECT status, coalesce(ended, updated) FROM sessions WHERE key = ?", (key,)
    ).fetchone()
    if status in ("running", "paused"):
        return []  # still going on: it gets its row when it ends
    found = []
    groups = dict(conn.execute("SELECT lane, grp FROM lanes WHERE session = ? ORDER BY key", (key,)).fetchall())
    steps = dict(conn.execute("SELECT grp, steps FROM tallies WHERE session = ?", (key,)).fetchall())
    rows = conn.execute("SELECT lane, first, started FROM open WHERE session = ? ORDER BY lane", (key,)).fetchall()
    for lane, first, started in rows:
        rewards = lane_steps(conn, key, lane, first, None)[1]
        if len(rewards):
            group = groups.get(lane, 0)
            total = float(rewards.sum())
            ended = max(updated, started)
            found.append(
                (lane, group, first, len(rewards), total, False, False, False, started, ended, steps.get(group, 0), -1)
            )
    return found


def episodes(table: EpisodeTable) -> pd.DataFrame:
    """The episodes as a DataFrame. `success` is 1.0, 0.0, or NaN where the environment says nothing."""
    import pandas as pd

    shown = [name for name in EPISODE_COLUMNS if name != "first"]
    frame = pd.DataFrame({name: table.columns[name] for name in shown})
    frame["success"] = frame["success"].astype(float).where(frame["success"] >= 0)
    order = ["lane", "group", "return", "length", "terminated", "truncated", "finished", "success", "started", "ended"]
    return frame[[*order, "step"]].rename_axis("episode")


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


def lane_runs(conn: sqlite3.Connection, key: int, lane: int) -> Iterator[tuple[int, list[NDArray[Any]]]]:
    """All steps of a lane, as runs without gaps and of one kind of action: first index and columns."""
    run: list[list[NDArray[Any]]] = []
    begin = upto = 0
    for first, data in conn.execute(
        "SELECT first, data FROM blocks WHERE session = ? AND kind = ? AND part = ? ORDER BY first, key",
        (key, STEPS, lane),
    ):
        columns = decode(data)
        if run and (first != upto or not alike(run[-1], columns)):
            yield begin, joined(run)
            run = []
        if not run:
            begin = first
        run.append(columns)
        upto = first + len(columns[1])
    if run:
        yield begin, joined(run)


def lane_steps(conn: sqlite3.Connection, key: int, lane: int, first: int, length: int | None) -> list[NDArray[Any]]:
    """Actions, rewards and checks of a lane from `first` on, without gaps; fewer than `length` if some are gone."""
    end = 2**62 if length is None else first + length
    rows = conn.execute(
        "SELECT first, data FROM blocks WHERE session = ? AND kind = ? AND part = ? AND first < ? AND first + n > ? "
        "ORDER BY first, key",
        (key, STEPS, lane, end, first),
    )
    parts, at = [], first
    for begin, data in rows:
        if begin > at:
            break
        columns = [column[at - begin : end - begin] for column in decode(data)]
        parts.append(columns)
        at += len(columns[1])
    if not parts:
        return [np.zeros(0, np.int64), np.zeros(0, np.float64), np.zeros(0, np.uint16)]
    return joined(parts)


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
    if found is None:
        return ()
    steps, sizes = decode(found[1])
    ends = np.cumsum(sizes).tolist()
    cuts = zip(steps.tolist(), [0, *ends[:-1]], ends, strict=True)
    return tuple((int(k), bytes(found[0][low:high])) for k, low, high in cuts)


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

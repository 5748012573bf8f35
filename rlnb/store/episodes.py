"""The episodes of a session as a table: read from its blocks, and the ones that a dead session was in."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlnb.store.blocks import EPISODE_COLUMNS
from rlnb.store.codec import decode
from rlnb.store.lanes import lane_of, rows_of
from rlnb.store.schema import EPISODES
from rlnb.store.steps import lane_steps

if TYPE_CHECKING:
    import pandas as pd


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
        if not len(rewards) and (wide := rows_of(conn, key, lane, first)) is not None:
            rewards = lane_of(*wide)[0][1]
        if len(rewards):
            group = groups.get(lane, 0)
            total = float(np.add.accumulate(rewards)[-1])
            ended = max(updated, started)
            found.append(
                (lane, group, first, len(rewards), total, False, False, False, started, ended, steps.get(group, 0), -1)
            )
    return found


def frame(table: EpisodeTable) -> pd.DataFrame:
    """The episodes as a DataFrame. `success` is 1.0, 0.0, or NaN where the environment says nothing."""
    import pandas as pd

    shown = [name for name in EPISODE_COLUMNS if name != "first"]
    frame = pd.DataFrame({name: table.columns[name] for name in shown})
    frame["success"] = frame["success"].astype(float).where(frame["success"] >= 0)
    order = ["lane", "group", "return", "length", "terminated", "truncated", "finished", "success", "started", "ended"]
    return frame[[*order, "step"]].rename_axis("episode")

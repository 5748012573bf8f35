"""What the writer keeps in mind about a session that is being recorded.

All of it can be read from the file again, so after a failed transaction the books are simply thrown away.
"""

from __future__ import annotations

import math
import sqlite3
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.store.lanes import Wide
from rlnb.store.plain import loads
from rlnb.store.schema import EPISODES, LANES, STEPS
from rlnb.store.starts import Starts
from rlnb.training import Signs, counted

RECENT = 100  # finished episodes in the mean return of the summary

Columns = list[NDArray[Any]]


@dataclass
class Tally:
    """Running sums of one group."""

    steps: int = 0
    episodes: int = 0
    best: float = math.nan
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))

    def finish(self, returns: NDArray[np.float64]) -> None:
        """Count finished episodes."""
        if len(returns):
            self.episodes += len(returns)
            self.best = float(np.fmax.reduce(returns, initial=self.best))
            self.recent.extend(returns[-RECENT:].tolist())

    def mean(self) -> float | None:
        """Mean return of the last finished episodes; None without any (SQLite keeps NaN as NULL)."""
        return float(np.mean(self.recent)) if self.recent else None


@dataclass
class Tail:
    """The newest block of a part, still small: the next write is merged into it."""

    key: int
    first: int
    n: int
    columns: Columns
    starts: Starts
    bytes: int


class Book:
    """One session: its row, its sums, and the ends of its blocks."""

    def __init__(self, conn: sqlite3.Connection, key: int, status: str, owned: bool, size: int) -> None:
        self.key, self.status, self.bytes = key, status, size
        self.live = owned and status in ("running", "paused")
        self.tallies: dict[int, Tally] = {}
        self.next: dict[int, int] = {}  # lane -> its next step index
        self.tails: dict[tuple[int, Any], Tail] = {}
        self.wide: dict[int, tuple[int, Wide, int]] = {}  # first lane -> small newest block: key, rows, bytes
        self.recipes: dict[str, int] = {}
        self.open: dict[int, int] = dict(conn.execute("SELECT lane, first FROM open WHERE session = ?", (key,)))
        self.changed: set[int] = set()  # groups whose tally is to be written
        for group, steps, episodes, best, recent in conn.execute(
            "SELECT grp, steps, episodes, best, recent FROM tallies WHERE session = ?", (key,)
        ):
            tally = Tally(steps, episodes, math.nan if best is None else best)
            tally.recent.extend(np.frombuffer(recent, np.float64).tolist())
            self.tallies[group] = tally
        self.next.update(
            conn.execute(
                "SELECT part, max(first + n) FROM blocks WHERE session = ? AND kind IN (?, ?) GROUP BY part",
                (key, STEPS, LANES),
            ).fetchall()
        )
        self.signs = Signs()
        for group, place, text in conn.execute(
            "SELECT DISTINCT grp, place, text FROM lanes JOIN recipes ON recipes.key = lanes.recipe "
            "WHERE lanes.session = ?", (key,),
        ):  # fmt: skip
            self.signs.note(group, place, loads(text))
        self.recipes.update(
            (text, recipe) for recipe, text in conn.execute("SELECT key, text FROM recipes WHERE session = ?", (key,))
        )

    def tally(self, group: int) -> Tally:
        """The sums of a group, to be written with the next summary."""
        self.changed.add(group)
        return self.tallies.setdefault(group, Tally())

    def closed(self, lanes: NDArray[np.int64], first: NDArray[np.int64]) -> list[int]:
        """Those of these lanes whose open episode is among the ones that ended (they began at `first`)."""
        if not self.open:
            return []
        found = []
        for k in np.flatnonzero(np.isin(lanes, list(self.open))).tolist():
            lane = int(lanes[k])
            if self.open.get(lane, 2**62) <= int(first[k]):
                del self.open[lane]
                found.append(lane)
        return found

    def cuts(self, conn: sqlite3.Connection) -> int:
        """How many of the episodes in the file did not end."""
        query = "SELECT coalesce(sum(n), 0) FROM blocks WHERE session = ? AND kind = ?"
        (rows,) = conn.execute(query, (self.key, EPISODES)).fetchone()
        return int(rows) - sum(tally.episodes for tally in self.tallies.values())

    def recount(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """At the end of the session: what its loop ended at its own limit counts, too (`rlnb.training.counted`)."""
        for group, tally in self.tallies.items():
            own = columns["group"] == group
            some = {name: columns[name][own] for name in ("finished", "length", "lane", "started", "ended", "return")}
            which = counted(some["finished"], some["length"], some["lane"], some["started"])
            if np.count_nonzero(which) != tally.episodes:
                order = np.argsort(some["ended"][which], kind="stable")
                fresh = Tally(tally.steps)
                fresh.finish(some["return"][which][order])
                self.tallies[group] = fresh
                self.changed.add(group)

    def training(self) -> Tally:
        """The group that the summary speaks of."""
        best = self.signs.training({group: tally.steps for group, tally in self.tallies.items()})
        return Tally() if best is None else self.tallies[best]

    def write(self, conn: sqlite3.Connection, at: float) -> None:
        """Bring the session's summary in the file up to date."""
        for group in self.changed:
            tally = self.tallies[group]
            recent = np.array(tally.recent, np.float64).tobytes()
            conn.execute(
                "INSERT OR REPLACE INTO tallies VALUES (?, ?, ?, ?, ?, ?)",
                (self.key, group, tally.steps, tally.episodes, tally.best, recent),
            )
        self.changed.clear()
        own = self.training()
        conn.execute(
            "UPDATE sessions SET steps = ?, episodes = ?, mean_return = ?, best = ?, bytes = ?, updated = ? "
            "WHERE key = ?",
            (own.steps, own.episodes, own.mean(), own.best, self.bytes, at, self.key),
        )
        if self.live:  # another machine may have taken this process for dead while it slept
            conn.execute(
                "UPDATE sessions SET status = ?, ended = NULL WHERE key = ? AND status = 'interrupted'",
                (self.status, self.key),
            )

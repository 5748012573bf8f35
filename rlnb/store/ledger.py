"""Events written into the tables: the one place that inserts. Runs inside the writer's transaction.

What grows goes into `blocks`; here are the rows of sessions, lanes and open episodes, and the sums.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rlnb import events as ev
from rlnb.store.blocks import Blocks
from rlnb.store.book import Book, Columns
from rlnb.store.episodes import episode_table
from rlnb.store.owner import Owner
from rlnb.store.plain import dumps
from rlnb.store.schema import EPISODES, METRICS, STEPS

FIRST_EVER = -(2**62)

CHANGEABLE = ("name", "note", "params", "tags", "status", "seed", "scratch", "env_id", "total_steps", "provenance")
_JSON = ("params", "tags", "provenance")


class StepsLost:
    """Steps that could not be kept; they still count."""

    def __init__(self, event: ev.StepsRecorded | ev.LanesStepped) -> None:
        self.session, self.lane, self.group = event.session, event.lane, event.group
        self.first, self.n = int(event.first), len(event.rewards)
        self.steps = event.steps if isinstance(event, ev.LanesStepped) else None  # of all lanes

    def follows(self, later: StepsLost) -> bool:
        """Whether `later` goes on where this ends."""
        if self.steps is not None or later.steps is not None:
            return False
        return (later.session, later.lane, later.group, later.first) == (
            self.session, self.lane, self.group, self.first + self.n
        )  # fmt: skip


class Ledger:
    """Writes events through one connection, inside a transaction that the caller begins and commits."""

    def __init__(self, conn: sqlite3.Connection, owner: Owner, now: Callable[[], float]) -> None:
        self.conn, self.owner, self.now = conn, owner, now
        self.books: dict[str, Book] = {}
        self.blocks = Blocks(conn)

    def forget(self) -> None:
        """Throw the books away: after a rollback, or when somebody else changed the file."""
        self.books.clear()
        self.blocks.forget()

    def live(self) -> bool:
        """Whether a session of this process is running."""
        return any(book.live for book in self.books.values())

    def write(self, events: Sequence[ev.Event | StepsLost], failed: Callable[[Any, Exception], None]) -> None:
        """Write `events` in order. One that cannot be written goes to `failed`; a fault of the file raises."""
        touched: dict[str, Book] = {}
        for event in events:
            try:
                if isinstance(event, ev.SessionStarted):
                    book = self.begin(event)
                else:
                    book = touched.get(event.session) or self.book(event.session)
                if book is not None:
                    touched[event.session] = book
                    self._take(book, event)
            except sqlite3.Error:
                raise
            except Exception as error:
                failed(event, error)
        self.settle(touched, failed)

    def settle(
        self, touched: Mapping[str, Book], failed: Callable[[Any, Exception], None], at: float | None = None
    ) -> None:
        """Write what was gathered, and the summaries."""
        self.blocks.settle(touched, failed)
        for session, book in touched.items():
            if not book.live and book.cuts(self.conn) > 1:
                book.recount(episode_table(self.conn, book.key).columns)
            book.write(self.conn, self.now() if at is None else at)
            if not book.live:
                self.books.pop(session, None)

    def book(self, session: str) -> Book | None:
        """The book of a session; None where the session is not in the file (it was deleted)."""
        book = self.books.get(session)
        row = self.conn.execute("SELECT key, status, owner, bytes FROM sessions WHERE id = ?", (session,)).fetchone()
        if row is None:
            self.books.pop(session, None)
            return None
        if book is None or book.key != row[0]:
            book = Book(self.conn, row[0], row[1], row[2] == self.owner.token, row[3])
            self.books[session] = book
        return book

    def begin(self, event: ev.SessionStarted) -> Book | None:
        """A session's row."""
        self.owner.beat(self.conn, self.now())
        self.conn.execute(
            "INSERT OR IGNORE INTO sessions (id, name, env_id, status, origin, started, updated, params, tags, seed, "
            "total_steps, scratch, provenance, owner) VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (event.session, event.name, event.env_id, event.origin, event.at, event.at, dumps(event.params),
             dumps(list(event.tags)), _text(event.seed), _bare(event.total_steps), bool(event.scratch),
             dumps(event.provenance), self.owner.token),
        )  # fmt: skip
        return self.book(event.session)

    def open_lane(self, book: Book, event: ev.LaneOpened, after: int) -> None:
        """An environment on a lane, from the lane's step `after` on."""
        book.signs.note(event.group, event.place, event.recipe)
        text = dumps(event.recipe)
        if text not in book.recipes:
            done = self.conn.execute("INSERT INTO recipes (session, text) VALUES (?, ?)", (book.key, text))
            book.recipes[text] = int(done.lastrowid or 0)
            book.bytes += len(text)
        self.conn.executemany(
            "INSERT INTO lanes (session, lane, grp, place, at, after, recipe) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (book.key, event.lane + k, event.group, event.place, event.at, after, book.recipes[text])
                for k in range(event.width)
            ],
        )

    def add_steps(self, book: Book, session: str, lane: int, first: int, columns: Columns) -> None:
        """Steps of a lane: actions, rewards, checks."""
        n = self.blocks.add(session, STEPS, lane, columns, first)
        if n:
            book.next[lane] = max(book.next.get(lane, 0), first + n)

    def add_episodes(self, book: Book, event: ev.EpisodesEnded, lane: Any = None, group: Any = None) -> None:
        """Rows of the episodes table, and their sums."""
        n = len(event)
        its_lanes = np.full(n, event.lane, np.int64) if lane is None else lane
        groups = np.full(n, event.group, np.int64) if group is None else group
        columns: Columns = [
            its_lanes, groups, event.first, event.length, event.returns, event.terminated, event.truncated,
            event.finished, event.started, event.ended, event.step, event.success,
        ]  # fmt: skip
        starts = event.starts or (b"",) * n  # an empty start: this episode has no trace
        if len(starts) != n:
            raise ValueError(f"{n} episodes with {len(starts)} starts")
        self.blocks.add(event.session, EPISODES, "", columns, starts=starts)
        if group is None:
            book.tally(int(event.group)).finish(event.returns[event.finished])
            return
        for number in np.unique(groups).tolist():
            book.tally(number).finish(event.returns[event.finished & (groups == number)])

    def add_metric(self, session: str, name: str, columns: Columns) -> None:
        """Values of a metric: steps, times, values."""
        self.blocks.add(session, METRICS, str(name), columns)

    def change(self, session: str, fields: Mapping[str, Any]) -> None:
        """New values of a session's fields."""
        for field, value in fields.items():
            if field not in CHANGEABLE:
                raise ValueError(f"a session has no field {field!r} that can be changed")
            if field in _JSON:
                value = dumps(list(value) if field == "tags" else value)
            else:
                value = _text(value) if field == "seed" else _bare(value)
            self.conn.execute(f"UPDATE sessions SET {field} = ? WHERE id = ?", (value, session))

    def _take(self, book: Book, event: ev.Event | StepsLost) -> None:
        match event:
            case ev.StepsRecorded():
                columns = [event.actions, event.rewards, event.checks]
                self.add_steps(book, event.session, int(event.lane), int(event.first), columns)
                self._count(book, event.group, int(event.first), len(event.rewards))
            case StepsLost():
                book.next[event.lane] = max(book.next.get(event.lane, 0), event.first + event.n)
                if event.steps is None:
                    self._count(book, event.group, event.first, event.n)
                else:
                    book.tally(event.group).steps += event.steps
            case ev.EpisodesEnded():
                if len(event):
                    self.add_episodes(book, event)
                    over = book.closed(np.broadcast_to(event.lane, len(event)), event.first)
                    self.conn.executemany(
                        "DELETE FROM open WHERE session = ? AND lane = ?", [(book.key, lane) for lane in over]
                    )
            case ev.LanesStepped():
                if len(event.actions):
                    self.blocks.add_lanes(event)
                    book.next[event.lane] = max(book.next.get(event.lane, 0), event.first + len(event.actions))
                    book.tally(event.group).steps += event.steps
            case ev.EpisodeOpened():
                self.conn.execute(
                    "INSERT OR REPLACE INTO open VALUES (?, ?, ?, ?, ?)",
                    (book.key, int(event.lane), int(event.first), float(event.started), event.start),
                )
                book.open[int(event.lane)] = int(event.first)
            case ev.FramesTaken():
                self.blocks.write_frames(book, event)
            case ev.MetricsLogged():
                for name, values in event.values.items():
                    self.add_metric(event.session, name, [event.steps[name], event.times[name], values])
            case ev.LaneOpened():
                self.open_lane(book, event, book.next.get(event.lane, FIRST_EVER))
            case ev.SessionChanged():
                self.change(event.session, event.fields)
                if "status" in event.fields:
                    book.status = event.fields["status"]
                    book.live = book.live and book.status in ("running", "paused")
            case ev.SessionEnded():
                book.live = False
                self.conn.execute(
                    "UPDATE sessions SET status = ?, ended = ?, error = ? WHERE key = ?",
                    (event.status, event.at, event.error, book.key),
                )

    def _count(self, book: Book, group: int, first: int, n: int) -> None:
        """Only steps from index 0 on are the session's own; those before it belong to the one it goes on from."""
        book.tally(group).steps += max(0, first + n) - max(0, first)


def _text(seed: int | None) -> str | None:
    """A seed as text: seeds may be wider than SQLite's 64 bits."""
    return None if seed is None else str(int(seed))


def _bare(value: Any) -> Any:
    """A NumPy scalar as Python's own."""
    return value.item() if isinstance(value, np.generic) else value

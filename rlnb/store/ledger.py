"""Events written into the tables: the one place that inserts. Runs inside the writer's transaction.

Events of one write are gathered first (one block a lane for steps, one for all episodes, one a metric), and small
blocks are merged with the newest one, so that slow environments do not leave a crumb every half second.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rlnb import events as ev
from rlnb.store import lanes
from rlnb.store.book import Book, Columns, Tail
from rlnb.store.codec import alike, encode, joined
from rlnb.store.owner import Owner
from rlnb.store.plain import dumps
from rlnb.store.schema import EPISODES, FRAMES, LANES, METRICS, STEPS
from rlnb.store.starts import Starts, join_starts, pack_starts, slice_starts, weight_of

MERGED_ROWS, MERGED_BYTES = 512, 32 * 1024  # blocks below both take in the next write
LONGEST = 32_768  # rows of a block; a replay unpacks the blocks that its episode touches
FIRST_EVER = -(2**62)

EPISODE_COLUMNS = (
    "lane", "group", "first", "length", "return", "terminated", "truncated", "finished", "started", "ended", "step",
    "success",
)  # fmt: skip
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
        self._gathered: dict[tuple[str, int, Any], list[tuple[int, Columns, Starts]]] = {}
        self._wide: dict[tuple[str, int], list[lanes.Wide]] = {}

    def forget(self) -> None:
        """Throw the books away: after a rollback, or when somebody else changed the file."""
        self.books.clear()
        self._gathered.clear()
        self._wide.clear()

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
        gathered, self._gathered = self._gathered, {}
        for (session, kind, part), rows in gathered.items():
            try:
                self._blocks(touched[session], kind, part, rows)
            except sqlite3.Error:
                raise
            except Exception as error:
                failed(rows, error)
        wide, self._wide = self._wide, {}
        for (session, lane), parts in wide.items():
            for piece in lanes.runs(parts):
                self._wide_block(touched[session], lane, piece)
        for session, book in touched.items():
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
        n = _length(columns)
        if n:
            self._gathered.setdefault((session, STEPS, lane), []).append((first, columns, ()))
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
        if _length(columns) != len(starts):
            raise ValueError(f"{n} episodes with {len(starts)} starts")
        self._gathered.setdefault((event.session, EPISODES, ""), []).append((0, columns, starts))
        if group is None:
            book.tally(int(event.group)).finish(event.returns[event.finished])
            return
        for number in np.unique(groups).tolist():
            book.tally(number).finish(event.returns[event.finished & (groups == number)])

    def add_metric(self, session: str, name: str, columns: Columns) -> None:
        """Values of a metric: steps, times, values."""
        if _length(columns):
            self._gathered.setdefault((session, METRICS, str(name)), []).append((0, columns, ()))

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
                    if isinstance(event.lane, int):
                        self.conn.execute(
                            "DELETE FROM open WHERE session = ? AND lane = ? AND first <= ?",
                            (book.key, event.lane, int(event.first.max())),
                        )
            case ev.LanesStepped():
                if len(event.actions):
                    self._wide.setdefault((event.session, event.lane), []).append(lanes.wide(event))
                    book.next[event.lane] = max(book.next.get(event.lane, 0), event.first + len(event.actions))
                    book.tally(event.group).steps += event.steps
            case ev.EpisodeOpened():
                self.conn.execute(
                    "INSERT OR REPLACE INTO open VALUES (?, ?, ?, ?, ?)",
                    (book.key, int(event.lane), int(event.first), float(event.started), event.start),
                )
            case ev.FramesTaken():
                sizes = np.array([len(picture) for picture in event.pictures], np.int64)
                data, extra = b"".join(event.pictures), encode([event.steps, sizes])
                self.conn.execute(
                    "INSERT INTO blocks (session, kind, part, first, n, data, extra) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (book.key, FRAMES, int(event.lane), int(event.first), len(sizes), data, extra),
                )
                book.bytes += len(data) + len(extra)
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

    def _wide_block(self, book: Book, lane: int, rows: lanes.Wide) -> None:
        """Write rows of all lanes of a vector environment, together with its newest block where that is still small."""
        tail = book.wide.pop(lane, None)
        merged = tail is not None and tail[1].followed_by(rows)
        if tail is not None and merged:
            rows = lanes.joined([tail[1], rows])
        data, extra = lanes.packed(rows)
        stored = len(data) + len(extra)
        if tail is not None and merged:
            key = tail[0]
            self.conn.execute("UPDATE blocks SET n = ?, data = ?, extra = ? WHERE key = ?", (rows.n, data, extra, key))
            book.bytes -= tail[2]
        else:
            done = self.conn.execute(
                "INSERT INTO blocks (session, kind, part, first, n, data, extra) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (book.key, LANES, lane, rows.first, rows.n, data, extra),
            )
            key = int(done.lastrowid or 0)
        book.bytes += stored
        if rows.cells < lanes.SMALL:
            book.wide[lane] = key, rows, stored

    def _blocks(self, book: Book, kind: int, part: Any, rows: list[tuple[int, Columns, Starts]]) -> None:
        run: list[tuple[int, Columns, Starts]] = []
        upto = 0
        for first, columns, starts in rows:
            n = len(columns[1])
            if run and not (alike(run[-1][1], columns) and (kind != STEPS or first == upto)):
                self._block(book, kind, part, run)
                run = []
            run.append((first, columns, starts))
            upto = first + n
        if run:
            self._block(book, kind, part, run)

    def _block(self, book: Book, kind: int, part: Any, run: list[tuple[int, Columns, Starts]]) -> None:
        """Write rows that follow each other, together with the newest block where that is still small."""
        first, columns = run[0][0], joined([columns for _, columns, _ in run])
        starts = join_starts([some for _, _, some in run])
        tail = book.tails.pop((kind, part), None)
        if tail and alike(tail.columns, columns) and (kind != STEPS or tail.first + tail.n == first):
            first, columns, starts = tail.first, joined([tail.columns, columns]), join_starts([tail.starts, starts])
        else:
            tail = None
        n = len(columns[1])
        for low in range(0, n, LONGEST):
            piece = [column[low : low + LONGEST] for column in columns]
            size = len(piece[1])
            data, extra = (
                encode(piece),
                pack_starts(slice_starts(starts, slice(low, low + LONGEST))) if starts else None,
            )
            stored = len(data) + len(extra or b"")
            if tail and low == 0:
                key = tail.key
                self.conn.execute(
                    "UPDATE blocks SET n = ?, data = ?, extra = ? WHERE key = ?", (size, data, extra, key)
                )
                book.bytes -= tail.bytes
            else:
                done = self.conn.execute(
                    "INSERT INTO blocks (session, kind, part, first, n, data, extra) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (book.key, kind, part, first + low, size, data, extra),
                )
                key = int(done.lastrowid or 0)
            book.bytes += stored
        weight = sum(column.nbytes for column in columns) + weight_of(starts)
        if n < MERGED_ROWS and weight < MERGED_BYTES:
            book.tails[kind, part] = Tail(key, first, n, columns, starts, stored)


def _length(columns: Columns) -> int:
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise ValueError(f"columns of different lengths: {[len(column) for column in columns]}")
    return lengths.pop()


def _text(seed: int | None) -> str | None:
    """A seed as text: seeds may be wider than SQLite's 64 bits."""
    return None if seed is None else str(int(seed))


def _bare(value: Any) -> Any:
    """A NumPy scalar as Python's own."""
    return value.item() if isinstance(value, np.generic) else value

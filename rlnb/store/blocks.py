"""All that grows, in blocks: the steps of lanes, episodes, metrics, pictures. Inside the writer's transaction.

Events of one write are gathered first (one block a lane for steps, one for all episodes, one a metric), and small
blocks are merged with the newest one, so that slow environments do not leave a crumb every half second.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rlnb import events as ev
from rlnb.store import lanes
from rlnb.store.book import Book, Columns, Tail
from rlnb.store.codec import alike, encode, joined
from rlnb.store.schema import FRAMES, LANES, STEPS
from rlnb.store.starts import Starts, join_starts, pack_starts, slice_starts, weight_of

MERGED_ROWS, MERGED_BYTES = 512, 32 * 1024  # blocks below both take in the next write
LONGEST = 32_768  # rows of a block; a replay unpacks the blocks that its episode touches
EPISODE_COLUMNS = (
    "lane", "group", "first", "length", "return", "terminated", "truncated", "finished", "started", "ended", "step",
    "success",
)  # fmt: skip


class Blocks:
    """The blocks of the present write, gathered, and then written behind or into those that are there."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn
        self._gathered: dict[tuple[str, int, Any], list[tuple[int, Columns, Starts]]] = {}
        self._wide: dict[tuple[str, int], list[lanes.Wide]] = {}

    def forget(self) -> None:
        """Nothing of what was gathered is to be written."""
        self._gathered.clear()
        self._wide.clear()

    def add(self, session: str, kind: int, part: Any, columns: Columns, first: int = 0, starts: Starts = ()) -> int:
        """Gather rows of one kind; returns how many there are."""
        n = _length(columns)
        if n:
            self._gathered.setdefault((session, kind, part), []).append((first, columns, starts))
        return n

    def add_lanes(self, event: ev.LanesStepped) -> None:
        """Gather rows of all lanes of a vector environment."""
        self._wide.setdefault((event.session, event.lane), []).append(lanes.wide(event))

    def settle(self, touched: Mapping[str, Book], failed: Callable[[Any, Exception], None]) -> None:
        """Write what was gathered. What cannot be written goes to `failed`; a fault of the file raises."""
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
                self._write_lanes(touched[session], lane, piece)

    def write_frames(self, book: Book, event: ev.FramesTaken) -> None:
        """The pictures of an episode, at once."""
        sizes = np.array([len(picture) for picture in event.pictures], np.int64)
        data, extra = b"".join(event.pictures), encode([event.steps, sizes])
        self.conn.execute(
            "INSERT INTO blocks (session, kind, part, first, n, data, extra) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (book.key, FRAMES, int(event.lane), int(event.first), len(sizes), data, extra),
        )
        book.bytes += len(data) + len(extra)

    def _write_lanes(self, book: Book, lane: int, rows: lanes.Wide) -> None:
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

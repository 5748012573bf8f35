"""The steps of all lanes of a vector environment in one block: a row a step, a column a lane.

`data` holds the actions and the rewards, `extra` the checksums, which exist for some of the rows only. A thousand lanes
make one block where they would make a thousand, and a replay takes its lane out of it.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.events import LanesStepped
from rlnb.store.codec import decode, encode
from rlnb.store.schema import LANES

CELLS = 2**20  # lane-steps of a block, about; a replay unpacks the blocks that its episode touches
SMALL = 2**14  # a block with fewer takes in the next write
_HEAD = struct.Struct("<II")


@dataclass
class Wide:
    """Rows that follow each other."""

    first: int
    actions: NDArray[Any]
    rewards: NDArray[Any]
    ticks: NDArray[np.int64]
    checks: NDArray[np.uint16]

    @property
    def n(self) -> int:
        return len(self.actions)

    @property
    def cells(self) -> int:
        """Lane-steps."""
        return int(self.actions.shape[0] * self.actions.shape[1])

    def followed_by(self, other: Wide) -> bool:
        """Whether `other` goes on where this ends, with columns of the same kind."""
        return (self.first + self.n, self.actions.dtype, self.actions.shape[1:], self.rewards.dtype) == (
            other.first, other.actions.dtype, other.actions.shape[1:], other.rewards.dtype
        )  # fmt: skip

    def part(self, begin: int, end: int) -> Wide:
        """Rows `begin` to `end`."""
        here = (self.ticks >= self.first + begin) & (self.ticks < self.first + end)
        return Wide(
            self.first + begin,
            self.actions[begin:end],
            self.rewards[begin:end],
            self.ticks[here],
            self.checks[here],
        )


def wide(event: LanesStepped) -> Wide:
    """The rows of an event."""
    return Wide(int(event.first), event.actions, event.rewards, event.ticks, event.checks)


def joined(parts: Sequence[Wide]) -> Wide:
    """Rows put behind each other."""
    if len(parts) == 1:
        return parts[0]
    rewards = [part.rewards for part in parts]
    one = rewards[0].flat[0]
    n = sum(part.n for part in parts)
    even = all(column.strides == (0, 0) and column.flat[0] == one for column in rewards)
    return Wide(
        parts[0].first,
        np.concatenate([part.actions for part in parts]),
        np.broadcast_to(one, (n, *rewards[0].shape[1:])) if even else np.concatenate(rewards),
        np.concatenate([part.ticks for part in parts]),
        np.concatenate([part.checks for part in parts]),
    )


def runs(parts: Sequence[Wide]) -> list[Wide]:
    """Neighbours joined, and cut into pieces of the size of a block."""
    found: list[list[Wide]] = []
    for part in parts:
        if found and found[-1][-1].followed_by(part):
            found[-1].append(part)
        else:
            found.append([part])
    pieces = []
    for run in found:
        whole = joined(run)
        rows = max(1, CELLS // max(1, whole.actions.shape[1]))
        pieces += [whole.part(begin, begin + rows) for begin in range(0, whole.n, rows)]
    return pieces


def packed(rows: Wide) -> tuple[bytes, bytes]:
    """`data` and `extra` of a block."""
    count, lanes = rows.checks.shape
    checks = _HEAD.pack(count, lanes) + (rows.ticks - rows.first).astype("<u4").tobytes()
    return encode([rows.actions, rows.rewards]), checks + rows.checks.astype("<u2").tobytes()


def unpacked(first: int, data: bytes, extra: bytes) -> Wide:
    """The inverse of `packed`."""
    actions, rewards = decode(data)
    count, lanes = _HEAD.unpack_from(extra)
    ticks = np.frombuffer(extra, "<u4", count, _HEAD.size).astype(np.int64) + first
    checks = np.frombuffer(extra, "<u2", count * lanes, _HEAD.size + 4 * count).reshape(count, lanes)
    return Wide(first, actions, rewards, ticks, checks)


def rows_of(conn: sqlite3.Connection, key: int, lane: int, first: int, length: int = 2**61) -> tuple[Wide, int] | None:
    """The rows `first` to `first + length` (or to the end) of all lanes beside `lane`, as far as they are there without
    gaps, and the column that is `lane`; None where it is no lane of a vector environment."""
    (base,) = conn.execute(
        "SELECT max(part) FROM blocks WHERE session = ? AND kind = ? AND part <= ?", (key, LANES, lane)
    ).fetchone()
    if base is None:
        return None
    end = first + length
    found: list[Wide] = []
    at = first
    for begin, data, extra in conn.execute(
        "SELECT first, data, extra FROM blocks WHERE session = ? AND kind = ? AND part = ? AND first < ? "
        "AND first + n > ? ORDER BY first, key",
        (key, LANES, base, end, first),
    ):
        block = unpacked(begin, data, extra)
        if lane - base >= block.actions.shape[1]:
            return None
        if begin > at or (found and found[-1].actions.shape[1:] != block.actions.shape[1:]):
            break
        found.append(block.part(at - begin, min(end - begin, block.n)))
        at += found[-1].n
    return (joined(found), lane - base) if found else None


def wide_runs(conn: sqlite3.Connection, key: int) -> Iterator[tuple[int, Wide]]:
    """All that vector environments did in a session: their first lanes, and rows without gaps."""
    blocks = conn.execute(
        "SELECT part, first, data, extra FROM blocks WHERE session = ? AND kind = ? ORDER BY part, first, key",
        (key, LANES),
    ).fetchall()
    for base in dict.fromkeys(part for part, *_ in blocks):
        found = [unpacked(first, data, extra) for part, first, data, extra in blocks if part == base]
        run = [found[0]]
        for block in found[1:]:
            if not run[-1].followed_by(block):
                yield base, joined(run)
                run = []
            run.append(block)
        yield base, joined(run)


def lane_of(rows: Wide, column: int) -> tuple[list[NDArray[Any]], NDArray[np.bool_]]:
    """Actions, rewards and checks of one lane, and which of the checks were taken."""
    checks, checked = np.zeros(rows.n, np.uint16), np.zeros(rows.n, np.bool_)
    checks[rows.ticks - rows.first] = rows.checks[:, column]
    checked[rows.ticks - rows.first] = True
    rewards = rows.rewards[:, column].astype(np.float64)
    return [np.ascontiguousarray(rows.actions[:, column]), rewards, checks], checked

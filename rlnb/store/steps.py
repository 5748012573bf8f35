"""The steps of a lane, read from its blocks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlnb.store.codec import alike, decode, joined
from rlnb.store.schema import STEPS


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

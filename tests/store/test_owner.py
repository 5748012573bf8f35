"""Dead or alive: on this machine the process table says, from another only the heartbeat."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from rlnb.clock import ManualClock
from rlnb.store import Store, owner
from tests.store.recording import T0, metric, started


@pytest.mark.parametrize(
    ("changed", "silent", "status"),
    [
        ({"host": "elsewhere"}, 10.0, "running"),
        ({"host": "elsewhere"}, 100.0, "interrupted"),
        ({"boot": "before"}, 10.0, "running"),
        ({"boot": "before"}, 100.0, "interrupted"),
        ({"pid": os.getppid(), "born": owner._born(os.getppid())}, 100.0, "running"),
        ({"pid": os.getppid(), "born": "another time"}, 0.0, "interrupted"),
        ({"pid": 2**22 + 1}, 0.0, "interrupted"),
        ({}, 0.0, "interrupted"),  # our own number, but of a store that this process never opened
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="only heartbeats there")
def test_who_is_alive(tmp_path: Path, changed: dict[str, object], silent: float, status: str) -> None:
    clock = ManualClock(T0)
    recording = Store(tmp_path / "s.sqlite", clock)
    recording.put(started())
    recording.flush()
    with sqlite3.connect(recording.path) as conn:  # as if another process had written it
        conn.execute("UPDATE sessions SET owner = 'other'")
        conn.execute("UPDATE owners SET token = 'other'")
        for column, value in changed.items():
            conn.execute(f"UPDATE owners SET {column} = ?", (value,))
    clock.advance(silent)
    other = Store(recording.path, clock)
    assert other.sessions()["status"].tolist() == [status]
    other.close()
    recording.close()


def test_a_sleeper_that_was_taken_for_dead_goes_on(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.put(started())
    store.flush()
    with sqlite3.connect(store.path) as conn:
        conn.execute("UPDATE sessions SET status = 'interrupted', ended = started")
    store.put(started("s2", "other"))
    store.put(metric("s1", "loss", [1.0]))
    store.flush()
    assert store.describe("s1")["status"] == "running" and store.describe("s1")["ended"] is None
    store.close()

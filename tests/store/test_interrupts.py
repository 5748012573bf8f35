"""Ctrl-C while the publisher writes: nothing lost, nothing written twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rlnb.events import SessionEnded
from rlnb.store import Store, backlog
from rlnb.store.ledger import Ledger
from tests.store.recording import T0, lane, metric, started, steps


def test_an_interrupt_in_the_middle_of_a_write_loses_nothing(
    store: Store, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Ledger.write

    def interrupted(self: Ledger, *args: Any) -> None:
        write(self, *args)
        monkeypatch.setattr(Ledger, "write", write)
        raise KeyboardInterrupt

    store.put(started())
    store.flush()
    monkeypatch.setattr(store._writer, "_last", -1.0)
    monkeypatch.setattr(Ledger, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.put(lane())
    for event in (steps("s1", 0, 10, rng), SessionEnded("s1", T0 + 1, "stopped")):
        store.put(event)
    store.flush()
    assert store.describe("s1")["steps"] == 10
    assert len(store.describe("s1")["lanes"]) == 1


@pytest.mark.parametrize("when", ["the file has it", "nothing was taken yet"])
def test_an_interrupt_at_the_edges_of_a_write(
    store: Store, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    writer = store._writer
    for event in (started(), lane()):
        store.put(event)
    store.flush()
    link = writer.link

    class Interrupted:
        def execute(self, sql: str, *values: Any) -> Any:
            done = link.conn.execute(sql, *values)  # type: ignore[union-attr]
            if sql == "COMMIT":
                monkeypatch.undo()
                raise KeyboardInterrupt
            return done

        @property
        def in_transaction(self) -> bool:
            return bool(link.conn and link.conn.in_transaction)

    def torn(self: backlog.Backlog, whole: bool = True) -> Any:
        monkeypatch.undo()
        raise KeyboardInterrupt

    if when == "the file has it":
        ledger = link.open()[1]
        monkeypatch.setattr(link, "open", lambda: (Interrupted(), ledger))
    else:
        monkeypatch.setattr(backlog.Backlog, "take", torn)
    store.put(metric("s1", "loss", [0.5]))  # the writer's thread waits for its time from here on
    writer._last = -10.0  # a write is due, and this thread makes it
    with pytest.raises(KeyboardInterrupt):
        store.put(metric("s1", "loss", [0.25], 1))
    assert writer.file.acquire(timeout=5)
    writer.file.release()
    store.flush()
    assert store.metrics("s1")["value"].tolist() == [0.5, 0.25]

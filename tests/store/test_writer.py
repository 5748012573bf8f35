"""Nothing lost: full disks, kills, forks, two processes."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from rlnb.errors import StoreError
from rlnb.events import EpisodeOpened, Event, SessionEnded
from rlnb.store import Store, backlog
from rlnb.store.writer import Writer
from tests.store.recording import T0, ended, lane, metric, run, start, started, steps

TRAINER = """
import sys, time
import numpy as np
from rlnb.events import EpisodeOpened
from rlnb.store import Store
from tests.store.recording import ended, lane, start, started, steps
store, session, rng = Store(sys.argv[1]), sys.argv[2], np.random.default_rng(0)
store.put(started(session, session, at=time.time()))
store.put(lane(session))
first = 0
while True:  # a flush of capture: 10 steps, of which 8 end an episode
    store.put(EpisodeOpened(session, 0, first, time.time(), start(rng)))
    store.put(steps(session, first, 10, rng))
    store.put(ended(session, [first], [8], rng, at=time.time()))
    first += 10
    print(first, time.monotonic(), flush=True)
    time.sleep(0.02)
"""


def train(path: Path, session: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", TRAINER, str(path), session], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(2))  # more of them, through all of rlnb: tests/control/test_kill.py
def test_kill_9_loses_at_most_the_last_second(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "s.sqlite"
    trainer = train(path, "killed")
    assert trainer.stdout is not None
    lines = random.Random(seed).randint(20, 100)
    said = [trainer.stdout.readline().split() for _ in range(lines)]
    trainer.send_signal(signal.SIGKILL)
    said += [line.split() for line in trainer.stdout.read().splitlines()]
    trainer.wait()
    store = Store(path)
    (row,) = store.sessions().to_dict("records")
    assert row["status"] == "interrupted" and row["ended"] >= row["started"]
    last = float(said[-1][1])
    assert row["steps"] >= max([int(s) for s, at in said if float(at) < last - 1.0], default=0)
    episodes = store.episodes("killed")
    assert len(episodes) >= row["steps"] // 10 and len(store.trace("killed", row["episodes"] - 1)) == 8
    with sqlite3.connect(path) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()


def test_two_kernels_on_one_file(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tmp_path / "s.sqlite"
    trainers = [train(path, name) for name in ("one", "two")]
    for trainer in trainers:
        assert trainer.stdout is not None
        for _ in range(60):
            trainer.stdout.readline()
    store = Store(path)
    for event in run("three", [5] * 50, rng):
        store.put(event)
    store.flush()
    status = store.sessions().set_index("name")["status"].to_dict()
    assert status == {"one": "running", "two": "running", "dqn": "finished"}
    trainers[0].kill()
    trainers[0].wait()
    status = store.sessions().set_index("name")["status"].to_dict()
    assert status["one"] == "interrupted" and status["two"] == "running"
    trainers[1].kill()
    trainers[1].wait()
    for trainer in trainers:
        trainer.stdout.close()
    store.close()
    store = Store(path)
    assert (store.sessions()["steps"] > 200).all() and set(store.sessions()["status"]) == {"interrupted", "finished"}
    store.close()


def full(store: Store, pages: int | None = None) -> None:
    """Let the writer's connection find the disk full, or not any more."""
    if pages is None:
        store._writer.link.conn.execute("PRAGMA max_page_count = 1000000")
    else:
        store._writer.link.conn.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_is_said_once_and_all_is_written_later(
    store: Store, rng: np.random.Generator, said: list[str]
) -> None:
    for event in [started(), lane()]:
        store.put(event)
    store.flush()
    full(store, 1)  # no page more than there are
    for i in range(50):
        store.put(steps("s1", 2000 * i, 2000, rng))
        store.put(ended("s1", [2000 * i], [2000], rng))
        if i % 10 == 0:
            store.flush()
    assert len(said) == 1 and "cannot be written (database or disk is full)" in said[0] and "in memory" in said[0]
    with pytest.raises(StoreError, match="disk is full"):
        store.update("s1", params={"x": "y" * 100_000})
    full(store)
    store.put(SessionEnded("s1", T0 + 1, "finished"))
    store.flush()
    assert len(said) == 2 and "can be written again" in said[1]
    assert store.sessions()["steps"].tolist() == [100_000] and len(store.episodes("s1")) == 50
    assert len(store.trace("s1", 49)) == 2000


def test_memory_is_bounded_while_the_disk_is_full(
    store: Store, rng: np.random.Generator, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "FULL", 100_000)
    monkeypatch.setattr("rlnb.store.writer.FULL", 100_000)
    for event in [started(), lane()]:
        store.put(event)
    store.flush()
    full(store, 1)
    for i in range(50):
        store.put(steps("s1", 1000 * i, 1000, rng))
        store.put(ended("s1", [1000 * i], [1000], rng))
        store.flush()
        assert store._writer._backlog.bytes <= 100_000
    full(store)
    store.flush()
    assert "steps were let go meanwhile" in said[-1]
    assert store.sessions()["steps"].tolist() == [50_000] and len(store.episodes("s1")) == 50
    assert len(store.trace("s1", 49)) == 1000, "the newest steps are there"


def test_a_removed_file_is_begun_anew(store: Store, rng: np.random.Generator) -> None:
    for event in [started(name="dqn"), lane(), steps("s1", 0, 10, rng)]:
        store.put(event)
    store.flush()
    for part in list(store.path.parent.iterdir()):
        part.unlink()
    store.path.parent.rmdir()
    for event in [steps("s1", 10, 10, rng), ended("s1", [10], [10], rng)]:
        store.put(event)
    store.flush()
    assert store.sessions()["name"].tolist() == ["dqn"] and len(store.trace("s1", 0)) == 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_never_touches_the_parents_connection(store: Store, rng: np.random.Generator) -> None:
    for event in [started(), lane(), steps("s1", 0, 10, rng)]:
        store.put(event)
    store.flush()
    assert len(store.sessions()) == 1
    child = os.fork()
    if child == 0:
        try:
            store.put(steps("s1", 10, 99, rng))  # goes nowhere
            store.flush()
            fine = store.sessions()["steps"].tolist() == [10]
            try:
                store.update("s1", name="child")
                fine = False
            except StoreError:
                pass
            store.close()
        finally:
            os._exit(0 if fine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store.put(steps("s1", 10, 10, rng))
    store.put(metric("s1", "loss", [1.0]))
    store.flush()
    row = store.sessions().iloc[0]
    assert row["steps"] == 20 and row["status"] == "running" and row["name"] == "dqn"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_forks_in_the_middle_of_writing_corrupt_nothing(store: Store, rng: np.random.Generator) -> None:
    """User code that forks (a data loader, subprocesses) while the writer is at work, the child writing on."""
    for event in [started(), lane()]:
        store.put(event)
    over, rows = threading.Event(), [0]

    def train() -> None:
        while not over.is_set():
            store.put(steps("s1", rows[0], 50, rng))
            rows[0] += 50
            store.flush()

    thread = threading.Thread(target=train)
    thread.start()
    codes = []
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:  # only the forking thread is here: no writer's
                store.put(steps("s1", 0, 9, np.random.default_rng(0)))
                store.flush()
                store.close()
                os._exit(0 if threading.active_count() == 1 else 3)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    finally:
        over.set()
        thread.join()
    store.flush()
    assert codes == [0] * 20
    assert store.sessions()["steps"].tolist() == [rows[0]]
    with sqlite3.connect(store.path) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_store_of_the_same_process_is_not_dead(store: Store, rng: np.random.Generator) -> None:
    for event in [started(), lane(), EpisodeOpened("s1", 0, 0, T0, start(rng)), steps("s1", 0, 3, rng)]:
        store.put(event)
    store.flush()
    other = Store(store.path)
    assert other.sessions()["status"].tolist() == ["running"]
    other.close()
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.update("s1", name="x")


def test_damage_while_it_runs_begins_a_new_file(store: Store, rng: np.random.Generator, said: list[str]) -> None:
    for event in run("old", [2000] * 20, rng):
        store.put(event)
    for event in [started(), lane()]:
        store.put(event)
    store.flush()
    with store._reading() as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store._writer.link.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    store._writer.link.conn.execute("PRAGMA cache_size = 0")
    with store.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (store.path.stat().st_size - 4096))
    store.put(steps("s1", 0, 10, rng))
    store.put(ended("s1", [0], [10], rng))
    store.flush()
    assert len(said) == 1 and "was set aside as" in said[0]
    assert store.sessions()["name"].tolist() == ["dqn"] and len(store.trace("s1", 0)) == 10


def test_six_processes_make_the_store_at_once(tmp_path: Path) -> None:
    program = "import sys; from rlnb.store import Store; s = Store(sys.argv[1]); print(len(s.sessions())); s.close()"
    path = str(tmp_path / "new" / "s.sqlite")
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", program, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    for maker in makers:
        out, err = maker.communicate(timeout=60)
        assert (out, err, maker.returncode) == ("0\n", "", 0)


def test_a_write_that_is_due_is_made_by_the_publisher_and_then_by_the_thread(
    store: Store, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    writers: list[threading.Thread] = []
    write = Writer._write

    def spied(self: Writer, events: list[Event]) -> None:
        if events:
            writers.append(threading.current_thread())
        write(self, events)

    monkeypatch.setattr(Writer, "_write", spied)
    store.put(started())
    store.put(lane())
    assert writers[0] is threading.main_thread()
    store.put(steps("s1", 0, 10, rng))  # not due yet: nobody publishes after it, so the thread sees to it
    while len(writers) < 2:
        time.sleep(0.01)
    assert writers[-1] is not threading.main_thread()


def test_steps_and_the_episodes_that_end_in_them_are_written_together(
    store: Store, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the two, the steps of several episodes would look like one."""
    writes: list[list[str]] = []
    write = Writer._write

    def spied(self: Writer, events: list[Event]) -> None:
        writes.append([type(event).__name__ for event in events])
        write(self, events)

    monkeypatch.setattr(Writer, "_write", spied)
    for event in (started(), lane()):
        store.put(event)
    store.flush()
    monkeypatch.setattr("rlnb.store.writer.GRACE", 1e9)  # the thread stays out of it
    for first in (0, 10, 20):
        writes.clear()
        monkeypatch.setattr(store._writer, "_last", -1.0)  # long due
        store.put(steps("s1", first, 10, rng))
        monkeypatch.setattr(store._writer, "_last", -1.0)
        store.put(ended("s1", [first, first + 5], [5, 5], rng))
        assert [names for names in writes if names] == [["StepsRecorded", "EpisodesEnded"]]
    store.put(steps("s1", 30, 10, rng))
    store.flush()
    assert [names for names in writes if names][-1] == ["StepsRecorded"] and store.sessions()["steps"].tolist() == [40]

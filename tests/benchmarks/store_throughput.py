"""The store beside a naive one (a SQLite row a step), in one run: `python tests/benchmarks/store_throughput.py`

Prints steps a second from the first event published to the last byte on disk, bytes a step, and the memory that ten
million steps take (`--small`: a tenth of each).
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from rlnb.events import EpisodesEnded, Event, LaneOpened, SessionEnded, SessionStarted, StepsRecorded
from rlnb.store import Store
from rlnb.trace import pack_start

CHUNK = 10_000  # steps of a flush: a fast loop at 100,000 steps a second, flushed ten times a second


def flushes(length: int, pool: int = 20) -> list[tuple[StepsRecorded, EpisodesEnded]]:
    """Different flushes of CartPole in episodes of `length` steps (no two alike, or compression would gain by it)."""
    rng = np.random.default_rng(0)
    k = CHUNK // length
    ones, lengths, first = np.ones(k, bool), np.full(k, length, np.int64), np.arange(k, dtype=np.int64) * length
    made = []
    for _ in range(pool):
        states = [int(rng.integers(2**63)) << 64 | int(rng.integers(2**63)) for _ in range(k)]
        starts = tuple(pack_start({"kind": "numpy", "state": s, "inc": 2**100 + 1, "kwargs": {}}) for s in states)
        checks = rng.integers(0, 2**16, CHUNK).astype(np.uint16)
        ended = 1.7e9 + np.cumsum(rng.uniform(0.9, 1.1, k)) * length * 1e-5
        steps = StepsRecorded("s", 0, 0, 0, rng.integers(0, 2, CHUNK), np.ones(CHUNK), checks)
        episodes = EpisodesEnded(
            "s", 0, 0, first, lengths, lengths.astype(float), ones, ~ones, ones,
            ended - length * 1e-5, ended, first + length, np.full(k, -1, np.int8), starts,
        )  # fmt: skip
        made.append((steps, episodes))
    return made


def cartpole(
    session: str, n: int, made: list[tuple[StepsRecorded, EpisodesEnded]], name: str = "bench"
) -> Iterator[Event]:
    """A session of `n` steps."""
    yield SessionStarted(session, 1.7e9, name, "script", "CartPole-v1")
    yield LaneOpened(session, 1.7e9, 0, 0, "bench", {"env_id": "CartPole-v1"})
    for at in range(0, n, CHUNK):
        steps, ended = made[at // CHUNK % len(made)]
        yield replace(steps, session=session, first=at)
        seconds = at * 1e-5
        yield replace(
            ended, session=session, first=ended.first + at, step=ended.step + at,
            started=ended.started + seconds, ended=ended.ended + seconds,
        )  # fmt: skip
    yield SessionEnded(session, 1.7e9 + n * 1e-5, "finished")


def rlnb_store(path: Path, n: int, length: int) -> tuple[float, float]:
    """Steps a second, bytes a step."""
    store = Store(path / "sessions.sqlite")
    made = flushes(length)
    begin = time.perf_counter()
    for event in cartpole("s", n, made):
        store.put(event)
    store.flush()
    seconds = time.perf_counter() - begin
    store.close()
    return n / seconds, (path / "sessions.sqlite").stat().st_size / n


def naive_store(path: Path, n: int) -> tuple[float, float]:
    """A row a step, committed twice a second, as one would write it first."""
    conn = sqlite3.connect(path / "naive.sqlite")
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("CREATE TABLE steps (episode INTEGER, step INTEGER, action INTEGER, reward REAL, checksum INTEGER)")
    begin = last = time.perf_counter()
    for i in range(n):
        conn.execute("INSERT INTO steps VALUES (?, ?, ?, ?, ?)", (i // 22, i, i & 1, 1.0, i * 7919 & 65535))
        if time.perf_counter() - last > 0.5:
            conn.commit()
            last = time.perf_counter()
    conn.commit()
    seconds = time.perf_counter() - begin
    conn.close()
    return n / seconds, (path / "naive.sqlite").stat().st_size / n


def peak() -> int:
    """Peak memory of this program in KB (`ru_maxrss` would begin with that of the program which started it)."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1])


def memory(n: int) -> None:
    """In a process of its own: peak memory that `n` steps add."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "s.sqlite")
        made = flushes(20)
        for event in cartpole("warm", 2 * CHUNK, made):
            store.put(event)
        store.flush()
        before = peak()
        for event in cartpole("s", n, made):
            store.put(event)
        store.close()
        print((peak() - before) / 1024)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of everything")
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory:
        memory(args.memory)
        return
    n = 200_000 if args.small else 2_000_000
    rows: dict[str, list[tuple[float, float]]] = {
        "rlnb, episodes of 20": [],
        "rlnb, episodes of 500": [],
        "a row a step": [],
    }
    for _ in range(7):
        folder = Path(tempfile.mkdtemp())
        (folder / "a").mkdir()
        (folder / "b").mkdir()
        rows["rlnb, episodes of 20"].append(rlnb_store(folder / "a", n, 20))
        rows["rlnb, episodes of 500"].append(rlnb_store(folder / "b", n, 500))
        rows["a row a step"].append(naive_store(folder, n // 10))
        shutil.rmtree(folder)
    peer = statistics.median(speed for speed, _ in rows["a row a step"])
    for name, found in rows.items():
        speed = statistics.median(speed for speed, _ in found)
        size = statistics.median(size for _, size in found)
        print(f"{name:22} {speed:12,.0f} steps/s ({speed / peer:5.1f} x)  {size:6.2f} bytes a step")
    print("goals: 500,000 steps/s, 4 bytes a step")
    command = [sys.executable, __file__, "--memory", str(5 * n)]
    if Path("/proc/self/status").exists():
        grown = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(f"memory that {5 * n:,} steps add at most: {grown:.1f} MB (goal 64)")


if __name__ == "__main__":
    main()

"""What ten million recorded CartPole steps take of memory, beside the bare loop.

    python tests/benchmarks/memory.py [steps]

Each in a process of its own: the bare loop; recorded into a store; the same with the live view's feed, a million rows
of `rlnb.log` and a tab that has been closed (nothing is acknowledged); the same with a store that takes no writing.
Random actions end an episode every 22 steps, so that everything kept per episode shows.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

STEPS = 10_000_000
CHUNK = 100_000
CONTENDERS = {
    "bare loop": "bare",
    "recorded": "store",
    "recorded, a live view whose tab is closed, 1 log in 10 steps": "view",
    "recorded, the store's folder is gone and the disk full": "gone",
}


def resident() -> float:
    """MB of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def loop(how: str, steps: int) -> None:
    """Steps an environment; prints MB at a tenth and at every further one."""
    import gymnasium as gym
    import numpy as np

    import rlnb

    folder = tempfile.TemporaryDirectory()
    env = gym.make("CartPole-v1")
    if how != "bare":
        rlnb.use(folder.name)
        rlnb.install()
        env = gym.make("CartPole-v1")
    rng = np.random.default_rng(0)
    env.reset(seed=0)
    log = rlnb.log if how == "view" else None
    marks = {steps * k // 10 // CHUNK for k in range(1, 11)}
    before = resident()
    print(before, flush=True)
    for chunk in range(steps // CHUNK):
        for k, action in enumerate(rng.integers(0, 2, CHUNK).tolist()):
            _, _, terminated, truncated, _ = env.step(action)
            if log is not None and k % 10 == 0:
                log(loss=0.1, q=k)
            if terminated or truncated:
                env.reset()
        if chunk == 0 and how == "view":
            rlnb.last().live().widget
        if chunk == 0 and how == "gone":
            _break_the_store()
        if chunk + 1 in marks:
            print(resident(), flush=True)
    if how == "gone":
        import os

        os._exit(0)  # what could not be written is not waited for


def _break_the_store() -> None:
    """Every write fails from here on, as on a full disk."""
    import sqlite3

    from rlnb.store import ledger

    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    ledger.Ledger.write = full  # type: ignore[method-assign, assignment]


def main(steps: int = STEPS) -> None:
    """Print the table."""
    print(f"CartPole-v1, {steps:,} steps of random actions; MB of the process\n")
    print("| | before | after a tenth | after half | at the end | grown since a tenth |")
    print("|---|---|---|---|---|---|")
    for name, how in CONTENDERS.items():
        command = [sys.executable, __file__, "--run", how, str(steps)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            print(f"| {name} | failed: {ran.stderr.strip().splitlines()[-1]} | | | | |")
            continue
        before, *marks = map(float, ran.stdout.split())
        print(
            f"| {name} | {before:.0f} | {marks[0]:.0f} | {marks[len(marks) // 2 - 1]:.0f} | {marks[-1]:.0f} "
            f"| {marks[-1] - marks[0]:+.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        loop(sys.argv[2], int(sys.argv[3]))
    else:
        main(*(int(float(word)) for word in sys.argv[1:]))

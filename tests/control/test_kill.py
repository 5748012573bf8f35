"""`kill -9` in the middle of training, while another process records into the same file."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rlnb

TRAINING = """
import sys, time
import gymnasium, rlnb
rlnb.install()
env = gymnasium.make("CartPole-v1")
env.action_space.seed(0)
env.reset(seed=0)
steps, said = 0, 0.0
with rlnb.session(sys.argv[1]):
    while True:
        steps += 1
        if any(env.step(env.action_space.sample())[2:4]):
            env.reset()
        if (now := time.process_time()) - said > 0.005:  # of the processor, so that a busy machine changes nothing
            said = now
            print(steps, now, flush=True)
"""


class Trainer:
    """A process that trains and writes into a file how far it is."""

    def __init__(self, name: str) -> None:
        self.said = Path(f"{name}.txt")
        with self.said.open("wb") as file:
            command = [sys.executable, "-c", TRAINING, name]
            self.process = subprocess.Popen(command, stdout=file, cwd=Path(__file__).parents[2])

    def lines(self) -> list[tuple[int, float]]:
        """Steps and seconds, line by line; the last line may not be whole."""
        words = [line.split() for line in self.said.read_text().split("\n")[:-1]]
        return [(int(steps), float(seconds)) for steps, seconds in words]

    def kill(self, after: int) -> list[tuple[int, float]]:
        """`kill -9`, when it has written so many lines."""
        while len(self.lines()) < after and self.process.poll() is None:
            time.sleep(0.001)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return self.lines()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
@pytest.mark.parametrize("times", [5, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_kill_9_at_random_moments(recording, times):
    dice = random.Random(times)
    steady = Trainer("steady")
    for turn in range(times):
        said = Trainer(f"killed {turn}").kill(dice.randint(1, 250))
        table = rlnb.sessions(scratch=True).set_index("name")
        assert table["status"].get("steady", "running") == "running"
        kept = table["steps"].get(f"killed {turn}", 0)
        assert kept >= max([steps for steps, at in said if at < said[-1][1] - 1.0], default=0)
        if kept:
            assert table["status"][f"killed {turn}"] == "interrupted"
            session = rlnb.get(f"killed {turn}")
            episodes = session.episodes
            assert abs(int(episodes["length"].sum()) - kept) <= 500, "but for the episode that was going on"
            finished = episodes[episodes["finished"]]
            if len(finished):
                last = int(finished.index[-1])
                trace = recording.store.trace(session.id, last)
                assert len(trace) == finished["length"][last] and trace.start
        with sqlite3.connect(os.environ["RLNB_HOME"] + "/sessions.sqlite") as conn:
            assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    said = steady.kill(250)
    (row,) = rlnb.sessions("name == 'steady'").to_dict("records")
    assert row["status"] == "interrupted" and row["steps"] >= max(s for s, at in said if at < said[-1][1] - 1.0)
    assert not [p for p in Path(os.environ["RLNB_HOME"]).iterdir() if "damaged" in p.name]

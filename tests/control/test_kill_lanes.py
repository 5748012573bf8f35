"""`kill -9` while a vector environment steps: the episode that each lane was in is kept, and runs again."""

from __future__ import annotations

import os
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
env = gymnasium.make_vec("CartPole-v1", 3, vectorization_mode=sys.argv[1], max_episode_steps=10**6)
with rlnb.session(sys.argv[1]):
    o, _ = env.reset()
    while True:
        o, *_ = env.step((o @ [0.1, 0.25, 1.0, 0.6] > 0).astype(int))  # the pole stays up
        time.sleep(0.001)
"""


def open_lanes(path: Path) -> list[int]:
    if not path.exists():
        return []
    with sqlite3.connect(path) as conn:
        tables = conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'open'").fetchone()
        return [lane for (lane,) in conn.execute("SELECT lane FROM open ORDER BY lane")] if tables else []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
@pytest.mark.parametrize("mode", ["sync", "vector_entry_point"])
def test_the_episodes_that_lanes_were_in_survive(recording, mode):
    store = Path(os.environ["RLNB_HOME"]) / "sessions.sqlite"
    process = subprocess.Popen([sys.executable, "-c", TRAINING, mode], cwd=Path(__file__).parents[2])
    try:
        until = time.monotonic() + 60
        while len(open_lanes(store)) < 3 and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    session = rlnb.get(mode)
    assert session.status == "interrupted"
    assert session.episodes["lane"].tolist() == [0, 1, 2]
    assert not session.episodes["finished"].any()
    assert (session.episodes["return"] == session.episodes["length"]).all()
    assert session.verify()["verdict"].tolist() == ["exact"] * 3
    saved = Path(os.environ["RLNB_HOME"]) / "s.json"
    session.save_json(saved)
    loaded = rlnb.load_json(saved)
    assert loaded.episodes.equals(session.episodes)
    assert loaded.verify()["verdict"].tolist() == ["exact"] * 3

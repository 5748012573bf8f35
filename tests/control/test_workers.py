"""Environments in worker processes, from a script: spawned interpreters run the script's module again."""

import subprocess
import sys
from pathlib import Path

import pytest

SPAWNED = """
import functools
import gymnasium as gym
import numpy as np
import rlnb
from gymnasium.vector import AsyncVectorEnv

rlnb.install()

if __name__ == "__main__":
    with rlnb.session("spawned") as s:
        env = AsyncVectorEnv([functools.partial(gym.make, "CartPole-v1")] * 2, context="spawn")
        env.reset()
        for k in range(60):
            env.step(np.ones(2, int))
    print(len(s.episodes), set(s.verify()["verdict"]), set(s.episodes["group"]))
    env.close()
    print(len(rlnb.sessions(scratch=True)))
"""

KILLED = """
import functools
import os
import signal
import gymnasium as gym
import numpy as np
import rlnb
from gymnasium.vector import AsyncVectorEnv
from rlnb.control.doors import the_room

rlnb.install()
env = AsyncVectorEnv([functools.partial(gym.make, "CartPole-v1")])
env.reset()
env.step(np.ones(1, int))
print(the_room().desk.capture.children._children[0].reader.folder, env.processes[0].pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""

LEARNED = """
import rlnb
from stable_baselines3 import A2C
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import SubprocVecEnv, VecNormalize

rlnb.install()

if __name__ == "__main__":
    with rlnb.session("learned") as s:
        env = VecNormalize(make_vec_env("CartPole-v1", 2, vec_env_cls=SubprocVecEnv))
        A2C("MlpPolicy", env, n_steps=8, device="cpu").learn(320)
    print(set(s.verify()["verdict"]), sorted(set(s.episodes["lane"])), s.episodes["length"].sum())
    env.close()
    print(len(rlnb.sessions(scratch=True)))
"""


def run(tmp_path, text):
    script = tmp_path / "train.py"
    script.write_text(text)
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if not line.startswith("rlnb")]


def test_spawned_workers(tmp_path):
    first, sessions = run(tmp_path, SPAWNED)
    assert int(first.split()[0]) >= 10 and "{'exact'} {0}" in first
    assert sessions == "1"


def test_the_worker_of_a_killed_parent_leaves_no_files(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(KILLED)
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path, timeout=100, check=False
    )
    assert done.returncode == -9  # and the worker has closed its outputs: it is gone too
    assert not Path(done.stdout.split()[0]).exists()


@pytest.mark.slow
def test_stable_baselines_in_forkserver_workers(tmp_path):
    pytest.importorskip("stable_baselines3")
    assert run(tmp_path, LEARNED) == ["{'exact'} [0, 1] 320", "1"]

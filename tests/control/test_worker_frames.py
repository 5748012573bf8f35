"""Pictures that the loop draws of environments in worker processes, where these cannot be simulated again."""

from __future__ import annotations

import functools
import multiprocessing
import threading
import time

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv

import rlnb
from rlnb.capture import children, frames

pytestmark = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
LENGTH = 6


class Remote(gym.Env):
    """Its dice are not its own, and a lock keeps it from being pickled."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012
    observation_space = gym.spaces.Box(-9, 9, (2,), np.float64)
    action_space = gym.spaces.Discrete(2)

    def __init__(self, render_mode=None):
        self.render_mode, self.k, self.line = render_mode, 0, threading.Lock()

    def reset(self, *, seed=None, options=None):
        self.k = 0
        return np.random.rand(2), {}

    def step(self, action):
        self.k += 1
        return np.random.rand(2), float(action), self.k == LENGTH, False, {}

    def render(self):
        return np.full((40, 60, 3), 40 * self.k, np.uint8)


@pytest.fixture
def remote(monkeypatch):
    """What makes one, under a name that forked workers know too; no picture is let go for coming too soon, or late."""
    monkeypatch.setattr(frames, "APART", 0.0)
    monkeypatch.setattr(children, "PATIENCE", 60.0)
    put = frames._Compressor.put
    monkeypatch.setattr(
        frames._Compressor, "put", lambda self, strip, k, picture, wait: put(self, strip, k, picture, True)
    )
    gym.register("Remote-v0", entry_point=Remote)
    yield functools.partial(gym.make, "Remote-v0", render_mode="rgb_array")
    gym.registry.pop("Remote-v0")


def pictures(recording, session):
    """Steps of the pictures of each episode, by lane in the order of its episodes."""
    recording.settle()
    found = {}
    for number, lane in enumerate(session.episodes["lane"].tolist()):
        trace = recording.store.trace(session.id, number)
        found.setdefault(lane, []).append([k for k, _ in trace.pictures])
    return found


def test_AsyncVectorEnv(recording, remote):
    env = AsyncVectorEnv([remote, remote], context="fork")
    every = list(range(LENGTH + 1))
    for name in ("one", "two"):  # each session has a first, a second and a fourth episode of its own
        with rlnb.session(name) as session:
            env.reset()
            env.render()
            for _ in range(4 * (LENGTH + 1) - 1):
                env.step(np.zeros(2, int))
                env.render()
        found = pictures(recording, session)
        assert {lane: strips[:3] for lane, strips in found.items()} == {0: [every] * 3, 1: [every] * 3}, name
        assert [strips[3] for strips in found.values()] == [[], []]  # 0, 1, 2, 4, 8 ... and the best
        assert session.verify()["verdict"].tolist()[:6] == ["recorded frames"] * 6
    env.close()


def test_SubprocVecEnv(recording, remote):
    subproc = pytest.importorskip("stable_baselines3.common.vec_env.subproc_vec_env")
    env = subproc.SubprocVecEnv([remote], start_method="fork")
    with rlnb.session("sb3") as session:
        env.reset()
        for _ in range(2 * LENGTH):
            env.get_images()
            env.step(np.zeros(1, int))
    found = pictures(recording, session)
    env.close()
    assert found[0] == [list(range(LENGTH)), list(range(LENGTH))]  # it resets before the last picture can be drawn


def test_what_proves_exact_in_a_worker_needs_no_more(recording, remote):
    env = AsyncVectorEnv([remote], context="fork")
    with rlnb.session("proven") as session:
        env.reset()
        env.render()
        env.step(np.zeros(1, int))
        recording.settle()
        recording.desk.capture.proven(session.id, 0)
        signs = [child.reader for child in recording.desk.capture.children._children]
        for reader in signs:
            while reader.has("proven"):
                time.sleep(0.005)  # until the worker has seen it
        for _ in range(2 * LENGTH):
            env.step(np.zeros(1, int))
            env.render()
    env.close()
    assert [strip for strips in pictures(recording, session).values() for strip in strips if len(strip) > 1] == []

"""SyncVectorEnv and AsyncVectorEnv: recorded by the row, replayed, and nothing about them changed."""

from __future__ import annotations

import functools

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv
from vectors import MODES, by_hand, drive, episodes, statistics, traces

from rlnb.events import LanesStepped, StepsRecorded
from rlnb.replays.simulate import Simulation


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", [None, 0])
def test_SyncVectorEnv_is_recorded_by_the_row_and_replays(capture, desk, mode, seed):
    make = functools.partial(gym.make, "CartPole-v1")
    env = SyncVectorEnv([make, lambda: gym.wrappers.RecordEpisodeStatistics(make()), make], autoreset_mode=mode)
    drive(env, 120, seed, mode)
    capture.cut()
    assert desk.of(LanesStepped) and not desk.of(StepsRecorded)
    assert desk.requests[0].env_id == "CartPole-v1"
    found = traces(desk)
    assert {trace.column for trace in found} == {0, 1, 2} and len(found) > 10
    for trace in found:
        with Simulation(trace) as run:
            list(run)
            assert run.verdict().verdict == "exact", run.verdict().reason
    assert any(trace.checked.any() for trace in found)


@pytest.mark.parametrize("vectorization", ["sync", "async"])
@pytest.mark.parametrize("mode", MODES)
def test_returns_of_sync_and_async_are_those_of_RecordEpisodeStatistics(capture, desk, mode, vectorization):
    options = {"vectorization_mode": vectorization, "vector_kwargs": {"autoreset_mode": mode}}
    env = gym.make_vec("CartPole-v1", 3, **options)
    expected = by_hand(env, 150) if mode == "Disabled" else statistics(env, 150, mode)
    capture.cut()
    env.close()
    rows = [row for row in episodes(desk) if row["finished"]]
    found = [(row["lane"], float(row["returns"]), int(row["length"])) for row in rows]
    key = lambda one: one[0]  # noqa: E731
    assert sorted(found, key=key) == sorted(expected, key=key)
    assert len(found) > 10


@pytest.mark.parametrize("mode", MODES)
def test_SyncVectorEnv_is_recorded_and_bare_alike(capture, desk, mode):
    make = functools.partial(gym.make, "CartPole-v1")
    env = SyncVectorEnv([make] * 3, autoreset_mode=mode)
    recorded = drive(env, 1000, mode=mode)
    capture.uninstall()
    states = [generator.bit_generator.state for generator in env.np_random]
    assert type(env) is SyncVectorEnv and all(type(one) is one.__class__ for one in env.envs)
    other = SyncVectorEnv([make] * 3, autoreset_mode=mode)
    bare = drive(other, 1000, mode=mode)
    for a, b in zip(recorded, bare, strict=True):
        for x, y in zip(a[:-1], b[:-1], strict=True):
            np.testing.assert_array_equal(x, y)
        assert a[-1].keys() == b[-1].keys()
    assert states == [generator.bit_generator.state for generator in other.np_random]


def test_SyncVectorEnv_of_unlike_environments_is_recorded_one_by_one(capture, desk):
    for make in (
        lambda: gym.wrappers.TransformReward(gym.make("CartPole-v1"), lambda reward: 2 * reward),
        iter([gym.make("CartPole-v1"), gym.make("CartPole-v1", sutton_barto_reward=True)]).__next__,
    ):
        desk.events.clear()
        env = SyncVectorEnv([make, make])
        drive(env, 50)
        capture.cut()
        assert not desk.of(LanesStepped) and desk.of(StepsRecorded)

"""Gymnasium's functional environments (phys2d, tabular), which keep their random numbers in a key of JAX."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from rlnb.replays.simulate import Simulation
from rlnb.trace import check_observation, unpack_start

REASON = "Gymnasium's functional environments need jax and flax (the dependency group `functional`)"
IDS = ["phys2d/CartPole-v1", "phys2d/Pendulum-v0", "tabular/Blackjack-v0", "tabular/CliffWalking-v0"]


def verdicts(desk, lanes=1):
    found = []
    for lane in range(lanes):
        for trace in desk.traces(lane=lane):
            with Simulation(trace) as run:
                list(run)
                found.append(run.verdict().verdict)
    return found


class Foreign:
    """An array of another library, as it looks to NumPy."""

    def __init__(self, values, works=True):
        self.values, self.works = np.asarray(values), works

    def __array__(self, dtype=None, copy=None):
        if not self.works:
            raise TypeError("it lies on another device")
        return self.values


def test_arrays_of_other_libraries_are_summed_up_by_their_numbers():
    assert check_observation(Foreign([1.0, 2.0])) == check_observation(np.array([1.0, 2.0]))
    assert check_observation({"a": Foreign([1.0])}) != check_observation({"a": Foreign([2.0])})
    assert check_observation(Foreign([1.0], works=False)) == check_observation(Foreign([2.0], works=False))


@pytest.mark.slow
@pytest.mark.parametrize("id", IDS)
def test_every_episode_of_unseeded_play_runs_again_exactly(id, capture, desk):
    pytest.importorskip("jax", reason=REASON)
    pytest.importorskip("flax", reason=REASON)
    env = gym.make(id, **({"max_episode_steps": 30} if "Pendulum" in id or "Cliff" in id else {}))
    env.action_space.seed(0)
    env.reset()
    for _ in range(80):
        if any(env.step(env.action_space.sample())[2:4]):
            env.reset()
    env.reset(seed=3)
    for _ in range(5):
        env.step(env.action_space.sample())
    capture.cut()
    found = verdicts(desk)
    assert found == ["exact"] * len(found)
    assert len(found) > 2


@pytest.mark.slow
@pytest.mark.parametrize("id", ["phys2d/CartPole-v1", "phys2d/Pendulum-v0"])
def test_recorded_and_bare_are_alike(id, capture):
    pytest.importorskip("jax", reason=REASON)
    pytest.importorskip("flax", reason=REASON)

    def play():
        env = gym.make(id)
        env.action_space.seed(0)
        seen = [env.reset(seed=1)[0]]
        for _ in range(50):
            observation, reward, *_ = env.step(env.action_space.sample())
            seen += [observation, reward]
        return [np.asarray(one).tobytes() for one in seen], np.asarray(env.unwrapped.rng).tolist()

    recorded = play()
    capture.uninstall()
    assert play() == recorded


@pytest.mark.slow
def test_an_unseeded_reset_of_many_lanes_says_why_it_cannot_be_replayed(capture, desk):
    pytest.importorskip("jax", reason=REASON)
    pytest.importorskip("flax", reason=REASON)
    env = gym.make_vec("phys2d/CartPole-v1", 2)
    env.reset()
    for _ in range(60):
        env.step(np.ones(2, int))
    capture.cut()
    (row, *_) = desk.episodes()
    assert "without a seed" in unpack_start(row["start"])[0]["why_not"]

"""BipedalWalker: diverges as upstream does, and says so; exact where the person asks for it."""

from __future__ import annotations

import gymnasium as gym
import pytest
from loops import run

from rlnb.errors import BadValue
from rlnb.replays.simulate import Simulation


def verdicts(desk):
    found = []
    for trace in desk.traces():
        with Simulation(trace) as again:
            for _ in again:
                pass
            found.append(again.verdict())
    return found


def test_with_exact_every_episode_runs_again(capture, desk):
    env = gym.make("BipedalWalker-v3")
    said = repr(env.unwrapped), str(env)
    assert capture.watch(env, exact=True) is env
    assert (repr(env.unwrapped), str(env)) == said
    run(env, 1500)
    capture.cut()
    found = verdicts(desk)
    assert len(found) > 5 and {verdict.verdict for verdict in found} == {"exact"}


def test_without_it_an_episode_that_diverges_says_why(capture, desk):
    run(gym.make("BipedalWalker-v3"), 1500)
    capture.cut()
    left = [verdict for verdict in verdicts(desk) if verdict.verdict == "diverged"]
    assert left and all(verdict.step and "rlnb.watch(env, exact=True)" in verdict.reason for verdict in left)


def test_unloading_gives_back_the_very_class(capture):
    env = gym.make("BipedalWalker-v3")
    cls = env.unwrapped.__class__
    capture.watch(env, exact=True)
    capture.watch(env, exact=True)
    assert type(env.unwrapped) is not cls
    capture.uninstall()
    assert type(env.unwrapped) is cls


def test_other_environments_need_no_such_thing(capture):
    with pytest.raises(BadValue, match="is for BipedalWalker"):
        capture.watch(gym.make("LunarLander-v3"), exact=True)
    with pytest.raises(BadValue, match="CartPoleEnv"):
        capture.watch(gym.make("CartPole-v1"), exact=True)

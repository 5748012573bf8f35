"""The mean return of a random policy, which the live view draws as a quiet line."""

from __future__ import annotations

import threading

import gymnasium as gym
import numpy as np
import pytest

import rlnb
from rlnb.control.view.reference import Reference
from rlnb.control.view.stored_feed import StoredFeed


def recipe_of(env_id, **kwargs):
    with rlnb.session("short") as session:
        env = gym.make(env_id, **kwargs)
        env.reset(seed=0)
        env.step(env.action_space.sample())
    return session._describe()["lanes"][0]["recipe"]


def asked(room, recipe, seconds=60):
    """What is told; None when nothing was."""
    heard, came = [], threading.Event()
    reference = Reference(room)
    reference.ask(recipe, lambda mean: (heard.append(mean), came.set()))
    reference.close()
    if reference._thread is not None:
        reference._thread.join(seconds)
    return heard[0] if heard else None


def test_it_is_what_a_random_policy_gets_and_it_is_played_once(recording, monkeypatch):
    recipe = recipe_of("CartPole-v1")
    found = asked(recording, recipe)
    returns = []
    env = gym.make("CartPole-v1").unwrapped  # not recorded
    env.action_space.seed(0)
    for k in range(100):
        env.reset(seed=k)
        steps, over = 0, False
        while not over:
            over, steps = env.step(env.action_space.sample())[2], steps + 1
        returns.append(steps)
    assert found == np.mean(returns)
    monkeypatch.setattr(type(recording.worker), "random", lambda *_: pytest.fail("played a second time"))
    assert asked(recording, recipe) == found


def test_the_length_of_an_episode_that_was_asked_for_counts(recording):
    assert asked(recording, recipe_of("MountainCar-v0", max_episode_steps=30)) == -30


def test_nothing_is_said_of_what_is_too_slow_or_cannot_be_described(recording, monkeypatch):
    recipe = recipe_of("CartPole-v1")
    assert asked(recording, {**recipe, "why_not": "it is a robot"}) is None
    assert asked(recording, {**recipe, "spec": None, "pickled": "x"}) is None
    monkeypatch.setattr("rlnb.control.view.reference.SECONDS", 0.0)
    assert asked(recording, recipe) is None


def test_the_view_is_told_also_of_a_session_of_yesterday(recording):
    with rlnb.session("old"):
        env = gym.make("CartPole-v1")
        for seed in range(3):
            env.reset(seed=seed)
            while not env.step(env.action_space.sample())[2]:
                pass
    feed = rlnb.get("old").live()._feed
    assert isinstance(feed, StoredFeed)
    feed.make_view()
    recording.reference.close()
    recording.reference._thread.join(60)
    assert 15 < feed.header()["random_return"] < 30
    assert feed.header()["reward_threshold"] == 475

"""Long episodes of many lanes are told of before they end, once each, so that a killed process leaves them."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from vectors import Dice

from rlnb.capture import vector_publishing
from rlnb.events import EpisodeOpened, EpisodesEnded
from rlnb.trace import unpack_start


def told(desk, session):
    return [(e.lane, e.first) for e in desk.events if isinstance(e, EpisodeOpened) and e.session == session]


@pytest.mark.parametrize("kind", ["sync", "native", "rerun"])
def test_each_open_episode_is_told_of_once_and_with_its_start(capture, desk, monkeypatch, kind):
    monkeypatch.setattr(vector_publishing, "LONG_OPEN", 0.0)
    if kind == "rerun":
        env = capture.watch(Dice(3))
    else:
        env = gym.make_vec("CartPole-v1", 3, vectorization_mode="sync" if kind == "sync" else None)
    env.reset(seed=4)
    for _ in range(60):
        env.step(np.zeros(3, np.int64))
        capture.flush()
    found = told(desk, "s1")
    assert len(found) == len(set(found)) > 3
    ended = {
        (int(lane), int(first)): start
        for event in desk.of(EpisodesEnded)
        for lane, first, start in zip(np.broadcast_to(event.lane, len(event)), event.first, event.starts, strict=True)
    }
    both = [event for event in desk.opened() if (event.lane, event.first) in ended]
    assert both
    for event in both:
        assert unpack_start(event.start) == unpack_start(ended[event.lane, event.first])


def test_short_ones_are_not_told_of(capture, desk, monkeypatch):
    monkeypatch.setattr(vector_publishing, "LONG_OPEN", 3600.0)
    env = gym.make_vec("CartPole-v1", 3, vectorization_mode="sync")
    env.reset(seed=4)
    for _ in range(60):
        env.step(np.zeros(3, np.int64))
        capture.flush()
    assert not told(desk, "s1")


def test_the_next_session_is_told_again(capture, desk, monkeypatch):
    monkeypatch.setattr(vector_publishing, "LONG_OPEN", 0.0)
    env = gym.make_vec("CartPole-v1", 2, vectorization_mode="sync")
    env.reset(seed=4)
    for _ in range(4):
        env.step(np.array([0, 1]))
    capture.flush()
    assert told(desk, "s1") == [(0, 0), (1, 0)]
    capture.cut()
    desk.session = "s2"
    env.step(np.array([0, 1]))
    capture.flush()
    assert told(desk, "s2") == [(0, -4), (1, -4)]

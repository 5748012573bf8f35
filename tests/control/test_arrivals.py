"""The number of an episode in the chart is its number in `s.episodes`."""

from __future__ import annotations

import gymnasium as gym
import numpy as np

import rlnb
from rlnb.control.view.arrivals import MANY, Arrivals
from rlnb.events import MetricsLogged


def test_lanes_side_by_side_are_numbered_by_the_end_of_their_episodes(recording):
    random = np.random.default_rng(0)
    with rlnb.session("side by side") as s:
        lanes = [gym.make("Pendulum-v1", max_episode_steps=10) for _ in range(3)]
        feed = recording.live._feeds[s.id]
        view, shown = feed.make_view(), []
        for _ in range(3):  # flushes
            for k in range(12):
                env = lanes[k % 3]
                env.reset(seed=int(random.integers(10**6)))
                for _ in range(10):
                    env.step(env.action_space.low)
            recording.desk.capture.flush()
            feed.tick()
            shown.append(view._history["return", "episodes", 0].total)
        drawn = {}
        for (panel, _, _), columns in feed._curves._columns.items():
            if panel == "return":
                drawn.update(zip(columns["episode"].astype(int).tolist(), columns["value"].tolist(), strict=True))
    assert len(set(drawn.values())) == len(drawn) == 36
    assert shown == [12, 24, 36]  # with the tick, not with the next one
    assert drawn == s.episodes["return"].to_dict()


def test_what_arrives_where_nobody_looks_is_told_before_it_is_much():
    arrivals = Arrivals()
    told = [arrivals.add(time=np.array([k, k + 0.5]), lane=0) for k in range(MANY // 2)]
    assert told.index(True) == MANY // 2 - 1
    taken, logged = arrivals.take()
    assert logged == []
    assert (len(taken["time"]), taken["lane"].shape) == (MANY, (MANY,))
    assert arrivals.take() == ({}, [])


def test_numbers_that_are_logged_where_nobody_looks_are_told_as_well():
    arrivals, many = Arrivals(), np.zeros(MANY // 4)
    event = MetricsLogged("s", {"loss": many, "q": many}, {"loss": many, "q": many}, {"loss": many, "q": many})
    assert [arrivals.log(event), arrivals.log(event)] == [False, True]
    assert arrivals.take() == ({}, [event, event])

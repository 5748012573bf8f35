"""Which group trains: nothing flips while somebody watches, and an evaluation that comes first finds its place."""

from __future__ import annotations

import itertools

import gymnasium as gym
import numpy as np

import rlnb
from rlnb.control.view.curves import Curves
from rlnb.control.view.roles import Roles, beside
from rlnb.control.view.stored_feed import StoredFeed
from rlnb.training import Signs


def play(env, episodes):
    """Episodes of ten steps; how many steps that were."""
    for _ in range(episodes):
        env.reset()
        for _ in range(10):
            env.step(np.zeros(1, np.float32))


def steps_of(feed, group):
    return feed._curves._columns["return", "episodes", group]["step"].tolist()


def test_an_evaluation_before_the_training_gives_the_axis_to_it_and_colours_stay(recording):
    with rlnb.session("first a look") as s:
        evaluation = gym.make("Pendulum-v1", max_episode_steps=10)
        training = gym.make("Pendulum-v1", max_episode_steps=10)
        play(evaluation, 10)
        recording.desk.capture.flush()
        feed = recording.live._feeds[s.id]
        view = feed.make_view()
        names = []
        for _ in range(4):
            play(training, 8)
            play(evaluation, 1)
            recording.desk.capture.flush()
            feed.tick()
            names.append(feed.header()["groups"])
        trained, looked = steps_of(feed, 1), steps_of(feed, 0)
    assert trained == [10.0 * k for k in range(1, 33)]  # its own steps, from its first episode on
    assert looked == sorted(looked)
    assert looked[9] <= 10
    for k in range(4):  # where in its flush an episode ended is not known to the step
        assert 80 * k <= looked[10 + k] <= 80 * (k + 1) + 10
    assert names[0] == ["training", "group 1"]
    assert names[-1] == ["evaluation", "training"]
    assert sum(a != b for a, b in itertools.pairwise(names)) == 1  # it is found out once
    drawn = view._history["return", "episodes", 1].rows[:, 1]
    np.testing.assert_array_equal(drawn, trained)  # the view has started over
    stored = StoredFeed(recording, s)
    assert stored.header()["groups"] == ["evaluation", "training"]
    assert steps_of(stored, 1) == trained
    assert steps_of(stored, 0)[9] <= 10


def test_two_that_go_side_by_side_do_not_take_turns():
    roles, turns, trains = Roles(), 0, set()
    for k in range(1, 100):
        turns += roles.hear({0: 10 * k + (k % 2) * 15, 1: 10 * k + 5})
        trains.add(roles.training)
    assert (turns, trains) == (0, {0})
    assert roles.names({0: 990, 1: 1000}) == ["training", "group 1"]
    assert roles.hear({0: 990, 1: 1000}, over=True)  # at the end, most is most: as the store has it
    assert roles.names({0: 990, 1: 1000}) == ["group 0", "training"]


def test_an_evaluation_after_the_training_is_known_at_once():
    roles = Roles()
    roles.hear({0: 10_000})
    assert not roles.hear({0: 10_000, 1: 200})
    assert roles.names({0: 10_000, 1: 200}) == ["training", "evaluation"]
    assert roles.names({0: 10_000}) == []


def test_who_looks_on_stands_where_the_training_stood():
    time, training = np.array([10.0, 20.0, 30.0]), np.array([100.0, 200.0, 300.0])
    own = np.array([5.0, 500.0, 505.0, 510.0])
    placed = beside(own, np.array([1.0, 2.0, 15.0, 40.0]), training, time)
    assert placed.tolist() == [5, 100, 150, 300]
    assert beside(own, np.zeros(4), time[:0], training[:0]).tolist() == own.tolist()


def test_what_an_agent_made_to_be_judged_in_is_an_evaluation_however_long():
    roles, signs = Roles(), Signs(judged={1})
    for over, steps in ((False, {1: 900}), (False, {0: 10, 1: 900}), (True, {0: 1_000, 1: 9_000})):
        roles.hear(signs.contenders(steps), over)
    assert roles.training == 0
    assert roles.names(steps, signs.judged) == ["training", "evaluation"]


def test_the_picture_shows_returns_first_and_names_what_is_beside_each_other():
    curves = Curves()
    rows = {name: np.arange(3.0) for name in ("step", "episode", "time", "value", "own", "lane")}
    for panel, series, group, kind in (
        ("loss", "loss", 0, "line"), ("q", "a", 0, "line"), ("q", "b", 0, "line"), ("Mean Reward", "x", 0, "line"),
        ("return", "return", 0, "points"), ("return", "return", 1, "points"),
    ):  # fmt: skip
        curves.extend(panel, series, group, {**rows, "cut": np.zeros(3, bool), "kind": kind})
    panels = curves.panels(["training", "evaluation"])
    assert [panel["title"] for panel in panels] == ["return", "Mean Reward", "loss", "q"]
    labels = [[one["label"] for one in panel["series"] if one["kind"] == "line"] for panel in panels]
    assert labels == [["training", "evaluation"], [""], [""], ["a", "b"]]

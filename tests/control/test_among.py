"""Numbers that are logged stand between the episodes among which they were logged."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import rlnb
from rlnb.control.view.among import KEPT, Among

LENGTHS = st.lists(st.floats(0.001, 100), min_size=1, max_size=30)


def test_time_goes_evenly_between_the_ends_of_two_episodes():
    [place] = Among().place(np.array([1.0, 2.0, 4.0]), [np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0])])
    np.testing.assert_allclose(place, [0, 0, 0.5, 1, 1.25, 1.5, 2])


def test_an_episode_that_goes_on_is_taken_to_last_as_long_as_those_before_and_is_never_passed():
    among = Among()
    among.place(np.array([1.0, 2.0]), [])
    [place] = among.place(np.zeros(0), [np.array([2.5, 2.9, 9.0, 90.0])])
    np.testing.assert_allclose(place, [1.5, 1.9, 1.999, 1.999])
    [place] = among.place(np.array([100.0]), [np.array([95.0, 100.0])])
    np.testing.assert_allclose(place, [1.999, 2])  # it reached so far before, and does not go back


def test_before_the_first_episode_has_ended_all_is_at_its_number():
    among = Among()
    [place] = among.place(np.zeros(0), [np.array([0.1, 5.0])])
    np.testing.assert_array_equal(place, [0, 0])
    [place] = among.place(np.array([6.0, 8.0]), [np.array([5.5, 7.0, 8.0])])
    np.testing.assert_allclose(place, [0, 0.5, 1])


def test_what_comes_after_its_episodes_stands_among_them():
    """The last numbers of a cell are handed in when its episodes have been drawn."""
    among = Among()
    among.place(np.arange(1.0, 201.0), [])
    [place] = among.place(np.zeros(0), [np.array([50.0, 99.5, 200.0])])
    np.testing.assert_allclose(place, [49, 98.5, 199])
    few = Among()
    few.place(np.arange(10.0 * KEPT), [np.array([20.0])])
    few.place(np.zeros(0), [])
    [place] = few.place(np.zeros(0), [np.array([5.0, 10.0 * KEPT - 1])])
    assert 20 < place[0] < place[1] == 10 * KEPT - 1  # too late to be known exactly


@given(lengths=LENGTHS, times=LENGTHS, parts=st.integers(1, 5))
def test_in_parts_or_at_once_the_places_ascend_and_an_end_is_at_its_number(lengths, times, parts):
    ends, moments = np.cumsum(lengths), np.sort(np.cumsum(times))
    moments = np.sort(np.concatenate((moments, ends)))
    among, placed = Among(), []
    for low, high in zip((edges := np.linspace(0, ends[-1], parts + 1)), edges[1:], strict=False):
        first = low == 0
        mine = [at[((at > low) | first) & (at <= high)] for at in (ends, moments)]
        placed.append(among.place(mine[0], [mine[1]])[0])
    places = np.concatenate(placed)
    assert np.all(np.diff(places) >= 0)
    assert np.all((places >= 0) & (places <= len(ends)))
    [whole] = Among().place(ends, [ends])
    np.testing.assert_array_equal(whole, np.arange(len(ends)))


def test_from_the_store_numbers_stand_where_the_finished_episodes_do(recording):
    """The cut ones come last in `s.episodes`, and so they do on the axis."""
    with rlnb.session("cuts") as s:
        env = gym.make("CartPole-v1")
        for k in range(8):
            env.reset(seed=k)
            for _ in range(30 if k % 2 else 4):  # every other one is cut by the next reset
                over = env.step(0)[2]
                rlnb.log(loss=float(k))
                if over:
                    break
    columns = recording.live.feed(s)._curves._columns
    points, loss = columns["return", "episodes", 0], columns["loss", "loss", 0]
    assert points["cut"][np.argsort(points["episode"])].tolist() == [False] * 4 + [True] * 4
    for number, k in enumerate([1, 3, 5, 7]):
        place = loss["episode"][loss["value"] == k]
        assert number - 1 <= place[0] <= place[-1] < number + 1


def test_the_chart_of_a_metric_is_the_same_while_it_runs_and_from_the_store(recording):
    with rlnb.session("logged") as s:
        env = gym.make("CartPole-v1")
        feed = recording.live._feeds[s.id]
        feed.make_view()
        for _ in range(6):
            env.reset(seed=0)
            over = False
            while not over:
                *_, terminated, truncated, _ = env.step(0)
                over = terminated or truncated
                rlnb.log(loss=1.0)
            recording.desk.capture.flush()
            recording.desk.tick()
            feed.tick()
        live = feed._curves._columns["loss", "loss", 0]["episode"]
    recording.live._feeds.clear()
    stored = recording.live.feed(s)._curves._columns["loss", "loss", 0]["episode"]
    assert len(live) == len(stored) == s.episodes["length"].sum()
    assert np.all(np.diff(stored) >= 0)
    assert (stored[0], np.floor(stored[-1])) == (0, 5)  # the last was logged when episode 5 was over
    np.testing.assert_allclose(np.ceil(live), np.ceil(stored), atol=1)

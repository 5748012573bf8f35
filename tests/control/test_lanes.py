"""Environments find their lanes."""

from dataclasses import dataclass

from rlnb.capture.place import Place
from rlnb.control.recording.lanes import Lanes


@dataclass
class Env:
    key: int
    place: str
    made_at: float
    last_at: float
    lanes: int = 1


def seats(lanes, *envs):
    return [(lane.lane, lane.group) for lane, _ in (lanes.seat(env) for env in envs)]


def test_one_after_another_at_one_place_share_a_lane():
    a = Env(1, "cell 1, line 3", made_at=0.0, last_at=5.0)
    b = Env(2, "cell 1, line 3", made_at=5.1, last_at=9.0)
    assert seats(Lanes(), a, b) == [(0, 0), (0, 0)]


def test_side_by_side_get_a_lane_each():
    envs = [Env(k, "cell 1, line 3", made_at=0.1 * k, last_at=5.0) for k in range(3)]
    assert seats(Lanes(), *envs) == [(0, 0), (1, 0), (2, 0)]


def test_two_places_are_two_groups():
    train = Env(1, "cell 1, line 3", 0.0, 5.0)
    evaluation = Env(2, "cell 1, line 4", 0.1, 5.0)
    assert seats(Lanes(), train, evaluation) == [(0, 0), (1, 1)]


def made(words, *path):
    place = Place(words)
    place.path = path
    return place


def test_two_calls_of_one_helper_are_two_groups_where_they_live_side_by_side():
    train, judge = made("h.py:2", ("h.py", 2), ("cell", 5)), made("h.py:2", ("h.py", 2), ("cell", 6))
    lanes = Lanes()
    assert seats(lanes, Env(1, train, 0.0, 5.0), Env(2, judge, 0.1, 5.0)) == [(0, 0), (1, 1)]
    assert seats(lanes, Env(3, judge, 5.1, 6.0), Env(4, train, 5.2, 6.0)) == [(1, 1), (0, 0)]
    listed = [Env(k, train, 0.1, 9.0) for k in range(3)]
    assert seats(Lanes(), *listed) == [(0, 0), (1, 0), (2, 0)]
    assert seats(Lanes(), Env(1, train, 0.0, 5.0), Env(2, judge, 5.1, 9.0)) == [(0, 0), (0, 0)]  # one after another


def test_where_an_algorithm_learns_is_a_group_of_its_own():
    lanes = Lanes()
    assert lanes.seat(Env(1, "p", 0.0, 5.0), taught=True)[0].group == 0
    assert lanes.seat(Env(2, "p", 6.0, 9.0))[0].group == 1
    assert lanes.seat(Env(3, "p", 9.1, 9.5), taught=True)[0].lane == 0


def test_the_same_environment_keeps_its_lane():
    lanes = Lanes()
    env = Env(1, "p", 0.0, 5.0)
    assert lanes.seat(env)[1] is True
    assert lanes.seat(env)[1] is False


def test_a_vector_environment_takes_lanes_in_a_row_and_leaves_them_to_one_as_wide():
    a = Env(1, "p", 0.0, 5.0, lanes=4)
    b = Env(2, "q", 0.0, 9.0)
    narrower = Env(3, "p", 6.0, 9.0, lanes=3)
    successor = Env(4, "p", 6.0, 9.0, lanes=4)
    assert seats(Lanes(), a, b, narrower, successor) == [(0, 0), (4, 1), (5, 0), (0, 0)]

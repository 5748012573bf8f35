"""A point of the chart is an episode, however many were drawn."""

import pytest

from rlnb.control.view.drawn import Drawn
from rlnb.errors import EpisodeNotFound


def test_every_point_knows_its_place():
    drawn = Drawn()
    drawn.extend([0, 1, 0], [0, 0, 9])
    drawn.extend([1], [7])
    assert [drawn.place(k) for k in range(len(drawn))] == [(0, 0), (1, 0), (0, 9), (1, 7)]
    with pytest.raises(EpisodeNotFound, match="there are 4"):
        drawn.place(4)


@pytest.mark.parametrize("lanes", [1, 2])
def test_memory_is_bounded_and_old_points_are_not_mistaken(lanes):
    drawn = Drawn(most=100)
    for k in range(1000):
        drawn.extend([k % lanes], [10 * k])
        assert len(drawn._firsts) <= 100
    assert len(drawn) == 1000
    assert drawn.place(999) == (999 % lanes, 9990)
    if lanes == 1:  # its number in the store is the same
        assert drawn.place(3) is None
    else:
        with pytest.raises(EpisodeNotFound, match="too far for a click"):
            drawn.place(3)

"""Words for episodes mean what they say."""

import numpy as np
import pandas as pd
import pytest

from rlnb.control.films.choosing import choose
from rlnb.errors import EpisodeNotFound


def episodes(returns, lengths=None, finished=None, success=None, group=None):
    n = len(returns)
    return pd.DataFrame(
        {
            "group": group or [0] * n,
            "lane": [0] * n,
            "started": np.arange(n, dtype=float),
            "return": np.array(returns, float),
            "length": lengths or [10] * n,
            "finished": finished or [True] * n,
            "success": success or [-1] * n,
        }
    )


@pytest.mark.parametrize(
    ("word", "number"), [("best", 1), ("worst", 2), ("median", 0), ("last", 4), ("longest", 3), (2, 2), (-1, 4)]
)
def test_words(word, number):
    table = episodes([5, 9, 1, 9, 4], lengths=[3, 4, 5, 9, 1])
    assert choose(table, word) == number


def test_unfinished_ones_are_passed_over():
    assert choose(episodes([1, 100], finished=[True, False]), "best") == 0


def test_only_unfinished_ones_are_better_than_none():
    assert choose(episodes([1, 100], finished=[False, False]), "best") == 1


def test_the_training_group_is_looked_at():
    table = episodes([5, 9, 7], lengths=[100, 300, 100], group=[0, 1, 0])
    assert choose(table, "best", training=0) == 2
    assert choose(table, "best", training=1) == 1
    assert choose(table, "best", training=2) == 1  # no episode of it yet


def test_what_is_neither_a_number_nor_a_word_is_said():
    with pytest.raises(EpisodeNotFound, match="episode=None: a number or a word"):
        choose(episodes([1, 2]), None)


def test_first_success_is_what_the_environment_says():
    assert choose(episodes([500, 1, 2], success=[0, 1, 1]), "first success", 100) == 1


def test_first_success_is_else_the_reward_threshold():
    assert choose(episodes([5, 480, 500]), "first success", 475) == 1


def test_no_success_is_said_with_its_measure():
    with pytest.raises(EpisodeNotFound, match="475"):
        choose(episodes([5, 6]), "first success", 475)


def test_nan_returns_are_never_best():
    assert choose(episodes([np.nan, 3, np.nan]), "best") == 1


@pytest.mark.parametrize(
    ("which", "words"), [(5, "no episode 5"), ("bset", "'best', 'worst'"), (-9, "0 to 1"), ("all", "no word")]
)
def test_what_is_not_there_is_named(which, words):
    with pytest.raises(EpisodeNotFound, match=words):
        choose(episodes([1, 2]), which)


def test_an_empty_session():
    with pytest.raises(EpisodeNotFound, match="no episode yet"):
        choose(episodes([]), "best")
    with pytest.raises(EpisodeNotFound, match="none yet"):
        choose(episodes([]), 0)

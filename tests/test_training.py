"""Which group of a session is its training."""

from rlnb.training import JUDGED, Signs

LEARNED = {"learner": {"algorithm": "PPO"}}


def test_most_steps_where_nothing_else_is_known():
    assert Signs().training({0: 10, 1: 30, 2: 30}) == 1
    assert Signs().training({}) is None


def test_what_was_made_to_be_judged_in_is_no_training_however_long():
    signs = Signs()
    signs.note(0, "cell 1, line 2", {})
    signs.note(1, "cell 1, line 3" + JUDGED, {})
    assert signs.training({0: 10, 1: 5000}) == 0
    assert signs.contenders({0: 10, 1: 5000}) == {0: 10}
    assert signs.training({1: 5000}) == 1  # there is nothing else


def test_where_an_algorithm_learned_is_the_training():
    signs = Signs()
    signs.note(0, "cell 1, line 2", LEARNED)
    signs.note(1, "cell 1, line 9", {})
    signs.note(2, "cell 1, line 4", LEARNED)
    assert signs.training({0: 10, 1: 5000, 2: 20}) == 2
    assert signs.training({1: 5000}) == 1  # what learned has not been flushed yet

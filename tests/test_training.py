"""Which group of a session is its training."""

from rlnb.training import JUDGED, Signs, counted

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


def test_what_the_loops_own_limit_ended_counts():
    finished, length = [False, True, False, True, False], [99, 20, 99, 30, 99]
    lane, started = [0] * 5, [1, 2, 3, 4, 5]
    assert counted(finished, length, lane, started).all()


def test_what_the_end_of_a_session_cut_does_not():
    side_by_side = counted([False] * 4, [300] * 4, [0, 1, 2, 3], [0.0] * 4)  # four lanes, and then it was over
    assert not side_by_side.any()
    once = counted([True, False, True, False], [20, 99, 30, 7], [0] * 4, [1, 2, 3, 4])
    assert once.tolist() == [True, False, True, False]
    longer = counted([False, False, True, True], [50, 50, 80, 20], [0] * 4, [1, 2, 3, 4])  # 50 was no limit
    assert longer.tolist() == [False, False, True, True]

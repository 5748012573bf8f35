"""Steps a second, as the view says them."""

from __future__ import annotations

import pytest

from rlnb.control.view.rate import Rate


def test_a_steady_pace_is_that_pace() -> None:
    rate = Rate(10.0)
    for second in range(1, 50):
        assert rate.read(10.0 + second, 400 * second) == pytest.approx(400)


def test_it_is_steady_while_an_algorithm_takes_turns_at_stepping_and_learning() -> None:
    """One second of 600 steps, two of none: it said 600 and 0 in turns, and the time left went up and down with it."""
    rate, steps, seen = Rate(0.0), 0, []
    for second in range(1, 91):
        steps += 600 if second % 3 == 1 else 0
        seen.append(rate.read(float(second), steps))
    assert min(seen[30:]) > 170 and max(seen[30:]) < 240


def test_it_follows_a_change_within_half_a_minute() -> None:
    rate = Rate(0.0)
    for second in range(1, 61):
        slow = rate.read(float(second), 100 * second)
    assert slow == pytest.approx(100)
    for second in range(1, 31):
        fast = rate.read(60.0 + second, 6000 + 900 * second)
    assert 850 < fast < 900

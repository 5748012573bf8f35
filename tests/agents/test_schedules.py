"""Schedules against numbers worked out by hand."""

from __future__ import annotations

import pytest

from rlnb.agents.schedules import Constant, Exponential, Linear, as_schedule, from_dict


def test_a_line_reaches_its_end_after_its_fraction() -> None:
    ramp = Linear(1.0, 0.1, fraction=0.5)
    assert [ramp(d) for d in (0.0, 0.25, 0.5, 1.0, 2.0)] == [1.0, pytest.approx(0.55), 0.1, 0.1, 0.1]


def test_exponential_takes_the_same_factor_each_step() -> None:
    fall = Exponential(1.0, 0.01)
    assert [fall(d) for d in (0.0, 0.5, 1.0)] == [1.0, pytest.approx(0.1), 0.01]


def test_a_number_is_constant() -> None:
    assert as_schedule(0.3)(0.0) == as_schedule(0.3)(1.0) == 0.3
    assert as_schedule(Constant(2.0)) == Constant(2.0)


@pytest.mark.parametrize("schedule", [Constant(1.0), Linear(1.0, 0.5, 0.2), Exponential(1.0, 0.5, 0.2)])
def test_a_schedule_survives_being_written_down(schedule) -> None:
    assert from_dict(schedule.to_dict()) == schedule


def test_senseless_schedules_are_refused() -> None:
    with pytest.raises(ValueError, match="fraction=0"):
        Linear(1.0, fraction=0.0)
    with pytest.raises(ValueError, match="a factor never reaches 0"):
        Exponential(1.0, 0.0)

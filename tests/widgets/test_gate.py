"""The gate lets four ticks through, waits for answers, and gives up on a view that is gone."""

from __future__ import annotations

import itertools

import pytest

from rlnb.clock import ManualClock
from rlnb.widgets.gate import Gate


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def gate(clock: ManualClock) -> Gate:
    return Gate(clock)


def test_six_ticks_may_be_under_way(gate: Gate) -> None:
    for number in (1, 2, 3, 4, 5, 6):
        assert gate.is_open()
        assert gate.send() == number
    assert not gate.is_open()
    gate.acknowledge(2)
    assert gate.is_open()


def test_silence_stops_it_until_a_hello(gate: Gate, clock: ManualClock) -> None:
    gate.send()
    clock.advance(5)
    assert not gate.is_open()
    gate.hello()
    assert gate.is_open()


def test_a_late_answer_opens_it_too(gate: Gate, clock: ManualClock) -> None:
    gate.send()
    clock.advance(60)
    assert not gate.is_open()
    gate.acknowledge(1)
    assert gate.is_open()


def test_time_without_ticks_is_no_silence(gate: Gate, clock: ManualClock) -> None:
    gate.send()
    gate.acknowledge(1)
    clock.advance(600)
    gate.send()
    assert gate.is_open()


@pytest.mark.parametrize("seq", [-1, 0, 99])
def test_impossible_acknowledgements_change_nothing(gate: Gate, seq: int) -> None:
    for _ in range(6):
        gate.send()
    gate.acknowledge(seq)
    assert not gate.is_open()


def test_a_kernel_that_cannot_hear_sends_no_ticks_and_ever_rarer_pictures(gate: Gate, clock: ManualClock) -> None:
    assert not gate.take_unheard_turn()
    gate.hears = False
    turns = []
    for second in range(8 * 3600):
        assert not gate.is_open()
        if gate.take_unheard_turn():
            turns.append(second)
        clock.advance(1)
    assert turns[:3] == [0, 1, 3]
    assert 15 <= sum(turn < 60 for turn in turns) <= 20
    distances = [after - before for before, after in itertools.pairwise(turns)]
    assert distances == sorted(distances)
    assert turns[-1] > 6 * 3600
    assert len(turns) <= 60
    clock.advance(1e6)
    gate.take_unheard_turn()
    clock.advance(1e6)
    assert not gate.take_unheard_turn()


def test_where_it_hears_again_ticks_go_out(gate: Gate, clock: ManualClock) -> None:
    gate.hears = False
    clock.advance(100)
    gate.hears = True
    assert gate.is_open()
    assert not gate.take_unheard_turn()

"""The gate lets four ticks through, waits for answers, and gives up on a view that is gone."""

from __future__ import annotations

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


def test_a_deaf_kernel_sends_once_a_second(gate: Gate, clock: ManualClock) -> None:
    gate.hears = False
    for _ in range(10):
        assert gate.is_open()
        gate.send()
        assert not gate.is_open()
        clock.advance(1)

"""A kernel that reads no message while a cell runs: what goes out is bounded, the view says so, and nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest

from rlnb.widgets.codec import decode
from tests.widgets.test_live_view import Wire

HOURS = 8


@pytest.fixture
def wire() -> Wire:
    wire = Wire()
    wire.view.hears(False)
    wire.view.header(name="a", state="running", steps=0)
    return wire


def test_eight_unheard_hours_send_few_bytes(wire: Wire) -> None:
    """Ten episodes and a tick a second; the server of a closed tab keeps whatever is sent."""
    sent: list[int] = []
    wire.view.observe(lambda change: sent.append(len(change["new"])), "snapshot")
    for second in range(HOURS * 3600):
        wire.episodes(10, start=10 * second)
        wire.view.header(steps=second)
        wire.view.tick()
        if second % 5 == 0:
            wire.view.refresh_snapshot(moving=True)
        wire.clock.advance(1.0)
    assert wire.take() == []
    assert 50 <= len(sent) <= 60
    assert sum(sent) < 5_000_000
    wire.view.header(state="finished")
    wire.view.refresh_snapshot()
    meta, columns = decode(wire.view.snapshot)
    assert meta["header"]["state"] == "finished"
    assert meta["series"][0]["total"] == HOURS * 36_000
    assert columns["0.value"].max() == (HOURS * 36_000 - 1) * 1.5


def test_the_view_is_told_and_redrawn_whole(wire: Wire) -> None:
    wire.episodes(3)
    assert wire.view.tick()
    meta, columns = decode(wire.view.snapshot)
    assert meta["header"]["hears"] is False
    np.testing.assert_array_equal(columns["0.episode"], [0, 1, 2])
    wire.episodes(2, start=3)
    assert not wire.view.tick()
    wire.clock.advance(1.0)
    assert wire.view.tick()
    np.testing.assert_array_equal(decode(wire.view.snapshot)[1]["0.episode"], [0, 1, 2, 3, 4])


def test_a_message_that_comes_in_meanwhile_says_that_it_hears_after_all(wire: Wire) -> None:
    """On ipykernel 7 a second thread lets messages in although nobody pumps."""
    wire.view.tick()
    wire.view.hears(False)  # said at every tick
    wire.say(type="hello", view="v1")
    content, [buffer] = wire.sent[-1]
    assert content["type"] == "snapshot"
    assert decode(buffer)[0]["header"]["hears"] is True
    wire.sent.clear()
    wire.view.hears(False)
    wire.episodes(1)
    assert wire.view.tick()
    assert wire.take() == ["tick"]


def test_hellos_that_waited_for_the_end_are_answered_once(wire: Wire) -> None:
    wire.episodes(3)
    wire.view.header(state="finished")
    for _ in range(200):
        wire.say(type="hello", view="v1")
    wire.say(type="hello", view="v2")
    types = wire.take()
    assert types.count("snapshot") == 2
    assert types.count("tick") <= 1
    wire.clock.advance(2.0)
    wire.say(type="hello", view="v1")
    assert wire.take() == ["snapshot"]


def test_a_pump_that_gives_up_in_mid_run_is_noticed() -> None:
    wire = Wire()
    wire.view.hears(True)
    wire.view.header(state="running", steps=1)
    wire.view.tick()
    assert wire.take() == ["tick"]
    wire.view.hears(False)
    wire.clock.advance(1.0)
    assert wire.view.tick()
    assert wire.take() == []
    assert decode(wire.view.snapshot)[0]["header"]["hears"] is False

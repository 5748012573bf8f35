"""Subscribers hear in order, and none can hurt training."""

import pytest

from rlnb.bus import Bus
from rlnb.events import SessionChanged, SessionEnded

EVENT = SessionChanged("s", {"name": "x"})


def test_subscribers_hear_their_type_in_order():
    bus, heard = Bus(), []
    bus.subscribe(SessionChanged, lambda event: heard.append(("a", event)))
    undo = bus.subscribe(SessionChanged, lambda event: heard.append(("b", event)))
    bus.publish(EVENT)
    bus.publish(SessionEnded("s", 0.0, "finished"))
    undo()
    bus.publish(EVENT)
    assert heard == [("a", EVENT), ("b", EVENT), ("a", EVENT)]


def test_a_failing_subscriber_is_named_once_and_left_out(monkeypatch):
    monkeypatch.setenv("RLNB_STRICT", "0")
    said, heard = [], []
    bus = Bus(said.append)

    def broken(event):
        raise RuntimeError("no room left")

    bus.subscribe(SessionChanged, broken)
    bus.subscribe(SessionChanged, heard.append)
    bus.publish(EVENT)
    bus.publish(EVENT)
    assert len(heard) == 2
    assert len(said) == 1
    assert "broken" in said[0] and "no room left" in said[0]


def test_strict_raises():
    bus = Bus()
    bus.subscribe(SessionChanged, lambda event: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bus.publish(EVENT)

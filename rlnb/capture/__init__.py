"""Capture: sees every environment that `gymnasium.make` returns, and changes nothing about it.

door.py        hooks `gymnasium.make` itself, so that every name bound to it earlier is reached too
hooked.py      the hot path: `step` and `reset` of one environment, as closures over a few lists
recorder.py    what one environment has done since the last flush
publishing.py  turns that into events: lanes, episodes, steps
capture.py     joins them; this is what the rest of rlnb speaks to
"""

from rlnb.capture.capture import Capture
from rlnb.capture.desk import Desk, Seat, SeatRequest
from rlnb.capture.present import Present

__all__ = ["Capture", "Desk", "Present", "Seat", "SeatRequest"]

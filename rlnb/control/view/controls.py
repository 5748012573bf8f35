"""What the live view's controls ask for, and what they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlnb.control.recording.running import Running
    from rlnb.control.room import Room
    from rlnb.control.session import Session

CONTROLS = ("pause", "resume", "step", "slow", "break", "unbreak", "knob")


def control(room: Room, session: Session, name: str, payload: Mapping[str, Any]) -> None:
    """Do what the person asked of a running session."""
    match name:
        case "pause":
            session.pause()
        case "resume":
            session.resume()
        case "step":
            session.step(int(payload.get("n", 1)))
        case "slow":
            session.slow(payload.get("pace"))
        case "break":
            session.break_when(str(payload["when"]))
        case "unbreak":
            running = room.running(session.id)
            if running is not None:
                running.hold.breaks.pop(str(payload["when"]), None)
        case "knob":
            room.desk.board.move(str(payload["name"]), float(payload["value"]))


def held(room: Room, running: Running) -> dict[str, Any]:
    """The state of the controls, for the header."""
    hold = running.hold
    return {
        "pace": hold.pace,
        "breaks": list(hold.breaks),
        "knobs": [knob.shown() for knob in room.desk.board],
        "lanes": running.lanes.count,
    }

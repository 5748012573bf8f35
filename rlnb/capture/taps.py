"""The taps of a capture: whose pictures are kept, handed out, or needed no more (see `frames`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rlnb.capture.desk import Desk
from rlnb.capture.frames import Tap
from rlnb.capture.recorder import Recorder


class Taps:
    """Those of all recorders that have one."""

    def __init__(self, recorders: Mapping[int, Recorder], desk: Desk) -> None:
        self._recorders, self._desk = recorders, desk

    def hand_out(self) -> None:
        """Publish the strips of every episode that is over: a session may be about to end."""
        for _, tap in self._there():
            for strip in tap.take(everything=True):
                self._desk.publish(strip)

    def anew(self) -> None:
        """Another session begins: its first and best episodes are counted anew, and so is its budget."""
        for _, tap in self._there():
            tap.anew()

    def proven(self, session: str, lane: int) -> None:
        """Episodes of this lane run again exactly."""
        for recorder, tap in self._there():
            if recorder.seat is not None and recorder.seat[:2] == (session, lane):
                tap.stop()

    def stop(self) -> None:
        """No more frames are needed."""
        for _, tap in self._there():
            tap.stop()

    def _there(self) -> Iterator[tuple[Recorder, Tap]]:
        for recorder in list(self._recorders.values()):
            if recorder.tap is not None:
                yield recorder, recorder.tap

"""How the cells of a notebook begin and end sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlnb.control.recording.background import Background
from rlnb.control.recording.running import Running
from rlnb.events import Status

if TYPE_CHECKING:
    from rlnb.control.recording.desk import Desk
    from rlnb.kernel import Cell, CellResult


class CellSessions:
    """A session ends with its cell, unless a thread of the cell's still steps for it (see `background`)."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.now: Cell | None = None  # the cell that runs
        self.background = Background(lambda: desk.current, self._over, lambda: desk.capture.flush())

    def began(self, cell: Cell) -> None:
        desk, self.now = self._desk, cell
        desk.lessons.break_off()
        self.background.listen()
        desk.free_from_now()
        if desk.current is not None and not self.background.goes_on(desk.current):
            self._over(desk.current)

    def ended(self, result: CellResult) -> None:
        desk = self._desk
        desk.capture.flush()
        if len(desk.numbers):
            self.seated(desk.going(desk.numbers.thread), desk.numbers.thread)
        running = desk.current
        if running is not None and (running.left or self.background.goes_on(running)):
            self.background.look_after(running)
        else:
            self._end(result)
        self._hint(self.now.source if self.now else None)
        self.background.leave(self.now)
        self.now = None
        desk.given = {}

    def _hint(self, source: str | None) -> None:
        """Say once which environments of the notebook's variables were stepped without being recorded."""
        desk = self._desk
        if desk.recording:
            for line in desk.capture.unrecorded(desk.variables(), source):
                desk.warn(line)

    def _end(self, result: CellResult) -> None:
        desk = self._desk
        desk.capture.cut()
        if desk.current is not None:
            if result.stopped or (result.ok and desk.current.stop_asked):
                desk.end("stopped")
            elif result.interrupted:
                desk.end("interrupted")
            else:
                error = result.error or desk.current.error
                desk.end("failed" if error or not result.ok else "finished", error)

    def seated(self, running: Running, thread: int) -> None:
        """An environment that this thread reset takes a lane, or what it logged its place."""
        self.background.hear(running, thread)
        if running.left:
            self.background.look_after(running)

    def _over(self, running: Running) -> None:
        """The threads that stepped for a session are done, and no cell of theirs runs."""
        desk = self._desk
        with desk.capture.exclusively():
            if desk.current is running and not self.background.goes_on(running):
                status: Status = "failed" if running.error else "stopped" if running.stop_asked else "finished"
                desk.end(status, running.error)

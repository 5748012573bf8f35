"""How a script ends: Ctrl-C and Stop are no errors, so they leave no traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from rlnb.control.recording import looking
from rlnb.events import Status
from rlnb.kernel import StopTraining

if TYPE_CHECKING:
    from rlnb.control.room import Room


class Script:
    """Stands before `sys.excepthook` while rlnb is installed outside of IPython."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._error: BaseException | None = None  # what the script ended with

    def install(self) -> Callable[[], None]:
        """Hear of what ends the script; returns the undoing."""
        before = sys.excepthook

        def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
            self._error = error
            recorded = self._room.current is not None or self._room.desk.left_by == id(error)
            if not (recorded and isinstance(error, KeyboardInterrupt)):
                before(kind, error, traceback)

        def undo() -> None:
            if sys.excepthook is hook:
                sys.excepthook = before

        sys.excepthook = hook
        return undo

    @property
    def ended(self) -> tuple[Status, str | None]:
        """How the session that was running ended with the script."""
        return how(self._error)


def how(error: BaseException | None, stop_asked: bool = False) -> tuple[Status, str | None]:
    """The status of a session that was left with this exception, and the exception in one line where it was one."""
    if isinstance(error, StopTraining) or (stop_asked and (error is None or isinstance(error, GeneratorExit))):
        return "stopped", None
    if isinstance(error, KeyboardInterrupt | GeneratorExit):  # the latter where a loop over runs was left
        return "interrupted", None
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return "finished", None
    return "failed", looking.last_line(error)

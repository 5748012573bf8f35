"""When a cell begins and how it ended.

A cell magic such as `%%rlnb` runs its body with `run_cell`, so IPython says "began" and "ended" twice for it: the
outermost pair is the cell.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from rlnb.kernel.stopping import StopTraining, Swallow


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that runs. `cell_id` is the front end's, where it says one."""

    source: str
    execution_count: int
    cell_id: str | None = None


@dataclass(frozen=True, slots=True)
class CellResult:
    """How a cell ended. Of a stopped cell `ok` is true: it ended cleanly."""

    ok: bool
    error: str | None = None  # the last line of the traceback
    stopped: bool = False  # by StopTraining
    interrupted: bool = False  # by the notebook's own stop button, or Ctrl-C; an async cell has no result then


class Cells:
    """Hears the shell's events and tells of whole cells."""

    def __init__(self, shell: Any, parent: Callable[[], dict[str, Any]]) -> None:
        self._shell = shell
        self._parent = parent  # the message that the kernel is answering
        self._open: list[Any] = []  # IPython's records of the cells that run, outermost first
        self._failed: BaseException | None = None  # what a nested run_cell failed with
        self._swallow = Swallow(shell)
        self._listeners: list[tuple[Callable[[Cell], None], Callable[[CellResult], None]]] = []
        self._registered = False

    def on_cell(self, begin: Callable[[Cell], None], end: Callable[[CellResult], None]) -> Callable[[], None]:
        """Call `begin` and `end` around every cell. Inside a running cell, `begin` is called for it at once."""
        pair = (begin, end)
        self._listeners.append(pair)
        self._register()
        running = self._running()
        if running is not None:
            if not self._open:
                self._open.append(running)
                self._swallow.put()
            begin(running if isinstance(running, Cell) else self._cell(running))
        return lambda: self._drop(pair)

    def treat_interrupt_as_stop(self, wanted: bool) -> None:
        """Until this cell ends, the notebook's own stop button ends it as cleanly as ours does."""
        self._swallow.take_interrupts(wanted)

    def close(self) -> None:
        """Give the shell back as it was."""
        self._listeners.clear()
        self._unregister()

    # --- IPython's events ---------------------------------------------------------------------------------------

    def _began(self, info: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            return  # a subshell's cell: nothing that steps in it is ours to stop
        self._open.append(info)
        if len(self._open) == 1:
            self._failed = None
            self._swallow.put()
            cell = self._cell(info)
            for begin, _ in list(self._listeners):
                begin(cell)

    def _ended(self, result: Any) -> None:
        if threading.current_thread() is not threading.main_thread() or not self._close_one(result):
            return
        error = None if result is None else (result.error_before_exec or result.error_in_exec)
        clean = self._swallow.swallowed is not None and (error is None or self._swallow.means_stop(error))
        if clean and error is not None:
            result.error_in_exec = None  # the reply to the page is "ok", and cells that wait are run
            self._shell.last_execution_succeeded = True
            error = None
        if self._open:
            self._failed = self._failed or error
            return
        if error is None and self._failed is not None and self._magic_body_failed(result):
            error = result.error_in_exec = self._failed
        swallowed = self._swallow.swallowed if clean else None
        self._swallow.take()
        self._failed = None
        ended = CellResult(
            ok=error is None and (result is not None or swallowed is not None),
            error=None if error is None else traceback.format_exception_only(type(error), error)[-1].strip(),
            stopped=isinstance(swallowed, StopTraining),
            interrupted=_is_interrupt(error or swallowed) or (result is None and swallowed is None),
        )
        for _, end in list(self._listeners):
            end(ended)

    def _close_one(self, result: Any) -> bool:
        """Take the cell that ended off the stack; False if it never began for us (an empty cell, a syntax error)."""
        info = getattr(result, "info", None)
        source = getattr(info, "raw_cell", None)
        for depth, cell in enumerate(self._open):
            if cell is info or (isinstance(cell, Cell) and cell.source == source):
                del self._open[depth:]
                return True
        if not self._open or (source is not None and not source.strip()):
            return False
        self._open.pop()  # IPython makes a new record when a cell was torn down from outside
        return True

    def _magic_body_failed(self, result: Any) -> bool:
        """A cell magic whose body failed has failed: cells that wait are not run on top of it."""
        source = getattr(getattr(result, "info", None), "raw_cell", "") or ""
        return source.lstrip().startswith("%%")

    # --- what is running ----------------------------------------------------------------------------------------

    def _cell(self, info: Any) -> Cell:
        cell_id = getattr(info, "cell_id", None) or self._parent().get("metadata", {}).get("cellId")
        return Cell(info.raw_cell, self._number(), cell_id)

    def _number(self, stored: bool = False) -> int:
        """The n of `In [n]`.

        Newer IPythons count on before `pre_run_cell` and older ones after the cell, so the inputs are counted: the
        present one is stored between `pre_run_cell` and its first line.
        """
        inputs = self._shell.history_manager.input_hist_parsed
        return max(1, len(inputs) - stored)

    def _running(self) -> Cell | Any | None:
        """The cell we are in, when it began before we listened: `%load_ext rlnb` at its top."""
        if self._open:
            return self._open[0]
        if threading.current_thread() is not threading.main_thread() or not self._executing():
            return None
        parent = self._parent()
        if parent:
            if parent.get("header", {}).get("msg_type") != "execute_request" or parent["content"].get("silent"):
                return None
            source = parent["content"].get("code", "")
            return Cell(source, self._number(stored=True), parent.get("metadata", {}).get("cellId"))
        typed = self._shell.user_ns.get("In") or [""]
        return Cell(typed[-1], self._number(stored=True)) if typed[-1] else None

    def _executing(self) -> bool:
        """Whether the shell's `run_code` is on the stack."""
        frame: FrameType | None = sys._getframe()
        while frame is not None:
            if frame.f_code.co_name == "run_code" and frame.f_locals.get("self") is self._shell:
                return True
            frame = frame.f_back
        return False

    # --- coming and going ---------------------------------------------------------------------------------------

    def _register(self) -> None:
        if not self._registered:
            self._shell.events.register("pre_run_cell", self._began)
            self._shell.events.register("post_run_cell", self._ended)
            self._registered = True

    def _unregister(self) -> None:
        if self._registered:
            self._shell.events.unregister("pre_run_cell", self._began)
            self._shell.events.unregister("post_run_cell", self._ended)
            self._registered = False
        self._swallow.take()
        self._open.clear()

    def _drop(self, pair: tuple[Callable[[Cell], None], Callable[[CellResult], None]]) -> None:
        if pair in self._listeners:
            self._listeners.remove(pair)
        if not self._listeners:
            self._unregister()


def _is_interrupt(error: BaseException | None) -> bool:
    return isinstance(error, KeyboardInterrupt) and not isinstance(error, StopTraining)

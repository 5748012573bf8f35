"""The notebook that this process is the kernel of."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from rlnb.kernel.cells import Cell, CellResult, Cells
from rlnb.kernel.keeping import Keeper
from rlnb.kernel.others import OtherThreads
from rlnb.kernel.ours import Ours
from rlnb.kernel.pump import Pump
from rlnb.kernel.shown import Shown
from rlnb.kernel.standing import Standing


class Notebook:
    """Cells, messages and display of one IPython shell.

    In a terminal IPython cells are told of as well; there is nothing to pump and nothing is displayed.
    """

    _current: Notebook | None = None

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._kernel = getattr(shell, "kernel", None)
        self._cells = Cells(shell, self._parent)
        self._ours = Ours()
        self._pump = Pump(self._kernel, self._ours.__contains__) if self.has_frontend else None
        self._others = OtherThreads()
        self._keeper: Keeper | None = None
        self._standing = Standing()

    @classmethod
    def current(cls) -> Notebook | None:
        """The notebook of this process; None outside IPython. The same object for the same shell."""
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
        if shell is None:
            return None
        if cls._current is None or cls._current._shell is not shell:
            cls._current = cls(shell)
        return cls._current

    @property
    def has_frontend(self) -> bool:
        """Whether there is a kernel with comms, so that a page may be at the other end."""
        return getattr(self._kernel, "comm_manager", None) is not None

    def user_namespace(self) -> dict[str, Any]:
        """The variables of the notebook."""
        namespace: dict[str, Any] = self._shell.user_ns
        return namespace

    # --- cells --------------------------------------------------------------------------------------------------

    def on_cell(self, begin: Callable[[Cell], None], end: Callable[[CellResult], None]) -> Callable[[], None]:
        """Call `begin` and `end` around every cell; returns the undoing.

        Called inside a running cell (`%load_ext rlnb` at its top), `begin` is called for that cell at once.
        """

        def began(cell: Cell) -> None:
            self._standing.leave(cell.cell_id)
            begin(cell)

        return self._cells.on_cell(began, end)

    def treat_interrupt_as_stop(self, wanted: bool) -> None:
        """Until the present cell ends, the notebook's own stop button (or Ctrl-C) ends it without a traceback."""
        self._cells.treat_interrupt_as_stop(wanted)

    # --- messages -----------------------------------------------------------------------------------------------

    def pump(self, limit: int = 50) -> int:
        """Handle the page's messages to our widgets now; the number of those that this thread handled. Those that
        another thread reads are handled there, and it is given the time."""
        if self._pump is None:
            return 0
        if self._pump.others_read:
            self._others.let_in()
        return self._pump(limit)

    def let_out(self) -> None:
        """Messages to the page were written: let the thread that sends them do so."""
        self._others.let_out()

    @property
    def pump_state(self) -> str:
        """In words: "on", "off: <why>", "not needed" (no page)."""
        return self._pump.state if self._pump is not None else "not needed"

    def adopt(self, widget: Any) -> None:
        """Let the pump handle this widget's messages although its class is not one of rlnb's."""
        self._ours.adopt(widget)
        self.repair_subshell_replies()

    def repair_subshell_replies(self) -> None:
        """Let the page's messages to our widgets in on its second thread (a subshell), where ipykernel has those."""
        if self._kernel is not None and self.has_frontend:
            self._ours.repair(self._kernel.comm_manager.comms.values())

    # --- display ------------------------------------------------------------------------------------------------

    def show(self, widget: Any, static: Mapping[str, Any]) -> Shown:
        """Display a live widget and its static output under the present cell; it is closed when that cell is run again
        and the widget stands under no other.

        `static` is a mime bundle: `image/png` as bytes, `text/html` (tables, no style sheets), `text/plain`.
        """
        if not self.has_frontend or not hasattr(self._shell, "display_pub"):
            return Shown.nothing()
        self.adopt(widget)
        shown = Shown(self._shell.display_pub, widget, static)
        shown.publish()
        self._standing.add(self._parent().get("metadata", {}).get("cellId"), shown)
        return shown

    def let_stand(self, widget: Any) -> None:
        """A person was given this widget, to display it where they like: it stays whatever cell is run again."""
        self._standing.keep(widget)

    def keep(self, shown: Shown) -> Callable[[], None]:
        """Until the returned undoing is called, `clear_output` in the view's own cell does not take the view away."""
        if shown.is_null:
            return lambda: None
        if self._keeper is None or self._keeper._publisher is not self._shell.display_pub:
            self._keeper = Keeper(self._shell.display_pub)
        return self._keeper.keep(shown)

    # --- the end ------------------------------------------------------------------------------------------------

    def restore(self) -> None:
        """Give back everything, the very objects."""
        self._cells.close()
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None
        self._standing.clear()
        self._ours.restore()

    def _parent(self) -> dict[str, Any]:
        """The message that the kernel is answering."""
        if self._kernel is None:
            return {}
        try:
            parent: dict[str, Any] | None = self._kernel.get_parent("shell")
        except (AttributeError, LookupError, TypeError):
            return {}
        return parent or {}

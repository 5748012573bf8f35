"""Which comms are rlnb's own, and the repair of their replies.

ipykernel 7 lets the page's messages in on a second thread (a subshell) while a cell runs. From 7.4 on, a comm that
was opened by a cell gets its replies routed back to the busy main thread: `BaseComm._reply_subshell_for`. For our
comms, and for no others, the page's own choice is kept.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakSet


def widget_of(comm: Any) -> Any:
    """The widget behind a comm, or None."""
    return getattr(getattr(comm, "_msg_callback", None), "__self__", None)


def as_asked(data: Any, asked: str | None) -> str | None:
    """The subshell that a message is handled on: the one that the page asked for."""
    return asked


class Ours:
    """The widgets whose messages are handled while a cell runs."""

    def __init__(self) -> None:
        self._adopted: WeakSet[Any] = WeakSet()
        self._repaired: WeakSet[Any] = WeakSet()

    def adopt(self, widget: Any) -> None:
        """Count a widget among ours although its class is not defined in rlnb."""
        self._adopted.add(widget)

    def __contains__(self, comm: Any) -> bool:
        widget = widget_of(comm)
        if widget is None:
            return False
        return type(widget).__module__.startswith("rlnb.") or widget in self._adopted

    def repair(self, comms: Any) -> None:
        """Let the page choose the thread for our comms; nothing to do where there are no subshells."""
        for comm in list(comms):
            if hasattr(type(comm), "_reply_subshell_for") and comm in self and comm not in self._repaired:
                comm._reply_subshell_for = as_asked
                self._repaired.add(comm)

    def restore(self) -> None:
        """Take the repair out again."""
        for comm in list(self._repaired):
            vars(comm).pop("_reply_subshell_for", None)
        self._repaired.clear()
        self._adopted.clear()

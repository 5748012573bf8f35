"""A stop that leaves no red cell: the exception that `env.step` raises, and the shell that swallows it.

The shell has one door for this, `set_custom_exc`: a tuple of exception types and a handler, looked at when a cell
raised. While a cell runs, ours stands before the person's own (Colab keeps one there, too) and passes theirs on.
"""

from __future__ import annotations

import sys
from typing import Any

_MISSING: Any = object()


class StopTraining(KeyboardInterrupt):
    """The person pressed Stop. Raised from a step; ends the cell cleanly, and cells that wait still run.

    It is a `KeyboardInterrupt`, so that `except Exception` in a training loop does not swallow it, and code that
    saves its work on an interrupt does so here, too.
    """


class Swallow:
    """Puts the clean stop into a shell for the time of one cell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._before: dict[str, Any] = {}  # what the shell's own __dict__ held
        self._ours: dict[str, Any] = {}
        self._theirs: tuple[tuple[type[BaseException], ...], Any] = ((), None)
        self.interrupts = False  # whether the notebook's own stop button means the same
        self.swallowed: BaseException | None = None

    def put(self) -> None:
        """From here on `StopTraining` ends a cell without a traceback."""
        if self._ours:
            return
        shell = self._shell
        self.swallowed = None
        self.interrupts = False
        self._theirs = (tuple(shell.custom_exceptions), getattr(shell, "CustomTB", None))
        self._set("custom_exceptions", (StopTraining, *self._theirs[0]))
        self._set("CustomTB", self._on_exception)
        self._set("showtraceback", self._on_traceback(shell.showtraceback))

    def take_interrupts(self, wanted: bool) -> None:
        """Whether a plain `KeyboardInterrupt` is swallowed as well, until the cell ends."""
        self.interrupts = wanted
        if self._ours and self._shell.custom_exceptions is self._ours["custom_exceptions"]:
            types = (StopTraining, KeyboardInterrupt) if wanted else (StopTraining,)
            self._shell.custom_exceptions = self._ours["custom_exceptions"] = (*types, *self._theirs[0])

    def take(self) -> None:
        """Give the very objects back. What the person has set in the meantime stays."""
        held = vars(self._shell)
        for name, ours in self._ours.items():
            if held.get(name) is not ours:
                continue
            before = self._before[name]
            if before is _MISSING:
                delattr(self._shell, name)
            else:
                setattr(self._shell, name, before)
        self._ours.clear()
        self._before.clear()

    def means_stop(self, error: BaseException | None) -> bool:
        """Whether this exception is to end the cell cleanly."""
        return isinstance(error, StopTraining) or (self.interrupts and isinstance(error, KeyboardInterrupt))

    def _set(self, name: str, ours: Any) -> None:
        self._before[name] = vars(self._shell).get(name, _MISSING)
        self._ours[name] = ours
        setattr(self._shell, name, ours)

    def _on_exception(self, kind: Any, error: BaseException, traceback: Any, tb_offset: int | None = None) -> Any:
        if self.means_stop(error):
            self.swallowed = error
            return []
        types, handler = self._theirs
        if handler is not None and isinstance(error, types):
            return handler(kind, error, traceback, tb_offset=tb_offset)
        return self._shell.showtraceback((kind, error, traceback), running_compiled_code=True)

    def _on_traceback(self, show: Any) -> Any:
        """`%%time` and others show a traceback themselves: not that of a stop."""

        def showtraceback(*args: Any, **kwargs: Any) -> Any:
            given = args[0] if args else kwargs.get("exc_tuple")
            error = given[1] if given else sys.exc_info()[1]
            if self.means_stop(error):
                self.swallowed = error
                return None
            return show(*args, **kwargs)

        return showtraceback

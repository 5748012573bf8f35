"""Training in a thread of the person's own: its session goes on after the cell that began it has returned.

A session of a notebook ends with its cell. Not so where a thread that has stepped is still at it: in the function that
it was stepping in, for a pool keeps its threads for the next job. It ends when the last of these functions returns.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

from rlnb.control.recording import looking
from rlnb.control.recording.running import Running
from rlnb.kernel import StopTraining

if TYPE_CHECKING:
    from rlnb.kernel import Cell

LOOK = 0.25  # seconds between two looks whether the threads are still at it
POOLS = ("concurrent.futures", "multiprocessing", "joblib")
CARRIERS = ("threading", *POOLS)  # whose functions only carry somebody's job


class Job:
    """What one thread does: the outermost function of its that belongs to no pool."""

    def __init__(self, thread: threading.Thread) -> None:
        self._thread = thread
        self._root = self._doing()

    def _doing(self) -> int | None:
        frame = sys._current_frames().get(self._thread.ident or 0) if self._thread.is_alive() else None
        return None if frame is None else _root(frame)

    @property
    def over(self) -> bool:
        """Whether the thread has ended, or does something else."""
        now = self._doing()
        return now is None or now != self._root


class Background:
    """Knows which threads step for the running session, and ends it when the last of them is done."""

    def __init__(
        self, current: Callable[[], Running | None], over: Callable[[Running], None], flush: Callable[[], None]
    ) -> None:
        self._current = current
        self._over = over
        self._flush = flush
        self._cells: dict[int, Cell | None] = {}  # which cell left a thread running, by its ident
        self._stop = threading.Event()
        self._watched: Running | None = None
        self._hook: Any = None
        self._before: Any = None

    def hear(self, running: Running, ident: int = 0) -> None:
        """A thread steps for the session: the present one, or the one of this ident."""
        thread = {one.ident: one for one in threading.enumerate()}.get(ident or threading.get_ident())
        if thread is None or thread is threading.main_thread() or thread.name.startswith("rlnb "):
            return
        self.listen()
        running.jobs[thread.ident or 0] = Job(thread)

    def leave(self, cell: Cell | None) -> None:
        """A cell has ended: the threads that it began are its."""
        living = {thread.ident or 0 for thread in threading.enumerate()}
        self._cells = {ident: self._cells.get(ident, cell) for ident in living}

    def cell_left(self, ident: int) -> Cell | None:
        """The cell that began a thread, where it is over; None for a pool's, whose jobs are any cell's."""
        frame = sys._current_frames().get(ident)
        if ident == threading.main_thread().ident or frame is None or _pooled(frame):
            return None
        return self._cells.get(ident)

    def goes_on(self, running: Running) -> bool:
        """Whether some thread is still at it."""
        return any(not job.over for job in list(running.jobs.values()))

    def look_after(self, running: Running) -> None:
        """End the session when nobody is at it any more."""
        if self._watched is not running:
            self._watched = running
            threading.Thread(target=self._watch, args=(running,), name="rlnb watcher", daemon=True).start()

    def close(self) -> None:
        """Watch nothing any more; `threading.excepthook` is what it was."""
        self._stop.set()
        if self._hook is not None and threading.excepthook is self._hook:
            threading.excepthook = self._before
        self._hook = None

    def _watch(self, running: Running) -> None:
        while not self._stop.wait(LOOK):
            if self._current() is not running:
                break
            if not self.goes_on(running):
                self._over(running)

    def listen(self) -> None:
        """A thread's exception goes nowhere but to `threading.excepthook`: there a stop is no error, and an error is
        the session's."""
        if self._hook is not None:
            return
        before = threading.excepthook

        def hook(args: threading.ExceptHookArgs) -> None:
            if isinstance(args.exc_value, StopTraining):
                return
            try:
                self._note(args)
            finally:
                before(args)

        self._before, self._hook = before, hook
        threading.excepthook = hook

    def _note(self, args: threading.ExceptHookArgs) -> None:
        """In the thread that fails: the error goes to the session that it stepped for."""
        if args.thread is None or args.thread.name.startswith("rlnb "):
            return
        if not self._blamed(args):
            self._flush()  # a thread that was quick has not been seen yet
            self._blamed(args)

    def _blamed(self, args: threading.ExceptHookArgs) -> bool:
        running = self._current()
        if running is None or args.thread is None or args.thread.ident not in running.jobs:
            return False
        running.error = looking.last_line(args.exc_value) if args.exc_value else args.exc_type.__name__
        return True


def _stack(frame: FrameType | None) -> Iterator[tuple[FrameType, str]]:
    while frame is not None:
        yield frame, str(frame.f_globals.get("__name__", ""))
        frame = frame.f_back


def _root(frame: FrameType) -> int:
    """The identity of the outermost function on this stack that carries no other."""
    own = [id(at) for at, module in _stack(frame) if not module.startswith(CARRIERS)]
    return own[-1] if own else 0


def _pooled(frame: FrameType) -> bool:
    return any(module.startswith(POOLS) for _, module in _stack(frame))

"""In a worker process: record the environment that it makes, and ship what it does to the parent."""

from __future__ import annotations

import multiprocessing
import multiprocessing.util
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from rlnb.bus import strict
from rlnb.capture.desk import Seat, SeatRequest
from rlnb.capture.spool import Writer
from rlnb.events import EpisodeOpened, EpisodesEnded, Event, FramesTaken, StepsRecorded

LOOK = 0.05  # seconds between two looks at the parent's signs


class Recorded:
    """Takes the place of the function that makes an environment: called in a worker, it records what that makes.

    Pickled by reference to this module, so that any way of starting a process knows it.
    """

    def __init__(self, make: Callable[[], Any], folder: str, parent: int) -> None:
        self.make, self.folder, self.parent = make, folder, parent

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if os.getpid() != self.parent:
            try:
                _record(self.folder)
            except Exception:
                if strict():
                    raise
        return self.make(*args, **kwargs)


class ShippingDesk:
    """Seats every environment on a lane of its own, and writes down what it hears."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._lanes: dict[int, int] = {}

    def seat(self, request: SeatRequest) -> Seat | None:
        if request.lanes > 1:
            self.warn(f"{request.env_id} is a vector environment inside a worker process, and is not recorded.")
            return None
        lane = self._lanes.get(request.key)
        if lane is None:
            lane = self._lanes[request.key] = len(self._lanes)
            self._writer.put(("lane", lane, request.env_id, request.recipe, time.time()))
        return Seat("", lane, 0)

    def first_reset(self) -> None:
        pass

    def publish(self, event: Event) -> None:
        if isinstance(event, StepsRecorded | EpisodesEnded | EpisodeOpened | FramesTaken):
            self._writer.put(event)

    def tick(self) -> None:
        pass

    def warn(self, message: str) -> None:
        self._writer.put(("warn", message))


def _record(folder: str) -> None:
    from rlnb.capture.capture import Capture
    from rlnb.clock import SystemClock

    writer = Writer(folder)
    capture = Capture(ShippingDesk(writer), SystemClock())
    capture.install()
    threading.Thread(target=_listen, args=(capture, writer), name="rlnb messenger", daemon=True).start()
    multiprocessing.util.Finalize(None, _end, (capture, writer), exitpriority=100)  # such processes run no atexit


def _end(capture: Any, writer: Writer) -> None:
    capture.flush()
    capture.hand_out()
    if _orphaned():
        writer.remove()


def _orphaned() -> bool:
    """Whether nobody is left who would read, and remove what was read."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


def _listen(capture: Any, writer: Writer) -> None:
    """Flush when the parent asks, and as soon as the environment rests: the parent may be about to end its session."""
    while True:
        time.sleep(LOOK)
        if writer.sees("stop") or _orphaned():
            capture.uninstall()
            _end(capture, writer)
            return
        asked = writer.sees("ask")
        if asked or time.monotonic() - capture.due[0] > LOOK:
            capture.flush()
        if asked:
            capture.hand_out()
        for sign, do in (("anew", capture.taps.anew), ("proven", capture.taps.stop)):
            if writer.sees(sign):
                do()
                writer.answer(sign)
        if asked:  # last: the parent waits for it
            writer.answer("ask")

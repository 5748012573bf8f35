"""The replay worker: a process of its own that turns traces into pictures. `python -m rlnb.replays.worker`

It is started by `rlnb.replays.client.Worker` and speaks the wire of `rlnb.replays.wire` over its stdin and stdout.
What an environment prints goes to stderr, so that a chatty one cannot break the wire. It ends when its stdin closes,
and when its parent is gone (a forked sibling may hold the other end of the pipe open).
"""

from __future__ import annotations

import os
import queue
import shutil
import signal
import sys
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any, BinaryIO

from rlnb.replays import wire

if TYPE_CHECKING:
    from collections.abc import Callable

PARENT_CHECK_SECONDS = 1.0
PROGRESS_SECONDS = 0.05


class Abandoned(BaseException):
    """The current job was cancelled; raised between two frames."""


class Desk:
    """What a job sees of the wire: tell progress, show a preview, and hear that it was cancelled."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self._cancelled: set[int] = set()
        self._answers: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        self._told = 0.0
        self.number = -1

    def send(self, *message: Any) -> None:
        """Send a message to the kernel."""
        with self._lock:
            wire.send(self._pipe, message)

    def cancel(self, number: int) -> None:
        """Mark job `number` as cancelled; heard at its next sign of progress."""
        self._cancelled.add(number)

    def begin(self, number: int) -> None:
        """Make job `number` the current one."""
        self.number, self._told = number, 0.0
        self._cancelled = {n for n in self._cancelled if n >= number}
        self.check()

    def check(self) -> None:
        """Raises `Abandoned` if the current job was cancelled."""
        if self.number in self._cancelled:
            raise Abandoned

    def progress(self, done: int, total: int) -> None:
        """Say how far the job is, at most 20 times a second; raises `Abandoned` if it was cancelled."""
        self.check()
        now = time.monotonic()
        if now - self._told >= PROGRESS_SECONDS or done == total:
            self._told = now
            self.send("progress", self.number, done, total)

    def ask(self, question: Any) -> Any:
        """Ask the kernel something, and wait for its answer; raises `Abandoned` if the job is cancelled meanwhile."""
        self.send("ask", self.number, question)
        while True:
            self.check()
            try:
                number, answer = self._answers.get(timeout=PROGRESS_SECONDS)
            except queue.Empty:
                continue
            if number == self.number:
                return answer

    def answer(self, number: int, answer: Any) -> None:
        """The kernel's answer to a question of job `number`."""
        self._answers.put((number, answer))

    def preview(self, png: bytes) -> None:
        """Show the first frame before the film is done."""
        self.send("preview", self.number, png)


def main() -> None:
    """Serve jobs until stdin closes."""
    inbound, outbound = _take_the_pipes()
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    jobs: queue.SimpleQueue[wire.Message] = queue.SimpleQueue()
    desk = Desk(outbound)
    threading.Thread(target=_listen, args=(inbound, jobs, desk), daemon=True).start()
    threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    warnings.simplefilter("ignore")
    from rlnb.replays import jobs as work

    work.warm()
    desk.send("ready")
    while True:
        _serve(desk, work.JOBS, jobs.get())


def _serve(desk: Desk, known: dict[str, Callable[..., Any]], message: wire.Message) -> None:
    _, number, name, args, kwargs = message
    try:
        desk.begin(number)
        result = known[name](desk, *args, **kwargs)
        desk.check()
        desk.send("done", number, result)
    except Abandoned:
        desk.send("cancelled", number)
    except BrokenPipeError:
        leave()
    except BaseException as error:  # a job's SystemExit, too, must be answered
        from rlnb.replays.making import explain

        desk.send("failed", number, *explain(error))


def leave() -> None:
    """End at once, from any thread, and leave no file behind."""
    folder = os.environ.get("RLNB_REPLAY_FOLDER")
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _take_the_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep stdin and stdout for the wire; give environments an empty stdin and the stderr instead."""
    inbound, outbound = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return inbound, outbound


def _listen(inbound: BinaryIO, jobs: queue.SimpleQueue[wire.Message], desk: Desk) -> None:
    while (message := wire.receive(inbound)) is not None:
        if message[0] == "cancel":
            desk.cancel(message[1])
        elif message[0] == "answer":
            desk.answer(message[1], message[2])
        else:
            jobs.put(message)
    leave()


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    leave()


if __name__ == "__main__":
    main()

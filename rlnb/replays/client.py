"""The kernel's side of the replay worker: ask for a film, a verdict, steps; one job at a time."""

from __future__ import annotations

import atexit
import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from rlnb import errors
from rlnb.errors import MissingPackage, NotReplayable, RlnbError
from rlnb.replays.film import Film, Rerun, Verdict
from rlnb.replays.glance import Glance
from rlnb.replays.process import Process, first_gl

if TYPE_CHECKING:
    from rlnb.replays.wire import Message
    from rlnb.trace import Trace

Progress = Callable[[int, int], None]  # (steps done, steps in all), called in the thread that asked
Heard = Mapping[str, Callable[..., Any] | None]  # who is told what the worker says of a job, by its kind
Preview = Callable[[bytes], None]  # a PNG of the first frame, long before the film is done

START_SECONDS = 60.0  # until the process has loaded what it needs
CANCEL_SECONDS = 1.0  # within which a cancelled job must let go, else the process is killed


class Cancelled(RlnbError):
    """The job was abandoned by `Worker.cancel()`."""


class Worker:
    """A worker process: started at first use, kept warm, restarted when it dies. Thread-safe.

    A second job waits for the first; `cancel()` abandons the one that runs. `silence` is the longest time in seconds
    that a job may go without a sign of life (an environment that hangs in `step`).
    """

    def __init__(self, silence: float = 60.0) -> None:
        self.silence = silence
        self._turn = threading.Lock()  # one job at a time
        self._state = threading.Lock()  # guards the fields below, held briefly
        self._process: Process | None = None
        self._gl = first_gl()
        self._number = 0
        self._current: int | None = None
        self._asker: threading.Thread | None = None  # who waits for the current job
        self._cancelled: set[int] = set()
        self._closed = False
        self._pid = os.getpid()

    # --- jobs ---------------------------------------------------------------------------------------------------

    def film(
        self,
        trace: Trace,
        *,
        max_frames: int | None = None,
        height: int | None = None,
        keep_raw: bool = False,
        progress: Progress | None = None,
        preview: Preview | None = None,
    ) -> Film:
        """The episode as a video. `max_frames` leaves out frames evenly; `height` scales; `keep_raw` brings the
        observations along as they were (`film.story.raw`).

        `progress` is called up to 20 times a second; when it raises, the job is abandoned and the exception goes on.
        Raises `NotReplayable` (with the reason), `MissingPackage` (with the line to install it) or `Cancelled`.
        """
        return cast(Film, self._ask("film", trace, max_frames, height, keep_raw, progress=progress, preview=preview))

    def branch(
        self,
        trace: Trace,
        step: int,
        action: Any = None,
        then: str = "recorded",
        *,
        seed: int = 0,
        limit: int,
        policy: Callable[[Any], Any] | None = None,
        keep_raw: bool = False,
        progress: Progress | None = None,
    ) -> tuple[Film, Trace]:
        """Another future of an episode from `step` on, and its trace; see `rlnb.replays.branching`.

        `policy(observation)` is called in the thread that asked; it ends after `limit` steps at the latest.
        """
        args = (trace, step, action, then, seed, limit, keep_raw)
        return cast("tuple[Film, Trace]", self._ask("branch", *args, progress=progress, reply=policy))

    def frame(self, trace: Trace, k: int, height: int | None = None) -> bytes:
        """The picture after step `k` (0: after the reset, -1: the last) as PNG; exact pixels unless `height` scales."""
        return cast(bytes, self._ask("frame", trace, k, height))

    def verify(self, trace: Trace, *, progress: Progress | None = None) -> Verdict:
        """Whether the episode runs again as recorded. Draws nothing; says "not replayable" instead of raising."""
        try:
            return cast(Verdict, self._ask("verify", trace, progress=progress))
        except Cancelled:
            raise
        except RlnbError as error:  # the process died or hung
            return Verdict("not replayable", None, str(trace.recipe.get("checked") or ""), str(error))

    def steps(
        self, trace: Trace, *, first: int = 0, last: int | None = None, progress: Progress | None = None
    ) -> Rerun:
        """Observations, rewards, flags and infos of steps `first` to `last`, simulated again."""
        return cast(Rerun, self._ask("steps", trace, first, last, progress=progress))

    def random(self, recipe: Mapping[str, Any], episodes: int = 100, seconds: float = 1.0) -> tuple[float, int]:
        """The mean return of actions at random in an environment, and over how many episodes within the time."""
        return cast("tuple[float, int]", self._ask("random", dict(recipe), episodes, seconds))

    def tile(self, films: Sequence[Film], labels: Sequence[str] | None = None) -> Film:
        """Films side by side; see `rlnb.replays.tile`."""
        bare = [replace(film, story=None) for film in films]
        return cast(Film, self._ask("tile", bare, None if labels is None else list(labels)))

    def strip(self, film: Film, count: int = 8) -> bytes:
        """`count` pictures of a film beside each other, each with its step under it, as PNG."""
        return cast(bytes, self._ask("strip", replace(film, story=None), count))

    def convert(self, film: Film, ending: str) -> bytes:
        """A film as "gif" or "webm"."""
        return cast(bytes, self._ask("convert", replace(film, story=None), ending))

    def mirror(self, name: Any, after: int, more: Trace) -> Glance | None:
        """An episode that is still being played, run along: `more` are its steps after the first `after`, `name` is
        any name for it. None: the worker does not know the steps before, give them all. See `rlnb.replays.mirror`."""
        return cast("Glance | None", self._ask("mirror", name, after, more))

    def put_away(self) -> None:
        """Nobody looks into the mirror any more."""
        if self.pid is not None:
            self._ask("put_away")

    # --- the process --------------------------------------------------------------------------------------------

    def warm(self, wait: bool = False) -> None:
        """Start the process beforehand; it loads gymnasium and the encoder by itself. `wait` until it has."""
        process = self._running()
        if wait:
            process.ready.wait(START_SECONDS)

    @property
    def pid(self) -> int | None:
        """The process's id, None while it is not running."""
        process = self._process
        return process.pid if process is not None and process.alive() else None

    def cancel(self, asker: threading.Thread | None = None) -> None:
        """Abandon the current job; who waits for it gets `Cancelled`, and another job can be asked for at once.

        With `asker` only if that thread waits for it.
        """
        with self._state:
            number, process = self._current, self._process
            if number is None or process is None or asker not in (None, self._asker):
                return
            self._cancelled.add(number)
        process.send("cancel", number)
        process.inbox.put(("cancelling", number))

    def close(self) -> None:
        """End the process; the worker cannot be used any more."""
        self._closed = True
        self.cancel()
        with self._state:
            process, self._process = self._process, None
        if process is not None:
            process.end(patience=1.0)
        atexit.unregister(self.close)

    def _running(self) -> Process:
        with self._state:
            if self._closed:
                raise RlnbError("This replay worker was closed; make a new one.")
            if self._process is None or not self._process.alive():
                if self._process is not None:
                    self._process.end()
                self._process = Process(self._gl)
                atexit.unregister(self.close)
                atexit.register(self.close)
            return self._process

    def _drop(self, process: Process) -> None:
        process.end()
        with self._state:
            if self._process is process:
                self._process = None

    # --- one job ------------------------------------------------------------------------------------------------

    def _ask(
        self,
        name: str,
        *args: Any,
        progress: Progress | None = None,
        preview: Preview | None = None,
        reply: Callable[[Any], Any] | None = None,
    ) -> Any:
        heard = {"progress": progress, "preview": preview, "ask": reply}
        if self._pid != os.getpid():  # a forked child: the locks and the process are the parent's
            self._turn, self._state, self._pid = threading.Lock(), threading.Lock(), os.getpid()
        with self._turn:
            try:
                return self._run(name, args, heard)
            except _NoGL as error:
                if self._gl != "egl":
                    raise NotReplayable(_no_gl_words(str(error))) from None
                self._gl = "osmesa"
                with self._state:
                    process = self._process
                if process is not None:
                    self._drop(process)
            try:
                return self._run(name, args, heard)
            except _NoGL as error:
                self._gl = first_gl()
                raise NotReplayable(_no_gl_words(str(error))) from None

    def _run(self, name: str, args: tuple[Any, ...], heard: Heard) -> Any:
        before = self._process
        process = self._running()
        with self._state:
            self._number += 1
            number = self._current = self._number
            self._asker = threading.current_thread()
        try:
            process.send("job", number, name, args, {})
            return self._answer(process, number, heard)
        except _Said as said:
            if said.unheard and process is before:  # it had died while it waited, and that was not known yet
                return self._run(name, args, heard)
            raise said.error from None
        except BaseException:  # a KeyboardInterrupt here, or a failing callback: let go of the job
            self._settle(process, number)
            raise
        finally:
            with self._state:
                self._current = None
                self._cancelled.discard(number)

    def _answer(self, process: Process, number: int, heard: Heard) -> Any:
        unheard = True
        while True:
            patience = self.silence if process.ready.is_set() else self.silence + START_SECONDS
            try:
                message = process.inbox.get(timeout=patience)
            except queue.Empty:
                self._drop(process)
                silent = f"The replay gave no sign of life for {patience:g} s and was ended."
                raise _Said(NotReplayable(silent)) from None
            if message is None:
                words = process.last_words()
                self._drop(process)
                if self._closed or number in self._cancelled:
                    raise _Said(Cancelled("The replay was abandoned."))
                said = f" Its last words:\n{words}" if words else ""
                error = NotReplayable(f"The replay process died; the next replay starts a new one.{said}")
                raise _Said(error, unheard)
            if message[1] != number:
                continue
            unheard = False
            kind = message[0]
            if kind == "done":
                return message[2]
            if kind == "ask":
                answer = heard["ask"]
                process.send("answer", number, None if answer is None else answer(message[2]))
            elif (told := heard.get(kind)) is not None:
                told(*message[2:])
            elif kind == "failed":
                raise _Said(_error(message))
            elif kind == "cancelling":
                raise Cancelled("The replay was abandoned.")

    def _settle(self, process: Process, number: int) -> None:
        """Wait until the worker has let go of job `number`; kill it if it does not."""
        process.send("cancel", number)
        try:
            while (message := process.inbox.get(timeout=CANCEL_SECONDS)) is not None:
                if message[1] == number and message[0] in ("done", "failed", "cancelled"):
                    return
        except queue.Empty:
            pass
        self._drop(process)


class _Said(Exception):
    """The job has ended with `error`, and there is nothing to let go of.

    `unheard`: the process died without a word of the job.
    """

    def __init__(self, error: Exception, unheard: bool = False) -> None:
        super().__init__(str(error))
        self.error, self.unheard = error, unheard


class _NoGL(Exception):
    """The worker had no OpenGL with the present back end."""


def _error(message: Message) -> Exception:
    """The error that the worker named, made again here."""
    name, args = message[2], message[3]
    if name == "NoGL":
        return _NoGL(*args)
    if name == "MissingPackage":
        missing = MissingPackage.__new__(MissingPackage)
        ImportError.__init__(missing, *args)
        return missing
    kind = getattr(errors, name, RlnbError)
    made: Exception = kind(*args)
    return made


def _no_gl_words(detail: str) -> str:
    return (
        "This environment draws with OpenGL, and this machine offers none off-screen (EGL and OSMesa were tried). "
        "On Debian or Ubuntu:  apt-get install libegl1 libgl1-mesa-dri libosmesa6. "
        f"s.verify() and s.steps() work without. ({detail})"
    )

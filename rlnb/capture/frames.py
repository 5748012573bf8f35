"""Recorded frames: pictures of what cannot be simulated again (a remote world, a wall clock, dice of its own).

Nothing is drawn for them. An environment whose own loop draws it (`render_mode="rgb_array"` or `"rgb_array_list"`) has
the pictures that `render` returned looked at on their way out: at most 30 a second are copied, and another thread
compresses them. When an episode is over its strip is kept if it is the first, the best so far, or the 2nd, 4th, 8th ...
(so that a long training thins out), while the session's budget lasts; all other strips are forgotten.

In a worker process (AsyncVectorEnv, SubprocVecEnv) the same is done there, and the strips come with the rest of what it
records. Gymnasium's own environments are simulated again exactly and need none; BipedalWalker is the exception.
"""

from __future__ import annotations

import io
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlnb.events import FramesTaken

if TYPE_CHECKING:
    from rlnb.capture.desk import Seat
    from rlnb.capture.recorder import Recorder

BUDGET = 64 * 2**20  # bytes of compressed pictures a session
FOR_THE_BEST = BUDGET // 8  # of it; the schedule stops before
STRIP = 240  # pictures of an episode; a longer one keeps every second, fourth ...
APART = 1 / 30  # seconds between two pictures that are copied
WAITING = 4  # pictures that wait to be compressed; more are let go
MODES = ("rgb_array", "rgb_array_list")


proven: set[tuple[Any, ...]] = set()  # (class, arguments) of environments that need no frames


@dataclass
class Strip:
    """The pictures of one episode: (steps taken, compressed), thinned evenly while it grows."""

    row: int  # of the recorder, where the episode began
    pictures: dict[int, bytes] = field(default_factory=dict)
    stride: int = 1

    def add(self, k: int, picture: bytes) -> None:
        """The picture after step `k`."""
        self.pictures[k] = picture
        if len(self.pictures) > STRIP:
            self.stride *= 2
            kept = sorted(self.pictures)[::2]
            self.pictures = {k: self.pictures[k] for k in kept}

    @property
    def bytes(self) -> int:
        return sum(map(len, self.pictures.values()))


class Tap:
    """Looks at the pictures of one environment and decides which strips are kept."""

    def __init__(self, recorder: Recorder, kind: tuple[Any, ...] = ()) -> None:
        self._recorder = recorder
        self._kind = kind
        self._stopped = False
        self._row = -1  # where the episode began that the next picture belongs to
        self._next = 0.0
        self._strips: dict[int, Strip] = {}
        self._over: list[tuple[Seat, Strip, int, bool, bool]] = []  # kept at the next flush: late pictures come in
        self._session = ""
        self._episodes = 0
        self._spent = 0
        self._best = -np.inf
        self._lock = threading.Lock()

    # --- in the person's loop -----------------------------------------------------------------------------------

    def render(self, bare: Callable[[Any], Any]) -> Callable[..., Any]:
        """`render`, looked at."""

        def render(self_: Any) -> Any:
            result = bare(self_)
            try:
                self._see(result)
            except Exception:
                pass  # a picture less
            return result

        return render

    def reset(self, bare: Callable[..., Any]) -> Callable[..., Any]:
        """`reset`: the pictures that follow are another episode's."""

        def reset(self_: Any, *args: Any, **kwargs: Any) -> Any:
            result = bare(self_, *args, **kwargs)
            self._row, self._next = self._recorder.begin_row, 0.0
            return result

        return reset

    def _see(self, result: Any) -> None:
        row = self._recorder.begin_row if self._recorder.begin_row >= 0 else self._row
        if row < 0 or self._stopped:
            return
        k = self._recorder.base + len(self._recorder.checks) - row
        if isinstance(result, list):  # all since the last call; the newest is the present one
            every = max(1, len(result) // STRIP)
            for back, picture in enumerate(reversed(result)):
                if back % every == 0 and k - back >= 0:
                    self._put(row, k - back, picture, wait=True)
        elif (now := time.monotonic()) >= self._next:
            self._next = now + APART
            self._put(row, k, result)

    def _put(self, row: int, k: int, picture: Any, wait: bool = False) -> None:
        if (
            type(picture) is np.ndarray
            and picture.ndim == 3
            and picture.dtype == np.uint8
            and picture.shape[2] in (3, 4)
        ):
            with self._lock:
                strip = self._strips.setdefault(row, Strip(row))
            if k % strip.stride == 0:
                _compressor.put(strip, k, picture[..., :3].copy(), wait)

    def stop(self) -> None:
        """Simulations have shown the same: no picture is needed any more, of this environment or another like it."""
        self._stopped = True
        proven.add(self._kind)

    def anew(self) -> None:
        """Another session: it has a schedule, a best episode and a budget of its own."""
        self._episodes, self._spent, self._best = 0, 0, -np.inf

    # --- in the flush -------------------------------------------------------------------------------------------

    def ended(self, seat: Seat, row: int, first: int, total: float, finished: bool) -> None:
        """The episode that began at `row` is over; it is the one of the lane's step `first`."""
        if seat.session != self._session:
            self._session = seat.session
            self.anew()
        number = self._episodes
        best = finished and total > self._best
        self._episodes += 1
        if best:
            self._best = total
        with self._lock:
            strip = self._strips.pop(row, None)
        scheduled = number & (number - 1) == 0  # 0, 1, 2, 4, 8 ...
        if strip is not None and (best or scheduled):
            self._strips[row] = strip  # the last picture is drawn after the step that ended it
            self._over.append((seat, strip, first, best, scheduled))
        kept = {one.row for _, one, *_ in self._over}
        with self._lock:
            for old in [old for old in self._strips if old < row and old not in kept]:
                del self._strips[old]  # late pictures of an episode that was not kept

    def take(self, everything: bool = False) -> list[FramesTaken]:
        """The strips of episodes that were over at the flush before; with `everything` (a session ends), of all."""
        if everything and self._over:
            _compressor.wait()
        present = self._recorder.begin_row if self._recorder.begin_row >= 0 else self._row
        over, self._over = self._over, []
        taken = []
        for seat, strip, first, best, scheduled in over:
            if strip.row == present and not everything:
                self._over.append((seat, strip, first, best, scheduled))
                continue
            with self._lock:
                self._strips.pop(strip.row, None)
            pictures = dict(sorted(strip.pictures.items()))
            size = strip.bytes
            limit = BUDGET if best else BUDGET - FOR_THE_BEST
            if pictures and self._spent + size <= limit:
                self._spent += size
                taken.append(FramesTaken(*seat[:2], first, np.fromiter(pictures, np.int64), tuple(pictures.values())))
        return taken


def tap(env: Any, recorder: Recorder) -> Tap | None:
    """A tap where the loop draws the environment and a simulation may not show the same again."""
    if getattr(env, "render_mode", None) not in MODES:
        return None
    inner = env.unwrapped
    spec = getattr(inner, "spec", None)
    first_party = type(inner).__module__.startswith(("gymnasium.envs.", "ale_py."))
    if first_party and "Bipedal" not in type(inner).__name__ and not getattr(spec, "nondeterministic", False):
        return None
    kind = (inner.__class__, repr(getattr(spec, "kwargs", None)))
    return None if kind in proven else Tap(recorder, kind)


class _Compressor:
    """One thread that turns pictures into WebP (or JPEG, PNG: whatever Pillow was built with)."""

    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[Strip, int, NDArray[np.uint8]]] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None

    def put(self, strip: Strip, k: int, picture: NDArray[np.uint8], wait: bool) -> None:
        """Have it compressed; a picture that finds the queue full is let go unless it may `wait` a little."""
        if self._thread is None or not self._thread.is_alive():  # also in a forked child
            self._queue = queue.Queue(WAITING)
            self._thread = threading.Thread(target=self._run, args=(self._queue,), name="rlnb frames", daemon=True)
            self._thread.start()
        try:
            self._queue.put((strip, k, picture), timeout=1.0 if wait else None, block=wait)
        except queue.Full:
            pass

    def wait(self, seconds: float = 5.0) -> None:
        """Until everything that was put is compressed."""
        until = time.monotonic() + seconds
        while self._queue.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.005)

    def _run(self, pictures: queue.Queue[tuple[Strip, int, NDArray[np.uint8]]]) -> None:
        while True:
            strip, k, picture = pictures.get()
            try:
                strip.add(k, compressed(picture))
            except Exception:
                pass  # a picture less
            finally:
                pictures.task_done()


def compressed(picture: NDArray[np.uint8]) -> bytes:
    """The picture as WebP, else JPEG or PNG."""
    from PIL import Image, features

    sink = io.BytesIO()
    image = Image.fromarray(picture)
    if features.check("webp"):
        image.save(sink, "WEBP", quality=80, method=2)
    elif features.check("jpg"):
        image.save(sink, "JPEG", quality=85)
    else:
        image.save(sink, "PNG")
    return sink.getvalue()


_compressor = _Compressor()

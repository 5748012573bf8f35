"""Views that watch the running training: the newest picture of one lane, at most ten a second.

A view asks for one picture at a time (the command "watch"), and asks again when it has shown it: nothing waits in line,
and a tab that is hidden, closed or gone is neither drawn nor sent for. Where drawing is known to be harmless the
environment is drawn in the thread that steps it; anywhere else the worker runs its episode along (`replays.mirror`).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from rlnb.bus import strict
from rlnb.capture import drawing
from rlnb.errors import BadValue, RlnbError
from rlnb.replays import Cancelled, Glance, jpeg

if TYPE_CHECKING:
    from rlnb.capture import Present
    from rlnb.control.recording.running import Running
    from rlnb.control.room import Room

EVERY = 0.1  # seconds between two pictures
PACE = 100_000  # bytes a second, beside 200 KB of ticks: after a large picture the next one waits the longer
QUIET = 2.0  # seconds without a picture before the view is told why
UNWATCHED = 10.0  # seconds without a wish before the mirror is put away


class Screen(Protocol):
    """Where the pictures are shown."""

    def glance(self, views: list[str], lane: int, picture: bytes, words: str) -> None: ...
    def glance_note(self, views: list[str], text: str) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """One picture that a view waits for."""

    view: str
    lane: int
    at: float
    fresh: bool  # it has none of this lane yet


class Onlookers:
    """Keeps the wishes and serves them between two steps."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._screen: Screen | None = None
        self._wishes: dict[str, Wish] = {}
        self._threads: set[int] = set()  # that step in this session
        self._next = 0.0  # when the next picture may be taken
        self._seen: tuple[Any, ...] = ()  # (lane, episode, step) of the last picture
        self._known: tuple[Any, int] = (None, 0)  # the episode in the mirror, and its steps that are known there
        self._heard = 0.0  # the last wish
        self._here: set[int] = set()  # recorders whose environments are drawn here, since they cannot be mirrored
        self._away: set[int] = set()  # those that are not
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._hand: threading.Thread | None = None
        self.idle = threading.Event()  # no picture is being made
        self.idle.set()

    # --- wishes -------------------------------------------------------------------------------------------------

    def command(self, running: Running, screen: Screen, name: str, payload: Mapping[str, Any]) -> None:
        """ "watch" asks for the next picture of `lane` (None: the training's first), "unwatch" for no more."""
        view = str(payload.get("view", ""))
        if name == "unwatch":
            self._wishes.pop(view, None)
            return
        lanes, lane = running.lanes.count, payload.get("lane")
        lane = running.first_lane if lane is None else lane
        if not isinstance(lane, int) or not 0 <= lane < max(lanes, 1):
            raise BadValue(f"There is no lane {lane!r}: this session has {lanes}, counted from 0.")
        self._screen, self._heard = screen, self._room.clock.elapsed()
        at, fresh, old = self._heard, bool(payload.get("fresh")), self._wishes.get(view)
        if old is not None and old.lane == lane:  # it asks again, in case its wish was lost
            at, fresh = old.at, fresh or old.fresh
        self._wishes[view] = Wish(view, lane, at, fresh)

    def begin(self) -> None:
        """A session begins."""
        self._threads.clear()
        self._here.clear()
        self._away.clear()
        self._seen = ()

    def end(self) -> None:
        """It is over: nobody watches any more."""
        self._wishes.clear()
        self._put_away()

    def close(self) -> None:
        """End the thread that works for them."""
        self._wishes.clear()
        if self._hand is not None:
            self._work.put(None)
            self._hand = None

    # --- in the thread that steps -------------------------------------------------------------------------------

    def tick(self) -> None:
        """Between two steps, at most twenty times a second: takes a picture if one is wanted and none is being made."""
        if threading.current_thread().name.startswith("rlnb "):
            return  # a flush beside the loop: the environment may be in the middle of a step
        self._threads.add(threading.get_ident())
        if not self._wishes:
            if self._known[0] is not None and self._room.clock.elapsed() - self._heard > UNWATCHED:
                self._put_away()
            return
        now = self._room.clock.elapsed()
        if now < self._next or not self.idle.is_set():
            return
        self._next = now + EVERY
        try:
            self._take(now)
        except Exception as error:
            if strict():
                raise
            self._tell(list(self._wishes.values()), f"Watching failed: {type(error).__name__}: {error}")

    def _take(self, now: float) -> None:
        wishes = list(self._wishes.values())
        first = min(wishes, key=lambda wish: wish.at)
        wishes = [wish for wish in wishes if wish.lane == first.lane]
        present = self._room.desk.capture.present(first.lane, *self._known)
        if present is None:
            if now - first.at > QUIET:
                self._tell(wishes, f"Lane {first.lane} is between two episodes, or takes no steps now.")
            return
        seen = (first.lane, present.mark, present.length)
        if seen == self._seen and not any(wish.fresh for wish in wishes):
            return
        key = present.mark[0]
        if key not in self._away and self._may_draw(present):
            picture = self._draw(present)
            if picture is not None:
                words = f"Lane {first.lane}, step {present.length:,} of its episode"
                self._do(lambda: self._show(wishes, seen, jpeg(picture), words))
                return
        if present.why_not:
            self._tell(wishes, present.why_not)
        else:
            self._do(lambda: self._mirror(wishes, present))

    def _may_draw(self, present: Present) -> bool:
        """Whether it is drawn here. Where several threads step, it may be in the middle of one; and SDL, which draws
        Gymnasium's own, wants to be begun in the main thread."""
        if len(self._threads) > 1:
            return False
        main = threading.current_thread() is threading.main_thread()
        return present.mark[0] in self._here or (main and drawing.harmless(present.env))

    def _draw(self, present: Present) -> Any:
        """Its picture; None where it gives none here, or drawing is not harmless after all."""
        try:
            picture = drawing.draw(present.env)
        except Exception:
            picture = None
        if picture is None:
            self._away.add(present.mark[0])
        return picture

    # --- in the thread that works for them ----------------------------------------------------------------------

    def _do(self, work: Callable[[], None]) -> None:
        self.idle.clear()
        if self._hand is None or not self._hand.is_alive():
            self._work = queue.SimpleQueue()
            self._hand = threading.Thread(target=self._run, args=(self._work,), name="rlnb onlookers", daemon=True)
            self._hand.start()
        self._work.put(work)

    def _run(self, work: queue.SimpleQueue[Callable[[], None] | None]) -> None:
        while (one := work.get()) is not None:
            try:
                one()
            except Exception as error:  # told in the view: nobody waits for this thread
                self._tell(list(self._wishes.values()), str(error) or type(error).__name__)
            finally:
                self.idle.set()

    def _mirror(self, wishes: list[Wish], present: Present) -> None:
        lane, (key, _) = wishes[0].lane, present.mark
        try:
            glance = self._room.worker.mirror(present.mark, present.after, present.trace)
        except Cancelled:
            return
        except (RlnbError, ImportError) as error:
            self._known = (None, 0)
            if drawing.draws(present.env) and key not in self._away:
                self._here.add(key)
            else:
                self._tell(wishes, str(error))
            return
        if glance is None:  # the worker is a new one: everything once more
            self._known = (None, 0)
            return
        self._known = (present.mark, glance.steps)
        seen = (lane, present.mark, glance.step)
        if seen != self._seen or any(wish.fresh for wish in wishes):
            self._show(wishes, seen, glance.jpeg, _words(lane, glance))

    def _show(self, wishes: list[Wish], seen: tuple[Any, ...], picture: bytes, words: str) -> None:
        self._seen = seen
        self._next = max(self._next, self._room.clock.elapsed() + len(picture) / PACE)
        views = self._served(wishes)
        if views and self._screen is not None:
            self._screen.glance(views, wishes[0].lane, picture, words)

    def _tell(self, wishes: list[Wish], text: str) -> None:
        views = self._served(wishes)
        if views and self._screen is not None:
            self._screen.glance_note(views, text)

    def _served(self, wishes: list[Wish]) -> list[str]:
        """The views of these wishes, which have been fulfilled; those that wish for something else by now are not."""
        views = [wish.view for wish in wishes if self._wishes.get(wish.view) is wish]
        for view in views:
            del self._wishes[view]
        return views

    def _put_away(self) -> None:
        if self._known[0] is not None:
            self._known = (None, 0)
            self._do(lambda: self._room.worker.put_away())


def _words(lane: int, glance: Glance) -> str:
    behind = f" ({glance.steps:,} taken)" if glance.steps > glance.step else ""
    left = f" This is not what happened there: {glance.left}." if glance.left else ""
    return f"Lane {lane}, step {glance.step:,} of its episode{behind}, run along in another process.{left}"

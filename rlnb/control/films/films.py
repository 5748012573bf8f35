"""Episodes asked for by a click: simulated in the worker, in a thread of this process, while the cell goes on."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from rlnb.control.films import saving, thumbnails
from rlnb.control.films.branching import what_if
from rlnb.control.films.takes import Progress, Take, take
from rlnb.errors import BadValue
from rlnb.replays import Cancelled

if TYPE_CHECKING:
    from rlnb.control.room import Room
    from rlnb.control.session import Session
    from rlnb.widgets.films import FilmData, Screen


class Outrun(Exception):
    """Another episode was asked for meanwhile."""


class Films:
    """Makes films off the main thread; a screen that asks for another gives up its own before, no one else's."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._lock = threading.Lock()
        self._making: WeakKeyDictionary[Screen, threading.Thread] = WeakKeyDictionary()  # the newest wish of each
        self._playing: WeakKeyDictionary[Screen, tuple[list[Take], list[FilmData]]] = WeakKeyDictionary()

    def play(self, session: Session, episode: Callable[[], int], screen: Screen) -> threading.Thread:
        """Show an episode on `screen` as soon as it is made; faults are told there, in words."""
        return self._make(screen, lambda progress: [take(session, episode(), progress)])

    def command(self, screen: Screen, name: str, payload: Mapping[str, Any]) -> None:
        """What a person asks for in the player: "choose", "what_if", "save", "thumbnails", "webm"."""
        if name == "webm":
            self.play_without_h264(screen)
            return
        takes, _ = self._playing.get(screen, ([], []))
        if not takes:
            raise BadValue("Nothing is played here yet: choose an episode first.")
        session = next((one.session for one in takes if one.branch is None), takes[0].session)
        if name == "choose":
            which = payload["episode"]
            self.play(session, lambda: session.episode(which), screen)
        elif name == "what_if":
            self.try_out(screen, takes, payload)
        elif name == "save":
            self._aside(screen, lambda: screen.film_file(*saving.download(takes, str(payload["format"]))))
        elif name == "thumbnails":
            self._aside(screen, lambda: thumbnails.send(session, screen))
        else:
            raise BadValue(f"the player asked for {name!r}, which is not known here.")

    def try_out(self, screen: Screen, takes: list[Take], payload: Mapping[str, Any]) -> threading.Thread:
        """Another future of an episode that is on the screen, beside it."""
        original = replace(takes[int(payload.get("film") or 0)], branch=None)
        step, action, then = int(payload["step"]), payload.get("action"), str(payload.get("future") or "recorded")
        return self._make(screen, lambda progress: what_if(original, step, action, then, progress=progress))

    def _make(self, screen: Screen, make: Callable[[Progress], list[Take]]) -> threading.Thread:
        """Show what `make(progress)` gives on `screen`; what was being made for it before is given up."""

        def current() -> bool:
            return self._making.get(screen) is threading.current_thread()

        def progress(done: int, total: int) -> None:
            if not current():
                raise Outrun
            screen.film_progress(done, total)

        def work() -> None:
            try:
                takes = make(progress)
                if current():
                    data = [one.data() for one in takes]
                    self.remember(screen, takes, data)
                    screen.show_films(data)
            except Exception as error:  # told on the screen: nobody waits for this thread
                if current():
                    screen.film_error(str(error) or type(error).__name__)

        thread = _thread(work)
        with self._lock:
            before = self._making.get(screen)
            self._making[screen] = thread
        if before is not None and before.is_alive():
            self._room.worker.cancel(before)
        thread.start()
        return thread

    def _aside(self, screen: Screen, work: Callable[[], None]) -> threading.Thread:
        """Do something while the film goes on; faults are told on the screen."""

        def told() -> None:
            try:
                work()
            except Cancelled:
                pass
            except Exception as error:  # nobody waits for this thread
                screen.film_notice(str(error) or type(error).__name__)

        thread = _thread(told)
        thread.start()
        return thread

    def remember(self, screen: Screen, takes: list[Take], data: list[FilmData]) -> None:
        """Keep what a screen shows: for what may be asked of it, and a browser that turns out not to play it."""
        self._playing[screen] = (takes, data)

    def play_without_h264(self, screen: Screen) -> None:
        """The browser of this screen cannot play H.264: send the same films as WebM."""
        takes, data = self._playing.get(screen, ([], []))
        if not data or any(one.mime == "video/webm" for one in data):
            screen.film_error("This browser plays neither H.264 nor WebM. s.save_video('x.gif') writes a picture file.")
            return

        def convert() -> None:
            try:
                worker = self._room.worker
                shown = [
                    replace(one, video=worker.convert(take.film, "webm"), mime="video/webm")
                    for take, one in zip(takes, data, strict=True)
                ]
                self.remember(screen, takes, shown)
                screen.show_films(shown)
            except Exception as error:  # told on the screen: nobody waits for this thread
                screen.film_error(str(error) or type(error).__name__)

        _thread(convert).start()


def _thread(work: Callable[[], None]) -> threading.Thread:
    context = contextvars.copy_context()
    return threading.Thread(target=context.run, args=(work,), name="rlnb film", daemon=True)

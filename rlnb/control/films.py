"""Episodes asked for by a click: simulated in the worker, in a thread of this process, while the cell goes on."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from rlnb.control.room import Room
    from rlnb.control.session import Session
    from rlnb.control.takes import Take
    from rlnb.widgets.films import FilmData, Screen


class Outrun(Exception):
    """Another episode was asked for meanwhile."""


class Films:
    """Makes films off the main thread; asking for another one gives up the one before."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._lock = threading.Lock()
        self._wanted = 0
        self._playing: WeakKeyDictionary[Screen, tuple[list[Take], list[FilmData]]] = WeakKeyDictionary()

    def play(self, session: Session, episode: Callable[[], int], screen: Screen) -> threading.Thread:
        """Show an episode on `screen` as soon as it is made; faults are told there, in words."""
        with self._lock:
            self._wanted += 1
            ticket = self._wanted
        if ticket > 1:
            self._room.worker.cancel("film")
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=context.run, args=(self._make, ticket, session, episode, screen), name="rlnb film", daemon=True
        )
        thread.start()
        return thread

    def _make(self, ticket: int, session: Session, episode: Callable[[], int], screen: Screen) -> None:
        from rlnb.control.takes import take

        def current() -> bool:
            return ticket == self._wanted

        def progress(done: int, total: int) -> None:
            if not current():
                raise Outrun
            screen.film_progress(done, total)

        try:
            shown = take(session, episode(), progress)
            if current():
                data = shown.data()
                self.remember(screen, [shown], [data])
                screen.show_films([data])
        except Exception as error:  # told on the screen: nobody waits for this thread
            if current():
                screen.film_error(str(error) or type(error).__name__)

    def remember(self, screen: Screen, takes: list[Take], data: list[FilmData]) -> None:
        """Keep what a screen shows, for a browser that turns out not to play it."""
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

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(convert,), name="rlnb film", daemon=True).start()

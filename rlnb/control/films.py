"""Episodes asked for by a click: simulated in the worker, in a thread of this process, while the cell goes on."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rlnb.control.room import Room
    from rlnb.control.session import Session
    from rlnb.widgets.player import FilmData


class Screen(Protocol):
    """A widget that can show one film."""

    def show_film(self, film: FilmData) -> None: ...
    def film_progress(self, done: int, total: int) -> None: ...
    def film_error(self, text: str) -> None: ...


class Outrun(Exception):
    """Another episode was asked for meanwhile."""


class Films:
    """Makes films off the main thread; asking for another one gives up the one before."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._lock = threading.Lock()
        self._wanted = 0

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
        from rlnb.control.replaying import caption, film_data, trace_of

        def current() -> bool:
            return ticket == self._wanted

        def progress(done: int, total: int) -> None:
            if not current():
                raise Outrun
            screen.film_progress(done, total)

        try:
            number = episode()
            trace = trace_of(session, number)
            film = self._room.worker.film(trace, progress=progress)
            words = caption(session, number)
            if current():
                screen.show_film(film_data(film, trace, words))
        except Exception as error:  # told on the screen: nobody waits for this thread
            if current():
                screen.film_error(str(error) or type(error).__name__)

"""The episode player: one film, or several side by side in step."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from .asset import Loaded
from .films import FilmData, Screen

log = logging.getLogger("rlnb.widgets")


class EpisodePlayer(Screen, Loaded):
    """Plays films. They are sent to each view that says hello (a page that was reloaded, a second view)."""

    def __init__(self, films: Sequence[FilmData] = ()) -> None:
        self._films = list(films)
        self._commands: list[Callable[[str, dict[str, Any]], None]] = []
        super().__init__(_kind="player")
        self.on_msg(self._receive)

    def show_films(self, films: Sequence[FilmData]) -> None:
        """Play these films, here and in every view that comes."""
        self._films = list(films)
        super().show_films(films)

    def on_command(self, fn: Callable[[str, dict[str, Any]], None]) -> None:
        """Call `fn(name, payload)` for what the page asks: "webm" where it cannot play H.264."""
        self._commands.append(fn)

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        kind = content.get("type") if isinstance(content, dict) else None
        if kind == "hello":
            if self._films:
                super().show_films(self._films)
        elif kind == "command":
            for fn in self._commands:
                try:
                    fn(str(content.get("name")), dict(content.get("payload") or {}))
                except Exception as error:  # told in the player; the kernel goes on
                    log.debug("command failed", exc_info=True)
                    self.film_error(str(error))
        else:
            self.film_error(f"The player sent a message that rlnb does not know: {str(content)[:200]}")

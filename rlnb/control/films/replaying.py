"""From a recorded episode to a film in the page or on disk."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnb.control.doors import the_room
from rlnb.control.films.patience import Patience
from rlnb.control.films.saving import save
from rlnb.control.films.takes import Take, take
from rlnb.control.marimo import in_marimo
from rlnb.control.session import Session
from rlnb.errors import BadValue

if TYPE_CHECKING:
    import pandas as pd

    from rlnb.control.room import Room
    from rlnb.widgets.player import EpisodePlayer

PAGE_BYTES = 4_000_000  # a film above this size is not put into a saved page


class Replay:
    """One episode, or several side by side in step; shows itself as the player."""

    def __init__(self, room: Room, takes: list[Take]) -> None:
        self._room = room
        self.takes = takes
        self._films = [one.film for one in takes]
        self._captions = [one.caption for one in takes]

    @property
    def verdicts(self) -> list[str]:
        """ "exact" or "diverged" for each episode."""
        return [film.verdict.verdict for film in self._films]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write .mp4, .webm, .gif, .png (a strip of pictures) or .html (a page that plays by itself, with timeline
        and inspector); several episodes stand side by side."""
        return save(self.takes, path)

    @property
    def widget(self) -> EpisodePlayer:
        """The player, as a widget."""
        from rlnb.widgets.player import EpisodePlayer

        films = [one.data() for one in self.takes]
        player = EpisodePlayer(films)
        self._room.films.remember(player, self.takes, films)
        player.on_command(lambda name, payload: self._room.films.command(player, name, payload))
        return player

    def _static(self) -> dict[str, Any]:
        text = "\n".join(self._captions)
        page = os.environ.get("RLNB_PAGE") == "1"
        cells = "".join(self._figure(i, page) for i in range(len(self._films)))
        bundle: dict[str, Any] = {"text/plain": text, "text/html": f"<table><tr>{cells}</tr></table>"}
        if len(self._films) == 1:
            bundle["image/png"] = self._films[0].poster
        return bundle

    def _figure(self, index: int, page: bool) -> str:
        film, words = self._films[index], html.escape(self._captions[index])
        badge = html.escape(film.verdict.verdict)
        size = f'width="{min(film.width, 480)}"'
        if page and len(film.mp4) <= PAGE_BYTES:
            data = base64.b64encode(film.mp4).decode()
            picture = f'<video controls loop {size} src="data:video/mp4;base64,{data}"></video>'
        else:
            data = base64.b64encode(film.poster).decode()
            picture = f'<img alt="{words}" {size} src="data:image/png;base64,{data}">'
        return f'<td style="text-align:left">{picture}<br>{words} ({badge})</td>'

    def _ipython_display_(self) -> None:
        self._room.show(lambda: self.widget, self._static(), repr(self))

    def _display_(self) -> Any:
        return in_marimo(self.widget)

    def __repr__(self) -> str:
        parts = [f"{words} [{verdict}]" for words, verdict in zip(self._captions, self.verdicts, strict=True)]
        return "<rlnb replay: " + " | ".join(parts) + ">"


def replay(*pairs: tuple[Session, int | str] | Session) -> Replay:
    """Play episodes side by side, in step: `rlnb.replay((a, 0), (b, "best"))`. A session alone means its best."""
    if not pairs:
        raise BadValue("rlnb.replay() needs at least one (session, episode) pair, as in rlnb.replay((s, 'best')).")
    chosen = [_pair(pair) for pair in pairs]
    room = the_room()
    takes = []
    for session, which in chosen:
        number = session.episode(which)
        with Patience(f"episode {number} of {session.name} runs again", room.clock) as told:
            takes.append(take(session, number, told))
    return Replay(room, takes)


def _pair(pair: Any) -> tuple[Session, int | str]:
    if isinstance(pair, Session):
        return pair, "best"
    if isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], Session):
        return pair
    raise BadValue(f"rlnb.replay({pair!r}): each argument is a pair (session, episode), as in (rlnb.last(), 'best').")


def verify(session: Session, progress: Callable[[int, int], None] | None = None) -> pd.DataFrame:
    """Run every episode again; one row each: episode, lane, verdict, step (where it left the recording)."""
    import pandas as pd

    room = session._room
    room.settle()
    episodes = session.episodes
    rows: list[tuple[int, int, str, int | None, str]] = []
    for number in range(len(episodes)):
        trace = room.store.trace(session.id, number)
        lane = int(episodes["lane"].iloc[number])
        why_not = trace.recipe.get("why_not")
        if why_not and not trace.pictures:
            rows.append((number, lane, "not replayable", None, why_not))
        else:
            verdict = room.worker.verify(trace)
            rows.append((number, lane, verdict.verdict, verdict.step, verdict.reason or verdict.compared))
        if progress is not None:
            progress(number + 1, len(episodes))
    table = pd.DataFrame(rows, columns=["episode", "lane", "verdict", "step", "compared"])
    table["step"] = table["step"].astype("Int64")
    return table

"""A take: one episode run again, with everything that the player shows of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rlnb.control.films.moves import Mark, knob_marks
from rlnb.control.films.telling import film_data
from rlnb.errors import NotReplayable
from rlnb.widgets.short import short

if TYPE_CHECKING:
    from rlnb.control.films.explaining import Thoughts
    from rlnb.control.session import Session
    from rlnb.replays import Film
    from rlnb.trace import Trace
    from rlnb.widgets.films import FilmData

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Take:
    """One episode as it is shown."""

    session: Session
    episode: int
    film: Film
    trace: Trace
    caption: str
    thoughts: Thoughts | None = None
    moves: Sequence[Mark] = ()  # of knobs while it ran
    branch: int | None = None  # the step from which it is another future than the recorded one

    def data(self) -> FilmData:
        """What the player is sent."""
        return film_data(
            self.film,
            self.trace,
            self.caption,
            thoughts=self.thoughts,
            moves=self.moves,
            branch=self.branch,
            futures=self.futures(),
        )

    def futures(self) -> list[str]:
        """Who may go on from a step of this episode: nobody where it does not run again exactly."""
        if self.film.verdict.verdict != "exact" or self.trace.recipe.get("vector"):
            return []
        known = self.session._room.minds.actor(self.session.id) is not None
        return ["recorded", "random", *(["policy"] if known else [])]


def take(session: Session, episode: int, progress: Progress | None = None) -> Take:
    """Run an episode again, and ask its policy, where one is known, what it makes of every observation."""
    room = session._room
    trace = trace_of(session, episode)
    film = room.worker.film(trace, keep_raw=room.minds.knows(session.id), progress=progress)
    thoughts, film = think(session, film)
    return Take(session, episode, film, trace, caption(session, episode), thoughts, knob_marks(session, episode))


def think(session: Session, film: Film) -> tuple[Thoughts | None, Film]:
    """What the policy of the session makes of the film's observations, and the film without them."""
    if film.story is None:
        return None, film
    thoughts = session._room.minds.think(session.id, film.story.raw)
    return thoughts, replace(film, story=replace(film.story, raw=[]))


def trace_of(session: Session, episode: int) -> Trace:
    """What is needed to run the episode again; NotReplayable, in words, where that is known to be impossible."""
    session._room.settle()
    trace = session._room.store.trace(session.id, episode)
    why_not = trace.recipe.get("why_not")
    if why_not and not trace.pictures:
        raise NotReplayable(f"Episode {episode} of {session.name!r} cannot be run again: {why_not}")
    return trace


def caption(session: Session, episode: int) -> str:
    """What stands under a picture: session, episode, return, length."""
    row: Any = session.episodes.iloc[episode]
    cut = "" if row["finished"] else ", cut"
    return f"{short(session.name)}, episode {episode}: return {row['return']:g}, {int(row['length'])} steps{cut}"

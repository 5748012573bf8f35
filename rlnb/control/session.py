"""A recorded session, as a person holds it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnb.control.films.choosing import choose
from rlnb.control.recording.breaks import parse
from rlnb.control.writing import write_whole
from rlnb.errors import BadValue, EpisodeNotFound, NotReplayable

if TYPE_CHECKING:
    import pandas as pd

    from rlnb.control.films.replaying import Replay
    from rlnb.control.room import Room
    from rlnb.control.view.live import LiveOutput


class Session:
    """One recorded run. Everything is read from the store when it is asked for."""

    def __init__(self, room: Room, id: str) -> None:
        self._room = room
        self.id = id

    # --- what it is ---------------------------------------------------------------------------------------------

    def _describe(self) -> dict[str, Any]:
        self._room.settle()
        return self._room.store.describe(self.id)

    @property
    def name(self) -> str:
        return str(self._describe()["name"])

    @property
    def env_id(self) -> str | None:
        """The id of the training environment."""
        found = self._describe()["env_id"]
        return None if found is None else str(found)

    @property
    def params(self) -> dict[str, Any]:
        """Hyper-parameters, given or picked up."""
        return dict(self._describe()["params"])

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self._describe()["tags"])

    @property
    def status(self) -> str:
        """running, paused, finished, stopped, failed or interrupted."""
        running = self._room.running(self.id)
        if running is not None:
            return "paused" if running.paused else "running"
        return str(self._describe()["status"])

    @property
    def seed(self) -> int | None:
        found = self._describe()["seed"]
        return None if found is None else int(found)

    @property
    def provenance(self) -> dict[str, Any]:
        """Package versions, CPU, git commit, the cell's source."""
        return dict(self._describe()["provenance"])

    # --- its data -----------------------------------------------------------------------------------------------

    @property
    def episodes(self) -> pd.DataFrame:
        """One row an episode, by end, unfinished ones last; the index is the number of the episode.

        Columns: lane, group, return, length (steps), terminated, truncated, finished, success, started and ended
        (Unix seconds), step (the group's steps when it ended).
        """
        self._room.settle()
        return self._room.store.episodes(self.id)

    @property
    def metrics(self) -> pd.DataFrame:
        """What was logged, in long form: name, step, time (Unix seconds), value."""
        self._room.settle()
        return self._room.store.metrics(self.id)

    def steps(self, episode: int | str) -> pd.DataFrame:
        """Observation, action, reward and flags of every step of an episode.

        Row k is step k + 1: the observation the action was chosen on, the action, and what came of it. Actions, rewards
        and flags were stored; observations are simulated again, and their column is left out where that is not exact:
        `frame.attrs` holds the `verdict` and the `reason`.
        """
        import pandas as pd

        self._room.settle()
        trace = self._room.store.trace(self.id, self.episode(episode))
        n = len(trace)
        table: dict[str, Any] = {}
        try:
            rerun = self._room.worker.steps(trace)
            verdict, reason = rerun.verdict.verdict, rerun.verdict.reason
            if verdict == "exact":
                table["observation"] = list(rerun.observations)[:n]
        except NotReplayable as error:
            verdict, reason = "not replayable", str(error)
        table["action"] = list(trace.actions)
        table["reward"] = trace.rewards
        table["terminated"] = [trace.terminated and k == n - 1 for k in range(n)]
        table["truncated"] = [trace.truncated and k == n - 1 for k in range(n)]
        frame = pd.DataFrame(table)
        frame.attrs.update(verdict=verdict, reason=reason)
        return frame

    def episode(self, which: int | str) -> int:
        """The number of the episode that a word ("best", "last", ...) or a number means here."""
        try:
            return choose(self.episodes, which, self._reward_threshold(), self._describe()["training_group"])
        except EpisodeNotFound as error:
            raise EpisodeNotFound(f"Session {self.name!r}: {error}") from None

    def _reward_threshold(self) -> float | None:
        for lane in self._describe()["lanes"]:
            threshold = lane["recipe"].get("reward_threshold")
            if threshold is not None:
                return float(threshold)
        return None

    # --- looking at it ------------------------------------------------------------------------------------------

    def live(self) -> LiveOutput:
        """Charts, controls and the episode player; in step with any other view of this session."""
        return self._room.live.output(self)

    def replay(self, episode: int | str = "best") -> Replay:
        """Run an episode again in another process and play it.

        `episode` is "best", "worst", "median", "last", "longest", "first success", or its number.
        """
        from rlnb.control.films.replaying import replay

        return replay((self, episode))

    def what_if(
        self, episode: int | str, step: int, action: Any = None, then: Any = "recorded", *, seed: int = 0
    ) -> Replay:
        """Another future of an episode beside the recorded one: at `step` take another `action`, or go on otherwise.

        `action` is its name ("push cart left"), its number, or numbers; None: none is forced. `then` says who goes on:
        "recorded" (the same later actions), "random" (drawn with `seed`), "policy" (this session's policy as it is
        now) or any `act(obs)`. The future is stored as a session of its own, `s.what_if(...).takes[1].session`.
        """
        from rlnb.control.films.branching import of_session
        from rlnb.control.films.patience import Patience
        from rlnb.control.films.replaying import Replay

        with Patience("another future runs", self._room.clock) as told:
            return Replay(self._room, of_session(self, episode, step, action, then, seed, told))

    def save_video(self, path: str | os.PathLike[str], episode: int | str = "best") -> Path:
        """Write an episode as .mp4, .webm, .gif, or as a .png strip of pictures."""
        return self.replay(episode).save(path)

    def save_html(self, path: str | os.PathLike[str], episode: int | str = "best") -> Path:
        """Write an episode as one HTML file that plays with no kernel and no network, with timeline and inspector."""
        if Path(path).suffix.lower() not in (".html", ".htm"):
            raise BadValue(f"save_html({str(path)!r}): the name must end in .html.")
        return self.replay(episode).save(path)

    def verify(self) -> pd.DataFrame:
        """Run every episode again: a row each, with lane, verdict and the step at which it left the recording."""
        from rlnb.control.films.replaying import verify

        return verify(self)

    # --- controls -----------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Ask for a clean end at the next step; everything is kept. From a thread, a timer or a widget callback."""
        self._control().stop_asked = True
        self._room.desk.capture.wake()

    def pause(self) -> None:
        """Hold the loop at its next step."""
        self._control().hold.pause()
        self._room.desk.capture.wake()

    def resume(self) -> None:
        """Let a paused loop go on."""
        self._control().hold.resume()
        self._room.desk.capture.wake()

    def step(self, n: int = 1) -> None:
        """Let a paused loop take `n` environment steps."""
        self._control().hold.step(self._room.desk.capture.steps() + max(1, int(n)))
        self._room.desk.capture.wake()

    def slow(self, pace: float | None = 30.0) -> None:
        """Take at most `pace` environment steps a second; None: full speed again."""
        self._control().hold.slow(pace)
        self._room.desk.capture.wake()

    def break_when(self, condition: str | None) -> None:
        """Pause when a condition holds, and say why: "return > 475", "loss is nan", "every 50 episodes".

        Conditions add up; None takes them all away.
        """
        hold = self._control().hold
        if condition is None:
            hold.breaks.clear()
        else:
            found = parse(condition)
            hold.breaks[found.text] = found

    def _control(self) -> Any:
        running = self._room.running(self.id)
        if running is None:
            raise BadValue(f"Session {self.name!r} is not running (it is {self.status}): nothing to control.")
        return running

    # --- housekeeping -------------------------------------------------------------------------------------------

    def rename(self, name: str) -> None:
        if not isinstance(name, str) or not name.strip():
            raise BadValue(f"rename({name!r}): a name is a text that is not empty.")
        self._room.change(self.id, name=name.strip())

    def note(self, text: str) -> None:
        """Keep a remark with the session."""
        self._room.change(self.id, note=str(text))

    def split(self) -> list[Session]:
        """A session for each environment that was made one after another, as in an alpha sweep; this one goes.

        They are named "... 1 of 20" and so on, in order; with one environment nothing is changed.
        """
        if self._room.running(self.id) is not None:
            raise BadValue(f"Session {self.name!r} is running: stop it before it is split.")
        self._room.settle()
        return [Session(self._room, id) for id in self._room.store.split(self.id)]

    def save_json(self, path: str | os.PathLike[str]) -> Path:
        """Write everything but the store's internals as one JSON document (docs/session.schema.json)."""
        self._room.settle()
        document = self._room.store.export(self.id)
        return write_whole(path, json.dumps(document, allow_nan=False).encode())

    def __repr__(self) -> str:
        about = self._describe()
        return (
            f"<rlnb session {about['name']!r} ({self.id}): {about['env_id']}, {about['steps']:,} steps, "
            f"{about['episodes']:,} episodes, {self.status}>"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Session) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

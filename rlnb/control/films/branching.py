"""What if: another future from a step of a recorded episode, shown beside the recorded one and kept as a trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rlnb.control.films.takes import Progress, Take, take, think
from rlnb.control.recording.running import new_id
from rlnb.errors import BadValue, NotReplayable
from rlnb.events import EpisodesEnded, LaneOpened, SessionEnded, SessionStarted, StepsRecorded

if TYPE_CHECKING:
    from rlnb.control.room import Room
    from rlnb.control.session import Session
    from rlnb.trace import Trace

LONGEST = 10_000  # steps of a future in an environment without a time limit
FUTURES = ("recorded", "random", "policy")


def what_if(
    original: Take,
    step: int,
    action: Any = None,
    then: str | Callable[[Any], Any] | Any = "recorded",
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Take]:
    """The recorded episode and its other future, both marked at `step`; the future is stored as a session."""
    session = original.session
    room, trace = session._room, original.trace
    if original.film.verdict.verdict != "exact":
        raise NotReplayable(
            f"Only an episode that runs again exactly has another future; this one is "
            f"{original.film.verdict.verdict}: {original.film.verdict.reason}."
        )
    word, name, policy = _future(session, then)
    if action is None and word == "recorded":
        raise BadValue("what_if needs another action, or somebody else to go on: then='random', 'policy' or act(obs).")
    limit = max(int(trace.recipe.get("max_episode_steps") or LONGEST), len(trace))
    film, future = room.worker.branch(
        trace, int(step), action, word, seed=seed, limit=limit, policy=policy, keep_raw=room.minds.knows(session.id),
        progress=progress,
    )  # fmt: skip
    said = "" if action is None else f"{_words(film.story, step)}, "
    words = f"what if at step {step}: {said}{_then(word, name)}"
    kept = keep(room, original, future, step, words, {"action": said.rstrip(", ") or None, "then": name, "seed": seed})
    thoughts, film = think(session, film)
    returned = float(np.sum(future.rewards))
    end = "" if future.finished else ", cut"
    caption = f"{words}: return {returned:g}, {len(future)} steps{end}"
    return [replace(original, branch=int(step)), Take(kept, 0, film, future, caption, thoughts, branch=int(step))]


def _future(session: Session, then: Any) -> tuple[str, str, Callable[[Any], Any] | None]:
    """How it goes on: the worker's word, its name for a person, and who is asked in this process."""
    if isinstance(then, str) and then != "policy":
        if then not in FUTURES:
            raise BadValue(f"then={then!r}: take 'recorded', 'random', 'policy', or a policy (act(obs) -> action).")
        return then, then, None
    if isinstance(then, str):
        known = session._room.minds.actor(session.id)
        if known is None:
            raise BadValue(
                f"The policy of {session.name!r} is not known here: its agent is gone, or was never seen. "
                "Give it: what_if(..., then=agent)."
            )
        return "policy", f"{known[0]} as it is now", known[1]
    act = getattr(then, "act", None)
    if act is None and hasattr(then, "predict"):  # Stable-Baselines3 gives the action and a state

        def act(obs: Any) -> Any:
            return then.predict(obs, deterministic=True)[0]

    act = act or then
    if not callable(act):
        raise BadValue(f"then={then!r:.80} is no policy: it needs act(obs) -> action.")
    return "policy", getattr(then, "__name__", type(then).__name__), act


def _words(story: Any, step: int) -> str:
    """The action that was taken instead."""
    row = story.actions[step]
    if story.action_count:
        place = int(row[0]) - story.action_start
        return str(story.action_names[place]) if story.action_names else f"action {int(row[0])}"
    return "[" + ", ".join(f"{number:g}" for number in row) + "]"


def _then(word: str, name: str) -> str:
    return {"recorded": "then the recorded actions", "random": "then random actions"}.get(word, f"then {name}")


def keep(room: Room, original: Take, future: Trace, step: int, words: str, said: dict[str, Any]) -> Session:
    """Store the future as a session of one episode; lists leave it out, as they do scratch sessions."""
    from rlnb.control.session import Session

    session = original.session
    id, now, n = new_id(), room.clock.now(), len(future)
    params = {"of": session.id, "episode": original.episode, "step": step, **said}
    params = {key: value for key, value in params.items() if value is not None}
    env_id = future.recipe.get("env_id")
    publish = room.bus.publish
    _ = room.store  # opened before the first event is published
    publish(
        SessionStarted(
            id, now, f"{session.name}, episode {original.episode}, {words}", "what if",
            env_id=env_id, params=params, tags=("what if",), seed=session.seed, scratch=True,
        )
    )  # fmt: skip
    publish(LaneOpened(id, now, 0, 0, "what if", future.recipe))
    publish(StepsRecorded(id, 0, 0, 0, future.actions, future.rewards, future.checks))
    publish(
        EpisodesEnded(
            id, 0, 0,
            first=np.zeros(1, np.int64),
            length=np.array([n], np.int64),
            returns=np.array([future.rewards.sum()], np.float64),
            terminated=np.array([future.terminated]),
            truncated=np.array([future.truncated]),
            finished=np.array([future.finished]),
            started=np.array([now]),
            ended=np.array([now]),
            step=np.array([n], np.int64),
            success=np.array([-1], np.int8),
            starts=(future.start,),
        )
    )  # fmt: skip
    publish(SessionEnded(id, now, "finished"))
    return Session(room, id)


def of_session(
    session: Session, episode: int | str, step: int, action: Any, then: Any, seed: int, progress: Progress | None = None
) -> list[Take]:
    """`s.what_if(...)`: the episode is run again first."""
    return what_if(take(session, session.episode(episode), progress), step, action, then, seed=seed, progress=progress)

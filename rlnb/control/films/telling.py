"""From a film and its story to what the player is sent: words as they are, numbers as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from rlnb.control.films.explaining import Thoughts
    from rlnb.replays import Film
    from rlnb.replays.story import Story
    from rlnb.trace import Trace
    from rlnb.widgets.films import FilmData


def film_data(
    film: Film,
    trace: Trace,
    words: str,
    *,
    thoughts: Thoughts | None = None,
    moves: Sequence[tuple[int, str, str]] = (),
    branch: int | None = None,
    futures: Sequence[str] = (),
) -> FilmData:
    """A film as the player takes it.

    `thoughts` is what the policy makes of each observation; `moves` marks of knobs that were moved; `branch` the step
    from which the episode is one that was not recorded; `futures` who may go on from a step of it ("recorded",
    "random", "policy").
    """
    from rlnb.widgets.films import FilmData

    verdict = film.verdict
    said = verdict.compared if verdict.verdict == "exact" else verdict.reason
    story, columns = ({}, {}) if film.story is None else _tell(film.story)
    if thoughts is not None and story:
        story["thoughts"] = thoughts.words()
        columns.update({f"thought.{name}": values.reshape(-1) for name, values in thoughts.values.items()})
        story["marks"] = [*story["marks"], *explored(film.story, thoughts)]
    if moves and story:
        story["marks"] = [*story["marks"], *moves]
    if branch is not None:
        story["branch"] = branch
        story["marks"] = [*story.get("marks", []), (branch, "branch", "from here on there are two futures")]
    return FilmData(
        video=film.mp4,
        fps=film.fps,
        frames=film.frames,
        width=film.width,
        height=film.height,
        verdict=verdict.verdict,
        words=said,
        caption=words,
        rewards=trace.rewards,
        stride=film.stride,
        story={**story, **({"futures": list(futures)} if story else {})},
        columns=columns,
        seen=b"" if film.story is None else film.story.seen,
    )


def explored(story: Story | None, thoughts: Thoughts) -> list[tuple[int, str, str]]:
    """Marks where the action was not the one of the highest Q-value: there it explored, or it knew less then."""
    values = thoughts.values.get("q")
    if story is None or values is None or values.shape[1] != story.action_count or story.action_count < 2:
        return []
    taken = story.actions[:, 0].astype(np.int64) - story.action_start
    other = np.flatnonzero(taken != values[: len(story)].argmax(1))
    return [(int(k) + 1, "explored", "not the action that has the highest Q-value now") for k in other]


def _tell(story: Story) -> tuple[dict[str, Any], dict[str, ArrayLike]]:
    numbers: dict[str, ArrayLike] = {
        "observations": _flat(story.observations),
        "actions": _flat(story.actions),
        "replayed": story.rewards,
        "terminated": story.terminated,
        "truncated": story.truncated,
    }
    for i, values in enumerate(story.infos.values()):
        numbers[f"info.{i}"] = values
    for i, (codes, _) in enumerate(story.words.values()):
        numbers[f"word.{i}"] = codes
    words = {
        "named": story.named,
        "observed": story.observed,
        "actionNames": story.action_names,
        "actionNamed": story.action_named,
        "actionCount": story.action_count,
        "actionStart": story.action_start,
        "infos": list(story.infos),
        "words": [[key, texts] for key, (_, texts) in story.words.items()],
        "reason": story.reason,
        "marks": story.marks,
        "saw": story.saw,
    }
    return words, numbers


def _flat(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Rows one after another, in a type that JavaScript has."""
    flat = rows.reshape(-1)
    return flat.astype(np.float64) if flat.dtype.kind not in "biuf" or flat.dtype == np.float16 else flat

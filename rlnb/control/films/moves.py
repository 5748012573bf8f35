"""Where in an episode a hand moved a knob."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rlnb.control.recording.knobs import PREFIX

if TYPE_CHECKING:
    from rlnb.control.session import Session

Mark = tuple[int, str, str]  # step of the episode, kind, words


def knob_marks(session: Session, episode: int) -> list[Mark]:
    """A mark for each move of a knob while the episode ran. In a lane that trained alone the step is exact; beside
    other lanes it is where the clock stood."""
    metrics = session.metrics
    moves = metrics[metrics["name"].str.startswith(PREFIX)]
    if not len(moves):
        return []
    episodes = session.episodes
    row: Any = episodes.iloc[episode]
    alone = episodes.loc[episodes["group"] == row["group"], "lane"].nunique() == 1
    length, found = int(row["length"]), []
    for name, own in moves.groupby("name", sort=False):
        before: float | None = None
        for step, at, value in own[["step", "time", "value"]].itertuples(index=False):
            if before is not None and value != before:
                if alone:
                    place = int(step) - (int(row["step"]) - length)
                else:
                    place = round(length * (at - row["started"]) / max(row["ended"] - row["started"], 1e-9))
                if 0 <= place <= length:
                    words = f"{str(name).removeprefix(PREFIX)} was moved from {before:g} to {value:g}"
                    found.append((place, "knob", words))
            before = float(value)
    return sorted(found)

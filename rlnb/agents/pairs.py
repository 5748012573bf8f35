"""What to imitate, as pairs of observations and actions: from arrays, recorded sessions and Minari."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import Space, spaces


def pairs(data: Any, space: Space[Any]) -> list[tuple[list[Any], Any]]:
    """`data` as pairs (observations [T], actions [T]), one an episode; `space` is that of one observation."""
    if isinstance(data, tuple) and len(data) == 2:
        return [(one_by_one(data[0], space), data[1])]
    if isinstance(data, list):
        return [pair for part in data for pair in pairs(part, space)]
    if hasattr(data, "iterate_episodes"):  # Minari
        return [pair for episode in data.iterate_episodes() for pair in pairs(episode, space)]
    if hasattr(data, "observations") and hasattr(data, "actions"):  # its episode: one observation more than actions
        return [(one_by_one(data.observations, space)[: len(data.actions)], data.actions)]
    if hasattr(data, "episodes") and hasattr(data, "steps"):  # a session: observations come from running it again
        whole = [_columns(data.steps(i)) for i in getattr(data.episodes, "index", range(len(data.episodes)))]
        again = [pair for pair in whole if pair is not None]
        if whole and not again:
            raise ValueError(
                "None of the session's episodes gives its observations: they could not be run again exactly. "
                "Give (observations, actions) as arrays."
            )
        return again
    raise TypeError(
        f"data is {type(data).__name__}. It can be a session, a Minari dataset or one of its episodes, a pair "
        f"(observations, actions), or a list of these."
    )


def one_by_one(batch: Any, space: Space[Any]) -> list[Any]:
    """The observations of `batch`: a Dict or Tuple space is recorded as one array [T, …] for each of its parts."""
    if isinstance(space, spaces.Dict) and isinstance(batch, Mapping):
        if set(batch) != set(space):
            raise ValueError(
                f"The observations in the data have the parts {', '.join(map(str, batch))}, those of the environment "
                f"{', '.join(map(str, space))}."
            )
        return [dict(zip(space, row, strict=True)) for row in _rows([(batch[name], space[name]) for name in space])]
    if isinstance(space, spaces.Tuple) and isinstance(batch, tuple) and len(batch) == len(space):
        return _rows(list(zip(batch, space, strict=True)))
    return list(batch)


def _rows(parts: list[tuple[Any, Space[Any]]]) -> list[tuple[Any, ...]]:
    """One tuple an observation, from the parts with their spaces."""
    columns = [one_by_one(batch, space) for batch, space in parts]
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise ValueError(f"The parts of the observations in the data have different lengths: {lengths}.")
    return list(zip(*columns, strict=True))


def _columns(table: Any) -> tuple[list[Any], list[Any]] | None:
    """The observation before each action, and the actions, of what `.steps(i)` gives; None without observations."""
    names = list(getattr(table, "columns", table))
    name = next((n for n in ("observation", "obs", "observations") if n in names), None)
    action = next((n for n in ("action", "actions") if n in names), None)
    if action is None:
        raise ValueError(f"steps(i) has the columns {', '.join(map(str, names))}; the actions taken are needed.")
    if name is None:
        return None
    kept = [(o, a) for o, a in zip(table[name], table[action], strict=False) if not (a is None or np.any(a != a))]
    return [o for o, _ in kept], [a for _, a in kept]

"""What Gymnasium documents of its environments: the names and units of observations, the names of actions.

The table is `atlas.json`, one entry an environment without its version:
`observation` [[name, unit], ...], `actions` [name, ...] where they are discrete, `action` [[name, unit], ...] where
they are numbers. `prefix`: the observation goes on after the named numbers (contact forces and the like).
Source: the pages and docstrings of Gymnasium 1.x.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

Named = list[tuple[str, str]]  # (name, unit) of each number


@cache
def table() -> dict[str, dict[str, Any]]:
    """The whole table."""
    loaded: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return loaded


def base(env_id: str | None) -> str:
    """ "CartPole-v1" -> "CartPole", "tabular/Taxi-v0" -> "Taxi", "BipedalWalkerHardcore-v3" -> "BipedalWalker"."""
    name = (env_id or "").rpartition("/")[2].partition("-v")[0]
    for ending in ("Continuous", "Hardcore", "Slippery", "8x8"):
        if name.endswith(ending) and name not in table():
            name = name.removesuffix(ending)
    return name


def observation(env_id: str | None, size: int) -> Named:
    """Name and unit of each of `size` numbers; what is not documented is called by its place, "3"."""
    entry = table().get(base(env_id), {})
    named: Named = [(name, unit) for name, unit in entry.get("observation", [])]
    if len(named) > size or (len(named) < size and not entry.get("prefix")):
        named = []
    return named + [(str(i), "") for i in range(len(named), size)]


def actions(env_id: str | None, count: int) -> list[str]:
    """The name of each of `count` discrete actions; empty where they are not documented."""
    names = table().get(base(env_id), {}).get("actions", [])
    return list(names) if len(names) == count else []


def action(env_id: str | None, size: int) -> Named:
    """Name and unit of each of the `size` numbers of a continuous action."""
    named: Named = [(name, unit) for name, unit in table().get(base(env_id), {}).get("action", [])]
    return named if len(named) == size else [(str(i), "") for i in range(size)]

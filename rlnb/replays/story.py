"""The story of an episode: what the environment said at every step, as columns for the timeline and the inspector.

`Story` travels from the worker to the kernel; `Teller` collects it there, beside the film and from the same run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rlnb.replays import atlas, reasons
from rlnb.replays.reading import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rlnb.replays.simulate import Moment, Simulation

MOST_BYTES = 64 * 2**20  # of observations in one story
MOST_RAW = 256 * 2**20  # bytes of observations as they were
MOST_INFOS = 64  # keys of `info`
LONGEST_INFO = 16  # elements of an array in `info` that are shown one by one
MOST_WORDS = 256  # different texts under one key of `info`

Mark = tuple[int, str, str]  # (step, kind, words); the kinds are in js/src/player/story.ts


@dataclass(frozen=True, slots=True)
class Story:
    """An episode of n steps, step by step; row 0 of what has n + 1 rows is the reset."""

    observations: NDArray[Any]  # (n + 1, d): the numbers of each observation, d = 0 for a picture
    named: list[tuple[str, str]]  # d names and units
    observed: str  # what is not in the numbers, in words ("210 × 160 × 3 picture")
    rewards: NDArray[np.float64]  # (n,)
    terminated: NDArray[np.bool_]  # (n,)
    truncated: NDArray[np.bool_]  # (n,)
    actions: NDArray[Any]  # (n, a)
    action_names: list[str]  # of discrete actions, from 0 on; empty where they have none or are numbers
    action_named: list[tuple[str, str]]  # a names and units of a continuous action; empty for a discrete one
    action_count: int  # of discrete actions; 0 for a continuous one
    action_start: int = 0  # the number of the first discrete action
    infos: dict[str, NDArray[np.float64]] = field(default_factory=dict)  # (n + 1,) each, NaN where there is none
    words: dict[str, tuple[NDArray[np.int16], list[str]]] = field(default_factory=dict)  # (n + 1,) codes, -1: none
    reason: str = ""  # why it ended, in words
    marks: list[Mark] = field(default_factory=list)
    saw: str = ""  # "same": the observation is the picture itself; "film": it is in `seen`
    seen: bytes = b""  # what the agent saw, as mp4 of the same frames
    raw: list[Any] = field(default_factory=list)  # n + 1 observations as they were, where asked for and not too large

    def __len__(self) -> int:
        return len(self.rewards)


class Teller:
    """Collects a story, moment by moment."""

    def __init__(self, run: Simulation, keep_raw: bool = False) -> None:
        self._run = run
        self._env_id = run.recipe.get("env_id")
        self.reader = Reader(run.env, self._env_id)
        self._keep_raw = keep_raw
        self._room = MOST_BYTES
        self._raw_room = MOST_RAW
        self._rows: list[NDArray[Any]] = []
        self._raw: list[Any] = []
        self._infos: list[Mapping[str, Any]] = []
        self._moments: list[tuple[float, bool, bool]] = []
        self._marks: list[Mark] = []
        self._lives: int | None = None
        self._reason = ""

    def hear(self, moment: Moment) -> None:
        """Take a moment in."""
        row = np.array(self.reader.numbers(moment.observation))
        self._room -= row.nbytes
        if self._room >= 0:
            self._rows.append(row)
        if self._keep_raw:
            from rlnb.replays.jobs import keep

            self._raw.append(keep(moment.observation))
            self._raw_room -= getattr(moment.observation, "nbytes", 64)
            if self._raw_room < 0:  # all or none: a policy that is asked about the half would be misread
                self._keep_raw, self._raw = False, []
        self._infos.append(moment.info)
        lives = moment.info.get("lives")
        if isinstance(lives, int | np.integer):
            if self._lives is not None and lives < self._lives:
                self._marks.append((moment.k, "life", f"a life was lost, {int(lives)} left"))
            self._lives = int(lives)
        if moment.k:
            self._moments.append((moment.reward, moment.terminated, moment.truncated))
            limit = self._run.recipe.get("max_episode_steps")
            self._reason = reasons.reason(self._run.env, self._env_id, moment, limit) or self._reason

    def tell(self, actions: NDArray[Any], saw: str = "", seen: bytes = b"") -> Story:
        """The story so far, of these actions."""
        n = len(self._moments)
        whole = len(self._rows) == n + 1
        numbers, words = columns(self._infos)
        return Story(
            observations=np.stack(self._rows) if whole and self._rows else np.empty((n + 1, 0)),
            named=self.reader.named if whole else [],
            observed=self.reader.words() if whole else "observations too large to be shown",
            rewards=np.array([m[0] for m in self._moments], np.float64),
            terminated=np.array([m[1] for m in self._moments], np.bool_),
            truncated=np.array([m[2] for m in self._moments], np.bool_),
            actions=np.asarray(actions[:n]).reshape(n, int(np.prod(np.shape(actions)[1:]))),
            **_describe(self._run.env.action_space, self._run.recipe, actions),
            infos=numbers,
            words=words,
            reason=self._reason,
            marks=self._marks,
            saw=saw,
            seen=seen,
            raw=self._raw,
        )


def _describe(space: Any, recipe: Mapping[str, Any], actions: NDArray[Any]) -> dict[str, Any]:
    """How the actions of this environment are called."""
    from gymnasium import spaces

    env_id = recipe.get("env_id")
    if isinstance(space, spaces.Discrete):
        count = int(space.n)
        names = recipe.get("action_names") or []
        names = [name.replace("_", " ").lower() for name in names] if len(names) == count else []
        names = names or atlas.actions(env_id, count)
        return {"action_names": names, "action_named": [], "action_count": count, "action_start": int(space.start)}
    size = int(np.prod(actions.shape[1:])) if actions.ndim > 1 else 1
    return {"action_names": [], "action_named": atlas.action(env_id, size), "action_count": 0}


Columns = tuple[dict[str, "NDArray[np.float64]"], dict[str, tuple["NDArray[np.int16]", list[str]]]]


def columns(infos: list[Mapping[str, Any]]) -> Columns:
    """The numbers and the texts in `info`, a column a key; arrays of up to 16 numbers have a column an element."""
    numbers: dict[str, NDArray[np.float64]] = {}
    words: dict[str, tuple[NDArray[np.int16], list[str]]] = {}
    codes: dict[str, dict[str, int]] = {}

    def put(key: str, k: int, value: Any) -> None:
        if isinstance(value, bool | int | float | np.integer | np.floating | np.bool_):
            if key in numbers or len(numbers) < MOST_INFOS:
                numbers.setdefault(key, np.full(len(infos), np.nan))[k] = float(value)
        elif isinstance(value, np.ndarray | list | tuple) and 0 < np.size(value) <= LONGEST_INFO and _numeric(value):
            for i, part in enumerate(np.asarray(value).reshape(-1)):
                put(f"{key}[{i}]", k, part)
        elif isinstance(value, dict):
            for name, part in value.items():
                put(f"{key}.{name}", k, part)
        elif key in words or len(words) < MOST_INFOS:
            text = value if isinstance(value, str) else f"array of shape {np.shape(value)}"
            text = text if isinstance(value, str | np.ndarray) else repr(value)
            known = codes.setdefault(key, {})
            if len(known) < MOST_WORDS or text[:200] in known:
                column = words.setdefault(key, (np.full(len(infos), -1, np.int16), []))
                code = known.setdefault(text[:200], len(known))
                if code == len(column[1]):
                    column[1].append(text[:200])
                column[0][k] = code

    for k, info in enumerate(infos):
        for key, value in info.items():
            put(str(key), k, value)
    return numbers, words


def _numeric(value: Any) -> bool:
    try:
        return np.asarray(value).dtype.kind in "biuf"
    except ValueError:  # rows of different lengths
        return False

"""How the lanes of a vector environment begin their episodes: what must be known of each to run it again.

Two ways are known. Where the state of a lane can be read and set (`CartPoleVectorEnv.state`), a start is that state
after the reset, and the lane runs again alone. Anywhere else all lanes run again from the reset before, which must have
been seeded, and a start is the distance from it. Where neither works, the start says why not.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from rlnb.capture.starts import functional
from rlnb.trace import pack_start

UNSEEDED = "its vector environment was reset without a seed, and keeps its random numbers where they cannot be read"
MASKED = (
    "some lanes of its vector environment were reset by themselves, so that all of them cannot run again from one reset"
)
OTHER_STATE = "the state of its vector environment had an unusual form"


class Starts:
    """The start of the episode that each lane is in. `tick` counts the steps of the vector environment."""

    how = "rerun"

    def __init__(self, lanes: int, size: int) -> None:
        self.lanes = lanes
        self.prefixes: list[bytes] = [pack_start({})]
        self.which = np.zeros(lanes, np.int64)
        self.rows: NDArray[Any] = np.zeros((lanes, size), np.uint8)
        self.notes: list[Any] = []  # one a row of the present look, where the way needs one

    def before_step(self, env: Any) -> None:
        """A step is about to be taken."""

    def after_step(self) -> None:
        """It has succeeded."""

    def before_reset(self, env: Any, seed: Any, options: Any) -> bytes:
        """The prefix of the starts that a reset about to happen will have."""
        raise NotImplementedError

    def after_reset(self, env: Any, lanes: NDArray[np.int64], prefix: bytes, tick: int, masked: bool) -> None:
        """A reset of these lanes has succeeded."""
        self.which[lanes] = self.number(prefix)

    def gather(self, rows: Sequence[int], lanes: Sequence[NDArray[np.int64]], base: int) -> NDArray[Any]:
        """Starts of lanes that were reset within step `base + rows[k]`, one after another."""
        raise NotImplementedError

    def following(self, lanes: NDArray[np.int64]) -> NDArray[np.int64]:
        """The prefixes of episodes that follow on an autoreset of these lanes."""
        return self.which[lanes]

    def number(self, prefix: bytes) -> int:
        """The number of a prefix."""
        if prefix not in self.prefixes:
            self.prefixes.append(prefix)
        return self.prefixes.index(prefix)

    def let_go(self) -> None:
        """The environment is not recorded any more."""

    def tidy(self) -> None:
        """Let go of prefixes that no lane uses any more; nothing that was taken out may still wait."""
        if len(self.prefixes) > 64:
            used = np.unique(self.which)
            self.prefixes = [self.prefixes[k] for k in used]
            self.which = np.searchsorted(used, self.which)

    def spoil(self, lanes: NDArray[np.int64], why_not: str) -> None:
        """The episodes that these lanes are in cannot be run again."""
        self.which[lanes] = self.number(pack_start({"why_not": why_not}))


class StateStarts(Starts):
    """Of `CartPoleVectorEnv`: its `state`, of shape (4, lanes), is a new array at every step: a reference will do."""

    how = "state"

    def __init__(self, lanes: int) -> None:
        super().__init__(lanes, 32)

    def before_reset(self, env: Any, seed: Any, options: Any) -> bytes:
        return pack_start({"seed": int(seed)} if isinstance(seed, int | np.integer) else {})

    def after_reset(self, env: Any, lanes: NDArray[np.int64], prefix: bytes, tick: int, masked: bool) -> None:
        state = env.state
        if not isinstance(state, np.ndarray) or state.shape != (4, self.lanes) or state.dtype != np.float64:
            prefix = pack_start({"why_not": OTHER_STATE})
        else:
            self.rows[lanes] = np.ascontiguousarray(state[:, lanes].T).view(np.uint8)
        super().after_reset(env, lanes, prefix, tick, masked)

    def following(self, lanes: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.full(len(lanes), self.number(pack_start({})))  # whatever is not known of the one before

    def gather(self, rows: Sequence[int], lanes: Sequence[NDArray[np.int64]], base: int) -> NDArray[np.uint8]:
        picked = [self.notes[row].take(some, axis=1) for row, some in zip(rows, lanes, strict=True)]
        return np.ascontiguousarray(np.concatenate(picked, axis=1).T).view(np.uint8)


class RerunStarts(Starts):
    """Of any other: how many steps ago all lanes were reset, and how."""

    def __init__(self, lanes: int) -> None:
        super().__init__(lanes, 8)
        self.since = 0

    def before_reset(self, env: Any, seed: Any, options: Any) -> bytes:
        own = type(env).__module__.startswith("ale_py") or functional(env)  # generators of its own, in C++ or JAX
        head: dict[str, Any] = {}
        if seed is not None:
            head["seed"] = np.asarray(seed).tolist()
        elif type(env).np_random is VectorEnv.np_random and not own:
            head["rng"] = _plain(env.np_random.bit_generator.state)  # one that has none yet makes it here
        else:
            head["why_not"] = UNSEEDED
        if options is not None:
            try:
                head["options"] = _plain(options)
            except (TypeError, ValueError):
                head = {"why_not": "the options of its reset cannot be written down"}
        return pack_start(head)

    def after_reset(self, env: Any, lanes: NDArray[np.int64], prefix: bytes, tick: int, masked: bool) -> None:
        if masked:
            self.spoil(np.arange(self.lanes), MASKED)
            return
        self.since = tick
        self.rows[lanes] = 0
        super().after_reset(env, lanes, prefix, tick, masked)

    def gather(self, rows: Sequence[int], lanes: Sequence[NDArray[np.int64]], base: int) -> NDArray[np.uint8]:
        distance = np.asarray(rows, np.int64) + (base + 1 - self.since)
        return np.repeat(distance, [len(some) for some in lanes]).reshape(-1, 1).view(np.uint8)


def starts_of(env: Any, lanes: int) -> Starts:
    """The way that suits a vector environment."""
    return StateStarts(lanes) if env.__class__ is CartPoleVectorEnv else RerunStarts(lanes)


def _plain(value: Any) -> Any:
    """As JSON has it; TypeError for anything else."""
    return json.loads(json.dumps(value, default=lambda part: np.asarray(part, dtype=_numbers(part)).tolist()))


def _numbers(part: Any) -> Any:
    kind = np.asarray(part).dtype
    if kind.kind not in "biuf":
        raise TypeError(f"{type(part).__name__} cannot be written down")
    return kind

"""One run as a comparison sees it: its curve, how well it does at the end, when it got there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlnb.control.smoothing import trailing_mean
from rlnb.training import counted

if TYPE_CHECKING:
    from rlnb.control.room import Room

WINDOW = 20  # episodes of the trailing mean that is drawn
SOLVED_OVER = 100  # episodes whose mean return is held against the reward threshold
TAG = "evaluation"  # of a session that `rlnb.evaluate` made

Curve = NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """`about` is what the store knows of the session; the columns are of its finished training episodes, shape (n,)."""

    about: Mapping[str, Any]
    step: Curve
    episode: Curve
    time: Curve
    returns: Curve
    lengths: Curve

    @property
    def id(self) -> str:
        return str(self.about["id"])

    @property
    def score(self) -> float:
        """The mean return of the last 100 episodes; NaN without any."""
        found = self.about["mean_return"]
        return float(found) if isinstance(found, int | float) else math.nan

    @property
    def steps(self) -> int:
        return int(self.about["steps"])

    @cached_property
    def smooth(self) -> Curve:
        """The returns, each with the mean of the 20 episodes up to it."""
        return trailing_mean(self.returns, WINDOW)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """How the training environment was made."""
        lanes = self.about.get("lanes") or [{}]
        found = [lane for lane in lanes if lane.get("recipe", {}).get("env_id") == self.about["env_id"]] or lanes
        recipe: Mapping[str, Any] = found[0].get("recipe") or {}
        return recipe

    @property
    def threshold(self) -> float | None:
        """The return from which on the environment counts as solved."""
        found = self.recipe.get("reward_threshold")
        return None if found is None else float(found)

    def reached(self, threshold: float) -> tuple[float, bool]:
        """(steps, True) when the mean of 100 episodes (of all, in an evaluation of fewer) first got to `threshold`;
        (steps so far, False) where it has not."""
        over = min(SOLVED_OVER, len(self.returns)) if TAG in self.about["tags"] else SOLVED_OVER
        if over and len(self.returns) >= over:
            sums = np.concatenate(([0.0], np.cumsum(self.returns)))
            there = np.flatnonzero(sums[over:] - sums[:-over] >= threshold * over)
            if len(there):
                return float(self.step[there[0] + over - 1]), True
        return float(self.steps), False

    def area(self, until: float) -> float:
        """The area under the curve as a mean: the return of the episode that a step belonged to, over all steps of
        finished episodes up to `until`. NaN where none had ended."""
        own = (self.step <= until) & np.isfinite(self.returns)
        lengths = self.lengths[own]
        return float((self.returns[own] * lengths).sum() / lengths.sum()) if lengths.sum() else math.nan


def run_of(room: Room, id: str) -> Run:
    """A session as a run; call `room.settle()` before."""
    about, episodes = room.store.describe(id), room.store.episodes(id)
    if len(episodes):
        episodes = episodes[episodes["group"] == about["training_group"]]
    if len(episodes):
        episodes = episodes[counted(*(episodes[name] for name in ("finished", "length", "lane", "started")))]
        episodes = episodes.sort_values("ended", kind="stable")
    ended = episodes["ended"].to_numpy(np.float64)
    return Run(
        about,
        step=episodes["step"].to_numpy(np.float64),
        episode=np.asarray(episodes.index if episodes["finished"].all() else range(len(episodes)), np.float64),
        time=ended - (float(episodes["started"].min()) if len(ended) else 0.0),
        returns=episodes["return"].to_numpy(np.float64),
        lengths=episodes["length"].to_numpy(np.float64),
    )

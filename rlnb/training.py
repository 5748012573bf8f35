"""Which group of a session is the training, and which of its episodes count: one rule each for the view, the store and
comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

JUDGED = " (evaluation)"  # behind the place of an environment that an agent made to be judged in


@dataclass
class Signs:
    """What is known of a session's groups besides their steps."""

    taught: set[int] = field(default_factory=set)  # an algorithm said that it learned there
    judged: set[int] = field(default_factory=set)  # made to be judged in

    def note(self, group: int, place: str, recipe: Mapping[str, Any]) -> None:
        """An environment of `group`, made at `place`, took a lane."""
        if place.endswith(JUDGED):
            self.judged.add(group)
        elif recipe.get("learner"):
            self.taught.add(group)

    def contenders(self, steps: Mapping[int, int]) -> dict[int, int]:
        """`steps` of those groups that may be the training: where an algorithm learned; where none said so, all but
        those that were made to be judged in; where there are no others, all."""
        for chosen in (self.taught, set(steps) - self.judged):
            if known := {group: count for group, count in steps.items() if group in chosen}:
                return known
        return dict(steps)

    def training(self, steps: Mapping[int, int]) -> int | None:
        """The contender with most steps, the first such; None where there are no groups.

        An evaluation may well be longer than the training: a hundred episodes of a policy that has learned to stay
        alive.
        """
        among = self.contenders(steps)
        return max(among, key=lambda group: (among[group], -group), default=None)


def counted(finished: ArrayLike, length: ArrayLike, lane: ArrayLike, started: ArrayLike) -> NDArray[np.bool_]:
    """Which episodes of a group count in means and comparisons; all of shape (n,).

    Those that ended, and those that the loop ended at a limit of its own (`for step in range(99)`, then a reset): two
    at least that were cut at the same length and went on to a next one, where no episode of the group is longer. To
    leave these out would leave the lucky ones.
    """
    ended, steps = np.asarray(finished, bool), np.asarray(length)
    cut = ~ended
    if np.count_nonzero(cut) < 2:
        return ended
    limit = cut & (steps == steps.max())
    lanes, at = np.asarray(lane), np.asarray(started, np.float64)
    went_on = [bool(((lanes == lanes[k]) & (at > at[k])).any()) for k in np.flatnonzero(limit)[:3]]
    return ended | limit if sum(went_on) >= 2 else ended

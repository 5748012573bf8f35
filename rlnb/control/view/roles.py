"""Which group of a session trains and which look on, and where those that look on stand on the axis of steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

FAR = 2  # times as many steps

Floats = NDArray[np.float64]


class Roles:
    """The training is the contender with most steps (see `rlnb.training`). While somebody watches, it is the first one
    until another has taken FAR times as many: two groups that go side by side do not take turns, and an evaluation that
    came before the training is found out once, for good."""

    def __init__(self) -> None:
        self._training: int | None = None

    @property
    def training(self) -> int:
        """The group that is taken for the training; the first one until something is known."""
        return self._training or 0

    def hear(self, steps_of: Mapping[int, int], over: bool = False) -> bool:
        """Look at the counts of those that may be the training; `over`: they are the last ones, and most is most. True
        where another group trains now."""
        if not steps_of:
            return False
        most = max(steps_of, key=lambda group: steps_of[group])
        before = self._training
        known = before is not None and before in steps_of
        if not known or over or steps_of[most] >= FAR * steps_of.get(self.training, 0):
            self._training = most
        return before is not None and self._training != before

    def names(self, steps_of: Mapping[int, int], judged: Collection[int] = ()) -> list[str]:
        """Names of the groups by number; none where there is but one. `judged`: those that are known to be evaluations,
        however many steps they take."""
        if len(steps_of) < 2:
            return []
        most = steps_of.get(self.training, 0)
        looks_on = [group in judged or FAR * steps_of.get(group, 0) < most for group in range(max(steps_of) + 1)]
        return [
            "training"
            if group == self.training and group not in judged
            else "evaluation"
            if quiet
            else f"group {group}"
            for group, quiet in enumerate(looks_on)
        ]


def beside(own: Floats, time: Floats, training_own: Floats, training_time: Floats) -> Floats:
    """Where the episodes of a group that looks on stand: where the training stood when they ended, and, before its
    first episode, at their own steps. All of shape (n,), ended at `time`, after `own` steps of their group."""
    if len(training_time) == 0:
        return own
    stood = np.interp(time, training_time, training_own)
    return np.where(time < training_time[0], np.minimum(own, stood), stood)

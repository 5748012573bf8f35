"""Sessions grouped into settings, and what can be said of each. The run is the unit, never the episode."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rlnb.control.compare.runs import Run
from rlnb.errors import BadValue
from rlnb.stats import (
    Interval,
    StepsToThreshold,
    bimodal,
    mean_interval,
    probability_of_improvement,
    steps_to_threshold,
)
from rlnb.widgets.short import Short

MOST = 200  # signs of a setting's name


@dataclass(frozen=True)
class Setting:
    """The runs of one setting. `until` is the number of steps that every compared run has taken."""

    name: str
    params: Mapping[str, Any]
    runs: Sequence[Run]
    until: float

    @property
    def scores(self) -> list[float]:
        """The mean return of each run's last 100 episodes, of the runs that have one."""
        return [run.score for run in self.runs if math.isfinite(run.score)]

    @cached_property
    def mean(self) -> Interval | None:
        """The mean of the scores with its 95 % interval."""
        return mean_interval(self.scores) if self.scores else None

    @cached_property
    def area(self) -> Interval | None:
        """The area under the curve (see `Run.area`), mean and 95 % interval."""
        areas = [area for run in self.runs if math.isfinite(area := run.area(self.until))]
        return mean_interval(areas) if areas else None

    @property
    def threshold(self) -> float | None:
        """The reward threshold of the environment, where all runs agree on it."""
        found = {run.threshold for run in self.runs if run.about["env_id"] is not None}
        return found.pop() if len(found) == 1 else None

    @cached_property
    def to_threshold(self) -> StepsToThreshold | None:
        """After how many steps the runs solved it; those that did not are censored (Kaplan & Meier)."""
        if self.threshold is None:
            return None
        reached = [run.reached(self.threshold) for run in self.runs]
        return steps_to_threshold([steps for steps, _ in reached], [hit for _, hit in reached])

    @property
    def camps(self) -> str | None:
        """ "3 solved, 2 failed", where the runs fall into two camps."""
        return bimodal(self.scores, self.threshold) if self.scores else None

    def beats(self, other: Setting) -> Interval | None:
        """P(a run of this scores higher than one of `other`), with its 95 % interval."""
        return probability_of_improvement(self.scores, other.scores) if self.scores and other.scores else None


def settings_of(runs: Sequence[Run], by: str | None) -> list[Setting]:
    """Runs by setting, in the order they were given.

    `by` names one parameter; without it a setting is every parameter that differs, or the name where none does. A seed
    never tells settings apart.
    """
    if by is not None:
        if not any(by in run.about["params"] for run in runs):
            known = sorted({name for run in runs for name in run.about["params"]})
            raise BadValue(
                f"rlnb.compare(by={by!r}): no session has that parameter; there are: {', '.join(known) or 'none'}."
            )
        names = [by]
    else:
        names = differing([run.about["params"] for run in runs])
    grouped: dict[str, list[Run]] = {}
    for run in runs:
        parts = [f"{name}={said(run.about['params'].get(name))}" for name in names]
        grouped.setdefault(", ".join(parts) or str(run.about["name"]), []).append(run)
    until = min((run.steps for run in runs), default=0)
    called = Short(MOST)
    return [
        Setting(called(key), {one: own[0].about["params"].get(one) for one in names}, own, until)
        for key, own in grouped.items()
    ]


def differing(params: Sequence[Mapping[str, Any]]) -> list[str]:
    """The parameters whose values are not the same in all sessions, in the order they were given."""
    names = dict.fromkeys(name for one in params for name in one)
    return [name for name in names if len({_plain(one.get(name)) for one in params}) > 1]


def best_of(settings: Sequence[Setting]) -> Setting | None:
    """The setting with the highest mean, where there are at least two to choose from."""
    known = [setting for setting in settings if setting.mean is not None]
    return max(known, key=lambda one: one.mean.mean if one.mean else -math.inf) if len(known) > 1 else None


def said(value: Any) -> str:
    """A parameter's value in words."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)

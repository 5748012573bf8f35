"""Break when: a condition on episodes or metrics that pauses the run and says why.

return > 475        length < 10        loss > 1e3        loss is nan        every 50 episodes
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rlnb.errors import BadValue
from rlnb.events import EpisodesEnded, MetricsLogged

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip
_CONDITION = re.compile(r"^\s*(\S+)\s*(>=|<=|>|<)\s*(\S+)\s*$")
_NAN = re.compile(r"^\s*(\S+)\s+is\s+nan\s*$", re.IGNORECASE)
_EVERY = re.compile(r"^\s*every\s+(\d+)\s+episodes?\s*$", re.IGNORECASE)


@dataclass
class Break:
    """One condition: `name` is "return", "length" or a metric's; `every` counts episodes instead."""

    text: str
    name: str = ""
    sign: str = ""
    value: float = math.nan
    every: int = 0
    seen: int = 0  # finished episodes since it was set

    def hear_episodes(self, event: EpisodesEnded) -> str | None:
        """Why to pause, in words; None: go on."""
        done = event.finished
        before, self.seen = self.seen, self.seen + int(done.sum())
        if self.every:
            return f"{self.every} more episodes" if before // self.every != self.seen // self.every else None
        values = {"return": event.returns, "length": event.length}.get(self.name)
        return None if values is None else self._hear("an episode's " + self.name, values[done])

    def hear_metrics(self, event: MetricsLogged) -> str | None:
        """As `hear_episodes`, for logged numbers."""
        values = event.values.get(self.name)
        return None if values is None or self.name in ("return", "length") else self._hear(self.name, values)

    def _hear(self, what: str, values: np.ndarray) -> str | None:
        for value in values.tolist():
            if math.isnan(value) if self.sign == "is nan" else _COMPARE[self.sign](value, self.value):
                return f"{what} was {value:g} ({self.text})"
        return None


def parse(text: str) -> Break:
    """The condition that `text` says; raises `BadValue` with the forms that there are."""
    text = " ".join(str(text).split())
    if (found := _EVERY.match(text)) and int(found[1]) > 0:
        return Break(text, every=int(found[1]))
    if found := _NAN.match(text):
        return Break(text, found[1], "is nan")
    if found := _CONDITION.match(text):
        try:
            return Break(text, found[1], found[2], float(found[3]))
        except ValueError:
            pass
    raise BadValue(
        f"Pause when {text!r:.100}? Say it as one of: return > 475 · length < 10 · loss > 1e3 · loss is nan · "
        "every 50 episodes (any metric's name may stand for loss)."
    )

"""Which views were answered lately: a view that nobody can hear says hello again and again, and needs one answer."""

from __future__ import annotations

import math

from rlnb.clock import Clock

PERIOD = 1.0  # seconds
MOST = 8  # views that are remembered


class Greetings:
    """Hellos that come all at once when a long cell ends are answered once: the answer is the whole view each time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._answered: dict[str, tuple[float, int]] = {}  # by view: when, and up to which tick

    def answered(self, view: str, tick: int) -> bool:
        """Whether this view has had its answer just now, and nothing was sent since tick number `tick`."""
        at, until = self._answered.get(view, (-math.inf, -1))
        return until == tick and self._clock.elapsed() - at < PERIOD

    def answer(self, view: str, tick: int) -> None:
        """Note that this view gets everything up to this tick."""
        self._answered = {**dict(list(self._answered.items())[1 - MOST :]), view: (self._clock.elapsed(), tick)}

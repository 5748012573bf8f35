"""How the person holds the loop: paused, one step at a time, or slowed down."""

from __future__ import annotations

import time
from collections.abc import Callable

from rlnb.control.recording.breaks import Break
from rlnb.errors import BadValue
from rlnb.events import EpisodesEnded, MetricsLogged

LOOK = 0.02  # seconds between two looks at the page while the loop is held
FASTEST, SLOWEST = 1000.0, 0.1  # steps a second


class Hold:
    """The wishes about the pace of one running session. Set from any thread; obeyed by the one that steps."""

    def __init__(self) -> None:
        self.paused = False
        self.why = ""  # in words, where a condition paused it
        self.goal = 0  # the session's step count up to which a paused loop may go
        self.pace: float | None = None  # steps a second; None: as fast as it goes
        self.breaks: dict[str, Break] = {}
        self.held = False  # the loop stands here, between two steps
        self._next = 0.0

    def pause(self, why: str = "") -> None:
        self.paused, self.why, self.goal = True, why, 0

    def resume(self) -> None:
        self.paused, self.why, self.goal = False, "", 0

    def step(self, goal: int) -> None:
        """Let a loop go on until the session has `goal` environment steps, and hold it there."""
        self.paused, self.why, self.goal = True, "", goal

    def slow(self, pace: float | None) -> None:
        """At most `pace` environment steps a second; None: as fast as it goes."""
        if pace is not None and not SLOWEST <= float(pace) <= FASTEST:
            raise BadValue(
                f"slow({pace!r}): between {SLOWEST:g} and {FASTEST:g} steps a second, or None for full speed."
            )
        self.pace, self._next = None if pace is None else float(pace), 0.0

    def hear(self, event: EpisodesEnded | MetricsLogged) -> None:
        """Pause where a condition holds."""
        for one in list(self.breaks.values()):
            why = one.hear_episodes(event) if isinstance(event, EpisodesEnded) else one.hear_metrics(event)
            if why is not None and not self.paused:
                self.pause(why)

    def keep(self, steps: Callable[[], int], stopping: Callable[[], bool], look: Callable[[], None]) -> bool:
        """Called between two steps: returns when the next one may be taken. `look` reads the person's messages.

        True where this has to be asked again before the step after it.
        """
        if self.pace is not None:
            now = time.monotonic()
            self._next = max(self._next + 1.0 / self.pace, now)
            while self.pace is not None and not self.paused and not stopping() and time.monotonic() < self._next:
                time.sleep(min(LOOK, max(0.0, self._next - time.monotonic())))
                look()
        try:
            while self.paused and not stopping():
                if steps() < self.goal:
                    return True
                self.held = True
                look()
                time.sleep(LOOK)
        finally:
            self.held = False
        return self.pace is not None

"""A word for work that takes longer than a glance: one line that counts up and is wiped at the end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlnb.clock import Clock

AFTER = 2.0  # seconds before anything is said
EVERY = 0.5  # seconds between two words


class Patience:
    """Call it with (done, total); says how far the work is once it has taken a while.

    >>> with Patience("episode 3 runs again", clock) as told:     # doctest: +SKIP
    ...     worker.film(trace, progress=told)
    """

    def __init__(self, what: str, clock: Clock) -> None:
        self._what, self._clock = what, clock
        self._due = clock.elapsed() + AFTER
        self._longest = 0

    def __enter__(self) -> Patience:
        return self

    def __call__(self, done: int, total: int) -> None:
        now = self._clock.elapsed()
        if now < self._due:
            return
        self._due = now + EVERY
        self._say(f"rlnb: {self._what} … {100 * done // max(1, total)} %")

    def __exit__(self, *_: object) -> None:
        if self._longest:
            self._say("")
            print("\r", end="", file=sys.stderr, flush=True)

    def _say(self, text: str) -> None:
        self._longest = max(self._longest, len(text))
        print("\r" + text.ljust(self._longest), end="", file=sys.stderr, flush=True)

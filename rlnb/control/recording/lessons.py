"""Which algorithm learned when, as it said itself (`rlnb.hook.learner`): whose settings numbers belong to."""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rlnb.clock import Clock
from rlnb.control.recording.params import as_params

MOST = 1000  # that are remembered


@dataclass
class Lesson:
    """One `learn` of one algorithm; `began` and `over` are `clock.elapsed()`, `at` is the Unix time of its begin."""

    began: float
    at: float
    thread: int
    algorithm: str
    params: dict[str, Any]
    seed: int | None
    own: bool  # said by one of rlnb's agents, whose evaluations have places of their own
    over: float = math.inf
    envs: tuple[weakref.ref[Any], ...] = ()  # the innermost ones that it steps, as far as they are known

    def steps_in(self, env: Any) -> bool:
        """Whether it steps `env`, as far as is known: what is stepped meanwhile may be there to judge it."""
        return not self.envs or any(known() is _base(env) for known in self.envs)

    def told(self) -> dict[str, Any]:
        """What is kept of it with the environment that it learned in."""
        return {"algorithm": self.algorithm, "params": self.params, "seed": self.seed, "began": self.at}


class Lessons:
    """All of them, in order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all: list[Lesson] = []

    def say(self, settings: Mapping[str, Any] | None, own: bool = True) -> Lesson | None:
        """An algorithm with these settings begins to learn; None: the newest of this thread is done."""
        thread = threading.get_ident()
        if settings is None:
            for lesson in reversed(self._all):
                if lesson.thread == thread and lesson.over == math.inf:
                    lesson.over = self._clock.elapsed()
                    break
            return None
        params = as_params(settings)
        seed = params.pop("seed", None)
        algorithm = str(params.get("algorithm", "?"))
        began, at = self._clock.elapsed(), self._clock.now()
        lesson = Lesson(began, at, thread, algorithm, params, seed, own)
        self._all = [*self._all[-MOST:], lesson]
        return lesson

    def know(self, envs: Sequence[Any]) -> None:
        """The newest of this thread steps these."""
        thread = threading.get_ident()
        for lesson in reversed(self._all):
            if lesson.thread == thread and lesson.over == math.inf:
                lesson.envs = tuple(weakref.ref(_base(env)) for env in envs)
                break

    def break_off(self) -> None:
        """The cell is over, and with it what this thread learned, also by an exception."""
        thread, now = threading.get_ident(), self._clock.elapsed()
        for lesson in self._all:
            if lesson.thread == thread:
                lesson.over = min(lesson.over, now)

    def at(self, moment: float, thread: int) -> Lesson | None:
        """The one that went on at `moment` in `thread` (0: in any)."""
        for lesson in reversed(self._all):
            if lesson.began <= moment <= lesson.over and thread in (0, lesson.thread):
                return lesson
        return None


def _base(env: Any) -> Any:
    return getattr(env, "unwrapped", env)

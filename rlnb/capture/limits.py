"""Gymnasium's TimeLimit, which is what `make` returns nearly always, and its four lines.

A method around it costs a quick environment a call more at every step, as much as all else that recording does. So the
hooked step of a TimeLimit does the four lines itself, where a look at the installed method's code says that these four
lines are what it does; any other version, and any other wrapper, is called.
"""

from __future__ import annotations

from types import CodeType
from typing import Any

from gymnasium.wrappers import TimeLimit


def _step(self: Any, action: Any) -> Any:
    """What `TimeLimit.step` is taken to be."""
    observation, reward, terminated, truncated, info = self.env.step(action)
    self._elapsed_steps += 1

    if self._elapsed_steps >= self._max_episode_steps:
        truncated = True

    return observation, reward, terminated, truncated, info


def known(env: Any) -> bool:
    """Whether `env.step` does these lines and nothing else."""
    theirs = getattr(TimeLimit.step, "__code__", None)
    same = type(theirs) is CodeType and _does(theirs) == _does(_step.__code__)
    return type(env) is TimeLimit and "step" not in vars(env) and same


def _does(code: CodeType) -> tuple[Any, ...]:
    return code.co_code, code.co_names, code.co_varnames, code.co_consts[1:]  # the first is the docstring

"""Gymnasium's TimeLimit, which is what `make` returns nearly always, and its few lines.

A method around it costs a quick environment a call more at every step, a quarter of all that recording does. So the
hooked methods of a TimeLimit do its lines themselves, where a look at the installed methods' code says that these are
what they do; any other version, and any other wrapper, is called.
"""

from __future__ import annotations

from types import CodeType
from typing import Any

from gymnasium import Wrapper
from gymnasium.wrappers import TimeLimit


class _Limit(Wrapper[Any, Any, Any, Any]):
    """What `TimeLimit` is taken to be."""

    _elapsed_steps: int
    _max_episode_steps: int

    def step(self, action: Any) -> Any:
        """Truncate at the limit."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._elapsed_steps += 1

        if self._elapsed_steps >= self._max_episode_steps:
            truncated = True

        return observation, reward, terminated, truncated, info

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        """Count anew."""
        self._elapsed_steps = 0
        return super().reset(seed=seed, options=options)


def _reset(self: Any, *, seed: Any = None, options: Any = None) -> Any:
    """What `Wrapper.reset` is taken to be."""
    return self.env.reset(seed=seed, options=options)


def known(env: Any) -> bool:
    """Whether `env.step` and `env.reset` do these lines and nothing else."""
    if type(env) is not TimeLimit or "step" in vars(env) or "reset" in vars(env):
        return False
    pairs = (TimeLimit.step, _Limit.step), (TimeLimit.reset, _Limit.reset), (Wrapper.reset, _reset)
    return all(_does(theirs) == _does(ours) is not None for theirs, ours in pairs)


def _does(function: Any) -> tuple[Any, ...] | None:
    code = getattr(function, "__code__", None)
    if type(code) is not CodeType:
        return None
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_consts[1:]  # 0: the docstring

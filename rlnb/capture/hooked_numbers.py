"""The hot path where observations and actions are plain numbers: the tables of toy text, at full speed.

The forms of `hooked._step` once more. A number has no bytes of its own: its digits enter the checksum, and are made
here instead of three calls away, which for FrozenLake was a third of what its own step takes.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from rlnb.capture.recorder import Recorder
from rlnb.capture.ticker import Due
from rlnb.trace import check_observation

crc32 = zlib.crc32
now = time.monotonic
Step = Callable[[Any, Any], Any]


def number_step(
    bare: Step,
    recorder: Recorder,
    due: Due,
    service: Callable[[], None],
    fault: Callable[[Recorder, Exception], None],
    limited: bool,
) -> tuple[Step, Callable[[int], None]]:
    """`step`, and what gives it the checksum of a reset."""
    crc = 0
    put_action, put_reward, put_check = recorder.actions.append, recorder.rewards.append, recorder.checks.append
    ended, align, tear = recorder.ended, recorder.align, recorder.tear
    array, nan = np.ndarray, math.nan

    def set_crc(value: int) -> None:
        nonlocal crc
        crc = value

    def limited_step(self: Any, action: Any) -> Any:  # of a TimeLimit: see `limits`
        nonlocal crc
        try:
            observation, reward, terminated, truncated, info = self.env.step(action)
            self._elapsed_steps += 1
            if self._elapsed_steps >= self._max_episode_steps:
                truncated = True
        except BaseException as error:
            tear(error)
            raise
        try:
            # what `check_observation` makes of a whole number; anything else goes there
            whole = observation.__class__ is int
            crc = crc32(b"%d" % observation, crc) if whole else check_observation(observation, crc)
            put_action(action)
            put_reward(reward if reward.__class__ is not array else reward.item() if reward.size == 1 else nan)
            put_check(crc)
            if terminated or truncated:
                ended(terminated, truncated, info)
        except Exception as error:
            align()
            fault(recorder, error)
        except BaseException as error:  # an interrupt between two appends
            align()
            tear(error)
            raise
        if not crc & due[1] and now() > due[0]:
            service()
        return observation, reward, terminated, truncated, info

    def any_step(self: Any, action: Any) -> Any:
        nonlocal crc
        try:
            result = bare(self, action)
        except BaseException as error:
            tear(error)
            raise
        try:
            observation, reward, terminated, truncated, info = result
            whole = observation.__class__ is int
            crc = crc32(b"%d" % observation, crc) if whole else check_observation(observation, crc)
            put_action(action)
            put_reward(reward if reward.__class__ is not array else reward.item() if reward.size == 1 else nan)
            put_check(crc)
            if terminated or truncated:
                ended(terminated, truncated, info)
        except Exception as error:
            align()
            fault(recorder, error)
        except BaseException as error:
            align()
            tear(error)
            raise
        if not crc & due[1] and now() > due[0]:
            service()
        return result

    return (limited_step if limited else any_step), set_crc

"""The hot path: `step` and `reset` of one environment.

Both are closures over a few local names, because a look-up on `self` costs several times what a local one does. They
hand on what they were given and give back the very objects they got; what lies between is an append to three lists.

What is checked at which cost is decided once, by the observation space: see `checking`.
"""

from __future__ import annotations

import math
import time
import weakref
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import Env, spaces

from rlnb.capture import actions, disguise, frames, limits, starts
from rlnb.capture.generators import reader
from rlnb.capture.hooked_numbers import number_step
from rlnb.capture.recorder import Recorder
from rlnb.capture.ticker import Due
from rlnb.trace import Checks, check_observation

crc32 = zlib.crc32
now = time.monotonic  # as dear as three appends; a thread that raises a flag 20 times a second is dearer still

SMALL = 1024  # bytes of an observation that is summed at every step
MOST = 64  # the largest observations are summed at every 64th step and the last


def checking(env: Any) -> tuple[int, bool, str]:
    """(check_every, check_ram, checked in words) for an environment."""
    if starts.kind(env.unwrapped) == "ale":
        return MOST, True, f"every reward, lives and RAM at every step, the picture at every {MOST}th and the last"
    size = _size(getattr(env, "observation_space", None))
    every = min(MOST, max(1, math.ceil(size / SMALL)))
    if every == 1:
        return 1, False, "every observation and reward"
    return every, False, f"every reward, the observation at every {every}th step and the last"


def _size(space: Any) -> int:
    """Bytes of an observation, roughly."""
    if isinstance(space, spaces.Dict):
        return sum(_size(part) for part in space.spaces.values())
    if isinstance(space, spaces.Tuple):
        return sum(_size(part) for part in space.spaces)
    if space is None or space.shape is None or space.dtype is None:
        return 0
    return int(np.prod(space.shape)) * int(np.dtype(space.dtype).itemsize)


def hook(
    env: Any,
    recorder: Recorder,
    due: Due,
    service: Callable[[], None],
    fault: Callable[[Recorder, Exception], None],
    first_reset: Callable[[Any, Recorder], None],
) -> Callable[[], None]:
    """Record what `env` does from here on; returns the undoing.

    `due` says when the next flush is wanted, `service` is that flush. `fault` hears of a failure of rlnb's own,
    which then does not reach the person's loop.
    """
    every, check_ram, _ = checking(env)
    checks = Checks(every, env.unwrapped.ale if check_ram else None)
    kind = starts.kind(env.unwrapped)
    plain = kind == "numpy" and isinstance(env.unwrapped, Env) and type(env.unwrapped).np_random is Env.np_random
    space = getattr(env, "observation_space", None)
    simple = every == 1 and not check_ram and isinstance(recorder.space, spaces.Discrete)
    number = simple and isinstance(space, spaces.Discrete)
    small = number or (simple and isinstance(space, spaces.Box) and len(space.shape) > 0)
    limited = limits.known(env)
    if number:
        step, set_crc = number_step(_bare(env, "step"), recorder, due, service, fault, limited)
    else:
        step, set_crc = _step(env, recorder, checks, due, service, fault, small, limited)
    bare_reset, bare_close = _bare(env, "reset"), _bare(env, "close")
    begin, ready = recorder.begin, recorder.recipe is not None
    inner: Callable[[], Any] = weakref.ref(env.unwrapped)
    generator: Any = None  # the one that `read` reads
    read: Callable[[], bytes] | None = None

    def limited_reset(self: Any, *, seed: Any = None, options: Any = None) -> Any:  # of a TimeLimit: see `limits`
        nonlocal ready
        if not ready:
            first_reset(self, recorder)
            ready = True
        if read is not None and seed is None and options is None and inner()._np_random is generator:
            start: Any = read()
        else:
            start = look(self, seed, options)
        self._elapsed_steps = 0
        result = self.env.reset(seed=seed, options=options)
        try:
            begin(start)
            set_crc(check_observation(result[0]))
        except Exception as error:
            fault(recorder, error)
        if now() > due[0]:
            service()
        return result

    def any_reset(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal ready
        if not ready:
            first_reset(self, recorder)
            ready = True
        start = look(self, kwargs.get("seed"), kwargs.get("options"))
        result = bare_reset(self, *args, **kwargs)
        begun(start, result)
        if now() > due[0]:
            service()
        return result

    def look(self: Any, seed: Any, options: Any) -> Any:
        """What has to be known before the reset."""
        nonlocal generator, read
        if plain and seed is None and options is None:
            present = inner()._np_random
            if present is not generator:
                generator, read = present, reader(present)
            if read is not None:
                return read()
        return starts.take(self.unwrapped, kind, seed, options)

    def begun(start: Any, result: Any) -> None:
        try:
            begin(start)
            set_crc(check_observation(result[0]) if small else checks.begin(result[0]))
        except Exception as error:
            fault(recorder, error)

    def close(self: Any) -> Any:
        recorder.closed()
        return bare_close(self)

    reset = limited_reset if limited and small else any_reset
    methods: dict[str, Callable[..., Any]] = {"step": step, "reset": reset, "close": close}
    recorder.tap = frames.tap(env, recorder)
    if recorder.tap is not None:
        methods.update(render=recorder.tap.render(_bare(env, "render")), reset=recorder.tap.reset(reset))
    take_off = disguise.put_on(env, methods)
    owner = recorder.owner

    def unhook() -> None:
        env = owner()
        if env is not None:
            take_off(env)

    return unhook


def _bare(env: Any, name: str) -> Callable[..., Any]:
    """The method as a function of (env, ...), whether the class has it or the environment itself."""
    if name in vars(env):
        method = vars(env)[name]
        return lambda self, *args, **kwargs: method(*args, **kwargs)
    function: Callable[..., Any] = getattr(type(env), name)
    return function


def _step(
    env: Any,
    recorder: Recorder,
    checks: Checks,
    due: Due,
    service: Callable[[], None],
    fault: Callable[[Recorder, Exception], None],
    small: bool,
    limited: bool,
) -> tuple[Callable[..., Any], Callable[[int], None]]:
    """`step` in the three forms that are worth telling apart, and what gives it the checksum of a reset."""
    bare = _bare(env, "step")
    crc = 0
    checked = checks.step
    freeze = actions.freezer(recorder.space)
    put_action, put_reward, put_check = recorder.actions.append, recorder.rewards.append, recorder.checks.append
    ended, align, tear = recorder.ended, recorder.align, recorder.tear
    array, nan = np.ndarray, math.nan

    def set_crc(value: int) -> None:
        nonlocal crc
        crc = value

    def limited_step(self: Any, action: Any) -> Any:  # `small_step` of a TimeLimit: see `limits`
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
            try:
                crc = crc32(observation.tobytes(), crc)  # a fresh array's own buffer takes four times as long
            except AttributeError:  # no array, as its space had it
                crc = check_observation(observation, crc)
            put_action(action)
            put_reward(reward)
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

    def small_step(self: Any, action: Any) -> Any:  # an array of at most 1 KB; actions are numbers
        nonlocal crc
        try:
            result = bare(self, action)
        except BaseException as error:
            tear(error)
            raise
        try:
            observation, reward, terminated, truncated, info = result
            try:
                crc = crc32(observation.tobytes(), crc)
            except AttributeError:
                crc = check_observation(observation, crc)
            put_action(action)
            put_reward(reward)
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

    def any_step(self: Any, action: Any) -> Any:
        frozen = action
        if freeze is not None:
            try:
                frozen = freeze(action)
            except Exception:  # what `step` says to it is for the person; what it takes is recorded as it came
                frozen = action
        try:
            result = bare(self, action)
        except BaseException as error:
            tear(error)
            raise
        try:
            observation, reward, terminated, truncated, info = result
            crc = checked(observation, terminated or truncated)
            if reward.__class__ is array:
                reward = reward.item() if reward.size == 1 else nan
            put_action(frozen)
            put_reward(reward)
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
        if now() > due[0]:
            service()
        return result

    if small:
        return (limited_step if limited else small_step), set_crc
    return any_step, set_crc

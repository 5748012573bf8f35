"""The hot path of a vector environment: its `step`, `reset` and `close`, which hand on what they were given."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from rlnb.capture import disguise
from rlnb.capture.vector_recorder import VectorRecorder


def mode_of(env: Any) -> str:
    """ "NextStep" (also where the environment says nothing, as Gymnasium's own wrappers have it), "SameStep" or
    "Disabled"."""
    mode = (getattr(env, "metadata", None) or {}).get("autoreset_mode")
    return mode.value if isinstance(mode, AutoresetMode) else AutoresetMode.NEXT_STEP.value


def hook(
    env: Any,
    recorder: VectorRecorder,
    due: list[float],
    service: Callable[[], None],
    fault: Callable[[VectorRecorder, Exception], None],
    first_reset: Callable[[Any, VectorRecorder], None],
) -> Callable[[], None]:
    """Record what `env` does from here on; returns the undoing. As `hooked.hook`, for all lanes at once."""
    cls = type(env)
    bare_step, bare_reset, bare_close = cls.step, cls.reset, cls.close
    act, add, now = recorder.act, recorder.add, time.monotonic

    def step(self: Any, actions: Any) -> Any:
        trouble: Exception | None = None
        try:
            act(self, actions)
        except Exception as error:  # if `step` does not like them either, that is for the person to hear
            trouble = error
        result = bare_step(self, actions)
        at = now()
        try:
            if trouble is not None:
                raise trouble
            add(self, result, at)
        except Exception as error:
            fault(recorder, error)
        if at > due[0]:
            service()
        return result

    def reset(self: Any, *args: Any, **kwargs: Any) -> Any:
        prefix, mask = b"", None
        try:
            if recorder.recipe is None:
                first_reset(self, recorder)
            options = kwargs.get("options")
            if isinstance(options, dict) and "reset_mask" in options:  # `reset` may take it out of the dict
                mask = np.array(options["reset_mask"], np.bool_)
                options = {key: value for key, value in options.items() if key != "reset_mask"} or None
            prefix = recorder.starts.before_reset(self, kwargs.get("seed"), options)
        except Exception as error:
            fault(recorder, error)
        result = bare_reset(self, *args, **kwargs)
        try:
            recorder.reset(self, mask, prefix)
        except Exception as error:
            fault(recorder, error)
        if now() > due[0]:
            service()
        return result

    def close(self: Any, **kwargs: Any) -> Any:
        try:
            recorder.closed()
        except Exception as error:
            fault(recorder, error)
        return bare_close(self, **kwargs)

    methods: dict[str, Callable[..., Any]] = {"step": step, "reset": reset, "close": close}
    if callable(getattr(cls, "send", None)) and callable(getattr(cls, "recv", None)):
        methods.update(_halves(cls, recorder, step, due, service, fault))
    take_off = disguise.put_on(env, methods)
    owner = recorder.owner

    def unhook() -> None:
        env = owner()
        if env is not None:
            take_off(env)

    return unhook


def _halves(
    cls: Any,
    recorder: VectorRecorder,
    whole: Callable[..., Any],
    due: list[float],
    service: Callable[[], None],
    fault: Callable[[VectorRecorder, Exception], None],
) -> dict[str, Callable[..., Any]]:
    """A step in two calls, as AtariVectorEnv has it: its `step` calls `send`, and may call `recv`."""
    bare_send, bare_recv, now = cls.send, cls.recv, time.monotonic
    stepping = False

    def step(self: Any, actions: Any) -> Any:
        nonlocal stepping
        stepping = True
        try:
            return whole(self, actions)
        finally:
            stepping = False

    def send(self: Any, actions: Any) -> Any:
        if not stepping:
            try:
                recorder.act(self, actions)
            except Exception as error:
                fault(recorder, error)
        return bare_send(self, actions)

    def recv(self: Any) -> Any:
        result = bare_recv(self)
        if not stepping:
            at = now()
            try:
                recorder.add(self, result, at)
            except Exception as error:
                fault(recorder, error)
            if at > due[0]:
                service()
        return result

    return {"step": step, "send": send, "recv": recv}

"""What an algorithm may call. With nobody listening each of these does nothing and costs next to nothing.

>>> from rlnb import hook
>>> hook.log(loss=0.1)          # numbers of this update
>>> hook.progress(1_000, 50_000)
>>> hook.stopping()             # True once the person has pressed Stop: leave the loop, keep what you have
False
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol


class Listener(Protocol):
    """What rlnb puts behind the hook while it is installed."""

    def log(self, numbers: Mapping[str, Any], step: int | None) -> None: ...
    def progress(self, done: int, total: int | None) -> None: ...
    def stopping(self) -> bool: ...
    def knob(self, name: str, get: Callable[[], float], set: Callable[[float], None]) -> None: ...
    def explain(self, fn: Callable[[Any], Mapping[str, Any]]) -> None: ...
    def learner(self, settings: Mapping[str, Any] | None, envs: Sequence[Any]) -> None: ...


_listener: Listener | None = None


def listen(listener: Listener | None) -> Listener | None:
    """Put a listener behind the hook (None: nobody); returns the one before it."""
    global _listener
    before, _listener = _listener, listener
    return before


def log(numbers: Mapping[str, Any] | None = None, /, *, step: int | None = None, **named: Any) -> None:
    """Log numbers on the current session: `log(loss=0.1)` or `log({"q/mean": 3.2}, step=1000)`.

    A value is anything `float()` takes; a torch tensor is detached at once and read later. `step` is the environment
    step the numbers belong to; the session's own count where none is given.
    """
    if _listener is not None:
        _listener.log(named if numbers is None else {**numbers, **named}, step)


def progress(done: int, total: int | None = None) -> None:
    """Say how far the work is, in environment steps."""
    if _listener is not None:
        _listener.progress(done, total)


def stopping() -> bool:
    """Whether the person has asked for a clean end. An algorithm that asks is not interrupted."""
    return _listener is not None and _listener.stopping()


def knob(name: str, get: Callable[[], float], set: Callable[[float], None]) -> None:
    """Offer a number of the algorithm to be changed while it runs."""
    if _listener is not None:
        _listener.knob(name, get, set)


def explain(fn: Callable[[Any], Mapping[str, Any]]) -> None:
    """Offer `fn(obs) -> {"q" | "probs" | "value": array}`, shown under the replay."""
    if _listener is not None:
        _listener.explain(fn)


def learner(settings: Mapping[str, Any] | None, envs: Sequence[Any] = ()) -> None:
    """Say which algorithm learns from here on: {"algorithm": "PPO", "seed": 0, "learning_rate": 3e-4, …}; None: it is
    done. The environments that are reset meanwhile are its own, so that a sweep in a loop can be told apart. `envs` are
    those it will step: one that `gymnasium.make` did not make is recorded from here on."""
    if _listener is not None:
        _listener.learner(settings, envs)

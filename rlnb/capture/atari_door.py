"""ALE's own vector environment, where it is made without `gymnasium.make_vec`: `AtariVectorEnv("breakout", 8)`.

Its class may be loaded before rlnb or after; it is known by its module, as soon as it exists.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

from gymnasium.vector import VectorEnv

MODULE = "ale_py.vector_env"

_seen: Callable[[Any, Callable[[], Any]], None] | None = None
_undo: list[Callable[[], None]] = []


def install(seen: Callable[[Any, Callable[[], Any]], None]) -> None:
    """Show every AtariVectorEnv to `seen`, with a function that makes another one like it."""
    global _seen
    _seen = seen
    if _undo:
        return
    base: Any = VectorEnv

    def init_subclass(cls: Any, /, **kwargs: Any) -> None:
        super(base, cls).__init_subclass__(**kwargs)
        _look_at(cls)

    base.__init_subclass__ = classmethod(init_subclass)
    _undo.append(lambda: delattr(base, "__init_subclass__"))
    loaded = sys.modules.get(MODULE)
    if loaded is not None:
        _look_at(loaded.AtariVectorEnv)


def uninstall() -> None:
    """Give everything back."""
    global _seen
    _seen = None
    while _undo:
        _undo.pop()()


def _look_at(cls: Any) -> None:
    if cls.__module__ != MODULE or cls.__name__ != "AtariVectorEnv":
        return
    bare = cls.__init__

    @functools.wraps(bare)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        bare(self, *args, **kwargs)
        if _seen is not None:
            _seen(self, functools.partial(cls, *args, **kwargs))

    cls.__init__ = init

    def undo() -> None:
        cls.__init__ = bare

    _undo.append(undo)

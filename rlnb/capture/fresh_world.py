"""The opt-in that makes BipedalWalker's replays exact: `rlnb.watch(env, exact=True)`.

BipedalWalker keeps one Box2D world from reset to reset, and the solver's leftovers of one episode (contacts, the order
of bodies) reach into the next: the same random state and actions then end elsewhere, upstream as here. A new world at
each reset has no past. It changes the trajectories of a seed, so it is the person's choice.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from rlnb.capture import disguise
from rlnb.errors import BadValue


def begin_anew(env: Any) -> list[Callable[[], None]]:
    """Let every episode of `env` (or of the environments inside it) begin in a world of its own; the undoings."""
    single = getattr(env, "envs", None) or [env]
    inner = [one.unwrapped for one in single]
    for one in inner:
        if not {"world", "terrain", "hull"} <= vars(one).keys() or not hasattr(one, "_destroy"):
            raise BadValue(
                f"rlnb.watch({type(one).__name__}, exact=True): this is for BipedalWalker, whose Box2D world outlives "
                "a reset. Leave it out: other environments are replayed exactly without, or say why they are not."
            )
    return [_put_on(one) for one in inner if not hasattr(type(one), "_rlnb_fresh_world")]


def _put_on(inner: Any) -> Callable[[], None]:
    bare = type(inner).reset

    def reset(self: Any, *args: Any, **kwargs: Any) -> Any:
        self._destroy()
        self.terrain, self.hull, self.world = [], None, type(self.world)()
        return bare(self, *args, **kwargs)

    take_off = disguise.put_on(inner, {"reset": reset})
    type(inner)._rlnb_fresh_world = True
    owner = weakref.ref(inner)

    def undo() -> None:
        living = owner()
        if living is not None:
            take_off(living)

    return undo

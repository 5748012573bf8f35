"""The starts of lanes that are environments of their own: taken before each of their resets, as for single ones.

Where the vector environment resets a lane in the step after its end, or when it is told to, what will be reset is known
before, and nothing is put on the environments inside: CPython finds the attributes of an object more slowly once its
class was changed. Only where a lane is reset within the step that ends it (SAME_STEP) must its `reset` be watched.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from gymnasium import Env
from numpy.typing import NDArray

from rlnb.capture import disguise, starts
from rlnb.capture.generators import reader
from rlnb.capture.lane_starts import Starts
from rlnb.capture.starts import Start
from rlnb.trace import pack_start

UNSEEN = pack_start({"why_not": "its environment was reset in a way that was not seen"})


class Taker:
    """Reads what the start of each environment is, before its reset; they are of one class."""

    def __init__(self, layers: Sequence[Any]) -> None:
        self._inner: list[weakref.ref[Any]] = [weakref.ref(layer.unwrapped) for layer in layers]
        first = layers[0].unwrapped
        self._kind = starts.kind(first)
        usual = isinstance(first, Env) and type(first).np_random is Env.np_random
        self._plain = self._kind == "numpy" and usual
        self._readers: list[tuple[Any, Callable[[], bytes] | None]] = [(None, None)] * len(layers)

    def take(self, lane: int, seed: Any = None, options: Any = None) -> Start | bytes:
        """The start that a reset of this lane would have now."""
        inner = self._inner[lane]()
        if self._plain and seed is None and options is None:
            generator, read = self._readers[lane]
            present = inner._np_random  # type: ignore[union-attr]
            if present is not generator:
                read = reader(present)
                self._readers[lane] = present, read
            if read is not None:
                return read()
        return starts.take(inner, self._kind, seed, options)


class InnerStarts(Starts):
    """`rows[lane]` is the packed start itself; `came[lane]` are those of the resets since the last look."""

    how = "inner"

    def __init__(self, layers: Sequence[Any], mode: str) -> None:
        super().__init__(len(layers), 0)
        self.rows = np.full(len(layers), UNSEEN, object)
        self.came: list[list[Start | bytes]] = [[] for _ in layers]
        self._taker = Taker(layers)
        self._about: list[tuple[int, Start | bytes]] = []
        self._next_step = mode == "NextStep"
        self._unhook = _watch_resets(layers, self._taker, self.came) if mode == "SameStep" else None

    def let_go(self) -> None:
        if self._unhook is not None:
            self._unhook()

    def before_step(self, env: Any) -> None:
        self._about = []
        if self._next_step and env._autoreset_envs.any():
            self._about = [(lane, self._taker.take(lane)) for lane in np.flatnonzero(env._autoreset_envs).tolist()]

    def after_step(self) -> None:
        for lane, start in self._about:
            self.came[lane].append(start)

    def before_reset(self, env: Any, seed: Any, options: Any) -> bytes:
        if self._unhook is None:
            seeds = seed if isinstance(seed, list | tuple) else None
            for lane, came in enumerate(self.came):
                own = seeds[lane] if seeds is not None else None if seed is None else seed + lane
                came.append(self._taker.take(lane, own, options))
        return b""

    def after_reset(self, env: Any, lanes: NDArray[np.int64], prefix: bytes, tick: int, masked: bool) -> None:
        told = set(lanes.tolist())
        for lane, came in enumerate(self.came):
            if lane in told:
                self.rows[lane] = starts.packed(came[-1]) if came else UNSEEN
                came.clear()
            elif came and self._unhook is None:
                came.pop()  # it was not reset after all

    def gather(self, rows: Sequence[int], lanes: Sequence[NDArray[np.int64]], base: int) -> NDArray[Any]:
        found = [self._next(lane) for some in lanes for lane in some.tolist()]
        return np.array(found, object)

    def spoil(self, lanes: NDArray[np.int64], why_not: str) -> None:
        self.rows[lanes] = pack_start({"why_not": why_not})

    def _next(self, lane: int) -> bytes:
        came = self.came[lane]
        return starts.packed(came.pop(0)) if came else UNSEEN


def _watch_resets(layers: Sequence[Any], taker: Taker, came: Sequence[list[Any]]) -> Callable[[], None]:
    """Note how each reset of these environments begins; returns the undoing."""
    bare = type(layers[0]).reset
    lanes = {id(layer): lane for lane, layer in enumerate(layers)}

    def reset(self: Any, *args: Any, **kwargs: Any) -> Any:
        lane = lanes[id(self)]
        start = taker.take(lane, kwargs.get("seed"), kwargs.get("options"))
        result = bare(self, *args, **kwargs)
        came[lane].append(start)
        return result

    take_off = disguise.put_on_all(layers, {"reset": reset})
    owners = [weakref.ref(layer) for layer in layers]

    def unhook() -> None:
        for owner in owners:
            env = owner()
            if env is not None:
                take_off(env)

    return unhook

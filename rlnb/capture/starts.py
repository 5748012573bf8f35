"""The start of an episode: what has to be known before `reset` to run it again."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np

from rlnb.trace import pack_start, unpack_start

FUNCTIONAL = "gymnasium.envs.functional_jax_env"  # keeps its random numbers in a key of JAX, beside `np_random`


class Start(NamedTuple):
    """Taken before `reset`, packed at the flush."""

    rng: dict[str, Any] | None = None  # `np_random.bit_generator.state`: a fresh dict at every read
    ale: Any = None
    seed: int | None = None
    options: Any = None  # JSON-able
    why_not: str | None = None
    jax: list[int] | None = None  # the key that a functional (JAX) environment splits
    torn: tuple[int, str] | None = None  # (steps taken, exception) when one left the environment's `step`

    def packed(self) -> bytes:
        """The bytes of `rlnb.trace.pack_start`."""
        head: dict[str, Any] = {}
        if self.rng is not None:
            head["rng"] = self.rng if self.rng["bit_generator"] == "PCG64" else json.loads(_as_json(self.rng))
        if self.seed is not None:
            head["seed"] = self.seed
        if self.options is not None:
            head["options"] = self.options
        if self.jax is not None:
            head["jax"] = self.jax
        if self.why_not is not None:
            head["why_not"] = self.why_not
        if self.torn is not None:
            head["torn"] = self.torn
        return pack_start(head, self.ale.__getstate__() if self.ale is not None else b"")


def packed(start: Start | bytes) -> bytes:
    """The bytes of a start; that of a plain `reset()` is bytes already."""
    return start if isinstance(start, bytes) else start.packed()


def torn(start: Start | bytes, steps: int, error: str) -> Start:
    """The start of an episode in which an exception left `step`, perhaps half done. The first of several counts."""
    if isinstance(start, bytes):
        start = Start(unpack_start(start)[0]["rng"])
    return start if start.torn is not None else start._replace(torn=(steps, error))


def functional(env: Any) -> bool:
    """Whether it is one of Gymnasium's functional environments, single or of many lanes."""
    return any(cls.__module__ == FUNCTIONAL for cls in type(env).__mro__)


def kind(unwrapped: Any) -> str:
    """What a start of this environment holds: "ale" (emulator state), "jax" (a key), "numpy" (RNG state) or "none"."""
    if functional(unwrapped):
        return "jax"
    if hasattr(getattr(unwrapped, "ale", None), "cloneState"):
        return "ale"
    return "numpy" if hasattr(unwrapped, "_np_random") or hasattr(unwrapped, "np_random") else "none"


def take(unwrapped: Any, kind: str, seed: Any, options: Any) -> Start:
    """Read the state before `reset(seed=seed, options=options)`; changes nothing about the environment.

    An environment without a generator yet would make one from entropy when its `reset` first asks: it makes it here
    instead, unless a seed is about to decide it.
    """
    why_not = None
    rng = ale = jax = None
    try:
        if kind == "jax":
            jax = None if seed is not None else np.asarray(unwrapped.rng, np.uint32).tolist()
        elif kind != "none" and (seed is None or getattr(unwrapped, "_np_random", None) is not None):
            rng = unwrapped.np_random.bit_generator.state
        if kind == "ale" and seed is None:  # a seed reloads the cartridge
            ale = unwrapped.ale.cloneState(include_rng=True)
    except Exception as error:  # a third party's np_random can be anything
        rng = None
        if seed is None:
            why_not = f"the state of its random numbers cannot be read ({type(error).__name__}: {error})"
    if seed is not None:
        try:
            seed = int(seed)
        except (TypeError, ValueError):
            seed, why_not = None, f"reset(seed={seed!r}) is no number"
    if options is not None:
        try:
            options = json.loads(_as_json(options))
        except (TypeError, ValueError):
            options, why_not = None, "the options of its reset cannot be written down"
    return Start(rng, ale, seed, options, why_not, jax)


def _as_json(value: Any) -> str:
    return json.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written down")

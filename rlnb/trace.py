"""A trace: what is needed to run an episode again, and the checksums that prove it ran the same.

Capture writes these, replay reads them, the store keeps them; this page is all that the three share.
"""

from __future__ import annotations

import functools
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray


class Recipe(TypedDict, total=False):
    """How to make an environment again. JSON-able but for `pickled`."""

    env_id: str  # "CartPole-v1", or the class name of an environment without a spec
    spec: str | None  # EnvSpec.to_json() of the outermost environment that `make` returned
    pickled: str | None  # base64 of a cloudpickled zero-argument factory of that environment, wrappers included
    why_not: str | None  # in words, why an episode cannot be replayed; None if it can be tried
    snapshot: str  # what `start` holds: "numpy" (RNG state), "ale" (emulator state), "jax" (a key), "none"
    actions: str  # "plain": rows are what `step` was given; "flat": `gymnasium.spaces.unflatten(space, row)` is
    checked: str  # what the checksums cover, in words ("every observation and reward")
    check_every: int  # the observation enters the rolling checksum at every k-th step (and the last)
    check_ram: bool  # ALE: lives and RAM enter it at every step, and the first observation does not
    fps: float | None  # env.metadata["render_fps"]
    action_names: list[str] | None
    reward_threshold: float | None  # spec.reward_threshold
    max_episode_steps: int | None
    vector: Mapping[str, Any] | None  # of a vector environment, see below
    learner: Mapping[str, Any]  # who learned there, as it said itself: "algorithm", "params", "seed", "began" (Unix)
    check_lane: str | None  # checksums are those of `check_lanes`, taken from a SyncVectorEnv of this autoreset mode


@dataclass(frozen=True, slots=True)
class Trace:
    """One recorded episode of `n` steps, ready to be run again."""

    recipe: Mapping[str, Any]
    start: bytes
    actions: NDArray[Any]  # (n, *action_shape)
    rewards: NDArray[np.float64]  # (n,)
    checks: NDArray[np.uint16]  # (n,)
    terminated: bool
    truncated: bool
    finished: bool = True
    checked: NDArray[np.bool_] | None = None  # (n,): the steps whose checksum was taken; None: all
    company: NDArray[Any] | None = None  # (m, lanes, *action_shape): see "rerun" below
    column: int = 0  # the lane in `company`
    pictures: tuple[tuple[int, bytes], ...] = ()  # recorded frames: (steps taken, WebP, JPEG or PNG)

    def __len__(self) -> int:
        return len(self.rewards)


# --- checksums ---------------------------------------------------------------------------------------------------
# One rolling crc32 an episode: it begins with the first observation and is carried from step to step over the
# observations, so that its value after step k speaks for everything up to k. Only its low 16 bits are stored for each
# step. Rewards are stored to the bit beside it and are compared themselves: summing them up too would prove nothing
# more, and costs a fifth of what recording a CartPole step does.


class Checks:
    """The rolling checksum of one episode, for both sides: capture as it records, replay as it runs again.

    `every` is the recipe's `check_every`: an observation enters at steps every, 2·every, ... (steps count from 1) and
    at the step that terminates or truncates. `ale` is the emulator (`env.unwrapped.ale`) where the recipe says
    `check_ram`: lives and RAM then enter at every step, and the first observation stays out, because after a restored
    state its pixels can be those of before.

    >>> checks = Checks(every=1)
    >>> checks.begin(np.zeros(4, np.float32)) == check_observation(np.zeros(4, np.float32))
    True
    """

    def __init__(self, every: int = 1, ale: Any = None) -> None:
        self.every = max(1, every)
        self.ale = ale
        self.crc = 0
        self.steps = 0

    def begin(self, observation: Any) -> int:
        """After `reset`: the checksum starts anew."""
        self.steps = 0
        self.crc = self._machine(0) if self.ale is not None else check_observation(observation)
        return self.crc

    def step(self, observation: Any, over: bool) -> int:
        """After `step`; `over`: it terminated or truncated. Returns the whole crc; its low 16 bits are stored."""
        self.steps += 1
        crc = self.crc
        if self.ale is not None:
            crc = self._machine(crc)
        if over or self.steps % self.every == 0:
            crc = check_observation(observation, crc)
        self.crc = crc
        return crc

    def _machine(self, crc: int) -> int:
        return zlib.crc32(b"%d" % self.ale.lives(), zlib.crc32(self.ale.getRAM(), crc))


def check_observation(observation: Any, crc: int = 0) -> int:
    """Carry `crc` on over the bytes of an observation (an array, a number, or a tuple or dict of those)."""
    if isinstance(observation, np.ndarray):
        if observation.dtype == object:
            for item in observation.flat:
                crc = check_observation(item, crc)
            return crc
        quick = observation.nbytes < 4096 or not observation.flags.c_contiguous  # a small copy is quicker than a buffer
        return zlib.crc32(observation.tobytes() if quick else observation.data, crc)
    if isinstance(observation, Mapping):
        for key in sorted(observation, key=str):
            crc = check_observation(observation[key], crc)
        return crc
    if isinstance(observation, tuple | list):
        for item in observation:
            crc = check_observation(item, crc)
        return crc
    if isinstance(observation, bool | int | np.integer | np.bool_):
        return zlib.crc32(b"%d" % int(observation), crc)
    if isinstance(observation, float | np.floating):
        return zlib.crc32(struct.pack("<d", float(observation)), crc)
    if isinstance(observation, str):
        return zlib.crc32(observation.encode(errors="surrogatepass"), crc)
    if hasattr(observation, "__array__"):  # of JAX, of torch ...
        try:
            array = np.asarray(observation)
        except Exception:  # one that lies on another device, or belongs to a graph
            array = np.zeros(0, object)
        if array.dtype != object:
            return check_observation(array, crc)
    return zlib.crc32(type(observation).__qualname__.encode(), crc)  # a repr may hold an address


# --- the lanes of a vector environment ------------------------------------------------------------------------------
# A recipe whose `vector` is set makes a vector environment; its keys:
#   how      "state": a lane runs again alone, in a vector environment of one lane that is given the lane's state after
#            the reset (the body of the start: that array's bytes). "rerun": all lanes run again from the reset that
#            came before, with everybody's actions (`Trace.company`, which begins at that reset; the last n rows are the
#            episode's), and one is looked at. The body is then the lane's distance from that reset, as an int64.
#   lanes    how many there are;   autoreset  "NextStep", "SameStep" or "Disabled"
#   entry, kwargs, attributes      for "state": the class ("module:name"), its arguments, and what was set on it
# `spec` or `pickled` beside it make all the lanes ("rerun").


def check_lanes(observations: Any, lanes: int) -> NDArray[np.uint16]:
    """One checksum a lane, of shape (lanes,), over observations whose first axis is the lane (or a tuple or dict).

    Whole words times odd numbers, summed up: a few numpy calls for any number of lanes, where a crc32 would be a
    Python loop. Not rolling: it speaks for this one observation.
    """
    try:
        total = _mixed(observations, lanes)
    except (ValueError, TypeError):  # texts, graphs: one object a lane
        total = np.array([check_observation(one) for one in observations], np.uint64)
    total ^= total >> np.uint64(29)
    total *= _MIX
    return (total >> np.uint64(48)).astype(np.uint16)


_MIX = np.uint64(0x9E3779B97F4A7C15)
_FEW = 16  # words: so many are added up column by column, since numpy is slow at summing short rows


def _mixed(observations: Any, lanes: int) -> NDArray[np.uint64]:
    if isinstance(observations, Mapping | tuple | list):
        parts = observations
        if isinstance(observations, Mapping):
            parts = [observations[key] for key in sorted(observations, key=str)]
        total = np.zeros(lanes, np.uint64)
        for part in parts:
            total = total * _MIX + _mixed(part, lanes)
        return total
    array = np.asarray(observations)
    if array.dtype == object:
        return np.array([check_observation(one) for one in array], np.uint64)
    rows = np.ascontiguousarray(array).reshape(lanes, -1)
    size = rows.shape[1] * rows.itemsize
    width = 8 if size % 8 == 0 else 4 if size % 4 == 0 else 2 if size % 2 == 0 else 1
    words = rows.view(f"<u{width}")
    weights = _weights(words.shape[1])
    if len(weights) > _FEW:
        return np.asarray((words * weights).sum(axis=1, dtype=np.uint64))
    total = np.zeros(lanes, np.uint64)
    for k, weight in enumerate(weights):
        total += words[:, k] * weight
    return total


@functools.lru_cache(8)
def _weights(count: int) -> NDArray[np.uint64]:
    """Odd numbers without a pattern, the same everywhere."""
    return (np.arange(1, count + 1, dtype=np.uint64) * _MIX) | np.uint64(1)


# --- the start of an episode -------------------------------------------------------------------------------------
# A small JSON head and one opaque body. Keys of the head, all optional:
#   jax      the key of a functional environment, `unwrapped.rng`, before `reset`
#   rng      `unwrapped.np_random.bit_generator.state` before `reset`
#   seed     what `reset(seed=)` was given
#   options  what `reset(options=)` was given
#   why_not  in words, why this one episode cannot be run again
#   torn     [steps taken, name of an exception that then left `step`]: what follows may not run again the same
# The body is the emulator's state before `reset` (ALE: `cloneState(include_rng=True).__getstate__()`), if there is one.
# The start of a plain `reset()` with NumPy's usual generator, PCG64, is short: b"P" and 40 bytes (`pack_pcg64`).
# A small start stays uncompressed: the store compresses many of them together, which is faster and smaller.

_PLAIN = b"R"  # zlib's own streams begin with b"x"
_PCG64 = b"P"
_SMALL = 2048
_size = struct.Struct("<I")
_pcg64 = struct.Struct("<16s16siI")  # state, increment, has_uint32, uinteger
_encode = json.JSONEncoder(separators=(",", ":")).encode


def pack_start(head: Mapping[str, Any], body: bytes = b"") -> bytes:
    """Pack what is needed before `reset`: `head` is JSON-able (integers of any size), `body` is opaque."""
    text = _encode(dict(head)).encode()
    raw = _size.pack(len(text)) + text + body
    return _PLAIN + raw if len(raw) <= _SMALL else zlib.compress(raw, 1)


def pack_pcg64(state: bytes) -> bytes:
    """`pack_start` where the head is nothing but the state of a PCG64: its 40 bytes, little-endian."""
    return _PCG64 + state


def unpack_start(start: bytes) -> tuple[dict[str, Any], bytes]:
    """The inverse of `pack_start`."""
    if start[:1] == _PCG64:
        state, inc, has, uinteger = _pcg64.unpack(start[1:])
        numbers = {"state": int.from_bytes(state, "little"), "inc": int.from_bytes(inc, "little")}
        rng = {"bit_generator": "PCG64", "state": numbers, "has_uint32": has, "uinteger": uinteger}
        return {"rng": rng}, b""
    raw = start[1:] if start[:1] == _PLAIN else zlib.decompress(start)
    (size,) = _size.unpack_from(raw)
    return json.loads(raw[4 : 4 + size]), raw[4 + size :]

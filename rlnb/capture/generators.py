"""The state of NumPy's usual random generator, read from where it lies: a copy of 40 bytes.

`bit_generator.state` builds two dicts and two integers of 128 bits, which takes as long as ten appends; in short
episodes that is felt. What is read here is what that property reads (`numpy/random/src/pcg64/pcg64.h`), through the
address that `bit_generator.ctypes` publishes, and it is compared with the property before it is trusted.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from rlnb.trace import pack_pcg64, unpack_start


def reader(generator: Any) -> Callable[[], bytes] | None:
    """What gives the packed start of a plain `reset()` at any later moment; None for any other kind of generator."""
    bits = getattr(generator, "bit_generator", None)
    if type(generator) is not np.random.Generator or type(bits) is not np.random.PCG64:
        return None
    address = int(bits.ctypes.state_address)  # struct {pcg64_random_t *state; int has_uint32; uint32_t uinteger;}
    where = ctypes.c_void_p.from_address(address).value
    if where is None:
        return None
    numbers = (ctypes.c_char * 32).from_address(where)  # struct {uint128 state; uint128 increment;}
    rest = (ctypes.c_char * 8).from_address(address + ctypes.sizeof(ctypes.c_void_p))

    def read() -> bytes:
        return pack_pcg64(numbers.raw + rest.raw)

    if unpack_start(read())[0]["rng"] != bits.state:  # another byte order or build of NumPy
        return None
    return read

"""The starts of many episodes in one blob.

A packed start (`rlnb.trace.pack_start`) is compressed by itself, about 100 bytes for CartPole. Next to each other,
uncompressed, the starts of one environment are nearly the same text, and one compression over all of them takes some
30 bytes each: the random bits of the generator, and little else.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

from rlnb.store.codec import decode, encode

_LEVEL_ONE = b"\x78\x01"  # how zlib begins what `pack_start` makes


def pack_starts(starts: Sequence[bytes]) -> bytes:
    """One blob from the packed starts of consecutive episodes."""
    bodies, opened = [], []
    for start in starts:
        body = _open(start)
        opened.append(body is not None)
        bodies.append(start if body is None else body)
    head = encode([np.array([len(b) for b in bodies], np.uint32), np.array(opened, np.bool_)])
    return struct.pack("<I", len(head)) + head + zlib.compress(b"".join(bodies), 6)


def unpack_starts(blob: bytes, only: int | None = None) -> list[bytes]:
    """The packed starts again; with `only`, the one of that row."""
    (size,) = struct.unpack_from("<I", blob)
    lengths, opened = decode(blob[4 : 4 + size])
    joined = zlib.decompress(blob[4 + size :])
    ends = np.cumsum(lengths.astype(np.int64)).tolist()
    starts = []
    for row in range(len(ends)) if only is None else (only,):
        body = joined[ends[row - 1] if row else 0 : ends[row]]
        starts.append(zlib.compress(body, 1) if opened[row] else body)
    return starts


def _open(start: bytes) -> bytes | None:
    """The uncompressed body of a packed start; None for anything else."""
    if not start.startswith(_LEVEL_ONE):
        return None
    stream = zlib.decompressobj()
    try:
        body = stream.decompress(start)
    except zlib.error:
        return None
    return body if stream.eof and not stream.unused_data else None

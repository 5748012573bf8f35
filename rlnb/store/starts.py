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

from rlnb.events import StartRows
from rlnb.store.codec import decode, encode

_LEVEL_ONE = b"\x78\x01"  # how zlib begins what `pack_start` makes
_ROWS = struct.pack("<I", 2**32 - 1)  # instead of a length: the starts of a vector environment, see `_pack_rows`

Starts = Sequence[bytes] | StartRows


def pack_starts(starts: Starts) -> bytes:
    """One blob from the packed starts of consecutive episodes."""
    if isinstance(starts, StartRows):
        return _pack_rows(starts)
    bodies, opened = [], []
    for start in starts:
        body = _open(start)
        opened.append(body is not None)
        bodies.append(start if body is None else body)
    head = encode([np.array([len(b) for b in bodies], np.uint32), np.array(opened, np.bool_)])
    return struct.pack("<I", len(head)) + head + zlib.compress(b"".join(bodies), 1)


def unpack_starts(blob: bytes, only: int | None = None) -> list[bytes]:
    """The packed starts again; with `only`, the one of that row."""
    if blob.startswith(_ROWS):
        rows = _unpack_rows(blob)
        return list(rows) if only is None else [rows[only]]
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


def join_starts(parts: Sequence[Starts]) -> Starts:
    """Starts put behind each other."""
    rows = [part for part in parts if isinstance(part, StartRows)]
    if len(rows) < len(parts) or len({part.rows.shape[1] for part in rows}) > 1:
        return [start for part in parts for start in part]
    if len(rows) == 1:
        return rows[0]
    known: dict[bytes, int] = {}
    which = []
    for part in rows:
        numbers = np.array([known.setdefault(prefix, len(known)) for prefix in part.prefixes], np.int64)
        which.append(numbers[part.which])
    return StartRows(tuple(known), np.concatenate(which), np.concatenate([part.rows for part in rows]))


def slice_starts(starts: Starts, rows: slice) -> Starts:
    """Some of them."""
    return starts.part(rows) if isinstance(starts, StartRows) else starts[rows]


def weight_of(starts: Starts) -> int:
    """Bytes of memory."""
    return starts.nbytes if isinstance(starts, StartRows) else sum(map(len, starts))


def _pack_rows(starts: StartRows) -> bytes:
    """States are noise: they are kept as they are. Few prefixes are shared by many."""
    used, which = np.unique(starts.which, return_inverse=True)
    prefixes = pack_starts([starts.prefixes[k] for k in used]) if len(used) else b""
    return _ROWS + struct.pack("<I", len(prefixes)) + prefixes + encode([which.astype(np.int64), starts.rows])


def _unpack_rows(blob: bytes) -> StartRows:
    (size,) = struct.unpack_from("<I", blob, 4)
    which, rows = decode(blob[8 + size :])
    return StartRows(tuple(unpack_starts(blob[8 : 8 + size])) if size else (), which, rows)

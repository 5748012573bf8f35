"""Numbers on their way to the browser: one buffer with a JSON header and aligned typed columns.

```
bytes 0–3   "RLB1"
bytes 4–7   length of the header, uint32, little-endian
header      JSON {"meta": …, "columns": [{"name", "kind", "at", "length"}]}, padded with spaces: data begin at 8·k
data        the columns, little-endian, each beginning at a multiple of 8 (`at` counts from the first data byte)
```
`js/src/shared/codec.ts` reads it without a copy.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAGIC = b"RLB1"
KINDS = ("f8", "f4", "i4", "u4", "i2", "u2", "i1", "u1")


def column(values: ArrayLike) -> NDArray[Any]:
    """`values`, shape (n,), in a type that JavaScript has: 64-bit integers become int32 where they fit, else float64
    (exact up to 2**53); booleans become uint8."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"a column has one dimension; this one has the shape {array.shape}")
    if array.dtype.kind == "b":
        return array.astype("<u1")
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        fits = not array.size or (array.min() >= -(2**31) and array.max() < 2**31)
        return array.astype("<i4" if fits else "<f8")
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        return array.astype("<f8")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"a column holds numbers; this one holds {array.dtype}")
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def encode(meta: Mapping[str, Any], columns: Mapping[str, ArrayLike]) -> bytes:
    """A frame with `meta` (anything that JSON knows, no NaN) and `columns` (each of shape (n,), n may differ)."""
    arrays = {name: column(values) for name, values in columns.items()}
    entries, at = [], 0
    for name, array in arrays.items():
        entries.append({"name": name, "kind": array.dtype.str[1:], "at": at, "length": len(array)})
        at += -(-array.nbytes // 8) * 8
    text = json.dumps({"meta": dict(meta), "columns": entries}, allow_nan=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    parts = [MAGIC, struct.pack("<I", len(text)), text]
    for array in arrays.values():
        parts += [array.tobytes(), b"\0" * (-array.nbytes % 8)]
    return b"".join(parts)


def decode(data: bytes | bytearray | memoryview) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The `meta` and `columns` of a frame."""
    view = memoryview(data)
    if bytes(view[:4]) != MAGIC:
        raise ValueError(f"these bytes are no rlnb frame: they begin with {bytes(view[:4])!r}")
    (size,) = struct.unpack("<I", view[4:8])
    header = json.loads(bytes(view[8 : 8 + size]))
    columns = {}
    for entry in header["columns"]:
        if entry["kind"] not in KINDS:
            raise ValueError(f"unknown column kind {entry['kind']!r} in a frame")
        columns[entry["name"]] = np.frombuffer(view, "<" + entry["kind"], entry["length"], 8 + size + entry["at"])
    return header["meta"], columns

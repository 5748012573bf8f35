"""Columns to bytes and back: exact to the bit, and as small as is cheap.

A block is a few arrays of equal length. Each is written in the narrowest form that gives back the very bits:

    CONST    every row is the same: one row           CartPole's rewards: 8 bytes a block
    BITS     two neighbouring integers: 1 bit each    its actions: 0.125 byte a step
    INT      integers of a small range, less the smallest, in 1, 2 or 4 bytes (floats that hold integers too)
    DELTA    differences likewise (counters; clock times, whose float64 bits grow evenly)
    SHUFFLE  anything else wider than a byte: first bytes, second bytes, ... so that zlib finds the exponents
    RAW, TEXT   bytes as they are; JSON for objects

and then deflated where that helps. Checksums are noise and stay at their 2 bytes a step.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

RAW, CONST, BITS, INT, DELTA, SHUFFLE, TEXT = range(7)
_DEFLATED, _WHOLE, _PATTERN = 16, 32, 64  # flags beside the mode: deflated; floats holding integers; bit patterns
_SAMPLE = 1024  # bytes
_HEAD = struct.Struct("<BBBII")  # mode and flags, length of the dtype's name, dimensions, rows, bytes
_PAIR = struct.Struct("<qqB")  # first value, smallest (difference), width


def encode(columns: Sequence[NDArray[Any]]) -> bytes:
    """One block from arrays of shape (n, *shape)."""
    out = [bytes([len(columns)])]
    for column in columns:
        mode, payload = _pack(column)
        if len(payload) > 40 and not _noise(payload):
            small = zlib.compress(payload, 1)
            if len(small) < len(payload):
                mode, payload = mode | _DEFLATED, small
        name = column.dtype.str.encode()
        shape = column.shape[1:]
        out.append(_HEAD.pack(mode, len(name), len(shape), len(column), len(payload)))
        out.append(name + struct.pack(f"<{len(shape)}I", *shape) + payload)
    return b"".join(out)


def decode(block: bytes) -> list[NDArray[Any]]:
    """The arrays of a block, in their order."""
    columns = []
    at = 1
    for _ in range(block[0]):
        mode, name_size, ndim, n, size = _HEAD.unpack_from(block, at)
        at += _HEAD.size
        dtype = np.dtype(block[at : at + name_size].decode())
        at += name_size
        shape = struct.unpack_from(f"<{ndim}I", block, at)
        at += 4 * ndim
        payload = block[at : at + size]
        at += size
        columns.append(_unpack(mode, zlib.decompress(payload) if mode & _DEFLATED else payload, dtype, (n, *shape)))
    return columns


def alike(a: Sequence[NDArray[Any]], b: Sequence[NDArray[Any]]) -> bool:
    """Whether two blocks' columns can be put behind each other without changing their type."""
    for x, y in zip(a, b, strict=True):  # a plain loop: this is asked for every event
        if (x.dtype is not y.dtype and x.dtype != y.dtype) or x.shape[1:] != y.shape[1:]:
            return False
    return True


def joined(parts: Sequence[Sequence[NDArray[Any]]]) -> list[NDArray[Any]]:
    """Blocks put behind each other, column by column."""
    if len(parts) == 1:
        return list(parts[0])
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _noise(payload: bytes) -> bool:
    """Whether deflating is not worth the attempt: three samples of a long payload do not shrink."""
    if len(payload) < 4 * _SAMPLE:
        return False
    last = len(payload) - _SAMPLE
    samples = (payload[at : at + _SAMPLE] for at in (0, last // 2, last))
    return all(len(zlib.compress(sample, 1)) >= _SAMPLE for sample in samples)


def _pack(column: NDArray[Any]) -> tuple[int, bytes]:
    if column.ndim > 1 and len(column) > 1 and not any(column.strides):
        return CONST, column[0].tobytes()  # one number seen often
    if column.dtype == object:
        return TEXT, json.dumps(column.tolist(), default=_plain).encode()
    array = np.ascontiguousarray(column)
    n, size = len(array), array.nbytes
    if size == 0:
        return RAW, b""
    rows = array.view(np.uint8).reshape(n, -1) if array.ndim > 1 else array.view(f"V{array.itemsize}")
    if array.ndim > 1:
        if n > 1 and (rows == rows[0]).all():
            return CONST, rows[0].tobytes()
        if array.dtype == np.uint8:  # the actions of many lanes, the states that they began with
            if array.max() <= 1:
                return BITS, _PAIR.pack(0, 0, 0) + np.packbits(array).tobytes()
            return RAW, array.tobytes()
    elif rows.tobytes() == rows[:1].tobytes() * n and n > 1:
        return CONST, rows[:1].tobytes()
    flags, values = _integers(array)
    best: tuple[float, int, bytes] = (array.itemsize, RAW, b"")
    if values is not None:
        best = _narrow(values.ravel(), best, array.ndim == 1)
    if best[1] != RAW:
        return best[1] | flags, best[2]
    if array.itemsize > 1 and array.dtype.kind in "iufc":
        return SHUFFLE, array.view(np.uint8).reshape(-1, array.itemsize).T.tobytes()
    return RAW, array.tobytes()


def _integers(array: NDArray[Any]) -> tuple[int, NDArray[np.int64] | None]:
    """The column as int64 if it is one in some sense, and the flag that says in which."""
    kind = array.dtype.kind
    if kind in "bi" or (kind == "u" and (array.itemsize < 8 or array.max() < 2**63)):
        return 0, array.astype(np.int64)
    if kind != "f" or array.itemsize not in (4, 8) or not array.dtype.isnative:
        return 0, None
    with np.errstate(invalid="ignore"):
        whole = array.astype(np.int64)
    bits = np.int64 if array.itemsize == 8 else np.int32
    if (whole.astype(array.dtype).view(bits) == array.view(bits)).all():  # to the bit: NaN and -0.0 fail here
        return _WHOLE, whole
    return _PATTERN, array.view(bits).astype(np.int64)


def _narrow(values: NDArray[np.int64], best: tuple[float, int, bytes], flat: bool) -> tuple[float, int, bytes]:
    low, high = int(values.min()), int(values.max())
    if high - low >= 2**62:
        return best
    width = _width(high - low)
    if width < best[0]:
        if width == 0.125:
            best = width, BITS, _PAIR.pack(0, low, 0) + np.packbits((values - low).astype(np.uint8)).tobytes()
        else:
            best = width, INT, _PAIR.pack(0, low, int(width)) + (values - low).astype(f"<u{width:.0f}").tobytes()
    if flat and len(values) > 2 and best[0] > 1:
        steps = np.diff(values)
        low, high = int(steps.min()), int(steps.max())
        width = max(1, _width(high - low))
        if width < best[0]:
            head = _PAIR.pack(int(values[0]), low, int(width))
            best = width, DELTA, head + (steps - low).astype(f"<u{width:.0f}").tobytes()
    return best


def _width(span: int) -> float:
    """Bytes for a value of 0..span."""
    return 0.125 if span < 2 else 1 if span < 2**8 else 2 if span < 2**16 else 4 if span < 2**32 else 8


def _unpack(mode: int, payload: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    kind, count = mode & 15, int(np.prod(shape, dtype=np.int64))
    if kind == TEXT:
        objects = np.empty(shape, dtype=object)
        for i, item in enumerate(json.loads(payload)):
            objects[i] = item
        return objects
    if count == 0:
        return np.zeros(shape, dtype)
    if kind == RAW:
        return np.frombuffer(payload, dtype).reshape(shape)
    if kind == CONST:
        return np.frombuffer(payload * shape[0], dtype).reshape(shape)
    if kind == SHUFFLE:
        planes = np.frombuffer(payload, np.uint8).reshape(dtype.itemsize, -1)
        return np.ascontiguousarray(planes.T).view(dtype).reshape(shape)
    first, low, width = _PAIR.unpack_from(payload)
    body = payload[_PAIR.size :]
    if kind == BITS:
        values = np.unpackbits(np.frombuffer(body, np.uint8), count=count).astype(np.int64) + low
    elif kind == INT:
        values = np.frombuffer(body, f"<u{width}").astype(np.int64) + low
    else:
        values = np.empty(count, np.int64)
        values[0] = first
        values[1:] = np.frombuffer(body, f"<u{width}").astype(np.int64) + low
        np.cumsum(values, out=values)
    column: NDArray[Any] = values.reshape(shape)
    if mode & _PATTERN:
        column = column.astype(np.int64 if dtype.itemsize == 8 else np.int32)
        return column.view(dtype)
    return np.asarray(column, dtype)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    return repr(value)

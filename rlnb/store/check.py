"""A JSON document looked through before anything of it is stored: every error names the place, the value, and what
was expected there.
"""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from rlnb.errors import DocumentError
from rlnb.events import Origin, Status
from rlnb.store.blocks import EPISODE_COLUMNS
from rlnb.store.plain import WORDS

SCHEMA = "rlnb-session/1"
_INT64 = 2**63


@dataclass
class Checked:
    """A document that makes sense, with its columns as arrays."""

    session: dict[str, Any]
    groups: list[tuple[int, int]]
    lanes: list[dict[str, Any]]
    episodes: dict[str, NDArray[Any]]
    metrics: dict[str, list[NDArray[Any]]]
    steps: list[tuple[int, int, list[NDArray[Any]]]]  # lane, first, columns
    starts: list[bytes]
    frames: list[tuple[int, int, NDArray[np.int64], tuple[bytes, ...]]]  # lane, first, steps, pictures


def check(document: Any) -> Checked:
    """Look a document through; raises DocumentError."""
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else document
        raise _wrong("schema", found, f'the text "{SCHEMA}" (a session saved by rlnb)')
    episodes = _episodes(_get(document, "", "episodes", _object))
    n = len(episodes["length"])
    traces = _get(document, "", "traces", _maybe(_object), None)
    steps, starts = _traces(traces, n) if traces is not None else ([], [])
    lanes = _get(document, "", "lanes", _list)
    groups = _get(document, "", "groups", _list)
    metrics = _get(document, "", "metrics", _object)
    return Checked(
        session=_session(_get(document, "", "session", _object)),
        groups=[_group(item, f"groups[{i}]") for i, item in enumerate(groups)],
        lanes=[_lane(item, f"lanes[{i}]") for i, item in enumerate(lanes)],
        episodes=episodes,
        metrics={name: _metric(item, f"metrics.{name}") for name, item in metrics.items()},
        steps=steps,
        starts=starts,
        frames=_frames(traces) if traces is not None else [],
    )


def _session(given: dict[str, Any]) -> dict[str, Any]:
    rules: dict[str, Callable[[Any, str], Any]] = {
        "id": _name, "name": _text, "env_id": _maybe(_text), "status": _one_of(get_args(Status)),
        "origin": _one_of(get_args(Origin)), "started": _finite, "ended": _maybe(_finite), "note": _text,
        "seed": _maybe(_integer), "total_steps": _maybe(_int64), "scratch": _flag, "error": _maybe(_text),
        "params": _object, "tags": _texts, "provenance": _object,
    }  # fmt: skip
    return {field: _get(given, "session", field, rule) for field, rule in rules.items()}


def _group(item: Any, path: str) -> tuple[int, int]:
    given = _object(item, path)
    return _get(given, path, "group", _int64), _get(given, path, "steps", _count)


def _lane(item: Any, path: str) -> dict[str, Any]:
    given = _object(item, path)
    rules = {"lane": _count, "group": _int64, "place": _text, "at": _finite, "after": _maybe(_int64), "recipe": _object}
    return {field: _get(given, path, field, rule) for field, rule in rules.items()}


def _episodes(given: dict[str, Any]) -> dict[str, NDArray[Any]]:
    rules: dict[str, tuple[Callable[[Any, str], Any], Any]] = {
        "lane": (_count, np.int64), "group": (_int64, np.int64), "first": (_int64, np.int64),
        "length": (_count, np.int64), "return": (_number, np.float64), "terminated": (_flag, np.bool_),
        "truncated": (_flag, np.bool_), "finished": (_flag, np.bool_), "started": (_number, np.float64),
        "ended": (_number, np.float64), "step": (_int64, np.int64), "success": (_success, np.int8),
    }  # fmt: skip
    columns = {name: _column(given, "episodes", name, *rules[name]) for name in EPISODE_COLUMNS}
    _same_length(columns, "episodes")
    return columns


def _metric(item: Any, path: str) -> list[NDArray[Any]]:
    given = _object(item, path)
    columns = {
        "step": _column(given, path, "step", _int64, np.int64),
        "time": _column(given, path, "time", _number, np.float64),
        "value": _column(given, path, "value", _number, np.float64),
    }
    _same_length(columns, path)
    return list(columns.values())


def _traces(given: dict[str, Any], n: int) -> tuple[list[tuple[int, int, list[NDArray[Any]]]], list[bytes]]:
    starts = [_bytes(start, f"traces.starts[{i}]") for i, start in enumerate(_get(given, "traces", "starts", _list))]
    if len(starts) != n:
        raise _wrong("traces.starts", f"{len(starts)} entries", f"{n}, one for each episode")
    steps = []
    for i, item in enumerate(_get(given, "traces", "steps", _list)):
        path = f"traces.steps[{i}]"
        run = _object(item, path)
        columns = {name: _get(run, path, name, unpack_column) for name in ("actions", "rewards", "checks")}
        _same_length(columns, path)
        for name, dtype in (("rewards", "<f8"), ("checks", "<u2")):
            if columns[name].dtype.str != dtype or columns[name].ndim != 1:
                raise _wrong(f"{path}.{name}", columns[name].dtype.str, f"a flat column of {dtype}")
        if "checked" in run:
            columns["checked"] = _get(run, path, "checked", unpack_column)
            _same_length(columns, path)
        lane, first = _get(run, path, "lane", _count), _get(run, path, "first", _int64)
        steps.append((lane, first, list(columns.values())))
    return steps, starts


def _frames(traces: dict[str, Any]) -> list[tuple[int, int, NDArray[np.int64], tuple[bytes, ...]]]:
    found = []
    for i, item in enumerate(_get(traces, "traces", "frames", _list, [])):
        path = f"traces.frames[{i}]"
        given = _object(item, path)
        steps = _column(given, path, "steps", _count, np.int64)
        pictures = [_bytes(one, f"{path}.pictures[{k}]") for k, one in enumerate(_get(given, path, "pictures", _list))]
        if len(pictures) != len(steps):
            raise _wrong(f"{path}.pictures", f"{len(pictures)} entries", f"{len(steps)}, as many as in {path}.steps")
        if (np.diff(steps) <= 0).any():
            raise _wrong(f"{path}.steps", given["steps"], "numbers that rise")
        lane, first = _get(given, path, "lane", _count), _get(given, path, "first", _int64)
        found.append((lane, first, steps, tuple(pictures)))
    return found


def unpack_column(value: Any, path: str = "column") -> NDArray[Any]:
    """The array that `document.pack_column` packed; a DocumentError that names `path` for anything else."""
    given = _object(value, path)
    shape = [_count(size, f"{path}.shape[{i}]") for i, size in enumerate(_get(given, path, "shape", _list))]
    name = _get(given, path, "dtype", _text)
    if name == "object":
        items = _get(given, path, "data", _list)
        if shape != [len(items)]:
            raise _wrong(f"{path}.shape", shape, f"[{len(items)}], the length of data")
        column = np.empty(len(items), object)
        for i, item in enumerate(items):
            column[i] = item
        return column
    try:
        dtype = np.dtype(name)
    except (TypeError, ValueError, SyntaxError):
        raise _wrong(f"{path}.dtype", name, 'a NumPy number type such as "<f4"') from None
    if dtype.kind not in "biufcSU" or not shape or (dtype.itemsize == 0):
        raise _wrong(f"{path}.dtype", name, 'a NumPy number type such as "<f4", and a shape of at least one size')
    size = math.prod(shape) * dtype.itemsize
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(_bytes(_get(given, path, "data", _text), f"{path}.data"), size + 1)
    except zlib.error as error:
        raise _wrong(f"{path}.data", f"something else ({error})", "base64 of zlib-compressed numbers") from None
    if len(data) != size:
        raise _wrong(f"{path}.data", f"{'more than ' if len(data) > size else ''}{min(len(data), size)} bytes",
                     f"{size} bytes for shape {shape} of {name}")  # fmt: skip
    return np.frombuffer(data, dtype).reshape(shape)


# --- the smallest rules: each returns the value, or raises with its place -------------------------------------------


def _wrong(path: str, value: Any, expected: str) -> DocumentError:
    shown = repr(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return DocumentError(f"{path}: found {shown}, expected {expected}.")


_MISSING = object()


def _get(given: dict[str, Any], path: str, field: str, rule: Callable[[Any, str], Any], default: Any = _MISSING) -> Any:
    where = f"{path}.{field}" if path else field
    value = given.get(field, default)
    if value is _MISSING:
        raise DocumentError(f"{where}: missing; a session document has it.")
    return rule(value, where)


def _column(given: dict[str, Any], path: str, field: str, rule: Callable[[Any, str], Any], dtype: Any) -> NDArray[Any]:
    values = _get(given, path, field, _list)
    return np.array([rule(value, f"{path}.{field}[{i}]") for i, value in enumerate(values)], dtype)


def _same_length(columns: dict[str, NDArray[Any]], path: str) -> None:
    (name, first), *others = columns.items()
    for other, column in others:
        if len(column) != len(first):
            raise _wrong(f"{path}.{other}", f"{len(column)} entries", f"{len(first)}, as many as in {path}.{name}")


def _rule(test: Callable[[Any], bool], expected: str, turn: Callable[[Any], Any] = lambda value: value) -> Any:
    def rule(value: Any, path: str) -> Any:
        if not test(value):
            raise _wrong(path, value, expected)
        return turn(value)

    return rule


def _maybe(rule: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    return lambda value, path: None if value is None else rule(value, path)


def _one_of(words: tuple[str, ...]) -> Callable[[Any, str], Any]:
    return _rule(lambda v: v in words, "one of " + ", ".join(words))  # type: ignore[no-any-return]


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or _is_int(value)


_object = _rule(lambda v: isinstance(v, dict) and all(isinstance(k, str) for k in v), "an object")
_list = _rule(lambda v: isinstance(v, list | tuple), "a list")
_text = _rule(lambda v: isinstance(v, str), "a text")
_name = _rule(lambda v: isinstance(v, str) and 0 < len(v) <= 200, "a text of 1 to 200 characters")
_texts = _rule(lambda v: isinstance(v, list | tuple) and all(isinstance(t, str) for t in v), "a list of texts")
_flag = _rule(lambda v: isinstance(v, bool), "true or false")
_integer = _rule(_is_int, "a whole number")
_int64 = _rule(lambda v: _is_int(v) and -_INT64 <= v < _INT64, "a whole number of 64 bits")
_count = _rule(lambda v: _is_int(v) and 0 <= v < _INT64, "a whole number from 0 on")
_success = _rule(lambda v: v is None or (_is_int(v) and v in (0, 1)), "1, 0 or null", lambda v: -1 if v is None else v)
_finite = _rule(lambda v: _is_number(v) and math.isfinite(v), "a finite number", float)
_number = _rule(
    lambda v: _is_number(v) or (isinstance(v, str) and v in WORDS),
    'a number, or "NaN", "Infinity" or "-Infinity"',
    lambda v: WORDS[v] if isinstance(v, str) else float(v),
)


def _bytes(value: Any, path: str) -> bytes:
    try:
        return base64.b64decode(_text(value, path), validate=True)
    except (binascii.Error, ValueError):
        raise _wrong(path, value, "base64 text") from None

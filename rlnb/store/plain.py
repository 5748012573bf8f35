"""Python values as JSON that every JSON reader takes.

JSON has no NaN and no infinity. In a list of numbers they are the strings "NaN", "Infinity" and "-Infinity"; in free
values (parameters, provenance) they are an object, `{"$number": "NaN"}`, so that a text "NaN" stays a text.
What JSON does not know is turned into what it does: NumPy values into numbers and lists, tuples and sets into lists,
dataclasses into objects, and anything else into its `repr`.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def word(value: float) -> float | str:
    """A number for a JSON list."""
    if math.isfinite(value):
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def plain(value: Any) -> Any:
    """`value` as JSON-able values of its own kind, or the nearest."""
    if value is None or isinstance(value, bool | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        named = word(float(value))
        return {"$number": named} if isinstance(named, str) else named
    if isinstance(value, np.generic):
        return plain(value.item()) if not isinstance(value.item(), np.generic) else repr(value)
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=repr)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return repr(value)


def unplain(value: Any) -> Any:
    """The inverse, for what JSON has no number for."""
    if isinstance(value, dict):
        if len(value) == 1 and str(value.get("$number")) in WORDS:
            return WORDS[str(value["$number"])]
        return {key: unplain(item) for key, item in value.items()}
    return [unplain(item) for item in value] if isinstance(value, list) else value


def dumps(value: Any) -> str:
    """JSON text of any value."""
    return json.dumps(plain(value), separators=(",", ":"), allow_nan=False)


def loads(text: str) -> Any:
    """The value of a text that `dumps` made."""
    return unplain(json.loads(text))

"""Columns of a series in as few bytes as keep them exact."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def narrow(name: str, column: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in int32, `lane` in the smallest unsigned type, `cut` in uint8; `time` and places between episodes
    in float32 (they are drawn, not calculated with)."""
    if name == "cut":
        return column.astype(np.uint8)
    if name == "time":
        return column.astype(np.float32)
    if name == "lane":
        most = column.max(initial=0)
        return column.astype(np.uint8 if most < 2**8 else np.uint16 if most < 2**16 else np.uint32)
    small = np.all(np.abs(column) < 2**31) and np.all(column == np.floor(column))  # False where a NaN is
    if small:
        return column.astype(np.int32)
    return column.astype(np.float32) if name == "episode" else column

"""Round numbers for an axis, and how they are written."""

from __future__ import annotations

import math

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round values inside [low, high], about `count` of them.

    >>> nice_ticks(0, 203, 5)
    [0.0, 50.0, 100.0, 150.0, 200.0]
    >>> nice_ticks(3, 3)
    [3.0]
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [float(low)] if math.isfinite(low) else []
    raw = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in _STEPS if s * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def write_number(value: float) -> str:
    """A short text for a tick or a table cell.

    >>> [write_number(v) for v in (0, 0.25, 200, 12_500, 1_000_000, -3.0, 0.0003)]
    ['0', '0.25', '200', '12.5k', '1M', '-3', '0.0003']
    """
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    for floor, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= floor:
            unit = 1e3 if letter == "k" else floor
            return f"{value / unit:.4g}{letter}"
    return f"{value:.4g}" if size < 1000 else f"{value:.0f}"


def span(values_low: float, values_high: float, margin: float = 0.06) -> tuple[float, float]:
    """The range an axis shows for data in [low, high]: a margin on both sides, never empty.

    >>> span(0.0, 100.0)
    (-6.0, 106.0)
    >>> span(5.0, 5.0)
    (4.5, 5.5)
    """
    flat = values_high <= values_low
    pad = (abs(values_low) * 0.1 or 1.0) if flat else (values_high - values_low) * margin
    return values_low - pad, values_high + pad

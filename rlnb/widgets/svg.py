"""A chart as SVG: text stays text, lines stay lines, for slides and papers."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rlnb.widgets.ticks import nice_ticks, write_number

LEFT, RIGHT, TOP, BOTTOM = 64, 16, 64, 48  # pixels around the plot
LINE = 20  # of the legend
FONT = 'font-family="system-ui, sans-serif" font-size="13"'


def curves_svg(panel: Mapping[str, Any], title: str, subtitle: str = "", width: int = 900, height: int = 420) -> str:
    """One panel, as `picture.curves_png` takes it; the background is white, values that are not finite are left out."""
    series = [(one, *_finite(one["x"], one["y"])) for one in panel["series"]]
    keys = [one for one, *_ in series if one["label"]]
    below = height - BOTTOM
    xs, ys = (np.concatenate([data[k] for data in series] or [np.zeros(0)]) for k in (1, 2))
    across, up = _range(xs), _range(ys)

    def at(x: Any, y: Any) -> tuple[Any, Any]:
        right = LEFT + (x - across[0]) / (across[1] - across[0]) * (width - LEFT - RIGHT)
        return right, below - (y - up[0]) / (up[1] - up[0]) * (below - TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + LINE * len(keys)}" {FONT}>',
        '<rect width="100%" height="100%" fill="#fff"/>',
        _text(16, 26, title, size=17),
        _text(16, 48, subtitle, fill="#656d76"),
    ]
    for y in nice_ticks(*up):
        level = at(across[0], y)[1]
        parts.append(f'<path d="M{LEFT} {level:.1f}H{width - RIGHT}" stroke="#e8ebef"/>')
        parts.append(_text(LEFT - 8, level + 4, write_number(y), anchor="end", fill="#656d76"))
    for x in nice_ticks(*across):
        parts.append(_text(at(x, up[0])[0], below + 18, write_number(x), anchor="middle", fill="#656d76"))
    parts.append(_text((LEFT + width) / 2, below + 38, str(panel.get("xlabel", "")), anchor="middle", fill="#656d76"))
    for one, x, y in series:
        parts.extend(_marks(one, *at(x, y)))
    for i, one in enumerate(keys):
        level = height + LINE * i
        parts.append(f'<rect x="{LEFT}" y="{level - 4}" width="14" height="4" fill="{html.escape(one["color"])}"/>')
        parts.append(_text(LEFT + 20, level + 3, one["label"]))
    return "\n".join([*parts, "</svg>\n"])


def _finite(x: Sequence[float], y: Sequence[float]) -> tuple[Any, Any]:
    across, up = np.asarray(x, np.float64), np.asarray(y, np.float64)
    known = np.isfinite(across) & np.isfinite(up)
    return across[known], up[known]


def _range(values: Any) -> tuple[float, float]:
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _marks(one: Mapping[str, Any], x: Any, y: Any) -> Iterator[str]:
    color = html.escape(one["color"])
    if one["kind"] == "points":
        dots = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x.tolist(), y.tolist(), strict=True))
        yield f'<path d="{dots}" stroke="{color}" stroke-width="3" stroke-linecap="round" stroke-opacity="0.3"/>'
    elif len(x):
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
        yield f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2" stroke-linejoin="round"/>'


def _text(x: float, y: float, words: str, anchor: str = "start", fill: str = "#1f2328", size: int = 13) -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-size="{size}"'
    return f"<text {where}>{html.escape(words)}</text>"

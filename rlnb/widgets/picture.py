"""Static pictures: what a saved notebook shows when there is no kernel.

Drawn with Pillow alone: the first import of matplotlib takes half a second, and a picture is due at the end of every
cell. Everything is drawn at twice the size and scaled down, which smooths points and lines alike.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rlnb.widgets.ticks import nice_ticks, span, write_number

Colour = tuple[int, int, int]
Panel = Mapping[str, Any]  # title, series=[{label, color, x, y, kind: "points" | "line"}], xlabel (optional)

_SCALE = 2  # drawn at 2x, shown at 1x
_PANEL_HEIGHT = 236
_SHADES = (1.0, 0.78, 0.55, 0.3)  # of every colour in the palette, towards the page's; keeps two panels under 40 KB


@dataclass(frozen=True)
class _Ink:
    """The colours of one theme; the background is opaque, so the picture reads on any page."""

    page: Colour
    text: Colour
    quiet: Colour
    grid: Colour
    axis: Colour


_LIGHT = _Ink((255, 255, 255), (31, 35, 40), (101, 109, 118), (232, 235, 239), (176, 184, 193))
_DARK = _Ink((22, 27, 34), (230, 237, 243), (145, 152, 161), (45, 51, 59), (92, 99, 108))


def curves_png(panels: Sequence[Panel], title: str, subtitle: str = "", width: int = 900, dark: bool = False) -> bytes:
    """Draw charts into one PNG: two panels a row, a shared legend at the foot.

    A panel is a mapping with `title`, optionally `xlabel`, and `series`: each with `label`, `color` ("#rrggbb"),
    `x` and `y` (any sequences of numbers, equally long) and `kind` ("points" or "line"). Values that are not
    finite are left out. With no data the panel says so.
    """
    ink = _DARK if dark else _LIGHT
    columns = 2 if len(panels) > 1 and width >= 560 else 1
    rows = max(1, -(-len(panels) // columns))
    head = (34 if title else 8) + (20 if subtitle else 0)
    keys = _legend_rows(panels, width - 32)
    height = head + rows * _PANEL_HEIGHT + len(keys) * 22 + 10
    image = Image.new("RGB", (width * _SCALE, height * _SCALE), ink.page)
    draw = ImageDraw.Draw(image)
    if title:
        _text(draw, 16, 10, _fit(title, 17, width - 32), 17, ink.text)
    if subtitle:
        _text(draw, 16, 34 if title else 8, _fit(subtitle, 13, width - 32), 13, ink.quiet)
    for i, panel in enumerate(panels):
        cell = width / columns
        left, top = (i % columns) * cell, head + (i // columns) * _PANEL_HEIGHT
        _draw_panel(draw, panel, (left, top, left + cell, top + _PANEL_HEIGHT), ink)
    y = head + rows * _PANEL_HEIGHT + 2
    for row in keys:
        for x, label, colour in row:
            _rectangle(draw, x, y + 6, x + 14, y + 10, colour)
            _text(draw, x + 20, y, label, 13, ink.text)
        y += 22
    small = image.reduce(_SCALE).quantize(palette=_palette(panels, ink), dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _palette(panels: Sequence[Panel], ink: _Ink) -> Image.Image:
    """The colours that occur, each in a few shades: an adaptive palette loses the faint grid."""
    used = dict.fromkeys(_colour(s.get("color", "#4477aa")) for p in panels for s in p.get("series", ()))
    plain = [ink.page, ink.grid, ink.axis]
    shades = [_mix(c, ink.page, share) for c in [ink.text, ink.quiet, *list(used)[:60]] for share in _SHADES]
    picture = Image.new("P", (1, 1))
    picture.putpalette([byte for colour in (plain + shades)[:256] for byte in colour])
    return picture


def _draw_panel(draw: ImageDraw.ImageDraw, panel: Panel, box: tuple[float, float, float, float], ink: _Ink) -> None:
    """One chart: title, grid, ticks, then points below lines."""
    x0, y0, x1, y1 = box
    left, top, right, bottom = x0 + 56, y0 + 28, x1 - 18, y1 - 40
    _text(draw, left, y0 + 6, _fit(str(panel.get("title", "")), 14, right - left), 14, ink.text)
    series = [(s, *_finite(s["x"], s["y"])) for s in panel.get("series", ())]
    drawn = [(s, x, y) for s, x, y in series if len(x)]
    _rectangle(draw, left, bottom, right, bottom + 1, ink.axis)
    if not drawn:
        _text(draw, (left + right) / 2, (top + bottom) / 2 - 8, "no data yet", 13, ink.quiet, "ma")
        return
    low_x, high_x = min(float(x.min()) for _, x, _ in drawn), max(float(x.max()) for _, x, _ in drawn)
    low_x, high_x = span(low_x, high_x, 0.02)
    low_y, high_y = span(min(float(y.min()) for _, _, y in drawn), max(float(y.max()) for _, _, y in drawn))
    for value in nice_ticks(low_y, high_y, 6):
        at = bottom - (value - low_y) / (high_y - low_y) * (bottom - top)
        if top - 1 <= at <= bottom:
            _rectangle(draw, left, at, right, at + 0.5, ink.grid)
            _text(draw, left - 7, at, write_number(value), 12, ink.quiet, "rm")
    for value in nice_ticks(low_x, high_x, max(3, int((right - left) / 75))):
        at = left + (value - low_x) / (high_x - low_x) * (right - left)
        _rectangle(draw, at, bottom, at + 0.5, bottom + 4, ink.axis)
        _text(draw, at, bottom + 7, write_number(value), 12, ink.quiet, "ma")
    _text(draw, (left + right) / 2, bottom + 22, str(panel.get("xlabel", "")), 12, ink.quiet, "ma")
    for s, x, y in sorted(drawn, key=lambda item: item[0].get("kind") == "line"):
        px = (left + (x - low_x) / (high_x - low_x) * (right - left)) * _SCALE
        py = (bottom - (y - low_y) / (high_y - low_y) * (bottom - top)) * _SCALE
        colour = _colour(s.get("color", "#4477aa"))
        if s.get("kind") == "line" and len(px) > 1:
            px, py = _thin(px, py)
            draw.line(np.column_stack([px, py]).ravel().tolist(), fill=colour, width=2 * _SCALE, joint="curve")
        else:
            _points(draw, px, py, colour if s.get("kind") == "line" else _mix(colour, ink.page, 0.55))


def _points(draw: ImageDraw.ImageDraw, x: NDArray[np.float64], y: NDArray[np.float64], colour: Colour) -> None:
    """Discs of 3 px across; points on the same pixel are drawn once."""
    cells = np.unique(np.round(np.column_stack([x, y])).astype(np.int64), axis=0)
    for cx, cy in cells.tolist():
        draw.ellipse((cx - 3, cy - 3, cx + 3, cy + 3), fill=colour)


def _thin(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keep a line's first, lowest, highest and last point of each pixel column (M4): it looks the same."""
    if len(x) < 1200:
        return x, y
    column = (x / _SCALE).astype(np.int64)
    starts = np.flatnonzero(np.r_[True, np.diff(column) != 0])
    ends = np.r_[starts[1:], len(x)]
    keep: set[int] = set()
    for a, b in zip(starts.tolist(), ends.tolist(), strict=True):
        keep.update((a, a + int(np.argmin(y[a:b])), a + int(np.argmax(y[a:b])), b - 1))
    index = np.array(sorted(keep))
    return x[index], y[index]


def _finite(x: Any, y: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as float arrays, without the pairs that cannot be drawn."""
    a, b = np.asarray(x, dtype=np.float64).ravel(), np.asarray(y, dtype=np.float64).ravel()
    n = min(len(a), len(b))
    good = np.isfinite(a[:n]) & np.isfinite(b[:n])
    return a[:n][good], b[:n][good]


def _legend_rows(panels: Sequence[Panel], width: float) -> list[list[tuple[float, str, Colour]]]:
    """Legend entries (x, label, colour), one a label, broken into rows no wider than `width`."""
    seen: dict[str, Colour] = {}
    for panel in panels:
        for s in panel.get("series", ()):
            if s.get("label"):
                seen.setdefault(str(s["label"]), _colour(s.get("color", "#4477aa")))
    if not seen:
        return []
    rows: list[list[tuple[float, str, Colour]]] = [[]]
    x = 16.0
    for label, colour in seen.items():
        label = _fit(label, 13, min(260, width))
        need = 20 + _font(13).getlength(label) / _SCALE + 20
        if rows[-1] and x + need > 16 + width:
            rows.append([])
            x = 16.0
        rows[-1].append((x, label, colour))
        x += need
    return rows


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * _SCALE)


def _fit(text: str, size: int, width: float) -> str:
    """The text on one line, cut with an ellipsis where it is wider than `width`."""
    text = " ".join(text[:400].split())
    font = _font(size)
    if font.getlength(text) <= width * _SCALE:
        return text
    while text and font.getlength(text + "…") > width * _SCALE:
        text = text[: max(0, int(len(text) * 0.95) - 1)]
    return text.rstrip() + "…"


def _text(
    draw: ImageDraw.ImageDraw, x: float, y: float, text: str, size: int, colour: Colour, anchor: str = "la"
) -> None:
    draw.text((x * _SCALE, y * _SCALE), text, fill=colour, font=_font(size), anchor=anchor)


def _rectangle(draw: ImageDraw.ImageDraw, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
    a, b = round(x0 * _SCALE), round(y0 * _SCALE)
    draw.rectangle((a, b, max(a, round(x1 * _SCALE) - 1), max(b, round(y1 * _SCALE) - 1)), fill=colour)


def _colour(text: str) -> Colour:
    """ "#4477aa" or "#47a" as three bytes."""
    code = text.lstrip("#")
    if len(code) == 3:
        code = "".join(c * 2 for c in code)
    return int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16)


def _mix(a: Colour, b: Colour, share: float) -> Colour:
    """`share` of a, the rest of b: a see-through point without the cost of blending."""
    return tuple(round(p * share + q * (1 - share)) for p, q in zip(a, b, strict=True))  # type: ignore[return-value]

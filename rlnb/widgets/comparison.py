"""The comparison: overlaid curves above a sortable table. Everything lies in traits, so it works without a kernel."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import traitlets
from numpy.typing import NDArray

from .asset import Loaded
from .codec import encode
from .films import Screen

log = logging.getLogger("rlnb.widgets")

MOST_POINTS, LEAST_POINTS = 400, 40  # of a curve
CURVE_BYTES, BAND_BYTES = 80_000, 40_000  # of all of them together, as a notebook of any number of runs stays small
AXES = ("step", "episode", "time")


class Band(Protocol):
    """The mean of a setting's runs over one axis, each column of shape (points,); `band` says what the band is."""

    name: str
    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    band: str


class Comparison(Screen, Loaded):
    """`rows` are JSON-able dicts with an `id`, a `name`, a `color` (index) and `of` ("run", or "setting" for a row over
    those whose `setting` is its id); `columns` dicts of `key`, `label`, `kind` ("text", "number", "dots" or "curve")
    and, where wanted, `of`, `hidden`, `title`; `verdict` a sentence above the chart; `curves` by a run's id float
    arrays `step`, `episode`, `time` and `value`, all of shape (n,); `bands` by a setting's id a band an axis."""

    table = traitlets.Unicode().tag(sync=True)
    curves = traitlets.Bytes().tag(sync=True)

    def __init__(
        self,
        rows: Sequence[Mapping[str, Any]],
        columns: Sequence[Mapping[str, Any]],
        curves: Mapping[str, Mapping[str, Any]],
        bands: Mapping[str, Mapping[str, Any]] | None = None,
        title: str = "Return",
        verdict: str = "",
    ) -> None:
        self._commands: list[Callable[[str, dict[str, Any]], None]] = []
        most = max(LEAST_POINTS, min(MOST_POINTS, CURVE_BYTES // (16 * max(len(curves), 1))))
        packed = _Packed((*AXES, "value"))
        for id_, curve in curves.items():
            keep = thinned(np.asarray(curve["value"], np.float64), most)
            packed.add(id_, [np.asarray(curve[column], np.float64)[keep] for column in (*AXES, "value")])
        words, banded = {}, _Packed(("x", "mean", "low", "high"))
        for id_, by_axis in (bands or {}).items():
            for axis, band in by_axis.items():
                words[id_] = band.band
                banded.add(f"{id_}.{axis}", [band.x, band.mean, band.low, band.high])
        about: dict[str, Any] = {"title": title, "verdict": verdict, "bands": words}
        about.update(rows=[dict(row) for row in rows], columns=[dict(column) for column in columns])
        super().__init__(
            _kind="comparison",
            table=json.dumps(about, allow_nan=False),
            curves=encode(
                {"curves": packed.keys, "bands": banded.keys},
                {**packed.columns(), **banded.columns()},
            ),
        )
        self.on_msg(self._receive)

    def on_command(self, fn: Callable[[str, dict[str, Any]], None]) -> None:
        """Call `fn(name, payload)` for what the page asks: "replay" {"session", "episode"}, "webm"."""
        self._commands.append(fn)

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict) or content.get("type") != "command":
            self.film_error(f"The comparison sent a message that rlnb does not know: {str(content)[:200]}")
            return
        for fn in self._commands:
            try:
                fn(str(content.get("name")), dict(content.get("payload") or {}))
            except Exception as error:  # told in the view; the kernel goes on
                log.debug("command failed", exc_info=True)
                self.film_error(str(error))


class _Packed:
    """Many short curves end to end: a column of each would take more for its name than for its numbers."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._parts: list[list[Any]] = []
        self.keys: list[tuple[str, int]] = []  # each curve and its number of points

    def add(self, key: str, columns: list[Any]) -> None:
        """A curve: its columns, all of shape (n,)."""
        self.keys.append((key, len(columns[0])))
        self._parts.append(columns)

    def columns(self) -> dict[str, NDArray[np.float32]]:
        """The curves' columns, shape (all points,)."""
        joined = zip(*self._parts, strict=True) if self._parts else [[] for _ in self._names]
        return {
            name: np.concatenate([np.zeros(0), *parts]).astype(np.float32)
            for name, parts in zip(self._names, joined, strict=True)
        }


def band_points(settings: int) -> int:
    """How many points a band may have so that all of them stay small."""
    return max(20, min(200, BAND_BYTES // (48 * max(settings, 1))))


def thinned(values: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Indices of at most `most` values that keep the shape: first, lowest, highest and last of each of `most / 4`
    buckets (M4, Jugel et al. 2014)."""
    n = len(values)
    if n <= most:
        return np.arange(n)
    edges = np.linspace(0, n, most // 4 + 1).astype(int)
    keep: set[int] = set()
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        known = np.flatnonzero(np.isfinite(values[low:high])) + low
        keep.update((low, high - 1))
        if len(known):
            keep.update((int(known[np.argmin(values[known])]), int(known[np.argmax(values[known])])))
    return np.array(sorted(keep), np.intp)

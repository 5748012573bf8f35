"""The comparison: overlaid curves above a sortable table. Everything lies in traits, so it works without a kernel."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from .asset import Loaded
from .codec import encode
from .films import Screen

log = logging.getLogger("rlnb.widgets")

MOST_POINTS = 500  # of a curve
AXES = ("step", "episode", "time")


class Comparison(Screen, Loaded):
    """`rows` are JSON-able dicts with an `id` and a `name`; `columns` dicts of `key`, `label`, `kind` ("text" or
    "number"); `verdict` a sentence above the chart; `curves` one dict a row with float arrays `step`, `episode`, `time`
    and `value`, all of shape (n,)."""

    table = traitlets.Unicode().tag(sync=True)
    curves = traitlets.Bytes().tag(sync=True)

    def __init__(
        self,
        rows: Sequence[Mapping[str, Any]],
        columns: Sequence[Mapping[str, str]],
        curves: Sequence[Mapping[str, Any]],
        title: str = "Return",
        verdict: str = "",
    ) -> None:
        self._commands: list[Callable[[str, dict[str, Any]], None]] = []
        packed: dict[str, Any] = {}
        for i, curve in enumerate(curves):
            keep = thinned(np.asarray(curve["value"], np.float64), MOST_POINTS)
            for axis in AXES:
                packed[f"{i}.{axis}"] = np.asarray(curve[axis], np.float64)[keep].astype(np.float32)
            packed[f"{i}.value"] = np.asarray(curve["value"], np.float64)[keep].astype(np.float32)
        about = {"rows": [dict(row) for row in rows], "columns": [dict(column) for column in columns], "title": title}
        about["verdict"] = verdict
        super().__init__(_kind="comparison", table=json.dumps(about, allow_nan=False), curves=encode({}, packed))
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

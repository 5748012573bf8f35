"""`rlnb.chart`: the comparison's curves as a Bokeh figure; `rlnb.save_chart`: as a file, with no browser."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlnb.control.comparing import TITLE, Comparison, chosen
from rlnb.control.doors import the_room
from rlnb.control.session import Session
from rlnb.control.writing import write_whole
from rlnb.errors import BadValue
from rlnb.stats import mean_band

AXES = {"step": "environment step", "episode": "episode", "time": "seconds"}
KINDS = (".jpeg", ".jpg", ".png", ".svg", ".html")
POINTS = 200  # of a mean and its band
Curve = NDArray[np.float64]


class Setting(NamedTuple):
    """The runs of one setting, (x, y) each, and their mean and band as far as all runs reach."""

    name: str
    color: str
    runs: list[tuple[Curve, Curve]]
    x: Curve
    mean: Curve
    low: Curve
    high: Curve
    band: str


def settings_of(comparison: Comparison, axis: str) -> list[Setting]:
    """The curves of a comparison by setting. Runs of unequal length are averaged only where all of them are."""
    from rlnb.widgets.palette import colours

    curves = {curve["session"]: (curve[axis], curve["value"]) for curve in comparison.curves}
    found = []
    for (name, ids), color in zip(comparison.settings.items(), colours(len(comparison.settings)), strict=True):
        runs = [curves[id_] for id_ in ids if len(curves[id_][0])]
        nothing = np.zeros(0)
        setting = Setting(name, color, runs, nothing, nothing, nothing, nothing, "no episode")
        if runs:
            low, high = max(float(x[0]) for x, _ in runs), min(float(x[-1]) for x, _ in runs)
            if low <= high:
                grid = np.linspace(low, high, POINTS)
                band = mean_band(np.array([np.interp(grid, x, y) for x, y in runs]))
                setting = setting._replace(x=grid, mean=band.mean, low=band.low, high=band.high, band=band.name)
        found.append(setting)
    return found


def chart(
    *sessions: Session | str, by: str | None = None, axis: str = "step", width: int = 760, height: int = 360
) -> Any:
    """The curves of sessions as a `bokeh.plotting.figure`, to restyle, to show or to save.

    Thin lines are runs; a setting with several has their mean, and a band that the legend names. `axis` is "step",
    "episode" or "time"; `by` groups runs as in `rlnb.compare`.

    >>> from bokeh.plotting import show        # doctest: +SKIP
    >>> show(rlnb.chart("slow", "fast"))       # doctest: +SKIP
    """
    from bokeh.plotting import figure

    comparison = _comparison(sessions, by, axis)
    labels: dict[str, Any] = {"x_axis_label": AXES[axis], "y_axis_label": TITLE}
    plot = figure(title=comparison.verdict or TITLE, width=width, height=height, **labels)
    for setting in settings_of(comparison, axis):
        several = len(setting.runs) > 1
        label = f"{setting.name} ({setting.band})" if several else setting.name
        for x, y in setting.runs:
            thin: dict[str, Any] = {"line_width": 1, "line_alpha": 0.35} if several else {"line_width": 2}
            plot.line(x, y, line_color=setting.color, legend_label=label, **thin)
        if several and len(setting.x):
            fill: dict[str, Any] = {"fill_color": setting.color, "fill_alpha": 0.18}
            plot.varea(setting.x, setting.low, setting.high, legend_label=label, **fill)
            plot.line(setting.x, setting.mean, line_color=setting.color, line_width=2.5, legend_label=label)
    if plot.legend:
        plot.legend.click_policy = "hide"
        plot.legend.location = "top_left"
    return plot


def save_chart(
    path: str | os.PathLike[str], *sessions: Session | str, by: str | None = None, axis: str = "step"
) -> Path:
    """Write the curves of sessions as .jpeg, .png, .svg or .html (which can be zoomed); no browser is needed."""
    target = Path(path)
    kind = target.suffix.lower()
    if kind not in KINDS:
        raise BadValue(f"rlnb.save_chart({str(path)!r}): a file that ends in {', '.join(KINDS)} is needed.")
    if kind == ".html":
        from bokeh.embed import file_html
        from bokeh.resources import INLINE

        data = file_html(chart(*sessions, by=by, axis=axis), INLINE, title=TITLE).encode()
    else:
        comparison = _comparison(sessions, by, axis)
        panel = {"title": TITLE, "xlabel": AXES[axis], "series": _series(settings_of(comparison, axis))}
        data = _picture(panel, comparison.verdict, kind)
    return write_whole(target, data)


def _comparison(sessions: Sequence[Session | str], by: str | None, axis: str) -> Comparison:
    if axis not in AXES:
        raise BadValue(f"axis={axis!r}: one of {', '.join(map(repr, AXES))} is needed.")
    return Comparison(the_room(), chosen(sessions, "rlnb.chart"), by)


def _series(settings: Sequence[Setting]) -> list[dict[str, Any]]:
    series = []
    for setting in settings:
        several = len(setting.runs) > 1
        for i, (x, y) in enumerate(setting.runs):
            label = "" if several or i else setting.name
            kind = "points" if several else "line"
            series.append({"label": label, "color": setting.color, "x": x, "y": y, "kind": kind})
        if several and len(setting.x):
            label = f"{setting.name} (mean of {len(setting.runs)} runs)"
            series.append({"label": label, "color": setting.color, "x": setting.x, "y": setting.mean, "kind": "line"})
    return series


def _picture(panel: dict[str, Any], words: str, kind: str) -> bytes:
    if kind == ".svg":
        from rlnb.widgets.svg import curves_svg

        return curves_svg(panel, title="Comparison", subtitle=words).encode()
    from rlnb.widgets.picture import curves_png

    png = curves_png([panel], title="Comparison", subtitle=words)
    if kind == ".png":
        return png
    from PIL import Image

    out = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()

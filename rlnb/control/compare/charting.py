"""`rlnb.chart`: the comparison's curves as a Bokeh figure; `rlnb.save_chart`: as a file, with no browser."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rlnb.control.compare.comparing import TITLE, Comparison, chosen
from rlnb.control.compare.lines import AXES, lines_of
from rlnb.control.doors import the_room
from rlnb.control.session import Session
from rlnb.control.writing import write_whole
from rlnb.errors import BadValue

KINDS = (".jpeg", ".jpg", ".png", ".svg", ".html")


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

    from rlnb.widgets.palette import colours

    comparison = _comparison(sessions, by, axis)
    labels: dict[str, Any] = {"x_axis_label": AXES[axis], "y_axis_label": TITLE}
    plot = figure(title=comparison.verdict or TITLE, width=width, height=height, **labels)
    settings = lines_of(comparison.settings, axis)
    for setting, color in zip(settings, colours(len(settings)), strict=True):
        several = len(setting.runs) > 1
        label = f"{setting.name} ({setting.band})" if several else setting.name
        for x, y in setting.runs:
            thin: dict[str, Any] = {"line_width": 1, "line_alpha": 0.35} if several else {"line_width": 2}
            plot.line(x, y, line_color=color, legend_label=label, **thin)
        if several and len(setting.x):
            fill: dict[str, Any] = {"fill_color": color, "fill_alpha": 0.18}
            plot.varea(setting.x, setting.low, setting.high, legend_label=label, **fill)
            plot.line(setting.x, setting.mean, line_color=color, line_width=2.5, legend_label=label)
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
        panel = {"title": TITLE, "xlabel": AXES[axis], "series": picture_series(comparison, axis)}
        data = _picture(panel, comparison.verdict, kind)
    return write_whole(target, data)


def _comparison(sessions: Sequence[Session | str], by: str | None, axis: str) -> Comparison:
    if axis not in AXES:
        raise BadValue(f"axis={axis!r}: one of {', '.join(map(repr, AXES))} is needed.")
    return Comparison(the_room(), chosen(sessions, "rlnb.chart"), by)


def picture_series(comparison: Comparison, axis: str) -> list[dict[str, Any]]:
    """The curves as `curves_png` and `curves_svg` draw them: of a setting with several runs the runs as faint points
    and their mean as a line, else the run as a line."""
    from rlnb.widgets.palette import colours

    series, settings = [], lines_of(comparison.settings, axis)
    for setting, color in zip(settings, colours(len(settings)), strict=True):
        several = len(setting.runs) > 1
        for x, y in setting.runs:
            label, kind = ("", "points") if several else (setting.name, "line")
            series.append({"label": label, "color": color, "x": x, "y": y, "kind": kind})
        if several and len(setting.x):
            label = f"{setting.name} (mean of {len(setting.runs)} runs)"
            series.append({"label": label, "color": color, "x": setting.x, "y": setting.mean, "kind": "line"})
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

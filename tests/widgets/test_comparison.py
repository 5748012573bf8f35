"""The comparison: everything in traits, bounded, and messages that are never silent."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rlnb.widgets.codec import decode
from rlnb.widgets.comparison import (
    AXES,
    BAND_BYTES,
    CURVE_BYTES,
    LEAST_POINTS,
    MOST_POINTS,
    Comparison,
    band_points,
    thinned,
)
from rlnb.widgets.table import cell, table_html

COLUMNS = [{"key": "name", "label": "name", "kind": "text"}, {"key": "best", "label": "best <b>", "kind": "number"}]


def curve(n: int) -> dict[str, object]:
    x = np.arange(n, dtype=float)
    return {"step": x, "episode": x, "time": x, "value": np.sin(x)}


def rows(count: int) -> list[dict[str, object]]:
    return [{"id": f"s{k}", "of": "run", "color": k, "name": f"run {k}", "best": 1.5 * k} for k in range(count)]


def curves(count: int, n: int) -> dict[str, dict[str, object]]:
    return {f"s{k}": curve(n) for k in range(count)}


@pytest.mark.parametrize("count", [10, 100, 200])
def test_any_number_of_sessions_stays_small(count: int) -> None:
    bands = {f"setting:{k}": {axis: band(band_points(count)) for axis in AXES} for k in range(count // 5)}
    widget = Comparison(rows(count), COLUMNS, curves(count, 100_000), bands)
    assert len(widget.curves) < max(CURVE_BYTES, 16 * LEAST_POINTS * count) + BAND_BYTES + 100 * count
    meta, _ = decode(widget.curves)
    assert all(n <= MOST_POINTS for _, n in meta["curves"])
    assert len(meta["bands"]) == 3 * (count // 5)


def band(points: int) -> object:
    x = np.arange(points, dtype=float)
    return SimpleNamespace(name="", x=x, mean=x, low=x, high=x, band="95% t-interval of the mean, 5 runs")


def test_rows_and_columns_are_what_was_given() -> None:
    widget = Comparison(rows(2), COLUMNS, {"s0": curve(3), "s1": curve(0)}, title="Return")
    about = json.loads(widget.table)
    assert about["rows"][1] == {"id": "s1", "of": "run", "color": 1, "name": "run 1", "best": 1.5}
    meta, columns = decode(widget.curves)
    assert meta["curves"] == [["s0", 3], ["s1", 0]]
    assert columns["step"].tolist() == [0, 1, 2]


@given(arrays(np.float64, st.integers(0, 3000), elements=st.floats(-1e6, 1e6) | st.just(float("nan"))))
def test_thinning_keeps_ends_and_extremes(values: np.ndarray) -> None:
    keep = thinned(values, 100)
    assert len(keep) <= max(100, min(len(values), 100))
    assert (np.diff(keep) > 0).all()
    if len(values):
        assert keep[0] == 0
        assert keep[-1] == len(values) - 1
        if np.isfinite(values).any():
            assert np.nanmax(values[keep]) == np.nanmax(values)
            assert np.nanmin(values[keep]) == np.nanmin(values)


def test_commands_and_their_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    widget = Comparison(rows(1), COLUMNS, curves(1, 3))
    sent, heard = [], []
    monkeypatch.setattr(widget, "send", lambda content, buffers=None: sent.append(content))
    widget.on_command(lambda name, payload: heard.append((name, payload)))
    command = {"type": "command", "name": "replay", "payload": {"session": "s0", "episode": "best"}}
    widget._receive(widget, command, [])
    assert heard == [("replay", {"session": "s0", "episode": "best"})]
    widget._receive(widget, {"type": "dance"}, [])
    assert sent[-1]["type"] == "film_error"

    def broken(name: str, payload: dict[str, object]) -> None:
        raise RuntimeError("no such session")

    widget.on_command(broken)
    widget._receive(widget, command, [])
    assert sent[-1] == {"type": "film_error", "text": "no such session"}


def test_a_cell_may_be_said_in_words() -> None:
    html = table_html([{"name": "a", "best": None, "best:text": "not by <5>"}], COLUMNS)
    assert "not by &lt;5&gt;" in html


def test_the_static_table_is_escaped() -> None:
    html = table_html([{"name": "<script>", "best": None}], COLUMNS)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "best &lt;b&gt;" in html
    assert ">–<" in html


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (1234567, "1,234,567"), (0.1, "0.1"), (499.06, "499.1"), (1e-5, "1e-05"), (True, "True"), ("x", "x")],
)
def test_cells(value: object, text: str) -> None:
    assert cell(value) == text

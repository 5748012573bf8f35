"""The comparison: everything in traits, bounded, and messages that are never silent."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rlnb.widgets.codec import decode
from rlnb.widgets.comparison import MOST_POINTS, Comparison, thinned
from rlnb.widgets.table import cell, table_html

COLUMNS = [{"key": "name", "label": "name", "kind": "text"}, {"key": "best", "label": "best <b>", "kind": "number"}]


def curve(n: int) -> dict[str, object]:
    x = np.arange(n, dtype=float)
    return {"step": x, "episode": x, "time": x, "value": np.sin(x)}


def rows(count: int) -> list[dict[str, object]]:
    return [{"id": f"s{k}", "name": f"run {k}", "best": 1.5 * k} for k in range(count)]


def test_ten_sessions_stay_small() -> None:
    widget = Comparison(rows(10), COLUMNS, [curve(100_000)] * 10)
    assert len(widget.table) + len(widget.curves) < 100_000
    assert all(len(column) <= MOST_POINTS for column in decode(widget.curves)[1].values())


def test_rows_and_columns_are_what_was_given() -> None:
    widget = Comparison(rows(2), COLUMNS, [curve(3), curve(0)], title="Return")
    about = json.loads(widget.table)
    assert about["rows"][1] == {"id": "s1", "name": "run 1", "best": 1.5}
    assert decode(widget.curves)[1]["0.step"].tolist() == [0, 1, 2]


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
    widget = Comparison(rows(1), COLUMNS, [curve(3)])
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

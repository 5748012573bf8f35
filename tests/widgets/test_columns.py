"""Columns keep every row while they fit, and every extreme when they do not."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rlnb.widgets.columns import Columns, first_low_high_last


def chunk(values: np.ndarray, start: int = 0) -> dict[str, np.ndarray]:
    index = np.arange(start, start + len(values))
    return {"episode": index, "step": index * 10, "time": index / 7, "value": values}


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**16), n=st.integers(1, 3000), share=st.floats(0.001, 1.0))
def test_thinning_keeps_the_extremes_and_the_ends(seed: int, n: int, share: float) -> None:
    values = np.random.default_rng(seed).normal(size=n)
    values[:: max(2, n // 3)] = np.nan
    rows = first_low_high_last(values, max(1, int(n * share)))
    assert (np.diff(rows) > 0).all()
    assert rows[0] == 0
    assert rows[-1] == n - 1
    if np.isfinite(values).any():
        assert np.nanmin(values[rows]) == np.nanmin(values)
        assert np.nanmax(values[rows]) == np.nanmax(values)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), pieces=st.integers(1, 30))
def test_memory_is_bounded_and_no_extreme_is_lost(seed: int, pieces: int) -> None:
    random = np.random.default_rng(seed)
    columns = Columns(most=500)
    everything = []
    for k in range(pieces):
        values = random.normal(size=200)
        everything.append(values)
        columns.extend(chunk(values, 200 * k))
        assert len(columns) <= 500
    whole = np.concatenate(everything)
    assert columns.total == len(whole)
    assert columns["value"].min() == whole.min()
    assert columns["value"].max() == whole.max()
    np.testing.assert_array_equal(columns["value"], whole[columns["episode"].astype(int)])
    np.testing.assert_array_equal(columns.since(len(whole) - 50)["value"], whole[-50:])


def test_a_window_has_every_row_while_they_are_few_and_its_extremes_when_they_are_many() -> None:
    values = np.sin(np.arange(10_000))
    values[7777] = 50
    columns = Columns()
    columns.extend(chunk(values))
    few, count = columns.window("episode", 7770, 7790, 100)
    assert count == 21
    np.testing.assert_array_equal(few["value"], values[7770:7791])
    many, count = columns.window("step", 0, 99_990, 400)
    assert count == 10_000
    assert len(many["value"]) <= 400
    assert many["value"].max() == 50


def test_rows_that_name_no_lane_are_of_the_first() -> None:
    columns = Columns()
    columns.extend(chunk(np.ones(3)))
    columns.extend({**chunk(np.ones(2), 3), "lane": 4})
    assert columns["lane"].tolist() == [0, 0, 0, 4, 4]

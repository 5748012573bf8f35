"""A history stays small, keeps every extreme, and its means are the means of all rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlnb.widgets.history import COLUMNS, LIMIT, History, m4


def rows_of(values: np.ndarray, start: int = 0) -> np.ndarray:
    rows = np.zeros((len(values), len(COLUMNS)))
    rows[:, 0] = np.arange(start, start + len(values))
    rows[:, 1] = rows[:, 0] * 10
    rows[:, 3] = values
    return rows


def test_a_short_history_is_kept_whole() -> None:
    history = History()
    rows = rows_of(np.random.default_rng(0).normal(size=LIMIT))
    history.extend(rows[:3])
    history.extend(rows[3:])
    np.testing.assert_array_equal(history.rows, rows)
    assert history.means() is None


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**16), n=st.integers(LIMIT + 1, 30_000), chunk=st.integers(1, 5000))
def test_a_long_history_is_small_and_true(seed: int, n: int, chunk: int) -> None:
    values = np.random.default_rng(seed).normal(size=n)
    chunk = max(chunk, n // 50)
    history = History()
    for at in range(0, n, chunk):
        history.extend(rows_of(values[at : at + chunk], at))
        assert len(history.rows) <= LIMIT
    assert history.total == n
    kept = history.rows
    assert len(kept) > LIMIT // 4
    assert kept[:, 3].min() == values.min()
    assert kept[:, 3].max() == values.max()
    assert (np.diff(kept[:, 0]) > 0).all()
    assert kept[0, 0] == 0
    assert kept[-1, 0] == n - 1
    np.testing.assert_array_equal(kept[:, 3], values[kept[:, 0].astype(int)])
    means = history.means()
    assert means is not None
    assert means.count.sum() == n
    assert np.sum(means.count * means.mean[:, 3]) == pytest.approx(values.sum(), abs=1e-6)


def test_values_that_are_no_number_do_not_spoil_the_means() -> None:
    values = np.ones(5000)
    values[::7] = np.nan
    values[13] = np.inf
    history = History()
    history.extend(rows_of(values))
    means = history.means()
    assert means is not None
    assert (means.mean[:, 3] == 1).all()
    assert np.isinf(history.rows[:, 3]).any()


def test_m4_of_nothing_and_of_equal_values() -> None:
    assert len(m4(np.zeros(0, np.int64), np.zeros(0))) == 0
    assert m4(np.zeros(5, np.int64), np.ones(5))[[0, -1]].tolist() == [0, 4]

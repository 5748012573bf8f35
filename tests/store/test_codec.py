"""Columns come back to the bit, and small."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rlnb.store.codec import decode, encode
from rlnb.store.starts import pack_starts, unpack_starts
from rlnb.trace import pack_start

DTYPES = st.one_of(
    hnp.boolean_dtypes(), hnp.integer_dtypes(endianness="?"), hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?"), hnp.complex_number_dtypes(endianness="="),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=20)))
def test_any_numbers_come_back_to_the_bit(column: np.ndarray) -> None:
    (back,) = decode(encode([column]))
    assert back.dtype == column.dtype and back.shape == column.shape
    assert back.tobytes() == column.tobytes()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=50), st.integers(0, 2**40))
def test_counters_and_extremes(values: list[int], base: int) -> None:
    columns = [np.array(values, np.int64), base + np.cumsum(np.arange(len(values)))]
    for column, back in zip(columns, decode(encode(columns)), strict=True):
        assert np.array_equal(column, back)


def test_cartpole_steps_cost_their_checksums_and_little_more() -> None:
    rng = np.random.default_rng(0)
    n = 10_000
    block = encode([rng.integers(0, 2, n), np.ones(n), rng.integers(0, 2**16, n).astype(np.uint16)])
    assert len(block) / n < 2.2


def test_clock_times_cost_far_less_than_floats() -> None:
    times = 1.7e9 + np.cumsum(np.random.default_rng(0).uniform(1e-3, 2e-3, 1000))
    assert len(encode([times])) / 1000 < 2.5


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, -0.0, 1e300, 5e-324])
def test_special_floats(special: float) -> None:
    column = np.array([1.0, special, 2.0, special])
    assert decode(encode([column]))[0].tobytes() == column.tobytes()


def test_objects_become_json() -> None:
    column = np.empty(2, object)
    column[0], column[1] = {"a": np.arange(2)}, (1, 2.5)
    (back,) = decode(encode([column]))
    assert back[0] == {"a": [0, 1]} and back[1] == [1, 2.5]


@settings(deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=50), st.integers(0, 2**128).map(lambda i: pack_start({"state": i})))))
def test_starts_come_back(starts: list[bytes]) -> None:
    assert unpack_starts(pack_starts(starts)) == starts
    for row, start in enumerate(starts):
        assert unpack_starts(pack_starts(starts), only=row) == [start]

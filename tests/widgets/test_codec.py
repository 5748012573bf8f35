"""Frames give back what they were given, in a layout that JavaScript can map without a copy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rlnb.widgets.codec import column, decode, encode

DTYPES = ["f8", "f4", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?", ">f8", ">i4", "f2"]
arrays = st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, st.integers(0, 40)))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e300, 1e300) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(meta=st.dictionaries(st.text(), json_values, max_size=4), columns=st.dictionaries(st.text(), arrays, max_size=5))
def test_a_frame_gives_back_its_numbers(meta: dict, columns: dict) -> None:
    back_meta, back = decode(encode(meta, columns))
    assert back_meta == json.loads(json.dumps(meta))
    assert list(back) == list(columns)
    for name, array in columns.items():
        expected = array.astype(np.float64)
        np.testing.assert_array_equal(back[name].astype(np.float64), expected)


@given(columns=st.dictionaries(st.text(max_size=3), arrays, max_size=5))
def test_every_column_begins_at_a_multiple_of_eight(columns: dict) -> None:
    frame = encode({}, columns)
    size = int.from_bytes(frame[4:8], "little")
    assert size % 8 == 0
    assert len(frame) % 8 == 0
    header = json.loads(frame[8 : 8 + size])
    assert all(entry["at"] % 8 == 0 for entry in header["columns"])


@pytest.mark.parametrize("values", [[[1, 2], [3, 4]], ["a"], [1j], [object()]])
def test_what_is_no_column_of_numbers_is_refused(values: list) -> None:
    with pytest.raises(ValueError, match="column"):
        column(values)


def test_bytes_that_are_no_frame_are_refused() -> None:
    with pytest.raises(ValueError, match="no rlnb frame"):
        decode(b"hello, world")


FIXTURE = Path(__file__).parents[2] / "js" / "tests" / "fixtures" / "frame.bin"


def fixture_frame() -> bytes:
    """What js/tests/codec.test.ts reads."""
    return encode(
        {"name": "Größe 🤖", "n": 3},
        {
            "i8": np.array([1, -2, 3]),
            "large": np.array([2**40]),
            "f8": np.array([0.1, np.nan, np.inf]),
            "f4": np.array([0.5], np.float32),
            "u1": np.array([True, False, True]),
            "empty": np.zeros(0),
            "i2": np.array([-7], np.int16),
        },
    )


def test_the_fixture_of_the_typescript_test_is_what_python_writes() -> None:
    assert FIXTURE.read_bytes() == fixture_frame()

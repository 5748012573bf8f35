"""The trailing mean."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rlnb.control.smoothing import trailing_mean


@given(
    arrays(np.float64, st.integers(0, 60), elements=st.floats(-1e6, 1e6) | st.just(float("nan"))), st.integers(1, 30)
)
def test_agrees_with_the_mean_of_each_window(values, window):
    smooth = trailing_mean(values, window)
    for i, value in enumerate(values):
        if np.isnan(value):
            assert np.isnan(smooth[i])
        else:
            assert np.isclose(smooth[i], np.nanmean(values[max(0, i - window + 1) : i + 1]), atol=1e-4)

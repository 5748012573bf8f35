"""Every figure against SciPy or a hand count, and the words against what may be said."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from rlnb import stats
from rlnb.errors import BadValue
from rlnb.stats.student import incomplete_beta, t_quantile, t_tail
from rlnb.stats.verdict import bimodal, runs_needed

scores = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=12).filter(lambda v: np.std(v) > 1e-3)


@given(st.floats(0.1, 60), st.floats(0.1, 60), st.floats(0, 1))
def test_incomplete_beta(a, b, x):
    from scipy.special import betainc

    assert incomplete_beta(a, b, x) == pytest.approx(betainc(a, b, x), abs=1e-10)


@given(st.floats(-20, 20), st.floats(1, 200))
def test_t_tail(t, df):
    assert t_tail(t, df) == pytest.approx(2 * scipy_stats.t.sf(abs(t), df), abs=1e-8)  # SciPy's own is rough near 0


@given(st.floats(0.001, 0.999), st.floats(1, 200))
def test_t_quantile(p, df):
    assert t_quantile(p, df) == pytest.approx(scipy_stats.t.ppf(p, df), rel=1e-7, abs=1e-9)


@given(scores)
def test_t_interval(values):
    found = stats.t_interval(values)
    low, high = scipy_stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=scipy_stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-6, abs=1e-6)


def test_bca_interval():
    rng = np.random.default_rng(0)
    values = rng.gamma(2.0, 10.0, 25)
    found = stats.bca_interval(values)
    peer = scipy_stats.bootstrap((values,), np.mean, method="BCa", n_resamples=20_000, rng=1).confidence_interval
    width = peer.high - peer.low
    assert abs(found.low - peer.low) < 0.05 * width
    assert abs(found.high - peer.high) < 0.05 * width


def test_the_expanded_bootstrap_is_as_wide_as_student_where_the_scores_are_normal():
    values = np.random.default_rng(3).normal(size=12)
    plain, expanded = stats.bca_interval(values), stats.bca_interval(values, expanded=True)
    student = stats.t_interval(values)
    width = student.high - student.low
    assert plain.high - plain.low < 0.92 * width
    assert abs((expanded.high - expanded.low) / width - 1) < 0.06


@pytest.mark.parametrize("runs", [2, 9, 10, 25])
def test_a_band_is_the_interval_at_each_point(runs):
    curves = np.random.default_rng(runs).gamma(2.0, 10.0, (runs, 5))
    band = stats.mean_band(curves)
    for k in range(5):
        alone = stats.mean_interval(curves[:, k])
        width = alone.high - alone.low
        assert band.mean[k] == pytest.approx(alone.mean)
        assert abs(band.low[k] - alone.low) < 0.06 * width
        assert abs(band.high[k] - alone.high) < 0.06 * width
    assert f"{runs} runs" in band.name and ("BCa" in band.name) == (runs >= 10)
    one = stats.mean_band(curves[:1])
    assert np.isnan(one.low).all() and one.mean.tolist() == curves[0].tolist()
    with pytest.raises(BadValue, match="shape"):
        stats.mean_band(curves[0])


def test_the_method_follows_the_number_of_runs():
    assert "t-interval" in stats.mean_interval(range(9)).kind
    assert "BCa" in stats.mean_interval(range(10)).kind
    one = stats.mean_interval([3.0])
    assert one.kind == "1 run: an anecdote"
    assert math.isnan(one.low)


@given(scores, scores)
def test_welch(a, b):
    found = stats.welch_test(a, b)
    peer = scipy_stats.ttest_ind(a, b, equal_var=False)
    assert found.p == pytest.approx(peer.pvalue, abs=1e-8)
    interval = peer.confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-5, abs=1e-5)


@settings(max_examples=25)
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=5), st.lists(st.integers(-50, 50), min_size=2, max_size=5))
def test_permutation(a, b):
    found = stats.permutation_test(a, b)
    peer = scipy_stats.permutation_test(
        (a, b), lambda x, y, axis: np.abs(x.mean(axis) - y.mean(axis)), vectorized=True, alternative="greater"
    )
    assert found.p == pytest.approx(peer.pvalue, abs=1e-9)


def test_the_smallest_possible_p():
    assert stats.permutation_test([7, 8, 9], [1, 2, 3]).p == pytest.approx(0.10)
    assert stats.permutation_test([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]).p == pytest.approx(2 / 252)


@given(scores, scores)
def test_probability_of_improvement(a, b):
    found = stats.probability_of_improvement(a, b)
    u = scipy_stats.mannwhitneyu(a, b).statistic
    assert found.mean == pytest.approx(u / (len(a) * len(b)))
    assert 0 <= found.low <= found.mean + 1e-9
    assert found.mean - 1e-9 <= found.high <= 1


def test_a_clean_sweep_is_not_certainty():
    found = stats.probability_of_improvement([7, 8, 9], [1, 2, 3])
    assert found.mean == 1.0
    assert found.high == pytest.approx(1.0)
    assert 0.3 < found.low < 0.9


def test_holm():
    assert stats.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert stats.holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])


def test_iqm_and_profile():
    values = np.arange(16.0)
    assert stats.iqm(values) == pytest.approx(scipy_stats.trim_mean(values, 0.25))
    assert stats.performance_profile(values, np.array([-1.0, 7.5, 15.0])).tolist() == [1.0, 0.5, 0.0]


def test_steps_to_threshold():
    found = stats.steps_to_threshold([41, 30, 55, 100, 100], [True, True, True, False, False])
    assert (found.reached, found.n, found.median, found.longest_without) == (3, 5, 55, 100)
    assert found.surviving == pytest.approx([0.8, 0.6, 0.4])
    assert str(found) == "3 of 5 reached it, median 55 steps; the others had not by 100 steps"


def test_steps_to_threshold_agrees_with_scipy():
    rng = np.random.default_rng(1)
    t, hit = rng.integers(1, 30, 40), rng.random(40) < 0.6
    sample = scipy_stats.CensoredData(uncensored=t[hit], right=t[~hit])
    curve = scipy_stats.ecdf(sample).sf
    found = stats.steps_to_threshold(t, hit)
    assert found.surviving == pytest.approx(curve.evaluate(found.times))


def test_words():
    assert stats.compare_runs([1], [2]).words == "1 run each: an anecdote"
    few = stats.compare_runs([490, 470, 500], [480, 455, 495])
    assert few.better is None
    assert "not distinguishable with 3 runs each; about" in few.words
    clear = stats.compare_runs(np.arange(10) + 500.0, np.arange(10) + 100.0, names=("wide", "narrow"))
    assert clear.better == "a"
    assert "wide is better" in clear.words and "100% of pairs" in clear.words
    assert stats.compare_runs(np.arange(10) + 100.0, np.arange(10) + 500.0).better == "b"


def test_two_camps_are_named():
    assert bimodal([500, 499, 498, 20, 25], 475) == "3 solved, 2 failed"
    assert bimodal([500, 499, 498, 497, 496]) is None
    assert bimodal([500, 480, 20], 475) == "2 solved, 1 failed"
    assert bimodal([500, 480, 20]) is None
    assert bimodal([1.0, 2.0, 5.0, 6.0]) is None  # chance leaves such gaps between so few
    assert "3 solved, 2 failed" in stats.compare_runs([500, 499, 498, 20, 25], [9, 8, 9, 8, 9], threshold=475).words


def test_runs_needed_gives_the_power():
    """Simulated: with that many runs a difference of one deviation is seen in about 80 % of studies."""
    n, rng = runs_needed(1.0, 1.0), np.random.default_rng(0)
    a, b = rng.normal(1, 1, (2000, n)), rng.normal(0, 1, (2000, n))
    power = (scipy_stats.ttest_ind(a, b, axis=1, equal_var=False).pvalue <= 0.05).mean()
    assert 0.77 < power < 0.86


def test_identical_algorithms_are_seldom_told_apart():
    rng = np.random.default_rng(0)
    wrong = sum(stats.compare_runs(rng.normal(size=5), rng.normal(size=5)).better is not None for _ in range(600))
    assert wrong / 600 < 0.07


def test_bad_input_is_named():
    with pytest.raises(BadValue, match="finite score; got nan"):
        stats.t_interval([1.0, math.nan])
    with pytest.raises(BadValue, match=r"shape \(0,\)"):
        stats.t_interval([])


def test_nearly_the_same_is_no_camp():
    assert bimodal([500, 500, 500, 500, 499]) is None
    assert bimodal([500, 500, 500, 500, 20]) == "two camps: 4 high (about 500), 1 low (about 20)"

"""Statistics of runs, honest at the small numbers that reinforcement learning has. The unit is the run (the seed)."""

from rlnb.stats.band import Band, mean_band
from rlnb.stats.difference import Test, permutation_test, probability_of_improvement, welch_test
from rlnb.stats.interval import Interval, bca_interval, mean_interval, t_interval
from rlnb.stats.many import holm
from rlnb.stats.robust import iqm, performance_profile
from rlnb.stats.survival import StepsToThreshold, steps_to_threshold
from rlnb.stats.verdict import Verdict, bimodal, compare_runs

__all__ = [
    "Band",
    "Interval",
    "StepsToThreshold",
    "Test",
    "Verdict",
    "bca_interval",
    "bimodal",
    "compare_runs",
    "holm",
    "iqm",
    "mean_band",
    "mean_interval",
    "performance_profile",
    "permutation_test",
    "probability_of_improvement",
    "steps_to_threshold",
    "t_interval",
    "welch_test",
]

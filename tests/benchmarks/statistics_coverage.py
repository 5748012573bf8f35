"""Do the intervals keep their word? `python tests/benchmarks/statistics_coverage.py [studies]`

Studies are simulated, and counted: how often the nominal 95 % interval covers the true mean (peers: the percentile
bootstrap and mean ± 1 standard error, the habits of the field), how often "A is better" is said of two identical
algorithms, and how often a setting of which some runs fail is labelled as that.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from rlnb import stats
from rlnb.stats.verdict import bimodal

SIZES = (3, 5, 10, 20)


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(0.0, 1.0, shape)


def two_camps(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """80 % of the runs solve it (about 490), 20 % fail (about 60)."""
    return np.where(rng.random(shape) < 0.8, rng.normal(490, 8, shape), rng.normal(60, 20, shape))


def percentile(x: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    means = x[rng.integers(0, len(x), (1000, len(x)))].mean(axis=1)
    return tuple(np.quantile(means, [0.025, 0.975]))


def coverage(data, truth: float, studies: int) -> None:
    print("| n | rlnb | its method | percentile bootstrap | mean ± 1 SE | labelled as two camps |")
    print("|---|---|---|---|---|---|")
    for n in SIZES:
        rng = np.random.default_rng(n)
        hits, peer, narrow, labelled = 0, 0, 0, 0
        for x in data(rng, (studies, n)):
            found = stats.mean_interval(x)
            hits += found.low <= truth <= found.high
            low, high = percentile(x, rng)
            peer += low <= truth <= high
            narrow += abs(x.mean() - truth) <= x.std(ddof=1) / np.sqrt(n)
            labelled += bimodal(x, 475.0) is not None
        kind = found.kind.split(",")[0].removeprefix("95% ")
        shares = [f"{100 * k / studies:.1f} %" for k in (hits, peer, narrow, labelled)]
        print(f"| {n} | {shares[0]} | {kind} | {shares[1]} | {shares[2]} | {shares[3]} |")


def false_verdicts(studies: int) -> None:
    print("| runs each | rlnb names a winner | a percentile bootstrap of the difference excludes 0 |")
    print("|---|---|---|")
    for n in SIZES:
        rng = np.random.default_rng(100 + n)
        said, peer = 0, 0
        for _ in range(studies):
            a, b = rng.normal(size=n), rng.normal(size=n)
            said += stats.compare_runs(a, b).better is not None
            draws = rng.integers(0, n, (2, 1000, n))
            low, high = np.quantile(a[draws[0]].mean(axis=1) - b[draws[1]].mean(axis=1), [0.025, 0.975])
            peer += low > 0 or high < 0
        print(f"| {n} | {100 * said / studies:.1f} % | {100 * peer / studies:.1f} % |")


def differences(studies: int) -> None:
    """A is one standard deviation better than B: P(A > B) = Φ(1 / √2)."""
    truth = 0.5 * (1 + math.erf(0.5))
    print("| runs each | Welch's interval of the difference | P(A > B), Newcombe | P(A > B), percentile bootstrap |")
    print("|---|---|---|---|")
    for n in SIZES:
        rng = np.random.default_rng(200 + n)
        hits, wins, peer = 0, 0, 0
        for _ in range(studies):
            a, b = rng.normal(1.0, 1.0, n), rng.normal(0.0, 1.0, n)
            test, found = stats.welch_test(a, b), stats.probability_of_improvement(a, b)
            hits += test.low <= 1.0 <= test.high
            wins += found.low <= truth <= found.high
            draws = rng.integers(0, n, (2, 500, n))
            shares = (a[draws[0]][:, :, None] > b[draws[1]][:, None, :]).mean(axis=(1, 2))
            low, high = np.quantile(shares, [0.025, 0.975])
            peer += low <= truth <= high
        print(f"| {n} | {100 * hits / studies:.1f} % | {100 * wins / studies:.1f} % | {100 * peer / studies:.1f} % |")


def main(studies: int) -> None:
    print(f"\n{studies} studies a row. Nominal 95 % intervals of the mean, normal scores:\n")
    coverage(normal, 0.0, studies)
    print("\nThe same where 80 % of the runs solve the task and 20 % fail:\n")
    coverage(two_camps, 0.8 * 490 + 0.2 * 60, studies)
    print('\nFalse "A is better" (or B), two identical algorithms:\n')
    false_verdicts(studies)
    print("\nNominal 95 % intervals of a difference of one standard deviation:\n")
    differences(studies)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)

"""Every episode of every deterministic family runs again to the bit, in another process."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def exactness():
    path = Path(__file__).parents[1] / "benchmarks" / "replay_exactness.py"
    spec = importlib.util.spec_from_file_location("replay_exactness", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_few_families_run_again_exactly(exactness):
    rows = exactness.variants(["CartPole", "FrozenLake-v1", "Breakout"], quick=True, atari=False)
    found = exactness.measure(rows, 400)
    assert [(row["id"], row["exact"] - row["episodes"]) for row in found] == [(id, 0) for _, id, _ in rows]
    assert all(row["episodes"] > 0 for row in found)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_families_run_again_exactly_and_the_others_say_where_they_left(exactness):
    found = exactness.measure(exactness.variants([], quick=False, atari=False), 2000)
    rest = [row for row in found if row["family"] != "upstream's own"]
    episodes, exact = sum(row["episodes"] for row in rest), sum(row["exact"] for row in rest)
    assert episodes >= 1000 and exact >= 0.999 * episodes, rest
    left = [words for row in found for words in row["left"]]
    assert all(words.startswith("diverged at step ") and words.split()[-1].isdigit() for words in left)

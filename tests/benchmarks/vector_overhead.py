"""What recording adds to a step of many lanes, beside Gymnasium's vector RecordEpisodeStatistics in the same run.

    python tests/benchmarks/vector_overhead.py [repetitions]

The native CartPoleVectorEnv of 1,024 lanes, where a step is a handful of numpy calls, and a SyncVectorEnv of 64
CartPoles, where it is a Python loop over them. Once with a desk that throws the events away, once with the store.
Processor time, so that what the store's own thread does is counted too.
"""

from __future__ import annotations

import functools
import statistics
import sys
import tempfile
import time
from typing import Any

import gymnasium
import numpy as np
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from step_overhead import NullDesk, measure

from rlnb.capture import Capture
from rlnb.clock import SystemClock

KINDS = {"native, 1,024 lanes": ("vector_entry_point", 1024, 1500), "SyncVectorEnv, 64 lanes": ("sync", 64, 200)}


def make(kind: str) -> Any:
    mode, lanes, _ = KINDS[kind]
    return gymnasium.make_vec("CartPole-v1", lanes, vectorization_mode=mode)


def loop(env: Any, steps: int) -> float:
    """Microseconds a step of a plain loop with actions that were drawn before."""
    actions = np.random.default_rng(0).integers(0, 2, (steps, env.num_envs))
    env.reset(seed=0)
    begun = time.process_time()
    for row in actions:
        env.step(row)
    return (time.process_time() - begun) / steps * 1e6


def bare(kind: str) -> float:
    return loop(make(kind), KINDS[kind][2])


def statistics_wrapper(kind: str) -> float:
    return loop(RecordEpisodeStatistics(make(kind)), KINDS[kind][2])


def recorded(kind: str) -> float:
    capture = Capture(NullDesk(), SystemClock())
    capture.install()
    try:
        return loop(make(kind), KINDS[kind][2])
    finally:
        capture.cut()
        capture.uninstall()


def recorded_and_stored(kind: str) -> float:
    import rlnb

    with tempfile.TemporaryDirectory() as folder:
        rlnb.use(folder)
        rlnb.install()
        try:
            return loop(make(kind), KINDS[kind][2])
        finally:
            rlnb.uninstall()


def main(repetitions: int = 9) -> None:
    """Print the tables and the goals."""
    runs = {
        "bare": bare,
        "RecordEpisodeStatistics": statistics_wrapper,
        "rlnb capture": recorded,
        "rlnb, store running": recorded_and_stored,
    }
    for kind, (_, lanes, steps) in KINDS.items():
        times = measure({name: functools.partial(run, kind) for name, run in runs.items()}, repetitions)
        base = statistics.median(times["bare"])
        print(f"CartPole-v1, {kind}, µs a step; {repetitions} interleaved runs of {steps:,} steps; medians")
        for name, values in times.items():
            pairs = zip(values, times["bare"], strict=True)
            added = statistics.median(one - other for one, other in pairs)
            print(
                f"  {name:<24} {statistics.median(values):8.1f}  {added:+7.1f}  {added / base:+6.1%}  "
                f"{added / lanes:+.4f} µs a lane-step"
            )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))

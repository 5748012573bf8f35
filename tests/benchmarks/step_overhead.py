"""What recording adds to a CartPole step, beside Gymnasium's RecordEpisodeStatistics in the same run.

    python tests/benchmarks/step_overhead.py [repetitions]

RecordEpisodeStatistics keeps two sums an episode. The capture keeps every action, reward, a checksum of every
observation and the random state of every reset; once with a desk that throws the events away, once with the store.
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import gymnasium
import numpy as np
from gymnasium.wrappers import RecordEpisodeStatistics

from rlnb.capture import Capture, Seat, SeatRequest
from rlnb.clock import SystemClock
from rlnb.events import Event

STEPS = 20_000


class NullDesk:
    """Seats everybody, hears nothing."""

    def seat(self, request: SeatRequest) -> Seat | None:
        return Seat("benchmark", 0, 0)

    def first_reset(self) -> None:
        pass

    def publish(self, event: Event) -> None:
        pass

    def tick(self) -> None:
        pass

    def warn(self, message: str) -> None:
        raise AssertionError(message)


def loop(env: Any) -> float:
    """Microseconds a step of a plain loop with actions that were drawn before."""
    actions = np.random.default_rng(0).integers(0, 2, STEPS).tolist()
    env.reset(seed=0)
    begun = time.process_time()
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()
    return (time.process_time() - begun) / STEPS * 1e6


def bare() -> float:
    return loop(gymnasium.make("CartPole-v1"))


def statistics_wrapper() -> float:
    return loop(RecordEpisodeStatistics(gymnasium.make("CartPole-v1")))


def recorded() -> float:
    capture = Capture(NullDesk(), SystemClock())
    capture.install()
    try:
        return loop(gymnasium.make("CartPole-v1"))
    finally:
        capture.cut()
        capture.uninstall()


def recorded_and_stored() -> float:
    import rlnb

    with tempfile.TemporaryDirectory() as folder:
        rlnb.use(folder)
        rlnb.install()
        try:
            return loop(gymnasium.make("CartPole-v1"))
        finally:
            rlnb.uninstall()


def _serve(run: Callable[[], float], pipe: Connection) -> None:
    run()  # warm
    while pipe.recv():
        pipe.send(run())


def measure(contenders: dict[str, Callable[[], float]], repetitions: int) -> dict[str, list[float]]:
    """The times of each, in a process of its own (as in life: the interpreter adapts its code to what it sees), taking
    turns so that a slow moment of the machine falls on all."""
    spawn = multiprocessing.get_context("spawn")
    pipes = {}
    for name, run in contenders.items():
        ours, theirs = spawn.Pipe()
        spawn.Process(target=_serve, args=(run, theirs), daemon=True).start()
        pipes[name] = ours
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repetitions):
        for name, pipe in pipes.items():
            pipe.send(True)
            times[name].append(pipe.recv())
    for pipe in pipes.values():
        pipe.send(False)
    return times


def main(repetitions: int = 11) -> None:
    """Print the table and the goals."""
    contenders = {
        "bare loop": bare,
        "RecordEpisodeStatistics": statistics_wrapper,
        "rlnb capture": recorded,
        "rlnb, store running": recorded_and_stored,
    }
    times = measure(contenders, repetitions)
    added = {
        name: statistics.median(one - base for one, base in zip(values, times["bare loop"], strict=True))
        for name, values in times.items()
    }
    print(f"CartPole-v1, µs a step; {repetitions} interleaved runs of {STEPS:,} steps; medians, and of the differences")
    for name, values in times.items():
        print(f"  {name:<24} {statistics.median(values):6.2f}   {added[name]:+.2f}")
    peer, ours = added["RecordEpisodeStatistics"], added["rlnb, store running"]
    print(f"  rlnb adds {ours:+.2f}, RecordEpisodeStatistics {peer:+.2f}: {ours / peer:.2f} times as much")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))

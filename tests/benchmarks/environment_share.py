"""What recording adds to a step of HalfCheetah-v5 and of MsPacman, as a share of the environment's own step.

    python tests/benchmarks/environment_share.py [repetitions]

The difference of two real loops drowns in noise. So the innermost `step` is replaced by one that gives the same
observation again and again (same spaces, same wrappers, same checksums taken), and what recording adds to that, with
the store running, is divided by the time of the real environment's step in the same run. Processor time of the process.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.step_overhead import measure

STEPS = 5_000
GOALS = {"HalfCheetah-v5": 1.0, "ALE/MsPacman-v5": 0.5}


def make(env_id: str) -> Any:
    import gymnasium as gym

    if env_id.startswith("ALE/"):
        import ale_py

        gym.register_envs(ale_py)
        ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    gym.logger.min_level = gym.logger.ERROR  # an observation given again and again is remarked upon
    return gym.make(env_id)


def loop(env: Any, still: bool) -> float:
    """Microseconds a step."""
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(STEPS)]
    obs, info = env.reset(seed=0)
    if still:
        env.unwrapped.step = lambda action: (obs, 0.5, False, False, dict(info))  # wrappers write into it
    begun = time.process_time()
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()
    return (time.process_time() - begun) / STEPS * 1e6


class Bare:
    """A contender: the environment as it is, real or still."""

    def __init__(self, env_id: str, still: bool) -> None:
        self.env_id, self.still = env_id, still

    def __call__(self) -> float:
        return loop(make(self.env_id), self.still)


class Summed(Bare):
    """With Gymnasium's RecordEpisodeStatistics, which keeps two sums an episode."""

    def __call__(self) -> float:
        from gymnasium.wrappers import RecordEpisodeStatistics

        return loop(RecordEpisodeStatistics(make(self.env_id)), self.still)


class Recorded(Bare):
    """The same, recorded into a store."""

    def __call__(self) -> float:
        import rlnb

        with tempfile.TemporaryDirectory() as folder:
            rlnb.use(folder)
            rlnb.install()
            try:
                return super().__call__()
            finally:
                rlnb.uninstall()


def main(repetitions: int = 11) -> None:
    """Print the table."""
    print(f"µs a step; {repetitions} interleaved runs of {STEPS:,} steps; medians, and of the differences\n")
    print("| | the environment's own step | RecordEpisodeStatistics adds | rlnb adds | share | goal |")
    print("|---|---|---|---|---|---|")
    for env_id, goal in GOALS.items():
        contenders = {
            "real": Bare(env_id, False),
            "still": Bare(env_id, True),
            "peer": Summed(env_id, True),
            "rlnb": Recorded(env_id, True),
        }
        times = measure(contenders, repetitions)
        own = statistics.median(times["real"])
        peer, added = (
            statistics.median(b - a for a, b in zip(times["still"], times[name], strict=True))
            for name in ("peer", "rlnb")
        )
        print(
            f"| {env_id} | {own:.1f} | {peer:+.2f} | {added:+.2f} | {100 * added / own:.2f} % | {goal} % |", flush=True
        )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))

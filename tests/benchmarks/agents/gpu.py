"""How fast the agents learn on an NVIDIA card: recorded as CUDA graphs and not, and Stable-Baselines3, in one run.

    python tests/benchmarks/agents/gpu.py                 # everything, two minutes
    python tests/benchmarks/agents/gpu.py --only SAC

Environment steps a second by the clock, the card's work included; a step of an Atari game is four frames. "Not
recorded" is the readable update itself (`Captured.record = None`); that both give the same numbers is a test
(`tests/agents/test_captured.py`, `test_on_a_card`).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import torch

sys.path.insert(0, str(Path(__file__).parents[3]))

from rlnb import agents
from rlnb.agents import atari
from rlnb.agents.captured import Captured
from tests.benchmarks.agents.speed import learn

GAME = "MsPacmanNoFrameskip-v4"
WARMUP = 1500  # steps before the clock starts: the replay memories begin to be learned from at 1000
OFF = {"device": "cuda", "learning_starts": 1000}


@dataclass(frozen=True)
class Lap:
    """One line: what makes the agents and their environments, and how many steps the clock runs."""

    name: str
    ours: Callable[[], Any]
    peer: Callable[[], Any]
    env: Callable[[], Any]
    steps: int
    peer_steps: int
    goal: int | None


def laps() -> list[Lap]:
    """The table's lines, with the published settings of each."""
    dqn = {**atari.DQN_VECTOR, "learning_starts": 1000}
    dqn_peer = {k: v for k, v in atari.DQN_STANDARD.items() if k not in ("network", "learning_starts", "buffer_size")}
    dqn_peer |= {"learning_starts": 1000, "buffer_size": 10_000}
    ppo = {k: v for k, v in atari.PPO_STANDARD.items() if k in ("n_steps", "batch_size", "n_epochs", "ent_coef")}
    games = lambda: atari.vector(GAME)  # noqa: E731
    cheetah = lambda: gym.make_vec("HalfCheetah-v5", num_envs=1)  # noqa: E731
    return [
        Lap("DQN Atari", lambda: agents.DQN(games(), seed=0, **dqn), lambda: peer("DQN", 1, **dqn_peer), games,
            24_000, 1_500, 3000),
        Lap("PPO Atari, 8 environments", lambda: agents.PPO(games(), seed=0, **atari.PPO_STANDARD),
            lambda: peer("PPO", 8, **ppo), games, 20 * 1024, 2048, 7000),
        Lap("SAC HalfCheetah", lambda: agents.SAC("HalfCheetah-v5", seed=0, **OFF),
            lambda: peer("SAC", 0, **OFF), cheetah, 6_000, 400, 1000),
        Lap("TD3 HalfCheetah", lambda: agents.TD3("HalfCheetah-v5", seed=0, **OFF),
            lambda: peer("TD3", 0, batch_size=256, **OFF), cheetah, 6_000, 400, None),
    ]  # fmt: skip


def peer(name: str, games: int, **settings: Any) -> Any:
    """A Stable-Baselines3 model: of so many Atari games, or of HalfCheetah."""
    import ale_py
    import stable_baselines3
    from stable_baselines3.common.env_util import make_atari_env
    from stable_baselines3.common.vec_env import VecFrameStack, VecTransposeImage

    how = {"seed": 0, "device": "cuda", **settings}
    model = getattr(stable_baselines3, name)
    if not games:
        return model("MlpPolicy", "HalfCheetah-v5", policy_kwargs={"net_arch": [256, 256]}, **how)
    gym.register_envs(ale_py)
    env = VecTransposeImage(VecFrameStack(make_atari_env(GAME, n_envs=games, seed=0), 4))
    return model("CnnPolicy", env, **how)


def rate(agent: Any, steps: int) -> float:
    """Steps/s, once it has begun to learn."""
    learn(agent, WARMUP)
    torch.cuda.synchronize()
    counter = "steps" if hasattr(agent, "steps") else "num_timesteps"
    began, before = time.perf_counter(), getattr(agent, counter)
    learn(agent, steps)
    torch.cuda.synchronize()
    return float(getattr(agent, counter) - before) / (time.perf_counter() - began)  # a last rollout may overshoot


def alone(env: Any, calls: int = 400) -> float:
    """Steps/s of nothing but `env.step` with random actions: what no learner in this process can beat."""
    env.reset(seed=0)
    actions = [env.action_space.sample() for _ in range(calls)]
    for action in actions[:100]:
        env.step(action)
    began = time.perf_counter()
    for action in actions:
        env.step(action)
    return env.num_envs * calls / (time.perf_counter() - began)


def unrecorded(agent: Any) -> Any:
    """The same agent with nothing recorded, acting included."""
    for part in vars(agent).values():
        captured = getattr(part, "__self__", part)  # of `think`: the method of a `Captured`
        if isinstance(captured, Captured):
            captured.record = None
    return agent


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="lines whose name contains this")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        print("There is no NVIDIA card here (torch.cuda.is_available() is False): nothing was measured.")
        return
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}\n")
    print("| learning | rlnb, steps/s | not recorded | Stable-Baselines3 | ratio | the environments alone | goal |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for lap in laps():
        if args.only not in lap.name:
            continue
        rates: list[tuple[float, float, float, float]] = []
        for _ in range(args.rounds):
            rates.append((
                rate(lap.ours(), lap.steps),
                rate(unrecorded(lap.ours()), lap.steps // 8),
                rate(lap.peer(), lap.peer_steps),
                alone(lap.env()),
            ))  # fmt: skip
        ours, plain, theirs, bare = (statistics.median(column) for column in zip(*rates, strict=True))
        ratio = statistics.median(row[0] / row[2] for row in rates)
        goal = "" if lap.goal is None else f"{lap.goal:,}"
        print(
            f"| {lap.name} | {ours:,.0f} | {plain:,.0f} | {theirs:,.0f} | {ratio:.1f} × | {bare:,.0f} | {goal} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

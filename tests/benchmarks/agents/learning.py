"""How well the agents learn: one row a task and seed, kept in a JSON-lines file, so that it can grow over days.

    python tests/benchmarks/agents/learning.py --rows rows.jsonl --minutes 30       # goes on where it stopped
    python tests/benchmarks/agents/learning.py --rows rows.jsonl --table            # the table, running nothing

Each row: greedy evaluation of the final policy over 100 episodes with fixed seeds (tabular agents: exact, where the
environment tells its probabilities). A task and seed without a row is "not run".
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from rlnb import agents
from rlnb.agents import Exponential, Linear
from rlnb.agents.exact import has_model, policy_value

EPISODES, FIRST_SEED = 100, 1_000_000


@dataclass(frozen=True)
class Task:
    """One line of the table."""

    name: str
    algorithm: str
    env: str
    goal: str
    settings: dict[str, Any]
    steps: int | None = None
    episodes: int | None = None
    seeds: int = 10
    evaluation: int = EPISODES
    good: Callable[[float], bool] = lambda value: True


CARTPOLE_DQN: dict[str, Any] = {
    "learning_rate": 2.3e-3, "batch_size": 64, "buffer_size": 100_000, "learning_starts": 1000, "train_freq": 256,
    "gradient_steps": 128, "target_update_interval": 10, "exploration_fraction": 0.16, "exploration_final_eps": 0.04,
    "network": (256, 256),
}  # fmt: skip
CARTPOLE_PPO: dict[str, Any] = {
    "n_envs": 8, "n_steps": 32, "batch_size": 256, "gae_lambda": 0.8, "gamma": 0.98, "n_epochs": 20,
    "learning_rate": Linear(1e-3), "clip_range": Linear(0.2),
}  # fmt: skip
LANDER_DQN: dict[str, Any] = {
    "learning_rate": 6.3e-4, "batch_size": 128, "buffer_size": 50_000, "learning_starts": 0, "train_freq": 4,
    "gradient_steps": -1, "target_update_interval": 250, "exploration_fraction": 0.12, "exploration_final_eps": 0.1,
    "network": (256, 256),
}  # fmt: skip
CAR_DQN: dict[str, Any] = {
    "learning_rate": 4e-3, "batch_size": 128, "buffer_size": 10_000, "learning_starts": 1000, "gamma": 0.98,
    "target_update_interval": 600, "train_freq": 16, "gradient_steps": 8, "exploration_fraction": 0.2,
    "exploration_final_eps": 0.07, "network": (256, 256),
}  # fmt: skip
LANDER_PPO: dict[str, Any] = {
    "n_envs": 16, "n_steps": 1024, "batch_size": 64, "gae_lambda": 0.98, "gamma": 0.999, "n_epochs": 4, "ent_coef":
    0.01,
}  # fmt: skip
CHEETAH_PPO: dict[str, Any] = {
    "n_envs": 1, "n_steps": 512, "batch_size": 64, "gamma": 0.98, "gae_lambda": 0.92, "n_epochs": 20,
    "learning_rate": 2.06e-5, "ent_coef": 4e-4, "clip_range": 0.1, "network": (256, 256), "activation": "relu",
    "log_std_init": -2.0, "normalize_observations": True, "normalize_rewards": True, "vf_coef": 0.58,
    "max_grad_norm": 0.8,
}  # fmt: skip
FROZEN = {
    "gamma": 0.999,
    "initial_value": 1.0,
    "learning_rate": Exponential(0.3, 0.005),
    "exploration": Linear(0.2, 0.0),
}
JACK = {"gamma": 1.0, "learning_rate": Exponential(0.1, 0.001), "exploration": Linear(1.0, 0.1)}
TAXI = {"learning_rate": 0.5, "exploration": Linear(0.3, 0.01)}

TASKS = [
    Task("FrozenLake 4x4, QLearning 20k episodes", "QLearning", "FrozenLake-v1", ">= 0.735 on 9 of 10", FROZEN,
         episodes=20_000, good=lambda v: v >= 0.735),
    Task("FrozenLake 8x8, QLearning 20k episodes", "QLearning", "FrozenLake8x8-v1", ">= 0.85", FROZEN,
         episodes=20_000, good=lambda v: v >= 0.85),
    Task("Taxi, QLearning 20k episodes", "QLearning", "Taxi-v4", ">= 7.8", TAXI, episodes=20_000,
         good=lambda v: v >= 7.8),
    Task("CliffWalking, QLearning 1k episodes", "QLearning", "CliffWalking-v1", "-13",
         {"learning_rate": 0.5, "gamma": 1.0, "exploration": 0.1}, episodes=1_000, good=lambda v: v >= -13),
    Task("Blackjack, QLearning 500k hands", "QLearning", "Blackjack-v1", ">= -0.05 over 10^6 hands", JACK,
         episodes=500_000, seeds=3, evaluation=1_000_000, good=lambda v: v >= -0.05),
    Task("CartPole, Reinforce 300k", "Reinforce", "CartPole-v1", ">= 475 on 9 of 10", {}, steps=300_000,
         good=lambda v: v >= 475),
    Task("CartPole, PPO 100k", "PPO", "CartPole-v1", "500 on 9 of 10", CARTPOLE_PPO, steps=100_000,
         good=lambda v: v == 500),
    Task("CartPole, A2C 500k", "A2C", "CartPole-v1", "500 on 9 of 10", {"n_envs": 8, "learning_rate": Linear(7e-4)},
         steps=500_000, good=lambda v: v == 500),
    Task("CartPole, DQN 50k", "DQN", "CartPole-v1", "500 on 9 of 10", CARTPOLE_DQN, steps=50_000,
         good=lambda v: v == 500),
    Task("Pendulum, SAC 20k", "SAC", "Pendulum-v1", "about -150", {"learning_rate": 1e-3}, steps=20_000,
         good=lambda v: v >= -165),
    Task("Pendulum, TD3 20k", "TD3", "Pendulum-v1", "about -150", {"learning_starts": 1000}, steps=20_000,
         good=lambda v: v >= -165),
    Task("Pendulum, DDPG 20k", "DDPG", "Pendulum-v1", "about -150", {"learning_starts": 1000}, steps=20_000,
         good=lambda v: v >= -165),
    Task("Acrobot, DQN 100k", "DQN", "Acrobot-v1", ">= -78", LANDER_DQN, steps=100_000, good=lambda v: v >= -78),
    Task("MountainCar, DQN 120k", "DQN", "MountainCar-v0", "median >= -110", CAR_DQN, steps=120_000,
         good=lambda v: v >= -120),
    Task("LunarLander, DQN 100k", "DQN", "LunarLander-v3", ">= 180", LANDER_DQN, steps=100_000,
         good=lambda v: v >= 180),
    Task("LunarLander, PPO 1M", "PPO", "LunarLander-v3", ">= 250", LANDER_PPO, steps=1_000_000,
         good=lambda v: v >= 250),
    Task("HalfCheetah, SAC 200k", "SAC", "HalfCheetah-v5", ">= 4800", {"learning_starts": 10_000}, steps=200_000,
         seeds=3, good=lambda v: v >= 4800),
    Task("HalfCheetah, PPO 1M", "PPO", "HalfCheetah-v5", ">= 5000",
         CHEETAH_PPO,
         steps=1_000_000, seeds=3, good=lambda v: v >= 5000),
]  # fmt: skip


def run(task: Task, seed: int) -> dict[str, Any]:
    """Learn and evaluate one task with one seed."""
    agent = getattr(agents, task.algorithm)(task.env, seed=seed, **task.settings)
    began = time.perf_counter()
    agent.learn(task.steps, progress=False, episodes=task.episodes)
    seconds = time.perf_counter() - began
    env = gym.make(task.env)
    if hasattr(agent, "policy") and has_model(env):
        value, how = policy_value(env, agent.policy), "exact"
    else:
        value, how = float(agent.evaluate(task.evaluation, seed=FIRST_SEED).mean()), f"{task.evaluation} episodes"
    return {
        "task": task.name,
        "seed": seed,
        "value": value,
        "valued": how,
        "steps": agent.steps,
        "seconds": round(seconds, 1),
    }


def read(path: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """The rows so far."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {(row["task"], row["seed"]): row for row in map(json.loads, lines)}


def table(rows: dict[tuple[str, int], dict[str, Any]]) -> str:
    """The rows as a Markdown table with 95 % bootstrap intervals of the mean."""
    lines = ["| task | goal | seeds | reached it | mean [95 %] | median | lowest |", "|---|---|---|---|---|---|---|"]
    for task in TASKS:
        values = np.array([row["value"] for (name, _), row in rows.items() if name == task.name])
        if not len(values):
            lines.append(f"| {task.name} | {task.goal} | 0 of {task.seeds} | not run | not run | not run | not run |")
            continue
        means = np.random.default_rng(0).choice(values, (10_000, len(values))).mean(1)
        low, high = np.percentile(means, [2.5, 97.5])
        reached = sum(task.good(value) for value in values)
        lines.append(
            f"| {task.name} | {task.goal} | {len(values)} of {task.seeds} | {reached} of {len(values)} "
            f"| {values.mean():.4g} [{low:.4g}, {high:.4g}] | {np.median(values):.4g} | {values.min():.4g} |"
        )
    return "\n".join(lines)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=Path("learning.jsonl"), help="where the rows are kept")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no row after this time")
    parser.add_argument("--only", default="", help="tasks whose name contains this")
    parser.add_argument("--table", action="store_true", help="print the table and run nothing")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    rows, end = read(args.rows), time.monotonic() + 60 * args.minutes
    # every task with its first seed before any with its second: a short run says something about all
    plan = sorted(((seed, i) for i, task in enumerate(TASKS) for seed in range(task.seeds)))
    for seed, i in plan:
        task = TASKS[i]
        if args.table or time.monotonic() > end:
            break
        if args.only not in task.name or (task.name, seed) in rows:
            continue
        row = run(task, seed)
        rows[task.name, seed] = row
        with args.rows.open("a") as out:
            out.write(json.dumps(row) + "\n")
        print(f"{task.name}, seed {seed}: {row['value']:.4g} in {row['seconds']} s", flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()

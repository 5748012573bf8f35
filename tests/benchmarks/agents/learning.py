"""How well the agents learn: one row a task and seed, kept in a file, so that the table can grow over days.

    python tests/benchmarks/agents/learning.py --minutes 30        # goes on where it stopped, rows in learning.jsonl
    python tests/benchmarks/agents/learning.py --only CartPole     # some tasks
    python tests/benchmarks/agents/learning.py --workers 8         # so many rows at a time, in processes of their own
    python tests/benchmarks/agents/learning.py --write             # runs nothing, puts the table into RESULTS.md

Each row: greedy evaluation of the final policy over 100 episodes with fixed seeds (tabular agents: exact, where the
environment tells its probabilities). A task and seed without a row is "not run".
"""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[3]))

from rlnb import agents
from rlnb.agents import evaluation
from rlnb.agents.exact import has_model, policy_value
from tests.benchmarks.agents.tasks import CARTPOLE_PPO, FIRST_SEED, TASKS, Task

ROWS = Path(__file__).with_name("learning.jsonl")
RESULTS = Path(__file__).parents[1] / "RESULTS.md"
BEGIN, END = "<!-- learning: begin -->", "<!-- learning: end -->"


def run(task: Task, seed: int) -> dict[str, Any]:
    """Learn and evaluate one task with one seed."""
    import torch

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    if "NoFrameskip" in task.env:
        import ale_py

        gym.register_envs(ale_py)
    env, extra = gym.make(task.env), {}
    began = time.perf_counter()
    if task.algorithm.startswith("SB3 "):
        act: Any = stable_baselines3(task, seed)
        seconds = time.perf_counter() - began
        value, how = (
            float(evaluation.returns(act, env, task.evaluation, FIRST_SEED).mean()),
            f"{task.evaluation} episodes",
        )
    else:
        if task.algorithm == "BehaviorCloning":
            agent, extra = cloned(task, seed)
        elif "NoFrameskip" in task.env:
            whole_games = agents.atari.standard(task.env, training=False)
            lanes = agents.atari.vector(task.env, n_envs=8)
            agent = getattr(agents, task.algorithm)(lanes, eval_env=whole_games, seed=seed, **task.settings)
        else:
            agent = getattr(agents, task.algorithm)(
                task.make, eval_env=functools.partial(task.make, training=False), seed=seed, **task.settings
            )
        began = time.perf_counter()
        agent.learn(task.steps and task.steps // task.repeat, progress=False, episodes=task.episodes)
        seconds = time.perf_counter() - began
        if hasattr(agent, "policy") and has_model(env):
            value, how = policy_value(env, agent.policy), "exact"
        else:
            value, how = float(agent.evaluate(task.evaluation, seed=FIRST_SEED).mean()), f"{task.evaluation} episodes"
    about = {"task": task.name, "seed": seed, "value": value, "valued": how, "seconds": round(seconds, 1)}
    return {**about, **extra, "recipe": recipe(task)}


def stable_baselines3(task: Task, seed: int) -> Any:
    """The peer's greedy policy, learned with the same settings."""
    import stable_baselines3 as sb3
    from stable_baselines3.common.noise import NormalActionNoise

    name, settings = task.algorithm.removeprefix("SB3 "), dict(task.settings)
    if name != "SAC":
        settings["action_noise"] = NormalActionNoise(np.zeros(1), 0.1 * np.ones(1))
    model = getattr(sb3, name)("MlpPolicy", task.env, seed=seed, device="cpu",
                               policy_kwargs={"net_arch": [256, 256]}, **settings)  # fmt: skip
    model.learn(task.steps)
    return lambda obs: model.predict(obs, deterministic=True)[0]


def cloned(task: Task, seed: int) -> tuple[Any, dict[str, Any]]:
    """A BehaviorCloning agent with episodes of an expert: PPO for CartPole, Gymnasium's heuristic for the lander."""
    settings = dict(task.settings)
    episodes = settings.pop("expert")
    if task.env.startswith("CartPole"):
        expert: Any = agents.PPO(task.env, seed=1000 + seed, **CARTPOLE_PPO).learn(100_000, progress=False).act
    else:
        from gymnasium.envs.box2d.lunar_lander import heuristic

        lander = gym.make(task.env)
        expert = lambda obs: heuristic(lander, obs)  # noqa: E731
    env, observations, actions = gym.make(task.env), [], []
    for episode in range(episodes):
        obs, _ = env.reset(seed=10_000 * (seed + 1) + episode)
        over = False
        while not over:
            action = expert(obs)
            observations.append(obs)
            actions.append(action)
            obs, _, terminated, truncated, _ = env.step(action)
            over = terminated or truncated
    best = float(evaluation.returns(expert, env, task.evaluation, FIRST_SEED).mean())
    data = (np.array(observations), np.array(actions))
    return agents.BehaviorCloning(task.env, data=data, seed=seed, **settings), {"expert": best}


def read(path: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """The rows so far, of the settings that the tasks have now."""
    lines = path.read_text().splitlines() if path.exists() else []
    now = {task.name: recipe(task) for task in TASKS}
    rows = [row for row in map(json.loads, lines) if row["recipe"] == now.get(row["task"])]
    return {(row["task"], row["seed"]): row for row in rows}


def recipe(task: Task) -> str:
    """What a row was made with: changed settings make it run again."""
    how = (f" repeat {task.repeat}" if task.repeat > 1 else "") + (f" cut {task.cut}" if task.cut else "")
    return f"{task.algorithm} {task.env} {task.steps or task.episodes}{how} {sorted(task.settings.items())}"


def interval(values: Any) -> str:
    """The mean with a 95 % bootstrap interval."""
    means = np.random.default_rng(0).choice(values, (10_000, len(values))).mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{np.mean(values):.4g} [{low:.4g}, {high:.4g}]"


def table(rows: dict[tuple[str, int], dict[str, Any]]) -> str:
    """The rows as a Markdown table with 95 % bootstrap intervals of the mean, and the paired differences below."""
    lines = ["| task | goal | seeds | reached it | mean [95 %] | median | lowest |", "|---|---|---|---|---|---|---|"]
    pairs = []
    for task in TASKS:
        own = {seed: row for (name, seed), row in rows.items() if name == task.name}
        if not own:
            lines.append(f"| {task.name} | {task.goal} | 0 of {task.seeds} | not run | not run | not run | not run |")
            continue
        values = np.array([row["value"] for row in own.values()])
        good = [row["value"] >= 0.95 * row["expert"] if "95 %" in task.goal else task.good(row["value"])
                for row in own.values()]  # fmt: skip
        lines.append(
            f"| {task.name} | {task.goal} | {len(values)} of {task.seeds} | {sum(good)} of {len(values)} "
            f"| {interval(values)} | {np.median(values):.4g} | {values.min():.4g} |"
        )
        both = [row["value"] - rows[task.peer, seed]["value"] for seed, row in own.items() if (task.peer, seed) in rows]
        if both:
            pairs.append(f"| {task.name} | {len(both)} | {interval(np.array(both))} |")
    if pairs:
        lines += ["", "| rlnb minus Stable-Baselines3, same seeds | seeds | mean difference [95 %] |", "|---|---|---|"]
    return "\n".join([*lines, *pairs])


def write(rows: dict[tuple[str, int], dict[str, Any]]) -> None:
    """Put the table between its marks in RESULTS.md."""
    text = RESULTS.read_text()
    before, rest = text.split(BEGIN)
    RESULTS.write_text(f"{before}{BEGIN}\n\n{table(rows)}\n\n{END}{rest.split(END)[1]}")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=ROWS, help="where the rows are kept")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no row after this time")
    parser.add_argument("--only", default="", help="tasks whose name contains this")
    parser.add_argument("--workers", type=int, default=1, help="how many rows at a time")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md and run nothing")
    args = parser.parse_args()
    rows, end = read(args.rows), time.monotonic() + 60 * args.minutes
    if args.write:
        write(rows)
        return
    # every task with its first seed before any with its second: a short run says something about all
    plan = [
        (TASKS[i], seed)
        for seed, i in sorted((seed, i) for i, task in enumerate(TASKS) for seed in range(task.seeds))
        if args.only in TASKS[i].name and (TASKS[i].name, seed) not in rows
    ]
    with ThreadPoolExecutor(args.workers) as threads:
        list(threads.map(lambda one: keep(*one, args.rows, end), plan))


def keep(task: Task, seed: int, path: Path, end: float) -> None:
    """Run it in a process of its own, if it is not too late to begin, and keep its row."""
    if time.monotonic() > end:
        return
    name = f"{task.name}, seed {seed}"
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        try:
            row = process.submit(by_name, task.name, seed).result()
        except Exception as problem:
            print(f"{name} failed: {problem!r}", flush=True)
            return
    with path.open("a") as out:  # one short line: threads do not mix theirs
        out.write(json.dumps(row) + "\n")
    print(f"{name}: {row['value']:.4g} in {row['seconds']} s", flush=True)


def by_name(name: str, seed: int) -> dict[str, Any]:
    """`run`, told by a word: a task's functions do not travel to another process."""
    return run(next(task for task in TASKS if task.name == name), seed)


if __name__ == "__main__":
    main()

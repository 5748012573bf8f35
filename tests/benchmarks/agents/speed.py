"""How fast the agents learn, beside Stable-Baselines3 in the same run: same settings, one torch thread, medians.

    python tests/benchmarks/agents/speed.py                      # everything, a quarter of an hour
    python tests/benchmarks/agents/speed.py --only CartPole --rounds 5

A round is each contender once, a new agent with the round's number as seed; so a slow moment of the machine falls on
all. Time is the processor's (of all threads of the process): what others do on the machine counts less than on a clock.
Beside the speed stands what both learned: the mean of 20 greedy episodes of each round's agent.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[3]))

from rlnb import agents
from rlnb.agents import evaluation
from tests.benchmarks.agents.tasks import CARTPOLE_DQN, CARTPOLE_PPO, CHEETAH_PPO, FROZEN

EPISODES, SEED = 20, 500_000


@dataclass(frozen=True)
class Race:
    """One line of the table: an agent and its peer on one environment."""

    name: str
    env: str
    steps: int
    ours: Callable[[int], Any]  # seed to agent
    peer: Callable[[int], Any]
    goal: float
    warmup: int = 0  # steps before the clock starts (learning has begun by then)
    rates: dict[str, list[float]] = field(default_factory=lambda: {"rlnb": [], "peer": []})
    scores: dict[str, list[float]] = field(default_factory=lambda: {"rlnb": [], "peer": []})

    def lap(self, seed: int, evaluate: bool = True) -> None:
        """Both once."""
        for who, make in (("rlnb", self.ours), ("peer", self.peer)):
            agent = make(seed)
            if self.warmup:
                learn(agent, self.warmup)
            began = time.process_time()
            learn(agent, self.steps)
            self.rates[who].append(self.steps / (time.process_time() - began))
            if evaluate:
                act = agent.act if who == "rlnb" else lambda obs, peer=agent: predict(peer, obs)
                env = gym.make(self.env)
                self.scores[who].append(float(evaluation.returns(act, env, EPISODES, SEED).mean()))
                env.close()


def learn(agent: Any, steps: int) -> None:
    """`steps` more; Stable-Baselines3's timers go on too."""
    if isinstance(agent, agents.agent.Agent):  # type: ignore[attr-defined]
        agent.learn(steps, progress=False)
    else:
        agent.learn(steps, reset_num_timesteps=False)


def predict(peer: Any, obs: Any) -> Any:
    """What a Stable-Baselines3 model does, greedily."""
    action = peer.predict(obs, deterministic=True)[0]
    return int(action) if np.ndim(action) == 0 else action


def sb3(name: str, env: str, n_envs: int = 1, net: tuple[int, ...] = (64, 64), **settings: Any) -> Callable[[int], Any]:
    """A function of the seed that makes a Stable-Baselines3 model."""
    policy = settings.pop("policy_kwargs", {})

    def make(seed: int) -> Any:
        import stable_baselines3
        from stable_baselines3.common.env_util import make_vec_env
        from stable_baselines3.common.vec_env import VecNormalize

        normalize = settings.pop("normalize", False) if "normalize" in settings else False
        venv: Any = make_vec_env(env, n_envs=n_envs, seed=seed)
        if normalize:
            venv = VecNormalize(venv, gamma=settings["gamma"])
            settings["normalize"] = True
        how = {k: v for k, v in settings.items() if k != "normalize"}
        model = getattr(stable_baselines3, name)
        return model("MlpPolicy", venv, seed=seed, device="cpu", policy_kwargs={"net_arch": list(net), **policy}, **how)

    return make


def races() -> list[Race]:
    """The table's lines."""
    ppo = {k: v for k, v in CARTPOLE_PPO.items() if k not in ("learning_rate", "clip_range", "n_envs")}
    dqn = {k: v for k, v in CARTPOLE_DQN.items() if k != "network"}
    relu = {"activation_fn": torch.nn.ReLU, "log_std_init": -2.0, "ortho_init": False}
    apart = {"network", "activation", "log_std_init", "normalize_observations", "normalize_rewards", "n_envs"}
    cheetah = {k: v for k, v in CHEETAH_PPO.items() if k not in apart}
    start = {"learning_starts": 200}
    return [
        Race("PPO CartPole (zoo settings)", "CartPole-v1", 100_000,
             lambda seed: agents.PPO("CartPole-v1", seed=seed, **CARTPOLE_PPO),
             sb3("PPO", "CartPole-v1", 8, learning_rate=lambda left: 1e-3 * left, clip_range=lambda left: 0.2 * left,
                 **ppo), 3),
        Race("A2C CartPole (8 environments)", "CartPole-v1", 60_000,
             lambda seed: agents.A2C("CartPole-v1", seed=seed, n_envs=8),
             sb3("A2C", "CartPole-v1", 8), 3),
        Race("DQN CartPole (zoo settings)", "CartPole-v1", 20_000,
             lambda seed: agents.DQN("CartPole-v1", seed=seed, **CARTPOLE_DQN),
             sb3("DQN", "CartPole-v1", net=(256, 256), **dqn), 3),
        Race("PPO HalfCheetah (zoo settings)", "HalfCheetah-v5", 4_096,
             lambda seed: agents.PPO("HalfCheetah-v5", seed=seed, **CHEETAH_PPO),
             sb3("PPO", "HalfCheetah-v5", net=(256, 256), policy_kwargs=relu, normalize=True, **cheetah), 2),
        Race("SAC HalfCheetah", "HalfCheetah-v5", 600,
             lambda seed: agents.SAC("HalfCheetah-v5", seed=seed, **start),
             sb3("SAC", "HalfCheetah-v5", net=(256, 256), **start), 1.5, warmup=300),
        Race("TD3 HalfCheetah", "HalfCheetah-v5", 600,
             lambda seed: agents.TD3("HalfCheetah-v5", seed=seed, **start),
             sb3("TD3", "HalfCheetah-v5", net=(256, 256), **start, batch_size=256), 1.5, warmup=300),
    ]  # fmt: skip


def products(batch: int, inputs: int, outputs: int, actions: int, sac: bool) -> Callable[[], None]:
    """The matrix products of one SAC or TD3 update (256 × 256 networks) and nothing else."""

    def layers(net: int, n: int, last: int) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        return [(torch.randn(n, batch, a), torch.randn(n, a, b), torch.randn(n, batch, b))
                for a, b in ((net, 256), (256, 256), (256, last))]  # fmt: skip

    critic, actor = layers(inputs + actions, 2, 1), layers(inputs, 1, outputs)
    one = layers(inputs + actions, 2 if sac else 1, 1)

    def forward(net: list[Any]) -> None:
        for x, weight, _ in net:
            torch.bmm(x, weight)

    def backward(net: list[Any], weights: bool, first: bool) -> None:
        for i, (x, weight, out) in reversed(list(enumerate(net))):
            if weights:
                torch.bmm(x.transpose(1, 2), out)
            if i or first:
                torch.bmm(out, weight.transpose(1, 2))

    def update() -> None:
        forward(actor), forward(critic), forward(critic), backward(critic, True, False)  # the critics' step
        forward(actor), forward(one), backward(one, False, True), backward(actor, True, False)  # the actor's

    def delayed() -> None:
        forward(actor), forward(critic), forward(critic), backward(critic, True, False)
        if delayed.turn:
            forward(actor), forward(one), backward(one, False, True), backward(actor, True, False)
        delayed.turn = not delayed.turn

    delayed.turn = False  # type: ignore[attr-defined]
    return update if sac else delayed


def floors(rounds: int) -> str:
    """The share of an update's time that its matrix products alone take."""
    lines = []
    for name, sac in (("SAC", True), ("TD3", False)):
        agent: Any = getattr(agents, name)("HalfCheetah-v5", seed=0, learning_starts=200).learn(300, progress=False)
        bare, shares, milliseconds = products(256, 17, 12 if sac else 6, 6, sac), [], []
        for _ in range(rounds):
            whole = clock(agent.update, 100)
            least = clock(bare, 100)
            shares.append(least / whole)
            milliseconds.append((whole * 1e3, least * 1e3))
        whole, least = (statistics.median(column) for column in zip(*milliseconds, strict=True))
        lines.append(f"| {name} | {whole:.2f} ms | {least:.2f} ms | {100 * statistics.median(shares):.0f} % |")
    return "\n".join(["| an update | whole | its matrix products alone | share |", "|---|---|---|---|", *lines])


def clock(call: Callable[[], Any], times: int) -> float:
    """Seconds a call."""
    began = time.process_time()
    with torch.no_grad() if call.__name__ != "update" else torch.enable_grad():
        for _ in range(times):
            call()
    return (time.process_time() - began) / times


def bare_loop(env: Any, actions: list[int]) -> float:
    """Steps/s of nothing but env.step with actions that are known: what no tabular agent can beat."""
    step, reset = env.step, env.reset
    began = time.process_time()
    for action in actions:
        _, _, terminated, truncated, _ = step(action)
        if terminated or truncated:
            reset()
    return len(actions) / (time.process_time() - began)


def tabular(rounds: int, steps: int = 200_000) -> str:
    """Q-learning beside the loop that only steps, through the very same episodes: a twin of the agent tells which."""
    lines = []
    for env_id in ("FrozenLake-v1", "Taxi-v4"):
        settings: dict[str, Any] = {**FROZEN, "exploration": 0.1} if env_id == "FrozenLake-v1" else {"exploration": 0.1}
        ours, bare = [], []
        for seed in range(rounds):
            agent, twin = (
                agents.QLearning(env_id, seed=seed, **settings).learn(100_000, progress=False) for _ in range(2)
            )
            began = time.process_time()
            agent.learn(steps, progress=False)
            ours.append(steps / (time.process_time() - began))
            env, actions = copy.deepcopy(twin.env), list[int]()
            if twin.state is None:
                env.reset()
            twin.env = Noted(twin.env, actions)
            twin.learn(steps, progress=False)
            assert twin.q == agent.q
            bare.append(bare_loop(env, actions))
        share = statistics.median(o / b for o, b in zip(ours, bare, strict=True))
        lines.append(
            f"| QLearning {env_id} | {statistics.median(ours):,.0f} | {statistics.median(bare):,.0f} "
            f"| {100 * share:.0f} % | 85 % |"
        )
    head = "| agent | steps/s | bare `env.step` loop | share | goal |"
    return "\n".join([head, "|---|---|---|---|---|", *lines])


class Noted(gym.Wrapper[Any, Any, Any, Any]):
    """Keeps the actions that are taken."""

    def __init__(self, env: gym.Env[Any, Any], actions: list[int]) -> None:
        super().__init__(env)
        self._actions = actions

    def step(self, action: int) -> Any:
        self._actions.append(action)
        return self.env.step(action)


def recording(rounds: int) -> str:
    """Agents with recording, store and live view on, beside the same agents without."""
    import rlnb

    cases: list[tuple[str, Callable[[int], Any], int, int]] = [
        ("PPO CartPole", lambda seed: agents.PPO("CartPole-v1", seed=seed, **CARTPOLE_PPO), 30_000, 95),
        ("DQN CartPole", lambda seed: agents.DQN("CartPole-v1", seed=seed, **CARTPOLE_DQN), 8_000, 95),
        ("QLearning FrozenLake", lambda seed: agents.QLearning("FrozenLake-v1", seed=seed, **FROZEN), 200_000, 80),
    ]
    lines = []
    for name, make, steps, goal in cases:
        off, on = [], []
        for seed in range(rounds):
            off.append(rate(make(seed), steps))
            with tempfile.TemporaryDirectory() as folder:
                rlnb.use(folder)
                rlnb.install()
                try:
                    with rlnb.session(name) as session:
                        session.live()
                        on.append(rate(make(seed), steps))
                finally:
                    rlnb.uninstall()
        share = statistics.median(a / b for a, b in zip(on, off, strict=True))
        rates = f"{statistics.median(off):,.0f} | {statistics.median(on):,.0f}"
        lines.append(f"| {name} | {rates} | {100 * share:.0f} % | {goal} % |")
    head = "| agent | steps/s alone | recorded, with a live view | kept | goal |"
    return "\n".join([head, "|---|---|---|---|---|", *lines])


def rate(agent: Any, steps: int) -> float:
    """Steps/s of learning `steps`, by the clock: the view works so often a second, not so often a step."""
    began = time.perf_counter()
    agent.learn(steps, progress=False)
    return steps / (time.perf_counter() - began)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only", default="", help="lines whose name contains this: PPO, CartPole, tabular, recording …"
    )
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    lines = []
    for race in races():
        if args.only in race.name:
            for seed in range(args.rounds):
                race.lap(seed, evaluate=not race.warmup)
            ratio = statistics.median(a / b for a, b in zip(race.rates["rlnb"], race.rates["peer"], strict=True))
            speed = [f"{statistics.median(race.rates[who]):,.0f}" for who in ("rlnb", "peer")]
            score = [f"{np.mean(race.scores[who]):,.0f}" if race.scores[who] else "–" for who in ("rlnb", "peer")]
            cells = [race.name, *speed, f"{ratio:.2f} ×", f"{race.goal:g} ×", *score]
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    tables = []
    if lines:
        head = "| learning | rlnb, steps/s | Stable-Baselines3 | ratio | goal | return, rlnb | return, peer |"
        tables.append("\n".join([head, "|---|---|---|---|---|---|---|", *lines]))
    for name, make in (("floor of SAC and TD3", floors), ("tabular", tabular), ("recording", recording)):
        if args.only in name:
            tables.append(make(args.rounds))
            print(tables[-1], flush=True)
    print("\n" + "\n\n".join(tables))


if __name__ == "__main__":
    main()

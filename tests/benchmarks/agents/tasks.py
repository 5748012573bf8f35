"""What the agents are asked to learn: the environments, budgets, settings and goals of `learning.py`.

The settings are those of rl-baselines3-zoo where it has some.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym

from rlnb.agents import Exponential, Linear
from rlnb.agents.atari import DQN_VECTOR

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
    peer: str = ""  # the task whose rows are compared seed by seed
    cut: int | None = None  # steps after which an episode is cut in training; evaluation keeps the environment's own
    repeat: int = 1  # steps of the environment, all counted, for which an action is kept up

    def make(self, training: bool = True) -> gym.Env[Any, Any]:
        """The environment to learn in, or to be judged in."""
        env = gym.make(self.env, max_episode_steps=self.cut) if training and self.cut else gym.make(self.env)
        return env if self.repeat == 1 else Repeat(env, self.repeat)


class Repeat(gym.Wrapper[Any, Any, Any, Any]):
    """Every action is kept up for `n` steps, as is usual for Atari; their rewards are summed."""

    def __init__(self, env: gym.Env[Any, Any], n: int) -> None:
        super().__init__(env)
        self.n = n

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        total = 0.0
        for _ in range(self.n):
            obs, reward, terminated, truncated, info = self.env.step(action)
            total += float(reward)
            if terminated or truncated:
                break
        return obs, total, terminated, truncated, info


CARTPOLE_DQN: dict[str, Any] = {
    "learning_rate": 2.3e-3, "batch_size": 64, "buffer_size": 100_000, "learning_starts": 1000,
    "train_freq": 256, "gradient_steps": 128, "target_update_interval": 10, "exploration_fraction": 0.16,
    "exploration_final_eps": 0.04, "network": (256, 256),
}  # fmt: skip
#: an update a step, a target network that follows slowly, ten rewards summed, more tried to the end, and a step that
#: shrinks to nearly nothing: tried on seeds from 100 on and other evaluation starts than those of the table
STEADY_DQN: dict[str, Any] = {
    **CARTPOLE_DQN, "learning_rate": Linear(1e-3, 1e-5), "train_freq": 4, "gradient_steps": 4,
    "target_update_interval": 4, "tau": 0.01, "n_steps": 10, "exploration_final_eps": 0.1,
}  # fmt: skip
CARTPOLE_PPO: dict[str, Any] = {
    "n_envs": 8, "n_steps": 32, "batch_size": 256, "gae_lambda": 0.8, "gamma": 0.98, "n_epochs": 20,
    "learning_rate": Linear(1e-3), "clip_range": Linear(0.2),
}  # fmt: skip
#: the zoo's for the lander, but a target network that follows slowly instead of in jumps, double Q-learning, three
#: rewards summed, and a step that shrinks: tried on seeds from 100 on and other evaluation starts than the table's
SLOW_DQN: dict[str, Any] = {
    "learning_rate": Linear(6.3e-4, 1e-5), "batch_size": 128, "buffer_size": 50_000, "learning_starts": 0,
    "train_freq": 4, "gradient_steps": -1, "target_update_interval": 4, "tau": 0.01, "double": True, "n_steps": 3,
    "exploration_fraction": 0.12, "exploration_final_eps": 0.05, "network": (256, 256),
}  # fmt: skip
#: what is tried is kept up: with single random steps two landers of nine hung in the air for ever
LANDER_DQN: dict[str, Any] = {**SLOW_DQN, "explorer": "ez-greedy", "exploration_final_eps": 0.02}
#: the +100 for a landing come after half a second of rest, which no observation counts: one step's choice decides
#: little. So each is made for four steps, with as many updates as there are steps (gamma is that of four)
QUICK_LANDER_DQN: dict[str, Any] = {**LANDER_DQN, "gradient_steps": 16, "gamma": 0.995}
ACROBOT_DQN: dict[str, Any] = {**SLOW_DQN, "n_steps": 1, "gradient_steps": 8}  # two updates a step
CAR_DQN: dict[str, Any] = {
    "learning_rate": Linear(2e-3, 1e-5), "batch_size": 128, "buffer_size": 10_000, "learning_starts": 1000,
    "gamma": 0.98, "n_steps": 5,
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

#: DQN with what Rainbow found to help most (Hessel et al. 2018), for a million steps: it begins sooner, learns from
#: larger batches with a step that shrinks
PACMAN_DQN: dict[str, Any] = {
    **DQN_VECTOR, "learning_starts": 20_000, "batch_size": 64, "learning_rate": Linear(2.5e-4, 1e-5), "n_steps": 3,
    "double": True, "duelling": True, "target_update_interval": 2000, "buffer_size": 500_000,
}  # fmt: skip

PENDULUM: dict[str, Any] = {"learning_rate": 1e-3, "learning_starts": 1000, "batch_size": 256}


def pendulum(algorithm: str, settings: dict[str, Any]) -> tuple[Task, Task]:
    """An agent and Stable-Baselines3's of the same name with the same settings, networks and seeds."""
    peer = f"Pendulum, {algorithm} 20k, Stable-Baselines3"
    settings = {**PENDULUM, **settings}
    return (
        Task(f"Pendulum, {algorithm} 20k", algorithm, "Pendulum-v1", "no worse than the peer, about -150", settings,
             steps=20_000, good=lambda v: v >= -165, peer=peer),
        Task(peer, f"SB3 {algorithm}", "Pendulum-v1", "the peer", settings, steps=20_000, good=lambda v: v >= -165),
    )  # fmt: skip


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
    Task("CartPole, DQN 50k", "DQN", "CartPole-v1", "500 on 9 of 10", STEADY_DQN, steps=50_000,
         good=lambda v: v == 500),
    *pendulum("SAC", {}),
    *pendulum("TD3", {}),
    *pendulum("DDPG", {}),
    Task("Acrobot, DQN 100k", "DQN", "Acrobot-v1", ">= -78", ACROBOT_DQN, steps=100_000, good=lambda v: v >= -78),
    Task("MountainCar, DQN 120k", "DQN", "MountainCar-v0", "median >= -110", CAR_DQN, steps=120_000,
         good=lambda v: v >= -120),
    Task("CartPole, BehaviorCloning from 5 episodes", "BehaviorCloning", "CartPole-v1", "500 on 9 of 10",
         {"expert": 5}, steps=3_000, good=lambda v: v == 500),
    Task("LunarLander, BehaviorCloning from 50 episodes", "BehaviorCloning", "LunarLander-v3",
         ">= 95 % of the expert", {"expert": 50, "network": (256, 256), "activation": "relu"}, steps=20_000,
         evaluation=1000),  # of a hundred landings the mean is known to 4 % only, the expert's as well
    Task("LunarLander, DQN 100k", "DQN", "LunarLander-v3", ">= 180", QUICK_LANDER_DQN, steps=100_000,
         repeat=4, cut=400,  # a landing takes some 250 steps, and one that hovers for 1,000 sees few starts
         good=lambda v: v >= 180),
    Task("LunarLander, DQN 300k", "DQN", "LunarLander-v3", ">= 240", LANDER_DQN, steps=300_000,
         good=lambda v: v >= 240),
    Task("LunarLander, PPO 1M", "PPO", "LunarLander-v3", ">= 250", LANDER_PPO, steps=1_000_000,
         good=lambda v: v >= 250),
    Task("HalfCheetah, SAC 200k", "SAC", "HalfCheetah-v5", ">= 4800", {"learning_starts": 10_000}, steps=200_000,
         seeds=3, good=lambda v: v >= 4800),
    Task("HalfCheetah, PPO 1M", "PPO", "HalfCheetah-v5", ">= 5000",
         CHEETAH_PPO,
         steps=1_000_000, seeds=3, good=lambda v: v >= 5000),
    Task("HalfCheetah, PPO 1M, default settings but normalised", "PPO", "HalfCheetah-v5", ">= 2300",
         {"normalize_observations": True, "normalize_rewards": True}, steps=1_000_000, good=lambda v: v >= 2300),
    Task("MsPacman, DQN 1M", "DQN", "MsPacmanNoFrameskip-v4", ">= 1500", PACMAN_DQN, steps=1_000_000, seeds=1,
         good=lambda v: v >= 1500),
    Task("HalfCheetah, TD3 1M", "TD3", "HalfCheetah-v5", ">= 10000", {"learning_starts": 10_000}, steps=1_000_000,
         seeds=3, good=lambda v: v >= 10_000),
    Task("HalfCheetah, SAC 1M", "SAC", "HalfCheetah-v5", ">= 11000", {"learning_starts": 10_000}, steps=1_000_000,
         seeds=3, good=lambda v: v >= 11_000),
]  # fmt: skip

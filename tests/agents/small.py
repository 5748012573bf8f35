"""Small agents of every kind, for the tests that hold for all."""

from __future__ import annotations

from typing import Any

import torch

from rlnb import agents

SMALL: dict[str, dict[str, Any]] = {
    "QLearning": {}, "Sarsa": {}, "ExpectedSarsa": {},
    "Reinforce": {"network": (8,), "batch_episodes": 2},
    "A2C": {"network": (8,), "n_envs": 2},
    "PPO": {"network": (8,), "n_envs": 2, "n_steps": 16, "batch_size": 8, "n_epochs": 2, "normalize_observations": True,
            "normalize_rewards": True, "learning_rate": agents.Linear(1e-3)},
    "DQN": {"network": (8,), "learning_starts": 20, "buffer_size": 200, "batch_size": 8, "memory": "prioritized"},
    "DDPG": {"network": (8,), "learning_starts": 20, "buffer_size": 200, "batch_size": 8},
    "TD3": {"network": (8,), "learning_starts": 20, "buffer_size": 200, "batch_size": 8},
    "SAC": {"network": (8,), "learning_starts": 20, "buffer_size": 200, "batch_size": 8},
}  # fmt: skip
WHERE = {"QLearning": "FrozenLake-v1", "Sarsa": "FrozenLake-v1", "ExpectedSarsa": "FrozenLake-v1",
         "DDPG": "Pendulum-v1", "TD3": "Pendulum-v1", "SAC": "Pendulum-v1"}  # fmt: skip
EXACT = ["QLearning", "Sarsa", "ExpectedSarsa", "Reinforce"]
ALL = list(SMALL)


def make(name: str, **more: Any) -> Any:
    return getattr(agents, name)(WHERE.get(name, "CartPole-v1"), seed=3, **{**SMALL[name], **more})


def learned(agent: Any) -> torch.Tensor:
    """Everything learned, in a row."""
    if hasattr(agent, "q") and isinstance(agent.q, list):
        return torch.tensor(agent.q).reshape(-1)
    return agent.flat.data.detach() if hasattr(agent, "flat") else agent.flat_actor.data.detach()

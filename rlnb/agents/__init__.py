"""Learning algorithms to read and to use: one file an algorithm, from its settings down to its loop.

>>> from rlnb.agents import PPO
>>> agent = PPO("CartPole-v1", seed=0).learn(100_000)      # doctest: +SKIP
>>> agent.evaluate(episodes=20, seed=42).mean()            # doctest: +SKIP
500.0

Names load when they are used: `QLearning` needs no torch until it is saved.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlnb.agents import atari as atari
    from rlnb.agents.a2c import A2C as A2C
    from rlnb.agents.cloning import BehaviorCloning as BehaviorCloning
    from rlnb.agents.ddpg import DDPG as DDPG
    from rlnb.agents.dqn import DQN as DQN
    from rlnb.agents.exact import policy_value as policy_value
    from rlnb.agents.expected_sarsa import ExpectedSarsa as ExpectedSarsa
    from rlnb.agents.ppo import PPO as PPO
    from rlnb.agents.qlearning import QLearning as QLearning
    from rlnb.agents.reinforce import Reinforce as Reinforce
    from rlnb.agents.sac import SAC as SAC
    from rlnb.agents.sarsa import Sarsa as Sarsa
    from rlnb.agents.schedules import Constant as Constant
    from rlnb.agents.schedules import Exponential as Exponential
    from rlnb.agents.schedules import Linear as Linear
    from rlnb.agents.sweep import alpha_sweep as alpha_sweep
    from rlnb.agents.td3 import TD3 as TD3

_WHERE = {
    "QLearning": "qlearning", "Sarsa": "sarsa", "ExpectedSarsa": "expected_sarsa", "Reinforce": "reinforce",
    "A2C": "a2c", "PPO": "ppo", "DQN": "dqn", "DDPG": "ddpg", "TD3": "td3", "SAC": "sac", "BehaviorCloning": "cloning",
    "Constant": "schedules", "Linear": "schedules", "Exponential": "schedules",
    "alpha_sweep": "sweep", "policy_value": "exact",
}  # fmt: skip

__all__ = [*sorted(_WHERE), "atari"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"rlnb.agents.{_WHERE[name]}"), name)
    if name == "atari":
        return importlib.import_module("rlnb.agents.atari")
    raise AttributeError(f"module 'rlnb.agents' has no attribute {name!r}. It has: {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return list(__all__)

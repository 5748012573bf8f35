"""What the three tabular agents share: the table, its settings, and acting by it.

A table Q[s][a] holds what action a in state s is worth: the expected discounted sum of rewards from there on. It is a
list of lists, because reading one Python number from a list is several times faster than from an array.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from rlnb import hook
from rlnb.agents.agent import Agent
from rlnb.agents.config import Config
from rlnb.agents.schedules import Exponential, Linear, Number
from rlnb.agents.spaces import Table, check_action_space

CHUNK = 1000  # steps between two looks at Stop in an episode without end


@dataclass(kw_only=True)
class TabularConfig(Config):
    """Settings of QLearning, Sarsa and ExpectedSarsa."""

    learning_rate: Number = Exponential(0.5, 0.01)  # noqa: RUF009
    """Step size α, 0 … 1: how far one step moves a value to its target. Higher forgets faster and stays noisy where the
    environment is random; lower is steadier and slower. Typically falls from 0.5 to 0.01; 1 where nothing is random."""
    exploration: Number = Linear(1.0, 0.05, fraction=0.5)  # noqa: RUF009
    """ε, 0 … 1: the share of actions taken at random. Higher sees more of the environment, lower uses what is known.
    Typically falls from 1 to 0.05 in the first half."""
    initial_value: float = 0.0
    """What every action is worth before it was tried. Above what can be reached ("optimistic", 1 in FrozenLake) makes
    the agent try everything; too high costs time until it is unlearned. Typically 0."""

    def span(self, name: str) -> tuple[float, float]:
        # further than to the target (α > 1) values swing out and grow without end
        return (0.0, 1.0) if name == "learning_rate" else super().span(name)


class TabularAgent(Agent[TabularConfig]):
    """A table of values, in one environment at a time, acting ε-greedily in it."""

    Settings = TabularConfig

    def _build(self) -> None:
        if isinstance(self.source.given, VectorEnv):
            raise ValueError(f"{self.name} learns in one environment at a time. Give the id or a single environment.")
        self.env: gym.Env[Any, Any] = self.source.first()
        check_action_space(self.env.action_space, self.env.observation_space, self.name, "discrete")
        assert isinstance(self.env.action_space, gym.spaces.Discrete)
        self.n_actions, self.first = int(self.env.action_space.n), int(self.env.action_space.start)
        self.states = Table(self.env.observation_space, self.name)
        # A millionth of noise: between equal values the agent has no favourite action in every state at once.
        noise = 1e-6 * self.rng.random((self.states.n, self.n_actions))
        self.q: list[list[float]] = (self.config.initial_value + noise).tolist()
        self.random = random.Random(self.seed)  # for one number at a time ten times faster than numpy's
        self.recent: deque[float] = deque(maxlen=100)
        self.state: int | None = None  # where the present episode is; None: the next one begins with a reset
        self.action: int | None = None  # Sarsa's next action, already chosen
        self.total = 0.0
        self._seeded, self._told = False, 0

    def begin(self) -> int:
        """Reset the environment: the first state of an episode."""
        obs, _ = self.env.reset(seed=None if self._seeded else self.seed)
        self._seeded, self.total, self.action = True, 0.0, None
        return self.states.index(obs)

    def _abandon(self) -> None:
        self.state = None

    def rest(self, row: list[float], over: bool) -> None:
        """After some steps: see that all is sound, and count the episode if it is over. `row` was learned last."""
        if not math.isfinite(self.total):
            raise FloatingPointError(
                f"The rewards of episode {self.episodes:,} (to step {self.steps:,}) sum up to {self.total}: learning "
                "stopped, but the table has learned from them. The environment's rewards have to be finite numbers; "
                "mend them and make the agent anew."
            )
        if not all(map(math.isfinite, row)):
            raise FloatingPointError(
                f"Values in the table are {row} after episode {self.episodes:,} (step {self.steps:,}, learning rate "
                f"{self.now('learning_rate'):g}): learning stopped, but the table is spoiled. Rewards may be too large "
                "for numbers, or the learning rate was moved above 1. Make the agent anew."
            )
        if not over:
            return
        self.episodes += 1
        self.recent.append(self.total)
        self.state = None
        if self.steps >= self._told + 500:
            self._told = self.steps
            some = self.q[:: max(1, len(self.q) // 100)]  # a hundred states tell enough, and cost nothing
            hook.log(
                learning_rate=self.now("learning_rate"), epsilon=self.now("exploration"),
                q_mean=sum(map(max, some)) / len(some), step=self.steps,
            )  # fmt: skip

    def choose(self, row: list[float], epsilon: float) -> int:
        """ε-greedy: with probability ε any action, otherwise the one worth most."""
        if self.random.random() < epsilon:
            return int(self.random.random() * self.n_actions)
        return row.index(max(row))

    @property
    def table(self) -> NDArray[np.float64]:
        """Q as an array [states, actions]."""
        return np.array(self.q)

    @property
    def policy(self) -> NDArray[np.int64]:
        """The greedy action of every state [states]."""
        best: NDArray[np.int64] = self.table.argmax(axis=1)
        return best

    def act(self, obs: Any, greedy: bool = True) -> Any:
        if isinstance(obs, np.ndarray) and obs.ndim == len(self.env.observation_space.shape or ()) + 1:
            return np.array([self.act(one, greedy) for one in obs])  # of many lanes
        row = self.q[self.states.checked(obs)]
        return self.first + (row.index(max(row)) if greedy else self.choose(row, self.now("exploration")))

    def explain(self, obs: Any) -> Mapping[str, Any]:
        return {"q": np.array(self.q[self.states.checked(obs)])}

    def _recent_return(self) -> float | None:
        return sum(self.recent) / len(self.recent) if self.recent else None

    def close(self) -> None:
        self.env.close()

    def _spaces(self) -> dict[str, str]:
        return {"observation space": str(self.env.observation_space), "action space": str(self.env.action_space)}

    def _state(self) -> dict[str, Any]:
        import torch

        version, numbers, spare = self.random.getstate()
        return {
            "q": torch.tensor(self.q, dtype=torch.float64), "random": [version, list(numbers), spare],
            "env_rng": self.env.unwrapped.np_random.bit_generator.state if self._seeded else None,
            "recent": list(self.recent),
        }  # fmt: skip

    def _restore(self, state: dict[str, Any]) -> None:
        self.q = state["q"].tolist()
        version, numbers, spare = state["random"]
        self.random.setstate((version, tuple(numbers), spare))
        self.recent.extend(state["recent"])
        restore_env_rng(self.env, state["env_rng"])
        self._seeded = state["env_rng"] is not None


def restore_env_rng(env: gym.Env[Any, Any], state: Mapping[str, Any] | None) -> None:
    """Give `env` the random numbers of the one that was saved: its next reset is the one that came next there."""
    if state is not None:
        bits: Any = getattr(np.random, str(state["bit_generator"]))()
        bits.state = state
        env.unwrapped.np_random = np.random.Generator(bits)

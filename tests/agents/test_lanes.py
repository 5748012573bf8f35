"""Environments side by side: the same transitions whichever way a vector environment resets itself."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from rlnb.agents.source import Source
from rlnb.agents.spaces import Encoder, Table
from tests.agents import probes


class Counter(probes.Probe):
    """Observes how many steps the episode has; ends after 3, by the task or by the clock."""

    def __init__(self, by_clock: bool = False) -> None:
        super().__init__()
        self.observation_space = gym.spaces.Box(0.0, 10.0, (1,), np.float32)
        self.by_clock = by_clock

    def look(self) -> Any:
        return np.array([self.t], np.float32)

    def step(self, action: Any) -> Any:
        self.t += 1
        over = self.t == 3
        return self.look(), float(self.t), over and not self.by_clock, over and self.by_clock, {}


def real_steps(env: Any, n: int = 8) -> list[list[tuple[float, ...]]]:
    """What each lane lived through, phantoms left out."""
    lanes = Source(env).lanes(1, "sync")
    lanes.reset(0)
    lived: list[list[tuple[float, ...]]] = [[] for _ in range(lanes.n)]
    for _ in range(n):
        before = lanes.obs.copy()
        step = lanes.step(np.zeros(lanes.n, np.int64))
        for i in np.flatnonzero(step.valid):
            lived[i].append((
                float(before[i, 0]), float(step.reward[i]), float(step.successor[i, 0]),
                bool(step.terminated[i]), bool(step.truncated[i]),
            ))  # fmt: skip
    return lived


EPISODE = [(0.0, 1.0, 1.0, False, False), (1.0, 2.0, 2.0, False, False)]


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_every_way_to_reset_gives_the_same_transitions(mode: AutoresetMode) -> None:
    env = SyncVectorEnv([lambda: Counter(False), lambda: Counter(True)], autoreset_mode=mode)
    lived = real_steps(env)
    whole = [[*EPISODE, (2.0, 3.0, 3.0, not clock, clock)] * 3 for clock in (False, True)]
    for lane, expected in zip(lived, whole, strict=True):
        assert lane == expected[: len(lane)]
        assert len(lane) >= 6


def test_single_environments_give_the_same() -> None:
    assert real_steps(Counter)[0][:3] == [*EPISODE, (2.0, 3.0, 3.0, True, False)]


def test_returns_and_episodes_are_counted() -> None:
    lanes = Source(Counter).lanes(2, "sync")
    lanes.reset(0)
    for _ in range(6):
        lanes.step(np.zeros(2, np.int64))
    assert lanes.episodes == 4
    assert list(lanes.recent) == [6.0] * 4


def test_processes_of_their_own() -> None:
    lanes = Source("CartPole-v1").lanes(2, "async")
    try:
        lanes.reset(0)
        step = lanes.step(np.array([0, 1]))
        assert step.reward.tolist() == [1.0, 1.0]
    finally:
        lanes.close()


def test_gymnasiums_own_vector_cartpole() -> None:
    lanes = Source(gym.make_vec("CartPole-v1", num_envs=3, vectorization_mode="vector_entry_point")).lanes(1, "sync")
    lanes.reset(0)
    for _ in range(60):
        lanes.step(np.ones(3, np.int64))
    assert lanes.episodes > 3
    assert 5 < np.mean(lanes.recent) < 15


def test_observations_become_rows() -> None:
    spaces = gym.spaces
    assert Encoder(spaces.Discrete(3, start=1)).one(2).tolist() == [0.0, 1.0, 0.0]
    assert Encoder(spaces.Box(0, 1, (2, 2))).many(np.ones((5, 2, 2))).shape == (5, 4)
    assert Encoder(spaces.Box(0, 255, (84, 90, 3), np.uint8)).one(np.zeros((84, 90, 3), np.uint8)).shape == (3, 84, 90)
    pair = Encoder(spaces.Tuple((spaces.Discrete(2), spaces.Discrete(3))))
    assert pair.one((1, 2)).tolist() == [0.0, 1.0, 0.0, 0.0, 1.0]


def test_a_table_numbers_tuples_without_gaps() -> None:
    table = Table(gym.spaces.Tuple((gym.spaces.Discrete(3), gym.spaces.Discrete(2, start=5))), "QLearning")
    assert sorted(table.index((a, b)) for a in range(3) for b in (5, 6)) == list(range(6))
    assert table.n == 6

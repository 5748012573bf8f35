"""Tables: updates by hand, exact values, and a sweep that says how sure it is."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from rlnb import hook
from rlnb.agents import DQN, ExpectedSarsa, QLearning, Sarsa, alpha_sweep, policy_value
from rlnb.agents.sweep import Sweep, SweepRow


class Corridor(gym.Env[int, int]):
    """0 → 1 → end, one reward of 1 at the end, by the task or by the clock; action 1 goes on, 0 stays."""

    def __init__(self, by_clock: bool = False) -> None:
        self.observation_space, self.action_space = gym.spaces.Discrete(3), gym.spaces.Discrete(2)
        self.by_clock = by_clock

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed)
        self.at = 0
        return 0, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        self.at += int(action)
        over = self.at == 2
        return self.at, float(over), over and not self.by_clock, over and self.by_clock, {}


@pytest.mark.parametrize("algorithm", [QLearning, Sarsa, ExpectedSarsa])
@pytest.mark.parametrize("by_clock", [False, True])
def test_the_update_by_hand(algorithm: Any, by_clock: bool) -> None:
    agent = algorithm(lambda: Corridor(by_clock), seed=0, learning_rate=0.5, gamma=0.5, exploration=0.0)
    agent.q[:] = [[0.0, 4.0], [0.0, 2.0], [6.0, 6.0]]
    agent.learn(episodes=1, progress=False)
    # Q(0, 1) = 4 + ½ (½ · 2 − 4) = 2.5;  at the end the clock leaves the state its value: 1 + ½ · 6, the task does not
    last = 2 + 0.5 * ((1 + 0.5 * 6 if by_clock else 1) - 2)
    assert agent.q[0] == [0.0, 2.5]
    assert agent.q[1] == [0.0, last]


def test_expected_sarsa_expects_what_it_does() -> None:
    agent = ExpectedSarsa(Corridor, seed=0, learning_rate=1.0, gamma=1.0, exploration=0.5)
    agent.q[:] = [[0.0, 0.0], [1.0, 3.0], [0.0, 0.0]]
    agent.learn(steps=40, progress=False)
    # each value is the last target: r + ½ · max + ½ · mean
    q = agent.q
    assert q[1][1] == 1.0
    assert q[0][1] == pytest.approx(0.5 * max(q[1]) + 0.5 * sum(q[1]) / 2, abs=0.5)


def test_tuples_of_numbers_are_states() -> None:
    agent = QLearning("Blackjack-v1", seed=0).learn(episodes=2000, progress=False)
    assert agent.table.shape == (32 * 11 * 2, 2)
    assert agent.act((20, 5, 0)) == 0  # stick on twenty


def test_a_policy_is_valued_exactly() -> None:
    env = gym.make("CliffWalking-v1")
    along = np.array([0] * 36 + [0] + [1] * 11)  # up from the start …
    along[24:35], along[35] = 1, 2  # … along the edge, down at its end
    assert policy_value(env, along) == -13.0
    lake = gym.make("FrozenLake-v1", is_slippery=False)
    way = np.array([1, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0, 0, 2, 2, 0])
    assert policy_value(lake, way) == 1.0
    assert policy_value(lake, way, horizon=5) == 0.0
    with pytest.raises(ValueError, match=r"does not tell its probabilities .*agent\.evaluate"):
        policy_value(gym.make("CartPole-v1"), way)


def test_a_sweep_compares_learning_rates_with_several_seeds() -> None:
    sweep = alpha_sweep(QLearning, "CliffWalking-v1", [1e-6, 0.5], range(3), episodes=150, exploration=0.1, gamma=1.0,
                        progress=False)  # fmt: skip
    assert [row.learning_rate for row in sweep.rows] == [1e-6, 0.5]
    assert [len(row.values) for row in sweep.rows] == [3, 3]
    assert sweep.valued == "exact"
    assert sweep.best.learning_rate == 0.5
    assert sweep.best.mean == -13.0
    with pytest.raises(ValueError, match="one seed says nothing"):
        alpha_sweep(QLearning, "CliffWalking-v1", seeds=[0], episodes=1)


def test_stop_ends_a_sweep_with_what_was_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = iter([False] * 30 + [True] * 10_000)
    monkeypatch.setattr(hook, "stopping", lambda: next(asked))
    sweep = alpha_sweep(QLearning, "FrozenLake-v1", [0.1, 0.2, 0.3], range(2), steps=640, progress=False)
    assert [row.learning_rate for row in sweep.rows] == [0.1]
    assert len(sweep.rows[0].values) == 2


def test_a_sweep_that_cannot_be_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TypeError, match=r"QLearning, Sarsa or ExpectedSarsa, not DQN\."):
        alpha_sweep(DQN, "CartPole-v1", [1e-3], steps=10)  # type: ignore[arg-type]
    monkeypatch.setattr(hook, "stopping", lambda: True)
    sweep = alpha_sweep(QLearning, "FrozenLake-v1", [0.1], range(2), episodes=5, progress=False)
    with pytest.raises(ValueError, match="stopped before its first learning rate was finished"):
        _ = sweep.best


def test_a_sweep_whose_valuing_was_stopped_has_no_such_row(monkeypatch: pytest.MonkeyPatch) -> None:
    valued: list[Any] = []

    def stopped(self: Any, *how: Any, **more: Any) -> Any:
        valued.append(self)
        monkeypatch.setattr(hook, "stopping", lambda: len(valued) == 2)
        return np.array([1.0])

    monkeypatch.setattr(QLearning, "evaluate", stopped)
    assert alpha_sweep(QLearning, "Blackjack-v1", [0.1], range(2), episodes=5, progress=False).rows == ()


def test_rates_that_cannot_be_told_apart_are_all_named() -> None:
    sweep = alpha_sweep(QLearning, "FrozenLake-v1", [0.3, 0.31], range(4), episodes=200, progress=False)
    assert sweep.best.learning_rate in sweep.as_good
    assert set(sweep.as_good) <= {0.3, 0.31}


@pytest.mark.parametrize("algorithm", [QLearning, Sarsa, ExpectedSarsa])
def test_a_table_stops_where_its_values_run_away(algorithm: Any) -> None:
    agent = algorithm("CliffWalking-v1", seed=0, gamma=1.0, exploration=0.5)
    agent._set["learning_rate"] = 5.0  # by hand, past what the settings allow
    with pytest.raises(FloatingPointError, match=r"Values in the table .*learning rate 5.*Make the agent anew"):
        agent.learn(200_000, progress=False)


class Other(gym.ObservationWrapper[Any, Any, Any]):
    def observation(self, observation: Any) -> Any:
        return 15 - observation


def test_probabilities_know_nothing_of_wrappers() -> None:
    lake = gym.make("FrozenLake-v1")
    agent = QLearning(lambda: Other(gym.make("FrozenLake-v1")), seed=0)
    with pytest.raises(ValueError, match="know nothing of what Other may change"):
        policy_value(agent.env, agent.policy)
    assert alpha_sweep(QLearning, lambda: Other(gym.make("FrozenLake-v1")), [0.1], 2, steps=50).valued == "100 episodes"
    assert alpha_sweep(QLearning, "FrozenLake-v1", 0.1, 2, steps=50).valued == "exact"
    with pytest.raises(ValueError, match=r"shape \(5,\): it must name one action for each of the 16 states"):
        policy_value(lake, [0] * 5)
    with pytest.raises(TypeError, match=r"policy_value\(agent.env, agent.policy\)"):
        policy_value(agent, agent.policy)  # type: ignore[arg-type]


class Endless(gym.Env[Any, Any]):
    observation_space, action_space = gym.spaces.Discrete(2), gym.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return 0, {}

    def step(self, action: Any) -> Any:
        return 1, float("nan"), False, False, {}


@pytest.mark.parametrize("algorithm", [QLearning, Sarsa, ExpectedSarsa])
def test_a_table_stops_at_what_is_no_number_in_an_episode_without_end(algorithm: Any) -> None:
    with pytest.raises(FloatingPointError, match="sum up to nan"):
        algorithm(Endless(), seed=0).learn(5000, progress=False)


def test_tables_act_for_many_and_refuse_what_is_no_state() -> None:
    agent = QLearning("FrozenLake-v1", seed=0)
    assert agent.act(np.array([0, 5, 3])).tolist() == [agent.act(state) for state in (0, 5, 3)]
    for wrong in (-1, 16, "a", (0, {})):
        with pytest.raises(ValueError, match=r"is no observation of Discrete\(16\)"):
            agent.act(wrong)
    with pytest.raises(ValueError, match=r"obs, info = env.reset\(\)"):
        agent.act(agent.env.reset(seed=0))


def test_tables_that_cannot_be_say_why() -> None:
    class Wide(Endless):
        observation_space = gym.spaces.MultiDiscrete([1000] * 6)  # type: ignore[assignment]

    with pytest.raises(ValueError, match=r"1,000,000,000,000,000,000 of them: more than 20,000,000 do not fit"):
        QLearning(Wide())
    Wide.observation_space = gym.spaces.MultiBinary(4)  # type: ignore[assignment]
    with pytest.raises(ValueError, match=r"takes Discrete, MultiDiscrete and Tuples of Discrete, not MultiBinary"):
        QLearning(Wide())


def test_a_sweep_prints_as_a_table() -> None:
    rows = tuple(SweepRow(rate, (mean, mean), mean, 0.01) for rate, mean in ((0.1, 0.5), (0.4, 0.6), (0.5, 0.61)))
    said = repr(Sweep(rows, "exact")).splitlines()
    assert said[0].split() == ["learning", "rate", "mean", "±", "error"]
    assert [line.split() for line in said[1:4]] == [
        ["0.1", "0.5", "0.01"],
        ["0.4", "0.6", "0.01"],
        ["0.5", "0.61", "0.01"],
    ]
    assert said[4] == "best: 0.5; these 2 seeds cannot tell it from 0.4 (exact, 2 seeds each)"
    assert "stopped before" in repr(Sweep((), "exact"))
    assert alpha_sweep(QLearning, "FrozenLake-v1", seeds=2, steps=10, progress=False).rows[7].learning_rate == 0.4

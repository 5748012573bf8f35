"""From Q-values to actions, counted over many draws."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import numpy as np
import pytest

from rlnb import agents
from rlnb.agents.policies import EXPLORERS, EzGreedy, GaussianEpsilonGreedy

Q = np.tile(np.array([0.0, 1.0], np.float32), (20_000, 1))


@pytest.mark.parametrize(
    ("name", "amount", "share_of_best"),
    [
        ("greedy", 1.0, 1.0),
        ("epsilon-greedy", 0.0, 1.0),
        ("epsilon-greedy", 0.4, 0.8),  # 1 − ε + ε / 2
        ("gaussian-epsilon-greedy", 0.4, 0.8),
        ("ez-greedy", 0.0, 1.0),
        ("ez-greedy", 0.4, 0.8),  # at the first step: 1 − ε + ε / 2
        ("softmax", 1.0, 1 / (1 + np.exp(-1))),
    ],
)
def test_how_often_the_best_is_chosen(name: str, amount: float, share_of_best: float) -> None:
    actions = EXPLORERS[name]()(Q, amount, np.random.default_rng(0))
    assert actions.mean() == pytest.approx(share_of_best, abs=0.01)


@pytest.mark.parametrize("name", EXPLORERS)
def test_the_first_steps_are_random_whatever_explores_later(name: str) -> None:
    assert EXPLORERS[name]()(Q, np.inf, np.random.default_rng(0)).mean() == pytest.approx(0.5, abs=0.02)
    agent = agents.DQN("CartPole-v1", seed=0, network=(8,), explorer=name, learning_starts=600, buffer_size=600)
    amounts, explore = [], agent.explore
    agent.explore = lambda rows, amount: amounts.append(amount) or explore(rows, amount)
    # what it will learn from is not one action: of an action that is kept up there are some hundred
    assert 150 < agent.learn(600, progress=False).memory.columns[1].sum() < 450
    assert set(amounts) == {np.inf}


def test_the_drawn_epsilon_stays_between_0_and_1() -> None:
    actions = GaussianEpsilonGreedy(std=10.0)(Q, 0.5, np.random.default_rng(0))
    # ε is nearly always 0 or 1, half of the time each: 1 − ½ / 2
    assert actions.mean() == pytest.approx(0.75, abs=0.02)


def runs_of(actions: Iterable[int]) -> list[int]:
    """How long each action that was tried (the greedy one is 0) was kept up."""
    return [len(list(run)) for action, run in groupby(actions) if action != 0]


def test_what_ez_greedy_tries_it_keeps_up_for_as_long_as_zipfs_law_says() -> None:
    explore, rng = EzGreedy(mu=2.0, longest=100), np.random.default_rng(0)
    q = np.zeros((1, 100_000), np.float32)  # so many actions that no two draws in a row are alike
    runs = np.array(runs_of(int(explore(q, 1.0, rng)[0]) for _ in range(2_000))[:-1])
    assert (runs == 1).mean() == pytest.approx(6 / np.pi**2, abs=0.05)  # P(z) = z⁻² / ζ(2)
    assert (runs == 2).mean() == pytest.approx(6 / np.pi**2 / 4, abs=0.04)
    assert runs.max() > 20
    assert runs.max() <= 100


def test_ez_greedy_holds_actions_of_one_environment_apart_from_its_neighbours() -> None:
    explore, rng = EzGreedy(mu=1.2, longest=5), np.random.default_rng(0)
    q = np.zeros((3, 100_000), np.float32)
    actions = np.array([explore(q, 0.5, rng) for _ in range(500)])
    for lane in actions.T:
        assert set(runs_of(lane.tolist())) == {1, 2, 3, 4, 5}
    assert (actions[:, 0] != actions[:, 1]).mean() > 0.5
    assert EzGreedy()(q[:1], 0.0, rng).tolist() == [0]


def test_acting_beside_learning_disturbs_no_action_that_is_held() -> None:
    def learned(look: bool) -> list[int]:
        agent = agents.DQN("CartPole-v1", seed=0, explorer="ez-greedy", exploration_initial_eps=1.0, network=(8,))
        agent.explorer = EzGreedy(longest=1000, mu=1.01)
        taken = []
        for _ in range(30):
            taken.append(int(agent.explore(np.zeros((1, 4), np.float32), 1.0)[0]))
            if look:
                rng, agent.rng = agent.rng, np.random.default_rng(1)
                agent.act(np.zeros((5, 4), np.float32), greedy=False)
                agent.rng = rng
        return taken

    assert learned(look=True) == learned(look=False)

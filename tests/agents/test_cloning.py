"""Imitation: from arrays, from a recorded session, from what looks like a Minari dataset, and with an expert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import pandas as pd
import pytest

import rlnb
from rlnb.agents import BehaviorCloning
from tests.agents import probes


def balance(obs: Any) -> int:
    """Keeps CartPole's pole up for 500 steps."""
    x, speed, angle, turning = obs
    return int(3 * angle + turning + 0.1 * x + 0.2 * speed > 0)


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rlnb.install()
    try:
        with rlnb.session("expert") as recorded:
            env = gym.make("CartPole-v1", max_episode_steps=60)
            for seed in range(3):
                obs, _ = env.reset(seed=seed)
                over = False
                while not over:
                    obs, _, terminated, truncated, _ = env.step(balance(obs))
                    over = terminated or truncated
        yield recorded
    finally:
        rlnb.uninstall()


def test_from_a_recorded_session(session: Any) -> None:
    agent = BehaviorCloning("CartPole-v1", data=session, seed=0, network=(32,))
    assert len(agent.obs) == 180  # three episodes of 60 steps, every one
    assert agent.taken.tolist() == [balance(obs) for obs in agent.obs]  # each action beside what it was chosen on
    agent.learn(3000, progress=False)
    agreed = np.mean([agent.act(obs) == balance(obs) for obs in agent.obs])
    assert agreed > 0.97


@dataclass
class Episode:
    """As Minari gives it: observations are one more than actions."""

    observations: Any
    actions: Any


class Dataset:
    def iterate_episodes(self) -> Any:
        yield Episode(np.eye(2)[[0, 1, 0]], np.array([1, 0]))
        yield Episode(np.eye(2)[[1, 1]], np.array([0]))


def test_from_minari_and_from_several_sources() -> None:
    agent = BehaviorCloning(probes.Both, data=[Dataset(), (np.eye(2), np.array([1, 0]))], seed=0)
    assert agent.obs.tolist() == [[1, 0], [0, 1], [0, 1], [1, 0], [0, 1]]
    assert agent.taken.tolist() == [1, 0, 0, 1, 0]


class Recorded:
    """A session whose episodes give these tables."""

    def __init__(self, *tables: pd.DataFrame) -> None:
        self.tables = tables

    @property
    def episodes(self) -> pd.DataFrame:
        return pd.DataFrame(index=range(len(self.tables)))

    def steps(self, episode: int) -> pd.DataFrame:
        return self.tables[episode]


def test_episodes_that_cannot_be_run_again_are_left_out() -> None:
    good = pd.DataFrame({"observation": [np.array([1.0, 0.0])], "action": [1], "reward": [0.0]})
    lost = good.drop(columns="observation")
    assert len(BehaviorCloning(probes.Both, data=Recorded(lost, good), seed=0).obs) == 1
    with pytest.raises(ValueError, match="None of the session's episodes gives its observations"):
        BehaviorCloning(probes.Both, data=Recorded(lost, lost), seed=0)


def test_data_that_does_not_fit_is_named() -> None:
    with pytest.raises(TypeError, match=r"data is dict.*a Minari dataset or one of its episodes"):
        BehaviorCloning(probes.Both, data={"obs": []})
    with pytest.raises(ValueError, match="3 observations, but 2 actions"):
        BehaviorCloning(probes.Both, data=(np.zeros((3, 2)), np.zeros(2, int)))
    with pytest.raises(ValueError, match=r"actions 0 … 7 are not all in Discrete\(2\)"):
        BehaviorCloning(probes.Both, data=(np.zeros((2, 2)), np.array([0, 7])))
    with pytest.raises(ValueError, match="nothing to imitate"):
        BehaviorCloning(probes.Both, seed=0).learn(10, progress=False)
    for actions, words in (
        (np.full((3, 2), 0.5), r"shape \(3, 2\).*Discrete\(2\) takes one whole number.*one-hot"),
        (np.zeros((3, 4)), r"shape \(3, 4\)"),
        (np.array([0.0, 0.5, 1.0]), r"action 0\.5 .*is no whole number"),
        ([[0], [0, 1], [0]], "no array of numbers"),
    ):
        with pytest.raises(ValueError, match=words):
            BehaviorCloning(probes.Both, data=(np.zeros((3, 2)), actions))
    with pytest.raises(ValueError, match=r"observation of the shape \(5,\) in the data: .*Box"):
        BehaviorCloning(probes.Both, data=(np.zeros((3, 5)), np.zeros(3, int)))
    for obs in (np.array([-1]), np.array([16]), np.zeros((1, 4))):
        with pytest.raises(ValueError, match=r"An observation of .* in the data: .*Discrete\(16\)"):
            BehaviorCloning("FrozenLake-v1", data=(obs, np.array([1])))
    with pytest.raises(ValueError, match=r"shape \(3, 2\).*takes 1 numbers an observation"):
        BehaviorCloning("Pendulum-v1", data=(np.zeros((3, 3)), np.zeros((3, 2))))


def test_one_hot_actions_are_the_actions_and_pairs_stay_pairs() -> None:
    taken = np.array([0, 1, 1, 0])
    for actions in (np.eye(2)[taken], np.eye(2, dtype=int)[taken], taken.reshape(-1, 1), taken.astype(float)):
        assert BehaviorCloning("CartPole-v1", data=(np.zeros((4, 4)), actions)).taken.tolist() == [0, 1, 1, 0]
    with pytest.raises(ValueError, match="4 observations, but 3 actions"):
        BehaviorCloning("CartPole-v1", data=(np.zeros((4, 4)), np.eye(2)[taken[:3]]))


class Parts(gym.Env[Any, Any]):
    """A place and a speed in a Dict, a Tuple in it; `over` after 3 steps. The array of the place is used again."""

    observation_space = gym.spaces.Dict(
        {"place": gym.spaces.Box(-9, 9, (2,)), "more": gym.spaces.Tuple([gym.spaces.Discrete(2), gym.spaces.Box(0, 1)])}
    )
    action_space = gym.spaces.Discrete(2)
    made: list[Parts] = []  # noqa: RUF012

    def __init__(self) -> None:
        self.place, self.closed, self.resets = np.zeros(2, np.float32), False, 0
        self.made.append(self)

    def look(self) -> Any:
        return {"place": self.place, "more": (int(self.place[0]) % 2, np.ones(1, np.float32))}

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.place[:], self.resets = 0, self.resets + 1
        return self.look(), {}

    def step(self, action: Any) -> Any:
        self.place += 1
        return self.look(), 0.0, bool(self.place[0] == 3), False, {}

    def close(self) -> None:
        self.closed = True


def test_observations_of_parts_from_arrays_minari_and_dagger() -> None:
    places, more = np.array([[1.0, 2], [3, 4], [5, 6]]), (np.array([0, 1, 1]), np.ones((3, 1)))
    batch = {"more": more, "place": places}
    one_episode = Episode(batch, np.array([0, 1]))
    agent = BehaviorCloning(Parts, data=[(batch, np.array([0, 1, 1])), one_episode], seed=0, network=(8,))
    # flattened in the order of the space: more (one-hot of 2, a number), place
    whole = [[1, 0, 1, 1, 2], [0, 1, 1, 3, 4], [0, 1, 1, 5, 6]]
    assert agent.obs.tolist() == [*whole, *whole[:2]]
    assert agent.taken.tolist() == [0, 1, 1, 0, 1]
    agent.dagger(lambda obs: obs["more"][0], rounds=1, episodes=1, steps=10)
    assert agent.obs[5:, 3].tolist() == [0, 1, 2]
    assert agent.taken[5:].tolist() == [0, 1, 0]
    with pytest.raises(ValueError, match="have the parts place, those of the environment more, place"):
        agent.add(({"place": places}, np.zeros(3, int)))
    with pytest.raises(ValueError, match=r"different lengths: \[3, 2\]"):
        agent.add(({"place": places[:2], "more": more}, np.zeros(2, int)))


def test_dagger_keeps_its_schedule_hears_stop_and_closes_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = BehaviorCloning(Parts, seed=0, network=(8,))
    rates: list[float] = []
    update = agent.update
    monkeypatch.setattr(agent, "update", lambda: (rates.append(agent.now("learning_rate")), update()))
    Parts.made.clear()
    agent.dagger(lambda obs: 0, rounds=3, episodes=1, steps=10)
    assert len(rates) == 30
    assert rates == sorted(rates, reverse=True)  # no sawtooth
    assert Parts.made[-1].closed
    monkeypatch.setattr("rlnb.hook.stopping", lambda: True)
    asked: list[Any] = []
    agent.dagger(asked.append, rounds=3, episodes=2)
    assert (asked, Parts.made[-1].resets, Parts.made[-1].closed) == ([], 0, True)
    monkeypatch.undo()
    with pytest.raises(ZeroDivisionError):
        agent.dagger(lambda obs: 1 // 0)
    assert Parts.made[-1].closed


def test_a_loaded_agent_learns_on_from_data(tmp_path: Any) -> None:
    data = (np.zeros((4, 4), np.float32), np.array([0, 1, 1, 0]))
    path = (
        BehaviorCloning("CartPole-v1", data=data, seed=0, network=(8,)).learn(10, progress=False).save(tmp_path / "a")
    )
    with pytest.raises(ValueError, match=r"agent\.add\(data\)"):
        BehaviorCloning.load(path).learn(10, progress=False)
    assert BehaviorCloning.load(path, data=data).learn(10, progress=False).steps == 20


def test_continuous_actions_are_imitated() -> None:
    obs = np.random.default_rng(0).standard_normal((300, 3)).astype(np.float32)
    agent = BehaviorCloning("Pendulum-v1", data=(obs, obs[:, :1]), seed=0, network=(32,)).learn(800, progress=False)
    assert np.abs(agent.act(obs[:50]) - obs[:50, :1].clip(-2, 2)).mean() < 0.1


def test_dagger_asks_the_expert_where_the_agent_went_itself() -> None:
    agent = BehaviorCloning("CartPole-v1", data=([np.zeros(4, np.float32)], [0]), seed=0, network=(32,))
    agent.dagger(balance, rounds=3, episodes=3, steps=300)
    assert agent.taken.tolist()[1:] == [balance(obs) for obs in agent.obs[1:]]
    assert agent.evaluate(5, seed=0).mean() > 100  # one pair alone would fall over at once


def test_an_episode_of_dagger_ends_where_the_environment_has_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlnb.agents.evaluation.LIMIT", 40)
    agent = BehaviorCloning("CliffWalking-v1", seed=0, network=(8,))
    monkeypatch.setattr(agent, "act", lambda obs: 3)  # left, against the wall, for ever
    with pytest.warns(UserWarning, match=r"DAgger in CliffWalking-v1 .* cut after 40 steps"):
        agent.dagger(lambda obs: 0, rounds=1, episodes=1, steps=1)
    assert agent.taken.tolist() == [0] * 40
    monkeypatch.setattr("rlnb.agents.evaluation.LOOK", 10)
    answers = iter([False, False, True])  # before the episode; after ten steps and twenty
    monkeypatch.setattr("rlnb.hook.stopping", lambda: next(answers, True))
    agent.dagger(lambda obs: 1, rounds=1, episodes=1, steps=1)
    assert agent.taken.tolist() == [0] * 40

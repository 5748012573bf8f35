"""Evaluations: they end, hear Stop, are made at the end too, and play what the agent learned in."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv

from rlnb import agents, hook
from rlnb.agents.evaluation import LIMIT, returns
from tests.agents import probes
from tests.agents.small import SMALL

LANES = {name: value for name, value in SMALL["PPO"].items() if name != "n_envs"}


class Circle(probes.Probe):
    """An episode that never ends; a step costs 1."""

    def step(self, action: Any) -> Any:
        return self.look(), -1.0, False, False, {}


def after(calls: int) -> Any:
    """`hook.stopping` that says True after so many calls."""
    asked = iter(range(10**9))
    return lambda: next(asked) >= calls


def test_an_episode_without_end_is_cut_with_a_warning() -> None:
    with pytest.warns(UserWarning, match=r"2 of 2 evaluation episodes in Circle did not end .* after 10,000 steps"):
        values = agents.A2C(Circle, seed=0, **SMALL["A2C"]).evaluate(2)
    assert values.tolist() == [-LIMIT, -LIMIT]
    agent = agents.QLearning("CliffWalking-v1", seed=0)
    with pytest.warns(UserWarning, match="evaluation episodes in CliffWalking-v1"):
        agent.learn(1000, progress=False, evaluate_every=500)
    assert agent.steps == 1000


def test_an_environment_with_a_limit_keeps_it() -> None:
    for env in (
        gym.make("CliffWalking-v1", max_episode_steps=LIMIT + 500),
        gym.wrappers.TimeLimit(Circle(), LIMIT + 500),
    ):
        assert returns(lambda obs: 0, env, 1, 0).tolist() == [-LIMIT - 500]


def test_stop_ends_an_evaluation_with_what_was_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = agents.QLearning(lambda: gym.wrappers.TimeLimit(Circle(box=False), 300), seed=0)
    monkeypatch.setattr(hook, "stopping", after(3))  # the first look is before the first step
    assert agent.evaluate(10).tolist() == [-300.0, -300.0]
    monkeypatch.setattr(hook, "stopping", lambda: True)  # a Stop from before ended something else
    assert len(agent.evaluate(3)) == 3


def test_a_stopped_evaluation_is_not_taken_for_a_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = agents.QLearning(lambda: Circle(box=False), seed=0)
    monkeypatch.setattr(hook, "stopping", after(4))
    agent.learn(100_000, progress=False, evaluate_every=500)
    assert agent.steps == 1000
    assert agent.best == -np.inf


def test_an_episode_of_reinforce_hears_stop_and_keeps_to_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = agents.Reinforce(Circle, seed=0, **SMALL["Reinforce"]).learn(1500, progress=False)
    assert (agent.steps, agent.episodes) == (2000, 1)
    # what was cut is truncated: a long episode of −1 goes on being worth −1 / (1 − γ) or so, not 0
    assert agent.praise(np.array([-1.0]), cut=-100.0)[0] == -100.0
    monkeypatch.setattr(hook, "stopping", after(2))
    agent.learn(episodes=10, progress=False)
    assert (agent.steps, agent.episodes) == (4000, 2)


@pytest.mark.parametrize("name", ["PPO", "QLearning", "DQN"])
def test_the_end_of_learning_is_evaluated(name: str, tmp_path: Any) -> None:
    agent = getattr(agents, name)("FrozenLake-v1", seed=0, **SMALL[name])
    agent.learn(640, progress=False, evaluate_every=640, best_path=tmp_path / "best.rlnb")
    assert getattr(agents, name).load(tmp_path / "best.rlnb").steps == 640


@pytest.mark.parametrize("mode", [None, "sync", "async", "vector_entry_point"])
def test_a_vector_environment_made_from_an_id_is_evaluated_and_loaded(mode: Any, tmp_path: Any) -> None:
    agent = agents.PPO(gym.make_vec("CartPole-v1", num_envs=2, vectorization_mode=mode), seed=0, **LANES)
    try:
        agent.learn(64, progress=False, evaluate_every=32)
        values = agent.evaluate(2)
    finally:
        agent.close()
    again = agents.PPO.load(agent.save(tmp_path / "ppo.rlnb"))
    assert again.lanes.n == 2
    assert again.evaluate(2).tolist() == values.tolist()


def test_its_arguments_and_wrappers_are_those_of_the_lanes(tmp_path: Any) -> None:
    def backwards(env: Any) -> Any:
        return gym.wrappers.TransformReward(env, lambda reward: -reward)

    how: dict[str, Any] = {"num_envs": 2, "vectorization_mode": "sync", "max_episode_steps": 5}
    agent = agents.PPO(gym.make_vec("CartPole-v1", wrappers=[backwards], **how), seed=0, **LANES)
    assert agent.evaluate(2).tolist() == [-5.0, -5.0]
    with pytest.raises(ValueError, match="Give env="):  # a file cannot keep a function
        agents.PPO.load(agent.save(tmp_path / "ppo.rlnb"))
    plain = agents.PPO(gym.make_vec("CartPole-v1", **how), seed=0, **LANES)
    assert agents.PPO.load(plain.save(tmp_path / "ppo.rlnb")).evaluate(2).tolist() == [5.0, 5.0]


def test_where_no_single_one_is_like_a_lane_an_error_says_so(tmp_path: Any) -> None:
    scaled = gym.wrappers.vector.NormalizeObservation(gym.make_vec("CartPole-v1", num_envs=2))
    agent = agents.PPO(scaled, seed=0, **LANES)
    with pytest.raises(ValueError, match=r"wrapped in NormalizeObservation.*Give eval_env="):
        agent.evaluate(1)
    with pytest.raises(ValueError, match="Give env="):
        agents.PPO.load(agent.save(tmp_path / "ppo.rlnb"))
    counted = gym.wrappers.vector.RecordEpisodeStatistics(gym.make_vec("CartPole-v1", num_envs=2))
    assert len(agents.PPO(counted, seed=0, **LANES).evaluate(1)) == 1
    flat = SyncVectorEnv([lambda: gym.wrappers.FlattenObservation(gym.make("FrozenLake-v1"))] * 2)
    flat.spec = gym.make_vec("FrozenLake-v1", num_envs=2).spec
    agent = agents.PPO(flat, seed=0, **LANES)
    with pytest.raises(ValueError, match=r"observation space Discrete\(16\), a lane .* Box.*Give eval_env="):
        agent.evaluate(1)
    with pytest.raises(ValueError, match="Give env="):
        agents.PPO.load(agent.save(tmp_path / "ppo.rlnb"))

"""Evaluation on fixed seeds, runs over seeds, and the verdict of a comparison."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

import rlnb
from rlnb.control.settings import grouped, verdict
from rlnb.errors import BadValue


def lean(observation):
    """Push towards where the pole falls."""
    return int(observation[2] + observation[3] > 0)


def by_hand(episodes, seed):
    env, returns = gym.make("CartPole-v1"), []
    for i in range(episodes):
        observation, _ = env.reset(seed=seed + i)
        total, over = 0.0, False
        while not over:
            observation, reward, terminated, truncated, _ = env.step(lean(observation))
            total, over = total + float(reward), terminated or truncated
        returns.append(total)
    return returns


def test_an_evaluation_is_a_session_of_whole_episodes_on_fixed_seeds(recording):
    expected = by_hand(3, 42)
    s = rlnb.evaluate(lean, "CartPole-v1", episodes=3)
    assert s.episodes["return"].tolist() == expected
    assert (s.tags, s.seed, s.status) == (("evaluation",), 42, "finished") or list(s.tags) == ["evaluation"]
    assert "lean" in s.name
    assert s.verify()["verdict"].tolist() == ["exact"] * 3
    env = gym.make("CartPole-v1")
    for given in (env, lambda: gym.make("CartPole-v1")):
        assert rlnb.evaluate(lean, given, episodes=3).episodes["return"].tolist() == expected


def test_every_kind_of_policy_is_greedy(recording):
    torch = pytest.importorskip("torch")
    sb3 = pytest.importorskip("stable_baselines3")
    module = torch.nn.Linear(4, 2)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[0.0, 0, 0, 0], [0, 0, 1, 1]]))
        module.bias.zero_()
    assert rlnb.evaluate(module, "CartPole-v1", 2).episodes["return"].tolist() == by_hand(2, 42)
    model = sb3.PPO("MlpPolicy", "CartPole-v1", n_steps=32, seed=0)
    returns = rlnb.evaluate(model, "CartPole-v1", 2, seed=5).episodes["return"].tolist()
    assert returns == rlnb.evaluate(model, "CartPole-v1", 2, seed=5).episodes["return"].tolist()
    mean = torch.nn.Linear(3, 1)
    assert len(rlnb.evaluate(mean, "Pendulum-v1", 1).episodes) == 1

    class Agent:
        def act(self, observation, greedy):
            assert greedy
            return lean(observation)

    assert rlnb.evaluate(Agent(), "CartPole-v1", 2).episodes["return"].tolist() == by_hand(2, 42)


@pytest.mark.parametrize(
    ("args", "says"), [((3, "CartPole-v1"), "policy=3"), ((lean, 3), "env=3"), ((lean, "CartPole-v1", 0), "episodes=0")]
)
def test_what_cannot_be_evaluated_is_said(recording, args, says):
    with pytest.raises(BadValue, match=says):
        rlnb.evaluate(*args)


def test_runs_over_seeds_are_sessions_of_one_setting(recording):
    env = gym.make("CartPole-v1")
    for run in rlnb.seeds(3, name="lean", params={"lr": 0.1}):
        observation, _ = env.reset(seed=run.seed)
        for _ in range(5):
            observation, *_ = env.step(lean(observation))
    table = rlnb.sessions()
    assert table["seed"].astype(int).tolist() in ([0, 1, 2], [2, 1, 0])
    assert set(table["name"]) == {"lean"}
    assert set(table["status"]) == {"finished"}
    for run in rlnb.seeds([7, 8]):
        env.reset(seed=run.seed)
        env.step(0)
        break
    assert rlnb.last().status == "interrupted"
    with pytest.raises(BadValue, match="at least one"):
        rlnb.seeds(0)
    with pytest.raises(BadValue, match="whole numbers"):
        rlnb.seeds("ab")


def run(score, env_id="CartPole-v1", name="x", **params):
    return {"params": params, "name": name, "env_id": env_id, "mean_return": score, "id": str(score)}


def test_settings_are_what_differs_but_the_seed():
    runs = [run(1, lr=0.1, gamma=0.9), run(2, lr=0.1, gamma=0.9), run(3, lr=0.01, gamma=0.9)]
    assert {name: len(some) for name, some in grouped(runs, None).items()} == {"lr=0.1": 2, "lr=0.01": 1}
    assert list(grouped([run(1, name="a"), run(2, name="b")], None)) == ["a", "b"]
    assert list(grouped([run(1, lr=0.1, k=1), run(2, lr=0.1, k=2)], "lr")) == ["lr=0.1"]
    with pytest.raises(BadValue, match="there are: lr"):
        grouped([run(1, lr=1)], "rate")


def test_the_verdict_is_honest():
    dice = np.random.default_rng(0)
    high = [run(float(score), lr=0.1) for score in dice.normal(400, 10, 10)]
    low = [run(float(score), lr=0.01) for score in dice.normal(100, 10, 10)]
    mid = [run(float(score), lr=0.05) for score in dice.normal(398, 10, 10)]
    assert verdict(grouped(high[:1] + low[:1], None)) == "1 run each: an anecdote."
    assert verdict(grouped(high + low, None)).startswith("lr=0.1 is better: ")
    assert "not distinguishable with 10 runs each" in verdict(grouped(high + mid, None)).lower()
    three = verdict(grouped(high + mid + low, None))
    assert "better than lr=0.01" in three and "lr=0.05 are not distinguishable" in three and "Holm" in three
    assert verdict(grouped(high, None)) == ""
    assert "different environments" in verdict(grouped([*high[:1], run(3, env_id="Acrobot-v1", lr=3)], None))
    assert verdict(grouped([run(None, lr=1), run(float("nan"), lr=2)], None)) == ""


def test_the_comparison_says_it(recording):
    env = gym.make("CartPole-v1")
    for rate in (0.1, 0.2):
        with rlnb.session(f"rate {rate}", params={"lr": rate}):
            for _ in range(3):
                env.reset(seed=1)
                while not any(env.step(0)[2:4]):
                    pass
    comparison = rlnb.compare("rate 0.1", "rate 0.2")
    assert comparison.verdict == "1 run each: an anecdote."
    assert "anecdote" in repr(comparison)
    assert "anecdote" in comparison.widget().table
    assert list(comparison.settings) == ["lr=0.1", "lr=0.2"]

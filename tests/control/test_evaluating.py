"""Evaluation on fixed seeds, runs over seeds, and the verdict of a comparison."""

from __future__ import annotations

import csv
import io
import json

import gymnasium as gym
import numpy as np
import pytest

import rlnb
from rlnb.control.compare.judging import verdict
from rlnb.control.compare.runs import Run
from rlnb.control.compare.settings import settings_of
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
    ("args", "says"),
    [
        ((3, "CartPole-v1"), "policy=3"),
        ((lean, 3), "env=3"),
        ((lean, "CartPole-v1", 0), "episodes=0"),
        ((dict, "CartPole-v1"), "policy=dict.*that is a class"),
    ],
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


def run(
    score,
    env_id="CartPole-v1",
    name="x",
    seed=None,
    steps=100_000,
    episodes=500,
    tags=(),
    spec=None,
    curve=None,
    **params,
):
    """A run that is known by its score alone; `curve`: (steps, returns) of its episodes."""
    about = {
        "params": params, "name": name, "env_id": env_id, "mean_return": score, "id": str(score), "seed": seed,
        "steps": steps, "tags": tags, "episodes": episodes,
        "lanes": [{"recipe": {"env_id": env_id, "spec": spec, "reward_threshold": 475.0}}],
    }  # fmt: skip
    step, returns = (np.array(column, float) for column in (curve or ([], [])))
    return Run(about, step, np.arange(len(step)), step, returns, np.diff(step, prepend=0.0))


def grouped(runs, by=None):
    return {setting.name: len(setting.runs) for setting in settings_of(runs, by)}


def judged(runs, by=None):
    return verdict(settings_of(runs, by))


def test_settings_are_what_differs_but_the_seed():
    runs = [run(1, lr=0.1, gamma=0.9), run(2, lr=0.1, gamma=0.9), run(3, lr=0.01, gamma=0.9)]
    assert grouped(runs) == {"lr=0.1": 2, "lr=0.01": 1}
    assert list(grouped([run(1, name="a"), run(2, name="b")], None)) == ["a", "b"]
    assert list(grouped([run(1, lr=0.1, k=1), run(2, lr=0.1, k=2)], "lr")) == ["lr=0.1"]
    with pytest.raises(BadValue, match="there are: lr"):
        grouped([run(1, lr=1)], "rate")


def test_the_verdict_is_honest():
    dice = np.random.default_rng(0)
    high = [run(float(score), lr=0.1) for score in dice.normal(400, 10, 10)]
    low = [run(float(score), lr=0.01) for score in dice.normal(100, 10, 10)]
    mid = [run(float(score), lr=0.05) for score in dice.normal(398, 10, 10)]
    assert judged(high[:1] + low[:1]) == "1 run each: an anecdote."
    assert judged(high + low).startswith("lr=0.1 is better: ")
    assert "not distinguishable with 10 runs each" in judged(high + mid).lower()
    three = judged(high + mid + low)
    assert "better than lr=0.01" in three and "lr=0.05 are not distinguishable" in three and "Holm" in three
    assert judged(high) == ""
    assert "the environments differ" in judged([*high[:1], run(3, env_id="Acrobot-v1", lr=3)])
    assert judged([run(None, lr=1), run(float("nan"), lr=2)]) == ""


def test_the_winner_is_named_with_its_seeds_and_the_budget():
    high = [run(400.0 + k, seed=k, lr=0.1) for k in range(10)]
    low = [run(100.0 + 3 * k, seed=k, lr=0.01) for k in range(10)]
    words = judged(high + low)
    assert words.startswith("lr=0.1 is better: on 10 of 10 seeds, +")
    assert " return at 100k steps with 10 runs each" in words
    other = [run(100.0 + 3 * k, seed=50 + k, lr=0.01) for k in range(10)]
    assert "seeds" not in judged(high + other)


def test_what_is_not_alike_is_said():
    def said(**second):
        return judged([run(400.0, lr=1), run(400.0, lr=1), run(10.0, lr=2, **second), run(11.0, lr=2, **second)])

    def spec(kwargs, wrappers=()):
        listed = [{"name": name, "entry_point": "x:y", "kwargs": {}} for name in wrappers]
        return json.dumps({"kwargs": kwargs, "additional_wrappers": listed})

    assert "Not alike" not in said()
    assert "Not alike: they took from 20k to 100k steps" in said(steps=20_000, episodes=90)
    assert "Not alike" not in said(steps=20_000), "as many episodes were trained"
    assert "after 500 episodes" in said(steps=20_000)
    assert "some are evaluations" in said(tags=("evaluation",))
    one, two = run(1.0, lr=1, spec=spec({"is_slippery": True})), run(2.0, lr=2, spec=spec({"is_slippery": False}))
    assert "different arguments (is_slippery=True, is_slippery=False)" in judged([one, two])
    two = run(2.0, lr=2, spec=spec({"is_slippery": True}, ["TimeAwareObservation"]))
    assert "different wrappers (none, TimeAwareObservation)" in judged([one, two])


def test_a_setting_knows_what_its_runs_did():
    """Three runs: one at the threshold from the 150th episode on, one from the 120th, one never."""

    def curve(solved):
        return np.arange(1, 301) * 100.0, np.where(np.arange(300) < solved, 0.0, 500.0)

    runs = [run(500.0, steps=30_000, curve=curve(at), lr=1) for at in (150, 120, 1000)]
    (setting,) = settings_of(runs, None)
    when = setting.to_threshold
    assert (when.reached, when.n) == (2, 3)
    assert when.median == (150 + 95) * 100, "the mean of 100 episodes is 475 with 95 of them at 500"
    assert [one.reached(475.0) for one in runs] == [(24_500.0, True), (21_500.0, True), (30_000.0, False)]
    assert setting.area.mean == pytest.approx(np.mean([250.0, 300.0, 0.0]))


def test_a_comparison_goes_out_as_text(recording, tmp_path):
    env = gym.make("CartPole-v1")
    for rate in (0.1, 0.2):
        for _ in rlnb.seeds(3, name="=a|b & <c>", params={"lr": rate}):
            env.reset(seed=1)
            while not any(env.step(0)[2:4]):
                pass
    comparison = rlnb.compare(*rlnb.sessions()["id"])
    assert comparison.summary["runs"].tolist() == [3, 3]
    assert comparison.summary["solved"].tolist() == ["0/3", "0/3"]
    assert len(comparison.table) == 6
    for form, begins in (
        ("csv", "name,lr,runs,"),
        ("json", '{\n  "verdict"'),
        ("markdown", "| name |"),
        ("latex", "\\begin"),
    ):
        write = getattr(comparison, f"to_{form}")
        text = write()
        assert text.startswith(begins)
        assert write(tmp_path / form).read_text() == text
    runs = list(csv.reader(io.StringIO(comparison.to_csv(of="run"))))
    assert len(runs) == 7 and runs[1][0] == "'=a|b & <c>", "a spreadsheet takes no name for a formula"
    assert "=a\\|b & &lt;c>" in comparison.to_markdown(of="run")
    assert "=a|b \\& \\textless{}c\\textgreater{}" in comparison.to_latex(of="run")
    assert json.loads(comparison.to_json())["verdict"] == comparison.verdict
    with pytest.raises(BadValue, match='"run" or "setting"'):
        comparison.to_csv(of="row")


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
    assert "anecdote" in comparison.widget.table
    assert [setting.name for setting in comparison.settings] == ["lr=0.1", "lr=0.2"]

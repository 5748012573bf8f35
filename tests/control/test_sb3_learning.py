"""Stable-Baselines3's learn: stopped politely, its learning rate a knob, its numbers untouched."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import gymnasium as gym
import numpy as np
import pytest

import rlnb
from rlnb.control import doors

sb3 = pytest.importorskip("stable_baselines3")
from stable_baselines3.common.base_class import BaseAlgorithm  # noqa: E402
from stable_baselines3.common.callbacks import BaseCallback  # noqa: E402


def settings(name):
    return {"n_steps": 64} if name == "PPO" else {"learning_starts": 50, "train_freq": 4}


def parameters(model):
    return {name: value.numpy().copy() for name, value in model.policy.state_dict().items()}


@pytest.mark.parametrize("name", ["PPO", "DQN"])
def test_a_run_is_the_same_with_rlnb_and_without(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)

    def learn():
        model = getattr(sb3, name)("MlpPolicy", "CartPole-v1", seed=3, **settings(name)).learn(300)
        return model.num_timesteps, parameters(model)

    original = BaseAlgorithm._init_callback
    bare = learn()
    rlnb.install()
    try:
        assert BaseAlgorithm._init_callback is not original
        recorded = learn()
    finally:
        rlnb.uninstall()
    assert BaseAlgorithm._init_callback is original
    assert bare[0] == recorded[0]
    for key, value in bare[1].items():
        np.testing.assert_array_equal(value, recorded[1][key])


class At(BaseCallback):
    """Does something at a step."""

    def __init__(self, step, act):
        super().__init__()
        self.step, self.act, self.began = step, act, 0

    def _on_training_start(self):
        self.began += 1

    def _on_step(self):
        if self.num_timesteps == self.step:
            self.act()
        return True


@pytest.mark.parametrize("name", ["PPO", "DQN"])
def test_stop_ends_learn_and_returns_the_model(recording, name):
    with rlnb.session("stopped") as s:
        at = At(200, lambda: s.stop())
        model = getattr(sb3, name)("MlpPolicy", "CartPole-v1", seed=0, **settings(name))
        assert model.learn(1_000_000, callback=at) is model
        after = "the next line ran"
    assert after and at.began == 1
    assert 200 <= model.num_timesteps < 400
    assert s.status == "stopped"
    action, _ = model.predict(np.zeros(4, np.float32))
    assert action in (0, 1)


def test_the_learning_rate_is_a_knob_and_the_total_is_known(recording):
    seen = {}

    def turn():
        room = doors.the_room()
        seen["total"] = room.current.total_steps
        room.desk.board.move("learning_rate", 0.01)

    model = sb3.PPO(
        "MlpPolicy", "CartPole-v1", seed=0, n_steps=64, batch_size=64, learning_rate=lambda left: 1e-3 * left
    )
    model.learn(512, callback=At(200, turn))
    assert seen["total"] == 512
    assert model.policy.optimizer.param_groups[0]["lr"] == 0.01
    metrics = rlnb.last().metrics
    moved = metrics[metrics["name"] == "knob/learning_rate"]["value"].tolist()
    assert moved[1] == 0.01 and 0 < moved[0] < 1e-3


def test_it_is_put_in_when_the_library_comes_later(tmp_path):
    program = """
    import sys, rlnb
    rlnb.install()
    assert "stable_baselines3" not in sys.modules
    finders = list(sys.meta_path)
    import stable_baselines3 as sb3
    from stable_baselines3.common.base_class import BaseAlgorithm
    assert BaseAlgorithm._init_callback.__module__ == "rlnb.control.recording.sb3_learning"
    loader = sys.modules["stable_baselines3.common.base_class"].__spec__.loader
    assert type(loader).__module__ != "rlnb.control.recording.sb3_learning"
    sb3.A2C("MlpPolicy", "CartPole-v1").learn(20)
    rlnb.uninstall()
    assert BaseAlgorithm._init_callback.__module__ == "stable_baselines3.common.base_class"
    assert not [one for one in sys.meta_path if type(one).__module__.startswith("rlnb.control")]
    print("good")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.strip().endswith("good"), done.stderr


def test_what_stable_baselines_turns_settings_into_is_shown_as_it_was_given(recording):
    settings = {"clip_range": 0.1, "clip_range_vf": 0.3, "n_steps": 64, "device": "cpu"}
    with rlnb.session("ppo") as s:
        sb3.PPO("MlpPolicy", "CartPole-v1", **settings).learn(64)
    assert (s.params["clip_range"], s.params["clip_range_vf"]) == (0.1, 0.3)
    noise = sb3.common.noise.NormalActionNoise(np.zeros(1), np.full(1, 0.1))
    with rlnb.session("td3") as s:
        sb3.TD3("MlpPolicy", "Pendulum-v1", train_freq=(2, "step"), action_noise=noise, device="cpu").learn(64)
    assert s.params["train_freq"] == {"frequency": 2, "unit": "step"}
    assert "0.1" in s.params["action_noise"]


def test_classes_among_the_settings_have_their_names(recording):
    import torch

    kwargs = {"activation_fn": torch.nn.ReLU, "net_arch": [16], "optimizer_class": torch.optim.SGD}
    model = sb3.PPO("MlpPolicy", "CartPole-v1", n_steps=64, device="cpu", policy_kwargs=kwargs)
    with rlnb.session("classes") as s:
        model.learn(64)
    assert s.params["policy_kwargs"] == {"activation_fn": "ReLU", "net_arch": [16], "optimizer_class": "SGD"}


def test_settings_that_cannot_be_read_do_not_end_the_learning(recording, monkeypatch, capsys):
    monkeypatch.delenv("RLNB_STRICT", raising=False)
    monkeypatch.setattr("rlnb.control.recording.lessons.as_params", lambda settings: 1 / 0)
    model = sb3.PPO("MlpPolicy", "CartPole-v1", n_steps=64, device="cpu")
    assert model.learn(64).num_timesteps == 64
    assert "recording failed (ZeroDivisionError" in capsys.readouterr().err


class Corridor(gym.Env):
    observation_space = gym.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return np.zeros(2, np.float32), {}

    def step(self, action):
        self.t += 1
        return self.np_random.random(2).astype(np.float32), float(action), self.t >= 20, False, {}


@pytest.mark.parametrize("how", ["itself", "monitored", "vector", "normalised"])
def test_an_environment_of_ones_own_is_recorded(recording, how):
    vec = sb3.common.vec_env
    made = {
        "itself": Corridor,
        "monitored": lambda: sb3.common.monitor.Monitor(Corridor()),
        "vector": lambda: sb3.common.env_util.make_vec_env(Corridor, n_envs=2),
        "normalised": lambda: vec.VecNormalize(vec.DummyVecEnv([Corridor, Corridor])),
    }[how]()
    with rlnb.session("own") as s:
        sb3.PPO("MlpPolicy", made, n_steps=60, batch_size=60, n_epochs=1, seed=0, device="cpu").learn(120)
    assert int(s.episodes.length.sum()) == 120
    assert s.env_id == "Corridor"
    assert set(s.verify().verdict) == {"exact"}


def test_the_environment_is_given_back(recording):
    env = Corridor()
    sb3.PPO("MlpPolicy", env, n_steps=60, batch_size=60, n_epochs=1, seed=0, device="cpu").learn(60)
    rlnb.uninstall()
    assert type(env) is Corridor and "step" not in vars(env)


def helped():
    return sb3.common.monitor.Monitor(gym.make("CartPole-v1"))


def test_one_helper_that_makes_both_environments_makes_two_groups(recording):
    with rlnb.session("helped") as s:
        env = helped()
        judge = helped()
        watch = sb3.common.callbacks.EvalCallback(judge, eval_freq=100, n_eval_episodes=30, verbose=0)
        sb3.PPO("MlpPolicy", env, n_steps=100, batch_size=100, seed=0, device="cpu").learn(400, callback=watch)
    own = s.episodes.query("group == 0")
    assert int(own.length.sum()) == 400
    assert int(s.episodes.query("group == 1").length.sum()) > 400
    assert int(rlnb.sessions().steps.iloc[0]) == 400  # the training's


def test_a_session_that_began_before_the_algorithm_knows_it_all_the_same(kernel):
    kernel.run("import stable_baselines3 as sb3")
    kernel.run(
        "env = gym.make('CartPole-v1'); train(env, 30)  # how good is chance?\n"
        "rlnb.last().episodes  # the session has begun\n"
        "sb3.PPO('MlpPolicy', env, n_steps=64, seed=3, device='cpu').learn(128)"
    )
    assert kernel.value("[rlnb.last().name, rlnb.last().params['algorithm'], rlnb.last().seed]") == [
        "CartPole-v1 · PPO · cell 4",
        "PPO",
        3,
    ]


def test_name_settings_and_environment_are_of_one_training(kernel):
    kernel.run("import stable_baselines3 as sb3")
    kernel.run(
        "sb3.PPO('MlpPolicy', 'CartPole-v1', n_steps=32, seed=1, device='cpu').learn(64)  # does it run at all?\n"
        "sb3.A2C('MlpPolicy', 'Acrobot-v1', seed=2, device='cpu').learn(2000)"
    )
    assert kernel.value(
        "[(s := rlnb.last()).name, s.env_id, s.params['algorithm'], 'batch_size' in s.params, s.seed]"
    ) == ["Acrobot-v1 · A2C · cell 4", "Acrobot-v1", "A2C", False, 2]

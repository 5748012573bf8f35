"""Loops that we did not write: they run as before, and each step of theirs is recorded once."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch

import rlnb

torch.set_num_threads(1)


def counts(session):
    episodes = session.episodes
    training = episodes[episodes["group"] == episodes["group"].mode()[0]]
    return int(training["length"].sum()), int(training["lane"].nunique())


def settle(recording):
    recording.desk.end("finished")
    return rlnb.last()


@pytest.mark.parametrize(("lanes", "wrap"), [(1, "none"), (2, "normalize"), (2, "stack")])
def test_ppo_of_stable_baselines(recording, lanes, wrap):
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.vec_env import VecFrameStack, VecNormalize

    venv = make_vec_env("CartPole-v1", lanes, seed=0)
    if wrap == "normalize":
        venv = VecNormalize(venv)
    elif wrap == "stack":
        venv = VecFrameStack(venv, 3)
    model = PPO("MlpPolicy", venv, n_steps=128, batch_size=64, n_epochs=1, seed=0, device="cpu").learn(512)
    session = settle(recording)
    assert counts(session) == (512, lanes)
    monitored = [e["l"] for e in model.ep_info_buffer]  # SB3's own account
    assert sorted(monitored) == sorted(session.episodes.query("finished")["length"].tolist())
    assert (session.verify()["verdict"] == "exact").all()


def test_dqn_of_stable_baselines_with_an_evaluation(recording):
    from stable_baselines3 import DQN
    from stable_baselines3.common.callbacks import EvalCallback
    from stable_baselines3.common.monitor import Monitor

    evaluation = EvalCallback(Monitor(gym.make("CartPole-v1")), eval_freq=150, n_eval_episodes=1, verbose=0)
    DQN("MlpPolicy", "CartPole-v1", learning_starts=50, buffer_size=500, seed=1, device="cpu").learn(
        300, callback=evaluation
    )
    session = settle(recording)
    assert session.episodes["group"].nunique() == 2
    assert int(session.episodes.query("group == 0")["length"].sum() + 0) >= 1
    assert 300 in session.episodes.groupby("group")["length"].sum().tolist()


def test_a_loop_in_the_manner_of_clean_rl(recording):
    """A vector environment of thunks with RecordEpisodeStatistics in each, and `final_info` for the returns."""

    def thunk(seed):
        def make():
            env = gym.make("CartPole-v1")
            env = gym.wrappers.RecordEpisodeStatistics(env)
            env.action_space.seed(seed)
            return env

        return make

    envs = gym.vector.SyncVectorEnv([thunk(i) for i in range(4)], autoreset_mode=gym.vector.AutoresetMode.SAME_STEP)
    envs.action_space.seed(0)
    envs.reset(seed=1)
    returns = []
    for _ in range(200):
        *_, infos = envs.step(envs.action_space.sample())
        if "final_info" in infos:
            told = infos["final_info"]["episode"]
            returns.extend(told["r"][told["_r"]].tolist())
    session = settle(recording)
    assert counts(session) == (800, 4)
    assert sorted(returns) == sorted(session.episodes.query("finished")["return"].tolist())
    assert len(returns) > 20


@pytest.mark.parametrize("mode", list(gym.vector.AutoresetMode))
def test_what_gymnasium_counts_is_what_is_recorded(recording, mode):
    """Under DISABLED its wrapper (1.4) forgets the lanes that a masked reset leaves alone: there we count by hand."""
    envs = gym.wrappers.vector.RecordEpisodeStatistics(
        gym.make_vec("CartPole-v1", 3, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}),
        buffer_length=1000,
    )
    envs.action_space.seed(0)
    envs.reset(seed=1)
    sums, counted = np.zeros(3), []
    for _ in range(150):
        _, rewards, terminated, truncated, _ = envs.step(envs.action_space.sample())
        if mode == gym.vector.AutoresetMode.DISABLED:
            over = terminated | truncated
            sums += rewards
            counted.extend(sums[over].tolist())
            sums[over] = 0
            if over.any():
                envs.reset(options={"reset_mask": over})
    finished = settle(recording).episodes.query("finished")
    told = counted or list(map(float, envs.return_queue))
    assert len(finished) > 10
    assert sorted(told) == sorted(finished["return"].tolist()) == sorted(finished["length"].tolist())


@pytest.mark.parametrize("by_spec", [False, True])
def test_wrappers_of_every_kind_are_replayed_below_or_through(recording, by_spec):
    env = gym.make("Pendulum-v1", max_episode_steps=40)
    env = gym.wrappers.RescaleAction(env, -1.0, 1.0)
    env = gym.wrappers.FrameStackObservation(env, 3)
    env = gym.wrappers.NormalizeObservation(env)
    env = gym.wrappers.NormalizeReward(env)
    if by_spec:
        env = gym.make(env.spec)
    for _ in range(3):
        env.reset()
        while not env.step(env.action_space.sample())[3]:
            pass
    session = settle(recording)
    found = session.verify()
    assert found["verdict"].tolist() == ["exact"] * 3, found["compared"].tolist()
    assert session.episodes["return"].max() < -1  # Pendulum's own rewards


def test_the_vector_environment_of_tianshou(recording):
    """Runs where Tianshou is installed (checked with 2.0.1); it is no dependency of the tests."""
    tianshou = pytest.importorskip("tianshou.env")
    envs = tianshou.DummyVectorEnv([lambda: gym.make("CartPole-v1") for _ in range(3)])
    envs.reset(seed=0)
    for k in range(200):
        *_, terminated, truncated, _ = envs.step(np.array([k % 2, 0, 1]))
        over = np.flatnonzero(terminated | truncated)
        if len(over):
            envs.reset(over)
    session = settle(recording)
    assert counts(session) == (600, 3)
    assert (session.verify()["verdict"] == "exact").all()

"""With the recorder and without it: the same to the bit."""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
import subprocess
import sys
import warnings
import weakref

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import make as make_bound_early
from gymnasium.envs import registration
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit

from rlnb.capture import Capture


def test_the_objects_of_the_environment_come_back_themselves(capture):
    class Env(gym.Env):
        observation_space = gym.spaces.Box(-1, 1, (2,), np.float64)
        action_space = gym.spaces.Discrete(2)
        result = (np.zeros(2), 1, False, False, {"a": 1})
        begun = (np.zeros(2), {})

        def step(self, action):
            return self.result

        def reset(self, *, seed=None, options=None):
            return self.begun

    env = capture.watch(Env())
    assert env.reset() is Env.begun
    assert env.step(0) is Env.result
    assert Env.result[4] == {"a": 1}


def test_repr_isinstance_spec_signature(capture):
    env = gym.make("CartPole-v1")
    assert repr(env) == "<TimeLimit<OrderEnforcing<PassiveEnvChecker<CartPoleEnv<CartPole-v1>>>>>"
    assert isinstance(env, TimeLimit) and env.__class__ is TimeLimit
    env.reset()
    assert env._cached_spec is None  # reading the spec left nothing behind
    again = gym.make(env.spec)
    assert again.spec == env.spec
    assert inspect.signature(env.reset) == inspect.signature(TimeLimit.reset.__get__(env))
    assert inspect.signature(gym.make) == inspect.signature(registration.make)
    assert list(inspect.signature(gym.make).parameters) == ["id", "max_episode_steps", "disable_env_checker", "kwargs"]


def test_a_deep_copy_does_not_write_into_the_original(capture, desk):
    env = gym.make("CartPole-v1")
    env.reset(seed=1)
    env.step(0)
    before = env.unwrapped.state
    other = copy.deepcopy(env)
    assert type(other) is type(copy.copy(env)) is TimeLimit
    for _ in range(5):
        other.step(1)
    assert np.array_equal(env.unwrapped.state, before)
    assert other.unwrapped.steps_beyond_terminated is None and not np.array_equal(other.unwrapped.state, before)
    other.reset(seed=2)
    other.close()
    capture.flush()
    assert len(desk.steps("s1")[2]) == 1


def test_a_pickle_needs_no_rlnb_and_steps_by_itself(capture, desk, tmp_path):
    env = gym.make("CartPole-v1")
    env.reset(seed=1)
    env.step(0)
    (tmp_path / "env.pickle").write_bytes(pickle.dumps(env))
    code = (
        "import pickle, sys\n"
        f"env = pickle.load(open({str(tmp_path / 'env.pickle')!r}, 'rb'))\n"
        "env.step(1); env.reset(); env.step(0)\n"
        "print('rlnb' in sys.modules, env.step.__self__ is env)"
    )
    out = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert out.stdout.split() == ["False", "True"], out.stderr
    here = pickle.loads(pickle.dumps(env))
    state = env.unwrapped.state
    here.step(1)
    assert np.array_equal(env.unwrapped.state, state)
    capture.flush()
    assert len(desk.steps("s1")[2]) == 1


def test_a_dropped_environment_is_gone_at_once_and_its_episode_is_kept(capture, desk):
    gc.collect()
    gc.disable()
    try:
        env = gym.make("CartPole-v1")
        env.reset()
        env.step(0)
        seen = weakref.ref(env)
        del env
        assert seen() is None
    finally:
        gc.enable()
    capture.flush()
    assert [row["finished"] for row in desk.episodes()] == [False]
    assert not capture._recorders


def test_every_name_of_make_is_seen_and_nothing_twice(capture, desk):
    made = [
        make_bound_early("CartPole-v1"),
        gym.make("CartPole-v1"),
        registration.make("CartPole-v1"),
        gym.spec("CartPole-v1").make(),
        gym.make(gym.spec("CartPole-v1")),
        RecordEpisodeStatistics(gym.make("CartPole-v1")),
    ]
    for env in made:
        env.reset()
        env.step(0)
    capture.flush()
    assert [len(desk.steps("s1", lane)[2]) for lane in range(6)] == [1] * 6
    assert len(desk.requests) == 6


def test_a_make_inside_a_make_is_seen_once(capture, desk):
    gym.register("Nested-v0", entry_point=lambda **kw: gym.make("CartPole-v1", **kw))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            env = gym.make("Nested-v0")
            env.reset()
            env.step(0)
    finally:
        del gym.registry["Nested-v0"]
    capture.flush()
    assert len(desk.requests) == 1 and len(desk.steps("s1")[2]) == 1


def test_uninstalling_gives_back_the_very_objects(desk, clock):
    code, make = registration.make.__code__, gym.make
    capture = Capture(desk, clock, ticking=False)
    capture.install()
    assert gym.make is make and make.__code__ is not code
    env = gym.make("CartPole-v1")
    assert type(env) is not TimeLimit
    env.reset()
    env.step(1)
    capture.uninstall()
    assert make.__code__ is code
    assert type(env) is TimeLimit
    env.step(0)  # goes on bare
    assert len(desk.steps("s1")[2]) == 1


def test_errors_of_make_are_gymnasiums(capture):
    with pytest.raises(gym.error.NameNotFound, match="Nothing"):
        gym.make("Nothing-v0")
    with pytest.raises(gym.error.ResetNeeded):
        gym.make("CartPole-v1").step(0)
    observation, _ = gym.make("CartPole-v1").reset(seed=0)  # nobody else holds it
    assert observation.shape == (4,)


def test_an_environment_with_a_step_of_its_own(capture, desk):
    env = gym.make("CartPole-v1").unwrapped
    capture.uninstall()
    calls = []
    inner = env.step
    env.step = mine = lambda action: (calls.append(action), inner(action))[1]
    capture.watch(env)
    env.reset()
    env.step(1)
    capture.flush()
    assert calls == [1] and desk.steps("s1")[1].tolist() == [1]
    capture.uninstall()
    assert vars(env)["step"] is mine


def test_check_env_and_stable_baselines_pass(capture, desk):
    from gymnasium.utils.env_checker import check_env
    from stable_baselines3.common.vec_env import DummyVecEnv

    check_env(gym.make("CartPole-v1").unwrapped, skip_render_check=True)
    venv = DummyVecEnv([lambda: gym.make("CartPole-v1")] * 3)
    venv.seed(0)
    venv.reset()
    for _ in range(100):
        venv.step(np.array([0, 1, 0]))
    capture.flush()
    lanes = sorted({e.lane for e in desk.events})
    assert [len(desk.steps("s1", lane)[2]) for lane in lanes] == [100] * 3

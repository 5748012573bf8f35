"""`watch` for vector environments; nothing is recorded twice."""

import functools

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.classic_control.cartpole import CartPoleEnv, CartPoleVectorEnv
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from vectors import Dice, drive, episodes, traces

from rlnb.capture import Capture
from rlnb.clock import ManualClock
from rlnb.errors import BadValue
from rlnb.events import EpisodesEnded, LanesStepped, StepsRecorded
from rlnb.replays.simulate import Simulation

sb3 = pytest.importorskip("stable_baselines3.common.vec_env")


@pytest.fixture
def bare(desk):
    """A capture that is not installed: only what is watched is recorded."""
    capture = Capture(desk, ManualClock(), ticking=False)
    yield capture
    capture.uninstall()


def steps(desk):
    single = sum(len(event.rewards) for event in desk.of(StepsRecorded))
    return single + sum(event.steps for event in desk.of(LanesStepped))


def test_native_ones_built_directly_with_wrappers_around(bare, desk):
    env = RecordEpisodeStatistics(CartPoleVectorEnv(4, max_episode_steps=9))
    assert bare.watch(env) is env
    assert bare.watch(env.env) is env.env
    drive(env, 60)
    bare.cut()
    assert steps(desk) <= 240 and len(desk.of(EpisodesEnded)) > 0
    for trace in traces(desk):
        with Simulation(trace) as run:
            list(run)
            assert run.verdict().verdict == "exact"


def test_one_of_an_own_class_is_pickled_as_it_is_watched(bare, desk):
    env = bare.watch(Dice(2))
    drive(env, 30)
    bare.cut()
    assert episodes(desk)
    for trace in traces(desk):
        with Simulation(trace) as run:
            list(run)
            assert run.verdict().verdict == "exact"


def test_the_environments_inside_SyncVectorEnv(bare, desk):
    env = bare.watch(SyncVectorEnv([CartPoleEnv, CartPoleEnv]))
    bare.watch(env)
    env.reset(seed=0)
    for _ in range(5):
        env.step(np.ones(2, int))
    bare.cut()
    assert steps(desk) == 10
    assert {request.place for request in desk.requests} == {desk.requests[0].place}


@pytest.mark.parametrize("wrap", [sb3.VecNormalize, functools.partial(sb3.VecFrameStack, n_stack=2), sb3.VecMonitor])
def test_vector_environments_of_stable_baselines(bare, desk, wrap):
    env = wrap(sb3.DummyVecEnv([CartPoleEnv, CartPoleEnv]))
    assert bare.watch(env) is env
    env.reset()
    for _ in range(5):
        env.step(np.ones(2, int))
    bare.cut()
    assert steps(desk) == 10


def test_what_is_recorded_already_is_not_recorded_twice(capture, desk):
    from stable_baselines3.common.env_util import make_vec_env

    envs = [
        sb3.VecNormalize(make_vec_env("CartPole-v1", 2)),
        gym.make_vec("CartPole-v1", 2),
        gym.make_vec("CartPole-v1", 2, vectorization_mode="sync"),
        AsyncVectorEnv([functools.partial(gym.make, "CartPole-v1")] * 2),
    ]
    for env in envs:
        assert capture.watch(env) is env
        env.reset()
        for _ in range(4):
            env.step(np.ones(2, int))
    capture.cut()
    envs[-1].close()
    assert steps(desk) == 4 * 8


def test_workers_that_run_already_are_refused_with_what_to_do(bare):
    env = AsyncVectorEnv([functools.partial(gym.make, "CartPole-v1")])
    with pytest.raises(BadValue, match="Make it after"):
        bare.watch(env)
    env.close()


def test_what_is_none_of_these_is_named(bare):
    with pytest.raises(BadValue, match=r"watch\(list\)"):
        bare.watch([CartPoleEnv()])

"""Environments that were there before rlnb, and ids that are not there any more."""

from __future__ import annotations

import sys
import types
import warnings

import gymnasium as gym
import pytest
from gymnasium.envs import registration
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit

from rlnb.capture import Capture
from rlnb.capture.retired import advice
from rlnb.trace import unpack_start


@pytest.fixture
def late(desk, clock):
    """Not installed yet."""
    capture = Capture(desk, clock, ticking=False)
    yield capture
    capture.uninstall()


def test_an_environment_made_before_is_recorded_from_its_next_reset_on(late, desk):
    env = RecordEpisodeStatistics(gym.make("CartPole-v1"))
    env.reset(seed=1)
    env.step(0)
    late.install()
    env.step(1)
    env.reset()
    env.step(0)
    late.flush()
    late.cut()
    assert desk.steps("s1")[1].tolist() == [1, 0]
    starts = [unpack_start(row["start"])[0] for row in desk.episodes()]
    assert "middle of the episode" in starts[0]["why_not"] and "why_not" not in starts[1]
    assert starts[1]["rng"]["bit_generator"] == "PCG64"
    assert desk.recipes["s1", 0]["spec"] is not None
    assert type(env) is RecordEpisodeStatistics and env.env.__class__ is TimeLimit  # at the level that make returned
    late.uninstall()
    assert type(env.env) is TimeLimit


def test_only_the_outermost_layer_is_recorded_and_what_was_built_directly_is_not(late, desk):
    from gymnasium.envs.classic_control import CartPoleEnv

    made, direct = gym.make("CartPole-v1"), CartPoleEnv()
    inner = made.env
    lanes = gym.vector.SyncVectorEnv([lambda: gym.make("CartPole-v1")] * 3)
    late.install()
    assert late.knows(made) and not late._known(inner) and not late.knows(direct)
    assert all(late.knows(env) for env in lanes.envs)
    lanes.reset(seed=0)
    direct.reset(seed=0)
    lanes.step([0, 1, 0])
    direct.step(0)
    late.flush()
    assert [len(desk.steps("s1", lane)[2]) for lane in range(3)] == [1] * 3
    assert len(desk.requests) == 3


def test_the_place_of_an_environment_made_before_is_its_variable(late, desk, monkeypatch):
    main = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    main.train_env = RecordEpisodeStatistics(gym.make("CartPole-v1"))
    main.eval_env = gym.make("CartPole-v1")
    late.install()
    for env in (main.train_env, main.eval_env):
        env.reset()
        env.step(0)
    late.flush()
    assert [r.place.partition(",")[0] for r in desk.requests] == ["train_env", "eval_env"]


def test_a_native_vector_environment_made_before(late, desk):
    env = gym.make_vec("CartPole-v1", 4, vectorization_mode="vector_entry_point")
    late.install()
    env.reset(seed=0)
    env.step(env.action_space.sample())
    late.flush()
    assert desk.requests[0].lanes == 4


def test_installing_again_finds_what_was_made_in_between(late, desk):
    late.install()
    late.uninstall()
    env = gym.make("CartPole-v1")
    late.install()
    late.install()
    env.reset()
    env.step(0)
    late.flush()
    assert len(desk.requests) == 1 and len(desk.steps("s1")[2]) == 1


@pytest.mark.parametrize(
    ("asked", "works"),
    [
        ("LunarLander-v2", "LunarLander-v3"),
        ("Taxi-v3", "Taxi-v4"),
        ("CliffWalking-v0", "CliffWalking-v1"),
        ("CarRacing-v2", "CarRacing-v3"),
        ("FrozenLake-v0", "FrozenLake-v1"),
        ("HalfCheetah-v3", "HalfCheetah-v5"),
        ("CartPole-v7", "CartPole-v1"),
        ("CartPol-v1", "CartPole-v1"),
    ],
)
def test_the_error_of_a_retired_id_names_the_one_that_works(capture, asked, works):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises((gym.error.Error, ImportError)) as told:
            gym.make(asked)
        capture.uninstall()
        with pytest.raises((gym.error.Error, ImportError)) as bare:
            gym.make(asked)
    assert works in str(told.value) and str(told.value).startswith(str(bare.value))
    assert type(told.value) is type(bare.value)
    gym.make(works).close()


def test_an_atari_game_needs_its_package_imported(monkeypatch):
    bare = {id: spec for id, spec in registration.registry.items() if "ale_py" not in str(spec.entry_point)}
    monkeypatch.setattr(registration, "registry", bare)
    assert "import ale_py" in advice("PongNoFrameskip-v4") and "ALE/Pong-v5" in advice("PongNoFrameskip-v4")
    assert "ALE/MsPacman-v5" in advice("ALE/MsPacman-v7")
    assert advice("Nothing-v0") is None and advice("not an id") is None

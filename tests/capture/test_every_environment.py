"""Every environment of Gymnasium that is installed here: with the recorder and without it, the same to the bit."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import ale_py
import gymnasium as gym
import numpy as np
import pytest
from gymnasium import wrappers
from gymnasium.utils.env_checker import check_env
from loops import keep, outcome, quiet_make, run

from rlnb.events import StepsRecorded
from rlnb.replays.simulate import Simulation
from rlnb.trace import unpack_start

gym.register_envs(ale_py)

QUICK = [
    ("CartPole-v0", {}),
    ("CartPole-v1", {}),
    ("CartPole-v1", {"sutton_barto_reward": True}),
    ("MountainCar-v0", {}),
    ("MountainCarContinuous-v0", {}),
    ("Pendulum-v1", {}),
    ("Acrobot-v1", {}),
    ("FrozenLake-v1", {}),
    ("FrozenLake8x8-v1", {"is_slippery": False}),
    ("Taxi-v4", {}),
    ("Taxi-v4", {"is_rainy": True, "fickle_passenger": True}),
    ("CliffWalking-v1", {}),
    ("CliffWalkingSlippery-v1", {}),
    ("Blackjack-v1", {}),
    ("LunarLander-v3", {}),
    ("BipedalWalker-v3", {}),
    ("HalfCheetah-v5", {}),
    ("ALE/MsPacman-v5", {}),
]
VARIANTS = [
    ("LunarLander-v3", {"continuous": True, "enable_wind": True}),
    ("LunarLanderContinuous-v3", {}),
    ("BipedalWalkerHardcore-v3", {}),
    ("CarRacing-v3", {}),
    ("CarRacing-v3", {"continuous": False, "domain_randomize": True}),
    ("ALE/Breakout-v5", {"obs_type": "ram", "repeat_action_probability": 0.25}),
    ("ALE/Pong-v5", {"obs_type": "grayscale", "frameskip": (2, 5), "full_action_space": True}),
]
MUJOCO = [(id, {}) for id, spec in gym.registry.items() if "gymnasium.envs.mujoco" in str(spec.entry_point)]
ATARI = [(id, {}) for id in gym.registry if id.startswith("ALE/") and id != "ALE/MsPacman-v5"]
TABULAR = [(id, {}) for id in gym.registry if id.startswith(("tabular/", "phys2d/"))]
SLOW = [pytest.param(*one, marks=pytest.mark.slow) for one in VARIANTS + MUJOCO + ATARI + TABULAR]


@pytest.mark.parametrize(("id", "kwargs"), [*QUICK, *SLOW])
def test_trajectories_and_random_states_are_identical(id, kwargs, capture, desk):
    capture.uninstall()
    try:
        env = quiet_make(id, **kwargs)
    except (ImportError, gym.error.DependencyNotInstalled) as error:
        pytest.skip(str(error))
    bare = run(env)
    env.close()
    capture.install()
    env = quiet_make(id, **kwargs)
    recorded = run(env)
    capture.flush()
    env.close()
    assert recorded == bare
    assert sum(len(e.rewards) for e in desk.of(StepsRecorded)) == 1000


FAMILIES = [
    ("CartPole-v1", {}),
    ("FrozenLake-v1", {}),
    ("Pendulum-v1", {}),
    ("LunarLander-v3", {}),
    pytest.param("CarRacing-v3", {}, marks=pytest.mark.slow),
    ("HalfCheetah-v5", {}),
    ("ALE/MsPacman-v5", {}),
]


def both(capture, do):
    """`do()` bare and recorded; each with an environment of its own."""
    capture.uninstall()
    bare = do()
    capture.install()
    return bare, do()


@pytest.mark.parametrize(("id", "kwargs"), FAMILIES)
def test_what_is_asked_of_an_environment_is_answered_the_same(id, kwargs, capture):
    def ask():
        env = quiet_make(id, **kwargs)
        answers = [repr(env), str(env), env.spec.to_json(), env.metadata, repr(env.action_space), env.render_mode]
        answers.append(outcome(lambda: env.step(env.action_space.sample())))  # before any reset
        answers.append([keep(part) for part in env.reset(seed=5)])
        answers.append(outcome(lambda: env.get_wrapper_attr("_max_episode_steps")))
        answers.append(outcome(lambda: env.get_wrapper_attr("nothing_of_that_name")))
        answers.append([env.has_wrapper_attr("np_random_seed"), env.np_random_seed])
        answers.append([env.set_wrapper_attr("mine", 3), env.get_wrapper_attr("mine"), env.unwrapped.spec.id])
        answers.append(outcome(lambda: keep(env.step("no action"))))
        answers.append(outcome(lambda: keep(env.step(None))))
        answers.append(outcome(lambda: env.reset(nothing=1)))
        answers.append(sorted(k for k in vars(env) if k != "mine"))
        answers.append(outcome(env.close))
        answers.append(outcome(env.close))
        return answers

    bare, recorded = both(capture, ask)
    assert recorded == bare


@pytest.mark.parametrize(("id", "kwargs"), FAMILIES)
def test_copies_and_remade_environments_go_on_the_same(id, kwargs, capture, desk):
    def copies():
        env = quiet_make(id, **kwargs)
        run(env, 20)
        answers = [
            outcome(lambda: run(copy.deepcopy(env), 20)),
            outcome(lambda: run(pickle.loads(pickle.dumps(env)), 20)),
            run(quiet_make(env.spec), 20),
            run(env, 20),
        ]
        env.close()
        return answers

    bare, recorded = both(capture, copies)
    assert recorded == bare
    capture.flush()
    assert sum(len(e.rewards) for e in desk.of(StepsRecorded)) == 60  # the copies step for themselves


@pytest.mark.parametrize(("id", "kwargs"), FAMILIES)
def test_pictures_are_the_same_and_drawing_changes_nothing(id, kwargs, capture, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "egl")

    def draw(mode):
        env = quiet_make(id, render_mode=mode, **kwargs)
        env.action_space.seed(1)
        env.reset(seed=2)
        seen = []
        for _ in range(5):
            env.step(env.action_space.sample())
            seen.append(keep(env.render()))
        env.close()
        return seen

    for mode in ("rgb_array", "rgb_array_list"):
        bare, recorded = both(capture, lambda mode=mode: draw(mode))
        assert recorded == bare


@pytest.mark.parametrize(("id", "kwargs"), FAMILIES)
def test_check_env_finds_nothing(id, kwargs, capture):
    bare, recorded = both(
        capture, lambda: outcome(lambda: check_env(quiet_make(id, **kwargs).unwrapped, skip_render_check=True))
    )
    assert recorded == bare
    watched = outcome(lambda: check_env(capture.watch(quiet_make(id, **kwargs).unwrapped), skip_render_check=True))
    assert watched == bare


def test_gymnasiums_wrappers_inside_and_outside(capture, desk):
    def wrapped():
        env = gym.make("Pendulum-v1", max_episode_steps=50)
        for wrap in (
            wrappers.RecordEpisodeStatistics,
            lambda e: wrappers.RescaleAction(e, -1.0, 1.0),
            wrappers.ClipAction,
            wrappers.NormalizeObservation,
            wrappers.NormalizeReward,
            lambda e: wrappers.FrameStackObservation(e, 3),
            lambda e: wrappers.TransformReward(e, lambda r: r * 2),
            wrappers.FlattenObservation,
            wrappers.TimeAwareObservation,
            lambda e: wrappers.Autoreset(e),
        ):
            env = wrap(env)
        seen = [x for x in run(env, 300) if not (isinstance(x, tuple) and "'t'" in str(x))]
        return [part for part in seen if "episode" not in str(part)]

    bare, recorded = both(capture, wrapped)
    assert recorded == bare
    capture.flush()
    assert len(desk.requests) == 1
    assert np.concatenate([e.actions for e in desk.of(StepsRecorded)]).max() > 1.0  # what reached it, rescaled


def test_dropped_environments_are_collected_as_before(capture):
    def alive():
        gc.collect()
        gc.disable()
        try:
            seen = []
            for id in ("CartPole-v1", "FrozenLake-v1", "LunarLander-v3", "HalfCheetah-v5"):
                for _ in range(5):
                    env = quiet_make(id)
                    env.reset()
                    env.step(env.action_space.sample())
                    seen.append(weakref.ref(env))
            del env
            return sum(one() is not None for one in seen)
        finally:
            gc.enable()

    bare, recorded = both(capture, alive)
    assert recorded == bare


class Breaks(gym.Env):
    """Raises what it is told to, half way through a step."""

    observation_space = gym.spaces.Box(-9, 9, (1,), np.float64)
    action_space = gym.spaces.Discrete(3)
    raises: BaseException | None = None

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = 0.0
        return np.zeros(1), {}

    def step(self, action):
        self.place += 0.5
        if self.raises is not None:
            error, self.raises = self.raises, None
            raise error
        self.place += 0.5
        return np.full(1, self.place), self.place, False, False, {}


@pytest.mark.parametrize("error", [ValueError("the robot fell over"), KeyboardInterrupt()])
def test_what_an_environment_raises_arrives_itself(error, capture, desk):
    env = capture.watch(Breaks())
    env.reset()
    env.step(0)
    env.unwrapped.raises = error
    with pytest.raises(type(error)) as told:
        env.step(1)
    assert told.value is error
    assert env.step(2)[1] == 2.5
    capture.flush()
    capture.cut()
    assert desk.steps("s1")[1].tolist() == [0, 2]
    (trace,) = desk.traces()
    assert unpack_start(trace.start)[0]["torn"] == [1, type(error).__name__]
    with Simulation(trace) as run_again:
        for _ in run_again:
            pass
        verdict = run_again.verdict()
    assert (verdict.verdict, verdict.step) == ("diverged", 2)
    assert verdict.reason.endswith(f"({type(error).__name__} had left the environment's step 2 half done)")


@pytest.mark.parametrize("flushed", [False, True])
def test_an_error_before_anything_moved_leaves_the_replay_exact(capture, desk, flushed):
    env = gym.make("CartPole-v1")
    env.reset()
    env.step(0)
    if flushed:
        capture.flush()
    with pytest.raises(AssertionError):
        env.step(7)
    env.step(1)
    capture.cut()
    (trace,) = desk.traces()
    assert unpack_start(trace.start)[0]["torn"] == [1, "AssertionError"]
    with Simulation(trace) as run_again:
        assert len(list(run_again)) == 3
        assert run_again.verdict().verdict == "exact"

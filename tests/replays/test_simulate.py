"""An episode runs again bit for bit, and where it does not, the step is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rlnb.trace import pack_start, unpack_start

FAMILIES = [
    "CartPole-v1",
    "Acrobot-v1",
    "MountainCar-v0",
    "MountainCarContinuous-v0",
    "Pendulum-v1",
    "FrozenLake-v1",
    "Taxi-v4",
    "CliffWalking-v1",
    "Blackjack-v1",
    "LunarLander-v3",
    "HalfCheetah-v5",
]
NEEDS = {"LunarLander-v3": "Box2D", "HalfCheetah-v5": "mujoco"}


@pytest.mark.parametrize("env_id", FAMILIES)
def test_unseeded_episodes_without_render_mode_run_again_exactly(env_id, worker, recorder):
    if env_id in NEEDS:
        pytest.importorskip(NEEDS[env_id])
    for trace in recorder.episodes(env_id, count=3, most=150):
        verdict = worker.verify(trace)
        assert verdict.verdict == "exact", verdict
        assert verdict.step is None
        assert verdict.compared == "every observation and reward"


def test_seeded_reset_runs_again_exactly(worker, recorder):
    import gymnasium

    env = gymnasium.make("FrozenLake-v1", is_slippery=True)
    recipe = recorder.recipe_of(env)
    recorder.record(env, recipe)
    trace = recorder.record(env, recipe, seed=123)
    assert unpack_start(trace.start)[0]["seed"] == 123
    assert worker.verify(trace).verdict == "exact"
    assert worker.verify(recorder.record(env, recipe)).verdict == "exact"


def test_reset_options_are_given_again(worker, recorder):
    import gymnasium

    env = gymnasium.make("Pendulum-v1")
    trace = recorder.record(env, recorder.recipe_of(env), options={"x_init": 0.5, "y_init": 0.25}, most=20)
    assert worker.verify(trace).verdict == "exact"
    head, body = unpack_start(trace.start)
    other = replace(trace, start=pack_start({**head, "options": None}, body))
    assert worker.verify(other).step == 1


@pytest.mark.parametrize("kwargs", [{}, {"frameskip": (2, 5)}, {"obs_type": "ram"}])
def test_atari_runs_again_from_the_emulator_state(kwargs, worker, recorder):
    ale_py = pytest.importorskip("ale_py")
    import gymnasium

    gymnasium.register_envs(ale_py)
    for trace in recorder.episodes("ALE/MsPacman-v5", 3, most=80, **kwargs):
        verdict = worker.verify(trace)
        assert verdict.verdict == "exact", verdict
    assert worker.film(trace).frames == 81


def test_unreadable_start_is_said_in_words(worker, cartpole):
    start = pack_start({"why_not": "recording began in the middle of the episode"})
    verdict = worker.verify(replace(cartpole, start=start))
    assert (verdict.verdict, verdict.reason) == ("not replayable", "recording began in the middle of the episode")


def test_actions_of_a_tuple_space_are_recorded_flattened(worker, recorder):
    import gymnasium
    from gymnasium import spaces

    class Knobs(gymnasium.Env):
        action_space = spaces.Tuple((spaces.Discrete(3), spaces.Box(-1, 1, (2,), np.float32)))
        observation_space = spaces.Box(-9, 9, (2,), np.float32)

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            self.at = self.np_random.normal(size=2).astype(np.float32)
            return self.at.copy(), {}

        def step(self, action):
            which, push = action
            assert isinstance(which, int | np.integer)
            self.at = self.at * which + push
            return self.at.copy(), float(self.at.sum()), False, False, {}

    trace = recorder.record(Knobs(), recorder.pickled_recipe(Knobs), most=12)
    assert trace.actions.shape == (12, 5)
    assert worker.verify(trace).verdict == "exact"


def test_recorded_with_keyword_arguments_and_a_render_mode(worker, recorder):
    traces = recorder.episodes("LunarLander-v3", 2, most=60, continuous=True, enable_wind=True, render_mode="rgb_array")
    assert [worker.verify(trace).verdict for trace in traces] == ["exact", "exact"]


def test_tampered_action_diverges_at_that_step(worker, cartpole):
    actions = cartpole.actions.copy()
    actions[41] = 1 - actions[41]
    verdict = worker.verify(replace(cartpole, actions=actions))
    assert (verdict.verdict, verdict.step) == ("diverged", 42)
    assert "step 42" in verdict.reason


def test_tampered_start_diverges_at_the_first_step(worker, cartpole):
    head, body = unpack_start(cartpole.start)
    head["rng"]["state"]["state"] += 2
    verdict = worker.verify(replace(cartpole, start=pack_start(head, body)))
    assert (verdict.verdict, verdict.step) == ("diverged", 1)


def test_tampered_reward_and_flags_diverge(worker, cartpole):
    rewards = cartpole.rewards.copy()
    rewards[9] = 2.0
    verdict = worker.verify(replace(cartpole, rewards=rewards))
    assert (verdict.verdict, verdict.step) == ("diverged", 10)
    assert "recorded was 2" in verdict.reason
    flags = worker.verify(replace(cartpole, terminated=True, truncated=False))
    assert (flags.verdict, flags.step) == ("diverged", 500)


def test_cut_episode_and_empty_episode(worker, cartpole):
    cut = replace(
        cartpole,
        actions=cartpole.actions[:20],
        rewards=cartpole.rewards[:20],
        checks=cartpole.checks[:20],
        truncated=False,
        finished=False,
    )
    assert worker.verify(cut).verdict == "exact"
    empty = replace(cut, actions=cut.actions[:0], rewards=cut.rewards[:0], checks=cut.checks[:0])
    verdict = worker.verify(empty)
    assert verdict.verdict == "exact"
    assert "no steps" in verdict.compared


def test_sparse_checksums(worker, recorder):
    import gymnasium

    env = gymnasium.make("CartPole-v1")
    trace = recorder.record(env, {**recorder.recipe_of(env), "check_every": 7})
    assert worker.verify(trace).verdict == "exact"


def test_steps_are_those_of_the_environment(worker, recorder, cartpole):
    import gymnasium

    rerun = worker.steps(cartpole)
    assert rerun.verdict.verdict == "exact"
    assert rerun.observations.shape == (501, 4)
    assert rerun.observations.dtype == np.float32
    assert rerun.rewards.tolist() == cartpole.rewards.tolist()
    assert rerun.truncated.tolist() == [False] * 499 + [True]
    assert not rerun.terminated.any()
    env = gymnasium.make("CartPole-v1")
    env.unwrapped.np_random.bit_generator.state = unpack_start(cartpole.start)[0]["rng"]
    observation, _ = env.reset()
    for k, action in enumerate(cartpole.actions):
        assert (observation == rerun.observations[k]).all()
        observation = env.step(int(action))[0]
    part = worker.steps(cartpole, first=10, last=12)
    assert part.first == 10
    assert (part.observations == rerun.observations[10:13]).all()
    assert len(part.rewards) == 2


def test_infos_are_json_able(worker, recorder):
    import json

    rerun = worker.steps(recorder.episodes("Taxi-v4", 1, most=5)[0])
    assert len(rerun.infos) == 6
    assert json.loads(json.dumps(rerun.infos))[0]["action_mask"]

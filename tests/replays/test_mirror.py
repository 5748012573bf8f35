"""The mirror: an open episode runs along in the worker, piece by piece, and is drawn where it stands."""

from __future__ import annotations

import io
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from PIL import Image

from rlnb.errors import NotReplayable
from rlnb.replays import Worker
from rlnb.replays.glance import LARGEST, jpeg
from rlnb.trace import pack_start


def piece(trace, first, last):
    """Some steps of an episode that is still being played."""
    part = slice(first, last)
    return replace(
        trace,
        actions=trace.actions[part],
        rewards=trace.rewards[part],
        checks=trace.checks[part],
        terminated=False,
        truncated=False,
        finished=False,
    )


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), np.int16)


def test_pieces_of_an_episode_are_drawn_as_its_frames_are(worker, cartpole):
    for first, last in ((0, 1), (1, 40), (40, 40), (40, 333)):
        glance = worker.mirror("balance", first, piece(cartpole, first, last))
        assert (glance.step, glance.steps, glance.left) == (last, last, "")
        drawn = jpeg(pixels(worker.frame(cartpole, last)).astype(np.uint8))
        assert (pixels(glance.jpeg) == pixels(drawn)).all()
    assert len(glance.jpeg) < 10_000


def test_a_large_picture_is_made_smaller():
    large = np.zeros((900, 2 * LARGEST, 3), np.uint8)
    assert pixels(jpeg(large)).shape == (450, LARGEST, 3)


def test_steps_without_those_before_them_are_asked_for_whole(worker, cartpole):
    assert worker.mirror("unheard", 10, piece(cartpole, 10, 20)) is None
    assert worker.mirror("heard", 0, piece(cartpole, 0, 10)).step == 10
    assert worker.mirror("heard", 11, piece(cartpole, 11, 20)) is None  # one is missing
    assert worker.mirror("heard", 0, piece(cartpole, 0, 20)).step == 20
    worker.put_away()
    assert worker.mirror("heard", 20, piece(cartpole, 20, 30)) is None


@pytest.mark.parametrize("env_id", ["CartPole-v1", "LunarLander-v3", "FrozenLake-v1", "HalfCheetah-v5"])
def test_one_environment_mirrors_many_episodes(worker, recorder, env_id):
    needs = {"LunarLander-v3": "Box2D", "HalfCheetah-v5": "mujoco"}
    if env_id in needs:
        pytest.importorskip(needs[env_id])
    for number, trace in enumerate(recorder.episodes(env_id, 4, most=60)):
        half = len(trace) // 2
        worker.mirror((env_id, number), 0, piece(trace, 0, half))
        glance = worker.mirror((env_id, number), half, piece(trace, half, len(trace)))
        while glance.step < glance.steps:
            glance = worker.mirror((env_id, number), len(trace), piece(trace, 0, 0))
        assert glance.left == ""


def moody(slow=0.0):
    class Moody(gym.Env):
        """Every episode is another one, as long as the environment lives."""

        observation_space = gym.spaces.Box(-1, 100, (1,), np.float64)
        action_space = gym.spaces.Discrete(2)
        metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012
        render_mode = None

        def __init__(self):
            self.resets = 0

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            self.resets += 1
            return np.array([float(self.resets)]), {}

        def step(self, action):
            import time

            time.sleep(slow)
            return np.array([float(self.resets)]), 1.0, False, False, {}

        def render(self):
            return np.full((30, 30, 3), 40 * self.resets, np.uint8)

    return Moody()


def test_what_a_used_environment_does_not_repeat_runs_in_a_fresh_one(worker, recorder):
    recipe = recorder.pickled_recipe(moody)
    for number in range(3):
        trace = recorder.record(moody(), recipe, policy=lambda *_: 0, most=20)
        glance = worker.mirror(("moody", number), 0, piece(trace, 0, 20))
        assert (glance.left, glance.step) == ("", 20)
        assert abs(pixels(glance.jpeg) - 40).max() < 4  # of the first reset


def test_a_training_that_is_faster_is_seen_late_and_caught_up_with(worker, recorder):
    recipe = recorder.pickled_recipe(lambda: moody(0.01))
    trace = recorder.record(moody(), recorder.pickled_recipe(moody), policy=lambda *_: 0, most=60)
    glance = worker.mirror("slow", 0, piece(replace(trace, recipe=recipe), 0, 60))
    assert 0 < glance.step < glance.steps == 60
    while glance.step < 60:
        before = glance.step
        glance = worker.mirror("slow", 60, piece(trace, 0, 0))
        assert glance.step > before
    assert glance.left == ""


def test_it_says_where_it_left_the_training(worker, cartpole):
    rewards = cartpole.rewards.copy()
    rewards[6] = 5.0
    glance = worker.mirror("wrong", 0, piece(replace(cartpole, rewards=rewards), 0, 20))
    assert glance.left == "from step 7 on it is not what was recorded: the reward is 1, recorded was 5"


def test_what_cannot_run_again_is_refused_in_words_and_the_next_can(worker, cartpole):
    start = pack_start({"why_not": "it began in the dark"})
    with pytest.raises(NotReplayable, match="it began in the dark"):
        worker.mirror("dark", 0, piece(replace(cartpole, start=start), 0, 20))
    assert worker.mirror("light", 0, piece(cartpole, 0, 20)).step == 20


def test_nothing_is_put_away_where_nothing_runs():
    worker = Worker()
    worker.put_away()
    assert worker.pid is None
    worker.close()

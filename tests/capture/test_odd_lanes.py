"""Vector environments with odd spaces, odd rewards and odd orders of calls: recorded, or refused in words."""

from __future__ import annotations

import math

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from vectors import Dice, episodes

import rlnb
from rlnb.capture import Capture
from rlnb.clock import ManualClock
from rlnb.events import LanesStepped
from rlnb.trace import unpack_start

LANES, LENGTH = 3, 4
BOX = spaces.Box(-1, 1, (2,), np.float32)
SPACES = {
    "dict": spaces.Dict(a=spaces.Discrete(3), b=BOX),
    "tuple": spaces.Tuple((spaces.Discrete(3), BOX)),
    "text": spaces.Text(4),
    "none": spaces.Box(-1, 1, (0,), np.float32),
    "wide": spaces.Box(0, 255, (64, 64, 3), np.uint8),
}
REWARDS = [math.nan, math.inf, -math.inf, -1e308, np.float32(0.1), 3, True]


class Odd(VectorEnv):
    """Each lane ends after LENGTH steps; its spaces and its rewards are said beforehand."""

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(self, observed=BOX, acted=spaces.Discrete(3), reward=1.0):  # noqa: B008
        self.num_envs, self.reward = LANES, reward
        self.single_observation_space, self.single_action_space = observed, acted
        self.observation_space, self.action_space = batch_space(observed, LANES), batch_space(acted, LANES)
        self.observation_space.seed(0)
        self.action_space.seed(0)
        self.k = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.k = 0
        return self.observation_space.sample(), {}

    def step(self, actions):
        self.k += 1
        over = np.full(LANES, self.k % LENGTH == 0)
        rewards = np.full(LANES, self.reward) if not isinstance(self.reward, list) else np.array(self.reward)
        return self.observation_space.sample(), rewards, over, np.zeros(LANES, bool), {}


def play(env, steps):
    env.reset(seed=0)
    return [env.step(env.action_space.sample()) for _ in range(steps)]


def lengths(desk):
    return sorted((row["lane"], row["length"], bool(row["finished"])) for row in episodes(desk))


@pytest.mark.parametrize("acted", SPACES)
@pytest.mark.parametrize("observed", ["dict", "tuple", "text", "none", "wide"])
def test_any_space(capture, desk, observed, acted):
    bare = play(Odd(SPACES[observed], SPACES[acted]), 6)
    env = capture.watch(Odd(SPACES[observed], SPACES[acted]))
    recorded = play(env, 6)
    capture.cut()
    assert repr(recorded) == repr(bare)
    assert not desk.warnings
    assert lengths(desk) == sorted([(lane, n, n == LENGTH) for lane in range(LANES) for n in (LENGTH, 2)])
    (event,) = desk.of(LanesStepped)
    assert event.actions.shape[:2] == event.rewards.shape == (6, LANES)
    recipe = desk.recipes["s1", 0]
    kept = isinstance(SPACES[acted], spaces.Box)
    assert ("actions of a vector environment" in (recipe["why_not"] or "")) is not kept
    assert recipe["actions"] == ("plain" if kept else "none")


@pytest.mark.parametrize("reward", REWARDS, ids=repr)
def test_odd_rewards(capture, desk, reward):
    env = capture.watch(Odd(reward=reward))
    play(env, 6)
    capture.cut()
    (event,) = desk.of(LanesStepped)
    assert np.array_equal(event.rewards, np.full((6, LANES), reward), equal_nan=True)
    totals = [row["returns"] for row in episodes(desk) if row["finished"]]
    with np.errstate(all="ignore"):
        expected = float(np.add.accumulate(np.full(LENGTH, reward, np.float64))[-1])
    assert np.array_equal(totals, [expected] * LANES, equal_nan=True)


def test_rewards_of_objects_are_refused_once_and_the_loop_goes_on(desk, monkeypatch):
    monkeypatch.setenv("RLNB_STRICT", "0")
    capture = Capture(desk, ManualClock(), ticking=False)
    env = capture.watch(Odd(reward=["a", "b", "c"]))
    assert [step[1].tolist() for step in play(env, 6)] == [["a", "b", "c"]] * 6
    capture.cut()
    capture.uninstall()
    assert len(desk.warnings) == 1 and "is not recorded any more" in desk.warnings[0]


def test_reset_twice_leaves_no_episode_without_steps(capture, desk):
    env = capture.watch(Odd())
    env.reset()
    env.reset(seed=1)
    env.step(env.action_space.sample())
    env.reset()
    env.reset()
    capture.cut()
    assert lengths(desk) == [(lane, 1, False) for lane in range(LANES)]


def test_a_step_after_the_end_is_of_no_episode(capture, desk):
    class Free(Dice):  # does not mind
        def step(self, actions):
            self.done[:] = False
            *_, info = super().step(actions)
            over = np.array([True, False, False])
            return self.place.copy(), np.ones(3), over, np.zeros(3, bool), info

    env = capture.watch(Free(3, "Disabled"))
    env.reset(seed=0)
    for _ in range(5):
        env.step(np.zeros(3, int))
    capture.cut()
    assert lengths(desk) == [(0, 1, True), (1, 5, False), (2, 5, False)]


def test_closing_cuts_and_a_closed_one_can_be_used_again(capture, desk):
    env = capture.watch(Odd())
    play(env, 2)
    env.close()
    env.step(env.action_space.sample())  # of no episode
    play(env, 3)
    capture.cut()
    assert [n for _, n, _ in lengths(desk)] == [2, 3] * LANES


def test_through_all_of_rlnb(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rlnb.install()
    try:
        with rlnb.session("odd") as session:
            play(rlnb.watch(Odd(SPACES["tuple"], SPACES["dict"], math.nan)), 6)
        assert session.episodes["length"].tolist() == [LENGTH] * LANES + [2] * LANES
        assert session.episodes["return"].isna().all()
        assert set(session.verify()["verdict"]) == {"not replayable"}
        assert math.isnan(rlnb.sessions().iloc[0]["mean_return"])
        session.save_json(tmp_path / "s.json")
        assert rlnb.load_json(tmp_path / "s.json").episodes.equals(session.episodes)
    finally:
        rlnb.uninstall()


def test_the_start_of_a_lane_of_its_own_kind_is_there(capture, desk):
    env = capture.watch(Odd())
    play(env, 6)
    capture.cut()
    assert all("why_not" not in unpack_start(row["start"])[0] for row in episodes(desk))
    assert isinstance(env, gym.vector.VectorEnv)

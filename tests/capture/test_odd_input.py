"""Odd spaces, odd rewards, odd orders of calls: recorded or refused in words, and the loop sees what it saw before."""

from __future__ import annotations

import math
import string

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loops import keep, outcome

from rlnb.capture import Capture
from rlnb.clock import ManualClock
from rlnb.events import EpisodesEnded, StepsRecorded
from rlnb.replays.simulate import Simulation

BOX = spaces.Box(-np.inf, np.inf, (3,), np.float64)
SPACES = [
    BOX,
    spaces.Box(0, 255, (300, 300, 3), np.uint8),  # 270 KB
    spaces.Box(-1, 1, (), np.float32),
    spaces.Box(-1, 1, (0,), np.float32),
    spaces.Discrete(3),
    spaces.Discrete(3, start=-5),
    spaces.MultiDiscrete([3, 4]),
    spaces.MultiBinary(4),
    spaces.Dict(a=BOX, b=spaces.Discrete(2), c=spaces.Dict(d=spaces.MultiBinary(2))),
    spaces.Tuple((BOX, spaces.Discrete(2))),
    spaces.Text(8, charset=string.ascii_letters),
    spaces.Sequence(spaces.Discrete(4)),
    spaces.Sequence(BOX, stack=True),
    spaces.Graph(BOX, spaces.Discrete(3)),
    spaces.OneOf((BOX, spaces.Discrete(2))),
    None,
]
REWARDS = [
    0.0, 1, True, -1e308, math.nan, math.inf, -math.inf, np.float32(0.1), np.int64(3), np.array(2.5), np.array([1.5]),
    np.array([1.0, 2.0]), None, "a word", 10**400, 1j,
]  # fmt: skip


class Odd(gym.Env):
    """Spaces of any kind; its rewards and ends are said beforehand."""

    def __init__(self, observation_space, action_space, rewards, ends, odd_observation=None):
        if observation_space is not None:
            self.observation_space = observation_space
        if action_space is not None:
            self.action_space = action_space
        self.rewards, self.ends, self.odd = rewards, ends, odd_observation
        self.k = 0

    def _see(self):
        if self.odd is not None:
            return self.odd(self.k)
        space = getattr(self, "observation_space", None)
        if space is None:
            return np.zeros(2)
        space.seed(self.k)
        return space.sample()

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.k = 0
        return self._see(), {}

    def step(self, action):
        self.k += 1
        reward = self.rewards[self.k % len(self.rewards)]
        over = self.ends[self.k % len(self.ends)]
        return self._see(), reward, over == 1, over == 2, {"k": self.k}

    def close(self):
        self.closed = True


def play(env, calls, actions):
    """What each call gives or raises."""
    seen = []
    for k, call in enumerate(calls):
        if call == "reset":
            seen.append(outcome(lambda: keep(env.reset())))
        elif call == "seeded":
            seen.append(outcome(lambda k=k: keep(env.reset(seed=k, options={"k": k}))))
        elif call == "close":
            seen.append(outcome(env.close))
        else:
            seen.append(outcome(lambda k=k: keep(env.step(actions[k % len(actions)]))))
    return seen


def some_actions(space):
    if space is None:
        return [0, "left", None]
    space.seed(0)
    return [space.sample() for _ in range(5)]


CALLS = st.lists(st.sampled_from(["step"] * 6 + ["reset", "seeded", "close"]), max_size=40)
INDEX = st.integers(0, len(SPACES) - 1)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    observed=INDEX,
    acted=INDEX,
    rewards=st.lists(st.sampled_from(range(len(REWARDS))), min_size=1, max_size=4),
    ends=st.lists(st.integers(0, 2), min_size=1, max_size=6),
    calls=CALLS,
    flush_at=st.integers(0, 40),
)
def test_whatever_an_environment_does_the_loop_sees_it(desk, observed, acted, rewards, ends, calls, flush_at):
    desk.__init__()
    capture = Capture(desk, ManualClock(), ticking=False)
    make = (SPACES[observed], SPACES[acted], [REWARDS[i] for i in rewards], ends)
    actions = some_actions(SPACES[acted])
    bare = play(Odd(*make), calls, actions)
    env = capture.watch(Odd(*make))
    recorded = play(env, calls[:flush_at], actions)
    capture.flush()
    rest = calls[flush_at:]
    recorded += [] if not rest else play_on(env, calls, flush_at, actions)
    capture.cut()
    capture.uninstall()
    assert repr(recorded) == repr(bare)
    recorded_steps = sum(len(e.rewards) for e in desk.of(StepsRecorded))
    in_episodes = sum(int(e.length.sum()) for e in desk.of(EpisodesEnded))
    assert in_episodes == recorded_steps <= sum(call == "step" for call in calls)
    assert all((e.length > 0).all() for e in desk.of(EpisodesEnded))


def play_on(env, calls, begin, actions):
    """The calls from `begin` on, each with the action that is its own."""
    return [
        play(env, [call], [actions[k % len(actions)]])[0]
        if call != "seeded"
        else outcome(lambda k=k: keep(env.reset(seed=k, options={"k": k})))
        for k, call in enumerate(calls)
        if k >= begin
    ]


@pytest.mark.parametrize("reward", REWARDS, ids=repr)
def test_odd_rewards_are_kept_or_written_as_no_number(capture, desk, reward):
    env = capture.watch(Odd(BOX, spaces.Discrete(2), [reward], [0, 0, 1]))
    env.reset()
    for _ in range(4):
        assert env.step(1)[1] is reward
    capture.cut()
    kept = desk.steps("s1")[2]
    try:
        expected = float(np.asarray(reward).item())
    except (TypeError, ValueError, OverflowError):
        expected = math.nan
    assert np.array_equal(kept, np.full(len(kept), expected), equal_nan=True)
    for trace in desk.traces():
        with Simulation(trace) as again:
            list(again)
            assert again.verdict().verdict == "exact", again.verdict()


@pytest.mark.parametrize(
    "observation",
    [
        lambda k: np.array([k, "x", None, {"a": 1}], dtype=object),
        lambda k: {"a": [k, (k,)], 3: None},
        lambda k: None,
        lambda k: "text",
        lambda k: np.ma.masked_array([k, 2.0], mask=[False, True]),
        lambda k: np.arange(6.0).reshape(2, 3).T + k,
        lambda k: np.zeros(2_000_000) + k,
    ],
)
def test_observations_that_their_space_does_not_tell_of(capture, desk, observation):
    told = None if isinstance(observation(0), np.ndarray) and observation(0).dtype == object else BOX
    env = capture.watch(Odd(told, spaces.Discrete(2), [1.0], [0, 0, 1], observation))
    env.reset()
    for _ in range(6):
        if env.step(0)[2]:
            env.reset()
    capture.cut()
    assert len(desk.steps("s1")[2]) == 6
    for trace in desk.traces():
        with Simulation(trace) as again:
            list(again)
            assert again.verdict().verdict == "exact", again.verdict()


def test_results_of_a_wrong_shape_reach_the_loop_and_are_told_of(desk, monkeypatch):
    monkeypatch.setenv("RLNB_STRICT", "0")

    class Old(gym.Env):
        """The four values of the old gym."""

        observation_space, action_space = BOX, spaces.Discrete(2)

        def reset(self):
            return np.zeros(3)

        def step(self, action):
            return np.zeros(3), 1.0, False, {}

    capture = Capture(desk, ManualClock(), ticking=False)
    env = capture.watch(Old())
    assert env.reset().tolist() == [0, 0, 0]
    assert len(env.step(0)) == 4 and len(env.step(0)) == 4
    capture.cut()
    capture.uninstall()
    assert len(desk.warnings) == 1 and "is not recorded any more" in desk.warnings[0]

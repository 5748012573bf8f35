"""Every kind of reward, observation and action is recorded as it was."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from ladder import Ladder, play, rows

from rlnb.capture import actions
from rlnb.capture.hooked import checking
from rlnb.trace import Checks

REWARDS = [float("nan"), float("inf"), 1, True, np.float32(0.5), np.array(2.0), np.array([3.0])]


@pytest.mark.parametrize("reward", REWARDS)
def test_odd_rewards(reward, capture, desk):
    env = capture.watch(Ladder(n=2, reward=reward))
    env.reset()
    play(env, 4)
    capture.flush()
    assert np.array_equal(desk.steps("s1")[2], [float(np.asarray(reward).item())] * 4, equal_nan=True)
    assert len(rows(desk)) == 2


PAIR = gym.spaces.Dict(a=gym.spaces.Discrete(2), b=gym.spaces.Box(0, 1, (2,)))
OBSERVATIONS = [
    (gym.spaces.Discrete(5), 3, 4),
    (gym.spaces.Discrete(5), np.int64(3), np.int64(4)),
    (gym.spaces.Discrete(5), -7, 2**70),
    (gym.spaces.Discrete(5), 2.5, True),
    (gym.spaces.Discrete(5), None, np.array([3])),
    (gym.spaces.Box(0, 1, ()), np.float32(0.1), np.float32(0.2)),
    (PAIR, {"a": 1, "b": np.ones(2)}, {"a": 0, "b": np.ones(2)}),
    (gym.spaces.Tuple((gym.spaces.Discrete(2), gym.spaces.Discrete(2))), (1, 0), (1, 1)),
    (gym.spaces.Text(8), "left", "right"),
    (gym.spaces.Box(0, 255, (84, 84, 3), np.uint8), np.zeros((84, 84, 3), np.uint8), np.ones((84, 84, 3), np.uint8)),
    (gym.spaces.Box(0, 1, (2, 2)), np.asfortranarray([[1.0, 2], [3, 4]]), np.zeros((2, 2))),
    (gym.spaces.Box(0, 1, (2,)), [0.5, 0.5], [0.5, 0.25]),
    (gym.spaces.Box(0, 1, (2,)), None, object()),
]  # fmt: skip


@pytest.mark.parametrize(("space", "one", "other"), OBSERVATIONS)
def test_any_observation_is_summed_as_replay_will(space, one, other, capture, desk):
    env = Ladder(n=100)
    env.observation_space, env.observation = space, one
    capture.watch(env)
    env.reset()
    expected, checks = [], Checks(checking(env)[0])
    checks.begin(one)
    for k in range(100):
        env.observation = other if k == 50 else one
        env.step(0)
        expected.append(checks.step(env.observation, k == 99) & 0xFFFF)
    capture.flush()
    assert desk.steps("s1")[3].tolist() == expected
    assert len(set(expected)) > 1
    assert not desk.warnings


ACTIONS = [
    (gym.spaces.Discrete(3), [0, np.int64(1), np.array(2)], (3,), "plain"),
    (gym.spaces.Box(-1, 1, (2,), np.float32), [np.zeros(2, np.float32)] * 3, (3, 2), "plain"),
    (gym.spaces.Box(-1, 1, (2,), np.float32), [[0.5, 0.5]] * 3, (3, 2), "plain"),
    (gym.spaces.MultiDiscrete([2, 3]), [np.array([1, 2])] * 3, (3, 2), "plain"),
    (gym.spaces.MultiBinary(4), [np.ones(4, np.int8)] * 3, (3, 4), "plain"),
    (PAIR, [{"a": 1, "b": np.ones(2)}] * 3, (3, 4), "flat"),
    (gym.spaces.Tuple((gym.spaces.Discrete(2), gym.spaces.Discrete(2))), [(1, 0)] * 3, (3, 4), "flat"),
    (gym.spaces.Text(4), ["a", "b", "c"], (3,), "none"),
    (gym.spaces.Discrete(3), [None, "x", 1], (3,), "plain"),
    (gym.spaces.Box(-1, 1, (2,)), [np.zeros(2), np.zeros(3), np.zeros(2)], (3, 2), "plain"),
]  # fmt: skip


@pytest.mark.parametrize(("space", "given", "shape", "form"), ACTIONS)
def test_any_action(space, given, shape, form, capture, desk):
    env = Ladder(n=9)
    env.action_space = space
    capture.watch(env)
    env.reset()
    for action in given:
        env.step(action)
    capture.flush()
    assert desk.steps("s1")[1].shape == shape
    recipe = desk.requests[0].recipe
    assert recipe["actions"] == form
    assert (recipe["why_not"] is not None) == (form == "none")


def test_actions_are_copied_at_the_step_and_torch_tensors_taken(capture, desk):
    import torch

    env = Ladder(n=9)
    env.action_space = gym.spaces.Box(-1, 1, (2,), np.float32)
    capture.watch(env)
    env.reset()
    action = np.zeros(2, np.float32)
    env.step(action)
    action += 1
    env.step(action)
    env.step(torch.full((2,), 2.0, requires_grad=True))
    capture.flush()
    got = desk.steps("s1")[1]
    assert got.dtype == np.float32 and got.tolist() == [[0, 0], [1, 1], [2, 2]]
    assert actions.column([torch.tensor(1), torch.tensor(0)], gym.spaces.Discrete(2)).tolist() == [1, 0]


@pytest.mark.parametrize("limit", [None, 3])
def test_a_table_is_recorded_as_replay_will_have_it_under_a_time_limit_and_without(limit, capture, desk):
    reward = np.zeros(1)

    class Table(Ladder):
        observation_space = gym.spaces.Discrete(9)

        def step(self, action):
            _, _, terminated, truncated, info = super().step(action)
            self.observation = self.observation + 1
            reward[0] += 1  # the same array every time
            return self.observation, reward, terminated, truncated, info

    inner = Table(n=100)
    inner.observation = 0
    env = capture.watch(inner if limit is None else gym.wrappers.TimeLimit(inner, limit))
    env.reset()
    ends = [env.step(k % 2)[2:4] for k in range(3)]
    assert ends == [(False, False), (False, False), (False, limit == 3)]
    capture.flush()
    _, taken, rewards, sums = desk.steps("s1")
    checks = Checks()
    checks.begin(0)
    assert sums.tolist() == [checks.step(k, False) & 0xFFFF for k in (1, 2, 3)]
    assert (taken.tolist(), rewards.tolist()) == ([0, 1, 0], [1.0, 2.0, 3.0])
    assert len(rows(desk)) == (limit == 3)

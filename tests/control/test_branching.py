"""What if: another future agrees with one that is simulated by hand, and runs again from its own trace."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

import rlnb
from rlnb.errors import BadValue, NotReplayable


def recorded(env_id, seed, choose, **kwargs):
    """A session of one episode, and its actions."""
    env = gym.make(env_id, **kwargs)
    actions = []
    with rlnb.session("original") as s:
        obs, _ = env.reset(seed=seed)
        over = False
        while not over:
            actions.append(choose(obs, len(actions)))
            obs, _, terminated, truncated, _ = env.step(actions[-1])
            over = terminated or truncated
    return s, actions


def by_hand(env_id, seed, actions, **kwargs):
    """The observations and rewards of these actions, in an environment that rlnb does not see."""
    rlnb.uninstall()
    env = gym.make(env_id, **kwargs)
    observations, rewards, over = [env.reset(seed=seed)[0]], [], False
    for action in actions:
        if over:
            break
        obs, reward, terminated, truncated, _ = env.step(action)
        observations.append(obs)
        rewards.append(reward)
        over = terminated or truncated
    rlnb.install()
    return np.array(observations), rewards, over


def swing(obs, k):
    return k // 2 % 2


@pytest.mark.parametrize(
    ("env_id", "kwargs", "choose", "step", "action"),
    [
        ("CartPole-v1", {}, swing, 9, "push cart right"),
        ("FrozenLake-v1", {"map_name": "8x8"}, lambda obs, k: k % 3, 2, "up"),
    ],
)
def test_another_action_then_the_recorded_ones_agrees_with_a_simulation_by_hand(
    recording, env_id, kwargs, choose, step, action
):
    s, actions = recorded(env_id, 11, choose, **kwargs)
    assert len(actions) > step + 1
    number = {"push cart right": 1, "up": 3}[action]
    assert number != actions[step]
    original, other = s.what_if(0, step, action).takes
    observations, rewards, over = by_hand(env_id, 11, [*actions[:step], number, *actions[step + 1 :]], **kwargs)
    story = other.film.story
    np.testing.assert_array_equal(story.observations.reshape(len(story) + 1, -1)[:, : observations[0].size or 1],
                                  observations.reshape(len(observations), -1))  # fmt: skip
    np.testing.assert_array_equal(other.trace.rewards, rewards)
    assert other.trace.finished == over
    assert original.film.verdict.verdict == "exact"
    assert (original.branch, other.branch) == (step, step)
    assert other.film.verdict.verdict == "what if"
    assert action in other.caption


def test_a_continuous_action_is_given_by_its_numbers(recording):
    s, actions = recorded("Pendulum-v1", 5, lambda obs, k: np.array([np.sin(k)], np.float32))
    other = s.what_if(0, 7, [1.5]).takes[1]
    changed = [*actions[:7], np.array([1.5], np.float32), *actions[8:]]
    observations, rewards, _ = by_hand("Pendulum-v1", 5, changed)
    np.testing.assert_array_equal(other.film.story.observations, observations)
    np.testing.assert_array_equal(other.trace.rewards, rewards)
    assert other.trace.truncated
    assert "[1.5], then the recorded actions" in other.caption
    with pytest.raises(BadValue, match="is none that this environment takes"):
        s.what_if(0, 7, [1.0, 2.0])


def test_the_future_is_a_session_of_its_own_and_runs_again_exactly(recording):
    s, _ = recorded("CartPole-v1", 3, swing)
    other = s.what_if(0, 5, 0, then="random", seed=4).takes[1].session
    assert other.verify()["verdict"].tolist() == ["exact"]
    assert other.params["of"] == s.id and other.params["step"] == 5
    assert other.tags == ("what if",)
    assert rlnb.last() == s, "a future that was tried does not take the place of what was trained"
    again = s.what_if(0, 5, 0, then="random", seed=4).takes[1]
    assert len(again.trace) == int(other.episodes["length"].iloc[0])


def test_a_policy_goes_on_from_there(recording):
    s, actions = recorded("CartPole-v1", 0, swing)
    asked = []

    def balance(obs):
        asked.append(np.array(obs))
        return int(obs[2] + 0.5 * obs[3] > 0)

    other = s.what_if(0, 4, then=balance).takes[1]
    assert len(other.trace) > len(actions)
    story = other.film.story
    np.testing.assert_array_equal(np.stack(asked), story.observations[4:-1])
    assert other.trace.actions[:4].tolist() == actions[:4]
    assert other.trace.actions[4:].tolist() == [int(obs[2] + 0.5 * obs[3] > 0) for obs in asked]
    assert "then balance" in other.caption


def test_a_policy_that_fails_is_named_and_the_worker_goes_on(recording):
    s, _ = recorded("CartPole-v1", 0, swing)

    def broken(obs):
        raise RuntimeError("no such layer")

    with pytest.raises(RuntimeError, match="no such layer"):
        s.what_if(0, 4, then=broken)
    assert s.what_if(0, 4, 0, then="random").verdicts == ["exact", "what if"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"step": 3}, "another action"),
        ({"step": 3, "action": "jump"}, r"0 \(push cart left\), 1 \(push cart right\)"),
        ({"step": 3, "action": 7}, "is none that this environment takes"),
        ({"step": 3, "then": "dancing"}, "'recorded', 'random', 'policy'"),
        ({"step": 3, "then": "policy"}, "not known here"),
        ({"step": 3, "then": 3}, "no policy"),
        ({"step": 10_000, "action": 0}, "There is no step 10000"),
    ],
)
def test_what_cannot_be_tried_is_said_in_words(recording, given, words):
    s, _ = recorded("CartPole-v1", 0, swing)
    with pytest.raises(BadValue, match=words):
        s.what_if(0, **given)


def test_the_end_of_an_episode_has_no_other_future(recording):
    s, actions = recorded("CartPole-v1", 0, swing)
    with pytest.raises(BadValue, match="is the end of this episode"):
        s.what_if(0, len(actions), 0)


def test_an_episode_that_does_not_run_again_exactly_has_no_other_future(recording):
    class Dice(gym.Wrapper):
        def step(self, action):
            obs, reward, *rest = self.env.step(action)
            return obs, reward + np.random.default_rng().random(), *rest

    gym.register("Dice-v0", lambda **kwargs: Dice(gym.make("CartPole-v1", **kwargs)))
    s, _ = recorded("Dice-v0", 0, swing)
    with pytest.raises(NotReplayable):
        s.what_if(0, 3, 0)

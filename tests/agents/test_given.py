"""Environments as people give them: with wrappers that count, played in by hand, made by functions that make none."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import NormalizeObservation, NormalizeReward

from rlnb import hook
from rlnb.agents import A2C, DQN, PPO, SAC, QLearning, Reinforce, Sarsa
from tests.agents import probes

SMALL: dict[str, Any] = {"network": (8,), "learning_starts": 20, "buffer_size": 500, "batch_size": 8}


class Far(probes.Probe):
    """Observations around 100 + k: only who scales them by what was seen tells them apart."""

    n_obs = 2

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = gym.spaces.Box(0.0, 1000.0, (1,), np.float32)

    def look(self) -> Any:
        return np.array([100.0 + self.state], np.float32)

    def first(self) -> int:
        return int(self.np_random.integers(2))

    def gain(self, choice: int) -> float:
        return 10.0 * (choice == self.state)


class Unsaid(gym.ObservationWrapper[Any, Any, Any]):
    """A wrapper that does not say how it was made, as a textbook writes them."""

    def observation(self, observation: Any) -> Any:
        return observation


def scaled() -> gym.Env[Any, Any]:
    return NormalizeObservation(Far())


@pytest.mark.parametrize("given", [scaled, scaled()])
def test_the_policy_is_judged_by_the_numbers_it_learned_behind(given: Any, tmp_path: Path) -> None:
    agent = PPO(given, seed=0, n_envs=4, n_steps=32, learning_rate=3e-3, network=(16,)).learn(4000, progress=False)
    counts = [lane.get_wrapper_attr("obs_rms") for lane in agent.lanes.envs]  # type: ignore[attr-defined]
    assert all(count is counts[0] for count in counts)  # all lanes count together
    before = float(counts[0].count)
    assert agent.evaluate(40).mean() == 10.0
    assert float(counts[0].count) == before  # and nothing is learned from being judged
    loaded = PPO.load(agent.save(tmp_path / "agent.rlnb"), env=scaled)
    assert loaded.evaluate(40).mean() == 10.0
    with pytest.raises(ValueError, match=r"learned behind 1 wrapper.*the environment given has 0"):
        PPO.load(tmp_path / "agent.rlnb", env=Far)


def test_returns_are_the_true_ones_behind_scaled_rewards() -> None:
    agent = PPO(lambda: NormalizeReward(Far()), seed=0, n_envs=2, n_steps=8).learn(64, progress=False)
    assert set(agent.evaluate(20)) <= {0.0, 10.0 / np.sqrt(1 + 1e-8)}


def test_an_environment_to_be_judged_in_has_to_scale_too() -> None:
    agent = PPO(scaled, seed=0, n_envs=1, n_steps=8, eval_env=Far).learn(8, progress=False)
    with pytest.raises(ValueError, match=r"has 0 wrapper.*it learned with 1"):
        agent.evaluate(1)
    with pytest.raises(ValueError, match="out of reach"):
        PPO(Far, seed=0, n_steps=8, vectorization_mode="async", n_envs=1, eval_env=scaled).evaluate(1)


def test_a_wrapper_that_cannot_be_made_again_is_copied() -> None:
    agent = DQN(Unsaid(gym.make("CartPole-v1")), seed=0, **SMALL).learn(50, progress=False)
    assert len(agent.evaluate(2)) == 2


def test_a_function_has_to_make_a_new_environment_each_time() -> None:
    env = gym.make("CartPole-v1")
    with pytest.raises(ValueError, match="gives the same environment each time"):
        A2C(lambda: env, n_envs=2)
    agent = DQN(lambda: env, seed=0, **SMALL).learn(30, progress=False)
    with pytest.raises(ValueError, match="gives the same environment each time"):
        agent.evaluate(1)
    with pytest.raises(TypeError, match=r"gives 'CartPole-v1', which is no environment"):
        PPO(lambda: "CartPole-v1")  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match=r"makes a vector environment. Give that itself"):
        PPO(lambda: gym.make_vec("CartPole-v1", num_envs=2))  # type: ignore[arg-type, return-value]


def test_after_playing_in_it_by_hand_learning_begins_with_a_new_episode() -> None:
    env = gym.make("CartPole-v1")
    agent = DQN(env, seed=0, **SMALL).learn(105, progress=False)
    env.reset(seed=99)
    for _ in range(3):
        env.step(0)
    agent.learn(20, progress=False)
    obs, after = (agent.memory.columns[k][: agent.memory.count].astype(float) for k in (0, 3))
    assert np.allclose(after[:, 0], obs[:, 0] + 0.02 * obs[:, 1], atol=1e-5)  # x' = x + τ v, in every transition


def test_left_alone_it_goes_on_in_the_running_episode() -> None:
    for given in (gym.make("CartPole-v1"), "CartPole-v1"):
        agent = DQN(given, seed=0, **SMALL)
        for _ in range(5):
            agent.learn(21, progress=False)
        assert agent.episodes == DQN("CartPole-v1", seed=0, **SMALL).learn(105, progress=False).episodes


class Walk(gym.Env[Any, Any]):
    """One step further with each step; interrupted once."""

    observation_space, action_space = gym.spaces.Discrete(100_000), gym.spaces.Discrete(2)

    def __init__(self, interrupted: int) -> None:
        self.interrupted, self.taken, self.at = interrupted, 0, 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.at = 0
        return 0, {}

    def step(self, action: Any) -> Any:
        self.taken, self.at = self.taken + 1, self.at + 1
        if self.taken == self.interrupted:
            raise KeyboardInterrupt
        return self.at, float(self.at), False, False, {}


@pytest.mark.parametrize("algorithm", [QLearning, Sarsa])
def test_after_an_interruption_nothing_is_learned_across_it(algorithm: Any) -> None:
    agent = algorithm(Walk(1500), seed=0, gamma=0.0, learning_rate=1.0)
    with pytest.raises(KeyboardInterrupt):
        agent.learn(5000, progress=False)
    agent.learn(2000, progress=False)
    q = agent.table.max(1)
    assert q[1000] == 1001.0  # from 1000 one step leads to 1001, whatever came before
    assert agent.state == 2000


def test_what_cannot_be_copied_says_how_to_make_another() -> None:
    import copy
    import pickle

    agent = A2C("CartPole-v1", seed=0)
    for copied in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"A2C cannot be copied or pickled.*agent.save\(path\) and A2C.load"):
            copied(agent)


def test_lanes_and_their_number_are_those_of_the_vector_environment() -> None:
    env = gym.make_vec("CartPole-v1", num_envs=3, vectorization_mode="sync")
    assert PPO(env, n_envs=1).config.n_envs == 3


class Heard:
    """Hears what an agent says, and asks it to stop after so many steps."""

    def __init__(self, stop_at: int) -> None:
        self.done, self.stop_at = 0, stop_at

    def progress(self, done: int, total: int | None) -> None:
        self.done = done

    def stopping(self) -> bool:
        return self.done >= self.stop_at

    def log(self, numbers: Any, step: int | None) -> None: ...

    def knob(self, name: str, get: Any, set: Any) -> None: ...

    def explain(self, fn: Any) -> None: ...

    def learner(self, settings: Any, envs: Any) -> None: ...


@pytest.mark.parametrize("n_envs", [1, 8])
def test_stop_is_heard_within_a_long_rollout(n_envs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlnb.agents.progress.time.monotonic", iter(range(10**6)).__next__)  # the bar moves each time
    before = hook.listen(Heard(100))
    try:
        agent = PPO("CartPole-v1", seed=0, n_envs=n_envs, n_steps=2048)
        weights = agent.flat.data.detach().clone()
        agent.learn(100_000, progress=False)
    finally:
        hook.listen(before)
    assert 100 <= agent.steps <= 100 + 64
    assert (agent.flat.data == weights).all()  # a part of a rollout is not learned from
    assert agent.learn(1, progress=False).steps > 2048 * n_envs


@pytest.mark.parametrize("algorithm", [A2C, PPO])
def test_a_rollout_of_one_step_that_only_resets_teaches_nothing(algorithm: Any) -> None:
    env = gym.make_vec("CartPole-v1", num_envs=1, vectorization_mode="sync")
    assert algorithm(env, seed=0, n_steps=1).learn(200, progress=False).steps == 200


class Place(probes.Probe):
    """Always the same array, changed in place; the clock ends an episode after 5 steps."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = gym.spaces.Box(0.0, 10.0, (1,), np.float32)
        self.here = np.zeros(1, np.float32)

    def look(self) -> Any:
        self.here[0] = self.t
        return self.here

    def step(self, action: Any) -> Any:
        obs, reward, *_ = super().step(action)
        return obs, reward, False, self.t == 5, {}


def test_reinforce_keeps_what_was_seen() -> None:
    rows, _, _ = Reinforce(Place, seed=0).play()
    assert rows[:, 0].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(("returns", "whole"), [("total", 5.0), ("discounted", sum(0.9**k for k in range(5)))])
def test_what_a_whole_episode_brings_counts_no_value_of_what_was_cut_off(returns: str, whole: float) -> None:
    agent = Reinforce(Place, seed=0, returns=returns, gamma=0.9, learning_rate=0.01).learn(2000, progress=False)
    assert agent.play()[2].tolist() == pytest.approx([whole] * 5)  # V of it all, added at each cut, grew without end


def test_an_actor_that_ran_away_is_what_is_blamed() -> None:
    agent = SAC("Pendulum-v1", seed=0, learning_starts=32, batch_size=16, network=(16, 16), learning_rate=1e10)
    with pytest.raises(FloatingPointError, match=r"(action|critic_loss) is -?(nan|inf)") as caught:
        agent.learn(300, progress=False)
    assert any("weights are" in note for note in caught.value.__notes__)


def test_environments_to_be_judged_in_are_let_go() -> None:
    agent = QLearning(lambda: gym.make("FrozenLake-v1"), seed=0)
    for _ in range(5):
        agent.evaluate(1)
    gc.collect()
    assert sum(made() is not None for made in agent.source._made) == 1  # the one that it learns in


class NoEnd(Far):
    """The clock ends an episode, and its last observation is no number."""

    def step(self, action: Any) -> Any:
        obs, reward, *_ = super().step(action)
        return np.full_like(obs, np.nan), reward, False, True, {}


def test_a_last_observation_that_is_no_number_is_named() -> None:
    with pytest.raises(FloatingPointError, match="observation is nan"):
        PPO(NoEnd, seed=0, n_envs=1, n_steps=8).learn(16, progress=False)

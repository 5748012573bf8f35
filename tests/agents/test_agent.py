"""What every agent does: the same with the same seed, a clean stop, words where it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from rlnb import agents, hook
from tests.agents import probes
from tests.agents.small import ALL, SMALL, WHERE, learned, make


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_gives_the_same_agent_bit_for_bit(name: str) -> None:
    one, other = (make(name).learn(300, progress=False) for _ in range(2))
    assert torch.equal(learned(one), learned(other))
    assert one.evaluate(3, seed=0).tolist() == other.evaluate(3, seed=0).tolist()
    assert not torch.equal(learned(one), learned(make(name, gamma=0.5).learn(300, progress=False)))


@pytest.mark.parametrize("name", ALL)
def test_actions_are_what_the_environment_takes(name: str) -> None:
    agent = make(name)
    env = gym.make(WHERE.get(name, "CartPole-v1"))
    obs, _ = env.reset(seed=0)
    for greedy in (True, False):
        action = agent.act(obs, greedy=greedy)
        assert env.action_space.contains(action if isinstance(action, np.ndarray) else np.int64(action))
    assert {"q", "probs", "value"} & set(agent.explain(obs))


def test_a_batch_of_observations_gives_a_batch_of_actions() -> None:
    env = gym.make_vec("CartPole-v1", num_envs=3)
    obs, _ = env.reset(seed=0)
    assert env.action_space.contains(make("PPO").act(obs))
    env = gym.make_vec("Pendulum-v1", num_envs=3)
    obs, _ = env.reset(seed=0)
    assert env.action_space.contains(make("SAC").act(obs))


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("QLearning", "Sarsa", "ExpectedSarsa")])
def test_an_agent_takes_none_of_torchs_own_random_numbers(name: str) -> None:
    before = torch.get_rng_state()
    make(name).learn(60, progress=False)
    assert torch.equal(torch.get_rng_state(), before)


class Listener:
    """Notes what agents say, and says stop after so many steps."""

    def __init__(self, stop_at: float = float("inf")) -> None:
        self.logged: dict[str, Any] = {}
        self.done, self.stop_at, self.knobs, self.fn = 0, stop_at, {}, None
        self.learners: list[Mapping[str, Any] | None] = []

    def log(self, numbers: Mapping[str, Any], step: int | None) -> None:
        assert step is not None
        self.logged.update({name: float(torch.as_tensor(value).detach()) for name, value in numbers.items()})

    def progress(self, done: int, total: int | None) -> None:
        self.done = done

    def stopping(self) -> bool:
        return self.done >= self.stop_at

    def knob(self, name: str, get: Any, set: Any) -> None:
        self.knobs[name] = (get, set)

    def explain(self, fn: Any) -> None:
        self.fn = fn

    def learner(self, settings: Mapping[str, Any] | None, envs: Any) -> None:
        self.learners.append(settings)


@pytest.fixture
def listener():
    heard = Listener()
    before = hook.listen(heard)
    yield heard
    hook.listen(before)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("QLearning", {"epsilon", "learning_rate"}),
        ("Reinforce", {"loss", "policy_loss", "value_loss", "entropy", "grad_norm", "learning_rate"}),
        ("A2C", {"loss", "policy_loss", "value_loss", "entropy", "grad_norm", "explained_variance", "learning_rate"}),
        ("PPO", {"loss", "approx_kl", "clip_fraction", "entropy", "explained_variance", "grad_norm", "learning_rate"}),
        ("DQN", {"loss", "q_mean", "epsilon", "grad_norm", "learning_rate"}),
        ("DDPG", {"critic_loss", "actor_loss", "q_mean", "critic_grad_norm", "actor_grad_norm"}),
        ("TD3", {"critic_loss", "actor_loss", "q_mean", "critic_grad_norm", "actor_grad_norm"}),
        (
            "SAC",
            {"critic_loss", "actor_loss", "q_mean", "temperature", "entropy", "critic_grad_norm", "actor_grad_norm"},
        ),
        ("BehaviorCloning", {"loss", "grad_norm", "learning_rate"}),
    ],
)
def test_agents_tell_what_goes_on(name: str, numbers: set[str], listener: Listener) -> None:
    agent = (
        make(name) if name != "BehaviorCloning" else agents.BehaviorCloning("CartPole-v1", data=(np.eye(4), [0] * 4))
    )
    agent.learn(1200 if name == "QLearning" else 400, progress=False)
    assert all(listener.logged[number] > 0 for number in numbers if "norm" in number)
    assert numbers <= set(listener.logged)
    assert listener.done == agent.steps
    assert listener.fn == agent.explain


@pytest.mark.parametrize("name", ALL)
def test_stop_ends_the_loop_and_keeps_the_agent(name: str, listener: Listener) -> None:
    listener.stop_at = 0
    agent = make(name).learn(100_000, progress=False)
    assert agent.steps < 1000
    listener.stop_at = float("inf")
    agent.learn(100, progress=False)
    agent.evaluate(1)


def test_a_knob_moves_a_setting(listener: Listener) -> None:
    agent = make("PPO").learn(64, planned=1000, progress=False)
    get, set_to = listener.knobs["learning_rate"]
    assert get() == pytest.approx(1e-3 * (1 - 64 / 1000))
    set_to(0.5)
    assert agent.now("learning_rate") == 0.5


def test_the_best_agent_is_kept(tmp_path: Any) -> None:
    agent = make("PPO").learn(960, progress=False, evaluate_every=320, best_path=tmp_path / "best.rlnb")
    kept = agents.PPO.load(tmp_path / "best.rlnb")
    assert kept.steps <= agent.steps
    assert kept.evaluate(10, seed=1_000_003).mean() == agent.best
    with pytest.raises(ValueError, match="evaluate_every"):
        agent.learn(10, best_path=tmp_path / "best.rlnb")


def test_spaces_that_do_not_fit_name_who_can() -> None:
    with pytest.raises(ValueError, match=r"DQN takes discrete actions.*These can: .*PPO.*SAC"):
        agents.DQN("Pendulum-v1")
    with pytest.raises(ValueError, match=r"SAC takes continuous actions.*These can: .*DQN"):
        agents.SAC("CartPole-v1")
    with pytest.raises(ValueError, match=r"These can: QLearning, .*DQN"):
        agents.SAC("FrozenLake-v1")
    with pytest.raises(ValueError) as told:  # a table has no row for each of CartPole's observations
        agents.TD3("CartPole-v1")
    assert "Sarsa" not in str(told.value)
    with pytest.raises(ValueError, match=r"QLearning keeps a table .*Take DQN"):
        agents.QLearning("CartPole-v1")
    with pytest.raises(ValueError, match="one environment at a time"):
        agents.QLearning(gym.make_vec("FrozenLake-v1", num_envs=2))


def test_settings_that_are_none_are_named() -> None:
    with pytest.raises(TypeError, match=r"PPO has no setting 'learning_rte'\. Did you mean 'learning_rate'"):
        agents.PPO("CartPole-v1", learning_rte=1e-3)
    with pytest.raises(ValueError, match=r"gamma=1\.5 makes no sense, it must be a number between 0 and 1"):
        agents.PPO("CartPole-v1", gamma=1.5)
    with pytest.raises(ValueError, match="returns='sum' is none of"):
        agents.Reinforce("CartPole-v1", returns="sum")
    with pytest.raises(ValueError, match="activation='swish'"):
        agents.PPO("CartPole-v1", activation="swish")
    with pytest.raises(TypeError, match="It can be an id like"):
        agents.PPO(3)
    with pytest.raises(ValueError, match="give one whole number, at least 1"):
        make("PPO").learn()


class Broken(probes.Probe):
    """Rewards that are not numbers."""

    def gain(self, choice: int) -> float:
        return float("nan")


@pytest.mark.parametrize("name", ["Reinforce", "A2C", "PPO", "DQN"])
def test_nan_stops_with_words_and_spoils_nothing(name: str) -> None:
    agent = getattr(agents, name)(Broken, seed=0, **SMALL[name])
    what = "loss is nan at step .*learning rate" if name == "Reinforce" else "reward is nan at step .*the environment"
    with pytest.raises(FloatingPointError, match=what):
        agent.learn(500, progress=False)
    assert torch.isfinite(learned(agent)).all()


def test_a_network_of_ones_own(tmp_path: Any) -> None:
    body = torch.nn.Sequential(torch.nn.Linear(4, 10), torch.nn.SiLU())
    agent = agents.PPO("CartPole-v1", seed=0, network=body, n_envs=1, n_steps=16).learn(64, progress=False)
    assert agent.act(np.zeros(4, np.float32)) in (0, 1)
    path = agent.save(tmp_path / "own.rlnb")
    with pytest.raises(ValueError, match="Give network="):
        agents.PPO.load(path)
    assert torch.equal(learned(agents.PPO.load(path, network=body)), learned(agent))
    assert next(iter(body.parameters())).grad is None  # the given one was copied, not used


def test_an_environment_given_as_such_is_the_one_that_is_stepped() -> None:
    env = gym.wrappers.RecordEpisodeStatistics(gym.make("CartPole-v1"))
    agent = agents.Reinforce(env, seed=0).learn(episodes=3, progress=False)
    assert env.episode_count == 3
    assert len(agent.evaluate(2)) == 2
    assert env.episode_count == 3


@pytest.mark.parametrize("name", ["A2C", "PPO", "DQN"])
def test_a_vector_environment_and_processes(name: str) -> None:
    env = gym.make_vec("CartPole-v1", num_envs=2)
    settings = {k: v for k, v in SMALL[name].items() if k != "n_envs"}
    agent = getattr(agents, name)(env, seed=0, **{**settings, "n_envs": 2}).learn(200, progress=False)
    assert agent.lanes.n == 2
    other = getattr(agents, name)("CartPole-v1", seed=0, **{**settings, "n_envs": 2, "vectorization_mode": "async"})
    try:
        other.learn(100, progress=False)
    finally:
        other.close()


@pytest.mark.parametrize("name", ["A2C", "PPO", "DQN"])
def test_a_vector_environment_says_itself_how_many_there_are(name: str, tmp_path: Any) -> None:
    env = gym.make_vec("CartPole-v1", num_envs=3)
    agent = getattr(agents, name)(env, seed=0)
    assert agent.config.n_envs == agent.lanes.n == 3
    agent.save(tmp_path / "a.rlnb")
    assert getattr(agents, name).load(tmp_path / "a.rlnb", env=gym.make_vec("CartPole-v1", num_envs=2)).lanes.n == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"device='cuda', but torch finds none here"):
        agents.A2C("CartPole-v1", seed=0, device="cuda")


def test_a_table_stops_at_rewards_that_are_no_numbers() -> None:
    class Broken(gym.Wrapper):  # type: ignore[type-arg]
        def step(self, action: Any) -> Any:
            observation, _, *rest = self.env.step(action)
            return observation, float("nan"), *rest

    for name in ("QLearning", "Sarsa", "ExpectedSarsa"):
        with pytest.raises(FloatingPointError, match=r"rewards of episode 0 \(to step \d+\) sum up to nan"):
            getattr(agents, name)(lambda: Broken(gym.make("FrozenLake-v1")), seed=0).learn(500, progress=False)


def test_the_bar_is_shown_where_it_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    make("QLearning").learn(2000)
    assert "QLearning FrozenLake-v1" in capsys.readouterr().err
    make("QLearning").learn(2000, progress=False)
    assert capsys.readouterr().err == ""


def test_an_environment_with_settings_of_its_own_comes_back(tmp_path: Any) -> None:
    path = agents.QLearning(gym.make("FrozenLake-v1", map_name="8x8"), seed=0).save(tmp_path / "lake.rlnb")
    assert agents.QLearning.load(path).table.shape == (64, 4)
    path = agents.QLearning(gym.make("FrozenLake-v1", desc=np.array([list("SF"), list("FG")], dtype="c")), seed=0).save(
        path
    )
    with pytest.raises(ValueError, match="Give env="):  # an array is no plain setting
        agents.QLearning.load(path)


@pytest.mark.parametrize("limit", [20, -1])
def test_a_time_limit_of_its_own_comes_back(limit: int, tmp_path: Any) -> None:
    agent = agents.QLearning(gym.make("FrozenLake-v1", max_episode_steps=limit), seed=0)
    again = agents.QLearning.load(agent.save(tmp_path / "lake.rlnb"))
    assert again.env.spec.max_episode_steps == (20 if limit == 20 else None)
    assert again.env.spec.kwargs == agent.env.spec.kwargs


def test_steps_and_episodes_are_not_mixed_up() -> None:
    agent = agents.QLearning("FrozenLake-v1", seed=0, learning_rate=agents.Linear(1.0)).learn(1000, progress=False)
    done = agent.episodes
    agent.learn(episodes=done, progress=False)
    assert agent.planned == 2 * done
    assert agent.now("learning_rate") == 0.0

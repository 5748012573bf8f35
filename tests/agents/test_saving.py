"""What every agent brings back from its file, and files that do not fit."""

from __future__ import annotations

import pickle
from typing import Any

import gymnasium as gym
import pytest
import torch

from rlnb import agents
from rlnb.agents.schedules import Schedule
from tests.agents import probes
from tests.agents.small import ALL, EXACT, learned, make


@pytest.mark.parametrize("name", EXACT)
def test_learning_goes_on_after_loading_as_without_the_break(name: str, tmp_path: Any) -> None:
    whole = make(name).learn(episodes=40, progress=False)
    half = make(name).learn(episodes=20, planned=40, progress=False)
    half.save(tmp_path / "half.rlnb")
    again = getattr(agents, name).load(tmp_path / "half.rlnb").learn(episodes=20, progress=False)
    assert torch.equal(learned(whole), learned(again))
    assert (again.steps, again.episodes) == (whole.steps, whole.episodes)


@pytest.mark.parametrize("name", ALL)
def test_everything_comes_back_from_the_file(name: str, tmp_path: Any) -> None:
    agent = make(name).learn(300, planned=1000, progress=False)
    again = getattr(agents, name).load(agent.save(tmp_path / "agent.rlnb"))
    assert torch.equal(learned(agent), learned(again))
    for what in ("steps", "episodes", "planned", "seed", "config", "unit"):
        assert getattr(again, what) == getattr(agent, what), what
    assert again.now("learning_rate") == agent.now("learning_rate")
    assert again.rng.random() == agent.rng.random()
    assert again.evaluate(2, seed=0).tolist() == agent.evaluate(2, seed=0).tolist()
    ours, theirs = agent._state(), again._state()
    for key in ("optimizer", "actor_optimizer", "critic_optimizer"):
        if key in ours:
            assert ours[key]["steps"] == theirs[key]["steps"]
            assert all(torch.equal(a, b) for a, b in zip(ours[key]["memory"], theirs[key]["memory"], strict=True))
    for key in ("scale", "scale_rewards"):
        assert ours.get(key) == theirs.get(key)
    again.learn(50, progress=False)


@pytest.mark.parametrize("name", ["DQN", "SAC", "TD3", "DDPG"])
def test_with_its_memory_the_next_update_is_the_same(name: str, tmp_path: Any) -> None:
    agent = make(name).learn(300, progress=False)
    again = getattr(agents, name).load(agent.save(tmp_path / "agent.rlnb", memory=True))
    for _ in range(4):
        agent.update()
        again.update()
    assert torch.equal(learned(agent), learned(again))


@pytest.mark.parametrize("name", ["DQN", "SAC"])
def test_without_its_memory_it_learns_only_when_that_is_filled_again(name: str, tmp_path: Any) -> None:
    agent = make(name, train_freq=1).learn(300, progress=False)
    again = getattr(agents, name).load(agent.save(tmp_path / "agent.rlnb"))
    before = learned(again).clone()
    again.learn(19, progress=False)
    assert again.memory.count == 19
    assert torch.equal(learned(again), before)
    again.learn(1, progress=False)
    assert not torch.equal(learned(again), before)
    fresh = getattr(agents, name).load(make(name).save(tmp_path / "fresh.rlnb")).learn(100, progress=False)
    assert torch.equal(learned(fresh), learned(make(name).learn(100, progress=False)))


@pytest.mark.parametrize("name", ["A2C", "DQN"])
def test_a_loaded_agent_begins_with_other_episodes(name: str, tmp_path: Any) -> None:
    def starts(agent: Any) -> list[float]:
        agent.begin()
        return [float(x) for x in agent.lanes.obs.reshape(-1)]

    agent = make(name).learn(100, progress=False)
    first, second = starts(make(name)), starts(getattr(agents, name).load(agent.save(tmp_path / "a.rlnb")))
    agent.learn(100, progress=False)
    third = starts(getattr(agents, name).load(agent.save(tmp_path / "b.rlnb")))
    assert first != second != third != first
    assert starts(getattr(agents, name).load(tmp_path / "a.rlnb")) == second


@pytest.mark.parametrize("name", ["SAC", "TD3", "DDPG"])
def test_random_numbers_of_another_device_begin_anew(name: str, tmp_path: Any) -> None:
    path = make(name).learn(50, progress=False).save(tmp_path / "agent.rlnb")
    document = torch.load(path, weights_only=True)
    document["state"]["generator"] = torch.zeros(16, dtype=torch.uint8)  # a GPU's generator has no more
    torch.save(document, path)
    one, other = (getattr(agents, name).load(path).learn(100, progress=False) for _ in range(2))
    assert torch.equal(learned(one), learned(other))
    assert not torch.equal(one.generator.get_state(), make(name).generator.get_state())


def test_a_memory_that_is_empty_comes_back_empty(tmp_path: Any) -> None:
    again = agents.DQN.load(make("DQN").save(tmp_path / "dqn.rlnb", memory=True))
    assert again.memory.count == 0
    again.learn(60, progress=False)


def test_who_has_no_memory_says_so(tmp_path: Any) -> None:
    for name in ("PPO", "QLearning", "Reinforce"):
        with pytest.raises(TypeError, match=rf"save\(memory=True\): {name} has no memory to save\. Leave it out"):
            make(name).save(tmp_path / "agent.rlnb", memory=True)


class Steps(Schedule):
    """A schedule of one's own."""

    def __call__(self, done: float) -> float:
        return 1e-3 if done < 0.5 else 1e-4


def test_a_schedule_of_ones_own_is_given_again(tmp_path: Any) -> None:
    path = make("PPO", learning_rate=Steps()).save(tmp_path / "ppo.rlnb")
    with pytest.raises(ValueError, match=r"learning_rate is a schedule of your own .*Steps.*Give learning_rate="):
        agents.PPO.load(path)
    assert agents.PPO.load(path, learning_rate=Steps()).now("learning_rate") == 1e-3


def test_ppo_learns_the_same_from_the_same_batch_after_loading(tmp_path: Any) -> None:
    agent = make("PPO").learn(320, progress=False)
    again = agents.PPO.load(agent.save(tmp_path / "ppo.rlnb"))
    batch = agent.collect()
    again.rng.bit_generator.state = agent.rng.bit_generator.state
    again.steps = agent.steps
    agent.update(batch)
    again.update(batch)
    assert torch.equal(learned(agent), learned(again))


def test_a_checkpoint_runs_no_code(tmp_path: Any) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (print, ("opened",))

    torch.save({"format": "rlnb-agent/2", "algorithm": "PPO", "trap": Trap()}, tmp_path / "trap.rlnb")
    (tmp_path / "pickle.rlnb").write_bytes(pickle.dumps({"format": "rlnb-agent/2"}))
    for name in ("trap.rlnb", "pickle.rlnb"):
        with pytest.raises(ValueError, match="is no agent saved by rlnb"):
            agents.PPO.load(tmp_path / name)


def test_checkpoints_that_do_not_fit_say_so(tmp_path: Any) -> None:
    path = make("A2C").save(tmp_path / "a2c.rlnb")
    with pytest.raises(ValueError, match=r"is a saved A2C, not PPO: A2C\.load opens it"):
        agents.PPO.load(path)
    with pytest.raises(ValueError, match=r"observation space is Box.*the environment's is"):
        agents.A2C.load(path, env="Acrobot-v1")
    with pytest.raises(FileNotFoundError, match=r"no file .*none\.rlnb"):
        agents.A2C.load(tmp_path / "none.rlnb")
    newer = torch.load(path, weights_only=True) | {"format": "rlnb-agent/9"}
    torch.save(newer, tmp_path / "newer.rlnb")
    with pytest.raises(ValueError, match=r"format rlnb-agent/9, this rlnb reads rlnb-agent/2"):
        agents.A2C.load(tmp_path / "newer.rlnb")
    unnamed = agents.A2C(probes.Both, seed=0).save(tmp_path / "probe.rlnb")
    with pytest.raises(ValueError, match="Give env="):
        agents.A2C.load(unnamed)
    assert agents.A2C.load(unnamed, env=probes.Both).seed == 0


def test_what_was_learned_belongs_to_its_settings(tmp_path: Any) -> None:
    path = make("PPO").learn(30, progress=False).save(tmp_path / "ppo.rlnb")
    for name, value in (("activation", "relu"), ("network", (5,))):
        with pytest.raises(ValueError, match=rf"PPO.load\({name}=.*what the agent learned belongs to {name}="):
            agents.PPO.load(path, **{name: value})
    assert agents.PPO.load(path, network=agents.PPO.load(path).config.network)
    dqn = make("DQN").learn(60, progress=False)
    path = dqn.save(tmp_path / "dqn.rlnb", memory=True)
    for other in ({"buffer_size": 10_000}, {"memory": "recent"}):
        with pytest.raises(ValueError, match="what the agent learned belongs to"):
            agents.DQN.load(path, **other)
    assert agents.DQN.load(dqn.save(path), buffer_size=10_000).memory.size == 10_000


def test_what_is_given_at_load_is_what_counts(tmp_path: Any) -> None:
    agent = make("PPO")
    agent._set["learning_rate"] = 1e-3  # a knob was moved
    path = agent.learn(30, progress=False).save(tmp_path / "ppo.rlnb")
    assert agents.PPO.load(path).now("learning_rate") == 1e-3
    assert agents.PPO.load(path, learning_rate=1e-5).now("learning_rate") == 1e-5
    path = make("SAC").learn(60, progress=False).save(tmp_path / "sac.rlnb")
    assert float(agents.SAC.load(path, temperature=0.05).flat_alpha.data.exp()) == pytest.approx(0.05)


def test_the_environment_to_be_judged_in_comes_back_or_is_asked_for(tmp_path: Any) -> None:
    path = agents.DQN(probes.Constant, seed=0, eval_env="CartPole-v1").save(tmp_path / "agent.rlnb")
    with pytest.raises(ValueError, match=r"observation space is"):
        agents.DQN.load(path, env="CartPole-v1")
    loaded = agents.DQN.load(path, env=probes.Constant)
    assert loaded.eval_source is not None
    assert loaded.eval_source.id == "CartPole-v1"
    path = agents.DQN("CartPole-v1", seed=0, eval_env=lambda: gym.make("CartPole-v1")).save(path)
    loaded = agents.DQN.load(path)
    with pytest.raises(ValueError, match=r"DQN.load\(path, eval_env=\.\.\.\) gives it one"):
        loaded.evaluate(1)
    assert len(agents.DQN.load(path, eval_env="CartPole-v1").evaluate(1)) == 1


def test_a_folder_is_no_file(tmp_path: Any) -> None:
    with pytest.raises(IsADirectoryError, match=r"is a folder. Give the name of a file"):
        make("PPO").save(tmp_path)
    assert not list(tmp_path.parent.glob("*.part"))


def test_the_best_agent_is_kept_in_each_file_asked_for(tmp_path: Any) -> None:
    one, other = tmp_path / "one.rlnb", tmp_path / "other.rlnb"
    agent = make("PPO").learn(60, progress=False, evaluate_every=30, best_path=one)
    agent.learn(60, progress=False, evaluate_every=30, best_path=other)
    assert one.exists()
    assert other.exists()
    slow = make("DQN")
    for _ in range(3):  # not due by the grid before step 100
        slow.learn(40, progress=False, evaluate_every=100, best_path=tmp_path / "slow.rlnb")
        assert (tmp_path / "slow.rlnb").exists()
    assert slow._due == 200

"""What every agent brings back from its file, and files that do not fit."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch

from rlnb import agents
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

    torch.save({"format": "rlnb-agent/1", "algorithm": "PPO", "trap": Trap()}, tmp_path / "trap.rlnb")
    (tmp_path / "pickle.rlnb").write_bytes(pickle.dumps({"format": "rlnb-agent/1"}))
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
    with pytest.raises(ValueError, match=r"format rlnb-agent/9, this rlnb reads rlnb-agent/1"):
        agents.A2C.load(tmp_path / "newer.rlnb")
    unnamed = agents.A2C(probes.Both, seed=0).save(tmp_path / "probe.rlnb")
    with pytest.raises(ValueError, match="Give env="):
        agents.A2C.load(unnamed)
    assert agents.A2C.load(unnamed, env=probes.Both).seed == 0

"""The gradient by hand is the gradient of the readable loss, and an agent learns the same either way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from rlnb import agents
from rlnb.agents.byhand import Chain, QValues
from rlnb.agents.memory import Transitions
from rlnb.agents.onpolicy import Batch
from tests.agents import probes


def on_policy_batch(agent: Any, size: int = 32) -> Batch:
    draw = torch.Generator().manual_seed(0)
    numbers = [torch.randn(size, generator=draw) for _ in range(4)]
    if agent.kind == "discrete":
        actions = torch.randint(agent.n_out, (size,), generator=draw)
    else:
        actions = torch.randn((size, agent.n_out), generator=draw)
    obs = torch.randn((size, *agent.encoder.shape), generator=draw)
    return Batch(obs, actions, -numbers[0].abs(), numbers[1], numbers[2], numbers[3])


def both_ways(agent: Any, *given: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradient by hand and by autograd."""
    assert agent.by_hand is not None
    agent.flat.grad.fill_(7.0)  # nothing of an older gradient may stay
    agent.gradient(*given)
    ours = agent.flat.grad.clone()
    agent.by_hand = None
    agent.gradient(*given)
    return ours, agent.flat.grad.clone()


@pytest.mark.parametrize("env", ["CartPole-v1", "Pendulum-v1"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("normalize", [True, False])
def test_ppo_and_a2c(env: str, activation: str, normalize: bool) -> None:
    settings: dict[str, Any] = {
        "network": (16, 8), "activation": activation, "ent_coef": 0.03, "normalize_advantage": normalize, "seed": 0,
    }  # fmt: skip
    ppo, a2c = agents.PPO(env, **settings), agents.A2C(env, **settings)
    batch = on_policy_batch(ppo)
    clipped = ((ppo.loss(batch, 0.2)["log_ratio"].exp() - 1).abs() > 0.2).float().mean()
    assert 0 < clipped < 1  # both sides of the bound are in the batch
    for ours, theirs in (both_ways(ppo, batch, 0.2), both_ways(a2c, batch)):
        assert ours.abs().max() > 1e-3
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("double", [True, False])
def test_dqn(double: bool) -> None:
    agent = agents.DQN("CartPole-v1", seed=0, network=(16, 8), double=double)
    rng = np.random.default_rng(0)
    f32 = np.float32
    batch = Transitions(*map(torch.from_numpy, (
        rng.standard_normal((32, 4), f32), rng.integers(2, size=32), 3 * rng.standard_normal(32, f32),
        rng.standard_normal((32, 4), f32), (0.99 * (rng.random(32) < 0.8)).astype(f32), np.arange(32),
        rng.random(32, f32),
    )))  # fmt: skip
    errors, value = agent.gradient(batch)
    assert (errors.abs() > 1).any() and (errors.abs() < 1).any()  # both parts of Huber's loss
    assert torch.allclose(errors, agent.loss(batch)[1], atol=1e-6)
    assert torch.allclose(value, agent.loss(batch)[2], atol=1e-6)
    ours, theirs = both_ways(agent, batch)
    assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["A2C", "PPO", "DQN"])
def test_an_agent_learns_the_same_either_way(name: str) -> None:
    settings: dict[str, Any] = {"network": (8,), "seed": 0, "gamma": 0.5, "learning_rate": 1e-3}
    settings |= {"learning_starts": 32, "batch_size": 16} if name == "DQN" else {"n_envs": 2, "n_steps": 16}
    fast, plain = (getattr(agents, name)(probes.Both, **settings) for _ in range(2))
    plain.by_hand = None
    fast.learn(160, progress=False)
    plain.learn(160, progress=False)
    assert torch.allclose(fast.flat.data, plain.flat.data, atol=1e-4)


def test_what_is_no_plain_chain_is_left_to_autograd() -> None:
    assert Chain.of(nn.Sequential(nn.Linear(2, 2), nn.GELU())) is None
    assert Chain.of(None) is None
    duelling = agents.DQN("CartPole-v1", seed=0, duelling=True)
    assert QValues.of(duelling.q, duelling.target, False) is None
    agent = agents.PPO("CartPole-v1", seed=0, activation="elu", n_envs=1, n_steps=16).learn(32, progress=False)
    assert agent.by_hand is None

    linear = nn.Linear(3, 3)
    assert Chain.of(nn.Sequential(linear, nn.Tanh(), linear)) is None  # used twice: gradients add up
    assert Chain.of(nn.Sequential(nn.utils.spectral_norm(nn.Linear(3, 3)))) is None
    hooked = nn.Sequential(nn.Linear(3, 3))
    hooked[0].register_forward_hook(lambda module, given, out: out * 0)
    assert Chain.of(hooked) is None


@pytest.mark.parametrize("name", ["A2C", "PPO", "DQN", "Reinforce", "BehaviorCloning"])
def test_what_is_frozen_in_a_network_of_ones_own_stays_as_it_is(name: str) -> None:
    body = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh())
    body[0].requires_grad_(False)
    settings = {"DQN": {"learning_starts": 10}, "BehaviorCloning": {"data": (np.zeros((9, 4)), np.zeros(9, int))}}
    agent = getattr(agents, name)("CartPole-v1", seed=0, network=body, **settings.get(name, {}))
    agent.learn(1100, progress=False)
    net = agent.q if name == "DQN" else agent.net
    frozen, free = (next(p for n, p in net.named_parameters() if n.endswith(f"0.{at}.weight")) for at in (0, 2))
    assert torch.equal(frozen, body[0].weight)
    assert not torch.equal(free, body[2].weight)

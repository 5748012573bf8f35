"""Losses against numbers worked out by hand, on networks whose outputs are set."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from rlnb import agents
from rlnb.agents import heads
from rlnb.agents.continuous import Draw
from rlnb.agents.memory import Transitions
from rlnb.agents.onpolicy import Batch
from tests.agents import probes


class Fixed(torch.nn.Module):
    """Gives the same output row for every observation (plus nothing to learn)."""

    def __init__(self, *row: float) -> None:
        super().__init__()
        self.row = torch.nn.Parameter(torch.tensor(row))

    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        return self.row.expand(len(obs), -1)


def tensor(*numbers: float) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float32)


def test_categorical_by_hand() -> None:
    logits = torch.log(tensor(0.25, 0.75)).expand(2, -1)
    logp, entropy = heads.categorical(logits, torch.tensor([0, 1]))
    assert logp.tolist() == pytest.approx([math.log(0.25), math.log(0.75)])
    assert entropy[0].item() == pytest.approx(-0.25 * math.log(0.25) - 0.75 * math.log(0.75))


def test_normal_as_torch_has_it() -> None:
    mean, log_std, action = torch.randn(5, 3), torch.randn(3), torch.randn(5, 3)
    theirs = torch.distributions.Normal(mean, log_std.exp())
    logp, entropy = heads.normal(mean, log_std, action)
    assert torch.allclose(logp, theirs.log_prob(action).sum(-1), atol=1e-5)
    assert torch.allclose(entropy, theirs.entropy().sum(-1), atol=1e-5)


def test_drawn_actions_have_the_probabilities_of_the_policy() -> None:
    logits = np.log(np.tile(np.array([0.1, 0.2, 0.7], np.float32), (20_000, 1)))
    actions = heads.draw(logits, None, np.random.default_rng(0))
    assert np.bincount(actions) / 20_000 == pytest.approx([0.1, 0.2, 0.7], abs=0.01)
    drawn = heads.draw(np.ones((20_000, 1), np.float32), np.log(np.array([0.5], np.float32)), np.random.default_rng(0))
    assert (drawn.mean(), drawn.std()) == pytest.approx((1.0, 0.5), abs=0.02)


def on_policy(name: str, **settings: Any) -> Any:
    agent = getattr(agents, name)(probes.Both, seed=0, n_envs=1, **settings)
    agent.net.policy = Fixed(math.log(0.5), math.log(0.5))
    agent.net.value = Fixed(1.0)
    return agent


def test_ppo_by_hand() -> None:
    agent = on_policy("PPO", normalize_advantage=False, vf_coef=0.5, ent_coef=0.1)
    old = torch.log(tensor(0.25, 0.5, 1.0))  # ratios 2, 1, ½
    batch = Batch(torch.zeros(3, 2), torch.tensor([0, 1, 0]), old, tensor(0, 0, 0), tensor(1, 1, -1), tensor(3, 1, 1))
    losses = agent.loss(batch, clip=0.2)
    # min(2·1, 1.2·1) = 1.2;  min(1, 1) = 1;  min(½·−1, 0.8·−1) = −0.8;  mean of the negatives
    assert losses["policy_loss"].item() == pytest.approx(-(1.2 + 1.0 - 0.8) / 3)
    assert losses["value_loss"].item() == pytest.approx(4 / 3)
    assert losses["loss"].item() == pytest.approx(-(1.4) / 3 + 0.5 * 4 / 3 - 0.1 * math.log(2))
    assert agent.kl(losses["log_ratio"]).item() == pytest.approx(
        (1 - math.log(2) + 0 - 0.5 + math.log(2)) / 3, abs=1e-6
    )


def test_a2c_by_hand() -> None:
    agent = on_policy("A2C", vf_coef=0.5)
    batch = Batch(torch.zeros(2, 2), torch.tensor([0, 1]), tensor(0, 0), tensor(0, 0), tensor(2, -1), tensor(2, 1))
    losses = agent.loss(batch)
    # − mean( log ½ · 2, log ½ · −1 ) = ½ log 2
    assert losses["policy_loss"].item() == pytest.approx(0.5 * math.log(2))
    assert losses["value_loss"].item() == pytest.approx(0.5)
    assert losses["loss"].item() == pytest.approx(0.5 * math.log(2) + 0.25)


def test_reinforce_by_hand() -> None:
    agent = agents.Reinforce(probes.Both, seed=0, normalize_advantage=False, vf_coef=1.0)
    agent.net.policy, agent.net.value = Fixed(0.0, 0.0), Fixed(1.0)
    losses = agent.loss(torch.zeros(2, 2), torch.tensor([0, 1]), tensor(3, 1))
    assert losses["policy_loss"].item() == pytest.approx(math.log(2) * (2 + 0) / 2)
    assert losses["value_loss"].item() == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("returns", "praise"),
    [("total", [7.0, 7.0, 7.0]), ("discounted", [3.0, 3.0, 3.0]), ("reward-to-go", [3.0, 4.0, 4.0])],
)
def test_the_forms_of_the_return(returns: str, praise: list[float]) -> None:
    agent = agents.Reinforce(probes.Both, seed=0, gamma=0.5, returns=returns, baseline=False)
    assert agent.praise(np.array([1.0, 2.0, 4.0]), 0.0).tolist() == praise


def dqn_batch(discounts: list[float]) -> Transitions:
    n = len(discounts)
    zeros = torch.zeros((n, 2))
    return Transitions(
        zeros, torch.zeros(n, dtype=torch.int64), torch.ones(n), zeros, torch.tensor(discounts),
        torch.arange(n), torch.ones(n),
    )  # fmt: skip


def test_dqn_by_hand() -> None:
    agent = agents.DQN(probes.Both, seed=0)
    agent.q, agent.target = Fixed(1.0, 5.0), Fixed(4.0, 2.0)
    loss, errors, _ = agent.loss(dqn_batch([0.5, 0.0]))
    # y = 1 + ½·max(4, 2) = 3, and 1 where it terminated;  δ = −2, 0;  Huber: 1.5, 0
    assert errors.tolist() == [-2.0, 0.0]
    assert loss.item() == pytest.approx(0.75)


def test_double_dqn_by_hand() -> None:
    agent = agents.DQN(probes.Both, seed=0, double=True)
    agent.q, agent.target = Fixed(1.0, 5.0), Fixed(4.0, 2.0)
    # the network prefers action 1, its copy says 2:  y = 1 + ½·2 = 2
    assert agent.loss(dqn_batch([0.5]))[1].tolist() == [-1.0]


def test_duelling_heads() -> None:
    agent = agents.DQN(probes.Both, seed=0, duelling=True)
    q, net = agent.q(torch.eye(2)), agent.q
    features = net.body(torch.eye(2))
    assert torch.allclose(q.mean(1), net.value(features).squeeze(1), atol=1e-6)


class Says(torch.nn.Module):
    """Critics that say fixed numbers, whatever the observation and action."""

    def __init__(self, *numbers: float) -> None:
        super().__init__()
        self.numbers = torch.nn.Parameter(torch.tensor(numbers))

    def forward(self, obs: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        return self.numbers[:, None].expand(-1, len(obs)) + 0 * actions.sum(1)


def draw(*discounts: float) -> Draw:
    n = len(discounts)
    return Draw(torch.zeros(n, 2), torch.zeros(n, 1), torch.ones(n), torch.zeros(n, 2), tensor(*discounts))


def test_ddpg_and_td3_by_hand() -> None:
    ddpg = agents.DDPG(lambda: probes.Both(True), seed=0)
    ddpg.critics, ddpg.target_critics = Says(2.0), Says(4.0)
    # y = 1 + ½·4 = 3, and 1 where it terminated: (2 − 3)², (2 − 1)²
    assert ddpg.critic_loss(draw(0.5, 0.0)).item() == pytest.approx(1.0)
    assert ddpg.actor_loss(draw(0.5)).item() == pytest.approx(-2.0)
    td3 = agents.TD3(lambda: probes.Both(True), seed=0)
    td3.critics, td3.target_critics = Says(2.0, 3.0), Says(4.0, 6.0)
    # the lower one counts: y = 3;  (2 − 3)² + (3 − 3)²
    assert td3.critic_loss(draw(0.5)).item() == pytest.approx(1.0)


def test_sac_by_hand() -> None:
    sac = agents.SAC(lambda: probes.Both(True), seed=0)
    sac.critics, sac.target_critics = Says(2.0, 3.0), Says(4.0, 6.0)
    nothing = torch.zeros(1)
    # with α = 0 the target is that of TD3; ½ of the sum of squares
    assert sac.critic_loss(draw(0.5), nothing).item() == pytest.approx(0.5)
    assert sac.actor_loss(draw(0.5), nothing)[0].item() == pytest.approx(-2.0)


def test_sac_knows_how_likely_its_actions_are() -> None:
    sac = agents.SAC(lambda: probes.Both(True), seed=0)
    sac.actor = Fixed(0.3, -0.5)
    action, logp = sac.sample(torch.zeros(64, 2))
    base = torch.distributions.Normal(0.3, math.exp(-0.5))
    theirs = torch.distributions.TransformedDistribution(base, torch.distributions.TanhTransform(cache_size=1))
    assert torch.allclose(logp, theirs.log_prob(action.squeeze(1).double()).float(), atol=1e-3)


def test_cloning_by_hand() -> None:
    agent = agents.BehaviorCloning(probes.Both, seed=0)
    agent.net = Fixed(math.log(0.25), math.log(0.75))
    assert agent.loss(torch.zeros(2, 2), torch.tensor([0, 1])).item() == pytest.approx(-math.log(0.25 * 0.75) / 2)

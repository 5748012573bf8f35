"""The gradients of actors and critics by hand: a fast path beside the readable losses of DDPG, TD3 and SAC.

An update of these agents is bound by matrix products. Autograd computes as many, but makes a new array for each result
and keeps books; here every critic is a chain that uses its arrays again, and only what is asked for is computed (of the
critics' slope only the columns of the actions). A test shows that the numbers are autograd's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from rlnb.agents.byhand import EMPTY, Chain, Layer, Pool
from rlnb.agents.heads import HALF_LOG_2PI

if TYPE_CHECKING:
    from rlnb.agents.continuous import ContinuousAgent, Critics

LOG_2 = math.log(2)


class Judges:
    """Some critics as chains, each with the inputs (s, a)."""

    def __init__(self, chains: list[Chain]) -> None:
        self.chains = chains

    @classmethod
    def of(cls, critics: Critics, pool: Pool, name: str) -> Judges | None:
        """None where they are not plain chains on the CPU."""
        bend = type(critics.bend)
        if bend not in (nn.Tanh, nn.ReLU) or critics.weights[0].device.type != "cpu":
            return None
        chains = []
        for i in range(critics.n):
            layers: list[Layer] = []
            for weight, bias in zip(critics.weights, critics.biases, strict=True):
                assert weight.grad is not None and bias.grad is not None
                linear = (weight.detach()[i].t(), bias.detach()[i, 0], weight.grad[i].t(), bias.grad[i, 0])
                layers += [(nn.Linear, *linear), (bend, EMPTY, None, EMPTY, None)]
            chains.append(Chain(layers[:-1], pool, name.format(i)))
        return cls(chains)

    def __call__(self, obs: Tensor, actions: Tensor) -> Tensor:
        """Q_i(s, a) [n, batch]."""
        inputs = torch.cat((obs, actions), dim=1)
        return torch.cat([chain(inputs) for chain in self.chains], dim=1).t()


class ActorAndCritics:
    """Forward and back through an actor and the critics that judge its actions, and forward through their slow copies.

    The names are those of the agent's networks, so that the one can stand for the other where no gradient is wanted.
    """

    def __init__(
        self, actor: Chain, critics: Judges, target_actor: Chain, target_critics: Judges, actions: int
    ) -> None:
        self.actor, self.critics = actor, critics
        self.target_actor, self.target_critics = target_actor, target_critics
        self.made_of: dict[str, nn.Module] = {}  # the networks themselves
        self.by_actions = slice(-actions, None)  # where the actions stand among a critic's inputs

    @classmethod
    def of(cls, agent: ContinuousAgent[Any]) -> ActorAndCritics | None:
        """None where the networks are not plain chains on the CPU."""
        pool: Pool = {}
        actor, target_actor = Chain.of(agent.actor, pool, "actor"), Chain.of(agent.target_actor, pool, "target")
        critics = Judges.of(agent.critics, pool, "critic {}")
        target_critics = Judges.of(
            agent.target_critics, pool, "target"
        )  # of these nothing is kept: one array serves all
        if actor is None or target_actor is None or critics is None or target_critics is None:
            return None
        by_hand = cls(actor, critics, target_actor, target_critics, agent.n_out)
        by_hand.made_of = {
            name: getattr(agent, name) for name in ("actor", "critics", "target_actor", "target_critics")
        }
        return by_hand

    def fit(self, obs: Tensor, actions: Tensor, targets: Tensor, scale: float) -> Tensor:
        """∇ of L = scale · Σ_i mean (Q_i(s, a) − y)² into the critics; returns L."""
        inputs, loss = torch.cat((obs, actions), dim=1), torch.zeros(())
        for critic in self.critics.chains:
            error = critic.forward(inputs).squeeze(1).sub_(targets)
            loss += error.dot(error)
            # ∂L/∂Q_i = 2 · scale · (Q_i − y) / B
            critic.backward(error.mul_(2 * scale / len(error)).unsqueeze(1))
        return loss.mul_(scale / len(obs))

    def climb(self, obs: Tensor) -> Tensor:
        """∇ of L = − mean Q_1(s, tanh μ(s)) into the actor; returns L."""
        action, critic = self.actor.forward(obs).tanh_(), self.critics.chains[0]
        value = critic.forward(torch.cat((obs, action), dim=1))
        # ∂L/∂a = − (∂Q/∂a) / B,  ∂L/∂μ = ∂L/∂a (1 − a²)
        slope = critic.backward(torch.full_like(value, -1 / len(value)), learn=False, inputs=self.by_actions)
        self.actor.backward(torch.ops.aten.tanh_backward(slope, action))
        return -value.mean()

    def soften(self, obs: Tensor, noise: Tensor, alpha: Tensor, bounds: tuple[float, float]) -> tuple[Tensor, Tensor]:
        """∇ of SAC's L = mean ( α log π(a | s) − min_i Q_i(s, a) ) into the actor; returns L and log π [batch].

        `noise` is ε of a = tanh(μ + σ ε); `bounds` are those of log σ.
        """
        mean, free = self.actor.forward(obs).chunk(2, dim=1)
        log_std = free.clamp(*bounds)
        spread = log_std.exp().mul_(noise)  # σ ε
        before = mean + spread
        action, size = torch.tanh(before), len(obs)
        squash = 2 * (LOG_2 - before - nn.functional.softplus(-2 * before))
        logp = (-0.5 * noise.square() - log_std - HALF_LOG_2PI - squash).sum(1)
        values = self.critics(obs, action)
        lowest, which = values.min(0)
        # ∂L/∂Q_i = − 1[i is the lowest] / B, and from there ∂L/∂a
        slopes = torch.zeros_like(values).scatter_(0, which.unsqueeze(0), -1 / size)
        parts = (
            critic.backward(slope.unsqueeze(1), learn=False, inputs=self.by_actions)
            for slope, critic in zip(slopes, self.critics.chains, strict=True)
        )
        by_action = sum(parts, torch.zeros(()))
        # ∂ log π / ∂u = 2 tanh u,  so ∂L/∂u = 2 α a / B + ∂L/∂a (1 − a²)
        by_before = torch.ops.aten.tanh_backward(by_action, action).addcmul_(action, alpha, value=2 / size)
        # ∂u/∂μ = 1,  ∂u/∂ log σ = σ ε,  ∂ log π / ∂ log σ = −1 besides; none of it where log σ is held by its bounds
        by_log_std = (by_before * spread - alpha / size).mul_(free == log_std)
        self.actor.backward(torch.cat((by_before, by_log_std), dim=1))
        return (alpha * logp - lowest).mean(), logp

"""SAC, soft actor-critic (Haarnoja et al. 2018): reward and randomness both count.

The agent is paid α for each unit of entropy of its policy. It explores because it wants to, and stays steady because
no single action is all it knows. α itself is learned, so that the entropy stays near a target.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rlnb import hook
from rlnb.agents.config import number
from rlnb.agents.continuous import ContinuousAgent, ContinuousConfig, Draw
from rlnb.agents.fast import Flat
from rlnb.agents.heads import HALF_LOG_2PI
from rlnb.agents.optim import Adam
from rlnb.agents.schedules import Number
from rlnb.agents.spaces import Array

LOG_STD_MIN, LOG_STD_MAX = -20.0, 2.0


@dataclass(kw_only=True)
class SACConfig(ContinuousConfig):
    """Settings of SAC: those of `ContinuousConfig` and these."""

    learning_rate: Number = 3e-4
    """Step size of all three optimizers. Higher learns faster and diverges sooner; typically 3e-4 to 1e-3."""
    temperature: float | str = "auto"
    """α, the worth of a unit of entropy: "auto" learns it; a number fixes it. Higher explores more; typically
    "auto"."""
    target_entropy: float | None = None
    """The entropy that "auto" aims at, in nats. Higher keeps the policy more random; typically None: minus the number
    of action dimensions, as in the paper."""

    def check(self, algorithm: str) -> None:
        super().check(algorithm)
        if not (isinstance(self.temperature, str) and self.temperature == "auto") and not number(self.temperature) > 0:
            raise ValueError(f"{algorithm}: temperature={self.temperature!r}: it is 'auto' or a number above 0.")


class SAC(ContinuousAgent[SACConfig]):
    """SAC: two critics, a random actor, and a temperature that sets itself."""

    Settings = SACConfig
    outputs = 2
    actor_target_too = False

    def _build(self) -> None:
        super()._build()
        start = 1.0 if isinstance(self.config.temperature, str) else self.config.temperature
        self.log_alpha = torch.nn.Module()
        self.log_alpha.value = torch.nn.Parameter(torch.tensor([math.log(start)]))
        self.flat_alpha = Flat(self.log_alpha, self.device)
        self.alpha_optimizer = Adam(self.flat_alpha)
        self.aim = -float(self.n_out) if self.config.target_entropy is None else self.config.target_entropy

    # ---------------------------------------------------------------- the policy
    def sample(self, obs: Tensor, quick: bool = False) -> tuple[Tensor, Tensor]:
        """Actions [batch, d] drawn so that gradients flow through them (not if `quick`), and log π(a | s) [batch]."""
        mean, log_std = (self.quick("actor") if quick else self.actor)(obs).chunk(2, dim=1)
        log_std = log_std.clamp(LOG_STD_MIN, LOG_STD_MAX)
        noise = self.noise(mean)
        # u = μ + σ ε,  a = tanh u
        before = mean + log_std.exp() * noise
        # log π(a) = log N(u; μ, σ) − Σ log(1 − tanh² u),  and  log(1 − tanh² u) = 2 (log 2 − u − softplus(−2u))
        squash = 2 * (math.log(2) - before - torch.nn.functional.softplus(-2 * before))
        logp = (-0.5 * noise.square() - log_std - HALF_LOG_2PI - squash).sum(1)
        return torch.tanh(before), logp

    # ---------------------------------------------------------------- one update
    @torch.no_grad()
    def targets(self, batch: Draw, alpha: Tensor) -> Tensor:
        """What both critics should say of (s, a) [batch]."""
        action, logp = self.sample(batch.next_obs, quick=True)
        # y = r + d · ( min_i Q⁻_i(s', a') − α log π(a' | s') ),  a' ~ π
        after = self.quick("target_critics")(batch.next_obs, action).amin(0) - alpha * logp
        target: Tensor = batch.rewards + batch.discounts * after
        return target

    def critic_loss(self, batch: Draw, alpha: Tensor) -> Tensor:
        """L_Q = ½ Σ_i mean (Q_i(s, a) − y)²"""
        error = self.critics(batch.obs, batch.actions) - self.targets(batch, alpha)
        loss: Tensor = 0.5 * error.square().mean(1).sum()
        return loss

    def actor_loss(self, batch: Draw, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """L_π = mean ( α log π(a | s) − min_i Q_i(s, a) ),  a ~ π; and log π [batch]"""
        action, logp = self.sample(batch.obs)
        return (alpha * logp - self.critics(batch.obs, action).amin(0)).mean(), logp

    def descend(self, *given: Any) -> tuple[Tensor, ...]:
        """One step of the gradient of critics, actor and temperature; returns L_Q, L_π, α and the entropy."""
        batch, rate = Draw(*given[:-1]), given[-1]
        alpha = self.flat_alpha.data.detach().exp()
        critic_loss = self.critic_gradient(batch, alpha)
        rate = self.guard(rate, self.steps, critic_loss)
        self.critic_optimizer.step(rate)
        actor_loss, logp = self.actor_gradient(batch, alpha)
        self.actor_optimizer.step(rate)
        entropy = -logp.mean()
        if self.config.temperature == "auto":
            # L_α = log α · mean( −log π(a | s) − H̄ ), so its gradient is H − H̄: too random lowers α
            self.flat_alpha.grad.copy_((entropy - self.aim).reshape(1))
            self.alpha_optimizer.step(rate)
        self.follow()
        return critic_loss, actor_loss, alpha, entropy

    def update(self, columns: tuple[Array, ...] | None = None) -> None:
        rate = self.now("learning_rate")
        numbers = self.descended(*(columns or self.draw()), rate)
        self.updates += 1
        if self.updates % 100 == 1:
            self.guard.look(self.steps)
            critic_loss, actor_loss, alpha, entropy = (number.clone() for number in numbers)
            # L_π = α · mean log π − mean min_i Q_i, so the mean of what the critics say is −L_π − α H
            hook.log(
                critic_loss=critic_loss, actor_loss=actor_loss, temperature=alpha, entropy=entropy, learning_rate=rate,
                q_mean=-actor_loss - alpha * entropy, **self.grad_norms(), step=self.steps,
            )  # fmt: skip

    def critic_gradient(self, batch: Draw, alpha: Tensor) -> Tensor:
        """∇L_Q into the critics; returns L_Q."""
        if self.by_hand is None:
            loss = self.critic_loss(batch, alpha)
            self.flat_critics.backward(loss)
            return loss.detach()
        with torch.no_grad():  # the same without autograd
            return self.by_hand.fit(batch.obs, batch.actions, self.targets(batch, alpha), 0.5)

    def actor_gradient(self, batch: Draw, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """∇L_π into the actor; returns L_π and log π [batch]."""
        if self.by_hand is None:
            loss, logp = self.actor_loss(batch, alpha)
            self.actor_backward(loss)
            return loss.detach(), logp.detach()
        with torch.no_grad():  # the same without autograd
            return self.by_hand.soften(batch.obs, self.noise(batch.actions), alpha, (LOG_STD_MIN, LOG_STD_MAX))

    # ---------------------------------------------------------------- acting
    def explore(self, rows: Array) -> Array:
        mean, log_std = np.split(self.think(rows), 2, axis=1)
        noise = self.rng.standard_normal(mean.shape, dtype=np.float32)
        drawn: Array = np.tanh(mean + np.exp(np.clip(log_std, LOG_STD_MIN, LOG_STD_MAX)) * noise)
        return drawn

    def _state(self, memory: bool = False) -> dict[str, Any]:
        own = {"log_alpha": self.flat_alpha.data.detach().clone(), "alpha_optimizer": self.alpha_optimizer.state_dict()}
        return {**super()._state(memory), **own}

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state)
        if self.config.temperature == "auto":  # a fixed one is that of the settings
            self.flat_alpha.data.data.copy_(state["log_alpha"])
        self.alpha_optimizer.load_state_dict(state["alpha_optimizer"])

"""TD3, twin delayed DDPG (Fujimoto et al. 2018): DDPG that does not believe its own optimism.

Three changes: two critics of which the lower counts; noise on the target's action, so that a narrow peak of the critic
cannot be exploited; an actor that learns half as often as the critics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rlnb import hook
from rlnb.agents.continuous import ContinuousAgent, ContinuousConfig, Draw
from rlnb.agents.spaces import Array


@dataclass(kw_only=True)
class TD3Config(ContinuousConfig):
    """Settings of TD3: those of `ContinuousConfig` and these."""

    action_noise: float = 0.1
    """Deviation of the noise on actions while learning, in shares of half the range. More explores wider, less stays
    near what is known good. Typically 0.1 to 0.3."""
    policy_delay: int = 2
    """Critic updates for each actor update. More lets the critics settle first; typically 2."""
    target_policy_noise: float = 0.2
    """Deviation of the noise on the target's action, in the same shares. More smooths the critic, and blurs it;
    typically 0.2."""
    target_noise_clip: float = 0.5
    """Largest noise on the target's action, in the same shares. Higher lets rare far actions count, lower keeps the
    target near the policy. Typically 0.5."""


class TD3(ContinuousAgent[TD3Config]):
    """TD3: two critics, one actor, all with slow copies."""

    Settings = TD3Config

    # ---------------------------------------------------------------- one update
    @torch.no_grad()
    def targets(self, batch: Draw) -> Tensor:
        """What both critics should say of (s, a) [batch]."""
        mean = torch.tanh(self.quick("target_actor")(batch.next_obs))
        # ã = clip( μ⁻(s') + clip(ε, −c, c), −1, 1 ),  ε ~ N(0, σ)
        bound = self.config.target_noise_clip
        noise = (self.noise(mean) * self.config.target_policy_noise).clamp_(-bound, bound)
        after = self.quick("target_critics")(batch.next_obs, (mean + noise).clamp_(-1, 1))
        # y = r + d · min_i Q⁻_i(s', ã)
        target: Tensor = batch.rewards + batch.discounts * after.amin(0)
        return target

    def critic_loss(self, batch: Draw) -> Tensor:
        """L_Q = Σ_i mean (Q_i(s, a) − y)²"""
        error = self.critics(batch.obs, batch.actions) - self.targets(batch)
        loss: Tensor = error.square().mean(1).sum()
        return loss

    def actor_loss(self, batch: Draw) -> Tensor:
        """L_μ = − mean Q_1(s, μ(s))"""
        value: Tensor = self.critics(batch.obs, torch.tanh(self.actor(batch.obs)))
        return -value[0].mean()

    def descend(self, *given: Any, actor: bool = True) -> tuple[Tensor, ...]:
        """One step of the gradient of the critics and, if it is its turn, of the actor; returns L_Q and L_μ."""
        batch, rate = Draw(*given[:-1]), given[-1]
        critic_loss = self.critic_gradient(batch)
        rate = self.guard(rate, self.steps, critic_loss)
        self.critic_optimizer.step(rate)
        if not actor:
            return (critic_loss,)
        actor_loss = self.actor_gradient(batch)
        self.actor_optimizer.step(rate)
        self.follow()
        return critic_loss, actor_loss

    def update(self, columns: tuple[Array, ...] | None = None) -> None:
        rate, delay = self.now("learning_rate"), self.config.policy_delay
        self.updates += 1
        losses = self.descended(*(columns or self.draw()), rate, actor=self.updates % delay == 0)
        if self.updates % (50 * delay) == 0:
            self.guard.look(self.steps)
            critic_loss, actor_loss = (loss.clone() for loss in losses)
            hook.log(
                critic_loss=critic_loss, actor_loss=actor_loss, q_mean=-actor_loss, learning_rate=rate,
                **self.grad_norms(), step=self.steps,
            )  # fmt: skip

    def critic_gradient(self, batch: Draw) -> Tensor:
        """∇L_Q into the critics; returns L_Q."""
        if self.by_hand is None:
            loss = self.critic_loss(batch)
            self.flat_critics.backward(loss)
            return loss.detach()
        with torch.no_grad():  # the same without autograd
            return self.by_hand.fit(batch.obs, batch.actions, self.targets(batch), 1.0)

    def actor_gradient(self, batch: Draw) -> Tensor:
        """∇L_μ into the actor; returns L_μ."""
        if self.by_hand is None:
            loss = self.actor_loss(batch)
            self.actor_backward(loss)
            return loss.detach()
        with torch.no_grad():  # the same without autograd
            return self.by_hand.climb(batch.obs)

    # ---------------------------------------------------------------- acting
    def explore(self, rows: Array) -> Array:
        # a = μ(s) + σ · N(0, 1), cut to −1 … 1
        noise = self.config.action_noise * self.rng.standard_normal((len(rows), self.n_out), dtype=np.float32)
        noisy: Array = np.clip(self.mean(rows) + noise, -1.0, 1.0)
        return noisy

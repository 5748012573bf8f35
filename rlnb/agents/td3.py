"""TD3, twin delayed DDPG (Fujimoto et al. 2018): DDPG that does not believe its own optimism.

Three changes: two critics of which the lower counts; noise on the target's action, so that a narrow peak of the critic
cannot be exploited; an actor that learns half as often as the critics.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rlnb import hook
from rlnb.agents.agent import check_finite
from rlnb.agents.continuous import ContinuousAgent, ContinuousConfig, Draw
from rlnb.agents.spaces import Array


@dataclass(kw_only=True)
class TD3Config(ContinuousConfig):
    """Settings of TD3: those of `ContinuousConfig` and these."""

    action_noise: float = 0.1
    """Deviation of the noise on actions while learning, in shares of half the range. Typically 0.1 to 0.3."""
    policy_delay: int = 2
    """Critic updates for each actor update. More lets the critics settle first; typically 2."""
    target_policy_noise: float = 0.2
    """Deviation of the noise on the target's action. More smooths the critic, and blurs it; typically 0.2."""
    target_noise_clip: float = 0.5
    """Largest noise on the target's action. Typically 0.5."""


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

    def update(self) -> None:
        rate, batch = self.now("learning_rate"), self.draw()
        critic_loss = self.critic_gradient(batch)
        check_finite({"critic_loss": critic_loss}, self.steps)
        self.critic_optimizer.step(rate)
        self.updates += 1
        if self.updates % self.config.policy_delay == 0:
            actor_loss = self.actor_gradient(batch)
            self.actor_optimizer.step(rate)
            self.follow()
            if self.updates % (50 * self.config.policy_delay) == 0:
                losses = {"critic_loss": critic_loss, "actor_loss": actor_loss, "q_mean": -actor_loss}
                hook.log(losses, learning_rate=rate, step=self.steps)

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

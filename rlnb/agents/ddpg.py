"""DDPG, deep deterministic policy gradient (Lillicrap et al. 2016): Q-learning where the actions are numbers.

The best action cannot be found by trying all of them, so a second network, the actor, learns to name it.
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
class DDPGConfig(ContinuousConfig):
    """Settings of DDPG: those of `ContinuousConfig` and these."""

    action_noise: float = 0.1
    """Deviation of the noise on actions while learning, in shares of half the range. More explores wider, less stays
    near what is known good. Typically 0.1 to 0.3."""


class DDPG(ContinuousAgent[DDPGConfig]):
    """DDPG: one critic, one actor, both with a slow copy."""

    Settings = DDPGConfig
    n_critics = 1

    # ---------------------------------------------------------------- one update
    @torch.no_grad()
    def targets(self, batch: Draw) -> Tensor:
        """What Q(s, a) should become [batch]."""
        # y = r + d · Q⁻(s', μ⁻(s'))
        after = self.quick("target_critics")(batch.next_obs, torch.tanh(self.quick("target_actor")(batch.next_obs)))
        target: Tensor = batch.rewards + batch.discounts * after[0]
        return target

    def critic_loss(self, batch: Draw) -> Tensor:
        """L_Q = mean (Q(s, a) − y)²"""
        value = self.critics(batch.obs, batch.actions)[0]
        return torch.nn.functional.mse_loss(value, self.targets(batch))

    def actor_loss(self, batch: Draw) -> Tensor:
        """L_μ = − mean Q(s, μ(s)): the actor climbs what the critic says"""
        value: Tensor = self.critics(batch.obs, torch.tanh(self.actor(batch.obs)))
        return -value[0].mean()

    def descend(self, *given: Any) -> tuple[Tensor, ...]:
        """One step of the gradient of critic and actor; returns L_Q and L_μ."""
        batch, rate = Draw(*given[:-1]), given[-1]
        critic_loss = self.critic_gradient(batch)
        rate = self.guard(rate, self.steps, critic_loss)
        self.critic_optimizer.step(rate)
        actor_loss = self.actor_gradient(batch)
        self.actor_optimizer.step(rate)
        self.follow()
        return critic_loss, actor_loss

    def update(self, columns: tuple[Array, ...] | None = None) -> None:
        rate = self.now("learning_rate")
        losses = self.descended(*(columns or self.draw()), rate)
        self.updates += 1
        if self.updates % 100 == 1:
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

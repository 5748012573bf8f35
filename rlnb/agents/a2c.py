"""A2C, advantage actor-critic (Mnih et al. 2016, without the asynchrony): one step of the gradient every few steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from rlnb import hook
from rlnb.agents import heads
from rlnb.agents.byhand import PolicyAndValue
from rlnb.agents.guard import check_finite
from rlnb.agents.onpolicy import Batch, OnPolicyAgent, OnPolicyConfig
from rlnb.agents.optim import Adam, RMSprop
from rlnb.agents.returns import explained_variance
from rlnb.agents.schedules import Number


@dataclass(kw_only=True)
class A2CConfig(OnPolicyConfig):
    """Settings of A2C: those of `OnPolicyConfig` and these."""

    learning_rate: Number = 7e-4
    """Step size. Higher learns faster and may collapse, lower is steadier. Typically 3e-4 to 3e-3."""
    n_steps: int = 5
    """Steps of each environment before an update. More looks further and updates less often; typically 5 to 20."""
    gae_lambda: float = 1.0
    """λ of the advantage estimate; higher trusts the rewards that came, lower the value function. Typically 1, the
    plain n-step return of the paper."""
    normalize_advantage: bool = False
    """Shift and scale the advantages of a batch; with batches this small it adds noise, so it is off."""
    use_rms_prop: bool = True
    """RMSprop as in the paper; False: Adam."""


class A2C(OnPolicyAgent[A2CConfig]):
    """A2C, for discrete and continuous actions."""

    Settings = A2CConfig

    def _build(self) -> None:
        self._open_onpolicy(self.config.n_steps)
        self.updates = 0
        self.by_hand = PolicyAndValue.of(self.net)
        # ε 1e-5, not 1e-8: small second moments early on would make huge steps
        self.optimizer = RMSprop(self.flat, eps=1e-5) if self.config.use_rms_prop else Adam(self.flat, eps=1e-5)

    # ---------------------------------------------------------------- one update
    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The loss of a rollout and its parts."""
        config = self.config
        out, value = self.net(batch.obs)
        logp, entropy = heads.log_prob(out, self.net.log_std, batch.actions)
        advantage = self.normalized(batch.advantages)
        # L_π = − mean log π(a | s) · A
        policy_loss = -(logp * advantage).mean()
        # L_V = mean (V(s) − target)²
        value_loss = torch.nn.functional.mse_loss(value, batch.targets)
        # L = L_π + c_v · L_V − c_e · H
        loss = policy_loss + config.vf_coef * value_loss
        if config.ent_coef:
            loss = loss - config.ent_coef * entropy.mean()
        return {"loss": loss, "policy_loss": policy_loss, "value_loss": value_loss, "entropy": entropy}

    def update(self, batch: Batch) -> None:
        """One step of the gradient from one rollout."""
        rate = self.now("learning_rate")
        self.gradient(batch)
        norm = self.flat.clip(self.config.max_grad_norm)
        if not math.isfinite(norm):
            check_finite({"loss": self.loss(batch)["loss"], "gradient norm": norm}, self.steps)
        # θ ← θ − lr · RMSprop(∇L)
        self.optimizer.step(rate)
        self.updates += 1
        if self.updates % 25 == 1:
            with torch.no_grad():
                losses = self.loss(batch)
            hook.log(
                **{**losses, "entropy": losses["entropy"].mean()}, grad_norm=norm, learning_rate=rate,
                explained_variance=explained_variance(batch.values.cpu().numpy(), batch.targets.cpu().numpy()),
                step=self.steps,
            )  # fmt: skip

    def gradient(self, batch: Batch) -> None:
        """∇L into the parameters."""
        if self.by_hand is None:
            self.flat.backward(self.loss(batch)["loss"])
            return
        with torch.no_grad():  # the same without autograd
            config, size = self.config, len(batch.obs)
            _, value = self.by_hand.forward(batch.obs, batch.actions)
            by_value = (value - batch.targets).mul_(2 * config.vf_coef / size)
            self.by_hand.backward(self.normalized(batch.advantages) / -size, by_value, config.ent_coef / size)

    # ---------------------------------------------------------------- the loop
    def _learn(self, until: int) -> None:
        self.knob("learning_rate")
        self.begin()
        while self.going(until):
            if (batch := self.collect()) is not None:
                self.update(batch)

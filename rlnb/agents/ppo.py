"""PPO, proximal policy optimisation (Schulman et al. 2017), with the details of Huang et al. 2022 that matter.

One rollout of `n_steps` × `n_envs` steps is learned from several times over. So that the policy does not run away from
the one that acted, a step gains nothing from moving the probability of an action by more than `clip_range`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from rlnb import hook
from rlnb.agents import heads
from rlnb.agents.agent import check_finite
from rlnb.agents.byhand import PolicyAndValue
from rlnb.agents.onpolicy import Batch, OnPolicyAgent, OnPolicyConfig
from rlnb.agents.optim import Adam
from rlnb.agents.returns import explained_variance
from rlnb.agents.schedules import Number

ZERO = torch.zeros(())


@dataclass(kw_only=True)
class PPOConfig(OnPolicyConfig):
    """Settings of PPO: those of `OnPolicyConfig` and these."""

    learning_rate: Number = 3e-4
    """Step size of Adam. Higher learns faster and may collapse, lower is steadier. Typically 1e-4 to 1e-3;
    `Linear(3e-4)`
    lets it fall to 0, which makes the end of training calmer."""
    n_steps: int = 128
    """Steps of each environment in one rollout. More sees further and updates less often; typically 32 to 2048."""
    batch_size: int = 256
    """Transitions behind one step of the gradient. Larger is steadier, smaller makes more steps; typically 64 to
    512."""
    n_epochs: int = 10
    """How often each rollout is learned from. More gets more from the data and drifts further; typically 3 to 20."""
    clip_range: Number = 0.2
    """ε of the clipped objective. Higher lets the policy move further in one rollout; typically 0.1 to 0.3."""
    clip_range_vf: float | None = None
    """The same bound for the value function, in units of the return; None: no bound, which is nearly always better."""
    target_kl: float | None = None
    """Leave the epochs of a rollout once the policy has moved this far (approximate KL); typically None or 0.02."""
    recompute_advantages: bool = False
    """Work the advantages out again before every epoch with the newer value function; a little better, a little
    slower."""

    def check(self, algorithm: str) -> None:
        super().check(algorithm)
        if self.recompute_advantages and (self.normalize_observations or self.normalize_rewards):
            raise ValueError(
                f"{algorithm}: recompute_advantages does not go together with normalising: the numbers moved on."
            )


class PPO(OnPolicyAgent[PPOConfig]):
    """PPO with a clipped objective, for discrete and continuous actions.

    >>> PPO("CartPole-v1", seed=0).learn(100_000).evaluate().mean()  # doctest: +SKIP
    """

    Settings = PPOConfig

    def _build(self) -> None:
        self._open_onpolicy(self.config.n_steps)
        # ε of Adam 1e-5, not 1e-8: small second moments early on would make huge steps (detail 3 of the 37)
        self.optimizer = Adam(self.flat, eps=1e-5)
        self.by_hand = PolicyAndValue.of(self.net) if self.config.clip_range_vf is None else None

    # ---------------------------------------------------------------- one update
    def loss(self, batch: Batch, clip: float) -> dict[str, Tensor]:
        """The loss of a minibatch and its parts."""
        config = self.config
        out, value = self.net(batch.obs)
        logp, entropy = heads.log_prob(out, self.net.log_std, batch.actions)
        advantage = self.normalized(batch.advantages)  # per minibatch (detail 7)
        # ρ = π(a | s) / π_old(a | s)
        log_ratio = logp - batch.logp
        ratio = log_ratio.exp()
        # L_π = − mean min( ρ A, clip(ρ, 1 − ε, 1 + ε) A )                                         (eq. 7)
        policy_loss = -torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()
        if config.clip_range_vf is not None:
            bound = config.clip_range_vf
            value = batch.values + (value - batch.values).clamp(-bound, bound)
        # L_V = mean (V(s) − target)²
        value_loss = torch.nn.functional.mse_loss(value, batch.targets)
        # L = L_π + c_v · L_V − c_e · H                                                              (eq. 9)
        loss = policy_loss + config.vf_coef * value_loss
        if config.ent_coef:
            loss = loss - config.ent_coef * entropy.mean()
        return {
            "loss": loss,
            "policy_loss": policy_loss,
            "value_loss": value_loss,
            "entropy": entropy,
            "log_ratio": log_ratio,
        }

    def minibatches(self, batch: Batch) -> Iterator[Batch]:
        """The rollout in random parts of `batch_size`; the whole where it is not larger."""
        size = len(batch.obs)
        if size <= self.config.batch_size:
            yield batch
            return
        order = torch.from_numpy(self.rng.permutation(size)).to(self.device)
        for part in torch.split(order, self.config.batch_size):
            yield Batch(*(column[part] for column in batch))

    def update(self, batch: Batch) -> None:
        """Learn from one rollout, `n_epochs` times over."""
        rate, clip = self.now("learning_rate"), self.now("clip_range")
        explained = explained_variance(batch.values.cpu().numpy(), batch.targets.cpu().numpy())
        for epoch in range(self.config.n_epochs):
            if epoch and self.config.recompute_advantages:
                batch = self.revalue(batch)
            for part in self.minibatches(batch):
                log_ratio = self.gradient(part, clip)
                norm = self.flat.clip(self.config.max_grad_norm)
                if not math.isfinite(norm):
                    check_finite({"loss": self.loss(part, clip)["loss"], "gradient norm": norm}, self.steps)
                self.optimizer.step(rate)
            if self.config.target_kl is not None and float(self.kl(log_ratio)) > 1.5 * self.config.target_kl:
                break
        with torch.no_grad():
            losses = self.loss(part, clip)
        hook.log(
            loss=losses["loss"], policy_loss=losses["policy_loss"], value_loss=losses["value_loss"],
            entropy=losses["entropy"].mean(), approx_kl=self.kl(log_ratio), grad_norm=norm, learning_rate=rate,
            clip_fraction=((log_ratio.exp() - 1).abs() > clip).float().mean(), explained_variance=explained,
            step=self.steps,
        )  # fmt: skip

    def gradient(self, part: Batch, clip: float) -> Tensor:
        """∇L of a minibatch into the parameters; returns log ρ [batch]."""
        if self.by_hand is None:
            losses = self.loss(part, clip)
            self.flat.backward(losses["loss"])
            return losses["log_ratio"].detach()
        with torch.no_grad():  # the same without autograd
            config, size = self.config, len(part.obs)
            logp, value = self.by_hand.forward(part.obs, part.actions)
            advantage = self.normalized(part.advantages)
            log_ratio = logp - part.logp
            ratio = log_ratio.exp()
            gain = ratio * advantage
            # ∂L/∂ log π = −ρ A / B where the bound does not hold it, else 0
            by_logp = gain.where(gain <= ratio.clamp(1 - clip, 1 + clip) * advantage, ZERO).mul_(-1 / size)
            by_value = (value - part.targets).mul_(2 * config.vf_coef / size)
            self.by_hand.backward(by_logp, by_value, config.ent_coef / size)
            return log_ratio

    @staticmethod
    def kl(log_ratio: Tensor) -> Tensor:
        """KL(π_old ‖ π) ≈ mean( (ρ − 1) − log ρ ): never below 0 and with little noise (Schulman 2020)."""
        log_ratio = log_ratio.detach()
        return (log_ratio.exp() - 1 - log_ratio).mean()

    def revalue(self, batch: Batch) -> Batch:
        """The same rollout with advantages and targets from the present value function; what acted stays what acted."""
        return self.prepare()._replace(logp=batch.logp)

    # ---------------------------------------------------------------- the loop
    def _learn(self, until: int) -> None:
        self.knob("learning_rate")
        self.knob("clip_range")
        self.begin()
        while self.going(until):
            self.update(self.collect())

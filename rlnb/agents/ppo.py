"""PPO, proximal policy optimisation (Schulman et al. 2017), with the details of Huang et al. 2022 that matter.

One rollout of `n_steps` × `n_envs` steps is learned from several times over. So that the policy does not run away from
the one that acted, a step gains nothing from moving the probability of an action by more than `clip_range`.

The 37 details, by the numbers of "The 37 Implementation Details of PPO", where they are here and what for:

   1  `n_envs` environments, rollouts across episode ends (`rollout.py`): batches that are less of one moment
   2  orthogonal weights √2, 0.01 and 1, biases 0 (`networks.ActorCritic`): all actions nearly equal at the start
   3  Adam with ε 1e-5: small second moments early on would make huge steps
   4  learning rate that falls (`Linear(3e-4)`): large steps early, calm at the end
   5  GAE, the last value bootstrapped (`returns.gae`); a time limit too, which the original does not
   6  minibatches of shuffled rows, each row once an epoch: neighbouring steps are alike
   7  advantages scaled in each minibatch: the size of rewards stops mattering
   8  the clipped objective; 9 the clipped value, off (`clip_range_vf`): Andrychowicz et al. 2021 found that it harms
  10  one loss with the entropy in it, which keeps the policy from settling too soon
  11  the whole gradient's norm bounded: no minibatch throws the network over
  12  approximate KL, clip fraction, explained variance logged: they tell early that it goes wrong
  13  two networks for rows of numbers, so that neither spoils the other's features; one trunk for frames, which is dear
  14 … 20  of Atari (`atari.standard`): up to 30 waiting steps at the start, every 4th frame with flicker taken out,
      lives, FIRE, 84 × 84 grey, signs of rewards, 4 frames
  21, 22  the Nature DQN's convolutions, shared; pixels 0 … 1
  23 … 26  Normal actions, one σ a dimension and not a state's, independent dimensions, separate networks
  27  actions cut to the bounds for the environment only: log π is that of the number that was drawn
  28 … 31  observations scaled by what was seen, rewards by the return's deviation, both cut at ±10 (`normalize.py`)
  32 … 37  recurrent policies and MultiDiscrete actions: not here
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rlnb import hook
from rlnb.agents import heads
from rlnb.agents.byhand import PolicyAndValue
from rlnb.agents.captured import Captured
from rlnb.agents.guard import Guard
from rlnb.agents.onpolicy import Batch, OnPolicyAgent, OnPolicyConfig
from rlnb.agents.optim import Adam
from rlnb.agents.returns import explained_variance
from rlnb.agents.schedules import Number
from rlnb.agents.spaces import Array

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
    """The same bound for the value function, in units of the return. Lower holds the value back, higher lets it follow;
    typically None: no bound, which is nearly always better."""
    target_kl: float | None = None
    """Leave the epochs of a rollout once the policy has moved 1.5 times as far (approximate KL). Lower stops sooner and
    is safer, higher learns more from a rollout; typically 0.02, or None: never."""
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
    guard: Guard

    def _build(self) -> None:
        self._open_onpolicy(self.config.n_steps)
        # ε of Adam 1e-5, not 1e-8: small second moments early on would make huge steps (detail 3 of the 37)
        self.optimizer = Adam(self.flat, eps=1e-5)
        self.by_hand = PolicyAndValue.of(self.net) if self.config.clip_range_vf is None else None
        self.guard = Guard(self.device, "loss", "gradient norm")
        self.descended = Captured(self.descend, self.device, self.net)
        self.held: Batch
        self._room: Batch | None = None

    # ---------------------------------------------------------------- one update
    def loss(self, batch: Batch, clip: Any) -> dict[str, Tensor]:
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

    def minibatches(self, size: int) -> Iterator[Array]:
        """The rows of the rollout in random parts of `batch_size`; all of them where that is not less."""
        if size <= self.config.batch_size:
            yield np.arange(size)
            return
        order = self.rng.permutation(size)
        for start in range(0, size, self.config.batch_size):
            yield order[start : start + self.config.batch_size]

    def descend(self, rows: Tensor, rate: Any, clip: Any) -> tuple[Tensor, Tensor]:
        """One step of the gradient from some `rows` of `self.held`; returns log ρ [batch] and |∇L|."""
        part = self.part(rows)
        log_ratio = self.gradient(part, clip)
        norm = self.flat.clip(self.config.max_grad_norm)
        self.optimizer.step(self.guard(rate, self.steps, lambda: self.loss(part, clip)["loss"], norm))
        return log_ratio, norm

    def part(self, rows: Tensor) -> Batch:
        """Some rows of the rollout."""
        if self._room is None and len(rows) == len(self.held.obs):
            return self.held  # all of them, and their order does not matter
        return Batch(*(column[rows] for column in self.held))

    def update(self, batch: Batch) -> None:
        """Learn from one rollout, `n_epochs` times over."""
        rate, clip = self.now("learning_rate"), self.now("clip_range")
        explained = explained_variance(batch.values.cpu().numpy(), batch.targets.cpu().numpy())
        usual = min(self.config.batch_size, self.rollout.n_steps * self.lanes.n)
        self.hold(batch)
        for epoch in range(self.config.n_epochs):
            if epoch and self.config.recompute_advantages:
                self.hold(self.revalue(batch))
            for rows in self.minibatches(len(batch.obs)):
                descend = self.descended if len(rows) == usual else self.descended.once  # the rest of a rollout
                log_ratio, norm = descend(rows, rate, clip)
            if self.config.target_kl is not None and float(self.kl(log_ratio)) > 1.5 * self.config.target_kl:
                break
        self.guard.look(self.steps)
        with torch.no_grad():
            losses = self.loss(self.part(torch.as_tensor(rows, device=self.device)), clip)
        hook.log(
            loss=losses["loss"], policy_loss=losses["policy_loss"], value_loss=losses["value_loss"],
            entropy=losses["entropy"].mean(), approx_kl=self.kl(log_ratio), grad_norm=norm.clone(), learning_rate=rate,
            clip_fraction=((log_ratio.exp() - 1).abs() > clip).float().mean(), explained_variance=explained,
            step=self.steps,
        )  # fmt: skip

    def hold(self, batch: Batch) -> None:
        """Put the rollout where `descend` finds it; a recorded one looks always at the same place."""
        if self.descended.record is None:
            self.held = batch
            return
        if self._room is None:
            size = self.rollout.n_steps * self.lanes.n
            self._room = self.held = Batch(*(column.new_zeros((size, *column.shape[1:])) for column in batch))
        for room, column in zip(self._room, batch, strict=True):
            room[: len(column)].copy_(column)

    def gradient(self, part: Batch, clip: Any) -> Tensor:
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
            if (batch := self.collect()) is not None:
                self.update(batch)

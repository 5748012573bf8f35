"""What A2C and PPO share: an actor and a critic, rollouts, normalisation, advantages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from rlnb.agents import heads
from rlnb.agents.config import NetworkConfig
from rlnb.agents.fast import Flat, forward
from rlnb.agents.networks import ActorCritic, choose_device, seeded
from rlnb.agents.neural import NeuralAgent, tensor
from rlnb.agents.normalize import Observations, Rewards
from rlnb.agents.optim import Optimizer
from rlnb.agents.returns import gae
from rlnb.agents.rollout import Rollout
from rlnb.agents.spaces import Array


@dataclass(kw_only=True)
class OnPolicyConfig(NetworkConfig):
    """Settings that A2C and PPO share."""

    n_envs: int = 8
    """Environments stepped side by side. More gives less correlated data and a calmer gradient, at fewer updates for
    the same steps. Typically 4 to 64."""
    gae_lambda: float = 0.95
    """λ of the advantage estimate, 0 … 1. Higher trusts the rewards that came (less bias, more noise), lower the value
    function. Typically 0.9 to 1."""
    ent_coef: float = 0.0
    """Weight of the entropy bonus. Higher keeps the policy random for longer; typically 0 to 0.01."""
    vf_coef: float = 0.5
    """Weight of the value loss. Higher learns the value first and leaves the policy less of a shared trunk and of the
    bounded gradient, lower the other way round; typically 0.25 to 1."""
    max_grad_norm: float = 0.5
    """Longest gradient used as it is; longer ones are shrunk to it. Lower is safer and slower; typically 0.5 to 5."""
    normalize_observations: bool = False
    """Scale observations to mean 0 and deviation 1 by what was seen so far. Needed where they have different units
    (MuJoCo); not for frames."""
    normalize_rewards: bool = False
    """Scale rewards by the deviation of the return so far. For rewards far from size 1; returns shown stay the true
    ones."""
    normalize_advantage: bool = True
    """Shift and scale the advantages of each batch to mean 0 and deviation 1: the size of rewards stops mattering."""
    log_std_init: float = 0.0
    """Start of log σ for continuous actions. Higher explores wider; typically 0 (a deviation of 1)
    to −2 (of 0.14)."""


class Batch(NamedTuple):
    """One rollout in rows, ready to learn from."""

    obs: Tensor  # [B, …]
    actions: Tensor  # [B] or [B, d]
    logp: Tensor  # [B] log π_old(a | s)
    values: Tensor  # [B] V_old(s)
    advantages: Tensor  # [B]
    targets: Tensor  # [B] what V(s) should become


P = TypeVar("P", bound=OnPolicyConfig)


class OnPolicyAgent(NeuralAgent[P], Generic[P]):
    """An agent that learns from what its present policy just did, and forgets it."""

    def _open_onpolicy(self, n_steps: int) -> None:
        """Make environments, network and rollout; the optimizer is the algorithm's."""
        self._open()
        config = self.config
        with seeded(self.seed):
            log_std = config.log_std_init if self.kind == "continuous" else None
            self.net = ActorCritic(self.encoder, self.n_out, config.network, config.activation, log_std)
        self.device, self.device_reason = choose_device(config.device, self.net, self.encoder.frames)
        self.flat = Flat(self.net, self.device)
        self.optimizer: Optimizer
        assert self.net.value is not None
        self.think, self.worth = forward(self.net.policy), forward(self.net.value)
        self.rollout = Rollout(n_steps, self.lanes, self.space)
        self.scale = (
            Observations(self.encoder.shape) if config.normalize_observations and not self.encoder.frames else None
        )
        self.scale_rewards = Rewards(self.lanes.n, config.gamma) if config.normalize_rewards else None
        self.log_std: Array | None = None if self.net.log_std is None else self.net.log_std.detach().cpu().numpy()

    def begin(self) -> None:
        if not self._begun and self.scale_rewards is not None:
            self.scale_rewards.running[:] = 0.0
        super().begin()

    def choose(self, rows: Array) -> Array:
        """Actions drawn from the policy for `rows` [n, …]."""
        out = self.think(rows if self.scale is None else self.scale(rows))
        if self.net.log_std is not None and self.device.type != "cpu":
            self.log_std = self.net.log_std.detach().cpu().numpy()
        return heads.draw(out, self.log_std, self.rng)

    def collect(self) -> Batch | None:
        """Act for `n_steps` in every environment, and work out the advantages; None: there is nothing to learn from,
        since Stop came meanwhile."""
        real, whole = self.rollout.collect(self.lanes, self.choose, self.to_env, self.unstopped)
        self.steps += real
        self.episodes = self.lanes.episodes
        if not (whole and real):  # of one lane and one step it may have been the step that only resets
            if self.scale_rewards is not None:
                self.scale_rewards.running[:] = 0.0  # what was left out is in no return
            return None
        self.sound(self.rollout.rewards, self.rollout.obs, self.rollout.obs)
        for *_, seen in self.rollout.cut:
            self.sound(self.rollout.rewards, seen, seen)
        return self.prepare()

    @torch.no_grad()
    def prepare(self) -> Batch:
        """The batch of the present rollout: old log-probabilities, values, advantages and targets."""
        roll, config = self.rollout, self.config
        steps, n = roll.n_steps, self.lanes.n
        cuts = [obs for _, _, obs in roll.cut]
        flat = roll.obs.reshape(-1, *self.encoder.shape)
        rows = np.concatenate([flat, np.stack(cuts)]) if cuts else flat
        obs = torch.as_tensor(rows if self.scale is None else self.scale(rows), device=self.device)
        size = steps * n
        outs, worths = zip(*(self.net(part) for part in torch.split(obs, 4096)), strict=True)
        out, value = torch.cat(outs)[:size], torch.cat(worths)
        actions = torch.as_tensor(roll.actions.reshape(size, *roll.actions.shape[2:]), device=self.device)
        logp, _ = heads.log_prob(out, self.net.log_std, actions)
        worth = value.cpu().numpy()
        values = worth[: size + n].reshape(steps + 1, n)
        over = roll.terminated | roll.truncated
        rewards: Array = roll.rewards
        if self.scale_rewards is not None:
            rewards = self.scale_rewards(rewards, over, roll.valid)
        after = roll.next_values(values, worth[size + n :])
        advantages, targets = gae(rewards, values[:-1], after, over, config.gamma, config.gae_lambda)
        batch = Batch(
            obs[:size], actions, logp, value[:size],
            tensor(advantages.reshape(-1)).to(self.device), tensor(targets.reshape(-1)).to(self.device),
        )  # fmt: skip
        if not roll.valid.all():  # steps in which a vector environment only reset itself: nothing to learn there
            real = tensor(np.flatnonzero(roll.valid)).to(self.device)
            batch = Batch(*(part[real] for part in batch))
        if self.scale is not None:  # only now: what was done in this rollout saw the numbers from before it
            self.scale.take(roll.obs[:-1].reshape(size, -1)[roll.valid.reshape(-1)])
        return batch

    def normalized(self, advantage: Tensor) -> Tensor:
        """With mean 0 and deviation 1, where the settings want it."""
        if not self.config.normalize_advantage or len(advantage) < 2:
            return advantage
        std, mean = torch.std_mean(advantage)
        return (advantage - mean) / (std + 1e-8)

    def act(self, obs: Any, greedy: bool = True) -> Any:
        rows, batch = self.rows(obs)
        if not greedy:
            return self.one_or_many(self.choose(rows), batch)
        out = self.think(rows if self.scale is None else self.scale(rows))
        return self.one_or_many(out.argmax(-1) if self.kind == "discrete" else out, batch)

    def explain(self, obs: Any) -> Mapping[str, Any]:
        row = self.encoder.one(obs)[None]
        row = row if self.scale is None else self.scale(row)
        value = {"value": self.worth(row)[0]}
        return {"probs": heads.softmax(self.think(row)[0]), **value} if self.kind == "discrete" else value

    def _state(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(), "recent": list(self.lanes.recent),
            "scale": None if self.scale is None else self.scale.state(),
            "scale_rewards": None if self.scale_rewards is None else self.scale_rewards.state(),
        }  # fmt: skip

    def _restore(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.lanes.recent.extend(state["recent"])
        self.lanes.episodes = self.episodes
        for own, saved in ((self.scale, state["scale"]), (self.scale_rewards, state["scale_rewards"])):
            if own is not None and saved is not None:
                own.restore(saved)

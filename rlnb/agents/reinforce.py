"""REINFORCE (Williams 1992; Sutton & Barto 2018, ch. 13): the policy gradient in its plainest form, in four variants.

The gradient of the expected return is E[ Σ_t ∇ log π(a_t | s_t) · Ψ_t ]. What stands for Ψ_t is the choice here:

| `returns`        | Ψ_t                      |                                                                  |
|------------------|--------------------------|------------------------------------------------------------------|
| "total"          | Σ_k r_k                  | every action is praised for the whole episode: right, but noisy  |
| "discounted"     | Σ_k γ^k r_k              | the same with early rewards counting more                        |
| "reward-to-go"   | Σ_{k≥t} γ^{k−t} r_k      | an action cannot have caused what came before it: less noise     |
| + `baseline`     | Ψ_t − V(s_t)             | praise only for what was better than expected: much less noise   |
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import torch

from rlnb import hook
from rlnb.agents import heads
from rlnb.agents.config import NetworkConfig
from rlnb.agents.fast import Flat, forward
from rlnb.agents.guard import check_finite
from rlnb.agents.lanes import ListLanes
from rlnb.agents.networks import ActorCritic, choose_device, seeded
from rlnb.agents.neural import NeuralAgent
from rlnb.agents.optim import Adam
from rlnb.agents.returns import explained_variance, reward_to_go
from rlnb.agents.schedules import Number
from rlnb.agents.tabular import CHUNK, restore_env_rng

FORMS = ("total", "discounted", "reward-to-go")


@dataclass(kw_only=True)
class ReinforceConfig(NetworkConfig):
    """Settings of Reinforce."""

    learning_rate: Number = 3e-3
    """Step size of Adam. Higher learns faster until the policy collapses, lower is steadier. Typically 1e-3 to 1e-2."""
    returns: str = "reward-to-go"
    """What an action is praised for: "total", "discounted" or "reward-to-go"; the table above compares them."""
    baseline: bool = True
    """Subtract a learned value V(s_t). With it far less noise, and time limits are handled right; without it
    plainer."""
    normalize_advantage: bool = True
    """Shift and scale Ψ to mean 0 and deviation 1 in each batch: the step no longer depends on the size of rewards."""
    batch_episodes: int = 4
    """Whole episodes behind one update. More gives a steadier gradient and fewer updates; typically 1 to 20."""
    ent_coef: float = 0.0
    """Weight of the entropy bonus. Higher keeps the policy random for longer; typically 0 to 0.01."""
    vf_coef: float = 0.5
    """Weight of the value loss beside the policy loss; matters only with `baseline`. Higher learns the value first,
    lower leaves the policy more of the bounded gradient. Typically 0.5."""
    max_grad_norm: float = 0.5
    """Longest gradient that is used as it is; longer ones are shrunk to it. Lower is safer and
    slower; typically 0.5 to 5."""
    log_std_init: float = 0.0
    """Start of log σ for continuous actions. Higher explores wider; typically 0 (a deviation of 1)
    to −2 (of 0.14)."""

    def check(self, algorithm: str) -> None:
        super().check(algorithm)
        if self.returns not in FORMS:
            raise ValueError(f"{algorithm}: returns={self.returns!r} is none of {', '.join(FORMS)}.")


class Reinforce(NeuralAgent[ReinforceConfig]):
    """REINFORCE in one environment: some whole episodes, one step of the gradient, and all of it forgotten."""

    Settings = ReinforceConfig

    def _build(self) -> None:
        self._open()
        if not (isinstance(self.lanes, ListLanes) and self.lanes.n == 1):
            raise ValueError("Reinforce plays whole episodes in one environment. Leave n_envs at 1, or take A2C.")
        self.env: gym.Env[Any, Any] = self.lanes.envs[0]
        config = self.config
        with seeded(self.seed):
            log_std = config.log_std_init if self.kind == "continuous" else None
            self.net = ActorCritic(
                self.encoder, self.n_out, config.network, config.activation, log_std, config.baseline
            )
        self.device, self.device_reason = choose_device(config.device, self.net, self.encoder.frames)
        self.flat = Flat(self.net, self.device)
        self.optimizer = Adam(self.flat)
        self.think = forward(self.net.policy)
        self.worth = forward(self.net.value) if self.net.value is not None else None
        self.batch: list[tuple[Any, Any, Any]] = []  # episodes of (observations, actions, Ψ) not yet learned from
        self.recent: deque[float] = deque(maxlen=100)

    # ---------------------------------------------------------------- one episode
    def play(self, room: float = math.inf) -> tuple[Any, Any, Any]:
        """One whole episode: observations [T, …], actions [T] or [T, d], Ψ [T].

        After each `CHUNK` steps a long one is truncated if Stop was asked for or if it has more than `room` steps.
        """
        again = self.seed_here() if self.steps else self.seed
        obs, _ = self.env.reset(seed=None if self._begun else again)
        self._begun, over = True, False
        rows, actions, rewards = [], [], []
        while not over:
            row = self.encoder.one(obs).copy()  # some environments change their array in place
            action = heads.draw(self.think(row[None]), self._log_std(), self.rng)
            rows.append(row)
            actions.append(action[0])
            obs, reward, terminated, truncated, _ = self.env.step(self.one_or_many(action, batch=False))
            rewards.append(float(reward))
            over = terminated or truncated
            if not over and len(rewards) % CHUNK == 0:
                over = truncated = len(rewards) >= room or hook.stopping()
        self.steps += len(rewards)
        self.episodes += 1
        self.recent.append(sum(rewards))
        # What the clock cut off is worth V(s_T). Without a baseline nobody knows, and it is left out; so it is where V
        # learns what a whole episode brings, which is not what remains of it.
        knows = self.worth is not None and self.config.returns == "reward-to-go" and not terminated
        cut = float(self.worth(self.encoder.one(obs)[None])[0, 0]) if knows and self.worth is not None else 0.0
        return np.stack(rows), np.stack(actions), self.praise(np.array(rewards), cut)

    def praise(self, rewards: Any, cut: float) -> Any:
        """Ψ [T] of one episode, in the form that `returns` names."""
        gamma, steps = self.config.gamma, len(rewards)
        if self.config.returns == "reward-to-go":
            return reward_to_go(rewards, gamma, cut)
        discount = gamma ** np.arange(steps + 1) if self.config.returns == "discounted" else np.ones(steps + 1)
        # Σ_k γ^k r_k, the same for every action of the episode (γ = 1: the total)
        return np.full(steps, float(discount[:steps] @ rewards + discount[steps] * cut), np.float32)

    # ---------------------------------------------------------------- one update
    def loss(self, obs: torch.Tensor, actions: torch.Tensor, praise: torch.Tensor) -> dict[str, torch.Tensor]:
        """The loss and its parts, averaged over the steps of the batch."""
        config = self.config
        logp, entropy = heads.log_prob(self.net.policy(obs), self.net.log_std, actions)
        value_loss = torch.zeros(())
        advantage = praise
        if self.net.value is not None:
            value = self.net.value(obs).squeeze(-1)
            # L_V = mean (Ψ_t − V(s_t))²
            value_loss = torch.nn.functional.mse_loss(value, praise)
            # A_t = Ψ_t − V(s_t); the policy's gradient does not flow into the value
            advantage = praise - value.detach()
        if config.normalize_advantage and len(advantage) > 1:
            advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        # L_π = − mean log π(a_t | s_t) · A_t
        policy_loss = -(logp * advantage).mean()
        # L = L_π + c_v · L_V − c_e · H
        loss = policy_loss + config.vf_coef * value_loss - config.ent_coef * entropy.mean()
        return {"loss": loss, "policy_loss": policy_loss, "value_loss": value_loss, "entropy": entropy.mean()}

    def update(self) -> None:
        """One step of the gradient from the episodes in `self.batch`."""
        obs, actions, praise = (
            torch.as_tensor(np.concatenate(part), device=self.device) for part in zip(*self.batch, strict=True)
        )
        batch, self.batch = self.batch, []
        losses = self.loss(obs, actions, praise)
        check_finite({"loss": losses["loss"]}, self.steps)
        if self.worth is not None:
            worth = self.worth(np.concatenate([rows for rows, _, _ in batch]))[:, 0]
            losses["explained_variance"] = torch.tensor(explained_variance(worth, praise.cpu().numpy()))
        self.flat.backward(losses["loss"])
        norm = self.flat.clip(self.config.max_grad_norm)
        # θ ← θ − lr · Adam(∇L)
        self.optimizer.step(self.now("learning_rate"))
        hook.log(**losses, grad_norm=norm, learning_rate=self.now("learning_rate"), step=self.steps)

    # ---------------------------------------------------------------- the loop
    def _learn(self, until: int) -> None:
        self.knob("learning_rate")
        while self.going(until):
            self.batch.append(self.play(until - self.steps if self.unit == "steps" else math.inf))
            if len(self.batch) == self.config.batch_episodes:
                self.update()

    # ---------------------------------------------------------------- acting, explaining, saving
    def _log_std(self) -> Any:
        return None if self.net.log_std is None else self.net.log_std.detach().cpu().numpy()

    def act(self, obs: Any, greedy: bool = True) -> Any:
        rows, batch = self.rows(obs)
        out = self.think(rows)
        if greedy:
            return self.one_or_many(out.argmax(-1) if self.kind == "discrete" else out, batch)
        return self.one_or_many(heads.draw(out, self._log_std(), self.rng), batch)

    def explain(self, obs: Any) -> Mapping[str, Any]:
        row = self.encoder.one(obs)[None]
        shown: dict[str, Any] = {"probs": heads.softmax(self.think(row)[0])} if self.kind == "discrete" else {}
        return shown if self.worth is None else {**shown, "value": self.worth(row)[0]}

    def _recent_return(self) -> float | None:
        return sum(self.recent) / len(self.recent) if self.recent else None

    def _state(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(), "recent": list(self.recent),
            "env_rng": self.env.unwrapped.np_random.bit_generator.state if self._begun else None,
            "batch": [tuple(torch.from_numpy(part) for part in episode) for episode in self.batch],
        }  # fmt: skip

    def _restore(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.recent.extend(state["recent"])
        self.batch = [tuple(part.numpy() for part in episode) for episode in state["batch"]]
        restore_env_rng(self.env, state["env_rng"])
        self._begun = state["env_rng"] is not None

"""DQN (Mnih et al. 2015) with its well-known improvements as options.

Q-learning with a network in place of the table. Two things keep it from running away: old transitions are drawn at
random from a memory, so that a batch is not one moment of one episode; and the target is computed by a copy of the
network that changes only now and then.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rlnb import hook
from rlnb.agents.byhand import QValues
from rlnb.agents.captured import Captured
from rlnb.agents.config import NetworkConfig
from rlnb.agents.fast import Flat, forward
from rlnb.agents.guard import Guard
from rlnb.agents.memory import NStep, PrioritizedMemory, Transitions, memory_of
from rlnb.agents.networks import Duelling, choose_device, net, seeded, trunk
from rlnb.agents.neural import NeuralAgent
from rlnb.agents.optim import Adam, NesterovSGD, Optimizer
from rlnb.agents.policies import EXPLORERS
from rlnb.agents.schedules import Linear, Number
from rlnb.agents.spaces import Array

OPTIMIZERS: dict[str, type[Optimizer]] = {"adam": Adam, "nesterov": NesterovSGD}
MEMORIES = ("uniform", "recent", "prioritized")


@dataclass(kw_only=True)
class DQNConfig(NetworkConfig):
    """Settings of DQN."""

    activation: str = "relu"
    """The bend between layers: "relu", "tanh", "elu" or "gelu". Q-values are not bounded, and neither is relu."""
    learning_rate: Number = 5e-4
    """Step size. Higher learns faster and diverges sooner, lower is steadier. Typically 1e-4 to 2e-3."""
    buffer_size: int = 50_000
    """Transitions kept. More is calmer and remembers old policies, fewer follows the present one.
    Typically 10k to 1M."""
    learning_starts: int = 1000
    """Steps taken at random before the first update. More fill the memory with more that differs, fewer learn sooner.
    Typically 1 % of all."""
    batch_size: int = 128
    """Transitions behind one update. More is steadier and slower, fewer noisier; typically 32 to 256."""
    train_freq: int = 4
    """Steps between two times of learning, of each environment. Fewer is slower and learns more from each step;
    typically 1 to 16, or 256. With 8 environments fewer, or more `gradient_steps`, for as many updates."""
    gradient_steps: int = 1
    """Updates each time; −1: as many as steps were taken. More learns more from each step, slower, and believes sooner
    what the memory happens to hold. Typically 1."""
    target_update_interval: int = 250
    """Steps between two copies into the target network. More is steadier and slower; typically 10 to 10,000."""
    tau: float = 1.0
    """Share of the network that each copy takes over. Higher follows faster, lower is steadier; typically 1, a hard
    copy, or 0.005 with an interval of 1."""
    exploration_fraction: float = 0.1
    """Share of all steps over which ε falls. More explores for longer; typically 0.1 to 0.5."""
    exploration_initial_eps: float = 1.0
    """ε at the start: the share of random actions; higher sees more, typically 1; for softmax the temperature, in units
    of Q; for ez-greedy the chance to begin an action that is kept up (of 0.02, 7 % of all steps come; of 0.1, 29 %)."""
    exploration_final_eps: float = 0.05
    """ε at the end. More keeps trying, less uses what is known; typically 0.01 to 0.1."""
    explorer: str = "epsilon-greedy"
    """How ε is used: "epsilon-greedy", "gaussian-epsilon-greedy" (ε drawn around it), "ez-greedy" (what is tried
    is kept up for some steps), "softmax" or "greedy"."""
    n_steps: int = 1
    """Rewards summed before the target's value takes over. More spreads news faster with more noise; typically 1 to
    5."""
    double: bool = False
    """Double DQN: the network chooses the next action, its copy values it. Less overestimation, never worse by much."""
    duelling: bool = False
    """Two heads, V(s) and A(s, a): learns states apart from actions. Helps where most actions do not matter."""
    memory: str = "uniform"
    """Which transitions are drawn: "uniform", "recent" (only the newest `window`), "prioritized" (what surprised)."""
    window: int = 10_000
    """How many of the newest count, for memory="recent". More is calmer, fewer follows the present policy; typically a
    tenth of `buffer_size` or more."""
    prioritized_alpha: float = 0.6
    """How much surprise counts: 0 not at all, 1 in proportion. Higher draws what surprised more often, lower draws more
    evenly. Typically 0.5 to 0.7."""
    prioritized_beta: float = 0.4
    """How far the weights undo the favour at the start; rises to 1 at the end. Higher is less biased, lower learns
    faster from surprises. Typically 0.4."""
    optimizer: str = "adam"
    """"adam", or "nesterov" (momentum 0.95, the lesson's)."""
    max_grad_norm: float | None = 10.0
    """Longest gradient used as it is; longer ones are shrunk to it. Lower is safer and slower, None is no bound;
    typically 10."""
    max_grad_value: float | None = None
    """Bound of every single number of the gradient instead, as in the lesson. Lower is safer and slower; typically 1,
    or None: no bound."""

    def check(self, algorithm: str) -> None:
        super().check(algorithm)
        for name, known in (("explorer", EXPLORERS), ("memory", MEMORIES), ("optimizer", OPTIMIZERS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{algorithm}: {name}={getattr(self, name)!r} is none of {', '.join(known)}.")
        for name in ("exploration_initial_eps", "exploration_final_eps"):
            if getattr(self, name) > 1 and self.explorer != "softmax":
                raise ValueError(
                    f"{algorithm}: {name}={getattr(self, name)!r} makes no sense: a share is at most 1. "
                    "(A temperature may be higher: explorer='softmax'.)"
                )


class DQN(NeuralAgent[DQNConfig]):
    """DQN, for discrete actions."""

    Settings = DQNConfig
    actions = ("discrete",)
    guard: Guard

    def _build(self) -> None:
        self._open()
        config = self.config
        self.q, self.target = (self._network() for _ in range(2))
        self.device, self.device_reason = choose_device(config.device, self.q, self.encoder.frames, config.batch_size)
        self.flat, self.flat_target = Flat(self.q, self.device), Flat(self.target, self.device)
        self.optimizer: Optimizer = OPTIMIZERS[config.optimizer](self.flat)
        self.think = forward(self.q)
        self.memory = memory_of(config, self.encoder, self.device)
        if self.memory.store is not None and not self.memory.store.near:
            self.device_reason += "; the replay memory's pictures do not fit there and stay in the computer's memory"
        self.nstep = NStep(config.n_steps, config.gamma, self.lanes.n)
        self.epsilon = Linear(
            config.exploration_initial_eps, config.exploration_final_eps, max(config.exploration_fraction, 1e-9)
        )
        # learning's own, and one for act(greedy=False): an action that is held for some steps is held in one place
        self.explorer, self.explorer_outside = (EXPLORERS[config.explorer]() for _ in range(2))
        self.by_hand = QValues.of(self.q, self.target, config.double)
        self.guard = Guard(self.device, "loss", "gradient norm")
        self.descended = Captured(self.descend, self.device, self.q, self.target)
        self.overlaps = self.device.type == "cuda"
        self.updates = self.copied = 0

    def _network(self) -> nn.Module:
        with seeded(self.seed):
            if self.config.duelling:
                return Duelling(*trunk(self.encoder, self.config.network, self.config.activation), self.n_out)
            return net(self.encoder, self.n_out, self.config.network, self.config.activation)

    # ---------------------------------------------------------------- one update
    @torch.no_grad()
    def targets(self, rewards: Tensor, next_obs: Tensor, discounts: Tensor) -> Tensor:
        """What Q(s, a) should become [batch]."""
        after = self.target(next_obs)
        if self.config.double:
            # y = R + d · Q⁻(s', argmax_a' Q(s', a'))                              (van Hasselt et al. 2016)
            best = after.gather(1, self.q(next_obs).argmax(1, keepdim=True)).squeeze(1)
        else:
            # y = R + d · max_a' Q⁻(s', a')
            best = after.amax(1)
        target: Tensor = rewards + discounts * best
        return target

    @staticmethod
    def huber(errors: Tensor, weights: Tensor) -> Tensor:
        """L = mean w · ( ½ δ² where |δ| < 1, |δ| − ½ beyond ): one strange reward does not throw the network over."""
        each = torch.nn.functional.smooth_l1_loss(errors, torch.zeros_like(errors), reduction="none")
        return (weights * each).mean()

    def loss(self, batch: Transitions) -> tuple[Tensor, Tensor, Tensor]:
        """The loss of a batch of tensors, its errors δ = Q(s, a) − y [batch], and Q(s, a) [batch]."""
        obs, next_obs = self.memory.look(batch.obs), self.memory.look(batch.next_obs)
        value = self.q(obs).gather(1, batch.actions.unsqueeze(1)).squeeze(1)
        errors = value - self.targets(batch.rewards, next_obs, batch.discounts)
        return self.huber(errors, batch.weights), errors.detach(), value.detach()

    def gradient(self, batch: Transitions) -> tuple[Tensor, Tensor]:
        """∇L of a batch into the parameters; returns δ and Q(s, a) [batch]."""
        if self.by_hand is not None:
            return self.by_hand.gradient(batch)  # the same without autograd
        loss, errors, value = self.loss(batch)
        self.flat.backward(loss)
        return errors, value

    def descend(self, *given: Any) -> tuple[Tensor, Tensor, Tensor]:
        """One step of the gradient. The columns of a batch and the learning rate in; δ, Q(s, a) [batch], |∇L| out."""
        batch, rate = Transitions(*given[:-1]), given[-1]
        config = self.config
        errors, value = self.gradient(batch)
        norm = self.flat.clip(math.inf if config.max_grad_norm is None else config.max_grad_norm)
        rate = self.guard(rate, self.steps, lambda: self.huber(errors, batch.weights), norm)
        if config.max_grad_value is not None:
            self.flat.grad.clamp_(-config.max_grad_value, config.max_grad_value)
        self.optimizer.step(rate)
        return errors, value, norm

    def draw(self) -> Transitions:
        """A batch of the memory."""
        if isinstance(self.memory, PrioritizedMemory):
            start = self.config.prioritized_beta
            self.memory.beta = start + (1 - start) * min(self.counted / max(self.planned, 1), 1.0)
        return self.memory.pick(self.config.batch_size, self.rng)

    def update(self, batch: Transitions | None = None) -> None:
        """Learn from one batch; None: one drawn from the memory now."""
        batch, rate = batch or self.draw(), self.now("learning_rate")
        errors, value, norm = self.descended(*batch, rate)
        if isinstance(self.memory, PrioritizedMemory):
            self.memory.surprise(batch.rows, errors.cpu().numpy())
        self.updates += 1
        if self.updates % 100 == 1:
            self.guard.look(self.steps)
            loss = self.huber(errors, torch.as_tensor(batch.weights, device=self.device))
            hook.log(
                loss=loss, q_mean=value.mean(), td_error=errors.abs().mean(), epsilon=self.now_epsilon(),
                learning_rate=rate, grad_norm=norm.clone(), step=self.steps,
            )  # fmt: skip

    # ---------------------------------------------------------------- the loop
    def begin(self) -> None:
        if not self._begun:
            self.nstep.clear()  # what waits there is of an episode that is not gone on with
        super().begin()

    def _learn(self, until: int) -> None:
        self.knob("learning_rate")
        hook.knob("epsilon", self.now_epsilon, lambda value: self._set.__setitem__("epsilon", float(value)))
        config, due = self.config, list[Transitions | None]()
        self.begin()
        while self.going(until):
            before = self.steps
            for _ in range(config.train_freq):
                obs, actions = self.choose()
                self.learn_from(due)  # a card learns while the environments step: it acts as it was an update ago
                self.take(obs, actions)
                if self.counted >= until:
                    break
            if self.steps - self.copied >= config.target_update_interval:
                self.flat_target.follow(self.flat, config.tau)
                self.copied = self.steps
            if self.steps > config.learning_starts and self.memory.ready:
                updates = self.steps - before if config.gradient_steps < 0 else config.gradient_steps
                later = self.overlaps and config.memory != "prioritized"
                due += [self.draw() if later else None for _ in range(updates)]
                if not self.overlaps:
                    self.learn_from(due)
        self.learn_from(due)
        self.warn_if_idle()

    def choose(self) -> tuple[Array, Array]:
        """What is seen, and the actions [n] for it."""
        obs = self.lanes.obs.copy()
        warming = self.steps < self.config.learning_starts  # as hot, or as curious, as can be: every action alike
        return obs, self.explore(obs, math.inf if warming else self.now_epsilon())

    def take(self, obs: Array, actions: Array) -> None:
        """One step of every environment, into the memory."""
        step = self.lanes.step(self.to_env(actions))
        self.sound(step.reward, obs, step.successor)
        ready = self.nstep.push(obs, actions, step.reward, step.successor, step.terminated, step.truncated, step.valid)
        if ready is not None:
            self.memory.add(*ready)
        self.steps += int(step.valid.sum())
        self.episodes = self.lanes.episodes

    def explore(self, rows: Array, epsilon: float) -> Array:
        """Actions [n] for `rows`, some of them tried out of curiosity."""
        return self.explorer(self.think(rows), epsilon, self.rng)

    def now_epsilon(self) -> float:
        """ε just now."""
        return self._set.get("epsilon", self.epsilon(self.counted / max(self.planned, 1)))

    # ---------------------------------------------------------------- acting, explaining, saving
    def act(self, obs: Any, greedy: bool = True) -> Any:
        rows, batch = self.rows(obs)
        q = self.think(rows)
        chosen = q.argmax(-1) if greedy else self.explorer_outside(q, self.now_epsilon(), self.rng)
        return self.one_or_many(chosen, batch)

    def explain(self, obs: Any) -> Mapping[str, Any]:
        return {"q": self.think(self.encoder.one(obs)[None])[0]}

    def _state(self, memory: bool = False) -> dict[str, Any]:
        return {
            "q": self.q.state_dict(), "target": self.target.state_dict(), "optimizer": self.optimizer.state_dict(),
            "updates": self.updates, "copied": self.copied, "recent": list(self.lanes.recent),
            "memory": self.memory.state() if memory else None,
        }  # fmt: skip

    def _restore(self, state: dict[str, Any]) -> None:
        self.q.load_state_dict(state["q"])
        self.target.load_state_dict(state["target"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.updates, self.copied = state["updates"], state["copied"]
        self.lanes.recent.extend(state["recent"])
        self.lanes.episodes = self.episodes
        self.memory.restore(state["memory"], min(self.steps, max(self.config.learning_starts, self.config.batch_size)))

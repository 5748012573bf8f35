"""What DDPG, TD3 and SAC share: an actor, one or two critics, a replay memory, and the loop that fills it.

Inside, actions are numbers −1 … 1; the environment's bounds are put on at the door.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from rlnb.agents.byhand_critics import ActorAndCritics
from rlnb.agents.captured import Captured
from rlnb.agents.config import NetworkConfig
from rlnb.agents.fast import Flat, forward
from rlnb.agents.guard import Guard
from rlnb.agents.memory import ReplayMemory
from rlnb.agents.networks import ACTIVATIONS, choose_device, net, seeded
from rlnb.agents.neural import NeuralAgent
from rlnb.agents.optim import Adam
from rlnb.agents.schedules import Number
from rlnb.agents.spaces import Array


@dataclass(kw_only=True)
class ContinuousConfig(NetworkConfig):
    """Settings that DDPG, TD3 and SAC share."""

    network: Any = (256, 256)
    """Widths of the hidden layers of actor and critics (no `nn.Module` here: actor and critics have different inputs).
    Wider is slower and can represent more; typically (256, 256)."""
    activation: str = "relu"
    """The bend between layers: "relu", "tanh", "elu" or "gelu". Q-values are not bounded, and neither is relu."""
    learning_rate: Number = 1e-3
    """Step size of all optimizers. Higher learns faster and diverges sooner; typically 3e-4 to 1e-3."""
    buffer_size: int = 1_000_000
    """Transitions kept. Memory is taken as it fills; fewer follows the present policy more closely.
    Typically 100k to 1M."""
    learning_starts: int = 100
    """Steps of random actions before the first update. More explores first; typically 100 to 10,000."""
    batch_size: int = 256
    """Transitions behind one update. More is steadier and slower, fewer noisier; typically 64 to 256."""
    tau: float = 0.005
    """Share of the network that the target network takes over at each update. Higher follows faster, lower is
    steadier; typically 0.005."""
    train_freq: int = 1
    """Steps between two times of learning, of each environment. More is faster and learns less from each step;
    typically 1."""
    gradient_steps: int = 1
    """Updates each time; −1: as many as steps were taken. More learns more from each step, slower, and believes sooner
    what the memory happens to hold. Typically 1."""

    def check(self, algorithm: str) -> None:
        super().check(algorithm)
        if not isinstance(self.network, tuple):
            raise TypeError(
                f"{algorithm} takes the widths of the hidden layers, as network=(256, 256), and no nn.Module: actor "
                "and critics are made of them."
            )


class Draw(NamedTuple):
    """A batch as tensors: s, a, r, s', d (γ, and 0 where the task terminated)."""

    obs: Tensor
    actions: Tensor
    rewards: Tensor
    next_obs: Tensor
    discounts: Tensor


class Critics(nn.Module):
    """`n` networks Q_i(s, a) computed together: [batch, …] to [n, batch]. One product a layer instead of n."""

    def __init__(self, n: int, inputs: int, sizes: tuple[int, ...], activation: str) -> None:
        super().__init__()
        widths = (inputs, *sizes, 1)
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for before, after in pairwise(widths):
            bound = 1 / math.sqrt(before)  # the start values of nn.Linear
            self.weights.append(nn.Parameter(torch.empty(n, before, after).uniform_(-bound, bound)))
            self.biases.append(nn.Parameter(torch.empty(n, 1, after).uniform_(-bound, bound)))
        self.n, self.bend = n, ACTIVATIONS[activation]()

    def forward(self, obs: Tensor, actions: Tensor) -> Tensor:
        x = torch.cat((obs, actions), dim=1).expand(self.n, -1, -1)
        last = len(self.weights) - 1
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x, weight)
            x = x if i == last else self.bend(x)
        return x.squeeze(-1)


D = TypeVar("D", bound=ContinuousConfig)


class ContinuousAgent(NeuralAgent[D], Generic[D]):
    """An off-policy agent for continuous actions."""

    actions = ("continuous",)
    n_critics = 2
    outputs = 1  # numbers of the actor per action dimension: a mean, for SAC a deviation too
    actor_target_too = True
    guard: Guard

    def _build(self) -> None:
        self._open()
        if self.encoder.frames:
            raise ValueError(
                f"{self.name} takes observations that are rows of numbers, not frames. PPO and A2C take frames."
            )
        if not (np.isfinite(self.low).all() and np.isfinite(self.high).all()):
            raise ValueError(
                f"{self.name} needs actions with bounds, not {self.space}. Give them some with "
                "gymnasium.wrappers.TransformAction(env, lambda a: a, Box(-1, 1, shape)), scaling a there if need be, "
                "or take PPO, which needs none."
            )
        config = self.config
        with seeded(self.seed):
            self.actor = self._actor()
            self.critics = self._critics()
            self.target_actor, self.target_critics = self._actor(), self._critics()
        self.device, self.device_reason = choose_device(config.device, self.critics, False, config.batch_size)
        self.flat_actor, self.flat_critics = Flat(self.actor, self.device), Flat(self.critics, self.device)
        self.flat_target_actor, self.flat_target_critics = (
            Flat(self.target_actor, self.device),
            Flat(self.target_critics, self.device),
        )
        self.flat_target_actor.follow(self.flat_actor)
        self.flat_target_critics.follow(self.flat_critics)
        self.target_actor.requires_grad_(False)
        self.target_critics.requires_grad_(False)
        self.by_hand = ActorAndCritics.of(self)
        self.actor_optimizer, self.critic_optimizer = Adam(self.flat_actor), Adam(self.flat_critics)
        self.generator = torch.Generator(self.device).manual_seed(self.seed)
        self.guard = Guard(self.device, "critic_loss")
        self.descended = Captured(self.descend, self.device, generators=(self.generator,))
        self.overlaps = self.device.type == "cuda"
        self.think = forward(self.actor)
        self.memory = ReplayMemory(
            config.buffer_size, self.encoder.shape, self.encoder.dtype, (self.n_out,), np.float32
        )
        self.updates = 0

    def _actor(self) -> nn.Sequential:
        return net(self.encoder, self.outputs * self.n_out, tuple(self.config.network), self.config.activation)

    def _critics(self) -> Critics:
        return Critics(
            self.n_critics, self.encoder.shape[0] + self.n_out, tuple(self.config.network), self.config.activation
        )

    # ---------------------------------------------------------------- what an algorithm writes
    def descend(self, *given: Any) -> tuple[Tensor, ...]:
        """One step of the gradient of critics and actor: the columns of a `Draw` and the learning rate in, numbers to
        log out."""
        raise NotImplementedError

    def update(self, columns: tuple[Array, ...] | None = None) -> None:
        """Learn from one batch, the `columns` of a `Draw`; None: one drawn from the memory now."""
        raise NotImplementedError

    def explore(self, rows: Array) -> Array:
        """Actions −1 … 1 [n, d] to learn from."""
        raise NotImplementedError

    def quick(self, network: str) -> Any:
        """The network of that name, to be called without gradients: by hand where that can be."""
        own = getattr(self, network)
        same = self.by_hand is not None and self.by_hand.made_of.get(network) is own  # nobody put another in its place
        return getattr(self.by_hand, network) if same else own

    def actor_backward(self, loss: Tensor) -> None:
        """∇L of the actor: it passes through the critics, and leaves them as they are."""
        self.critics.requires_grad_(False)
        self.flat_actor.backward(loss)
        self.critics.requires_grad_(True)

    def grad_norms(self) -> dict[str, Tensor]:
        """|∇L_Q| and |∇L_π| of the newest update, to log: its gradients stay where they are until the next one."""
        norm = torch.linalg.vector_norm
        return {"critic_grad_norm": norm(self.flat_critics.grad), "actor_grad_norm": norm(self.flat_actor.grad)}

    # ---------------------------------------------------------------- the loop
    def _learn(self, until: int) -> None:
        self.knob("learning_rate")
        config, due = self.config, list[tuple[Array, ...]]()
        self.begin()
        while self.going(until):
            before = self.steps
            for _ in range(config.train_freq):
                obs, actions = self.choose()
                self.learn_from(due)  # a card learns while the environments step: it acts as it was an update ago
                self.take(obs, actions)
                if self.counted >= until:
                    break
            if self.steps > config.learning_starts and self.memory.ready:
                updates = self.steps - before if config.gradient_steps < 0 else config.gradient_steps
                due += [self.draw() for _ in range(updates)]
                if not self.overlaps:
                    self.learn_from(due)
        self.learn_from(due)
        self.warn_if_idle()

    def choose(self) -> tuple[Array, Array]:
        """What is seen, and the actions −1 … 1 for it."""
        obs = self.lanes.obs.copy()
        if self.steps < self.config.learning_starts:
            return obs, self.rng.uniform(-1, 1, (len(obs), self.n_out)).astype(np.float32)
        return obs, self.explore(obs)

    def take(self, obs: Array, actions: Array) -> None:
        """One step of every environment, into the memory."""
        step = self.lanes.step(self.to_env(actions))
        self.sound(step.reward, obs, step.successor)
        real = step.valid
        # d = γ, and 0 where the task terminated; a time limit leaves it at γ
        discounts = self.config.gamma * (1.0 - step.terminated)
        if real.all():
            self.memory.add(obs, actions, step.reward, step.successor, discounts)
        else:
            self.memory.add(obs[real], actions[real], step.reward[real], step.successor[real], discounts[real])
        self.steps += int(real.sum())
        self.episodes = self.lanes.episodes

    def draw(self) -> tuple[Array, ...]:
        """The columns of a `Draw`, from the memory."""
        return self.memory.sample(self.config.batch_size, self.rng)[:5]

    def follow(self) -> None:
        """θ⁻ ← (1 − τ) θ⁻ + τ θ for the target networks."""
        self.flat_target_critics.follow(self.flat_critics, self.config.tau)
        if self.actor_target_too:
            self.flat_target_actor.follow(self.flat_actor, self.config.tau)

    def noise(self, like: Tensor) -> Tensor:
        """Standard normal numbers from the agent's own generator."""
        return torch.randn(like.shape, generator=self.generator, device=self.device)

    # ---------------------------------------------------------------- acting, explaining, saving
    def mean(self, rows: Array) -> Array:
        """The greedy action −1 … 1 [n, d]."""
        out: Array = np.tanh(self.think(rows)[:, : self.n_out])
        return out

    def to_env(self, actions: Array) -> Array:
        # a_env = low + (a + 1) / 2 · (high − low)
        return super().to_env(self.low + 0.5 * (actions + 1.0) * (self.high - self.low))

    def act(self, obs: Any, greedy: bool = True) -> Any:
        rows, batch = self.rows(obs)
        return self.one_or_many(self.mean(rows) if greedy else self.explore(rows), batch)

    def explain(self, obs: Any) -> Mapping[str, Any]:
        row = self.encoder.one(obs)[None]
        with torch.no_grad():
            q = self.critics(
                torch.as_tensor(row, device=self.device), torch.as_tensor(self.mean(row), device=self.device)
            )
        return {"value": q.min(0).values.cpu().numpy()}

    def _state(self, memory: bool = False) -> dict[str, Any]:
        modules = {
            name: getattr(self, name).state_dict() for name in ("actor", "critics", "target_actor", "target_critics")
        }
        return {
            **modules, "actor_optimizer": self.actor_optimizer.state_dict(), "updates": self.updates,
            "critic_optimizer": self.critic_optimizer.state_dict(), "generator": self.generator.get_state(),
            "recent": list(self.lanes.recent), "memory": self.memory.state() if memory else None,
        }  # fmt: skip

    def _restore(self, state: dict[str, Any]) -> None:
        for name in ("actor", "critics", "target_actor", "target_critics", "actor_optimizer", "critic_optimizer"):
            getattr(self, name).load_state_dict(state[name])
        if state["generator"].shape == self.generator.get_state().shape:
            self.generator.set_state(state["generator"])
        else:  # it belongs to a device of another kind
            self.generator.manual_seed(self.seed_here())
        self.updates = state["updates"]
        self.lanes.recent.extend(state["recent"])
        self.lanes.episodes = self.episodes
        self.memory.restore(state["memory"], min(self.steps, max(self.config.learning_starts, self.config.batch_size)))

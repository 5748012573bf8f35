"""What the agents with a network share: lanes of environments, a device, one thread, acting on one or many
observations."""

from __future__ import annotations

import math
import warnings
from typing import Any, Generic, Self, TypeVar

import numpy as np
import torch
from gymnasium import spaces

from rlnb import hook
from rlnb.agents.agent import Agent
from rlnb.agents.config import NetworkConfig
from rlnb.agents.fast import threads
from rlnb.agents.guard import Guard, check_given
from rlnb.agents.lanes import Lanes
from rlnb.agents.spaces import Array, check_action_space, not_one

N = TypeVar("N", bound=NetworkConfig)


class NeuralAgent(Agent[N], Generic[N]):
    """An agent with a network, learning in one or many environments side by side."""

    actions: tuple[str, ...] = ("discrete", "continuous")  # the kinds of action space it takes
    device: torch.device
    device_reason: str
    guard: Guard | None = None

    def _open(self) -> None:
        """Make the environments and learn what their spaces are."""
        config = self.config
        self.lanes: Lanes = self.source.lanes(config.n_envs, config.vectorization_mode)
        config.n_envs = self.lanes.n
        self.encoder, space = self.lanes.encoder, self.lanes.action_space
        self.kind = check_action_space(space, self.encoder.space, self.name, *self.actions)
        self.space = space
        self._begun = False
        if isinstance(space, spaces.Discrete):
            self.n_out, self.first = int(space.n), int(space.start)
        else:
            assert isinstance(space, spaces.Box)
            self.n_out, self.first = int(np.prod(space.shape)), 0
            self.bounds = space.low.reshape(-1), space.high.reshape(-1)
            self.low, self.high = (bound.astype(np.float32) for bound in self.bounds)

    def begin(self) -> None:
        """Reset the environments before the first step; a later `learn` goes on in the running episodes. An agent from
        a file begins with other episodes than it began with before."""
        if not self._begun:
            self.lanes.reset(self.seed_here() if self.steps else self.seed)
            self._begun = True

    def _abandon(self) -> None:
        self._begun = False

    def warn_if_idle(self) -> None:
        """Say that nothing was learned, where steps were only taken to fill the memory."""
        settings: Any = self.config
        if not self.updates and settings.gradient_steps and not hook.stopping():  # type: ignore[attr-defined]
            warnings.warn(
                f"{self.name} has learned nothing in {self.steps:,} steps: the first learning_starts="
                f"{settings.learning_starts:,} only fill its memory. Take more steps, or a smaller learning_starts.",
                stacklevel=4,
            )

    def state_of_weights(self) -> str:
        """Whether the weights are finite numbers, in words."""
        modules = [part for part in vars(self).values() if isinstance(part, torch.nn.Module)]
        if all(torch.isfinite(p).all() for module in modules for p in module.parameters()):
            return f"{self.name}'s weights are finite: it can act, and learn on once the cause is mended."
        return f"{self.name}'s weights are not finite any more: make the agent anew, or load one that you saved."

    def learn_from(self, due: list[Any]) -> None:
        """Learn from the batches that wait for it."""
        update: Any = self.update  # type: ignore[attr-defined]
        for batch in due:
            update(batch)
        due.clear()

    def sound(self, reward: Array, obs: Array, successor: Array) -> None:
        """Raise a FloatingPointError where what came from the environments is NaN or infinite."""
        check_given(self.steps, reward, obs, successor)

    def learn(self, steps: int | None = None, progress: bool = True, **how: Any) -> Self:
        try:
            with threads(self.config.threads):
                super().learn(steps, progress, **how)
            if self.guard is not None:
                self.guard.look(self.steps)
        except FloatingPointError as error:
            self._begun = False  # these episodes are over
            error.add_note(self.state_of_weights())
            raise
        return self

    learn.__doc__ = Agent.learn.__doc__

    def rows(self, obs: Any) -> tuple[Array, bool]:
        """`obs` as rows [n, …] for the network, and whether it was a batch."""
        try:
            batch = self.encoder.is_batch(obs)
            rows = self.encoder.many(obs) if batch else self.encoder.one(obs)[None]
        except (TypeError, ValueError, IndexError, KeyError):
            rows = None
        if rows is None or rows.shape[1:] != self.encoder.shape:
            raise not_one(obs, self.encoder.space)
        return rows, batch

    def to_env(self, actions: Array) -> Array:
        """Network actions [n] or [n, d] as the environment takes them: clipped to the bounds, in its shape and
        dtype."""
        if isinstance(self.space, spaces.Discrete):
            return actions + self.first if self.first else actions
        if not math.isfinite(actions.sum()):
            self.sound(np.zeros(1), self.lanes.obs, self.lanes.obs)
            raise FloatingPointError(
                f"The policy's action is {actions[~np.isfinite(actions)][0]} at step {self.steps:,}: either the "
                "observation that it was shown is not finite, or its weights are not. Usual causes: a simulation that "
                "ran away, or a learning rate that is too high. Try a tenth of the learning rate first."
            )
        # cut in the space's own dtype: −0.1 in float32 is below −0.1 in float64
        clipped: Array = np.clip(actions.astype(self.space.dtype, copy=False), *self.bounds)
        return clipped.reshape(len(actions), *(self.space.shape or ()))

    def one_or_many(self, actions: Array, batch: bool) -> Any:
        """What `act` returns: the actions of a batch, or the one action as the environment takes it."""
        taken = self.to_env(actions)
        if batch:
            return taken
        return int(taken[0]) if self.kind == "discrete" else taken[0]

    def _recent_return(self) -> float | None:
        recent = self.lanes.recent
        return sum(recent) / len(recent) if recent else None

    def _spaces(self) -> dict[str, str]:
        return {"observation space": str(self.encoder.space), "action space": str(self.space)}

    def close(self) -> None:
        self.lanes.close()

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, on {self.device} ({self.device_reason})>"


def tensor(array: Array) -> torch.Tensor:
    """The array as a tensor on the same memory."""
    return torch.from_numpy(np.ascontiguousarray(array))
